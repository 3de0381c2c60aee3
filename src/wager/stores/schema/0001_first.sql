-- Version 1: every door has its table. Times are microseconds since 1970, bodies are MessagePack.

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL UNIQUE,
  profile_id TEXT NOT NULL,
  name TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  settled TEXT,
  body BLOB NOT NULL
);
CREATE INDEX events_of_profile ON events (profile_id);
CREATE INDEX events_by_name ON events (name);

CREATE TABLE quarantine (
  number INTEGER PRIMARY KEY,
  quarantine_id TEXT NOT NULL UNIQUE,
  identities TEXT NOT NULL,
  body BLOB NOT NULL
);

CREATE TABLE profiles (
  profile_id TEXT NOT NULL PRIMARY KEY,
  merged_into TEXT,
  segments TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX profiles_living ON profiles (profile_id, segments) WHERE merged_into IS NULL;
CREATE INDEX profiles_merged ON profiles (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE links (
  value TEXT NOT NULL,
  kind TEXT NOT NULL,
  profile_id TEXT NOT NULL,
  UNIQUE (value, kind)
);
CREATE INDEX links_of_profile ON links (profile_id);

CREATE TABLE items (
  item_id TEXT NOT NULL PRIMARY KEY,
  changed INTEGER NOT NULL,
  body BLOB
);
CREATE INDEX items_by_change ON items (changed);

-- The head of a bet changes when it is settled; its body, forty times as long, never does.
CREATE TABLE decisions (
  number INTEGER PRIMARY KEY,
  decision_id TEXT NOT NULL UNIQUE,
  profile_id TEXT NOT NULL,
  placement TEXT NOT NULL,
  at INTEGER NOT NULL,
  due INTEGER NOT NULL,
  level TEXT NOT NULL,
  replayed INTEGER NOT NULL,
  state TEXT NOT NULL,
  reward REAL NOT NULL,
  settled_at INTEGER,
  changed INTEGER NOT NULL
);
CREATE INDEX decisions_of_profile ON decisions (profile_id, at);
CREATE INDEX decisions_of_placement ON decisions (placement, at);
CREATE INDEX decisions_by_time ON decisions (at);
CREATE INDEX decisions_by_change ON decisions (changed);
CREATE INDEX decisions_due ON decisions (due) WHERE state = 'open';

CREATE TABLE bodies (
  number INTEGER PRIMARY KEY,
  body BLOB NOT NULL
);

CREATE TABLE outcomes (
  sequence INTEGER PRIMARY KEY,
  number INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  slot INTEGER NOT NULL,
  item_id TEXT,
  event TEXT NOT NULL,
  at INTEGER NOT NULL,
  reward REAL NOT NULL,
  kind TEXT NOT NULL,
  attributed TEXT NOT NULL
);
CREATE INDEX outcomes_of_decision ON outcomes (number);

CREATE TABLE definitions (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  live INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (kind, name, version)
);

CREATE TABLE models (
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  number INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (name, version)
);

CREATE TABLE ledger (
  key TEXT NOT NULL,
  reservation TEXT NOT NULL,
  at INTEGER NOT NULL,
  amount REAL NOT NULL,
  UNIQUE (reservation, key)
);
CREATE INDEX ledger_of_key ON ledger (key);

CREATE TABLE kept (
  name TEXT NOT NULL PRIMARY KEY,
  body BLOB NOT NULL
);

CREATE TABLE counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
);
