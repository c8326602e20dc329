"""The eMSP's side of the link to one platform: users up, starts and stops out, places and records in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from interroam.core.ports import Pulled
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Entry, Fact
from interroam.model.ids import Key, Kind, Party, PartyId
from interroam.model.questions import Act, Answer, Live, Question, StartSession, StopSession
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.emsp.fetches import Fetches
from interroam.protocols.emip.emsp.flows import Flows
from interroam.protocols.emip.emsp.orders import Orders
from interroam.protocols.emip.emsp.table import HANDLERS
from interroam.protocols.emip.emsp.uploads import Uploads, hosted

log = structlog.get_logger()

Due: TypeAlias = Callable[[PartyId], Awaitable[bool]]
Run: TypeAlias = Callable[[PartyId], Awaitable[int]]
_REST = timedelta(minutes=1)
"""So long a chore that failed rests."""


class Emsp:
    """The eMSPs of one node, whatever platforms they are before."""

    handlers = HANDLERS

    def towards(self, peer: Peer) -> EmspSide:
        """Return what they are to one platform, as it is wired now."""
        return EmspSide(peer)

    async def stop(self) -> None:
        """Nothing runs by itself."""


class EmspSide:
    """What this node's eMSPs are to one platform."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._orders = Orders(peer)
        self._uploads = Uploads(peer)
        self._fetches = Fetches(peer)
        self._flows = Flows(peer)
        self._resting: dict[str, datetime] = {}

    async def deliver(self, entry: Entry, to: Party) -> None:  # noqa: ARG002  whom the courier serves does not matter
        """Tell the platform of a token; of nothing else is an eMSP the owner."""
        if entry.key.kind is Kind.TOKEN:
            await self._uploads.deliver(entry)

    async def ask(
        self,
        question: Question,
        to: Party,
        origin_party: Party,  # noqa: ARG002  the question names its eMSP
        correlation: str,
        within: float,  # noqa: ARG002  a platform is given its fifteen seconds (EMIP-42)
    ) -> Answer | None:
        """Ask for a start, a stop or another act; None for what an eMSP does not ask of a platform."""
        match question:
            case StartSession():
                return await self._orders.start(question, to, correlation)
            case StopSession():
                return await self._orders.stop(question, correlation)
            case Act():
                return await self._orders.act(question, correlation)
            case _:
                return None

    def takes(self, live: Live) -> bool:
        """Whether it is an act: those go to the platform as they are."""
        return isinstance(live, Act)

    # -- fetch -----------------------------------------------------------------------------------------------------

    def shows(self, kind: Kind) -> bool:
        """Whether objects of a kind are fetched for an eMSP of this node."""
        return kind in (Kind.LOCATION, Kind.EVSE, Kind.CDR) and bool(hosted(self._peer.hub, self._peer.partner))

    async def pull(
        self, kind: Kind, since: datetime | None, *, asker: PartyId, owner: Party, correlation: str
    ) -> AsyncIterator[Pulled]:
        """Fetch places, or records; page by page."""
        if kind is Kind.CDR:
            for emsp in hosted(self._peer.hub, self._peer.partner):
                count = await self._fetches.poll(emsp)
                yield Pulled(findings=(f"{emsp}: {count} records came",), total=count)
            return
        async for pulled in self._fetches.places(since, asker, owner, correlation):
            yield pulled

    async def fetch(
        self,
        key: Key,
        name: str,
        since: datetime,
        *,
        asker: PartyId,
        owner: Party,
        correlation: str,
    ) -> Fact | None:
        """Fetch one object: the record of a charge by its name, a place among what changed since then."""
        if key.kind is Kind.CDR:
            return await self._fetches.fact_of(asker, name, correlation)
        async for pulled in self._fetches.places(since, asker, owner, correlation):
            for fact in pulled.facts:
                if fact.key == key:
                    return fact
        return None

    # -- by the hour -----------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Upload users, look for records, turn flows on or off: each when its time has come."""
        peer = self._peer
        if not peer.has_address:
            return
        for emsp in hosted(peer.hub, peer.partner):
            await self._chore(f"users of {emsp}", emsp, self._uploads.due, self._uploads.upload)
            await self._chore(f"records of {emsp}", emsp, self._fetches.due, self._fetches.poll)
            await self._chore(f"flows of {emsp}", emsp, self._flows.due, self._flows.settle)

    async def _chore(self, name: str, emsp: PartyId, due: Due, run: Run) -> None:
        now = self._peer.hub.clock.now()
        rests = self._resting.get(name)
        if (rests is not None and now < rests) or not await due(emsp):
            return
        try:
            count = await run(emsp)
        except (Refused, Unavailable) as no:
            self._resting[name] = now + _REST
            log.warning("emip_chore_failed", partner=self._peer.partner.id, chore=name, message=no.message)
        else:
            self._resting.pop(name, None)
            log.info("emip_chore_done", partner=self._peer.partner.id, chore=name, count=count)
