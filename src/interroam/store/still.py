"""A reading connection that stays with one state of the file as long as that will do.

Every read by itself takes a lock and gives it back; and the first one after a commit drops all that was read of the
file before, its mapping included, although next to nothing of it changed. Among many objects that costs more than the
reading. Nobody but this process writes: a row that no commit has touched since is what it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from interroam.store.rows import Row


class Still:
    """Reads as of the newest commit; ``lasting`` is not for who looks at what another process writes."""

    def __init__(self, db: sqlite3.Connection, *, lasting: bool) -> None:
        self._db = db
        self._lasting = lasting
        self._behind = False
        self._touched: set[int] = set()
        """The numbers of the rows that were written since."""

    def rows(self, statement: str, params: Sequence[object]) -> list[Row]:
        """Return what a statement finds."""
        if self._behind:
            self.leave()
        if self._lasting and not self._db.in_transaction:
            self._db.execute("BEGIN")
        return self._db.execute(statement, params).fetchall()

    def row(self, statement: str, params: Sequence[object]) -> list[Row]:
        """Return the one row that a statement finds by its key, if any; it begins with its number."""
        if self._behind:
            found: list[Row] = self._db.execute(statement, params).fetchall()
            if found and found[0][0] not in self._touched:
                return found
        return self.rows(statement, params)

    def committed(self, numbers: Iterable[int]) -> None:
        """Note the numbers of rows that a commit wrote."""
        if self._db.in_transaction:
            self._behind = True
            self._touched.update(numbers)

    def leave(self) -> None:
        """Let go of the state read so far."""
        if self._db.in_transaction:
            self._db.execute("COMMIT")
        self._behind = False
        self._touched.clear()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Hold no state meanwhile: what somebody still reads from the log is not written over."""
        self.leave()
        lasting, self._lasting = self._lasting, False
        try:
            yield
        finally:
            self._lasting = lasting

    def close(self) -> None:
        """Read no more."""
        self._db.close()
