-- Version 2: events, quarantine and reservations expire; a message id stays known for longer than its event.

CREATE INDEX events_by_arrival ON events (received_at);

CREATE TABLE expired (
  message_id TEXT NOT NULL PRIMARY KEY,
  received_at INTEGER NOT NULL
);
CREATE INDEX expired_by_arrival ON expired (received_at);

ALTER TABLE ledger ADD COLUMN until INTEGER;
CREATE INDEX ledger_passed ON ledger (until) WHERE until IS NOT NULL;

ALTER TABLE quarantine ADD COLUMN at INTEGER;
CREATE INDEX quarantine_by_time ON quarantine (at);
