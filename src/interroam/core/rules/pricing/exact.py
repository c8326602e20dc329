"""Exact numbers: fractions inside, decimals of four places outside.

A third of an hour has no end as a decimal, and an amount of exactly half a unit must round up. So everything between
the message and the result is a fraction of whole numbers; binary floats appear nowhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

ZERO = Fraction(0)
_HALF = Fraction(1, 2)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_PER_HOUR = 3600
MICROSECONDS_PER_HOUR = _SECONDS_PER_HOUR * 1_000_000


def four(value: Fraction) -> Decimal:
    """Round half up, away from zero, to the four decimals of a message."""
    units = (abs(value) * 10_000 + _HALF).__floor__()
    return Decimal(f"{-units if value < 0 else units}e-4")


def volume(value: Decimal) -> Fraction:
    """Read a volume to the sixth decimal: what is behind it is the noise of floats, and must not cost a step."""
    return Fraction((Fraction(value) * 1_000_000 + _HALF).__floor__(), 1_000_000)


def microseconds(starts: datetime, ends: datetime) -> int:
    """Return how long it is from one moment to another."""
    return (ends - starts) // _MICROSECOND


def hours(starts: datetime, ends: datetime) -> Fraction:
    """Return how many hours lie between two moments."""
    return Fraction(microseconds(starts, ends), MICROSECONDS_PER_HOUR)


def after(starts: datetime, ends: datetime, part: Fraction) -> datetime:
    """Return the moment when this part of a stretch is over, not later than it truly is."""
    return starts + timedelta(microseconds=(microseconds(starts, ends) * part).__floor__())


def whole_seconds(value: Fraction) -> Fraction:
    """Read a number of hours as whole seconds: four decimals of an hour are a third of a second coarse."""
    return Fraction((value * _SECONDS_PER_HOUR + _HALF).__floor__(), _SECONDS_PER_HOUR)


def steps_up(value: Fraction, step: Fraction) -> Fraction:
    """Return what is missing to the next multiple of a step; nothing for a multiple, or a step of zero."""
    return -(-value // step) * step - value if step > 0 else ZERO
