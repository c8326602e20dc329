"""The course of a charge: its periods as stretches of one phase each, in order, with their energy and time.

What the periods say is priced. Where they leave something open, the assumption made is noted, with the dimension whose
price depends on it:

- The clock is exact and a volume in hours is rounded: where both agree to a thousandth of an hour, the clock counts.
  Where they do not, the volume does: time out of order is free (OCPI-134).
- Several kinds of time in one period follow each other: reserved, charging, parked.
- Energy is spread evenly over the time of its stretch.
- Where the charging ends and the parking begins is the CPO's decision (C26).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import msgspec

from interroam.core.rules.pricing.exact import ZERO, after, four, hours, volume, whole_seconds
from interroam.model.charges import Cdr, Dimension, Period, Session

_CLOSE_H = Fraction(1, 1000)
_CURRENT = ("CURRENT", "MAX_CURRENT", "MIN_CURRENT")
_POWER = ("POWER", "MAX_POWER", "MIN_POWER")
_UNFINISHED = frozenset({"ACTIVE", "PENDING", "RESERVATION"})


class Phase(StrEnum):
    """What the EVSE was used for; the value is the word of the dimension that counts its time."""

    RESERVED = "RESERVATION_TIME"
    CHARGING = "TIME"
    PARKED = "PARKING_TIME"


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What is priced: the periods of a session or a CDR, and the time zone of its location."""

    starts: datetime
    ends: datetime
    periods: tuple[Period, ...]
    energy_kwh: Decimal
    zone: str | None = None
    running: bool = False

    @classmethod
    def of(cls, body: Session | Cdr, zone: str | None) -> Charge:
        """Take a CDR, or a session as far as it is known."""
        if isinstance(body, Session):
            ends = body.ends or max(body.last_updated, body.starts)
            whole = _whole(body.starts, body.energy_kwh, four(hours(body.starts, ends)), None)
            periods = body.periods or (whole,)
            energy, running = body.energy_kwh, body.status in _UNFINISHED
        else:
            ends, energy, running = body.ends, body.total_energy_kwh, False
            whole = _whole(body.starts, energy, body.total_time_h, body.total_parking_time_h)
            periods = body.periods or (whole,)
        return cls(starts=body.starts, ends=ends, periods=periods, energy_kwh=energy, zone=zone, running=running)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a charge in one phase, under one tariff."""

    starts: datetime
    ends: datetime
    phase: Phase
    hours: Fraction
    kwh: Fraction
    current_a: Fraction | None
    power_kw: Fraction | None
    tariff_id: str | None


class Assumption(msgspec.Struct, frozen=True):
    """What was taken for granted, and the dimensions whose price hangs on it."""

    text: str
    dimensions: frozenset[str]


class Course(msgspec.Struct, frozen=True):
    """A charge from beginning to end."""

    stretches: tuple[Stretch, ...]
    reserved_from: datetime
    plugged_in: datetime
    expired: bool
    """Reserved and never used."""
    assumptions: tuple[Assumption, ...]


_TIMES = frozenset({"TIME", "PARKING_TIME"})
_ENERGY = frozenset({"ENERGY"})
_BY_CLOCK = Assumption("a period with energy names no time: all of it is taken as charging", _TIMES)
_IN_ORDER = Assumption("a period names several kinds of time: taken in turn, charging before parking", _TIMES)
_SPREAD = Assumption("no period names its energy: the total is spread evenly over the time of charging", _ENERGY)


def follow(charge: Charge) -> Course:
    """Follow a charge through its periods."""
    assumed: dict[Assumption, None] = {}
    # Periods that start together are put in one order, whatever order they came in.
    known = charge.periods or (Period(charge.starts, ()),)
    periods = sorted(known, key=lambda one: (one.starts, msgspec.json.encode(one)))
    ends = [*(one.starts for one in periods[1:]), charge.ends]
    found: list[Stretch] = []
    for period, end in zip(periods, ends, strict=True):
        found += _stretches(period, max(period.starts, end), assumed)
    if charge.energy_kwh > 0 and not any(one.type == "ENERGY" for each in periods for one in each.dimensions):
        found = list(_spread(found, volume(charge.energy_kwh)))
        assumed[_SPREAD] = None
    used = [one for one in found if one.phase is not Phase.RESERVED]
    reserved = [one for one in found if one.phase is Phase.RESERVED]
    expired = bool(reserved) and not charge.running and not any(one.hours or one.kwh for one in used)
    return Course(
        stretches=tuple(found),
        reserved_from=reserved[0].starts if reserved else charge.starts,
        plugged_in=used[0].starts if reserved and used else charge.starts,
        expired=expired,
        assumptions=tuple(assumed),
    )


def _whole(starts: datetime, kwh: Decimal, total: Decimal, parked: Decimal | None) -> Period:
    """Return a charge without periods as one."""
    volumes = [Dimension("ENERGY", kwh), Dimension("TIME", total - (parked or Decimal(0)))]
    if parked is not None:
        volumes.append(Dimension("PARKING_TIME", parked))
    return Period(starts, tuple(volumes))


def _stretches(period: Period, ends: datetime, assumed: dict[Assumption, None]) -> Iterator[Stretch]:
    kwh = _sum(period.dimensions, "ENERGY")
    clock = hours(period.starts, ends)
    times = _times(period.dimensions, kwh, clock, assumed)
    lengths = _lengths([counted for _, counted in times], clock)
    total = sum(lengths, ZERO)
    if total != clock:
        said = f"the period from {period.starts:%Y-%m-%d %H:%M:%S} UTC counts {_short(total)} h of {_short(clock)} h"
        assumed[Assumption(f"{said} by the clock: priced as stated", _TIMES)] = None
    fed = next((phase for phase, _ in times if phase is Phase.CHARGING), times[-1][0])
    begin, passed = period.starts, ZERO
    for (phase, _), length in zip(times, lengths, strict=True):
        passed += length
        end = after(period.starts, ends, passed / total) if passed < total else ends
        yield Stretch(
            starts=begin,
            ends=end,
            phase=phase,
            hours=length,
            kwh=kwh if phase is fed else ZERO,
            current_a=_level(period.dimensions, _CURRENT, phase),
            power_kw=_power(period.dimensions, phase, kwh, length),
            tariff_id=period.tariff_id,
        )
        begin = end


def _lengths(volumes: Sequence[Fraction], clock: Fraction) -> list[Fraction]:
    """Return the hours of each kind of time in a period: together those of the clock, or each as it is stated."""
    lengths = [whole_seconds(one) for one in volumes]
    if abs(sum(volumes, ZERO) - clock) <= _CLOSE_H:
        lengths[-1] = max(clock - sum(lengths[:-1], ZERO), ZERO)
    return lengths


def _short(value: Fraction) -> str:
    return f"{four(value).normalize():f}"


def _times(
    dimensions: Sequence[Dimension], kwh: Fraction, clock: Fraction, assumed: dict[Assumption, None]
) -> list[tuple[Phase, Fraction]]:
    """Return the kinds of time in a period, in their order; one at least."""
    named = [phase for phase in Phase if any(one.type == phase for one in dimensions)]
    times = [(phase, counted) for phase in named if (counted := _sum(dimensions, phase)) > 0]
    if len(times) > 1:
        assumed[_IN_ORDER] = None
    if not named and kwh > 0:
        if clock:
            assumed[_BY_CLOCK] = None
        return [(Phase.CHARGING, clock)]
    return times or [(named[0] if named else Phase.CHARGING, ZERO)]


def _sum(dimensions: Iterable[Dimension], word: str) -> Fraction:
    return max(sum((volume(one.volume) for one in dimensions if one.type == word), ZERO), ZERO)


def _level(dimensions: Sequence[Dimension], words: Sequence[str], phase: Phase) -> Fraction | None:
    """Return the level of a stretch: as it was, else the most, else the least that was reached; none when parked."""
    if phase is not Phase.CHARGING:
        return ZERO
    known = ([Fraction(one.volume) for one in dimensions if one.type == word] for word in words)
    return next((max(volumes) for volumes in known if volumes), None)


def _power(dimensions: Sequence[Dimension], phase: Phase, kwh: Fraction, length: Fraction) -> Fraction | None:
    """Return the power of a stretch; where none is named, its average."""
    level = _level(dimensions, _POWER, phase)
    return kwh / length if level is None and length > 0 else level


def _spread(stretches: Sequence[Stretch], kwh: Fraction) -> Iterator[Stretch]:
    """Spread energy over the time of charging; where there is none it comes first."""
    charging = [one.hours if one.phase is Phase.CHARGING else ZERO for one in stretches]
    total = sum(charging, ZERO)
    shares = [length / total for length in charging] if total else [Fraction(1), *(ZERO for _ in stretches[1:])]
    for one, share in zip(stretches, shares, strict=True):
        yield msgspec.structs.replace(one, kwh=kwh * share)
