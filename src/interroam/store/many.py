"""Many rows by few statements: what SQLite and Python's way to it do around a statement costs more than most rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from interroam.store.rows import Row

_AT_ONCE = (64, 32, 16, 8, 4, 2, 1)
_STEP, _MOST = 8, 64


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


class Keyed:
    """A statement that finds rows by the keys that stand for a word in it, for any number of keys.

    To look for a key of nothing costs half as much as to find a row: there is a statement for every eighth key.
    """

    def __init__(self, statement: str, word: str, key: str) -> None:
        sizes = range(_STEP, _MOST + 1, _STEP)
        self._pieces = [statement.replace(word, ", ".join(map(key.format, range(size)))) for size in sizes]

    def read(
        self, run: Callable[[str, Sequence[object]], Iterable[Row]], keys: Sequence[Sequence[str]]
    ) -> Iterator[tuple[int, Iterable[Row]]]:
        """Return rows as they are found, and for each portion of the keys where it began."""
        for first in range(0, len(keys), _MOST):
            some = keys[first : first + _MOST]
            values = list(chain.from_iterable(some))
            values += [""] * (-len(some) % _STEP * len(some[0]))
            yield first, run(self._pieces[(len(some) - 1) // _STEP], values)


def _repeated(statement: str, count: int) -> str:
    head, values, rest = statement.partition("VALUES ")
    row, conflict, then = rest.partition("\nON CONFLICT")
    return f"{head}{values}{', '.join([row] * count)}{conflict}{then}"
