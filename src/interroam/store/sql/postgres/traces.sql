-- One table per day, dropped whole; $TABLE is traces_2031_05_17.
CREATE TABLE IF NOT EXISTS $TABLE (
    block BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    partners TEXT NOT NULL,
    digests BYTEA NOT NULL,
    data BYTEA NOT NULL
)
