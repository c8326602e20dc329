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
-- name: entries_by_no
SELECT $JOURNAL FROM journal
WHERE no IN (SELECT value FROM json_each(?1)) AND lane <> 'places' AND seq > ?2 AND seq <= ?3

-- name: insert_row
INSERT INTO picture ($PICTURE_WRITTEN) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: replace_row
INSERT OR REPLACE INTO picture ($PICTURE_WRITTEN) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: update_state
UPDATE picture SET state = ?, updated = ? WHERE no = ?
-- name: insert_entry
INSERT INTO journal ($JOURNAL_WRITTEN) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
-- name: replace_entry
INSERT OR REPLACE INTO journal ($JOURNAL_WRITTEN) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
