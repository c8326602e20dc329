-- What only PostgreSQL says like this: lists travel as arrays, rows as one array per column.

-- name: by_no
SELECT $PICTURE FROM picture WHERE no = ANY(?1::bigint[])
-- name: by_keys
SELECT $PICTURE FROM picture WHERE (kind, owner, id, sub) IN
    (SELECT * FROM unnest(?1::text[], ?2::text[], ?3::text[], ?4::text[]))
-- name: evses_of
SELECT $PICTURE FROM picture WHERE kind = 'evse' AND (owner, id) IN (SELECT * FROM unnest(?1::text[], ?2::text[]))
ORDER BY no
-- name: entries_by_no
SELECT $JOURNAL FROM journal WHERE no = ANY(?1::bigint[]) AND lane <> 'places' AND seq > ?2 AND seq <= ?3

-- name: upsert_rows
INSERT INTO picture ($PICTURE)
SELECT * FROM unnest(
    ?1::bigint[], ?2::text[], ?3::text[], ?4::text[], ?5::text[], ?6::text[], ?7::bigint[], ?8::bytea[], ?9::text[],
    ?10::text[], ?11::bytea[], ?12::bigint[], ?13::bigint[], ?14::text[], ?15::text[], ?16::text[], ?17::bytea[],
    ?18::bytea[], ?19::boolean[], ?20::bigint[])
ON CONFLICT (no) DO UPDATE SET
    version = excluded.version, body = excluded.body, wire_room = excluded.wire_room, wire_version =
    excluded.wire_version, wire = excluded.wire, judged_at = excluded.judged_at, updated = excluded.updated,
    receiver = excluded.receiver, agreement = excluded.agreement, origin = excluded.origin, subject =
    excluded.subject, contract = excluded.contract, withdrawn = excluded.withdrawn, due = excluded.due
-- name: replace_row
INSERT INTO picture ($PICTURE) VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
ON CONFLICT (no) DO UPDATE SET
    version = excluded.version, body = excluded.body, wire_room = excluded.wire_room, wire_version =
    excluded.wire_version, wire = excluded.wire, judged_at = excluded.judged_at, updated = excluded.updated,
    receiver = excluded.receiver, agreement = excluded.agreement, origin = excluded.origin, subject =
    excluded.subject, contract = excluded.contract, withdrawn = excluded.withdrawn, due = excluded.due
-- name: insert_entries
INSERT INTO journal ($JOURNAL)
SELECT * FROM unnest(
    ?1::bigint[], ?2::bigint[], ?3::text[], ?4::text[], ?5::text[], ?6::text[], ?7::text[], ?8::text[],
    ?9::bigint[], ?10::text[], ?11::text[], ?12::text[], ?13::text[], ?14::text[], ?15::boolean[], ?16::text[],
    ?17::bytea[], ?18::text[], ?19::text[], ?20::bytea[], ?21::bytea[], ?22::bytea[], ?23::text[])
-- name: replace_entry
INSERT INTO journal ($JOURNAL) VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)
ON CONFLICT (seq) DO UPDATE SET
    origin = excluded.origin, correlation = excluded.correlation, receiver = excluded.receiver, agreement =
    excluded.agreement, created = excluded.created, fields = excluded.fields, body = excluded.body, wire_room =
    excluded.wire_room, wire_version = excluded.wire_version, wire = excluded.wire, subject = excluded.subject,
    contract = excluded.contract, removed = excluded.removed
-- name: insert_refs
INSERT INTO refs (ref, no) SELECT * FROM unnest(?1::text[], ?2::bigint[]) ON CONFLICT DO NOTHING

-- name: take
SELECT pg_try_advisory_lock(7311, hashtext(current_database() || '.' || current_schema()))
-- name: version
SELECT coalesce(max(version), 0) FROM migrated
