"""chargeDetailRecord ⇄ Session (intermediate) and Cdr (final); sessionEvent ⇄ Report, sessionAction ⇄ Act.

A record keeps the form in which it came: meters digit for digit, also those nobody knows (EMIP-95, EMIP-96).

Lost from eMIP to OCPI: meters beside time, energy, cost and time of drawn power; the product; the alias. A record
without a meter of cost has none in OCPI: its total is 0, unless the agreement has the hub price it. Lost from OCPI to
eMIP: periods, tariffs, VAT and the parts of the cost. A credit cannot be told (bridge/charges.py). Invented where eMIP
says nothing: EUR, and the connector 1 of an EVSE of which none is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from interroam.model.charges import Cdr, ChargeToken, Dimension, Period, Session
from interroam.model.facts import Wire
from interroam.model.ids import PartyId
from interroam.model.money import Price
from interroam.model.places import Evse
from interroam.model.questions import Act, Report
from interroam.model.tokens import Allowed, Authorization, Token
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.rules.limits import COST, DURATION, ENERGY, MINUTES, POWER_TIME, WATT_HOURS
from interroam.protocols.emip.wire.types import (
    EMI3,
    ChargeDetailRecord,
    IdentifiedAction,
    IdentifiedEvent,
    MeterReport,
    SessionAction,
    SessionEvent,
)

from .tokens import VERSION

FINAL, INTERMEDIATE = 1, 2
"""Sheet 3.6."""
CURRENCY = "EUR"
NO_CONNECTOR = "1"
_HOUR = Decimal(60)
_WH_PER_KWH = Decimal(1000)
_FOURTH = Decimal("0.0001")
_READ = (DURATION, ENERGY, COST, POWER_TIME)
"""The meters that are reckoned with; all others are only passed on."""
_GREATEST = Decimal(10) ** 15


# -- the form it came in -----------------------------------------------------------------------------------------------


def wired(record: ChargeDetailRecord) -> Wire:
    """Return a record as it is kept beside the model's form."""
    return Wire(PROTOCOL, VERSION, msgspec.json.encode(record))


def record_of(wire: Wire | None) -> ChargeDetailRecord | None:
    """Return the record that an object was stated by, when that was in eMIP."""
    if wire is None or wire.room != PROTOCOL or wire.version != VERSION or not wire.data:
        return None
    return msgspec.json.decode(wire.data, type=ChargeDetailRecord)


def is_final(record: ChargeDetailRecord) -> bool:
    """Whether a record ends its charge."""
    return record.cdr_nature == FINAL


def flaw(record: ChargeDetailRecord) -> str:
    """Say what is wrong with a record; empty when nothing is (EMIP-94)."""
    if record.cdr_nature not in (FINAL, INTERMEDIATE):
        return f"CDRNature is {record.cdr_nature}: neither final nor intermediate"
    if record.end_time < record.start_time:
        return "endTime is before startTime"
    for number, unit in ((DURATION, MINUTES), (ENERGY, WATT_HOURS)):
        meter = _meter(record, number)
        if meter is None:
            return f"meter {number} is missing"
        if meter.meter_unit.strip() != unit:
            return f"meter {number} is in {meter.meter_unit}, not in {unit}"
        if Decimal(meter.meter_value) < 0:
            return f"meter {number} is below zero"
    beyond = (one for one in (_meter(record, number) for number in _READ) if one is not None and _is_beyond(one))
    return next((f"meter {one.meter_type_id} shows more than any meter" for one in beyond), "")


def _is_beyond(meter: MeterReport) -> bool:
    return abs(Decimal(meter.meter_value)) >= _GREATEST


# -- records to the model ----------------------------------------------------------------------------------------------


def charge_token(token: Token | None, emsp: PartyId, uid: str = "", token_type: str = "OTHER") -> ChargeToken:
    """Return the token of a charge."""
    if token is None:
        return ChargeToken(emsp, uid, token_type, uid)
    return ChargeToken(token.owner, token.uid, token.type, token.contract_id)


def pending(permission: Authorization, cpo: PartyId, evse: Evse, now: datetime) -> Session | None:
    """Return the session that a permission begins, before anything happens; None when it lets nobody charge."""
    if permission.token is None:
        return None
    return Session(
        owner=cpo,
        id=permission.cpo_session or permission.reference,
        status="PENDING",
        starts=now,
        energy_kwh=Decimal(0),
        token=charge_token(permission.token, permission.token.owner),
        auth_method="COMMAND" if permission.command else "WHITELIST" if permission.listed else "AUTH_REQUEST",
        authorization_reference=permission.reference,
        location_id=evse.location_id,
        evse_uid=evse.uid,
        connector_id=connector_of(evse),
        currency=CURRENCY,
        last_updated=now,
    )


def read_session(record: ChargeDetailRecord, known: Session, now: datetime) -> Session:
    """Read how a session stands by a record of it: over when the record is the final one."""
    price = _price(record)
    final = is_final(record)
    return replace(
        known,
        status="COMPLETED" if final else "ACTIVE",
        starts=record.start_time,
        ends=record.end_time if final else None,
        energy_kwh=_energy_kwh(record),
        periods=(_period(record),),
        currency=price[1] if price is not None else known.currency,
        total_cost=Price(price[0]) if price is not None else None,
        cleared=False,
        last_updated=now,
    )


def read_cdr(record: ChargeDetailRecord, session: Session, evse_id: str, now: datetime) -> Cdr:
    """Read a final record; the hub's id of the session is its id."""
    price = _price(record)
    powered = _meter(record, POWER_TIME)
    hours = _hours(_meter(record, DURATION))
    return Cdr(
        owner=session.owner,
        id=session.authorization_reference or record.service_session_id,
        session_id=session.id,
        starts=record.start_time,
        ends=record.end_time,
        token=session.token,
        auth_method=session.auth_method,
        authorization_reference=session.authorization_reference,
        location_id=session.location_id,
        evse_uid=session.evse_uid,
        evse_id=evse_id,
        connector_id=session.connector_id,
        currency=price[1] if price is not None else session.currency,
        periods=(_period(record),),
        total_cost=Price(price[0] if price is not None else Decimal(0)),
        total_energy_kwh=_energy_kwh(record),
        total_time_h=hours,
        total_parking_time_h=max(Decimal(0), hours - _hours(powered)) if powered is not None else None,
        remark=None if price is not None else "the CPO stated no price",
        last_updated=now,
    )


def connector_of(evse: Evse) -> str:
    """Return the connector that a charge at an EVSE is said to be at: eMIP knows none."""
    return evse.connectors[0].id if evse.connectors else NO_CONNECTOR


def _period(record: ChargeDetailRecord) -> Period:
    """Return the whole charge as one period."""
    time, powered = _hours(_meter(record, DURATION)), _meter(record, POWER_TIME)
    drawn = min(time, _hours(powered)) if powered is not None else time
    dimensions = [Dimension("ENERGY", _energy_kwh(record)), Dimension("TIME", drawn)]
    if time > drawn:
        dimensions.append(Dimension("PARKING_TIME", time - drawn))
    return Period(record.start_time, tuple(dimensions))


def _meter(record: ChargeDetailRecord, number: int) -> MeterReport | None:
    return next((one for one in record.meter_report_list if one.meter_type_id == number), None)


def _hours(meter: MeterReport | None) -> Decimal:
    return (Decimal(meter.meter_value) / _HOUR).quantize(_FOURTH) if meter is not None else Decimal(0)


def _energy_kwh(record: ChargeDetailRecord) -> Decimal:
    meter = _meter(record, ENERGY)
    return Decimal(meter.meter_value) / _WH_PER_KWH if meter is not None else Decimal(0)


def _price(record: ChargeDetailRecord) -> tuple[Decimal, str] | None:
    meter = _meter(record, COST)
    return (Decimal(meter.meter_value), meter.meter_unit.strip().upper()) if meter is not None else None


# -- the model to records ----------------------------------------------------------------------------------------------


def write_cdr(cdr: Cdr, reference: str, user: tuple[str, str], evse_id: str) -> ChargeDetailRecord:
    """Write a final record of a CDR that was not stated in eMIP, under the hub's id of its session."""
    return _record(
        cdr,
        reference,
        user,
        evse_id,
        nature=FINAL,
        ends=cdr.ends,
        meters=_meters(
            cdr.total_time_h * _HOUR,
            cdr.total_energy_kwh,
            (cdr.total_cost.excl_vat, cdr.currency),
            (cdr.total_time_h - cdr.total_parking_time_h) * _HOUR if cdr.total_parking_time_h is not None else None,
        ),
    )


def write_session(session: Session, reference: str, user: tuple[str, str], evse_id: str) -> ChargeDetailRecord:
    """Write an intermediate record of a session: from its start until it was stated (EMIP-99)."""
    ends = max(session.ends or session.last_updated, session.starts)
    seconds = Decimal(int((ends - session.starts).total_seconds()))
    cost = (session.total_cost.excl_vat, session.currency) if session.total_cost is not None else None
    meters = _meters(seconds / 60, session.energy_kwh, cost, None)
    return _record(session, reference, user, evse_id, nature=INTERMEDIATE, ends=ends, meters=meters)


def _record(
    charge: Session | Cdr,
    reference: str,
    user: tuple[str, str],
    evse_id: str,
    *,
    nature: int,
    ends: datetime,
    meters: tuple[MeterReport, ...],
) -> ChargeDetailRecord:
    return ChargeDetailRecord(
        cdr_nature=nature,
        service_session_id=reference,
        exec_partner_session_id=(charge.session_id or charge.id) if isinstance(charge, Cdr) else charge.id,
        exec_partner_operator_id_type=EMI3,
        exec_partner_operator_id=str(charge.owner),
        requested_service_id="1",
        evse_id=evse_id,
        user_id_type=user[0],
        user_id=user[1],
        start_time=charge.starts,
        end_time=ends,
        meter_report_list=meters,
    )


def _meters(
    time: Decimal, energy_kwh: Decimal, cost: tuple[Decimal, str] | None, powered: Decimal | None
) -> tuple[MeterReport, ...]:
    found = [(DURATION, time, MINUTES), (ENERGY, energy_kwh * _WH_PER_KWH, WATT_HOURS)]
    if cost is not None:
        found.append((COST, cost[0], cost[1]))
    if powered is not None:
        found.append((POWER_TIME, powered, MINUTES))
    return tuple(
        MeterReport(meter_type_id=one, meter_value=plain(value), meter_unit=unit) for one, value, unit in found
    )


def with_cost(record: ChargeDetailRecord, cost: Price, currency: str) -> ChargeDetailRecord:
    """Return a record with this cost beside the meters that it has."""
    meters = [one for one in record.meter_report_list if one.meter_type_id != COST]
    meters.append(MeterReport(meter_type_id=COST, meter_value=plain(cost.excl_vat), meter_unit=currency))
    return replace(record, meter_report_list=tuple(meters))


def plain(value: Decimal) -> str:
    """Write a number with a point and without anything that says nothing (EMIP-95)."""
    text = f"{value.quantize(_FOURTH):f}"
    return text.rstrip("0").rstrip(".") or "0"


def completed(
    record: ChargeDetailRecord, permission: Authorization | None, seller: PartyId, cpo: PartyId, reference: str
) -> ChargeDetailRecord:
    """Return a record as its eMSP is to get it: under our id, with its own, and with the CPO's (EMIP-91, EMIP-101)."""
    known = permission or _NONE
    return replace(
        record,
        service_session_id=reference,
        exec_partner_session_id=record.exec_partner_session_id or known.cpo_session,
        exec_partner_operator_id_type=EMI3,
        exec_partner_operator_id=str(cpo),
        sale_partner_session_id=known.emsp_reference,
        sale_partner_operator_id_type=EMI3,
        sale_partner_operator_id=str(seller),
        requested_service_id=known.service if permission is not None else record.requested_service_id,
        user_contract_id_alias=record.user_contract_id_alias or known.alias,
    )


_NONE = Authorization(allowed=Allowed.ALLOWED)


# -- events and actions ------------------------------------------------------------------------------------------------

# Sheet 3.10 and 3.11: the lists are open, a number without a word stays a number (EMIP-115).
_EVENTS: Mapping[int, str] = {
    0: "EMERGENCY_STOP",
    1: "ENDED",
    2: "SUSPENDED",
    3: "STARTED",
    11: "CHARGE_STARTED",
    12: "CHARGE_ENDED",
    13: "PRE_STOP",
}
_ACTIONS: Mapping[int, str] = {0: "EMERGENCY_STOP", 1: "STOP", 2: "SUSPEND", 3: "RESTART"}
_EVENT_NUMBERS = {word: number for number, word in _EVENTS.items()}
_ACTION_NUMBERS = {word: number for number, word in _ACTIONS.items()}


def read_event(event: SessionEvent, cpo: PartyId, reference: str) -> Report:
    """Read an event of a session."""
    return Report(
        cpo=cpo,
        session_id=reference,
        nature=_EVENTS.get(event.session_event_nature, str(event.session_event_nature)),
        id=event.session_event_id or "",
        at=event.session_event_date_time,
        parameter=event.session_event_parameter,
        caused_by=event.related_session_action_id,
    )


def write_event(report: Report) -> IdentifiedEvent:
    """Write an event of a session; ValueError for a nature that eMIP cannot say."""
    return IdentifiedEvent(
        session_event_nature=_number(_EVENT_NUMBERS, report.nature),
        session_event_id=report.id,
        session_event_date_time=report.at,
        session_event_parameter=report.parameter,
        related_session_action_id=report.caused_by,
    )


def read_action(action: SessionAction, emsp: PartyId, reference: str) -> Act:
    """Read what is to be done with a session."""
    return Act(
        emsp=emsp,
        session_id=reference,
        nature=_ACTIONS.get(action.session_action_nature, str(action.session_action_nature)),
        id=action.session_action_id or "",
        at=action.session_action_date_time,
        parameter=action.session_action_parameter,
        caused_by=action.related_session_event_id,
    )


def write_action(act: Act) -> IdentifiedAction:
    """Write what is to be done with a session; ValueError for a nature that eMIP cannot say."""
    return IdentifiedAction(
        session_action_nature=_number(_ACTION_NUMBERS, act.nature),
        session_action_id=act.id,
        session_action_date_time=act.at,
        session_action_parameter=act.parameter,
        related_session_event_id=act.caused_by,
    )


def _number(known: Mapping[str, int], nature: str) -> int:
    found = known.get(nature)
    return found if found is not None else int(nature)
