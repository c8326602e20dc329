"""Records and events of charges as a platform hands them to an eMSP.

A final record is a CDR, an intermediate one says how the session stands. A record that came before is known by session,
nature and end: it is acknowledged and told to nobody again (EMIP-51); another final record of the same session is not
taken (10701). Every version is kept as it came: in the journal, and in the trace of what was not taken (EMIP-105).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import structlog
from msgspec.structs import replace

from interroam.core.chores import Chores
from interroam.core.hub import Hub
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Fact, Origin, Stored, Verdict
from interroam.model.ids import Party
from interroam.model.questions import Act
from interroam.model.tokens import Allowed, Authorization, Limit, Token
from interroam.protocols.emip.emsp.sales import contract, evse_of, own_name, session_of
from interroam.protocols.emip.emsp.users import user_of
from interroam.protocols.emip.rules.codes import CDR_KNOWN, CDR_REFUSED, SESSION_UNKNOWN, SUCCESS, Declined
from interroam.protocols.emip.rules.limits import COST
from interroam.protocols.emip.server.call import Call
from interroam.protocols.emip.server.desk import Desk
from interroam.protocols.emip.translate import charges
from interroam.protocols.emip.translate.authorizations import made_token
from interroam.protocols.emip.wire import from_iop
from interroam.protocols.emip.wire.types import ChargeDetailRecord

log = structlog.get_logger()

_UNDER_WAY = Chores()
"""What is done while the platform has its answer already."""


async def set_charge_detail_record(desk: Desk, call: Call) -> from_iop.SetChargeDetailRecordResponse:
    """Take a record of a charge."""
    record: ChargeDetailRecord = call.message.charge_detail_record
    taker = Taker(desk.hub, call.origin, call.receiver)
    try:
        own = await taker.take(record)
    finally:
        call.notes += taker.notes
    return from_iop.SetChargeDetailRecordResponse(
        transaction_id=call.transaction, request_status=SUCCESS, partner_service_session_id=own
    )


async def set_session_event_report(desk: Desk, call: Call) -> from_iop.SetSessionEventReportResponse:
    """Take an event of a session: it moves the session, and goes to a back office that follows charges (EMIP-114)."""
    asked: from_iop.SetSessionEventReport = call.message
    hub = desk.hub
    permission = await hub.authorization(asked.service_session_id)
    stored = await session_of(hub, asked.service_session_id)
    call.ids.append(asked.session_event.session_event_id)
    cpo = stored.key.party if stored is not None else permission.cpo if permission is not None else None
    if cpo is None:
        raise Declined(SESSION_UNKNOWN, f"no session {asked.service_session_id} here")
    await hub.report(call.origin, charges.read_event(asked.session_event, cpo, asked.service_session_id))
    return from_iop.SetSessionEventReportResponse(
        transaction_id=call.transaction,
        request_status=SUCCESS,
        service_session_id=asked.service_session_id,
        session_action_id=asked.session_event.session_event_id,
    )


class Taker:
    """Takes records in the name of one eMSP, however they come: pushed or fetched."""

    def __init__(self, hub: Hub, origin: Origin, emsp: Party) -> None:
        self.notes: list[str] = []
        self._hub = hub
        self._origin = origin
        self._emsp = emsp

    async def take(self, record: ChargeDetailRecord) -> str | None:
        """State what a record says; returns what we call its charge. Declined when it is not taken."""
        permission, stored, session = await self._known(record)
        if record.cdr_nature == charges.FINAL:
            await self._final(record, session)
        else:
            await self._intermediate(record, session, stored, permission)
        return own_name(permission) or record.sale_partner_session_id

    async def cdr(self, record: ChargeDetailRecord) -> Fact:
        """Return a final record as a fact; Declined when it cannot be read."""
        _, _, session = await self._known(record)
        return self._fact(record, session)

    async def _known(self, record: ChargeDetailRecord) -> tuple[Authorization | None, Stored | None, Session]:
        """Return what allowed the charge of a record, its session as it is stored, and as it stands."""
        wrong = charges.flaw(record)
        if wrong:
            raise Declined(CDR_REFUSED, wrong)
        permission = await self._hub.authorization(record.service_session_id)
        stored = await session_of(self._hub, record.service_session_id)
        if stored is not None and isinstance(stored.body, Session):
            return permission, stored, stored.body
        return permission, stored, await self._unheard_of(record, permission)

    def _fact(self, record: ChargeDetailRecord, session: Session) -> Fact:
        cdr = charges.read_cdr(record, session, record.evse_id, self._hub.clock.now())
        return Fact(replace(cdr, id=record.service_session_id), charges.wired(record))

    async def _final(self, record: ChargeDetailRecord, session: Session) -> None:
        hub = self._hub
        fact = self._fact(record, session)
        known = await hub.store.get(fact.key)
        if known is not None and isinstance(known.body, Cdr):
            if known.body.ends == record.end_time:
                self.notes.append("known already")
                await self._end(record, session)  # which a crash may have left out
                return
            raise Declined(CDR_KNOWN, f"the final record until {known.body.ends:%Y-%m-%dT%H:%M:%SZ} is here already")
        receipt = await hub.tell(self._origin, fact)
        if receipt.verdict is Verdict.CONFLICT:
            raise Declined(CDR_KNOWN, "another final record is here already")
        if receipt.finding:
            self.notes.append(receipt.finding)
        await self._end(record, session)

    async def _end(self, record: ChargeDetailRecord, session: Session) -> None:
        """State that a session is over, once."""
        if session.status != "COMPLETED":
            over = charges.read_session(record, session, self._hub.clock.now())
            await self._hub.tell(self._origin, Fact(over, charges.wired(record)))

    async def _intermediate(
        self, record: ChargeDetailRecord, session: Session, stored: Stored | None, permission: Authorization | None
    ) -> None:
        before = charges.record_of(stored.wire) if stored is not None else None
        if session.status == "COMPLETED" or (before is not None and record.end_time <= before.end_time):
            self.notes.append("known already, or older than what is known")
            return
        state = charges.read_session(record, session, self._hub.clock.now())
        await self._hub.tell(self._origin, Fact(state, charges.wired(record)))
        passed = next((one for one in permission.limits if _passed(one, record)), None) if permission else None
        if passed is not None:
            self.notes.append(f"stopped at {passed.value} {passed.unit}")
            _UNDER_WAY.begin(self._stop(record, passed))

    async def _unheard_of(self, record: ChargeDetailRecord, permission: Authorization | None) -> Session:
        """Make the session of a record that comes first: of its permission, else of the user it names."""
        hub, now = self._hub, self._hub.clock.now()
        try:
            evse = await evse_of(hub, record.evse_id, self._origin.party)
            user = await user_of(hub, self._emsp.id, record.user_id_type, record.user_id)
        except ValueError as odd:
            raise Declined(CDR_REFUSED, str(odd)) from odd
        token: Token | None = user.token or (permission.token if permission is not None else None)
        alias = record.user_contract_id_alias
        if token is None:
            token = made_token(self._emsp.id, user.type, user.uid, alias, now)
        token = replace(token, contract_id=await contract(hub, self._emsp.id, token, alias))
        made = Authorization(
            allowed=Allowed.ALLOWED,
            reference=record.service_session_id,
            emsp_reference=own_name(permission),
            command=permission.command if permission is not None else "",
            listed=permission is None,
            token=token,
        )
        cpo = permission.cpo if permission is not None and permission.cpo is not None else evse.owner
        session = charges.pending(made, cpo, evse, now)
        if session is None:
            raise TypeError(record.service_session_id)  # its permission has a token
        return replace(session, authorization_reference=made.emsp_reference or made.reference)

    # -- a price that was not to be passed -------------------------------------------------------------------------

    async def _stop(self, record: ChargeDetailRecord, passed: Limit) -> None:
        """Stop a charge that has reached its limit of price (EMIP-126); else the next record tries again."""
        hub = self._hub
        act = Act(
            emsp=self._emsp.id,
            session_id=record.service_session_id,
            nature="STOP",
            id=hub.ids.new(),
            at=hub.clock.now(),
            parameter=f"limit of {passed.value} {passed.unit} reached",
        )
        try:
            office = hub.book.routing.partner_for(self._emsp)
            await hub.act(Origin(office.id, self._emsp, hub.ids.new()), act)
        except (Refused, Unavailable) as no:
            log.warning("limit_not_kept", session=record.service_session_id, message=no.message)


def _passed(limit: Limit, record: ChargeDetailRecord) -> bool:
    """Whether the cost so far is no less than a limit of cost."""
    if limit.type != str(COST):
        return False
    try:
        most = Decimal(limit.value)
    except InvalidOperation:
        return False
    return any(
        meter.meter_type_id == COST
        and meter.meter_unit.strip().upper() == limit.unit.strip().upper()
        and Decimal(meter.meter_value) >= most
        for meter in record.meter_report_list
    )
