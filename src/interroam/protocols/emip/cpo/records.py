"""A charge as chargeDetailRecord: final from its CDR, intermediate from its session as it goes. Pure.

Every record has the meters 1 (minutes) and 2 (Wh); the cost is meter 3 where the platform may know it, and the time of
charging meter 5 where the time of parking is known (EMIP-94). Amounts keep their digits (EMIP-95).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from interroam.model.charges import Cdr, Session
from interroam.model.places import Evse
from interroam.model.tokens import CHARGING, Authorization
from interroam.protocols.emip.cpo.ledger import Charge
from interroam.protocols.emip.rules.ids import Letter, named
from interroam.protocols.emip.rules.limits import COST, DURATION, ENERGY, MINUTES, POWER_TIME, WATT_HOURS, minutes
from interroam.protocols.emip.translate.charges import FINAL, INTERMEDIATE
from interroam.protocols.emip.translate.tokens import write_user
from interroam.protocols.emip.wire.types import EMI3, ChargeDetailRecord, MeterReport

_WH_PER_KWH = 1000
_MINUTES_PER_HOUR = 60
_ROUNDED = Decimal("0.0001")
_DERIVED = Decimal("0.006")
"""So many minutes may lie between a time in hours, rounded to four digits, and the time itself."""

Meter = tuple[int, str, str]


def final_record(
    cdr: Cdr, charge: Charge, permission: Authorization | None, evse: Evse | None, *, cost: bool
) -> ChargeDetailRecord:
    """Write the record that ends a charge."""
    span, stated = minutes(cdr.ends - cdr.starts), cdr.total_time_h * _MINUTES_PER_HOUR
    total = span if abs(span - stated) <= _DERIVED else stated
    meters: list[Meter] = [
        (DURATION, _shortest(total), MINUTES),
        (ENERGY, _shortest(cdr.total_energy_kwh * _WH_PER_KWH), WATT_HOURS),
    ]
    if cost:
        meters.append((COST, f"{cdr.total_cost.excl_vat:f}", cdr.currency.upper()))
    if cdr.total_parking_time_h is not None:
        charging = max(Decimal(), stated - cdr.total_parking_time_h * _MINUTES_PER_HOUR)
        meters.append((POWER_TIME, _shortest(charging), MINUTES))
    evse_id = named(cdr.owner, Letter.EVSE, cdr.evse_id or (evse.evse_id if evse is not None else "") or cdr.evse_uid)
    return _record(FINAL, cdr, charge, permission, str(evse_id), cdr.ends, meters)


def interim_record(
    session: Session,
    charge: Charge,
    permission: Authorization | None,
    evse: Evse | None,
    until: datetime,
    *,
    cost: bool,
) -> ChargeDetailRecord:
    """Write the record of a charge that goes on: from its start until now (EMIP-99)."""
    meters: list[Meter] = [
        (DURATION, _shortest(minutes(until - session.starts)), MINUTES),
        (ENERGY, _shortest(session.energy_kwh * _WH_PER_KWH), WATT_HOURS),
    ]
    if cost and session.total_cost is not None:
        meters.append((COST, f"{session.total_cost.excl_vat:f}", session.currency.upper()))
    evse_id = named(session.owner, Letter.EVSE, (evse.evse_id if evse is not None else "") or session.evse_uid)
    return _record(INTERMEDIATE, session, charge, permission, str(evse_id), until, meters)


def _record(
    nature: int,
    body: Session | Cdr,
    charge: Charge,
    permission: Authorization | None,
    evse_id: str,
    until: datetime,
    meters: Iterable[Meter],
) -> ChargeDetailRecord:
    kind, user = write_user(body.token.type, body.token.uid, charge.user_type)
    return ChargeDetailRecord(
        cdr_nature=nature,
        service_session_id=charge.known_as,
        exec_partner_session_id=charge.own,
        exec_partner_operator_id_type=EMI3,
        exec_partner_operator_id=str(body.owner),
        requested_service_id=permission.service if permission is not None else CHARGING,
        evse_id=evse_id,
        user_contract_id_alias=permission.alias if permission is not None else None,
        user_id_type=kind,
        user_id=user,
        start_time=body.starts,
        end_time=until,
        meter_report_list=tuple(
            MeterReport(meter_type_id=number, meter_value=value, meter_unit=unit) for number, value, unit in meters
        ),
    )


def _shortest(value: Decimal) -> str:
    """Write an amount without an exponent and without zeros that say nothing; what has no end is rounded."""
    exact = value if -value.as_tuple().exponent <= 9 else value.quantize(_ROUNDED)  # type: ignore[operator]
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
