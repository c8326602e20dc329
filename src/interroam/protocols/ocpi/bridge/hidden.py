"""The places that no partner of 2.1.1 is shown, so that its lists neither hold nor count them (OCPI-48, OCPI-80).

They are read once, when the first such partner asks for a list, and kept up to date from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.model.facts import Entry, Stored
from interroam.model.ids import Key, Kind
from interroam.model.places import Location

_AT_ONCE = 500


class Hidden:
    """The creation numbers of the places that are not published."""

    def __init__(self, hub: Hub) -> None:
        self._store = hub.store
        self._numbers: set[int] = set()
        self._unsure: dict[Key, None] | None = None
        """Places that were stated since they were looked at; None as long as nobody has asked."""
        self._reading = asyncio.Lock()
        hub.store.subscribe(self._changed)

    async def numbers(self) -> Collection[int]:
        """Return the numbers as of now."""
        async with self._reading:
            if self._unsure is None:
                self._unsure = {}
                async for row in every(self._store.page, Query(kind=Kind.LOCATION, limit=_AT_ONCE)):
                    self._look(row)
            while self._unsure:
                key = next(iter(self._unsure))
                del self._unsure[key]
                stored = await self._store.get(key)
                if stored is not None:
                    self._look(stored)
        return self._numbers

    def _look(self, row: Stored) -> None:
        if isinstance(row.body, Location) and not row.body.publish:
            self._numbers.add(row.no)
        else:
            self._numbers.discard(row.no)

    def _changed(self, entries: Sequence[Entry]) -> None:
        if self._unsure is not None:
            self._unsure.update((entry.key, None) for entry in entries if entry.key.kind is Kind.LOCATION)
