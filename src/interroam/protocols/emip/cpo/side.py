"""The CPO's side of a node as the room mounts it: what is delivered, asked, fetched and answered for its CPOs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from interroam.core.hub import Hub
from interroam.core.ports import Pulled
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Entry
from interroam.model.ids import Kind, Party, PartyId, Role
from interroam.model.parties import Partner
from interroam.model.questions import Answer, Authorize, Done, Question, Report
from interroam.protocols.emip.calls import Calls
from interroam.protocols.emip.cpo.asking import Asking
from interroam.protocols.emip.cpo.charges import Charges
from interroam.protocols.emip.cpo.ledger import Charge, Ledger
from interroam.protocols.emip.cpo.places import Places
from interroam.protocols.emip.cpo.reporting import reported
from interroam.protocols.emip.cpo.sending import Sending
from interroam.protocols.emip.cpo.serving import Serving
from interroam.protocols.emip.cpo.watching import Watch
from interroam.protocols.emip.cpo.whitelist import Downloads
from interroam.protocols.emip.profiles import switches
from interroam.protocols.emip.server.desk import Handler
from interroam.protocols.emip.wire.operations import BY_NAME

KINDS = frozenset({Kind.LOCATION, Kind.EVSE, Kind.SESSION, Kind.CDR})
"""What a CPO states, and so what is delivered here."""
QUESTIONS = (Authorize, Report)
"""What a CPO asks and says live."""


class CpoSide:
    """The CPOs of one node, whatever platforms they are behind; ``own`` is the party of the node."""

    def __init__(self, hub: Hub, calls: Calls, own: PartyId) -> None:
        self._hub = hub
        self._calls = calls
        self._own = own
        self.ledger = Ledger(hub.store)
        self._serving = Serving(self.ledger)
        self._watch = Watch(hub, self.ledger)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What a platform may ask of a CPO, by the names of the operations."""
        return self._serving.handlers

    async def start(self) -> None:
        """Take up the charges under way; safe to call again."""
        await self._watch.start()

    async def stop(self) -> None:
        """Follow no charge any more."""
        await self._watch.stop()

    def towards(self, partner: Partner) -> CpoLink:
        """Return the way to one platform as it is wired now."""
        return CpoLink(self._hub, self.ledger, Sending(partner, self._calls, self._own), partner)


class CpoLink:
    """What this node's CPOs tell one platform, ask it and fetch from it."""

    def __init__(self, hub: Hub, ledger: Ledger, sending: Sending, partner: Partner) -> None:
        held = switches(partner)
        platform = next((party.id for party in partner.parties if party.role is Role.HUB), partner.parties[0].id)
        self._hub = hub
        self._partner = partner
        self._held = held
        self._ledger = ledger
        self._sending = sending
        self._places = Places(hub, ledger, sending, descriptions=held.sends_places)
        self._charges = Charges(hub, ledger, sending, held)
        self._asking = Asking(hub, ledger, sending, held, platform)
        self._downloads = Downloads(hub, sending, held.whitelist_hours)

    async def deliver(self, entry: Entry) -> None:
        """Deliver what a CPO stated; Refused when it will never be taken, Unavailable when later it may (EMIP-48)."""
        match entry.key.kind:
            case Kind.LOCATION | Kind.EVSE:
                await self._places.deliver(entry)
            case Kind.SESSION:
                await self._charges.deliver_session(entry)
            case Kind.CDR:
                await self._charges.deliver_cdr(entry)

    async def ask(self, question: Question, correlation: str) -> Answer:
        """Put a CPO's question, or what it says live; Refused or Unavailable."""
        match question:
            case Authorize():
                return await self._asking.authorize(question, correlation)
            case Report():
                return await self._report(question, correlation)
            case _:
                raise Refused(Reason.NOT_OFFERED, "a CPO asks nothing of the kind of a platform of eMIP")

    async def _report(self, report: Report, correlation: str) -> Done:
        charge = await self._ledger.opened(
            Charge(
                reference=report.session_id,
                own=report.session_id,
                platform=report.session_id,
                cpo=str(report.cpo),
                partner=self._partner.id,
            )
        )
        return await reported(self._ledger, self._sending, charge, report, correlation)

    # -- white lists -----------------------------------------------------------------------------------------------

    def shows(self, kind: Kind) -> bool:
        """Whether there is a list of this kind to fetch: of users, where the platform offers it."""
        return (
            kind is Kind.TOKEN and self._held.serves(BY_NAME["eMIP_ToIOP_GetAuthenticationData"]) and bool(self._cpos())
        )

    def pull(self, owner: Party, correlation: str, *, whole: bool) -> AsyncIterator[Pulled]:
        """Fetch the lists of this node's CPOs: what changed, or all of it."""
        return self._downloads.pull(self._cpos(), owner, correlation, whole=whole)

    def _cpos(self) -> tuple[PartyId, ...]:
        """Return the CPOs of this node that are in agreement with somebody behind the platform."""
        now = self._hub.clock.now()
        found = {
            party.id: None
            for agreement in self._hub.book.routing.agreements
            if agreement.in_force(now) and agreement.emsp in self._partner.parties
            for party in agreement.cpos
            if party.role is Role.CPO
        }
        return tuple(found)
