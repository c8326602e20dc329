"""What a charge costs: its items added up, with VAT, within the limits of the tariff, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from interroam.core.rules.pricing.course import Charge, Course, Phase, follow
from interroam.core.rules.pricing.exact import ZERO, four
from interroam.core.rules.pricing.items import Item, Kind, items
from interroam.core.rules.pricing.matching import Slice, by_time, is_local, words
from interroam.core.rules.pricing.rounding import BY_ELEMENT, BY_THE_BOOK, Steps, stepped
from interroam.core.rules.pricing.slicing import slices
from interroam.model.money import Price
from interroam.model.tariffs import Tariff

_UNIT = {"ENERGY": "kWh", "TIME": "h", "PARKING_TIME": "h", "FLAT": ""}
_SPLIT = "energy is spread evenly over each period: where a price changes inside one, it is split by time"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the bill; ``quantity`` is measured, ``added`` what a step rounded it up by."""

    starts: datetime
    ends: datetime
    kind: Kind
    dimension: str
    quantity: Decimal
    added: Decimal
    unit: str
    price: Decimal
    vat: Decimal | None
    tariff_id: str
    element: int
    restriction: str
    rule: str
    amount: Price


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The costs of a charge by kind, and together within the limits of the tariff."""

    fixed: Price
    energy: Price
    time: Price
    parking: Price
    reservation: Price
    total: Price


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a charge costs and why; amounts and quantities to four decimals."""

    currency: str
    totals: Totals
    lines: tuple[Line, ...]
    energy_kwh: Decimal
    time_h: Decimal
    """Charging and parked; neither reserved nor out of order (OCPI-134)."""
    parking_h: Decimal
    reserved_h: Decimal
    limits: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A charge cut and billed, before the steps."""

    tariff: Tariff
    tariffs: tuple[Tariff, ...]
    course: Course
    found: tuple[Item, ...]
    assumptions: tuple[str, ...]

    @classmethod
    def of(cls, charge: Charge, tariff: Tariff, others: Iterable[Tariff] = ()) -> Draft:
        """Cut and bill a charge."""
        zone, known = zone_of(charge.zone)
        course = follow(charge)
        by_id = {one.id.casefold(): one for one in (*others, tariff)}
        pieces = list(slices(course, lambda named: by_id.get((named or "").casefold(), tariff), zone))
        tariffs = tuple({one.id: one for one in (tariff, *(piece.tariff for piece in pieces))}.values())
        found = tuple(items(pieces, expired=course.expired))
        assumed = dict.fromkeys(_assumptions(course, pieces, found, tariffs, zone_known=known))
        return cls(tariff=tariff, tariffs=tariffs, course=course, found=found, assumptions=tuple(assumed))

    @property
    def steps(self) -> Steps:
        """How the tariff has its steps applied."""
        return BY_ELEMENT if self.tariff.steps_by_element else BY_THE_BOOK

    def cost(self, steps: Steps | None = None) -> Cost:
        """Apply the steps, as the tariff says or in another way, and add up."""
        found = stepped(self.found, steps or self.steps)
        parts = (part for one in self.tariffs for element in one.elements for part in element.components)
        with_vat = any(part.vat is not None for part in parts)
        totals, limits = _totals(found, self.tariff, with_vat=with_vat)
        hours = {
            phase: sum((one.hours for one in self.course.stretches if one.phase is phase), ZERO) for phase in Phase
        }
        return Cost(
            currency=self.tariff.currency,
            totals=totals,
            lines=tuple(_line(one, with_vat=with_vat) for one in found),
            energy_kwh=four(sum((one.kwh for one in self.course.stretches), ZERO)),
            time_h=four(hours[Phase.CHARGING] + hours[Phase.PARKED]),
            parking_h=four(hours[Phase.PARKED]),
            reserved_h=four(hours[Phase.RESERVED]),
            limits=tuple(limits),
            assumptions=self.assumptions,
        )


def cost(charge: Charge, tariff: Tariff, others: Iterable[Tariff] = (), steps: Steps | None = None) -> Cost:
    """Say what a charge costs under a tariff; periods that name one of the other tariffs are billed by that.

    Raises ``Refused`` when the tariff cannot be read.
    """
    return Draft.of(charge, tariff, others).cost(steps)


def zone_of(name: str | None) -> tuple[ZoneInfo, bool]:
    """Return a time zone and whether it is the one named; UTC stands in for one that is not known."""
    try:
        return ZoneInfo(name or "UTC"), bool(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC"), False


def _totals(found: Sequence[Item], tariff: Tariff, *, with_vat: bool) -> tuple[Totals, list[str]]:
    """Add up; the limits of the tariff hold for the grand total, without and with VAT each on its own."""
    kinds = {kind: [one for one in found if one.kind is kind] for kind in Kind}
    excl = {kind: sum((one.excl_vat for one in group), ZERO) for kind, group in kinds.items()}
    incl = {kind: sum((one.incl_vat for one in group), ZERO) for kind, group in kinds.items()}
    prices = {kind.value: _price(excl[kind], incl[kind], with_vat=with_vat) for kind in Kind}
    least, most = tariff.min_price, tariff.max_price
    said: list[str] = []
    bare = _limited(
        sum(excl.values(), ZERO), least.excl_vat if least else None, most.excl_vat if most else None, "excl.", said
    )
    full = sum(incl.values(), ZERO)
    if with_vat:
        full = _limited(full, least.incl_vat if least else None, most.incl_vat if most else None, "incl.", said)
    return Totals(**prices, total=_price(bare, full, with_vat=with_vat)), said


def _limited(amount: Fraction, least: Decimal | None, most: Decimal | None, which: str, said: list[str]) -> Fraction:
    limited = amount
    if least is not None:
        limited = max(limited, Fraction(least))
    if most is not None:
        limited = min(limited, Fraction(most))
    if limited != amount:
        limit = "min_price" if limited > amount else "max_price"
        said.append(f"{limit}: the total {which} VAT is {four(limited)} instead of {four(amount)}")
    return limited


def _price(excl: Fraction, incl: Fraction, *, with_vat: bool) -> Price:
    return Price(four(excl), four(incl) if with_vat else None)


def _line(item: Item, *, with_vat: bool) -> Line:
    part = item.row.component
    return Line(
        starts=item.starts,
        ends=item.ends,
        kind=item.kind,
        dimension=part.dimension,
        quantity=four(item.quantity),
        added=four(item.added),
        unit=_UNIT[part.dimension],
        price=part.price,
        vat=part.vat,
        tariff_id=item.row.tariff_id,
        element=item.row.element,
        restriction=words(item.row.restrictions),
        rule=item.rule,
        amount=_price(item.excl_vat, item.incl_vat, with_vat=with_vat),
    )


def _assumptions(
    course: Course, pieces: Sequence[Slice], found: Sequence[Item], tariffs: Sequence[Tariff], *, zone_known: bool
) -> Iterator[str]:
    """Return what was taken for granted, as far as these tariffs make a price of it."""
    elements = [element for one in tariffs for element in one.elements]
    limits = [one.restrictions for one in elements if one.restrictions is not None]
    priced = {part.dimension for element in elements for part in element.components}
    yield from (one.text for one in course.assumptions if one.dimensions & priced)
    begun = {one.starts for one in course.stretches}
    if any(by_time(one) for one in limits) and any(
        one.kind is Kind.ENERGY and one.starts not in begun for one in found
    ):
        yield _SPLIT
    if not zone_known and any(is_local(one) for one in limits):
        yield "the time zone of the location is not known: the tariff's times are read as UTC"
    charging = [piece for piece in pieces if piece.phase is Phase.CHARGING]
    by_current = any(one.min_current_a is not None or one.max_current_a is not None for one in limits)
    if by_current and any(piece.current_a is None for piece in charging):
        yield "a period names no current: elements restricted by current do not apply to it"
