-- One file per day. The envelopes are scanned, the blocks only opened when one of them matches.
CREATE TABLE IF NOT EXISTS envelopes (
    block INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    partners TEXT NOT NULL,
    digests BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS blocks (
    block INTEGER PRIMARY KEY,
    data BLOB NOT NULL
);
