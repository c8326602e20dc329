"""EVSEs around a point, the nearest first: published locations in a grid of cells, in memory, kept from the commits.

The grid is built when somebody searches first. Cells are looked at from the nearest on, and no further than the EVSEs
found so far may be beaten; who may see an EVSE is asked of each, so the grid holds no rights.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.core.rules.visibility import sees_row
from interroam.model.facts import Entry, Stored
from interroam.model.ids import MODULE_OF, Key, Kind, Party
from interroam.model.places import Coordinates, Evse, Location
from interroam.protocols.emip.translate.evses import position
from interroam.protocols.emip.translate.places import NOWHERE

_CELL = 0.25
"""Degrees of a cell's side."""
_REACH_KM = 20.0
"""No point of a cell is further from its middle, and no EVSE further from where its location says it is."""
_RADIUS_KM = 6371.0088
_PAGE = 500
_AT_ONCE = 50
_STATUS = frozenset({"status"})

Cell = tuple[int, int]


class Found(NamedTuple):
    """An EVSE with its location, and how far it is."""

    km: float
    location: Stored
    evse: Stored


class Atlas:
    """The published locations, by where they are."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._cells: dict[Cell, dict[Key, None]] = {}
        self._where: dict[Key, Cell] = {}
        self._dirty: dict[Key, None] = {}
        self._built = False
        self._building = asyncio.Lock()

    async def around(self, viewer: Party, latitude: float, longitude: float, km: float) -> AsyncGenerator[Found, None]:
        """Yield the EVSEs that a viewer may see within so many kilometers, the nearest first."""
        await self._refresh()
        waiting: list[Found] = []
        for bound, cell in self._cells_around(latitude, longitude, km):
            waiting.sort(key=_order)
            while waiting and waiting[0].km <= bound:
                yield waiting.pop(0)
            keys = list(self._cells.get(cell, ()))
            for start in range(0, len(keys), _AT_ONCE):
                some = self._at(viewer, keys[start : start + _AT_ONCE], (latitude, longitude))
                waiting.extend([found async for found in some if found.km <= km])
        for found in sorted(waiting, key=_order):
            yield found

    def _cells_around(self, latitude: float, longitude: float, km: float) -> Iterator[tuple[float, Cell]]:
        """Yield cells that hold something, each with a distance below which nothing of it or later ones can be."""
        near = []
        for cell in self._cells:
            middle = (cell[0] + 0.5) * _CELL, (cell[1] + 0.5) * _CELL
            bound = distance_km(latitude, longitude, *middle) - 2 * _REACH_KM
            if bound <= km:
                near.append((bound, cell))
        yield from sorted(near)

    async def _at(self, viewer: Party, keys: Sequence[Key], point: tuple[float, float]) -> AsyncIterator[Found]:
        hub = self._hub
        shown = hub.book.routing.visible(viewer, MODULE_OF[Kind.LOCATION], hub.clock.now())
        scope = hub.sight.scope(viewer)
        keys = [key for key in keys if shown is None or key.party in shown]
        for key, rows in zip(keys, await hub.store.evses(keys), strict=True):
            location = await hub.store.get(key)
            if location is None or not isinstance(location.body, Location):
                continue
            for row in rows:
                if not _stands(row) or (scope is not None and not sees_row(scope, row)):
                    continue
                where = position(location.body, row.body) if isinstance(row.body, Evse) else None
                if where is not None:
                    yield Found(distance_km(*point, float(where.latitude), float(where.longitude)), location, row)

    # -- keeping the grid ------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        async with self._building:
            if not self._built:
                self._hub.store.subscribe(self._committed)
                await self._build()
                self._built = True
            while self._dirty:
                keys, self._dirty = list(self._dirty), {}
                for key in keys:
                    await self._put(key, await self._hub.store.get(key))

    async def _build(self) -> None:
        async for row in every(self._hub.store.page, Query(kind=Kind.LOCATION, limit=_PAGE)):
            await self._put(row.key, row)

    async def _put(self, key: Key, row: Stored | None) -> None:
        old = self._where.pop(key, None)
        if old is not None:
            cell = self._cells[old]
            cell.pop(key, None)
            if not cell:
                del self._cells[old]
        body = row.body if row is not None and not row.withdrawn else None
        if not isinstance(body, Location) or not body.publish:
            return
        point = await self._point(key, body)
        if point is None:
            return
        where = _cell(point)
        self._where[key] = where
        self._cells.setdefault(where, {})[key] = None

    async def _point(self, key: Key, location: Location) -> Coordinates | None:
        """Return where a location is: as it says, else where one of its EVSEs is."""
        if location.coordinates != NOWHERE:
            return location.coordinates
        (rows,) = await self._hub.store.evses([key])
        inside = (row.body.coordinates for row in rows if isinstance(row.body, Evse) and not row.withdrawn)
        return next((point for point in inside if point is not None), None)

    def _committed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            key = entry.key
            if key.kind is Kind.LOCATION or (key.kind is Kind.EVSE and entry.fields != _STATUS):
                self._dirty[Key(Kind.LOCATION, key.owner, key.id)] = None


def distance_km(latitude: float, longitude: float, north: float, east: float) -> float:
    """Return how far two points are from each other on the globe."""
    one, other = radians(latitude), radians(north)
    across = sin((other - one) / 2) ** 2 + cos(one) * cos(other) * sin(radians(east - longitude) / 2) ** 2
    return 2 * _RADIUS_KM * asin(min(1.0, sqrt(across)))


def _cell(point: Coordinates) -> Cell:
    return int(float(point.latitude) // _CELL), int(float(point.longitude) // _CELL)


def _order(found: Found) -> tuple[float, int]:
    return found.km, found.evse.no


def _stands(row: Stored) -> bool:
    body = row.body
    return not row.withdrawn and isinstance(body, Evse) and not body.removed
