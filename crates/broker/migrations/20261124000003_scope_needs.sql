-- For want of which scopes calls of which tools were refused. It only explains a scope to a person: nothing is let through
-- for standing here, so no seal is on it.
CREATE TABLE scope_need (
    server  TEXT NOT NULL,
    tool    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (server, tool, scope)
) STRICT, WITHOUT ROWID;
