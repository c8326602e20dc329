"""One partner as it is wired now, and how it is spoken to: the header, the call, what is on for it."""

from __future__ import annotations

from typing import Any, Protocol

from interroam.core.hub import Hub
from interroam.model.facts import Entry
from interroam.model.ids import Party, PartyId
from interroam.model.parties import Partner
from interroam.protocols.emip.calls import NOTHING, About, Called, Calls, header, transaction_of
from interroam.protocols.emip.profiles import Switches, switches
from interroam.protocols.emip.wire.operations import operation_of
from interroam.protocols.emip.wire.types import ToIop
from interroam.protocols.emip.wiring import wiring_of


class Pushes(Protocol):
    """Pushes what changed of places, by the flows that eMSPs have switched on."""

    async def deliver(self, peer: Peer, entry: Entry, to: Party) -> None:
        """Push until the eMSP has acknowledged this entry; Refused or Unavailable."""
        ...

    async def tick(self, peer: Peer) -> None:
        """Push what no courier speaks of."""
        ...


class Peer:
    """A partner; ``own`` is the party of this node."""

    def __init__(self, partner: Partner, hub: Hub, calls: Calls, own: PartyId, pusher: Pushes | None = None) -> None:
        self.partner = partner
        self.pusher = pusher
        self.hub = hub
        self.calls = calls
        self.own = own

    @property
    def switches(self) -> Switches:
        """What holds for the partner."""
        return switches(self.partner)

    @property
    def has_address(self) -> bool:
        """Whether anybody said where it is called."""
        return bool(wiring_of(self.partner).url)

    def serves(self, form: type[ToIop], operator: PartyId | None = None) -> bool:
        """Whether the operation of this request is on for the partner, or for this operator of it."""
        return self.switches.serves(operation_of(form), operator)

    def header(self, operator: PartyId, target: PartyId | None = None) -> dict[str, Any]:
        """Return the header of a message from an operator, but for its transactionId."""
        return header(self.partner, self.own, operator, target)

    async def send(self, entry: Entry, message: ToIop, to: Party, about: About = NOTHING, part: object = "") -> Any:
        """Deliver an entry by a message, with the transactionId it always has; Refused or Unavailable (EMIP-133)."""
        transaction = transaction_of(entry, operation_of(type(message)), f"{to}:{part}")
        told = About(
            correlation=about.correlation or entry.correlation,
            ids=(*about.ids, entry.hub_id),
            seq=entry.seq,
            kept=about.kept,
            subject=about.subject or entry.subject,
            note=about.note,
        )
        return (await self.call(message, transaction, told)).check()

    async def call(
        self, message: ToIop, transaction: str = "", about: About = NOTHING, within: float | None = None
    ) -> Called:
        """Call, and tell what came back apart; a transactionId is made where none is given."""
        return await self.calls.call(self.partner, message, within=within, about=about, transaction=transaction)
