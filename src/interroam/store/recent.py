"""The newest rows in memory: exact, because this process is the only writer.

Two generations instead of a list in order of use: a hit in the old one moves to the young one, and when the young one
is full it becomes the old one. A hit costs one look-up, and nothing is ever sorted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from interroam.model.facts import Stored
from interroam.model.ids import Key
from interroam.store.rows import size

MEMORY = min(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4, 4 * 2**30)
"""Only what is asked for is kept, about two kilobytes an object: a million is as quick as a thousand while they fit."""

_AHEAD = 4096


class Recent:
    """Rows by key and by number, in at most about so many bytes."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._half = memory // 2
        self._bytes = 0
        self._young: dict[Key, Stored] = {}
        self._old: dict[Key, Stored] = {}
        self._keys: dict[int, Key] = {}
        self._old_keys: dict[int, Key] = {}
        self._met = bytearray()
        """A bit for every number that was read."""

    def get(self, key: Key) -> Stored | None:
        """Return the row with this key, when it is here."""
        row = self._young.get(key)
        if row is None:
            row = self._old.get(key)
            if row is not None:
                self.put(row)
        return row

    def by_no(self, no: int) -> Stored | None:
        """Return the row with this number, when it is here."""
        key = self._keys.get(no) or self._old_keys.get(no)
        return None if key is None else self.get(key)

    def put(self, row: Stored) -> None:
        """Remember a row as it is now."""
        key = row.key
        if key not in self._young:
            self._bytes += size(row)
            if self._bytes >= self._half:
                self._age()
            self._keys[row.no] = key
        self._young[key] = row

    def meet(self, row: Stored) -> None:
        """Remember a row that was read, from the second time on: who reads all there is drives nothing out."""
        at, bit = row.no >> 3, 1 << (row.no & 7)
        met = self._met
        if at >= len(met):
            met.extend(bytes(at + 1 - len(met) + _AHEAD))
        if met[at] & bit:
            self.put(row)
        else:
            met[at] |= bit

    def forget(self, keys: Iterable[Key]) -> None:
        """Forget rows, so that they are read again."""
        for key in keys:
            self._young.pop(key, None)
            self._old.pop(key, None)

    def _age(self) -> None:
        self._old, self._old_keys, self._young, self._keys, self._bytes = self._young, self._keys, {}, {}, 0
