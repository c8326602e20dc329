"""What an eMSP hears of EVSEs: descriptions and statuses, pushed by the platform or fetched from it.

A status keeps its own date: one that is older than what is known changes nothing. What is gone stays known as removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog

from interroam.core.hub import Hub
from interroam.core.rules.verdicts import clamped
from interroam.model.errors import Refused
from interroam.model.facts import Change, Fact, Origin, Stored, Verdict
from interroam.model.ids import Key
from interroam.model.places import Evse
from interroam.protocols.emip.bridge.evses import successors
from interroam.protocols.emip.emsp.sales import known_evse
from interroam.protocols.emip.rules.codes import REMARKS, SUCCESS
from interroam.protocols.emip.server.call import Call
from interroam.protocols.emip.server.desk import Desk
from interroam.protocols.emip.translate.found import read_description
from interroam.protocols.emip.translate.statuses import GONE, availability_change, busy_change
from interroam.protocols.emip.translate.tokens import DELETE
from interroam.protocols.emip.wire import from_iop
from interroam.protocols.emip.wire.types import EvseDescription, EvseDynamicDataChange, EvseStaticDataChange

log = structlog.get_logger()


async def set_static_data_changes(desk: Desk, call: Call) -> from_iop.SetEVSEStaticDataChangesResponse:
    """Take descriptions that changed."""
    call.keep = False
    hearing = Hearing(desk.hub, call.origin)
    for change in call.message.evse_static_data_change_list:
        for fact in await hearing.described(change):
            await hearing.tell(fact)
    call.notes += hearing.findings
    return from_iop.SetEVSEStaticDataChangesResponse(
        transaction_id=call.transaction, request_status=REMARKS if hearing.findings else SUCCESS
    )


async def set_dynamic_data_changes(desk: Desk, call: Call) -> from_iop.SetEVSEDynamicDataChangesResponse:
    """Take statuses that changed."""
    call.keep = False
    hearing = Hearing(desk.hub, call.origin)
    await hearing.stated(call.message.evse_dynamic_data_change_list)
    call.notes += hearing.findings
    return from_iop.SetEVSEDynamicDataChangesResponse(
        transaction_id=call.transaction, request_status=REMARKS if hearing.findings else SUCCESS
    )


class Hearing:
    """Takes what is said of EVSEs, from one who says it; ``findings`` is what was wrong with it."""

    def __init__(self, hub: Hub, origin: Origin) -> None:
        self.findings: list[str] = []
        self._hub = hub
        self._origin = origin

    async def described(self, change: EvseStaticDataChange) -> tuple[Fact, ...]:
        """Return the facts of a description that changed; an EVSE that is gone is told as such at once."""
        # A description bears the dates of statuses: one of the future would outrank all that follow.
        at = clamped(change.change_date_time, self._hub.clock.now())
        if change.action_type == DELETE:
            await self._gone(change.evse_descrip, at)
            return ()
        return await self.found(change.evse_descrip, at)

    async def found(self, said: EvseDescription, at: datetime) -> tuple[Fact, ...]:
        """Return the facts of a description as of a time."""
        known = await self._known(said.evse_id)
        status = known.body.status if known is not None and isinstance(known.body, Evse) else None
        try:
            place, evse = read_description(said, at, status)
        except ValueError as odd:
            self.findings.append(f"{said.evse_id}: {odd}")
            return ()
        await self._moved(evse.body, at)
        return place, evse

    async def _moved(self, evse: object, at: datetime) -> None:
        """Say of an EVSE that it is no more where the platform described it before: it is at one place at a time."""
        for row in await successors(self._hub, evse) if isinstance(evse, Evse) else ():
            if row.origin == self._origin.partner and isinstance(row.body, Evse):
                dates = (at, row.body.status.availability_at, row.body.status.at)
                await self.tell(availability_change(row.key, GONE, max(one for one in dates if one is not None)))

    async def stated(self, changes: Iterable[EvseDynamicDataChange]) -> None:
        """Take statuses, half by half; one of an unknown EVSE is a finding."""
        for change in changes:
            known = await self._known(change.evse_id)
            if known is None:
                self.findings.append(f"{change.evse_id}: nobody described this EVSE")
                continue
            try:
                for half in self._halves(known.key, change):
                    await self.tell(half)
            except ValueError as odd:
                self.findings.append(f"{change.evse_id}: {odd}")

    def _halves(self, key: Key, said: EvseDynamicDataChange) -> Iterable[Change]:
        now = self._hub.clock.now()
        if said.availability_status is not None:
            at = said.availability_status_event_date or now
            yield availability_change(key, said.availability_status, at, said.availability_status_until)
        if said.busy_status is not None:
            yield busy_change(key, said.busy_status, said.busy_status_event_date or now, said.busy_status_until)

    async def _gone(self, said: EvseDescription, at: datetime) -> None:
        known = await self._known(said.evse_id)
        if known is not None:
            await self.tell(availability_change(known.key, GONE, at))

    async def tell(self, statement: Fact | Change) -> None:
        """State it; what may not be stated is a finding."""
        try:
            receipt = await self._hub.tell(self._origin, statement)
        except Refused as no:
            self.findings.append(f"{statement.key}: {no.message}")
            return
        if receipt.verdict is Verdict.UNKNOWN:
            self.findings.append(f"{statement.key}: its location is not known")

    async def _known(self, evse_id: str) -> Stored | None:
        try:
            return await known_evse(self._hub, evse_id)
        except ValueError:
            return None
