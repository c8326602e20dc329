"""What is billed: every slice with the first element, per dimension, that applies to it (C18), neighbors joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from interroam.core.rules.pricing.course import Phase
from interroam.core.rules.pricing.exact import ZERO
from interroam.core.rules.pricing.matching import Slice, applies
from interroam.model.tariffs import PriceComponent, Restrictions, Tariff

_USED, _EXPIRED = "RESERVATION", "RESERVATION_EXPIRES"


class Kind(StrEnum):
    """The totals of a CDR that a cost belongs to."""

    FIXED = "fixed"
    ENERGY = "energy"
    TIME = "time"
    PARKING = "parking"
    RESERVATION = "reservation"


KIND_OF = {"FLAT": Kind.FIXED, "ENERGY": Kind.ENERGY, "TIME": Kind.TIME, "PARKING_TIME": Kind.PARKING}


class Row(msgspec.Struct, frozen=True):
    """A price in a tariff, and the number of its element, from 1."""

    tariff_id: str
    element: int
    restrictions: Restrictions | None
    component: PriceComponent


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity at a price: kWh, hours or once; ``added`` is what a step made of it."""

    starts: datetime
    ends: datetime
    kind: Kind
    row: Row
    quantity: Fraction
    added: Fraction = ZERO
    rule: str

    @property
    def excl_vat(self) -> Fraction:
        """The amount without VAT."""
        return (self.quantity + self.added) * Fraction(self.row.component.price)

    @property
    def incl_vat(self) -> Fraction:
        """The amount with VAT; without a rate no VAT applies."""
        return self.excl_vat * (1 + Fraction(self.row.component.vat or 0) / 100)


def items(pieces: Sequence[Slice], *, expired: bool) -> list[Item]:
    """Bill a charge before any step is applied, in the order of time."""
    found: list[Item] = []
    for piece in pieces:
        for one in _of_slice(piece, expired=expired):
            _add(found, one)
    once: list[Item] = []
    used = [one for one in pieces if one.phase is not Phase.RESERVED]
    reserved = [one for one in pieces if one.phase is Phase.RESERVED]
    if used and not expired:
        once += _fixed(used[0], None, Kind.FIXED, "once, at the start of the charge (C17)")
    if reserved:
        wanted = _EXPIRED if expired else _USED
        once += _fixed(reserved[0], wanted, Kind.RESERVATION, "once, at the start of the reservation (C17)")
    return sorted([*once, *found], key=lambda one: one.starts)


def first(piece: Slice, dimension: str, reservation: str | None) -> Row | None:
    """Return the first price of a dimension, in list order, whose element applies."""
    rows = prices(piece.tariff, dimension, reservation)
    return next((row for row in rows if applies(row.restrictions, piece)), None)


def prices(tariff: Tariff, dimension: str, reservation: str | None) -> Iterator[Row]:
    """Return the prices of a dimension, for charging or for a kind of reservation."""
    for number, element in enumerate(tariff.elements, 1):
        limits = element.restrictions
        if (limits.reservation if limits is not None else None) == reservation:
            for component in element.components:
                if component.dimension == dimension:
                    yield Row(tariff.id, number, limits, component)


def _of_slice(piece: Slice, *, expired: bool) -> Iterator[Item]:
    rule = "first element that applies (C18)"
    if piece.phase is Phase.RESERVED:
        # OCPI 2.2.1 mod_tariffs: an expired reservation is billed by time as a used one, unless it has its own price.
        own = expired and any(prices(piece.tariff, "TIME", _EXPIRED))
        row = first(piece, "TIME", _EXPIRED if own else _USED)
        rows = [(row, Kind.RESERVATION, piece.hours)]
    else:
        rows = [
            (first(piece, "ENERGY", None), Kind.ENERGY, piece.kwh),
            (first(piece, piece.phase, None), KIND_OF[piece.phase], piece.hours),
        ]
    for row, kind, quantity in rows:
        if row is not None and quantity > 0:
            yield Item(starts=piece.starts, ends=piece.ends, kind=kind, row=row, quantity=quantity, rule=rule)


def _fixed(piece: Slice, reservation: str | None, kind: Kind, rule: str) -> Iterator[Item]:
    if row := first(piece, "FLAT", reservation):
        yield Item(starts=piece.starts, ends=piece.starts, kind=kind, row=row, quantity=Fraction(1), rule=rule)


def _add(found: list[Item], item: Item) -> None:
    """Add an item, joined with the one it continues at the same price."""
    for number in range(len(found) - 1, -1, -1):
        one = found[number]
        if one.kind is item.kind:
            if one.ends == item.starts and one.row == item.row:
                found[number] = replace(one, ends=item.ends, quantity=one.quantity + item.quantity)
                return
            break
    found.append(item)
