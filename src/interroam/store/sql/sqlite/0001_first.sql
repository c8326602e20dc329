-- Every fact once, in the order of its commit.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    no INTEGER NOT NULL,
    correlation TEXT NOT NULL,
    state BLOB NOT NULL,
    subject BLOB,
    contract BLOB
);
-- Statuses are most of the journal and are searched by nobody's id: they pay for no index.
CREATE INDEX journal_correlation ON journal (correlation) WHERE lane <> 'places';
CREATE INDEX journal_no ON journal (no) WHERE lane <> 'places';
CREATE INDEX journal_subject ON journal (subject) WHERE subject IS NOT NULL;
CREATE INDEX journal_contract ON journal (contract) WHERE contract IS NOT NULL;

-- The newest state of every object; its number is the order of creation.
CREATE TABLE picture (
    no INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    sub TEXT NOT NULL,
    hub_id TEXT NOT NULL,
    state BLOB NOT NULL,
    updated INTEGER NOT NULL,
    receiver TEXT,
    subject BLOB,
    contract BLOB,
    withdrawn INTEGER NOT NULL,
    due INTEGER
);
CREATE UNIQUE INDEX picture_key ON picture (kind, owner, id, sub);
CREATE UNIQUE INDEX picture_hub_id ON picture (hub_id);
-- Places change too often for an index of their times; these are kept in memory once somebody asks (store/dates.py).
CREATE INDEX picture_updated ON picture (kind, updated) WHERE kind <> 'evse' AND kind <> 'location';
CREATE INDEX picture_due ON picture (kind, due) WHERE due IS NOT NULL;
CREATE INDEX picture_receiver ON picture (kind, receiver) WHERE receiver IS NOT NULL;
CREATE INDEX picture_withdrawn ON picture (kind) WHERE withdrawn;
CREATE INDEX picture_subject ON picture (subject) WHERE subject IS NOT NULL;
CREATE INDEX picture_contract ON picture (contract) WHERE contract IS NOT NULL;

CREATE TABLE refs (
    ref TEXT NOT NULL,
    no INTEGER NOT NULL,
    PRIMARY KEY (ref, no)
) WITHOUT ROWID;

CREATE TABLE cursors (
    courier TEXT PRIMARY KEY,
    state BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE shelf (
    id INTEGER PRIMARY KEY,
    courier TEXT NOT NULL,
    seq INTEGER NOT NULL,
    state BLOB NOT NULL
);

CREATE TABLE register (
    shelf TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (shelf, id)
) WITHOUT ROWID;

-- Below these numbers the journal of a lane has gaps: what was there is past its retention.
CREATE TABLE horizon (
    lane TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) WITHOUT ROWID;
