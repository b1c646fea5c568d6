-- Which client used the login at which server before. It only makes marks: nothing is let through for standing here, so no
-- seal is on it.
CREATE TABLE login_use (
    server   TEXT NOT NULL,
    client   TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    PRIMARY KEY (server, client)
) STRICT, WITHOUT ROWID;
