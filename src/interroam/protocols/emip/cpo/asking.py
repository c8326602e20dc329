"""May this user charge here? The platform is asked, the downloaded list decides, or the one after the other (EMIP-124).

Every permission has a name of ours, made when it is asked for and told to the platform with the question (EMIP-89). One
that we gave by ourselves has no other (EMIP-123). A question is never kept and sent again (EMIP-49).
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.refs import token_ref
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Stored
from interroam.model.ids import Kind, PartyId
from interroam.model.parties import PartnerState
from interroam.model.places import Evse
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization, Token
from interroam.protocols.emip.bridge.charges import user_stated
from interroam.protocols.emip.bridge.evses import evse_at, evses_at
from interroam.protocols.emip.calls import Result
from interroam.protocols.emip.cpo.ledger import Charge, Ledger
from interroam.protocols.emip.cpo.sending import Message, Sending
from interroam.protocols.emip.cpo.whitelist import is_fresh
from interroam.protocols.emip.profiles import Switches
from interroam.protocols.emip.rules.ids import Letter, named
from interroam.protocols.emip.translate.authorizations import WHOSE, read_answer
from interroam.protocols.emip.translate.evses import evse_id
from interroam.protocols.emip.translate.tokens import read_user, write_user
from interroam.protocols.emip.wire import to_iop


class Asking:
    """Asks one platform for the CPOs of this node."""

    def __init__(self, hub: Hub, ledger: Ledger, sending: Sending, switches: Switches, platform: PartyId) -> None:
        self._hub = hub
        self._ledger = ledger
        self._sending = sending
        self._switches = switches
        self._platform = platform

    async def authorize(self, question: Authorize, correlation: str) -> Authorization:
        """Return the answer; only an authorisationValue of 1 is a yes (EMIP-73)."""
        if question.service == WHOSE:  # EMIP-71
            raise Refused(Reason.MALFORMED, "service 0 is the platform's own", remedy="ask for service 1")
        question = replace(question, cpo_session=question.cpo_session or self._hub.ids.new())
        mode = self._switches.decide_locally
        first = mode == "always" or (mode == "fallback" and self._is_away())  # nobody waits for who is not there
        decided = await self._decided(question) if first else None
        if decided is not None:
            return decided
        try:
            return await self._asked(question, correlation)
        except Unavailable:
            decided = await self._decided(question) if mode != "never" else None
            if decided is None:
                raise
            return decided

    # -- the platform ----------------------------------------------------------------------------------------------

    async def _asked(self, question: Authorize, correlation: str) -> Authorization:
        kind, user = write_user(question.type, question.uid, question.type_word)
        message = Message(
            to_iop.GetServiceAuthorisation,
            question.cpo,
            evse_id=await self._evse_id(question),
            user_id_type=kind,
            user_id=user,
            requested_service_id=question.service,
            partner_service_session_id=question.cpo_session,
            booking_id=question.booking,
        )
        called = await self._sending.ask(message, correlation, self._subject(question))
        if called.result is Result.ERROR:  # the platform answered: that is a no, not a silence
            return Authorization(allowed=Allowed.NOT_ALLOWED, info=f"requestStatus {called.status}")
        answer = read_answer(called.check(), question, self._platform, self._hub.clock.now())
        if answer.allowed is not Allowed.ALLOWED:
            return answer
        reference = answer.reference or question.cpo_session or ""
        await self._open(question, reference, platform=reference, user_type=kind)
        # The back office will have a name of its own: ours is in the ledger.
        return replace(answer, emsp_reference=reference, cpo_session=None)

    async def _evse_id(self, question: Authorize) -> str:
        """Return the id of the EVSE asked for; of a location, that of its first one (EMIP-56)."""
        evse = await self._evse(question)
        if evse is None:
            uid = next(iter(question.evse_uids), "")
            if not uid:
                remedy = "name an EVSE of a location stated before"
                raise Refused(Reason.INCOMPLETE, "eMIP asks for one EVSE", remedy=remedy)
            return str(named(question.cpo, Letter.EVSE, uid))
        return evse_id(evse)

    async def _evse(self, question: Authorize) -> Evse | None:
        hub, cpo, place = self._hub, question.cpo, question.location_id
        if not place:
            return None
        if not question.evse_uids:
            return next(iter(await evses_at(hub, cpo, place)), None)
        named_ones = [await evse_at(hub, cpo, place, uid) for uid in question.evse_uids]
        return next(filter(None, named_ones), None)

    def _is_away(self) -> bool:
        platform = self._hub.book.partners.get(self._sending.partner)
        return platform is not None and platform.state is PartnerState.OFFLINE

    # -- our own list ----------------------------------------------------------------------------------------------

    async def _decided(self, question: Authorize) -> Authorization | None:
        """Return what the downloaded list says of a user; None when it says nothing that still holds (EMIP-82)."""
        now = self._hub.clock.now()
        fresh = await is_fresh(self._hub.store, self._sending.partner, question.cpo, now)
        try:
            kind, uid = read_user(*write_user(question.type, question.uid, question.type_word))  # as the list has it
        except ValueError:
            return None
        name = token_ref(*await user_stated(self._hub, kind, uid, question.uid))
        for row in await self._hub.store.by_ref(name, Kind.TOKEN):
            token = row.body
            if not isinstance(token, Token) or not self._holds(row, token, question, now, fresh=fresh):
                continue
            if not token.valid:
                return Authorization(allowed=Allowed.BLOCKED, token=token, info="black in the downloaded list")
            own = question.cpo_session or self._hub.ids.new()
            await self._open(question, own, user_type=question.type_word)
            return Authorization(
                allowed=Allowed.ALLOWED,
                emsp_reference=own,
                emsp=token.owner,
                token=token,
                service=question.service,
                listed=True,
                info="by the downloaded list",
            )
        return None

    def _holds(self, row: Stored, token: Token, question: Authorize, now: datetime, *, fresh: bool) -> bool:
        if row.withdrawn or row.origin != self._sending.partner or not token.serves(question.service):
            return False
        return now < token.expires if token.expires is not None else fresh

    # -- both ------------------------------------------------------------------------------------------------------

    async def _open(self, question: Authorize, reference: str, *, user_type: str, platform: str = "") -> Charge:
        charge = Charge(
            reference=reference,
            own=question.cpo_session or reference,
            platform=platform,
            user_type=user_type,
        )
        return await self._ledger.opened(charge)

    def _subject(self, question: Authorize) -> bytes:
        return self._hub.book.keyring.subject(question.type, question.uid)
