-- What stood in clients' configuration files before Consentry was put there. `kept` holds it, or `secret` names it in the
-- keychain. A row counts only while the client's file holds our entry in its place.
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
    PRIMARY KEY (client, file, place, name),
    CHECK ((kept IS NULL) <> (secret IS NULL))
) STRICT, WITHOUT ROWID;
