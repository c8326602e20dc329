"""How parties stand: those connected here, as their partners do, and those behind a hub, as that hub tells us.

A partner is shown the parties it roams with, in the state that holds for it: PLANNED while their agreement has not
begun, SUSPENDED when it has ended or when nobody speaks for the party any more: no party is ever just left out again
(OCPI-174).
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.parties.book import Book
from interroam.core.ports import Clock, Store
from interroam.core.rules.routing import Routing
from interroam.model.agreements import Agreement
from interroam.model.ids import Party, Role
from interroam.model.parties import Partner, PartnerState, Standing

_CONNECTED = PartnerState.CONNECTED
STANDINGS = "standing"
_BEST_FIRST = (PartnerState.CONNECTED, PartnerState.OFFLINE, PartnerState.PLANNED, PartnerState.SUSPENDED)


class Standings:
    """All parties we know the state of, in the order we first heard of them."""

    def __init__(self, store: Store, book: Book, clock: Clock) -> None:
        self._standings = Documents(store, STANDINGS, Standing)
        self._book = book
        self._clock = clock
        self._known: dict[Party, Standing] = {}
        self._numbered = 0
        self._indexed: Routing | None = None
        self._index: dict[Party, list[Agreement]] = {}

    async def load(self) -> None:
        """Read what is known."""
        rows = (await self._standings.all()).values()
        self._known = {row.party: row for row in sorted(rows, key=lambda row: row.no)}
        self._numbered = max((row.no for row in rows), default=0)

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

    def away(self, party: Party, partner: str) -> Standing | None:
        """Return the standing of a party that this partner, its hub, shows as not connected (OCPI-215)."""
        known = self._known.get(party)
        if known is None or known.state is _CONNECTED or known.by != partner:
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
        states |= dict.fromkeys(states.keys() & self._book.suspended, PartnerState.SUSPENDED)
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
        self._numbered += known is None
        standing = Standing(
            no=known.no if known is not None else self._numbered, party=party, state=state, at=at, by=by
        )
        self._known[party] = standing
        await self._standings.save(str(party), standing)

    # -- what a partner may see ------------------------------------------------------------------------------------

    def shown_to(self, viewer: Partner) -> list[Standing]:
        """Return how the parties stand that this partner roams with, oldest first."""
        now = self._clock.now()
        found: dict[Party, Standing] = {}
        for own in viewer.parties:
            for agreement in self._agreements(own):
                for party in agreement.cpos if own == agreement.emsp else (agreement.emsp,):
                    known = self._known.get(party)
                    if known is not None and not known.by and party not in viewer.parties:
                        seen = _under(agreement, known, now)
                        found[party] = min((found.get(party, seen), seen), key=lambda one: _BEST_FIRST.index(one.state))
        return sorted(found.values(), key=lambda one: one.no)

    def _agreements(self, party: Party) -> list[Agreement]:
        """Return the agreements of a party; they are sorted anew whenever one of them changed."""
        routing = self._book.routing
        if self._indexed is not routing:
            self._indexed, self._index = routing, {}
            for agreement in routing.agreements:
                for one in (agreement.emsp, *agreement.cpos):
                    self._index.setdefault(one, []).append(agreement)
        return self._index.get(party, [])


def _under(agreement: Agreement, known: Standing, now: datetime) -> Standing:
    """Return how a party stands for the other side of an agreement."""
    if agreement.starts > now:
        return replace(known, state=PartnerState.PLANNED)
    if agreement.ends is not None and agreement.ends <= now:
        return replace(known, state=PartnerState.SUSPENDED, at=max(known.at, agreement.ends))
    return replace(known, at=max(known.at, agreement.starts))
