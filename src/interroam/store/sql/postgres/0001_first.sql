-- Every fact once, in the order of its commit.
CREATE TABLE journal (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    no BIGINT NOT NULL,
    correlation TEXT NOT NULL,
    state BYTEA NOT NULL,
    subject BYTEA,
    contract BYTEA
);
-- Statuses are most of the journal and are searched by nobody's id: they pay for no index.
CREATE INDEX journal_correlation ON journal (correlation) WHERE lane <> 'places';
CREATE INDEX journal_no ON journal (no) WHERE lane <> 'places';
CREATE INDEX journal_subject ON journal (subject) WHERE subject IS NOT NULL;
CREATE INDEX journal_contract ON journal (contract) WHERE contract IS NOT NULL;

-- The newest state of every object; its number is the order of creation.
CREATE TABLE picture (
    no BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    sub TEXT COLLATE "C" NOT NULL,
    hub_id TEXT NOT NULL,
    state BYTEA NOT NULL,
    updated BIGINT NOT NULL,
    receiver TEXT,
    subject BYTEA,
    contract BYTEA,
    withdrawn BOOLEAN NOT NULL,
    due BIGINT
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
    no BIGINT NOT NULL,
    PRIMARY KEY (ref, no)
);

CREATE TABLE cursors (
    courier TEXT COLLATE "C" PRIMARY KEY,
    state BYTEA NOT NULL
);

CREATE TABLE shelf (
    id BIGINT PRIMARY KEY,
    courier TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    state BYTEA NOT NULL
);

CREATE TABLE register (
    shelf TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (shelf, id)
);

-- Below these numbers the journal of a lane has gaps: what was there is past its retention.
CREATE TABLE horizon (
    lane TEXT PRIMARY KEY,
    seq BIGINT NOT NULL
);
