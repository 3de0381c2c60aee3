-- Every question that the doors ask of SQLite. `(?)` alone after IN grows to as many marks as needed.

-- name: seen
-- Which message ids are in the log; one row, because every row costs a switch of threads.
SELECT json_group_array(message_id) FROM events WHERE message_id IN (?);

-- name: seen_expired
-- Message ids outlive their event, so that a late repeat is still a repeat.
SELECT json_group_array(message_id) FROM expired WHERE message_id IN (?);

-- name: any_expired
-- Whether it is worth asking.
SELECT EXISTS (SELECT 1 FROM expired);

-- name: read_events
-- The log in the order of arrival; fragments below narrow it.
SELECT sequence, profile_id, settled, body FROM events WHERE sequence > :after

-- name: events_of_profile
-- One person's events.
AND profile_id = :profile_id

-- name: events_of_name
-- One kind of happening.
AND name = :name

-- name: events_before
-- The page before this one, for newest first.
AND sequence < :before

-- name: oldest_events
-- As learning reads it.
ORDER BY sequence LIMIT :limit

-- name: newest_events
-- As people read it.
ORDER BY sequence DESC LIMIT :limit

-- name: message_ids
-- What must stop being known when a person's events are erased.
SELECT message_id FROM events WHERE profile_id = :profile_id;

-- name: old_events
-- A bounded number of events whose time is over.
SELECT sequence, message_id, received_at FROM events WHERE received_at < :before LIMIT :limit;

-- name: get_quarantined
-- One payload as it came.
SELECT body FROM quarantine WHERE quarantine_id = ?;

-- name: quarantine_number
-- Where a page ended.
SELECT number FROM quarantine WHERE quarantine_id = :after;

-- name: list_quarantine
-- Newest first.
SELECT body FROM quarantine WHERE number < :below ORDER BY number DESC LIMIT :limit;

-- name: quarantine_naming
-- Entries that name one of the identities (JSON arrays compared as text).
SELECT DISTINCT quarantine_id FROM quarantine, json_each(quarantine.identities) AS named
WHERE named.value IN (SELECT value FROM json_each(:identities));

-- name: old_quarantine
-- A bounded number of entries whose time is over.
SELECT quarantine_id FROM quarantine WHERE at < :before LIMIT :limit;

-- name: find_link
-- Whose identity this is.
SELECT profile_id FROM links WHERE value = ? AND kind = ?;

-- name: get_profile
-- One golden record as it was written whole, and what became of it since.
SELECT 0 AS number, body FROM profiles WHERE profile_id = ?1
UNION ALL SELECT number, body FROM changes WHERE profile_id = ?1 ORDER BY number;

-- name: living_profiles
-- A page of living profiles; the index answers it alone.
SELECT profile_id FROM profiles WHERE merged_into IS NULL AND profile_id > :after

-- name: profiles_in_segment
-- Members carry the segment's name between blanks.
AND instr(segments, ' ' || :segment || ' ') > 0

-- name: profiles_with_prefix
-- Those with an identity whose value starts so; the second bound is above every such value.
AND profile_id IN (
  SELECT profile_id FROM links WHERE value >= :prefix AND value < :prefix || char(1114111)
)

-- name: profiles_page
-- In the order of profile id, so that a cursor is stable.
ORDER BY profile_id LIMIT :limit

-- name: count_profiles
-- How many share each set of segments; the index answers it alone.
SELECT segments, count(*) FROM profiles WHERE merged_into IS NULL GROUP BY segments;

-- name: merged_family
-- A profile and all tombstones that lead to it.
WITH RECURSIVE family (profile_id) AS (
  SELECT :profile_id
  UNION
  SELECT profiles.profile_id FROM profiles
  JOIN family ON profiles.merged_into = family.profile_id
)
SELECT profile_id FROM family;

-- name: links_of_profiles
-- Every identity that leads to one of these profiles.
SELECT kind, value FROM links WHERE profile_id IN (SELECT value FROM json_each(:profile_ids));

-- name: get_item
-- One item; a deleted one has no body.
SELECT changed, body FROM items WHERE item_id = ?;

-- name: changed_items
-- What the catalog's readers have not seen yet.
SELECT item_id, changed, body FROM items WHERE changed > :after ORDER BY changed;

-- name: decision_number
-- Whether an id is taken.
SELECT number FROM decisions WHERE decision_id = ?;

-- name: highest_decision
-- The last id with a given beginning; the second bound is above every such id.
SELECT decision_id FROM decisions
WHERE decision_id >= ? AND decision_id < ? || char(1114111)
ORDER BY decision_id DESC LIMIT 1;

-- name: get_decision
-- One bet by its id.
SELECT number, decision_id, profile_id, state, reward, settled_at, changed, body
FROM decisions JOIN bodies USING (number) WHERE decision_id = ?;

-- name: decisions_of_profile
-- Which bets a merge or an erasure touches.
SELECT number, decision_id FROM decisions WHERE profile_id = ?;

-- name: latest_of_profile
-- When somebody was last bet on; the index answers it alone.
SELECT max(at) FROM decisions WHERE profile_id = ?;

-- name: outcomes_of
-- What came of these bets, in the order it was logged.
SELECT number, sequence, message_id, slot, item_id, event, at, reward, kind, attributed
FROM outcomes WHERE number IN (SELECT value FROM json_each(?)) ORDER BY sequence;

-- name: changed_decisions
-- Bets written or changed after a cursor.
SELECT number, decision_id, profile_id, state, reward, settled_at, changed, body
FROM decisions JOIN bodies USING (number) WHERE changed > :after ORDER BY changed;

-- name: list_decisions
-- A page of bets; fragments below narrow it.
SELECT number, decision_id, profile_id, state, reward, settled_at, changed, body
FROM decisions JOIN bodies USING (number) WHERE true

-- name: decisions_by_profile
-- One person's bets.
AND profile_id = :profile_id

-- name: decisions_by_placement
-- One placement's bets.
AND placement = :placement

-- name: decisions_since
-- From this moment on.
AND at >= :since

-- name: decisions_until
-- Before this moment.
AND at < :until

-- name: decisions_by_state
-- Open, won or lost.
AND state = :state

-- name: decisions_by_level
-- How much was assumed of the person.
AND level = :level

-- name: decisions_due
-- Open ones whose window is over; the words must be literal for the partial index.
AND state = 'open' AND due < :due_before

-- name: decisions_replayed
-- Live ones or replayed ones.
AND replayed = :replayed

-- name: decisions_after_cursor
-- The next page.
AND (at, number) < (:cursor_at, :cursor_number)

-- name: newest_decisions
-- By the bet's own time; the number breaks ties.
ORDER BY at DESC, number DESC

-- name: old_decisions
-- A bounded number of live bets whose time is over; a replay has a time of its own.
SELECT number, decision_id FROM decisions WHERE at < :before AND replayed = 0 LIMIT :limit;

-- name: all_definitions
-- Every version; they are few, so they are all kept in memory.
SELECT kind, name, version, at, live, body FROM definitions ORDER BY kind, name, version;

-- name: latest_model
-- The newest version of one model.
SELECT version, body FROM models WHERE name = ? ORDER BY number DESC LIMIT 1;

-- name: account_entries
-- All that was taken of one limited quantity.
SELECT reservation, at, amount FROM ledger WHERE key = ?;

-- name: reservation_keys
-- What one reservation took.
SELECT key FROM ledger WHERE reservation = ?;

-- name: keys_with_prefix
-- What an erasure forgets; the second bound is above every key that begins so.
SELECT key, reservation FROM ledger WHERE key >= :prefix AND key < :prefix || char(1114111);

-- name: passed_reservations
-- A bounded number of reservations whose window has passed.
SELECT key, reservation FROM ledger WHERE until < :before LIMIT :limit;

-- name: all_kept
-- The small things kept with the store.
SELECT name, body FROM kept;

-- name: counters
-- The highest number ever given out, even where its row is gone.
SELECT name, value FROM counters
UNION ALL SELECT 'events', max(sequence) FROM events
UNION ALL SELECT 'decisions', max(changed) FROM decisions
UNION ALL SELECT 'items', max(changed) FROM items
UNION ALL SELECT 'models', max(number) FROM models;
