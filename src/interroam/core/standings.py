"""How parties stand: those connected here, as their partners do, and those behind a hub, as that hub tells us.

A partner is shown the parties it roams with, in the state that holds for it: PLANNED while their agreement has not
begun, SUSPENDED when it has ended or when nobody speaks for the party any more: no party is ever just left out again
(OCPI-174).
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from interroam.core.book import Book
from interroam.core.ports import Clock, Standing, Store
from interroam.model.agreements import Agreement
from interroam.model.ids import Party, Role
from interroam.model.parties import Partner, PartnerState

STANDINGS = "standing"
_BEST_FIRST = (PartnerState.CONNECTED, PartnerState.OFFLINE, PartnerState.PLANNED, PartnerState.SUSPENDED)


class Standings:
    """All parties we know the state of, in the order we first heard of them."""

    def __init__(self, store: Store, book: Book, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._known: dict[Party, Standing] = {}

    async def load(self) -> None:
        """Read what is known."""
        rows = [msgspec.msgpack.decode(body, type=Standing) for _, body in await self._store.all(STANDINGS)]
        self._known = {row.party: row for row in sorted(rows, key=lambda row: row.no)}

    def of(self, party: Party) -> Standing | None:
        """Return how a party stands."""
        return self._known.get(party)

    # -- what hubs tell us -----------------------------------------------------------------------------------------

    async def told(self, by: str, party: Party, state: PartnerState, at: datetime) -> bool:
        """Note what a hub says of a party; false when it said something newer before."""
        known = self._known.get(party)
        if known is not None and known.by == by and at < known.at:
            return False
        await self._put(party, state, at, by)
        return True

    def away(self, party: Party) -> Standing | None:
        """Return the standing of a party that its hub shows as not connected: nothing is sent to it (OCPI-215)."""
        known = self._known.get(party)
        if (
            known is None
            or not known.by
            or known.state is PartnerState.CONNECTED
            or known.by not in self._book.partners
        ):
            return None
        return known

    # -- what we know ourselves ------------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Note how the parties of our own partners stand now."""
        now = self._clock.now()
        states = self._connected() | self._vanished()
        for party, state in states.items():
            known = self._known.get(party)
            if known is None or known.by or known.state is not state:
                await self._put(party, state, now, "")

    def _connected(self) -> dict[Party, PartnerState]:
        """The parties that somebody speaks for here, and those only named in an agreement so far."""
        states: dict[Party, PartnerState] = {}
        for partner in self._book.partners.values():
            for party in partner.parties:
                others = (states.get(party, partner.state), partner.state)
                states[party] = min(others, key=_BEST_FIRST.index)
        for agreement in self._book.routing.agreements:
            for party in (agreement.emsp, *agreement.cpos):
                if party not in self._known:
                    states.setdefault(party, PartnerState.PLANNED)
        return {party: state for party, state in states.items() if party.role is not Role.HUB}

    def _vanished(self) -> dict[Party, PartnerState]:
        """The parties that nobody speaks for any more."""
        return {
            party: PartnerState.SUSPENDED
            for party, known in self._known.items()
            if not (known.by or known.state is PartnerState.PLANNED or self._book.routing.has(party))
        }

    async def _put(self, party: Party, state: PartnerState, at: datetime, by: str) -> None:
        known = self._known.get(party)
        no = known.no if known is not None else 1 + max((one.no for one in self._known.values()), default=0)
        standing = Standing(no=no, party=party, state=state, at=at, by=by)
        self._known[party] = standing
        await self._store.save(STANDINGS, str(party), msgspec.msgpack.encode(standing))

    # -- what a partner may see ------------------------------------------------------------------------------------

    def shown_to(self, viewer: Partner) -> list[Standing]:
        """Return how the parties stand that this partner roams with, oldest first."""
        now = self._clock.now()
        own = set(viewer.parties)
        found: dict[Party, Standing] = {}
        for agreement in self._book.routing.agreements:
            for party in _others(agreement, own):
                known = self._known.get(party)
                if known is not None and not known.by and party not in own:
                    seen = _under(agreement, known, now)
                    other = found.get(party, seen)
                    found[party] = min((other, seen), key=lambda one: _BEST_FIRST.index(one.state))
        return sorted(found.values(), key=lambda one: one.no)


def _others(agreement: Agreement, own: set[Party]) -> tuple[Party, ...]:
    """Return the other side of an agreement."""
    others: tuple[Party, ...] = agreement.cpos if agreement.emsp in own else ()
    return (*others, agreement.emsp) if own.intersection(agreement.cpos) else others


def _under(agreement: Agreement, known: Standing, now: datetime) -> Standing:
    """Return how a party stands for the other side of an agreement."""
    if agreement.starts > now:
        return replace(known, state=PartnerState.PLANNED)
    if agreement.ends is not None and agreement.ends <= now:
        return replace(known, state=PartnerState.SUSPENDED, at=max(known.at, agreement.ends))
    return replace(known, at=max(known.at, agreement.starts))
