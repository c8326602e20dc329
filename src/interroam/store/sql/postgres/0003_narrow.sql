-- What a charge writes beside its row goes to the end of a table wherever it can: each entry in a place of its own is a
-- page of its own in the log.

-- Of whom an object spoke before: of whom it speaks now is said by an index of its row, and both are looked through by
-- who erases a driver.
CREATE TABLE formerly (
    no BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    contract BYTEA NOT NULL,
    PRIMARY KEY (no, subject, contract)
);
INSERT INTO formerly (no, subject, contract)
    SELECT journal.no, coalesce(journal.subject, ''), coalesce(journal.contract, '') FROM journal JOIN picture USING (no)
    WHERE (journal.subject IS NOT NULL OR journal.contract IS NOT NULL)
        AND (journal.subject IS DISTINCT FROM picture.subject OR journal.contract IS DISTINCT FROM picture.contract) ON CONFLICT DO NOTHING;
DELETE FROM refs WHERE substr(ref, 1, 7) = 'driver:';

-- A hub id says its object's number from now on; those given before are names.
INSERT INTO refs (ref, no) SELECT 'hub:' || hub_id, no FROM picture ORDER BY hub_id;
DROP INDEX picture_hub_id;

-- An object is found by its id whoever owns it, so that what its key says need not be a name as well.
DROP INDEX picture_key;
CREATE UNIQUE INDEX picture_key ON picture (kind, id, sub, owner);
DELETE FROM refs USING picture
    WHERE picture.no = refs.no AND kind IN ('location', 'session', 'cdr', 'authorization', 'command')
        AND ref = CASE kind WHEN 'authorization' THEN 'auth' ELSE kind END || ':' || id;

DROP INDEX picture_updated;
DROP INDEX picture_receiver;
CREATE INDEX picture_updated ON picture (kind, updated, receiver, subject, contract)
    WHERE kind <> 'evse' AND kind <> 'location';
