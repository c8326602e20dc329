-- Whatever speaks of a driver is found by the names of its object: an index of hashes, each entry in a place of its own,
-- cost more than all the rest of a charge, and nobody looks there but who erases a driver.
INSERT INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || encode(subject, 'hex'), no FROM picture WHERE subject IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || encode(contract, 'hex'), no FROM picture WHERE contract IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || encode(subject, 'hex'), no FROM journal WHERE subject IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO refs (ref, no)
    SELECT DISTINCT 'driver:' || encode(contract, 'hex'), no FROM journal WHERE contract IS NOT NULL ON CONFLICT DO NOTHING;
DROP INDEX picture_subject;
DROP INDEX picture_contract;
DROP INDEX journal_subject;
DROP INDEX journal_contract;
