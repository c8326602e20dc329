"""When an element of a tariff applies: every restriction that is set must hold at the start of the slice.

Lower bounds are inclusive, upper bounds exclusive. The end of the day may be written 00:00; an end before the start
wraps over midnight. Times, dates and weekdays are local to the location (OCPI 2.2.1 mod_tariffs: TariffRestrictions).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import msgspec

from interroam.core.rules.pricing.course import Phase
from interroam.model.errors import Reason, Refused
from interroam.model.tariffs import Restrictions, Slots, Tariff

DAY_S = 86_400
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a charge in which no element begins or ceases to apply."""

    starts: datetime
    ends: datetime
    local: datetime
    phase: Phase
    hours: Fraction
    kwh: Fraction
    kwh_before: Fraction
    elapsed_s: Fraction
    current_a: Fraction | None
    power_kw: Fraction | None
    tariff: Tariff


def applies(limits: Restrictions | None, piece: Slice) -> bool:
    """Whether an element with these restrictions applies to a slice; the kind of reservation is looked at elsewhere."""
    if limits is None:
        return True
    return (
        _in_day(limits, piece.local)
        and _in_dates(limits, piece.local.date())
        and (not limits.days or _DAYS[piece.local.weekday()] in limits.days)
        and _within(limits.min_kwh, piece.kwh_before, limits.max_kwh)
        and _within(limits.min_duration_s, piece.elapsed_s, limits.max_duration_s)
        and _within(limits.min_current_a, piece.current_a, limits.max_current_a)
        and _within(limits.min_power_kw, piece.power_kw, limits.max_power_kw)
    )


def second_of_day(text: str) -> int:
    """Read ``HH:MM``."""
    hour, colon, minute = text.partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and int(minute) < 60 and int(hour) <= 24):
        raise Refused(Reason.MALFORMED, f"{text!r} is no time of day", remedy="write it as HH:MM")
    return int(hour) * 3600 + int(minute) * 60


def local_seconds(limits: Restrictions) -> Iterable[int]:
    """Return the times of day at which these restrictions change their mind."""
    return [second_of_day(text) % DAY_S for text in (limits.start_time, limits.end_time) if text]


def is_local(limits: Restrictions) -> bool:
    """Whether these restrictions depend on where the location is."""
    return bool(limits.start_time or limits.end_time or limits.start_date or limits.end_date or limits.days)


def by_time(limits: Restrictions) -> bool:
    """Whether these restrictions may change their mind inside a period."""
    return is_local(limits) or limits.min_duration_s is not None or limits.max_duration_s is not None


def _in_day(limits: Restrictions, local: datetime) -> bool:
    if not (limits.start_time or limits.end_time):
        return True
    return between(limits.start_time or "00:00", local, limits.end_time or "00:00")


def between(begins: str, local: datetime, ends: str) -> bool:
    """Whether a local time lies between two times of day; 00:00 ends the day, an earlier end wraps over midnight."""
    begin, end = second_of_day(begins), second_of_day(ends) or DAY_S
    now = local.hour * 3600 + local.minute * 60 + local.second
    return begin <= now < end if begin < end else now >= begin or now < end


def in_slots(slots: Slots | None, local: datetime) -> bool:
    """Whether a charge that begins at this local time may have a tariff with these slots (OCPI-161)."""
    if slots is None:
        return True
    if slots.days and _DAYS[local.weekday()] not in slots.days:
        return False
    return not slots.times or any(between(begins, local, ends) for begins, ends in slots.times)


def _in_dates(limits: Restrictions, today: date) -> bool:
    if limits.start_date and today < _date(limits.start_date):
        return False
    return not (limits.end_date and today >= _date(limits.end_date))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(Reason.MALFORMED, f"{text!r} is no date", remedy="write it as YYYY-MM-DD") from None


def _within(least: Decimal | int | None, value: Fraction | None, most: Decimal | int | None) -> bool:
    """Whether a value lies between two bounds; one that is not known does not."""
    if least is None and most is None:
        return True
    if value is None:
        return False
    return (least is None or value >= Fraction(least)) and (most is None or value < Fraction(most))


def words(limits: Restrictions | None) -> str:
    """Say when an element applies, for a person."""
    if limits is None:
        return ""
    said = [f"{limits.start_time or '00:00'}–{limits.end_time or '24:00'}"] * bool(limits.start_time or limits.end_time)
    said += [" ".join(day[:3].capitalize() for day in limits.days)] * bool(limits.days)
    said += [f"from {limits.start_date}"] * bool(limits.start_date)
    said += [f"until {limits.end_date}"] * bool(limits.end_date)
    for least, most, unit in (
        (limits.min_kwh, limits.max_kwh, "kWh"),
        (limits.min_current_a, limits.max_current_a, "A"),
        (limits.min_power_kw, limits.max_power_kw, "kW"),
        (limits.min_duration_s, limits.max_duration_s, "s"),
    ):
        said += [f"from {least} {unit}"] * (least is not None)
        said += [f"below {most} {unit}"] * (most is not None)
    said += [{"RESERVATION": "reserved", "RESERVATION_EXPIRES": "expired"}.get(limits.reservation or "", "")]
    return ", ".join(filter(None, said))
