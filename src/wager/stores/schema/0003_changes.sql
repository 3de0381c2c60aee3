-- Version 3: what became of a large profile since its body was written stands beside it.

CREATE TABLE changes (
  profile_id TEXT NOT NULL PRIMARY KEY,
  body BLOB
);
