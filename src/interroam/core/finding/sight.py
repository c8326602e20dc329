"""What single viewers see of the picture, and what they are told of it, where agreements select EVSEs.

Three faces of one rule (``core.visibility``): the positions of lists, kept up to date from the commits; single
objects; and entries of the journal as their receiver may know them. An EVSE that leaves a selection is told once as
removed, one that enters is told whole. Where nobody selects anything, nothing here runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable

from msgspec.structs import replace

from interroam.core.finding import offers
from interroam.core.finding.lens import Lens
from interroam.core.parties.book import Book
from interroam.core.ports import Clock, Query, Seed, Store
from interroam.core.rules.visibility import ALL, Scope, Spot, sees_row, spots
from interroam.model.agreements import Selection
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import MODULE_OF, Key, Kind, Party, PartyId, Role, evse_key, location_key
from interroam.model.places import Evse
from interroam.model.tariffs import Tariff

_CDR, _TARIFF = Kind.CDR, Kind.TARIFF
_CHARGES = frozenset({Kind.SESSION, Kind.CDR})
_PLACES = frozenset({Kind.LOCATION, Kind.EVSE})


class Sight:
    """Who sees what, as the agreements stand at the moment."""

    def __init__(self, store: Store, book: Book, clock: Clock, held: Container[Key]) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._held = held
        self._lenses: dict[Party, Lens] = {}

    def scope(self, viewer: Party) -> Scope | None:
        """Return which EVSEs a viewer may see; None where it sees all of whomever it sees."""
        routing = self._book.routing
        if not routing.selective:
            return None
        scope = routing.scope(viewer, self._clock.now())
        return scope if scope.partial else None

    async def sees(self, viewer: Party, stored: Stored) -> bool:
        """Whether this viewer may see this object."""
        kind = stored.key.kind
        if kind in _CHARGES:
            return stored.key not in self._held and (
                stored.receiver == viewer
                or (kind is Kind.SESSION and viewer in self._book.routing.smart_charging(stored.agreement))
            )
        shown = self._book.routing.visible(viewer, MODULE_OF[kind], self._clock.now())
        if shown is not None and stored.key.party not in shown:
            return False
        if isinstance(stored.body, Tariff) and viewer.role is not Role.HUB:
            offered = await offers.offered(self._store, stored.body.owner, stored.body.id, viewer.id)
            return offered is not None and offered.key == stored.key
        scope = self.scope(viewer) if kind in _PLACES else None
        return scope is None or await sees(self._store, scope, stored)

    async def told(self, receiver: Party, entry: Entry) -> Entry | None:
        """Return an entry as this receiver may know it; None when it is not told of it."""
        if entry.key.kind is _CDR and entry.key in self._held:
            return None
        if entry.key.kind is _TARIFF and receiver.role is not Role.HUB:
            return await offers.told(self._store, receiver.id, entry)
        if entry.key.kind not in _PLACES or (scope := self.scope(receiver)) is None:
            return entry
        return await told(self._store, scope, entry)

    async def seeded(self, receiver: Party, entry: Entry, seed: Seed) -> Entry | None:
        """Return a part of the picture as it is told, with what has left since the receiver saw other parts of it."""
        if seed.again and not await offers.concerned(self._store, receiver.id, entry, seed.again):
            return None
        if seed.former is None:
            return await self.told(receiver, entry)
        return await amended(self._store, self._book.selections.get, self.scope(receiver) or Scope(None), seed, entry)

    async def selected(self, viewer: Party, query: Query, asked: frozenset[PartyId] | None) -> Query:
        """Restrict a query for locations (of the owners asked for, if any) to those where the viewer sees an EVSE."""
        scope = self.scope(viewer)
        if scope is None:
            return query
        lens = self._lenses.get(viewer)
        if lens is None or lens.scope != scope:
            if lens is not None:
                lens.close()
            lens = self._lenses[viewer] = Lens(self._store, scope)
        whole = scope.whole if asked is None or scope.whole is None else scope.whole & asked
        also = await lens.numbers(asked, gone=query.updated_from is not None)
        return replace(query, owners=whole, also=also)

    async def spots(
        self, cpo: PartyId, location_id: str | None, uids: Collection[str], *, known: bool
    ) -> tuple[Spot, ...]:
        """Return these EVSEs of a location (or all) as agreements select them; nothing where none selects.

        ``known`` says that what is not here is nowhere: then only the location itself can be selected.
        """
        if not self._book.routing.selective or location_id is None:
            return ()
        if uids:
            rows = [row for uid in uids if (row := await self._store.get(evse_key(cpo, location_id, uid))) is not None]
        else:
            (rows,) = await self._store.evses([location_key(cpo, location_id)])
        found = tuple(spots(row.body for row in rows if not row.withdrawn))
        return found or ((Spot(cpo, location_id, ""),) if known else ())


async def sees(store: Store, scope: Scope, row: Stored) -> bool:
    """Whether a scope shows an object of a place: an EVSE, or a location at which it shows one."""
    if scope.of(row.key.party) is None:
        return True
    if row.key.kind is Kind.EVSE:
        return sees_row(scope, row)
    (inside,) = await store.evses([row.key])
    return any(not one.withdrawn and sees_row(scope, one) for one in inside)


async def told(store: Store, scope: Scope, entry: Entry) -> Entry | None:
    """Return an entry of a place as somebody may know it who sees this; None when there is nothing to say."""
    if scope.of(entry.key.party) is None:
        return entry
    return await (_told_evse if entry.key.kind is Kind.EVSE else _told_location)(store, scope, entry)


async def _told_evse(store: Store, scope: Scope, entry: Entry) -> Entry | None:
    row = await store.get(entry.key)
    if row is None or not isinstance(row.body, Evse):
        return None
    left = _was_seen(scope, entry, row.body)
    if not scope.sees(Spot.of(row.body)):
        return replace(entry, act=Act.WITHDRAWAL, fields=frozenset(), body=None, wire=None) if left else None
    if left or not (entry.moved or entry.created):
        return entry
    # It enters. Where nothing was seen before, its location is news as well.
    site = location_key(row.body.owner, row.body.location_id)
    (inside,) = await store.evses([site])
    others = [one for one in inside if one.key != entry.key and not one.withdrawn and sees_row(scope, one)]
    place = None if others else await store.get(site)
    whole = row if place is None else place
    return replace(
        entry, act=Act.FACT, key=whole.key, no=whole.no, hub_id=whole.hub_id, fields=frozenset(), body=whole.body,
        wire=None, created=True,
    )  # fmt: skip


async def _told_location(store: Store, scope: Scope, entry: Entry) -> Entry | None:
    (inside,) = await store.evses([entry.key])
    rows = {row.key.sub: row.body for row in inside if isinstance(row.body, Evse)}
    if entry.act is Act.WITHDRAWAL:
        return entry if any(map(scope.sees, spots(rows.values()))) else None
    gone = [uid for uid in entry.removed if uid.casefold() in rows and scope.sees(Spot.of(rows[uid.casefold()]))]
    for moved in entry.moved:
        evse = rows.get(moved.uid.casefold())
        if evse is not None and _was_seen(scope, entry, evse) and not scope.sees(Spot.of(evse)):
            gone.append(evse.uid)
    here = [row for row in inside if not row.withdrawn and sees_row(scope, row)]
    if not here and not gone:
        return None
    if not here:  # its last EVSE has left: what is said of the location itself is nobody's business here any more
        return replace(entry, act=Act.WITHDRAWAL, body=None, wire=None, removed=tuple(gone), fields=frozenset())
    parts = entry.parts
    known = any(
        not parts.get(row.key.sub, False) and (_was_seen(scope, entry, row.body) or not _has_moved(entry, row.body))
        for row in here
        if isinstance(row.body, Evse)
    )  # else the receiver has never heard of the place
    return replace(entry, removed=tuple(gone), wire=None, moved=(), created=entry.created or not known)


def _has_moved(entry: Entry, evse: Evse) -> bool:
    return any(one.uid.casefold() == evse.uid.casefold() for one in entry.moved)


def _was_seen(scope: Scope, entry: Entry, evse: Evse) -> bool:
    """Whether an EVSE was seen until this entry moved it."""
    moved = next((one for one in entry.moved if one.uid.casefold() == evse.uid.casefold()), None)
    return moved is not None and scope.sees(Spot.before(evse, moved))


# -- after an amendment ------------------------------------------------------------------------------------------------


async def amended(
    store: Store, selections: Callable[[str], Selection | None], scope: Scope, seed: Seed, entry: Entry
) -> Entry | None:
    """Return a location as told while a scope takes the place of a former one: with the EVSEs that have left."""
    former = _former(selections, seed.former or ALL, entry.key.party)
    (inside,) = await store.evses([entry.key])
    evses = [row.body for row in inside if not row.withdrawn and isinstance(row.body, Evse)]
    gone = tuple(
        one.uid for one in evses if former.sees(Spot.of(one)) and not scope.sees(Spot.of(one)) and not one.removed
    )
    if scope.of(entry.key.party) is None or any(map(scope.sees, spots(evses))):
        return replace(entry, removed=gone)
    return replace(entry, act=Act.WITHDRAWAL, body=None, removed=gone) if gone else None


def _former(selections: Callable[[str], Selection | None], name: str, owner: PartyId) -> Scope:
    if name == ALL:
        return Scope(None)
    found = [one for part in name.split("+") if (one := selections(part)) is not None]
    return Scope(parts={owner: tuple(("", one) for one in found)})


def removed_keys(entry: Entry) -> Iterable[Key]:
    """Return the keys of the EVSEs that an entry of a location says are gone."""
    return (evse_key(entry.key.party, entry.key.id, uid) for uid in entry.removed)
