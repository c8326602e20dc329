"""A CDR's price, computed again: the difference is stated and explained, and refuses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from interroam.core.rules.pricing.billing import Cost, Draft, Totals, cost, zone_of
from interroam.core.rules.pricing.choosing import covering, resolve
from interroam.core.rules.pricing.course import Charge
from interroam.core.rules.pricing.rounding import other_ways
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Refused
from interroam.model.money import Price
from interroam.model.tariffs import Tariff

CENT = Decimal("0.01")
_QUANTITY = Decimal("0.005")
_PARTS = ("fixed", "energy", "time", "parking", "reservation")


class Outcome(StrEnum):
    """What to do with a CDR: pay it, pay it knowing something, or ask its CPO first."""

    PASS = "pass"
    REMARK = "pass with remark"
    HOLD = "hold"


class Difference(msgspec.Struct, frozen=True):
    """Where the CDR and the computation disagree; without VAT unless ``vat`` says otherwise."""

    component: str
    stated: Decimal
    computed: Decimal
    vat: bool = False

    def __str__(self) -> str:
        which = " with VAT" if self.vat else ""
        return f"{self.component}{which}: {self.stated} stated, {self.computed} computed"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the computation; the cost is missing when there was nothing to compute with."""

    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()
    cost: Cost | None = None


def recompute(cdr: Cdr, tariffs: Sequence[Tariff], zone: str | None, tolerance: Decimal = CENT) -> Finding:
    """Compute a CDR's price with its CPO's tariffs and judge the difference."""
    chosen = _chosen(cdr, cdr.tariff_ids, tariffs, zone_of(zone)[0])
    if not chosen:
        named = ", ".join(cdr.tariff_ids) or "known"
        return _held(f"no tariff in force at {cdr.starts:%Y-%m-%d %H:%M:%S} UTC ({named}) covers the charge (OCPI-148)")
    tariff, others = chosen[0], chosen[1:]
    have = {one.id.casefold() for one in chosen}
    if foreign := [one for one in chosen if one.currency.upper() != cdr.currency.upper()]:
        return _held(f"tariff {foreign[0].id} is in {foreign[0].currency}, the CDR in {cdr.currency}")
    lost = dict.fromkeys(one.tariff_id for one in cdr.periods if one.tariff_id and one.tariff_id.casefold() not in have)
    missing = [f"tariff {one} of a period is not known or not in force: {tariff.id} is used instead" for one in lost]
    try:
        finding = _judged(cdr, tariff, others, zone, tolerance)
        return msgspec.structs.replace(finding, remarks=(*missing, *finding.remarks))
    except Refused as no:
        return _held(f"tariff {tariff.id} cannot be computed: {no.message}")


def charged(session: Session, named: Sequence[str], tariffs: Sequence[Tariff], zone: str | None) -> Cost | None:
    """Compute what a session costs so far under a tariff that it or its connector names; None if that is unknown."""
    chosen = _chosen(session, named, tariffs, zone_of(zone)[0])
    try:
        return cost(Charge.of(session, zone), chosen[0], chosen[1:]) if chosen else None
    except Refused:
        return None


def _held(why: str) -> Finding:
    return Finding(outcome=Outcome.HOLD, remarks=(why,))


def _chosen(cdr: Cdr | Session, named: Sequence[str], tariffs: Sequence[Tariff], zone: ZoneInfo) -> list[Tariff]:
    """Return the tariff the charge began under, then those its later periods name."""
    emsp = cdr.token.owner
    periods = sorted(cdr.periods, key=lambda one: one.starts)
    ids = dict.fromkeys([*(one.tariff_id for one in periods if one.tariff_id), *named])
    if not ids:
        visible = [one for one in tariffs if one.target == emsp] or [one for one in tariffs if one.target is None]
        found = covering(visible, cdr.starts, zone=zone)
        return [found] if found is not None else []
    entered = {one.tariff_id: one.starts for one in reversed(periods)}
    variants = (resolve(tariffs, emsp, one, entered.get(one, cdr.starts), zone=zone) for one in ids)
    known = [one for one in variants if one is not None]
    return known if entered else sorted(known, key=lambda one: one.slots is None)


def _judged(cdr: Cdr, tariff: Tariff, others: Sequence[Tariff], zone: str | None, tolerance: Decimal) -> Finding:
    charge = Charge.of(cdr, zone)
    draft = Draft.of(charge, tariff, others)
    computed = draft.cost()
    differences = (*_differences(cdr, computed.totals, tolerance), *_measured(cdr, computed))
    remarks: list[str] = []
    outcome = Outcome.REMARK if differences else Outcome.PASS
    if _apart(cdr, computed.totals, tolerance):
        outcome = Outcome.HOLD
        for way in other_ways(draft.steps):
            if not _apart(cdr, draft.cost(way).totals, tolerance):
                outcome = Outcome.REMARK
                remarks.append(f"the steps alone explain it: the CDR rounds {way} (C30)")
                break
        else:
            remarks += _hints(cdr, charge, tariff, others, tolerance)
    return Finding(outcome=outcome, differences=differences, remarks=tuple(remarks), cost=computed)


def _apart(cdr: Cdr, computed: Totals, tolerance: Decimal) -> bool:
    """Whether the grand totals differ."""
    return any(_compare("total", cdr.total_cost, computed.total, cdr, tolerance))


def _differences(cdr: Cdr, computed: Totals, tolerance: Decimal) -> Iterator[Difference]:
    yield from _compare("total", cdr.total_cost, computed.total, cdr, tolerance)
    for part in _PARTS:
        stated: Price | None = getattr(cdr, f"{part}_cost")
        if stated is not None:
            yield from _compare(part, stated, getattr(computed, part), cdr, tolerance)


def _compare(name: str, stated: Price, computed: Price, cdr: Cdr, tolerance: Decimal) -> Iterator[Difference]:
    # OCPI 2.2.1 mod_cdrs: a credit CDR equals its original, only its total is negative.
    sign = -1 if cdr.credit and name == "total" else 1
    pairs = ((stated.excl_vat, computed.excl_vat, False), (stated.incl_vat, computed.incl_vat, True))
    for theirs, ours, vat in pairs:
        if theirs is not None and ours is not None and abs(theirs * sign - ours) > tolerance:
            yield Difference(name, theirs, ours * sign, vat=vat)


def _measured(cdr: Cdr, computed: Cost) -> Iterator[Difference]:
    """Compare the quantities of the CDR with those of its periods."""
    for name, stated, counted in (
        ("total_energy", cdr.total_energy_kwh, (computed.energy_kwh,)),
        ("total_time", cdr.total_time_h, (computed.time_h, computed.time_h + computed.reserved_h)),
        ("total_parking_time", cdr.total_parking_time_h, (computed.parking_h,)),
    ):
        if stated is not None and all(abs(stated - one) > _QUANTITY for one in counted):
            yield Difference(name, stated, counted[0])


def _hints(cdr: Cdr, charge: Charge, tariff: Tariff, others: Sequence[Tariff], tolerance: Decimal) -> Iterable[str]:
    """Say what mistake would lead to the total that the CDR states."""
    replace = msgspec.structs.replace
    unlimited = replace(tariff, min_price=None, max_price=None)
    if not _apart(cdr, cost(charge, unlimited, others).totals, tolerance):
        yield "it would agree without min_price and max_price"
    if charge.zone and not _apart(cdr, cost(replace(charge, zone="UTC"), tariff, others).totals, tolerance):
        yield "it would agree if the tariff's times were UTC and not local"
    elements = tuple(
        replace(one, components=tuple(part for part in one.components if part.dimension != "FLAT"))
        for one in tariff.elements
    )
    if not _apart(cdr, cost(charge, replace(tariff, elements=elements), others).totals, tolerance):
        yield "it would agree without the fixed price"
