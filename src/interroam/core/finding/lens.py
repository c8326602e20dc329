"""The positions of the locations that a viewer sees in part, in memory, kept up to date from the commits."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from interroam.core.pages import pages
from interroam.core.ports import Query, Store
from interroam.core.rules.visibility import Scope, sees_row
from interroam.model.facts import Entry, Stored
from interroam.model.ids import Key, Kind, PartyId, location_key
from interroam.model.places import Evse

_PAGE = 500
_PLACES = frozenset({Kind.LOCATION, Kind.EVSE})
_EVERYBODY = ""


class _Site(msgspec.Struct, frozen=True, gc=False):
    no: int
    standing: bool
    """Whether an EVSE is seen there that is not gone."""


class Lens:
    """The positions of the locations that one scope shows in part, as of the newest commit once ``focused``."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self.scope = scope
        self._store = store
        self._sites: dict[Key, _Site] = {}
        self._dirty: dict[Key, None] = {}
        self._numbers: dict[tuple[str, bool], array[int]] = {}
        self._built = False
        self._focusing = asyncio.Lock()
        self._unsubscribe = store.subscribe(self._changed)

    def close(self) -> None:
        """Follow the journal no more."""
        self._unsubscribe()

    async def numbers(self, owners: frozenset[PartyId] | None, *, gone: bool) -> Sequence[int]:
        """Return the positions, of these owners only if any; with ``gone`` also where all that is seen is REMOVED."""
        async with self._focusing:
            if not self._built:
                await self._build()
                self._built = True
            while self._dirty:
                keys, self._dirty = list(self._dirty), {}
                for start in range(0, len(keys), _PAGE):
                    await self._look(keys[start : start + _PAGE])
        if owners is None:
            return self._numbers.get((_EVERYBODY, gone), array("q"))
        named = [self._numbers.get((location_key(one, "").owner, gone), array("q")) for one in owners]
        return named[0] if len(named) == 1 else array("q", sorted(no for some in named for no in some))

    def _changed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            key = entry.key
            if key.kind in _PLACES and self.scope.of(key.party):
                self._dirty[Key(Kind.LOCATION, key.owner, key.id)] = None

    async def _build(self) -> None:
        owners = None if self.scope.anywhere else frozenset(self.scope.parts)
        async for rows in pages(self._store.page, Query(kind=Kind.LOCATION, owners=owners, limit=_PAGE)):
            await self._look([row.key for row in rows if self.scope.of(row.key.party)])

    async def _look(self, keys: Sequence[Key]) -> None:
        """Look again at what is seen of these locations."""
        for key, rows in zip(keys, await self._store.evses(keys), strict=True):
            place = await self._store.get(key)
            seen = [row for row in rows if not row.withdrawn and sees_row(self.scope, row)]
            site = None
            if place is not None and not place.withdrawn and seen:
                site = _Site(place.no, any(map(_standing, seen)))
            self._put(key, site)

    def _put(self, key: Key, site: _Site | None) -> None:
        old = self._sites.pop(key, None)
        if site is not None:
            self._sites[key] = site
        for owner in (key.owner, _EVERYBODY):
            for gone in (True, False):
                if old is not None and (gone or old.standing):
                    _discard(self._numbers[owner, gone], old.no)
                if site is not None and (gone or site.standing):
                    _add(self._numbers.setdefault((owner, gone), array("q")), site.no)


def _standing(row: Stored) -> bool:
    return isinstance(row.body, Evse) and not row.body.removed


def _add(numbers: array[int], no: int) -> None:
    at = bisect_left(numbers, no)
    if at == len(numbers) or numbers[at] != no:
        numbers.insert(at, no)


def _discard(numbers: array[int], no: int) -> None:
    at = bisect_left(numbers, no)
    if at < len(numbers) and numbers[at] == no:
        del numbers[at]
