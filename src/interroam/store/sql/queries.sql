-- What both databases say in the same words. $PICTURE and $JOURNAL stand for the columns in store/rows.py.

-- name: by_key
SELECT no, hub_id, state FROM picture WHERE kind = ?1 AND owner = ?2 AND id = ?3 AND sub = ?4
-- name: referred
$NAMED ORDER BY no LIMIT ?4
-- name: by_ref
SELECT $PICTURE FROM ($NAMED) AS named JOIN picture USING (no) ORDER BY no LIMIT ?4
-- name: by_ref_and_kind
SELECT $PICTURE FROM ($NAMED) AS named JOIN picture USING (no) WHERE kind = ?4 ORDER BY no LIMIT ?5
-- name: newest_by_ref
SELECT $PICTURE FROM ($NAMED ORDER BY no DESC LIMIT ?4) AS named JOIN picture USING (no) ORDER BY no DESC
-- name: evses
SELECT $PICTURE FROM picture WHERE kind = 'evse' AND owner = ?1 AND id = ?2 ORDER BY no
-- name: due
SELECT $PICTURE FROM picture WHERE kind = ?1 AND due <= ?2 ORDER BY due, no LIMIT ?3
-- name: spoken_of
SELECT no FROM picture WHERE kind <> 'evse' AND kind <> 'location' AND (subject = ?1 OR contract = ?1)
UNION SELECT no FROM formerly WHERE subject = ?1 OR contract = ?1
-- name: of_anybody
SELECT $PICTURE FROM picture WHERE kind = ?1 AND updated < ?2 AND subject IS NOT NULL
    AND kind <> 'evse' AND kind <> 'location' AND (kind <> 'token' OR withdrawn OR due < ?2) ORDER BY updated LIMIT ?3

-- name: listed
SELECT owner, no FROM picture WHERE kind = ?1
-- name: withdrawn
SELECT no FROM picture WHERE kind = ?1 AND withdrawn
-- name: received
SELECT receiver, no FROM picture
WHERE kind = ?1 AND kind <> 'evse' AND kind <> 'location' AND receiver IS NOT NULL
-- name: updated
SELECT no FROM picture
WHERE kind = ?1 AND kind <> 'evse' AND kind <> 'location' AND updated >= ?2 AND updated < ?3
-- name: withdrawn_between
SELECT owner, no FROM picture WHERE kind = ?1 AND withdrawn AND updated >= ?2 AND updated < ?3
-- name: place_times
SELECT no, kind, owner, id, updated FROM picture WHERE kind IN ('location', 'evse')

-- name: newest
SELECT (SELECT coalesce(max(seq), 0) FROM journal), (SELECT coalesce(max(no), 0) FROM picture)
-- name: last_id
SELECT coalesce(max(id), '') FROM picture WHERE kind = ?1
-- name: tally_entries
SELECT count(*) FROM journal WHERE seq <= ?1
-- name: tally_objects
SELECT kind, count(*) FROM picture WHERE +no <= ?1 GROUP BY kind
-- name: tally_shelf
SELECT count(*) FROM shelf

-- name: entries
SELECT $JOURNAL FROM journal WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3
-- name: entries_of_kind
SELECT $JOURNAL FROM journal WHERE seq > ?1 AND seq <= ?2 AND kind = ?3 ORDER BY seq LIMIT ?4
-- name: entries_by_correlation
SELECT $JOURNAL FROM journal WHERE correlation = ?1 AND lane <> 'places' AND seq > ?2 AND seq <= ?3
-- name: entries_of_object
SELECT $JOURNAL FROM journal WHERE no = ?1 AND lane <> 'places'
-- name: past
SELECT seq, lane, kind, no FROM journal WHERE seq > ?1 AND seq <= ?2 AND at < CASE kind
    WHEN 'location' THEN CAST(?3 AS BIGINT) WHEN 'evse' THEN ?4 WHEN 'tariff' THEN ?5 WHEN 'token' THEN ?6
    WHEN 'session' THEN ?7 WHEN 'cdr' THEN ?8 WHEN 'authorization' THEN ?9 WHEN 'command' THEN ?10 END
ORDER BY seq

-- name: cursors
SELECT state FROM cursors ORDER BY courier
-- name: shelf
SELECT state FROM shelf ORDER BY id LIMIT ?1
-- name: shelf_of
SELECT state FROM shelf WHERE courier = ?1 ORDER BY id LIMIT ?2
-- name: newest_shelved
SELECT coalesce(max(id), 0) FROM shelf
-- name: load
SELECT body FROM register WHERE shelf = ?1 AND id = ?2
-- name: all
SELECT id, body FROM register WHERE shelf = ?1 ORDER BY id
-- name: documents
SELECT shelf, id, body FROM register WHERE (shelf, id) > (?1, ?2) ORDER BY shelf, id LIMIT ?3
-- name: horizons
SELECT lane, seq FROM horizon

-- name: insert_ref
INSERT INTO refs (ref, no) VALUES (?1, ?2) ON CONFLICT DO NOTHING
-- name: forget_twin
DELETE FROM picture WHERE kind = ?1 AND owner = ?2 AND id = ?3 AND sub = ?4 AND no <> ?5
-- name: forget_refs
DELETE FROM refs WHERE no = ?1 AND substr(ref, 1, 4) <> 'hub:'
-- name: insert_former
INSERT INTO formerly (no, subject, contract) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
-- name: forget_former
DELETE FROM formerly WHERE no = ?1
-- name: save_cursor
INSERT INTO cursors (courier, state) VALUES (?1, ?2) ON CONFLICT (courier) DO UPDATE SET state = excluded.state
-- name: shelve
INSERT INTO shelf (id, courier, seq, state) VALUES (?1, ?2, ?3, ?4)
-- name: unshelve
DELETE FROM shelf WHERE id = ?1
-- name: save
INSERT INTO register (shelf, id, body) VALUES (?1, ?2, ?3) ON CONFLICT (shelf, id) DO UPDATE SET body = excluded.body
-- name: remove
DELETE FROM register WHERE shelf = ?1 AND id = ?2
-- name: save_horizon
INSERT INTO horizon (lane, seq) VALUES (?1, ?2) ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq
-- name: delete_entry
DELETE FROM journal WHERE seq = ?1
