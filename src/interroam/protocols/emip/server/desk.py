"""What the handlers share: the core, the way to partners, the terms of this node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from interroam.core.hub import Hub
from interroam.model.facts import Receipt, Tellable, Verdict
from interroam.model.ids import PartyId
from interroam.protocols.emip.bridge.atlas import Atlas
from interroam.protocols.emip.bridge.changes import Changes
from interroam.protocols.emip.bridge.elements import Elements
from interroam.protocols.emip.bridge.flows import Flows
from interroam.protocols.emip.bridge.hearing import Hearing
from interroam.protocols.emip.calls import Calls
from interroam.protocols.emip.profiles import switches
from interroam.protocols.emip.pulse import Pulse
from interroam.protocols.emip.rules.codes import ELEMENT_UNKNOWN, Declined

from .call import Call


class Desk:
    """The core as the handlers see it; ``own`` is the party of this node."""

    def __init__(self, hub: Hub, calls: Calls, pulse: Pulse, own: PartyId) -> None:
        self.hub = hub
        self.calls = calls
        self.pulse = pulse
        self.own = own
        self.elements = Elements(hub)
        self.atlas = Atlas(hub)
        self.changes = Changes(hub)
        self.hearing = Hearing(hub, self.changes)
        self.flows = Flows(hub, self.changes)

    def period(self, partner_id: str) -> int:
        """Return how many seconds a partner may be silent: its own, else what holds for all (EMIP-37)."""
        partner = self.hub.book.partners.get(partner_id)
        own = switches(partner).period if partner is not None else 0
        return own or max(1, int(self.hub.deadlines.silence))

    async def tell(self, call: Call, statement: Tellable) -> Receipt:
        """State something in the caller's name; what is unknown here is 10601, the rest is the handler's to say."""
        return self.took(call, await self.hub.tell(call.origin, statement))

    @staticmethod
    def took(call: Call, receipt: Receipt) -> Receipt:
        """Note what became of a statement."""
        call.seq = receipt.seq
        if receipt.finding:
            call.notes.append(receipt.finding)
        if receipt.verdict is Verdict.UNKNOWN:
            raise Declined(ELEMENT_UNKNOWN, "there is no such element here yet")
        if receipt.verdict is Verdict.STALE:
            call.notes.append("older than what is known: not kept")  # EMIP-52
        return receipt


Handler: TypeAlias = Callable[[Desk, Call], Awaitable[Any]]
"""Answers one operation: returns its response, raises Declined, Refused, Unavailable or a SoapFault."""
