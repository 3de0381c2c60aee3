-- What `wager doctor` counts: each query gives how many rows are wrong, and one of them.

-- name: links_to_nobody
-- An identity that leads to no profile makes a person unfindable.
SELECT count(*), min(kind || ':' || value) FROM links
WHERE profile_id NOT IN (SELECT profile_id FROM profiles);

-- name: changes_of_nobody
-- What became of a profile that is gone escapes erasure.
SELECT count(*), min(profile_id) FROM changes
WHERE profile_id NOT IN (SELECT profile_id FROM profiles);

-- name: events_of_nobody
-- An event whose profile is gone escapes erasure and export.
SELECT count(*), min(message_id) FROM events
WHERE profile_id NOT IN (SELECT profile_id FROM profiles);

-- name: heads_without_body
-- A bet whose odds are lost.
SELECT count(*), min(decision_id) FROM decisions
WHERE number NOT IN (SELECT number FROM bodies);

-- name: bodies_without_head
-- What was bet, but nobody finds it, nor erases it.
SELECT count(*), min(number) FROM bodies WHERE number NOT IN (SELECT number FROM decisions);

-- name: outcomes_of_nothing
-- An outcome whose bet is gone.
SELECT count(*), min(message_id) FROM outcomes
WHERE number NOT IN (SELECT number FROM decisions);

-- name: unsettled_states
-- Settled and open at once, or settled at no time.
SELECT count(*), min(decision_id) FROM decisions
WHERE state NOT IN ('open', 'won', 'lost') OR (state = 'open') <> (settled_at IS NULL);

-- name: odd_amounts
-- Only amounts above nothing are ever taken.
SELECT count(*), min(key || ' of ' || reservation) FROM ledger WHERE NOT amount > 0;

-- name: missing_versions
-- Versions of a definition are numbered from 1 without a gap.
SELECT count(*), min(kind || ' ' || name) FROM (
  SELECT kind, name FROM definitions GROUP BY kind, name HAVING max(version) <> count(*)
);

-- name: counters_behind
-- A counter below a number that was given out.
SELECT count(*), min(counted) FROM (
  SELECT 'events' AS counted, max(sequence) AS used FROM events
  UNION ALL SELECT 'decisions', max(changed) FROM decisions
  UNION ALL SELECT 'items', max(changed) FROM items
  UNION ALL SELECT 'models', max(number) FROM models
) WHERE used > coalesce((SELECT value FROM counters WHERE name = counted), 0);

-- name: tombstones
-- Where each merged profile went.
SELECT profile_id, merged_into, merged_into IN (SELECT profile_id FROM profiles)
FROM profiles WHERE merged_into IS NOT NULL;

-- name: event_bodies
-- Every event, to be read.
SELECT sequence, message_id, profile_id, name, body FROM events;

-- name: profile_bodies
-- Every profile, to be read, how many ids lead to it, and what became of it since.
SELECT profile_id, merged_into, segments, (
  SELECT count(*) FROM links WHERE links.profile_id = profiles.profile_id
), body, (
  SELECT group_concat(hex(told), ' ') FROM (
    SELECT changes.body AS told FROM changes
    WHERE changes.profile_id = profiles.profile_id ORDER BY number
  )
) FROM profiles;

-- name: item_bodies
-- Every item, to be read.
SELECT item_id, body FROM items WHERE body IS NOT NULL;

-- name: quarantine_bodies
-- Every quarantined event, to be read.
SELECT quarantine_id, body FROM quarantine;

-- name: definition_bodies
-- Every version of every definition, to be read.
SELECT kind, name, body FROM definitions;

-- name: decision_bodies
-- Every bet, to be read.
SELECT decision_id, placement, body FROM decisions JOIN bodies USING (number);

-- name: row_count
-- How much there is to read.
SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM profiles)
  + (SELECT count(*) FROM items) + (SELECT count(*) FROM quarantine)
  + (SELECT count(*) FROM definitions) + (SELECT count(*) FROM decisions);
