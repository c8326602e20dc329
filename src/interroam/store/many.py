"""Many rows by few statements: what SQLite and Python's way to it do around a statement costs more than most rows."""

from __future__ import annotations

import sqlite3
from typing import Any

_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)


class Many:
    """A statement that writes one row, ``… VALUES (…)``, for any number of rows."""

    def __init__(self, statement: str) -> None:
        width = statement.count("?")
        self._pieces = [(count * width, _repeated(statement, count)) for count in _AT_ONCE]

    def write(self, db: sqlite3.Connection, values: list[Any]) -> None:
        """Write rows, of which the values come one after the other: nobody has to put them in one list."""
        at, end = 0, len(values)
        for size, statement in self._pieces:
            while at + size <= end:
                db.execute(statement, values[at : at + size])
                at += size


def _repeated(statement: str, count: int) -> str:
    head, values, rest = statement.partition("VALUES ")
    row, conflict, then = rest.partition("\nON CONFLICT")
    return f"{head}{values}{', '.join([row] * count)}{conflict}{then}"
