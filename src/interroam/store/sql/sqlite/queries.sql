-- What only SQLite says like this: lists travel as JSON.

-- name: by_no
SELECT $PICTURE FROM picture WHERE no IN (SELECT value FROM json_each(?1))
-- name: by_keys
WITH wanted (at, kind, owner, id, sub) AS (VALUES $KEYS)
SELECT at, no, hub_id, state FROM wanted CROSS JOIN picture USING (kind, owner, id, sub)
-- name: evses_at
WITH wanted (owner, id) AS (VALUES $SITES)
SELECT $PICTURE FROM wanted CROSS JOIN picture USING (owner, id) WHERE kind = 'evse'
-- name: gone
SELECT DISTINCT owner, id FROM picture WHERE kind = 'evse' AND (withdrawn OR instr(state, CAST('removed' AS BLOB)) > 0)
-- name: saying
SELECT no FROM picture WHERE kind = ?1 AND instr(state, ?2) > 0
-- name: entries_by_no
SELECT $JOURNAL FROM journal
WHERE no IN (SELECT value FROM json_each(?1)) AND lane <> 'places' AND seq > ?2 AND seq <= ?3
-- name: told_since
SELECT DISTINCT no FROM journal
WHERE no IN (SELECT value FROM json_each(?1)) AND lane <> 'places' AND (at >= ?2 OR seq >= ?3)

-- These write many rows at once (store/many.py); rows that are known already as well, which UPDATE does not. One that
-- fails undoes nothing by itself: its group is rolled back whole, as is one that brought a stray row, which is what
-- update_states makes of a number that the picture does not have. What is empty comes as 0: NULL is dear to bind.
-- name: insert_rows
INSERT OR FAIL INTO picture ($PICTURE_WRITTEN)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), ?, nullif(?, 0))
-- name: update_states
INSERT OR FAIL INTO picture (no, kind, owner, id, sub, hub_id, withdrawn, state, updated)
VALUES (?, 'evse', '', '', '', '', 0, ?, ?)
ON CONFLICT (no) DO UPDATE SET state = excluded.state, updated = excluded.updated
-- name: stray
SELECT no FROM picture WHERE kind = 'evse' AND id = '' AND sub = '' AND owner = '' LIMIT 1
-- name: insert_entries
INSERT OR FAIL INTO journal ($JOURNAL) VALUES (?, ?, ?, ?, ?, ?, ?)
-- name: insert_refs
INSERT OR FAIL INTO refs (ref, no) VALUES (?, ?)
ON CONFLICT DO NOTHING

-- name: replace_row
INSERT OR REPLACE INTO picture ($PICTURE_WRITTEN) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: replace_entry
INSERT OR REPLACE INTO journal ($JOURNAL) VALUES (?, ?, ?, ?, ?, ?, ?)
