"""Objects of the picture as receivers see them; whole locations are remembered until something in them changes.

Saying again what is known is no change for receivers; who lists or looks sees the newer time all the same (OCPI-38).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TypeGuard

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.rules.visibility import sees_row
from interroam.model.charges import Cdr, Session
from interroam.model.facts import Body, Entry, Stored
from interroam.model.ids import Key, Kind, Party, Role, evse_key, location_key, session_key, tariff_key
from interroam.model.places import Connector, Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token
from interroam.model.traits import NONE, Trait
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.translate.charges import session_shape, with_costs, write_cdr
from interroam.protocols.ocpi.translate.places import write_evse, write_location
from interroam.protocols.ocpi.translate.rows import STATUS, is_ours
from interroam.protocols.ocpi.translate.tariffs import write_tariff
from interroam.protocols.ocpi.translate.tokens import write_token
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.raw import join_location, set_fields, text

from .dress import Names, View, dressed, dressed_patch, moment, owners_fields, status_patch, time_field, timed

_LOCATION, _TOKEN = Kind.LOCATION, Kind.TOKEN
MOST_BYTES = 256 * 2**20
_OVERHEAD = 300
_VIEWS = 16
_PLACES = frozenset({Kind.LOCATION, Kind.EVSE})


class _Drawn(msgspec.Struct, frozen=True, gc=False):
    version: int
    updated: datetime
    place: tuple[str, str]
    data: bytes


class Views:
    """Renders stored objects and entries for receivers."""

    def __init__(self, hub: Hub, most_bytes: int = MOST_BYTES) -> None:
        self._hub = hub
        self._most = most_bytes
        self._drawn: OrderedDict[int, _Drawn] = OrderedDict()  # a dict looks for its first through all that have gone
        self._bytes = 0
        # A location that is remembered, or being drawn: whoever draws may keep it only while its mark is here.
        self._marks: dict[tuple[str, str], tuple[int, object]] = {}
        self._unsubscribe = hub.store.subscribe(self._changed)
        self._overhear = hub.store.said_again(lambda key: self._forget((key.owner, key.id)))
        hub.forgetting.append(_token.cache_clear)

    def close(self) -> None:
        """Follow the journal no more."""
        self._unsubscribe()
        self._overhear()

    def hidden(self, kind: Kind) -> frozenset[Trait]:  # noqa: ARG002  of whatever kind
        """Return nothing: 2.2.1 can be told all there is."""
        return NONE

    def view(self, viewer: Party, owner: str, switches: Switches, *, removed: bool = True) -> View:
        """Return how this viewer looks at objects of an owner (as in a key)."""
        rewrites = self._hub.is_hub and own_key(viewer) != owner
        addressed = viewer.role is Role.HUB or own_key(viewer) == owner
        known_only, hub_reference = switches.known_fields_only, rewrites and switches.send_hub_reference
        view = _view(rewrites, hub_reference, known_only, removed, None, addressed)
        scope = self._hub.sight.scope(viewer)
        return view if scope is None else replace(view, sees=scope)

    # -- lists -----------------------------------------------------------------------------------------------------

    async def render(
        self, items: Sequence[Stored], viewer: Party, switches: Switches, *, removed: bool = True
    ) -> list[bytes]:
        """Return whole objects as this viewer sees them, in order; all of one kind."""
        own = own_key(viewer)
        others = self.view(viewer, "", switches, removed=removed)
        mine = self.view(viewer, own, switches, removed=removed)
        if not items or items[0].key.kind is not _LOCATION or others.sees is not None:
            return [await self.one(item, mine if item.key.owner == own else others) for item in items]
        found: list[bytes | None] = []
        missing: list[int] = []
        drawn, numbers = self._drawn, (others.number, mine.number)
        for place, item in enumerate(items):
            known = drawn.get(item.no * _VIEWS + numbers[item.key.owner == own])
            if known is not None and known.version == item.version and known.updated == item.updated:
                found.append(known.data)
            else:
                found.append(None)
                missing.append(place)
        if missing:
            await self._draw(items, missing, found, (others, mine), own)
        return found  # type: ignore[return-value]  # every gap is filled

    async def _draw(
        self,
        items: Sequence[Stored],
        missing: Sequence[int],
        found: list[bytes | None],
        views: tuple[View, View],
        own: str,
    ) -> None:
        marks: list[tuple[int, object]] = []
        for place in missing:
            item = items[place]
            mark = (item.no, object())
            marks.append(mark)
            self._marks[item.key.owner, item.key.id] = mark
        rows = await self._hub.store.evses([items[place].key for place in missing])
        for place, mark, evses in zip(missing, marks, rows, strict=True):
            item = items[place]
            view = views[item.key.owner == own]
            data = found[place] = _location(item, evses, view)
            self._keep(item, view, mark, data)

    def _keep(self, item: Stored, view: View, mark: tuple[int, object], data: bytes) -> None:
        spot = (item.key.owner, item.key.id)
        if self._marks.get(spot) is not mark:  # something changed meanwhile, or somebody else draws it too
            return
        number = item.no * _VIEWS + view.number
        old = self._drawn.pop(number, None)
        if old is not None:
            self._bytes -= len(old.data) + _OVERHEAD
        self._drawn[number] = _Drawn(item.version, item.updated, spot, data)
        self._bytes += len(data) + _OVERHEAD
        while self._bytes > self._most:
            self._forget(next(iter(self._drawn.values())).place)

    def _changed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.key.kind in _PLACES:
                self._forget((entry.key.owner, entry.key.id))

    def _forget(self, spot: tuple[str, str]) -> None:
        mark = self._marks.pop(spot, None)
        if mark is not None:
            for number in range(mark[0] * _VIEWS, (mark[0] + 1) * _VIEWS):
                old = self._drawn.pop(number, None)
                if old is not None:
                    self._bytes -= len(old.data) + _OVERHEAD

    # -- single objects --------------------------------------------------------------------------------------------

    async def one(self, stored: Stored, view: View, evses: Sequence[Stored] | None = None) -> bytes:
        """Return one whole object; a location with its EVSEs, those known here where none are given."""
        if stored.key.kind is _LOCATION:
            if evses is None:
                (evses,) = await self._hub.store.evses([stored.key])
            return _location(stored, evses, view)
        if stored.key.kind is _TOKEN and stored.withdrawn:  # which OCPI calls invalid (OCPI-200)
            row = set_fields(await self._row(stored), {"valid": b"false"})
            return _token(row, stored.updated, known_only=view.known_only)
        if stored.key.kind is _TOKEN and is_ours(stored.wire):
            return _token(stored.wire.data, stored.updated, known_only=view.known_only)  # asked about again and again
        also = time_field(stored.updated)
        if view.addressed:
            also |= owners_fields(stored.body)
        names = await self.names(stored.body, stored.hub_id, view)
        return dressed(stored.key.kind, await self._row(stored), view, names, also)

    async def stated(self, entry: Entry, view: View) -> bytes | None:
        """Return a fact as its owner stated it; None when it was not stated in this room's spelling."""
        if (
            entry.body is None
            or not is_ours(entry.wire)
            or _is_priced(entry.body)
            or _holds_others(entry.key.kind, view)
        ):
            return None
        names = await self.names(entry.body, entry.hub_id, view)
        return dressed(entry.key.kind, entry.wire.data, view, names)

    async def patch(self, entry: Entry, stored: Stored, view: View) -> bytes | None:
        """Return a change as its owner stated it; None when it was not stated in this room's spelling.

        The status of an EVSE is one word here, whoever stated which half of it.
        """
        if not is_ours(entry.wire):
            evse = entry.body or stored.body
            return status_patch(evse) if isinstance(evse, Evse) and entry.fields == STATUS else None
        names = await self.names(stored.body, stored.hub_id, view)
        return dressed_patch(entry.key.kind, entry.wire.data, view, names)

    async def names(self, body: Body, hub_id: str, view: View) -> Names:
        """Return under which names the receiver knows an object and what it refers to."""
        if not view.rewrites or not isinstance(body, Session | Cdr):
            return Names(hub_id)
        session_id = None
        if isinstance(body, Cdr) and body.session_id:
            session = await self._hub.store.get(session_key(body.owner, body.session_id))
            session_id = session.hub_id if session is not None else None
        reference = body.authorization_reference
        if reference and not view.hub_reference:
            permission = await self._hub.authorization(reference)
            if permission is not None and permission.emsp_reference:
                reference = permission.emsp_reference
        return Names(hub_id, session_id, reference)

    async def _row(self, stored: Stored) -> bytes:
        if is_ours(stored.wire):
            return with_costs(stored.wire.data, stored.body) if _is_priced(stored.body) else stored.wire.data
        match stored.body:
            case Evse():
                return write_evse(stored.body)
            case Tariff():
                return write_tariff(stored.body)
            case Token():
                return write_token(stored.body)
            case Session():
                return write(session_shape(stored.body))  # with a time, in whose place the right one is put
            case Cdr():
                return await self._cdr(stored.body)
        message = f"{stored.key} has no form in OCPI"
        raise TypeError(message)

    async def _cdr(self, cdr: Cdr) -> bytes:
        """Write a CDR that came in no spelling of ours: its place and tariffs as they were when the charge began."""
        site = cdr.site
        place = site.location if site is not None else await _body(self._hub, location_key(cdr.owner, cdr.location_id))
        plug = site.connector if site is not None else await self._plug(cdr)
        kept = {one.id.casefold(): one for one in site.tariffs} if site is not None else {}
        tariffs = []
        for tariff_id in cdr.tariff_ids:
            known = kept.get(tariff_id.casefold())
            written = timed(write_tariff(known), known.last_updated) if known else await self._tariff(cdr, tariff_id)
            tariffs += [written] if written else []
        return write_cdr(cdr, place if isinstance(place, Location) else None, plug, tariffs)

    async def _plug(self, cdr: Cdr) -> Connector | None:
        evse = await _body(self._hub, evse_key(cdr.owner, cdr.location_id, cdr.evse_uid))
        wanted, plugs = cdr.connector_id.casefold(), evse.connectors if isinstance(evse, Evse) else ()
        return next((each for each in plugs if each.id.casefold() == wanted), None)

    async def _tariff(self, cdr: Cdr, tariff_id: str) -> bytes:
        for target in (cdr.token.owner, None):
            row = await self._hub.store.get(tariff_key(cdr.owner, tariff_id, target))
            if row is not None:
                return timed(await self._row(row), row.updated)
        return b""


@lru_cache(maxsize=4096)
def _token(row: bytes, updated: datetime, *, known_only: bool) -> bytes:
    """Return a token: nothing in it has another name elsewhere, and no selection hides it."""
    return dressed(_TOKEN, timed(row, updated), View(known_only=known_only), Names(""))


@lru_cache(maxsize=4096)
def own_key(party: Party) -> str:
    """Return a party as the owner in keys."""
    return location_key(party.id, "").owner


_view = lru_cache(maxsize=32)(View)


async def _body(hub: Hub, key: Key) -> Body | None:
    stored = await hub.store.get(key)
    return stored.body if stored is not None else None


def _is_priced(body: Body) -> TypeGuard[Session | Cdr]:
    """Whether an object has a cost of ours, of which its owner wrote nothing (OCPI-185)."""
    return isinstance(body, Session | Cdr) and body.cleared


def _holds_others(kind: Kind, view: View) -> bool:
    """Whether a message about an object may speak of EVSEs that are not shown."""
    return kind is _LOCATION and view.sees is not None


def _location(stored: Stored, evses: Sequence[Stored], view: View) -> bytes:
    """Join a location with its EVSEs; it is as young as the youngest of them (OCPI-90)."""
    if is_ours(stored.wire):
        row = stored.wire.data
    elif isinstance(stored.body, Location):
        row = write_location(stored.body)
    else:  # pragma: no cover  a location's row holds a location
        raise TypeError(stored.key)
    shown = []
    updated = stored.updated
    for evse in evses:
        gone = evse.withdrawn
        if not isinstance(evse.body, Evse) or (gone and not view.removed):
            continue
        updated = max(updated, evse.updated)
        if view.sees is not None and not sees_row(view.sees, evse):
            continue
        if view.removed or not evse.body.removed:
            data = evse.wire.data if is_ours(evse.wire) else write_evse(evse.body)
            if gone:  # OCPI deletes no places (OCPI-91)
                data = set_fields(data, {"status": text("REMOVED")})
            shown.append(timed(data, updated if gone and stored.withdrawn else evse.updated))
    return dressed(_LOCATION, join_location(row, shown, moment(updated)), view, Names(stored.hub_id))
