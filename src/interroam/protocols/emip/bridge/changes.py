"""What changed for one party since it last heard: the last state of each object, each once, nothing lost.

A *position* says how far somebody is: the number of an entry, and what it was entitled to then. Whatever was touched
since is told, with what came into its sight (agreements that began since) and what left it. A party that asks names a
date; every date that we gave as *currentTime* stands for the exact position it was given with, any other for the entry
at that time and a little before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.core.rules.visibility import ALL, Spot
from interroam.model.facts import Stored
from interroam.model.ids import Key, Kind, Module, Party, PartyId
from interroam.model.places import Evse, Location
from interroam.model.tokens import Token
from interroam.protocols.emip.translate.tokens import DELETE, INSERT, UPDATE

from .evses import is_gone, successors
from .touched import Flavor, Touched

HEARD = "emip-heard"
MOST = 2000
"""How many changes an answer holds where nobody says."""
_MARKS = 64
_PAGE = 500
_EVERYBODY = "*"
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)

_V = TypeVar("_V")

View = Mapping[str, str]
"""Whose objects somebody sees, each with the name of the selection by which it sees them, or of the services for which
it may serve them; ``*`` for everybody's."""


class Leaving(msgspec.Struct, frozen=True):
    """An owner of whom something has left somebody's sight: how far that was told, and what was seen before."""

    reached: int
    former: str


class Position(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How far somebody is."""

    seq: int
    key: str = ""
    """The last key of that entry that was told, where it was not the end."""
    born: int = 0
    """The highest number of an object when it last heard: what is above is new to it."""
    seen: dict[str, str] = {}
    joining: dict[str, int] = {}
    """Owners that came into sight, with the number of the object of theirs that was told last."""
    leaving: dict[str, Leaving] = {}


class Item(msgspec.Struct, frozen=True):
    """An object, and what is said to have happened to it."""

    row: Stored
    action: int


class Batch(msgspec.Struct, frozen=True):
    """What is told at once, the position after it, and whether more waits."""

    items: tuple[Item, ...]
    position: Position
    more: bool


class Mark(msgspec.Struct, frozen=True):
    """A date that we gave, and the position it stands for."""

    at: datetime
    position: Position


class Heard(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one party was given of one flavor: the newest dates, and when it began to fetch everything."""

    marks: tuple[Mark, ...] = ()
    full: tuple[datetime, ...] = ()


Offered = Callable[[Stored], Awaitable[bool]]
"""Whether an object is for this receiver at all."""


class Changes:
    """Tells what changed since a position; one for the whole node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._touched = Touched(hub.store)

    # -- positions -------------------------------------------------------------------------------------------------

    def view(self, viewer: Party, flavor: Flavor) -> dict[str, str]:
        """Return whose objects a party sees now."""
        module = Module.TOKENS if flavor is Flavor.USERS else Module.LOCATIONS
        owners = self._hub.book.routing.visible(viewer, module, self._hub.clock.now())
        if owners is None:
            return {_EVERYBODY: ALL}
        if flavor is Flavor.USERS:
            return {str(owner).casefold(): "+".join(sorted(self._services(viewer, owner))) for owner in sorted(owners)}
        scope = self._hub.sight.scope(viewer)
        return {str(owner).casefold(): ALL if scope is None else scope.name(owner) for owner in sorted(owners)}

    def _services(self, viewer: Party, owner: PartyId) -> frozenset[str]:
        """Return the services for which a CPO may serve the users of an eMSP (EMIP-130)."""
        return self._hub.book.routing.services(viewer.id, owner, self._hub.clock.now())

    def _granted(self, viewer: Party, row: Stored) -> bool:
        """Whether a user may do something at this CPO; a place is for whoever sees it."""
        token = row.body
        return not isinstance(token, Token) or any(map(token.serves, self._services(viewer, token.owner)))

    async def everything(self, viewer: Party, flavor: Flavor) -> Position:
        """Return the position of somebody who has heard nothing."""
        return replace(await self.here(viewer, flavor), seen={})

    async def here(self, viewer: Party, flavor: Flavor) -> Position:
        """Return the position of somebody who has heard all there is."""
        seq = self._hub.store.head()
        return Position(seq=seq, born=await self._newest(flavor.kind), seen=self.view(viewer, flavor))

    async def at(self, viewer: Party, flavor: Flavor, date: datetime) -> Position:
        """Return the position of somebody who has heard all there was at a date."""
        return replace(await self.here(viewer, flavor), seq=await self._touched.seq_at(date))

    async def _newest(self, kind: Kind) -> int:
        total = (await self._hub.store.page(Query(kind=kind, limit=1))).total
        page = await self._hub.store.page(Query(kind=kind, offset=max(0, total - 1), limit=1))
        return page.items[-1].no if page.items else 0

    # -- what is told ----------------------------------------------------------------------------------------------

    async def since(
        self, viewer: Party, flavor: Flavor, position: Position, most: int, offered: Offered | None = None
    ) -> Batch:
        """Return what changed since a position, at most so much."""
        end = replace(await self.here(viewer, flavor), joining={}, leaving={})
        position = _turned(position, end.seen)
        found: dict[Key, Item] = {}
        steps = self._steps(viewer, flavor, position, offered or self._published)
        async for item, after in steps:
            if item is not None and item.action == DELETE and await self._lives_on(viewer, item.row):
                item = None  # noqa: PLW2901  who tells by id has nothing to delete
            if len(found) >= most and (item is None or item.row.key not in found):
                return Batch(tuple(found.values()), position, more=True)
            if item is not None:
                found[item.row.key] = item
            position = after
        return Batch(tuple(found.values()), end, more=False)

    async def _steps(
        self, viewer: Party, flavor: Flavor, position: Position, offered: Offered
    ) -> AsyncIterator[tuple[Item | None, Position]]:
        """Yield what is to be told, each with the position once it was told."""
        for owner in tuple(position.joining):
            async for row in self._of(owner, flavor.kind, position.joining[owner]):
                position = replace(position, joining=position.joining | {owner: row.no})
                if not is_gone(row) and await self._has(viewer, row) and await offered(row):
                    yield Item(row, INSERT), position
            position = replace(position, joining=_without(position.joining, owner))
        for owner in tuple(position.leaving):
            left = position.leaving[owner]
            async for row in self._of(owner, flavor.kind, left.reached):
                position = replace(position, leaving=position.leaving | {owner: Leaving(row.no, left.former)})
                told = flavor is not Flavor.DYNAMIC and not is_gone(row) and await offered(row)
                if told and self._was_seen(row, left.former) and not await self._has(viewer, row):
                    yield Item(row, DELETE), position
            position = replace(position, leaving=_without(position.leaving, owner))
        async for row, seq in self._touched_since(flavor, position):
            after = replace(position, seq=seq, key=str(row.key))
            item = await self._touched_item(viewer, flavor, row, position, offered)
            if item is not None:
                yield item, after

    async def _touched_item(
        self, viewer: Party, flavor: Flavor, row: Stored, position: Position, offered: Offered
    ) -> Item | None:
        if not await self._sees(viewer, row):
            return Item(row, DELETE) if flavor is Flavor.STATIC and self._moved_out(viewer, row) else None
        new = row.no > position.born or self._touched.born_after(row.key, position.seq)
        if is_gone(row) or not self._granted(viewer, row) or not await offered(row):
            return None if new and flavor is not Flavor.DYNAMIC else Item(row, DELETE)
        return Item(row, INSERT if new else UPDATE)

    async def _touched_since(self, flavor: Flavor, position: Position) -> AsyncIterator[tuple[Stored, int]]:
        """Yield what was touched after a position, in the order in which it was touched last."""
        touched = await self._touched.since(flavor, position.seq - 1 if position.key else position.seq)
        if flavor is Flavor.STATIC:  # what is gone is a matter of the description, though only a status said so
            for key, seq in (await self._touched.since(Flavor.DYNAMIC, position.seq)).items():
                row = await self._hub.store.get(key) if key.kind is Kind.EVSE else None
                if row is not None and is_gone(row):
                    touched[key] = max(seq, touched.get(key, 0))
        sites = [key for key in touched if key.kind is Kind.LOCATION]
        for site, inside in zip(sites, await self._hub.store.evses(sites), strict=True):
            for row in inside:
                if flavor is Flavor.STATIC or row.version >= touched[site]:
                    touched[row.key] = max(touched[site], touched.get(row.key, 0))
            del touched[site]
        for seq, key in sorted((seq, key) for key, seq in touched.items()):
            if (seq, str(key)) > (position.seq, position.key):
                row = await self._hub.store.get(key)
                if row is not None:
                    yield row, seq

    def _of(self, owner: str, kind: Kind, after: int) -> AsyncIterator[Stored]:
        """Return what an owner has of a kind, in order."""
        owners = None if owner == _EVERYBODY else frozenset({Key(kind, owner, "").party})
        return every(self._hub.store.page, Query(kind=kind, owners=owners, after=after, limit=_PAGE))

    async def _lives_on(self, viewer: Party, row: Stored) -> bool:
        """Whether another EVSE that a party sees has the id of one that is gone: one replaced it, or it moved."""
        if not isinstance(row.body, Evse):
            return False
        others = await successors(self._hub, row.body)
        return any([await self._has(viewer, one) and await self._published(one) for one in others])

    async def _sees(self, viewer: Party, row: Stored) -> bool:
        return await self._hub.sight.sees(viewer, row)

    async def _has(self, viewer: Party, row: Stored) -> bool:
        return self._granted(viewer, row) and await self._sees(viewer, row)

    async def _published(self, row: Stored) -> bool:
        """Whether a place is for everybody: eMIP has no word for one that is not."""
        location = await self._hub.store.get(Key(Kind.LOCATION, row.key.owner, row.key.id))
        return location is not None and isinstance(location.body, Location) and location.body.publish

    def _moved_out(self, viewer: Party, row: Stored) -> bool:
        """Whether an EVSE was seen as it was before."""
        moved, scope = self._touched.moved(row.key), self._hub.sight.scope(viewer)
        if moved is None or scope is None or not isinstance(row.body, Evse):
            return False
        return scope.sees(Spot.before(row.body, moved))

    def _was_seen(self, row: Stored, former: str) -> bool:
        """Whether an object was among those seen by the selections of this name."""
        names = former.split("+")
        if former != ALL and isinstance(row.body, Token):
            return any(map(row.body.serves, names))
        if former == ALL or not isinstance(row.body, Evse):
            return True
        spot = Spot.of(row.body)
        chosen = (self._hub.book.selections.get(name) for name in names)
        return any(one is not None and spot.is_among(one) for one in chosen)


# -- what somebody was given -------------------------------------------------------------------------------------------


def position_of(heard: Heard, date: datetime) -> Position | None:
    """Return the position that a date stands for, when we gave it: the earliest one where it lost its fraction."""
    wanted = _cut(date)
    for mark in heard.marks:
        if mark.at == wanted:
            return mark.position
    if not wanted.microsecond:
        return next((one.position for one in heard.marks if wanted <= one.at < wanted + _SECOND), None)
    return None


def marked(heard: Heard, now: datetime, position: Position) -> tuple[Heard, datetime]:
    """Return what somebody was given, with one date more, which is like no other."""
    at = _cut(now)
    if heard.marks:
        at = max(at, heard.marks[-1].at + _MILLISECOND)
    return replace(heard, marks=(*heard.marks, Mark(at, position))[-_MARKS:]), at


def _cut(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _turned(position: Position, now: View) -> Position:
    """Note what came into sight and what left it since a position."""
    then, joining, leaving = position.seen, dict(position.joining), dict(position.leaving)
    for owner, name in now.items():
        if then.get(owner, then.get(_EVERYBODY)) != name:
            joining[owner] = 0
    for owner, name in then.items():
        if now.get(owner, now.get(_EVERYBODY)) != name:
            leaving[owner] = Leaving(0, name)
    for owner in joining.keys() - now.keys():
        del joining[owner]
    return replace(position, seen=dict(now), joining=joining, leaving=leaving)


def _without(some: dict[str, _V], name: str) -> dict[str, _V]:
    return {one: value for one, value in some.items() if one != name}
