"""Many rows by few statements."""

from __future__ import annotations

import sqlite3

import pytest

from interroam.store.many import Many


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_any_number_of_rows_is_written_each_once(count):
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("CREATE TABLE rows (no INTEGER PRIMARY KEY, word TEXT)")
    many = Many("INSERT INTO rows (no, word) VALUES (?, nullif(?, 0))\nON CONFLICT (no) DO UPDATE SET word = 'again'")
    rows = [(no, f"{no}" if no % 3 else 0) for no in range(count)]
    many.write(db, [value for row in rows for value in row])
    assert db.execute("SELECT * FROM rows ORDER BY no").fetchall() == [(no, word or None) for no, word in rows]
    many.write(db, [5, "five"] if count > 5 else [])
    assert db.execute("SELECT count(*) FROM rows WHERE word = 'again'").fetchall() == [(1 if count > 5 else 0,)]
