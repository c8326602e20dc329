"""How objects look to a partner of 2.1.1: as they look to one of 2.2.1 in its place, then lowered.

What 2.1.1 cannot be told is left out of lists and raises ``Unsaid`` where it is asked for alone. One instance serves
one delivery or one request: what its conversions cost is gathered in ``losses``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Body, Entry, Stored
from interroam.model.ids import Kind, Module, Party, PartyId, location_key
from interroam.model.places import Availability, Evse, Location
from interroam.model.traits import NONE, Trait
from interroam.protocols.ocpi import v211
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.v211 import Down, Lowered, Names, Noted
from interroam.protocols.ocpi.views import Looks, View

from .naming import HubNames, long_id

AS_STORED = View()
_BEGAN = "ocpi_began"
"""Where sessions began: 2.1.1 is told of the place with every update, and of none by its id alone."""
_OVER = frozenset({"COMPLETED", "INVALID"})
_WHOLE: dict[Kind, Callable[[bytes, Down], Lowered]] = {
    Kind.LOCATION: v211.lower_location,
    Kind.TARIFF: v211.lower_tariff,
    Kind.TOKEN: v211.lower_token,
    Kind.SESSION: v211.lower_session,
    Kind.CDR: v211.lower_cdr,
}


class Unsaid(Refused):
    """A 2.1.1 partner cannot be told, or must not be."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(Reason.UNKNOWN_OBJECT, f"{what} is not shown in OCPI 2.1.1: {why}")


class OldViews:
    """Renders objects for one 2.1.1 partner."""

    def __init__(self, views: Looks, hub: Hub, viewer: Party, switches: Switches) -> None:
        self._views = views
        self._hub = hub
        self._viewer = viewer
        self._switches = switches
        self.losses: list[Noted] = []
        self.since: datetime | None = None
        """From when on changes are listed: then places where only statuses changed are left out (OCPI-86)."""

    def hidden(self, kind: Kind) -> frozenset[Trait]:
        """Return what is in no list for this partner: places not published (OCPI-80), CDRs it has not agreed to."""
        if kind is Kind.LOCATION:
            return frozenset({Trait.UNPUBLISHED})
        if kind is not Kind.CDR:
            return NONE
        taken = {Trait.CREDIT: self._switches.credits, Trait.HOME_CHARGING: self._switches.home_charging}
        return frozenset(trait for trait, takes in taken.items() if not takes)

    def view(self, viewer: Party, owner: str, switches: Switches, *, removed: bool = True) -> View:
        """Return how this viewer looks at objects of an owner (as in a key)."""
        return self._views.view(viewer, owner, switches, removed=removed)

    @property
    def note(self) -> str:
        """What was lost so far, for the trace."""
        return v211.brief(self.losses)

    # -- lists and single objects ----------------------------------------------------------------------------------

    async def render(
        self, items: Sequence[Stored], viewer: Party, switches: Switches, *, removed: bool = True
    ) -> list[bytes]:
        """Return whole objects, in order; those that 2.1.1 cannot be told are left out (OCPI-80)."""
        shown = await self._views.render(items, viewer, switches, removed=removed)
        lowered = []
        for item, raw in zip(items, shown, strict=True):
            if item.key.kind is Kind.LOCATION and await self.status_alone(item):
                continue
            view = self.view(viewer, item.key.owner, switches)
            try:
                lowered.append(await self._whole(raw, item, view))
            except Refused as no:  # a charge whose place is not known, or what must not be said
                self._leave_out(no)
        return lowered

    def _leave_out(self, no: Refused) -> None:
        self.losses.append(Noted(no.message, v211.Loss.LOST, ""))

    async def one(self, stored: Stored, view: View, evses: Sequence[Stored] | None = None) -> bytes:
        """Return one whole object; a location with its EVSEs, those known here where none are given."""
        return await self._whole(await self._views.one(stored, view, evses), stored, view)

    # -- entries ---------------------------------------------------------------------------------------------------

    async def stated(self, entry: Entry, view: View) -> bytes | None:
        """Return a fact as its owner stated it, lowered."""
        raw = await self._views.stated(entry, view)
        return None if raw is None else await self._whole(raw, entry, view)

    async def patch(self, entry: Entry, stored: Stored, view: View) -> bytes | None:
        """Return a change, lowered; None when 2.1.1 has to be given the whole object."""
        kind, body = entry.key.kind, stored.body
        if kind is Kind.LOCATION and "publish" in entry.fields:
            return None  # shown from now on, or no more: never said in a field (OCPI-81)
        raw = await self._views.patch(entry, stored, view)
        if raw is None:
            return None
        convert: Callable[[Down], Lowered]
        match body:
            case Location():
                await self._insist_published(body.owner, body.id)
                convert = partial(_patch_location, raw, body.id)
            case Evse():
                await self._insist_published(body.owner, body.location_id)
                convert = partial(_patch_evse, raw, body.location_id, body.uid)
            case Session():
                convert = partial(_patch_session, raw, body.id)
            case _ if kind is Kind.TOKEN:
                convert = partial(v211.lower_token_patch, raw)
            case _:
                return None
        made = await self._lowered(convert, stored.key.party, await self._down(body, stored.agreement, view), view)
        if made is None and kind is Kind.SESSION:
            return None
        return _said(made, str(entry.key), "nothing of the change")

    # -- one conversion --------------------------------------------------------------------------------------------

    async def _whole(self, raw: bytes, found: Stored | Entry, view: View) -> bytes:
        body = found.body
        if body is None:  # only facts have come this far
            raise TypeError(found.key)
        convert: Callable[[Down], Lowered]
        if isinstance(body, Evse):
            if self._foreign(found.key.party, view):
                await self._insist_published(body.owner, body.location_id)
            convert = partial(_evse, raw, body.location_id)
        else:
            convert = partial(_WHOLE[found.key.kind], raw)
        down = await self._down(body, found.agreement, view)
        made = await self._lowered(convert, found.key.party, down, view)
        return _said(made, str(found.key), "not published, not in force, or without a word for it")

    async def _lowered(
        self, convert: Callable[[Down], Lowered], owner: PartyId, down: Down, view: View
    ) -> bytes | None:
        """Convert twice where ids or tariffs must be looked up: first to learn which."""
        if not self._foreign(owner, view):
            return self._noted(await self._own(convert, down))
        names, asked = Names(), set[tuple[str, ...]]()

        def first(tariff_ids: Sequence[str]) -> str | None:
            asked.add(tuple(tariff_ids))
            return tariff_ids[0] if tariff_ids else None

        made = convert(replace(down, names=names, tariff_in_force=first))
        hub_names = HubNames(self._hub, owner, self._viewer.id)
        wanted = names.asked if view.rewrites else set()
        if not wanted and not asked:
            return self._noted(made)
        in_force = {ids: await hub_names.in_force(ids) for ids in asked}
        wanted |= {("tariff", (one,)) for one in in_force.values() if one is not None and view.rewrites}
        known = await hub_names.of(wanted)
        return self._noted(convert(replace(down, names=known, tariff_in_force=lambda ids: in_force.get(tuple(ids)))))

    async def _own(self, convert: Callable[[Down], Lowered], down: Down) -> Lowered:
        """Convert what its owner reads back: under its own ids, also those that were too long (OCPI-60)."""
        names = Names()
        made = convert(replace(down, names=names))
        known = {each: await long_id(self._hub.store, each[1][-1]) for each in names.asked}
        if all(each[1][-1] == name for each, name in known.items()):
            return made
        return convert(replace(down, names=Names(known)))

    def _noted(self, made: Lowered) -> bytes | None:
        self.losses += made.losses
        return made.data

    def _foreign(self, owner: PartyId, view: View) -> bool:
        """Whether somebody else's object is shown; an owner reads back what it stated."""
        return view.rewrites or owner != self._viewer.id

    async def _down(self, body: Body, agreement_id: str, view: View) -> Down:
        own = self._switches
        down = Down(
            operator_ids=view.rewrites,
            owner=getattr(body, "owner", None),
            text=own.text,
            at=self._hub.clock.now(),
            extensions=own.tariff_extensions,
        )
        if isinstance(body, Session | Cdr):
            down = replace(down, place=await self._place(body))
        if isinstance(body, Cdr):
            agreement = self._hub.book.agreements.get(agreement_id)
            signed = agreement is not None and agreement.of(Module.CDRS).signed
            down = replace(down, signed_data=signed, credits=own.credits, home_charging=own.home_charging)
            down = replace(down, costs="hub" if body.cleared else "unknown" if priceless(body) else "owner")
        return down

    async def _place(self, body: Session | Cdr) -> bytes | None:
        """Return the place of a charge: of a session as it was when that was shown first (sheet 4.3).

        A CDR says itself where it was; what its plug is like is best known now.
        """
        store, where = self._hub.store, (body.location_id, body.evse_uid, body.connector_id)
        session_id = body.id if isinstance(body, Session) else body.session_id or ""
        name = f"{body.owner}/{session_id}".casefold()
        kept = await store.load(_BEGAN, name) if session_id else None
        if kept is not None and isinstance(body, Session) and v211.alone(kept, *where) is not None:
            return kept
        stored = await store.get(location_key(body.owner, body.location_id))
        place = await self._views.one(stored, AS_STORED) if stored is not None else None
        began = v211.alone(place, *where) if place is not None else None
        if began is None:
            return kept or place
        if isinstance(body, Session) and body.status not in _OVER:
            await store.save(_BEGAN, name, began)
        return place

    async def status_alone(self, place: Stored) -> bool:
        """Whether no more than statuses of a place changed in the time that is asked about."""
        since = self.since
        if since is None:
            return False
        (evses,) = await self._hub.store.evses([place.key])
        # A location that is said again keeps the time of its last change in its body.
        said = place.body.last_updated if isinstance(place.body, Location) and not place.withdrawn else place.updated
        return said < since and not any(_changed(row, since) for row in evses)

    async def _insist_published(self, owner: PartyId, location_id: str) -> None:
        """Refuse what belongs to a place that is not published (OCPI-80)."""
        stored = await self._hub.store.get(location_key(owner, location_id))
        if stored is not None and isinstance(stored.body, Location) and not stored.body.publish:
            raise Unsaid(str(stored.key), "it is not published")


def priceless(cdr: Cdr) -> bool:
    """Whether the total of a CDR means nothing: energy was delivered, and neither price nor tariff is said."""
    return not cdr.total_cost.excl_vat and not cdr.tariff_ids and bool(cdr.total_energy_kwh) and not cdr.credit


def _changed(row: Stored, since: datetime) -> bool:
    """Whether more than the status of an EVSE changed; one that is planned or gone is no matter of status (C9)."""
    evse = row.body
    if not isinstance(evse, Evse) or row.updated < since:
        return False
    gone = evse.status.availability in (Availability.REMOVED, Availability.PLANNED)
    return row.withdrawn or gone or (evse.changed_at or evse.rest_at or evse.last_updated) >= since


def _evse(raw: bytes, location_id: str, down: Down) -> Lowered:
    return v211.lower_evse(raw, down, location_id)


def _patch_location(raw: bytes, location_id: str, down: Down) -> Lowered:
    return v211.lower_location_patch(raw, down, location_id)


def _patch_evse(raw: bytes, location_id: str, uid: str, down: Down) -> Lowered:
    return v211.lower_evse_patch(raw, down, location_id, uid)


def _patch_session(raw: bytes, session_id: str, down: Down) -> Lowered:
    return v211.lower_session_patch(raw, down, session_id)


def _said(made: bytes | None, what: str, why: str) -> bytes:
    if made is None:
        raise Unsaid(what, why)
    return made
