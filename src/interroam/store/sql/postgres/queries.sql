-- What only PostgreSQL says like this: lists travel as arrays, rows as one array per column.

-- name: by_no
SELECT $PICTURE FROM picture WHERE no = ANY(?1::bigint[])
-- name: by_keys
SELECT $PICTURE FROM picture WHERE (kind, owner, id, sub) IN
    (SELECT * FROM unnest(?1::text[], ?2::text[], ?3::text[], ?4::text[]))
-- name: evses_of
SELECT $PICTURE FROM picture WHERE kind = 'evse' AND (owner, id) IN (SELECT * FROM unnest(?1::text[], ?2::text[]))
ORDER BY no
-- name: gone
SELECT DISTINCT owner, id FROM picture WHERE kind = 'evse' AND (withdrawn OR position('removed'::bytea IN state) > 0)
-- name: saying
SELECT no FROM picture WHERE kind = ?1 AND position(?2::bytea IN state) > 0
-- name: entries_by_no
SELECT $JOURNAL FROM journal WHERE no = ANY(?1::bigint[]) AND lane <> 'places' AND seq > ?2 AND seq <= ?3
-- name: told_since
SELECT DISTINCT no FROM journal WHERE no = ANY(?1::bigint[]) AND lane <> 'places' AND (at >= ?2 OR seq >= ?3)

-- name: upsert_rows
INSERT INTO picture ($PICTURE_WRITTEN)
SELECT * FROM unnest(
    ?1::bigint[], ?2::text[], ?3::text[], ?4::text[], ?5::text[], ?6::text[], ?7::bytea[], ?8::bigint[], ?9::text[],
    ?10::bytea[], ?11::bytea[], ?12::boolean[], ?13::bigint[])
ON CONFLICT (no) DO UPDATE SET
    state = excluded.state, updated = excluded.updated, receiver = excluded.receiver, subject = excluded.subject,
    contract = excluded.contract, withdrawn = excluded.withdrawn, due = excluded.due
-- name: replace_row
INSERT INTO picture ($PICTURE_WRITTEN) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (no) DO UPDATE SET
    owner = excluded.owner, id = excluded.id, sub = excluded.sub, state = excluded.state, updated = excluded.updated, receiver = excluded.receiver, subject = excluded.subject,
    contract = excluded.contract, withdrawn = excluded.withdrawn, due = excluded.due
-- name: insert_entries
INSERT INTO journal ($JOURNAL)
SELECT * FROM unnest(?1::bigint[], ?2::bigint[], ?3::text[], ?4::text[], ?5::bigint[], ?6::text[], ?7::bytea[])
-- name: replace_entry
INSERT INTO journal ($JOURNAL) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (seq) DO UPDATE SET
    at = excluded.at, lane = excluded.lane, kind = excluded.kind, no = excluded.no, correlation =
    excluded.correlation, state = excluded.state, subject = NULL, contract = NULL
-- name: insert_refs
INSERT INTO refs (ref, no) SELECT * FROM unnest(?1::text[], ?2::bigint[]) ON CONFLICT DO NOTHING

-- name: insert_formers
INSERT INTO formerly (no, subject, contract) SELECT * FROM unnest(?1::bigint[], ?2::bytea[], ?3::bytea[])
ON CONFLICT DO NOTHING
-- name: take
SELECT pg_try_advisory_lock(7311, hashtext(current_database() || '.' || current_schema()))
-- name: version
SELECT coalesce(max(version), 0) FROM migrated
