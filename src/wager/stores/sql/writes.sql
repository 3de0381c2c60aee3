-- Every write. Within one phase of a group they run in the order of this file, each over all its
-- rows: what is inserted stands above what updates it. Deletions make a phase of their own, unless
-- nothing that comes later can be among what they delete.
-- Rows of an INSERT are written many at a time, so its VALUES must hold nothing but marks.

-- name: put_counter
-- Numbers are never given out twice, also when the newest row was erased.
INSERT INTO counters (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value);

-- name: insert_event
-- A repeat that slipped through changes nothing.
INSERT INTO events (sequence, message_id, profile_id, name, received_at, settled, body)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO NOTHING;

-- name: put_quarantined
-- A payload as it came.
INSERT INTO quarantine (quarantine_id, identities, at, body) VALUES (?, ?, ?, ?)
ON CONFLICT (quarantine_id) DO UPDATE SET
  identities = excluded.identities, at = excluded.at, body = excluded.body;

-- name: put_profile
-- The whole golden record; indexes change only where their columns do.
INSERT INTO profiles (profile_id, merged_into, segments, body) VALUES (?, ?, ?, ?)
ON CONFLICT (profile_id) DO UPDATE SET
  merged_into = excluded.merged_into, segments = excluded.segments, body = excluded.body;

-- name: put_change
-- What one transaction made of a golden record.
INSERT INTO changes (profile_id, number, body) VALUES (?, ?, ?);

-- name: forget_changes
-- They are in the whole record, written anew.
DELETE FROM changes WHERE profile_id = ? AND number <= ?;

-- name: put_link
-- An identity leads to one profile.
INSERT INTO links (value, kind, profile_id) VALUES (?, ?, ?)
ON CONFLICT (value, kind) DO UPDATE SET profile_id = excluded.profile_id;

-- name: put_item
-- An item, or with no body the trace that it was deleted.
INSERT INTO items (item_id, changed, body) VALUES (?, ?, ?)
ON CONFLICT (item_id) DO UPDATE SET changed = excluded.changed, body = excluded.body;

-- name: insert_body
-- The bet itself, written once and never again.
INSERT INTO bodies (number, body) VALUES (?, ?);

-- name: put_decision
-- The bet's head: all that may change, and all that is asked for.
INSERT INTO decisions (number, decision_id, profile_id, placement, at, due, level, replayed,
  state, reward, settled_at, changed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET profile_id = excluded.profile_id, state = excluded.state,
  reward = excluded.reward, settled_at = excluded.settled_at, changed = excluded.changed;

-- name: insert_outcome
-- What came of a bet.
INSERT INTO outcomes (sequence, number, message_id, slot, item_id, event, at, reward, kind,
  attributed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: put_definition
-- A version is written once; being in force may change.
INSERT INTO definitions (kind, name, version, at, live, body) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, name, version) DO UPDATE SET live = excluded.live;

-- name: put_model
-- A model under its version; the same version again replaces it.
INSERT INTO models (name, version, number, body) VALUES (?, ?, ?, ?)
ON CONFLICT (name, version) DO UPDATE SET number = excluded.number, body = excluded.body;

-- name: insert_reservation
-- Something was taken of a limited quantity.
INSERT INTO ledger (key, reservation, at, amount, until) VALUES (?, ?, ?, ?, ?);

-- name: put_kept
-- A small thing kept with the store.
INSERT INTO kept (name, body) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET body = excluded.body;

-- name: put_expired
-- The message id outlives its event.
INSERT INTO expired (message_id, received_at) VALUES (?, ?) ON CONFLICT (message_id) DO NOTHING;

-- name: move_events
-- A merge.
UPDATE events SET profile_id = ? WHERE profile_id = ?;

-- name: move_event
-- A merge that is undone.
UPDATE events SET profile_id = ? WHERE profile_id = ? AND sequence = ?;

-- name: erase_events
-- An erasure.
DELETE FROM events WHERE profile_id = ?;

-- name: delete_event
-- Retention.
DELETE FROM events WHERE sequence = ?;

-- name: forget_expired
-- Even a message id is not kept for ever.
DELETE FROM expired WHERE received_at < ?;

-- name: delete_quarantined
-- It was replayed, deleted or erased.
DELETE FROM quarantine WHERE quarantine_id = ?;

-- name: delete_profile
-- An erasure.
DELETE FROM profiles WHERE profile_id = ?;

-- name: delete_changes
-- An erasure.
DELETE FROM changes WHERE profile_id = ?;

-- name: delete_links
-- No identity leads to an erased profile.
DELETE FROM links WHERE profile_id = ?;

-- name: delete_outcomes
-- An erasure, or retention.
DELETE FROM outcomes WHERE number = ?;

-- name: delete_body
-- An erasure, or retention.
DELETE FROM bodies WHERE number = ?;

-- name: delete_decision
-- An erasure, or retention.
DELETE FROM decisions WHERE number = ?;

-- name: trim_models
-- The two newest versions are kept.
DELETE FROM models WHERE name = ? AND number NOT IN (
  SELECT number FROM models WHERE name = ? ORDER BY number DESC LIMIT 2
);

-- name: delete_reservation
-- It was given back, erased, or its window has passed.
DELETE FROM ledger WHERE reservation = ? AND key = ?;
