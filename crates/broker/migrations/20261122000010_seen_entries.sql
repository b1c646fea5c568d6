-- Entries of clients' files as they were when a person left them as they are, or when Consentry first looked. An entry that
-- is new, or another now, is told. The row without a client says that Consentry has looked before.
CREATE TABLE seen_entry (
    client TEXT NOT NULL,
    file   TEXT NOT NULL,
    place  TEXT NOT NULL,
    name   TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (client, file, place, name)
) STRICT, WITHOUT ROWID;
