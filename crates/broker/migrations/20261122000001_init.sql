-- The audit chain. `record` is canonical JSON and is what `hash` is computed over; the other columns only find it.
CREATE TABLE entry (
    seq    INTEGER PRIMARY KEY,
    record TEXT NOT NULL,
    hash   BLOB NOT NULL,
    call   TEXT
) STRICT;
CREATE INDEX entry_by_call ON entry (call) WHERE call IS NOT NULL;

-- What records point to by hash; may be dropped by retention without breaking the chain.
CREATE TABLE body (
    sha256 TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What a person decided that lets more run. A row counts only while its MAC holds.
CREATE TABLE decision (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    mac        BLOB NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
