"""Tariffs and charges for the tests of pricing, written in a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from interroam.core.rules.pricing import Charge, Cost, cost
from interroam.model.charges import Cdr, ChargeToken, Dimension, Period
from interroam.model.ids import PartyId
from interroam.model.money import Price
from interroam.model.tariffs import PriceComponent, Restrictions, Tariff, TariffElement

CPO = PartyId.of("FR", "CPO")
EMSP = PartyId.of("DE", "MP1")
PARIS = "Europe/Paris"
NOON = "2025-07-02T10:00"
WORDS = {"F": "FLAT", "E": "ENERGY", "T": "TIME", "P": "PARKING_TIME"}
VOLUMES = {"kwh": "ENERGY", "reserved": "RESERVATION_TIME"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def part(word: str, price: str | Decimal, vat: str | Decimal | None = "20", step: int = 1) -> PriceComponent:
    return PriceComponent(WORDS[word], Decimal(price), step, None if vat is None else Decimal(vat))


def element(*parts: PriceComponent, **limits) -> TariffElement:
    return TariffElement(parts, Restrictions(**limits) if limits else None)


def tariff(*elements: TariffElement | PriceComponent, **fields) -> Tariff:
    given = tuple(one if isinstance(one, TariffElement) else TariffElement((one,)) for one in elements)
    filled = {"owner": CPO, "id": "T1", "currency": "EUR", "elements": given, "last_updated": utc("2025-01-01")}
    return Tariff(**(filled | fields))


def charge(starts: str, *stretches: tuple[float | int, Mapping[str, str] | str], zone: str | None = PARIS) -> Charge:
    """Make a charge of stretches: minutes, and the dimensions; text stands for so many kWh of charging."""
    moment = utc(starts)
    begin, periods, energy = moment, [], Decimal(0)
    for minutes, said in stretches:
        known = {"kwh": said, "TIME": hours(minutes)} if isinstance(said, str) else said
        dimensions = tuple(Dimension(VOLUMES.get(word, word), Decimal(volume)) for word, volume in known.items())
        periods.append(Period(moment, dimensions))
        energy += sum((one.volume for one in dimensions if one.type == "ENERGY"), Decimal(0))
        moment += timedelta(minutes=minutes)
    return Charge(starts=begin, ends=moment, periods=tuple(periods), energy_kwh=energy, zone=zone)


def hours(minutes: float) -> str:
    """Write minutes as a CDR does: in hours, with four decimals."""
    return f"{Decimal(minutes) / 60:.4f}"


def charging(minutes: float, kwh: str = "0", **levels: str) -> tuple[float, dict[str, str]]:
    return minutes, {"kwh": kwh, "TIME": hours(minutes), **levels}


def parked(minutes: float) -> tuple[float, dict[str, str]]:
    return minutes, {"PARKING_TIME": hours(minutes)}


def reserved(minutes: float) -> tuple[float, dict[str, str]]:
    return minutes, {"reserved": hours(minutes)}


def price(excl: str, incl: str | None = None) -> Price:
    return Price(Decimal(excl), None if incl is None else Decimal(incl))


def total(of: Charge, under: Tariff) -> Price:
    return cost(of, under).totals.total


def cdr(of: Charge, states: Cost, **fields) -> Cdr:
    """Write a CDR of a charge that states these costs."""
    filled = {
        "owner": CPO,
        "id": "C1",
        "starts": of.starts,
        "ends": of.ends,
        "token": ChargeToken(EMSP, "1A2B3C4D", "RFID", "DE-MP1-C12345678"),
        "auth_method": "WHITELIST",
        "location_id": "L1",
        "evse_uid": "1",
        "evse_id": "FR*CPO*E1",
        "connector_id": "1",
        "currency": "EUR",
        "tariff_ids": ("T1",),
        "periods": of.periods,
        "total_cost": states.totals.total,
        "total_energy_kwh": states.energy_kwh,
        "total_time_h": states.time_h,
        "total_parking_time_h": states.parking_h,
        "last_updated": of.ends,
    }
    return Cdr(**(filled | fields))
