-- Version 4: each transaction adds what it made of a large profile, instead of writing all of it anew.

CREATE TABLE changes_one_by_one (
  profile_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (profile_id, number)
) WITHOUT ROWID;
INSERT INTO changes_one_by_one (profile_id, number, body)
SELECT profile_id, 1, body FROM changes WHERE body IS NOT NULL;
DROP TABLE changes;
ALTER TABLE changes_one_by_one RENAME TO changes;
