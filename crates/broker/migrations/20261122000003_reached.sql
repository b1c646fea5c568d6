-- Whom calls went to before: hosts, addresses, accounts, and the domains that hosts and addresses belong to. Written with
-- a call's outcome. It only makes marks on cards: nothing is let through for standing here, so no seal is on it.
CREATE TABLE reached (
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    times    INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    -- Of domains alone: how they look, and they from their end, to find those that differ in one letter.
    look     TEXT,
    backward TEXT,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX reached_by_look ON reached (look) WHERE look IS NOT NULL;
CREATE INDEX reached_backward ON reached (backward) WHERE backward IS NOT NULL;
CREATE INDEX reached_by_time ON reached (last_at);
