-- What stood in clients' configuration files before Consentry was put there. `kept` holds it, or `secret` names it in the
-- keychain. It is put back when the client's file holds our entry in its place, and
-- kept for a while after: a client that still runs may write its file from memory, with our entry in it.
CREATE TABLE original (
    client  TEXT NOT NULL,
    file    TEXT NOT NULL,
    place   TEXT NOT NULL,
    name    TEXT NOT NULL,
    through TEXT NOT NULL,
    made    INTEGER NOT NULL,
    kept    TEXT,
    secret  TEXT,
    kept_at INTEGER NOT NULL,
    restored_at INTEGER,
    PRIMARY KEY (client, file, place, name),
    CHECK ((kept IS NULL) <> (secret IS NULL))
) STRICT, WITHOUT ROWID;
