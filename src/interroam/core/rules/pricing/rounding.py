"""Steps: how quantities are rounded up (OCPI 2.2.1 mod_tariffs and mod_cdrs: step_size).

Energy is rounded once per charge, with the step of the energy price used last. Of the two kinds of time only the one
billed last is rounded, on its total, with the step of its last price (C29). The extra is billed at that last price. A
reservation is rounded on its own. The other ways are what partners do instead; they serve to explain a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from itertools import groupby

import msgspec
from msgspec.structs import replace

from interroam.core.rules.pricing.exact import ZERO, steps_up
from interroam.core.rules.pricing.items import Item, Kind

_PER_UNIT = {Kind.ENERGY: 1000, Kind.TIME: 3600, Kind.PARKING: 3600, Kind.RESERVATION: 3600}
_TIMES = (Kind.TIME, Kind.PARKING)


class Rounding(StrEnum):
    """A way to apply the steps of a tariff; two of them concern time alone."""

    CHARGE = "once per charge"
    NONE = "not at all"
    EACH_TIME = "for charging and for parking time each"
    PARKING = "for parking time alone where both kinds of time occur"
    ELEMENT = "in each element"


class Steps(msgspec.Struct, frozen=True):
    """How the steps of a tariff are applied, to energy and to time."""

    energy: Rounding = Rounding.CHARGE
    time: Rounding = Rounding.CHARGE

    def __str__(self) -> str:
        return f"energy {self.energy}, time {self.time}"


BY_THE_BOOK = Steps()
BY_ELEMENT = Steps(Rounding.ELEMENT, Rounding.ELEMENT)
"""As an agreement may have it (C30)."""
_OF_ENERGY = (Rounding.CHARGE, Rounding.NONE, Rounding.ELEMENT)


def stepped(found: Sequence[Item], steps: Steps) -> list[Item]:
    """Apply the steps to what is billed, in the order of time."""
    rounded = list(found)
    stepping = [number for number, one in enumerate(found) if one.row.component.dimension != "FLAT"]
    energy = [number for number in stepping if found[number].kind is Kind.ENERGY]
    time = [number for number in stepping if found[number].kind is not Kind.ENERGY]
    for numbers, rounding in ((energy, steps.energy), (time, steps.time)):
        for group in _groups(found, numbers, rounding):
            last = found[group[-1]]
            if extra := _missing(sum((found[number].quantity for number in group), ZERO), last):
                rounded[group[-1]] = replace(last, added=extra, rule=_rule(last, rounding))
    return rounded


def other_ways(usual: Steps) -> list[Steps]:
    """Return every way but the usual one, those nearest to the book first."""
    ways = [Steps(energy, time) for energy in _OF_ENERGY for time in Rounding if Steps(energy, time) != usual]
    return sorted(ways, key=lambda one: (one.energy is not Rounding.CHARGE) + (one.time is not Rounding.CHARGE))


def _groups(found: Sequence[Item], numbers: Sequence[int], rounding: Rounding) -> Iterator[list[int]]:
    """Return the items that are rounded together, by their places in the list."""
    if rounding is Rounding.NONE:
        return
    for kind in _kinds([found[number] for number in numbers], rounding):
        same = [number for number in numbers if found[number].kind is kind]
        if rounding is Rounding.ELEMENT:
            by_element = sorted(same, key=lambda number: _element(found[number]))
            yield from (list(group) for _, group in groupby(by_element, lambda number: _element(found[number])))
        else:
            yield same


def _kinds(found: Sequence[Item], rounding: Rounding) -> list[Kind]:
    """Return the kinds that are rounded at all."""
    times = [one.kind for one in found if one.kind in _TIMES]
    if rounding is Rounding.CHARGE:
        times = times[-1:]
    elif rounding is Rounding.PARKING and Kind.PARKING in times:
        times = [Kind.PARKING]
    others = [one.kind for one in found if one.kind not in _TIMES]
    return [*dict.fromkeys((*others, *times))]


def _element(item: Item) -> tuple[str, int]:
    return item.row.tariff_id, item.row.element


def _missing(total: Fraction, last: Item) -> Fraction:
    per_unit = _PER_UNIT[last.kind]
    return steps_up(total * per_unit, Fraction(last.row.component.step)) / per_unit


def _rule(last: Item, rounding: Rounding) -> str:
    unit = "Wh" if last.kind is Kind.ENERGY else "s"
    step = f"step of {last.row.component.step} {unit}"
    if rounding is not Rounding.CHARGE:
        return f"{step}, {rounding}"
    if last.kind is Kind.ENERGY:
        return f"{step}, once per charge, at the energy price used last (OCPI 2.2.1 mod_cdrs: step_size)"
    if last.kind is Kind.RESERVATION:
        return f"{step}, the reservation on its own (OCPI 2.2.1 mod_tariffs: reservation)"
    return f"{step}, only the kind of time billed last, on its total (C29)"
