"""Charge detail records: taken from CPOs, kept for eMSPs that come for them.

- An intermediate record moves the session of its charge, the final one ends it: then nothing of the charge changes any
  more (EMIP-93); its end told as an event ends the session, and not the records. Sent again as it is, it is known;
  another one is refused and goes to nobody (EMIP-104).
- A record without a session is that of a user whom the CPO let charge by its white list: it is matched by user and
  EVSE, and gets a session of ours (EMIP-107).
- eMSPs are handed records by the courier (client/charges.py); here they fetch them (EMIP-102).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from interroam.core.pages import every
from interroam.core.ports import EPOCH, Query
from interroam.core.refs import authorization_ref, token_ref
from interroam.model.charges import INTERIM, Cdr, Session
from interroam.model.facts import Body, Change, Fact, Stored, Verdict, Wire
from interroam.model.ids import Kind, Module, Party, Role, cdr_key, session_key
from interroam.model.places import Evse
from interroam.model.tokens import Allowed, Authorization, Token, Whitelist
from interroam.protocols.emip.bridge.charges import crosses, final_before, rendered, session_of, user_stated
from interroam.protocols.emip.rules.codes import (
    CDR_REFUSED,
    ELEMENT_UNKNOWN,
    FOREIGN,
    MALFORMED,
    NOT_A_PARTY,
    SESSION_UNKNOWN,
    SUCCESS,
    Declined,
)
from interroam.protocols.emip.rules.limits import COST
from interroam.protocols.emip.translate.charges import (
    FINAL,
    INTERMEDIATE,
    flaw,
    is_final,
    pending,
    read_cdr,
    read_session,
    record_of,
    wired,
)
from interroam.protocols.emip.translate.loss_tables import RECORD, cost
from interroam.protocols.emip.translate.losses import Direction
from interroam.protocols.emip.translate.tokens import read_user
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import EMI3, ChargeDetailRecord

from .call import Call
from .desk import Desk

MOST = 500
"""So many records at most in one list."""
_LATE = timedelta(days=7)
"""So much later than it says itself a record may come here."""
_SKEW = timedelta(seconds=10)
"""By how much the time of an entry may be before that of one that was committed earlier."""
_PAGE = 500


# -- from CPOs ---------------------------------------------------------------------------------------------------------


async def set_charge_detail_record(desk: Desk, call: Call) -> to_iop.SetChargeDetailRecordResponse:
    """Take a record: what becomes of it is durable before the answer leaves."""
    record: ChargeDetailRecord = call.message.charge_detail_record
    wrong = flaw(record)
    if wrong:
        raise Declined(CDR_REFUSED, wrong)
    permission, session = await _charge(desk, call, record)
    reference = permission.reference
    call.fields["service_session_id"] = reference
    call.ids += [one for one in (reference, permission.emsp_reference) if one]
    if is_final(record):
        await _end(desk, call, record, session)
    else:
        await _move(desk, call, record, session)
    seller = permission.emsp or session.token.owner
    if crosses(desk.hub, permission.receiver or Party(seller, Role.EMSP)):
        priced = any(one.meter_type_id == COST for one in record.meter_report_list)
        known = ("currency", "total_cost") if priced else ()
        call.notes.append(cost(RECORD, Direction.TO_OCPI, record, known=known))
    return to_iop.SetChargeDetailRecordResponse(
        transaction_id=call.transaction,
        sale_partner_operator_id_type=EMI3,
        sale_partner_operator_id=str(seller),
        service_session_id=reference,
        request_status=SUCCESS,
    )


async def _move(desk: Desk, call: Call, record: ChargeDetailRecord, session: Session) -> None:
    if await desk.hub.store.get(cdr_key(session.owner, session.authorization_reference or "")) is not None:
        raise Declined(CDR_REFUSED, "the final record of this session is here already")  # EMIP-93
    receipt = await desk.tell(call, Fact(read_session(record, session, call.now), wired(record)))
    if receipt.verdict is Verdict.CONFLICT:
        await _late(desk, call, record, session)


async def _late(desk: Desk, call: Call, record: ChargeDetailRecord, session: Session) -> None:
    """Take a record of a charge whose end was told: the charge is open until its final record (EMIP-93).

    The session stays as it ended. Its eMSP is owed the record as it came, where it speaks eMIP; any other waits for the
    final one, as no session changes after its end (OCPI-132).
    """
    row = await desk.hub.store.get(session.key)
    if row is None or crosses(desk.hub, row.receiver):
        call.notes.append("the session is over: its eMSP hears of this by the final record")
        return
    wire = wired(record)

    def merge(body: Body, _: Wire | None) -> tuple[Body, Wire | None]:
        return body, wire

    change = Change(session.key, frozenset({INTERIM}), row.updated, merge, wire, own_time=True)
    await desk.tell(call, change)
    call.notes.append("after the end of its session")


async def _end(desk: Desk, call: Call, record: ChargeDetailRecord, session: Session) -> None:
    cdr = read_cdr(record, session, record.evse_id, call.now)
    known = await desk.hub.store.get(cdr.key)
    if known is not None:
        if _says_the_same(known, record, cdr):
            call.notes.append("known already")
            return
        raise Declined(CDR_REFUSED, "this session has had another final record")  # EMIP-104
    await desk.tell(call, Fact(read_session(record, session, call.now), wired(record)))
    receipt = await desk.tell(call, Fact(cdr, wired(record)))
    if receipt.verdict is Verdict.CONFLICT:
        raise Declined(CDR_REFUSED, "this session has had another final record")


def _says_the_same(known: Stored, record: ChargeDetailRecord, cdr: Cdr) -> bool:
    stated = record_of(known.wire)
    if stated is not None:
        return stated == record
    body = known.body  # the hub has priced it: then its words are gone
    same = isinstance(body, Cdr) and (body.starts, body.ends, body.total_energy_kwh, body.total_time_h)
    return same == (cdr.starts, cdr.ends, cdr.total_energy_kwh, cdr.total_time_h)


# -- which charge ------------------------------------------------------------------------------------------------------


async def _charge(desk: Desk, call: Call, record: ChargeDetailRecord) -> tuple[Authorization, Session]:
    """Return what allowed the charge of a record, and its session as it stands."""
    hub, cpo = desk.hub, call.operator.id
    permission = await hub.authorization(record.service_session_id, cpo)
    if permission is not None and permission.cpo not in (None, cpo):
        raise Declined(NOT_A_PARTY, f"session {record.service_session_id} is not one of {cpo}")  # EMIP-20
    evse = await _evse(desk, call, record)
    if permission is None:
        permission = await _unasked(desk, call, record, evse)
    elif record.exec_partner_session_id and permission.cpo_session is None:
        named = await hub.identify(call.origin, permission.reference, cpo_session=record.exec_partner_session_id)
        permission = named or permission
    row = await session_of(hub, permission, cpo)
    known = row.body if row is not None else pending(permission, cpo, evse, record.start_time)
    if not isinstance(known, Session):
        raise Declined(SESSION_UNKNOWN, f"nobody was let charge in session {record.service_session_id}")
    return permission, known


async def _evse(desk: Desk, call: Call, record: ChargeDetailRecord) -> Evse:
    evse = await desk.elements.named(record.evse_id)
    if evse is None:
        raise Declined(ELEMENT_UNKNOWN, f"no EVSE {record.evse_id} is known here")
    if evse.owner != call.operator.id:
        raise Declined(FOREIGN, f"EVSE {record.evse_id} is not one of {call.operator.id}")
    return evse


async def _unasked(desk: Desk, call: Call, record: ChargeDetailRecord, evse: Evse) -> Authorization:
    """Return the permission of a user whom the CPO let charge by its white list, under the CPO's own id (EMIP-123)."""
    hub, own = desk.hub, record.service_session_id
    unknown = Declined(SESSION_UNKNOWN, f"session {own} is not known, and nobody's white list allows its user")
    if record.exec_partner_session_id not in (None, own):
        raise unknown
    row = await hub.store.get(session_key(evse.owner, own))
    if row is not None and isinstance(row.body, Session) and row.body.authorization_reference:
        found = await hub.authorization(row.body.authorization_reference, evse.owner)
        if found is not None:
            return found
    token, agreement = await _listed(desk, call, record, evse) or (None, "")
    if token is None:
        raise unknown
    receiver = hub.book.agreements[agreement].emsp
    permission = Authorization(
        allowed=Allowed.ALLOWED,
        reference=hub.ids.new(),
        cpo=evse.owner,
        emsp=token.owner,
        receiver=receiver,
        agreement=agreement,
        token=token,
        location_id=evse.location_id,
        evse_uids=(evse.uid,),
        service=record.requested_service_id,
        listed=True,
        alias=record.user_contract_id_alias,
        cpo_session=own,
        correlation=call.transaction,
        at=call.now,
    )
    await hub.record_authorization(call.origin, permission, call.now)
    call.notes.append(f"matched by user and EVSE: {token.owner}")
    return permission


async def _listed(desk: Desk, call: Call, record: ChargeDetailRecord, evse: Evse) -> tuple[Token, str] | None:
    """Return the token of a white list that lets this user charge here, and under which agreement."""
    hub = desk.hub
    try:
        token_type, uid = read_user(record.user_id_type, record.user_id)
    except ValueError as odd:
        raise Declined(MALFORMED, str(odd)) from odd
    token_type, uid = await user_stated(hub, token_type, uid, record.user_id)
    spots = await hub.sight.spots(evse.owner, evse.location_id, (evse.uid,), known=True)
    for row in await hub.store.by_ref(token_ref(token_type, uid), Kind.TOKEN):
        token = row.body
        if row.withdrawn or not isinstance(token, Token) or token.whitelist is Whitelist.NEVER:
            continue
        agreement = hub.book.routing.covering(evse.owner, token.owner, Module.TOKENS, call.now, spots)
        if token.valid and not token.expired(record.start_time) and agreement is not None:
            return token, agreement.id
    return None


# -- for eMSPs ---------------------------------------------------------------------------------------------------------


async def get_charge_detail_record(desk: Desk, call: Call) -> to_iop.GetChargeDetailRecordResponse:
    """Show an eMSP a record of one of its sessions: the final one, else the newest intermediate one."""
    asked: to_iop.GetChargeDetailRecord = call.message
    name = asked.service_session_id or asked.sale_partner_session_id
    if not name:
        raise Declined(MALFORMED, "serviceSessionId or salePartnerSessionId is needed")
    if asked.cdr_nature not in (None, FINAL, INTERMEDIATE):
        raise Declined(MALFORMED, f"no CDRNature {asked.cdr_nature}")
    rows = await _rows_of(desk, call, name, ours=bool(asked.service_session_id))
    wanted = [row for row in rows if _is_wanted(row, asked.cdr_nature)]
    finals = sorted((row for row in wanted if isinstance(row.body, Cdr)), key=lambda row: row.no)
    found = (*finals[:1], *wanted)  # the first final one is the one (EMIP-104)
    record = await _shown(desk, found[0]) if found else None
    return to_iop.GetChargeDetailRecordResponse(
        transaction_id=call.transaction, charge_detail_record=record, request_status=SUCCESS
    )


async def _rows_of(desk: Desk, call: Call, name: str, *, ours: bool) -> list[Stored]:
    """Return what is known of a session of this eMSP, by our id or by its own."""
    hub = desk.hub
    found = [row.body for row in await hub.store.by_ref(authorization_ref(name), Kind.AUTHORIZATION)]
    permission = next(
        (
            one
            for one in reversed(found)
            if isinstance(one, Authorization)
            and call.operator.id == one.emsp
            and (one.reference if ours else one.emsp_reference) == name
        ),
        None,
    )
    if permission is not None:
        rows = await hub.store.by_ref(authorization_ref(permission.reference))
        held = hub.clearing.held
        return [row for row in rows if row.key.kind in (Kind.SESSION, Kind.CDR) and row.key not in held]
    session = await hub.store.by_hub_id(name)
    if session is None or session.receiver != call.operator:
        raise Declined(SESSION_UNKNOWN, f"{call.operator.id} has no session {name} here")
    return [session]


def _is_wanted(row: Stored, nature: int | None) -> bool:
    """Whether a row is a record of this nature; a credit is none."""
    final = isinstance(row.body, Cdr) and not row.body.credit
    record = record_of(row.wire) if isinstance(row.body, Session) else None
    intermediate = record is not None and not is_final(record)
    return (final and nature in (None, FINAL)) or (intermediate and nature in (None, INTERMEDIATE))


async def _shown(desk: Desk, row: Stored) -> ChargeDetailRecord:
    body = row.body
    if not isinstance(body, Session | Cdr):
        raise TypeError(str(row.key))
    return (await rendered(desk.hub, body, row.wire, row.hub_id))[0]


async def get_charge_detail_record_list(desk: Desk, call: Call) -> to_iop.GetChargeDetailRecordListResponse:
    """Show an eMSP its records since it last asked, in the order in which they came."""
    asked: to_iop.GetChargeDetailRecordList = call.message
    if asked.max_count is not None and asked.max_count < 1:
        raise Declined(MALFORMED, f"maxCount {asked.max_count} asks for nothing")
    if asked.cdr_nature not in (None, FINAL, INTERMEDIATE):
        raise Declined(MALFORMED, f"no CDRNature {asked.cdr_nature}")
    shown, goes_on = await _batch(desk, call, min(asked.max_count or MOST, MOST))
    return to_iop.GetChargeDetailRecordListResponse(
        transaction_id=call.transaction,
        current_time=goes_on or _second(call.now),
        charge_detail_record_list=tuple([await _shown(desk, row) for row in shown]),
        more_data=goes_on is not None,
        request_status=SUCCESS,
    )


async def _batch(desk: Desk, call: Call, most: int) -> tuple[list[Stored], datetime | None]:
    """Return what came in the time asked for, the earliest first, and from when to go on where that was too much.

    The next request names no more than a second: what came within one stays together.
    """
    asked: to_iop.GetChargeDetailRecordList = call.message
    since = _second(asked.last_request_date) if asked.last_request_date else None
    until = _second(asked.end_date) if asked.end_date else None
    rows = await _rows(desk, call, since)
    shown: list[Stored] = []
    last: datetime | None = None
    for row in rows[await _first(desk, rows, since) :]:
        came = await _came(desk, row)
        if (since is not None and came < since) or (until is not None and came >= until):
            continue
        if await _is_second(desk, call, row):
            continue
        if len(shown) >= most and came != last:
            return shown, came
        shown.append(row)
        last = came
    return shown, None


async def _rows(desk: Desk, call: Call, since: datetime | None) -> list[Stored]:
    """Return this eMSP's records in the order in which they came, from some time before a date on."""
    asked: to_iop.GetChargeDetailRecordList = call.message
    early = max(since, EPOCH) - _LATE if since is not None else None
    kind = Kind.SESSION if asked.cdr_nature == INTERMEDIATE else Kind.CDR
    found = every(partial(desk.hub.find, call.operator), Query(kind=kind, updated_from=early, limit=_PAGE))
    return sorted([row async for row in found if _is_wanted(row, asked.cdr_nature)], key=lambda row: row.version)


async def _is_second(desk: Desk, call: Call, row: Stored) -> bool:
    """Whether its charge has had a final record before: who speaks eMIP states no other (EMIP-104)."""
    body = row.body
    if not isinstance(body, Cdr) or record_of(row.wire) is not None:
        return False
    return await final_before(desk.hub, body, call.operator) is not None


async def _first(desk: Desk, rows: Sequence[Stored], since: datetime | None) -> int:
    """Return the place of the first record that may have come since a date."""
    low, high = 0, len(rows) if since is not None else 0
    while since is not None and low < high:
        middle = (low + high) // 2
        if await _came(desk, rows[middle]) < max(since, EPOCH) - _SKEW:
            low = middle + 1
        else:
            high = middle
    return low


async def _came(desk: Desk, row: Stored) -> datetime:
    """Return when a record came here: the time of its entry in the journal."""
    entries = await desk.hub.store.entries(row.version - 1, 1, through=row.version)
    return _second(entries[0].at if entries else row.updated)


def _second(moment: datetime) -> datetime:
    """Return the second of a time: as much of a date as every peer gives back."""
    return moment.replace(microsecond=0)
