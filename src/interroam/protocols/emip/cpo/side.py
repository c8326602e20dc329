"""The CPO's side of a node as the room mounts it: what is delivered, asked, fetched and answered for its CPOs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from interroam.core.hub import Hub
from interroam.core.ports import Pulled
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Entry, Fact
from interroam.model.ids import Key, Kind, Party, PartyId, Role
from interroam.model.questions import Answer, Authorize, Done, Live, Question, Report
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.cpo.asking import Asking
from interroam.protocols.emip.cpo.charges import Charges
from interroam.protocols.emip.cpo.ledger import Ledger
from interroam.protocols.emip.cpo.places import Places
from interroam.protocols.emip.cpo.reporting import reported
from interroam.protocols.emip.cpo.sending import Sending
from interroam.protocols.emip.cpo.serving import Serving
from interroam.protocols.emip.cpo.watching import Watch
from interroam.protocols.emip.cpo.whitelist import Downloads
from interroam.protocols.emip.server.desk import Handler
from interroam.protocols.emip.wire import to_iop


class Cpo:
    """The CPOs of one node, whatever platforms they are behind."""

    def __init__(self, hub: Hub) -> None:
        self._ledger = Ledger(hub.store)
        self._watch = Watch(hub, self._ledger)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What a platform may ask of a CPO, by the names of the operations."""
        return Serving(self._ledger).handlers

    def towards(self, peer: Peer) -> CpoSide:
        """Return what the CPOs are to one platform, as it is wired now."""
        return CpoSide(peer, self._ledger, self._watch)

    async def stop(self) -> None:
        """End what runs."""
        await self._watch.stop()


class CpoSide:
    """What this node's CPOs tell one platform, ask it and fetch from it."""

    def __init__(self, peer: Peer, ledger: Ledger, watch: Watch) -> None:
        hub, held, sending = peer.hub, peer.switches, Sending(peer)
        parties = peer.partner.parties
        platform = next((party.id for party in parties if party.role is Role.HUB), peer.own)
        self._peer = peer
        self._ledger = ledger
        self._watch = watch
        self._sending = sending
        self._places = Places(hub, ledger, sending, descriptions=held.sends_places)
        self._charges = Charges(hub, ledger, sending, held)
        self._asking = Asking(hub, ledger, sending, held, platform)
        self._downloads = Downloads(hub, sending, held.whitelist_hours)

    async def deliver(self, entry: Entry, to: Party) -> None:  # noqa: ARG002  there is one whom a platform's link is for
        """Deliver what a CPO stated; Refused when it will never be taken, Unavailable when later it may (EMIP-48)."""
        if entry.key.party not in self._cpos():
            return
        match entry.key.kind:
            case Kind.LOCATION | Kind.EVSE:
                await self._places.deliver(entry)
            case Kind.SESSION:
                await self._charges.deliver_session(entry)
            case Kind.CDR:
                await self._charges.deliver_cdr(entry)

    async def ask(
        self,
        question: Question,
        to: Party,  # noqa: ARG002  the platform finds the eMSP by itself
        origin_party: Party,  # noqa: ARG002  the question names its CPO
        correlation: str,
        within: float,  # noqa: ARG002  a platform has its own time (EMIP-42)
    ) -> Answer | None:
        """Put a CPO's question, or what it says live; None when it is none of a CPO's."""
        match question:
            case Authorize():
                return await self._asking.authorize(question, correlation)
            case Report():
                return await self._report(question, correlation)
            case _:
                return None

    def takes(self, live: Live) -> bool:
        """Whether a CPO says it to a platform: a report."""
        return isinstance(live, Report) and self._peer.serves(to_iop.SetSessionEventReport, live.cpo)

    async def _report(self, report: Report, correlation: str) -> Done:
        charge = await self._ledger.charge(report.session_id)
        if charge is None:
            raise Refused(Reason.UNKNOWN_SESSION, f"the platform knows no charge {report.session_id}")
        return await reported(self._ledger, self._sending, charge, report, correlation)

    # -- white lists -----------------------------------------------------------------------------------------------

    def shows(self, kind: Kind) -> bool:
        """Whether there is a list of this kind to fetch: of users, where the platform offers it."""
        return kind is Kind.TOKEN and self._peer.serves(to_iop.GetAuthenticationData) and bool(self._cpos())

    def pull(
        self,
        kind: Kind,  # noqa: ARG002  there is one
        since: datetime | None,
        *,
        asker: PartyId,  # noqa: ARG002  each CPO has a list of its own
        owner: Party,
        correlation: str,
    ) -> AsyncIterator[Pulled]:
        """Fetch the lists of this node's CPOs: what changed by the platform's own clock, or all of it."""
        return self._downloads.pull(self._cpos(), owner, correlation, whole=since is None)

    async def fetch(
        self, key: Key, name: str, since: datetime, *, asker: PartyId, owner: Party, correlation: str
    ) -> Fact | None:
        """Return nothing: a user is not fetched alone."""
        del key, name, since, asker, owner, correlation
        return None

    def _cpos(self) -> tuple[PartyId, ...]:
        """Return the CPOs of this node that are in agreement with somebody behind the platform."""
        hub, now = self._peer.hub, self._peer.hub.clock.now()
        return tuple({
            party.id: None
            for agreement in hub.book.routing.agreements
            if agreement.in_force(now) and agreement.emsp in self._peer.partner.parties
            for party in agreement.cpos
            if party.role is Role.CPO
        })  # fmt: skip

    # -- what is due -----------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Look after the charges under way; about once a second."""
        await self._watch.tick(self._peer.partner.id)
