-- Whatever speaks of a driver is found by the names of its object: an index of hashes, each entry in a place of its own,
-- cost more than all the rest of a charge, and nobody looks there but who erases a driver.
INSERT OR IGNORE INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || lower(hex(subject)), no FROM picture WHERE subject IS NOT NULL;
INSERT OR IGNORE INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || lower(hex(contract)), no FROM picture WHERE contract IS NOT NULL;
INSERT OR IGNORE INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || lower(hex(subject)), no FROM journal WHERE subject IS NOT NULL;
INSERT OR IGNORE INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || lower(hex(contract)), no FROM journal WHERE contract IS NOT NULL;
DROP INDEX picture_subject;
DROP INDEX picture_contract;
DROP INDEX journal_subject;
DROP INDEX journal_contract;
