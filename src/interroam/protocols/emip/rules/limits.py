"""How far a charge may go: what its meters read while it runs, and which limit is reached. Pure.

A meter is a number with a unit. Those of a running charge are read off what its CPO stated of it so far; time goes on
between two such statements, energy does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from interroam.model.charges import Period, Session
from interroam.model.tokens import Limit

DURATION, ENERGY, COST, POWER_TIME = 1, 2, 3, 5
"""Meters by their numbers; 1001 to 1999 are the minutes at a power of so many kW."""
MINUTES, WATT_HOURS = "min", "Wh"
_SPELLED_OUT = frozenset({"minute", "minutes"})
_AT_POWER = range(1001, 2000)
_MINUTE = timedelta(minutes=1) / timedelta(microseconds=1)
_WH_PER_KWH = 1000
_MINUTES_PER_HOUR = 60
_HALF = Decimal("0.5")


def minutes(duration: timedelta) -> Decimal:
    """Return a duration in minutes."""
    return Decimal(duration // timedelta(microseconds=1)) / Decimal(_MINUTE)


def readings(session: Session, now: datetime) -> Mapping[int, tuple[Decimal, str]]:
    """Return what the meters of a charge read at this time, with their units, by number."""
    end = session.ends or max(now, session.starts)
    found: dict[int, tuple[Decimal, str]] = {
        DURATION: (minutes(end - session.starts), MINUTES),
        ENERGY: (session.energy_kwh * _WH_PER_KWH, WATT_HOURS),
        POWER_TIME: (_powered(session, end), MINUTES),
    }
    if session.total_cost is not None:
        found[COST] = (session.total_cost.excl_vat, session.currency.upper())
    for meter, value in _at_power(session.periods, end).items():
        found[meter] = (value, MINUTES)
    return found


def reached(session: Session, limits: Iterable[Limit], now: datetime) -> Limit | None:
    """Return the first limit that a charge has reached; None when it may go on."""
    read = readings(session, now)
    for limit in limits:
        meter, most = _number(limit.type), _decimal(limit.value)
        value, unit = read.get(meter, (None, ""))
        if value is None or most is None or unit.casefold() != _unit(limit.unit):
            continue
        if value >= most:
            return limit
    return None


def _powered(session: Session, end: datetime) -> Decimal:
    """Return for how long the vehicle drew power: all the time but for what was stated as parking."""
    parked = sum((_volume(one, "PARKING_TIME") for one in session.periods), Decimal())
    last = session.periods[-1] if session.periods else None
    if last is not None and session.ends is None and _volume(last, "PARKING_TIME") > 0 and not _volume(last, "ENERGY"):
        # It still parks: what has passed since that period began is parking, however much of it was stated.
        parked += max(Decimal(), minutes(end - last.starts) / _MINUTES_PER_HOUR - _volume(last, "PARKING_TIME"))
    return max(Decimal(), minutes(end - session.starts) - parked * _MINUTES_PER_HOUR)


def _at_power(periods: tuple[Period, ...], end: datetime) -> Mapping[int, Decimal]:
    """Return the minutes at each power, in whole kW, by the number of the meter."""
    found: dict[int, Decimal] = {}
    for place, period in enumerate(periods):
        until = periods[place + 1].starts if place + 1 < len(periods) else end
        span = minutes(until - period.starts)
        if span <= 0:
            continue
        power = _volume(period, "POWER") or _volume(period, "ENERGY") * _MINUTES_PER_HOUR / span
        meter = 1000 + int(power + _HALF)
        if meter in _AT_POWER:
            found[meter] = found.get(meter, Decimal()) + span
    return found


def _volume(period: Period, dimension: str) -> Decimal:
    return sum((one.volume for one in period.dimensions if one.type == dimension), Decimal())


def _unit(text: str) -> str:
    """Return a unit as compared; an example of the guide writes one out (sheet 5, conflicts)."""
    plain = text.strip().casefold()
    return MINUTES if plain in _SPELLED_OUT else plain


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
