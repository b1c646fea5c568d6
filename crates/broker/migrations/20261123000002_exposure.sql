-- When the conversations of a client were last exposed to something. It only makes calls more suspicious, so no seal is on
-- it.
CREATE TABLE exposure (
    client    TEXT PRIMARY KEY,
    untrusted INTEGER,
    private   INTEGER,
    flagged   INTEGER
) STRICT, WITHOUT ROWID;
