"""A statement about one EVSE: most of what comes, so it is done without a task where nothing is waited for."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from interroam.model.facts import Change, Receipt
from interroam.model.ids import Key
from interroam.protocols.emip.rules.codes import SUCCESS
from interroam.protocols.emip.wire.types import Response

from .call import Call
from .desk import Desk


class Stating(Struct, frozen=True):
    """A handler in two halves: what changes, and what is answered once the store says what became of it."""

    change: Callable[[Call, Key], Change]

    async def __call__(self, desk: Desk, call: Call) -> Response:
        """Do both halves."""
        row = await desk.elements.evse(call.operator.id, call.message.evse_id)
        return self.say(desk, call, await desk.hub.tell(call.origin, self.change(call, row.key)))

    def say(self, desk: Desk, call: Call, outcome: Receipt | Exception) -> Response:
        """Answer; raises what the store raised."""
        if isinstance(outcome, Exception):
            raise outcome
        desk.took(call, outcome)
        call.keep = False
        return Response(transaction_id=call.transaction, request_status=SUCCESS)
