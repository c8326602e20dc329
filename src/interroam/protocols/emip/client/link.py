"""The way to one eMIP partner: facts delivered, questions put.

To a partner of ours, when we are the platform, the tables say what is done. To a platform we are a CPO, an eMSP or
both: each such side brings what it says there, and the link asks one after the other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from interroam.core.manners import Asking, Attentive, Source
from interroam.core.ports import Pulled
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Entry, Fact
from interroam.model.ids import Key, Kind, Party, PartyId
from interroam.model.questions import Acknowledged, Act, Answer, Authorize, Live, Prefer, Question, Report
from interroam.protocols.emip.calls import About
from interroam.protocols.emip.pulse import Pulse
from interroam.protocols.emip.wire import from_iop, to_iop

from .peer import Peer
from .table import DELIVERIES, QUESTIONS


class Side(Attentive, Source, Protocol):
    """What this node is to one platform: its CPO, or its eMSP."""

    async def deliver(self, entry: Entry, to: Party) -> None:
        """Tell the platform what it should know of this entry, if anything; Refused or Unavailable."""
        ...

    async def ask(
        self, question: Question, to: Party, origin_party: Party, correlation: str, within: float
    ) -> Answer | None:
        """Ask the platform; None when this side puts no such question."""
        ...

    async def tick(self) -> None:
        """Do what is due by the hour; called about once a second."""
        ...


MakeSide: TypeAlias = Callable[[Peer], Side]


class EmipLink:
    """Speaks with one partner of a platform as it is wired now."""

    skips_offline = True  # EMIP-38
    tries_next = True  # EMIP-44

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    @property
    def pushes(self) -> bool:
        """Facts are sent to whoever can be called."""
        return self.peer.has_address

    answers = True
    """Questions can be put to it, as far as its eMSPs are asked at all; where it has no address nobody answers."""

    def asking(self, provider: PartyId) -> Asking:
        """Return when an eMSP is asked: one that does not serve the question is not (sheet 5, conflicts).

        Nor is one that has no address; but where only an answer of its own counts, that is a missing one (EMIP-66).
        """
        peer = self.peer
        wanted = peer.switches.asks(provider)
        if not peer.serves(from_iop.GetServiceAuthorisation, provider):
            return Asking.ASYNC_ONLY
        return wanted if peer.has_address or wanted is Asking.SYNC_ONLY else Asking.ASYNC_ONLY

    def takes(self, live: Live) -> bool:
        """Whether an act or a report can be put to it as it is: both are words of eMIP."""
        return isinstance(live, Act | Report)

    async def deliver(self, entry: Entry, to: Party) -> None:
        """Deliver one entry; what eMIP has no words for is passed over."""
        deliver = DELIVERIES.get((to.role, entry.key.kind))
        if deliver is not None:
            await deliver(self.peer, entry, to)

    async def ask(self, question: Question, to: Party, origin_party: Party, correlation: str, within: float) -> Answer:
        """Ask and wait; what eMIP has no words for is not supported."""
        ask = QUESTIONS.get((to.role, type(question)))
        if ask is None:
            return _unspoken(question, self.peer)
        return await ask(self.peer, question, to, origin_party, correlation, within)

    async def beat(self) -> None:
        """Ask the partner whether it is there (EMIP-39)."""
        peer = self.peer
        target = peer.partner.parties[0].id
        asked = from_iop.HeartBeat(transaction_id=peer.hub.ids.new(), **peer.header(peer.own, target))
        (await peer.call(asked, about=About(kept=False))).check()

    async def tick(self) -> None:
        """Push what no courier speaks of."""
        if self.peer.pusher is not None and self.pushes:
            await self.peer.pusher.tick(self.peer)

    async def close(self) -> None:
        """Nothing to let go of: connections are the client's."""


class PlatformLink(EmipLink):
    """Speaks with one platform as it is wired now."""

    skips_offline = False  # a platform may be back at any moment, and a list may know what it would say (EMIP-124)
    tries_next = False

    def __init__(self, peer: Peer, pulse: Pulse, sides: Sequence[MakeSide]) -> None:
        super().__init__(peer)
        self._pulse = pulse
        self._sides = [make(peer) for make in sides]

    def asking(self, provider: PartyId) -> Asking:  # noqa: ARG002  whoever is behind it
        """A platform is asked; what a CPO decides by itself is its side's to say (EMIP-124)."""
        return Asking.SYNC_ONLY

    def takes(self, live: Live) -> bool:
        """Whether one of our sides says it."""
        return any(side.takes(live) for side in self._sides)

    async def deliver(self, entry: Entry, to: Party) -> None:
        """Let each side tell what is its to tell."""
        for side in self._sides:
            await side.deliver(entry, to)

    async def ask(self, question: Question, to: Party, origin_party: Party, correlation: str, within: float) -> Answer:
        """Let the side ask that puts such questions."""
        for side in self._sides:
            answer = await side.ask(question, to, origin_party, correlation, within)
            if answer is not None:
                return answer
        return _unspoken(question, self.peer)

    # -- fetch -------------------------------------------------------------------------------------------------------

    def shows(self, kind: Kind) -> bool:
        """Whether one of our sides fetches objects of a kind."""
        return self.peer.has_address and any(side.shows(kind) for side in self._sides)

    def pull(
        self, kind: Kind, since: datetime | None, *, asker: PartyId, owner: Party, correlation: str
    ) -> AsyncIterator[Pulled]:
        """Fetch all objects of a kind, or those changed since then, page by page."""
        return self._fetching(kind).pull(kind, since, asker=asker, owner=owner, correlation=correlation)

    async def fetch(
        self, key: Key, name: str, since: datetime, *, asker: PartyId, owner: Party, correlation: str
    ) -> Fact | None:
        """Fetch one object."""
        side = self._fetching(key.kind)
        return await side.fetch(key, name, since, asker=asker, owner=owner, correlation=correlation)

    def _fetching(self, kind: Kind) -> Side:
        side = next((one for one in self._sides if one.shows(kind)), None)
        if side is None:
            raise Refused(Reason.NOT_OFFERED, f"no {kind.value}s are fetched from partner {self.peer.partner.id}")
        return side

    async def probe(self) -> None:
        """Pass when the platform is there."""
        await self.beat()

    async def beat(self) -> None:
        """Tell the platform that we are here, and learn how often it wants to hear so (EMIP-33)."""
        peer = self.peer
        operator = next((party.id for party in self._own_parties()), peer.own)
        asked = to_iop.HeartBeat(**peer.header(operator))
        answer = (await peer.call(asked, about=About(kept=False))).check()
        self._pulse.adopt(peer.partner.id, answer.heart_beat_period)

    def _own_parties(self) -> Sequence[Party]:
        others = (one for one in self.peer.hub.book.partners.values() if not one.is_hub)
        return [party for one in others for party in one.parties]

    async def tick(self) -> None:
        """Let each side do what is due."""
        for side in self._sides:
            await side.tick()


def _unspoken(question: Question, peer: Peer) -> Answer:
    message = f"eMIP has no such question for partner {peer.partner.id}"
    if isinstance(question, Authorize):
        raise Unavailable(Reason.NOT_CONNECTED, message)
    if isinstance(question, Prefer | Act | Report):
        raise Refused(Reason.NOT_OFFERED, message)
    return Acknowledged(result="NOT_SUPPORTED", message=message)
