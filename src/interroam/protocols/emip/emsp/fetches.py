"""What an eMSP fetches from the platform: descriptions and statuses of EVSEs, and records where none are pushed.

Changes are fetched since the time that the platform's own clock gave with the answer before; of EVSEs the core says
since when, and goes back a little behind its last success. Records are kept in order per session, and those that were
here already are known as such (EMIP-51, EMIP-128).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import structlog

from interroam.core.documents import Documents
from interroam.core.ports import Pulled
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Party, PartyId, Role
from interroam.protocols.emip.calls import About
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.emsp.charges import Taker
from interroam.protocols.emip.emsp.places import Hearing
from interroam.protocols.emip.rules.codes import CDR_KNOWN, SESSION_UNKNOWN, Declined
from interroam.protocols.emip.translate.charges import FINAL
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import ChargeDetailRecord, ToIop

log = structlog.get_logger()

SHELF = "emip.records"
_PAGE = 200
_MOST_PAGES = 10_000


class Polled(msgspec.Struct, frozen=True, omit_defaults=True):
    """When records were last fetched, by our clock; and since when to ask next, by the platform's."""

    at: datetime
    since: datetime | None = None


class Fetches:
    """Fetches from one platform."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._hub = peer.hub
        self._polled = Documents(peer.hub.store, SHELF, Polled)

    # -- EVSEs -----------------------------------------------------------------------------------------------------

    async def places(
        self, since: datetime | None, asker: PartyId, owner: Party, correlation: str
    ) -> AsyncIterator[Pulled]:
        """Fetch descriptions and then statuses that changed since then, or all; page by page."""
        hearing = Hearing(self._hub, Origin(self._peer.partner.id, owner, correlation))
        around = self._around()
        if around is not None:
            facts = await self._searched(hearing, asker, correlation, *around)
            yield Pulled(facts=facts, findings=_taken(hearing))
            return
        async for facts in self._descriptions(hearing, since, asker, correlation):
            yield Pulled(facts=facts, findings=_taken(hearing))
        async for findings in self._statuses(hearing, since, asker, correlation):
            yield Pulled(findings=findings)

    async def _descriptions(
        self, hearing: Hearing, since: datetime | None, asker: PartyId, correlation: str
    ) -> AsyncIterator[tuple[Fact, ...]]:
        for _ in range(_MOST_PAGES):
            asked = to_iop.GetEVSEStaticDataChanges(
                **self._peer.header(asker), last_request_date=since, max_count=_PAGE
            )
            answer: to_iop.GetEVSEStaticDataChangesResponse = await self._ask(asked, correlation)
            facts: list[Fact] = []
            for change in answer.evse_static_data_change_list:
                facts += await hearing.described(change)
            yield tuple(facts)
            if not answer.more_data or answer.current_time == since:
                return
            since = answer.current_time

    async def _statuses(
        self, hearing: Hearing, since: datetime | None, asker: PartyId, correlation: str
    ) -> AsyncIterator[tuple[str, ...]]:
        for _ in range(_MOST_PAGES):
            asked = to_iop.GetEVSEDynamicDataChanges(
                **self._peer.header(asker), last_request_date=since, max_count=_PAGE
            )
            answer: to_iop.GetEVSEDynamicDataChangesResponse = await self._ask(asked, correlation)
            await hearing.stated(answer.evse_dynamic_data_change_list)
            yield _taken(hearing)
            if not answer.more_data or answer.current_time == since:
                return
            since = answer.current_time

    async def _searched(
        self, hearing: Hearing, asker: PartyId, correlation: str, latitude: Decimal, longitude: Decimal, radius: int
    ) -> tuple[Fact, ...]:
        """Return what there is within so many kilometers of a point: 200 EVSEs at most, the nearest first."""
        asked = to_iop.SearchEVSE(
            **self._peer.header(asker),
            latitude=latitude,
            longitude=longitude,
            radius=radius,
            search_algo=1,
            max_count=_PAGE,
        )
        answer: to_iop.SearchEVSEResponse = await self._ask(asked, correlation)
        facts: list[Fact] = []
        for said in answer.evse_descrip:
            facts += await hearing.found(said, self._hub.clock.now())
        return tuple(facts)

    def _around(self) -> tuple[Decimal, Decimal, int] | None:
        """Return the point and the kilometers that the partner's switch names, where places are to be searched for."""
        said = self._peer.switches.search_around
        if not said:
            return None
        try:
            latitude, longitude, radius = said.split(",")
            return Decimal(latitude.strip()), Decimal(longitude.strip()), int(radius)
        except (ValueError, InvalidOperation) as odd:
            remedy = "latitude, longitude and kilometers, such as 48.85,2.35,50"
            raise Refused(Reason.MALFORMED, f"search_around is {said!r}", remedy=remedy) from odd

    async def _ask(self, message: ToIop, correlation: str) -> Any:
        return (await self._peer.call(message, about=About(correlation=correlation, kept=False))).check()

    # -- records ---------------------------------------------------------------------------------------------------

    async def due(self, emsp: PartyId) -> bool:
        """Whether it is time to look for records."""
        minutes = self._peer.switches.polls_cdrs_minutes
        if minutes <= 0:
            return False
        last = await self._polled.load(self._name(emsp))
        return last is None or self._hub.clock.now() - last.at >= timedelta(minutes=minutes)

    async def poll(self, emsp: PartyId) -> int:
        """Fetch the records that are new; returns how many came (EMIP-128)."""
        last, count = await self._polled.load(self._name(emsp)), 0
        since = last.since if last is not None else None
        correlation = self._hub.ids.new()
        taker = self._taker(emsp, correlation)
        for _ in range(_MOST_PAGES):
            asked = to_iop.GetChargeDetailRecordList(
                **self._peer.header(emsp), last_request_date=since, max_count=_PAGE
            )
            answer: to_iop.GetChargeDetailRecordListResponse = (
                await self._peer.call(asked, about=About(correlation=correlation))
            ).check()
            records = answer.charge_detail_record_list
            for record in records:
                await self._take(taker, record)
            count += len(records)
            stuck = answer.current_time == since
            since = answer.current_time
            await self._polled.save(self._name(emsp), Polled(self._hub.clock.now(), since))
            if not answer.more_data or stuck:
                break
        return count

    async def record(self, emsp: PartyId, name: str, correlation: str) -> ChargeDetailRecord | None:
        """Fetch the final record of one charge by the platform's name, else the newest intermediate one."""
        asked = to_iop.GetChargeDetailRecord(**self._peer.header(emsp), service_session_id=name)
        called = await self._peer.call(asked, about=About(correlation=correlation, ids=(name,)))
        if called.status == SESSION_UNKNOWN:
            return None
        answer: to_iop.GetChargeDetailRecordResponse = called.check()
        return answer.charge_detail_record

    async def fact_of(self, emsp: PartyId, name: str, correlation: str) -> Fact | None:
        """Fetch the final record of one charge as a CDR; an intermediate one only moves its session."""
        record = await self.record(emsp, name, correlation)
        if record is None:
            return None
        taker = self._taker(emsp, correlation)
        if record.cdr_nature == FINAL:
            return await taker.cdr(record)
        await self._take(taker, record)
        return None

    async def _take(self, taker: Taker, record: ChargeDetailRecord) -> None:
        try:
            await taker.take(record)
        except (Declined, Refused) as no:
            known = isinstance(no, Declined) and no.status == CDR_KNOWN
            log.warning(
                "record_known" if known else "record_not_taken", session=record.service_session_id, message=no.message
            )

    def _taker(self, emsp: PartyId, correlation: str) -> Taker:
        platform = next((one for one in self._peer.partner.parties if one.role is Role.HUB), None)
        return Taker(self._hub, Origin(self._peer.partner.id, platform, correlation), Party(emsp, Role.EMSP))

    def _name(self, emsp: PartyId) -> str:
        return f"{self._peer.partner.id}/{emsp}"


def _taken(hearing: Hearing) -> tuple[str, ...]:
    found, hearing.findings = tuple(hearing.findings), []
    return found
