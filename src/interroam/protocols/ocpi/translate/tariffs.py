"""OCPI 2.2.1 mod_tariffs ⇄ Tariff, with the target of a variant (OCPI-151, OCPI-153)."""

from __future__ import annotations

from interroam.model import tariffs as model
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Fact
from interroam.model.ids import PartyId
from interroam.protocols.ocpi.wire import tariffs as wire

from .charges import read_price, write_price
from .rows import UNTIMED, plain_fact, written

ADDRESSING = ("target_operator_country_code", "target_operator_party_id")
"""What a CPO says to the hub alone: never shown to an eMSP (OCPI-155), and not in the row form."""


def read_target(country: str | None, code: str | None) -> PartyId | None:
    """Read the eMSP a variant is for: both fields or none (OCPI-151)."""
    if country and code:
        return PartyId.of(country, code)
    if country or code:
        missing = ADDRESSING[0] if code else ADDRESSING[1]
        raise Refused(Reason.MALFORMED, f"{missing} is missing", remedy="name both target_operator fields or none")
    return None


def read_tariff(shape: wire.Tariff) -> model.Tariff:
    """Read a tariff."""
    return model.Tariff(
        owner=PartyId.of(shape.country_code, shape.party_id),
        id=shape.id,
        target=read_target(shape.target_operator_country_code, shape.target_operator_party_id),
        type=shape.type,
        currency=shape.currency,
        elements=tuple(_read_element(each) for each in shape.elements),
        min_price=read_price(shape.min_price),
        max_price=read_price(shape.max_price),
        starts=shape.start_date_time,
        ends=shape.end_date_time,
        slots=_read_slots(shape.restriction),
        last_updated=shape.last_updated,
    )


def write_tariff(tariff: model.Tariff) -> bytes:
    """Write the row form of a tariff."""
    shape = wire.Tariff(
        country_code=tariff.owner.country,
        party_id=tariff.owner.code,
        id=tariff.id,
        currency=tariff.currency,
        type=tariff.type,  # type: ignore[arg-type]  # the words are those of OCPI
        min_price=write_price(tariff.min_price) if tariff.min_price is not None else None,
        max_price=write_price(tariff.max_price) if tariff.max_price is not None else None,
        elements=tuple(_write_element(each) for each in tariff.elements),
        start_date_time=tariff.starts,
        end_date_time=tariff.ends,
        restriction=_write_slots(tariff.slots),
        last_updated=tariff.last_updated,
    )
    return written(shape)


def tariff_fact(shape: wire.Tariff, raw: bytes) -> Fact:
    """Make a fact of a tariff as it stood; its row is without the target, which the body keeps."""
    return plain_fact(read_tariff(shape), raw, (*UNTIMED, *ADDRESSING))


def _read_slots(shape: wire.TariffSlots | None) -> model.Slots | None:
    if shape is None:
        return None
    written = ((shape.start_time, shape.end_time), (shape.start_time_2, shape.end_time_2))
    times = tuple((begin or "00:00", end or "00:00") for begin, end in written if begin or end)
    return model.Slots(times, tuple(shape.day_of_week))


def _write_slots(slots: model.Slots | None) -> wire.TariffSlots | None:
    if slots is None:
        return None
    (begin, end), (begin_2, end_2) = (*slots.times, (None, None), (None, None))[:2]
    days = slots.days
    return wire.TariffSlots(
        start_time=begin,
        end_time=end,
        start_time_2=begin_2,
        end_time_2=end_2,
        day_of_week=days,  # type: ignore[arg-type]  # the words are those of OCPI
    )


def _read_element(shape: wire.TariffElement) -> model.TariffElement:
    components = tuple(
        model.PriceComponent(each.type, each.price, each.step_size, each.vat) for each in shape.price_components
    )
    return model.TariffElement(components, _read_restrictions(shape.restrictions))


def _write_element(element: model.TariffElement) -> wire.TariffElement:
    components = tuple(
        wire.PriceComponent(
            type=each.dimension,  # type: ignore[arg-type]  # the words are those of OCPI
            price=each.price,
            vat=each.vat,
            step_size=each.step,
        )
        for each in element.components
    )
    return wire.TariffElement(price_components=components, restrictions=_write_restrictions(element.restrictions))


def _read_restrictions(shape: wire.TariffRestrictions | None) -> model.Restrictions | None:
    if shape is None:
        return None
    return model.Restrictions(
        start_time=shape.start_time,
        end_time=shape.end_time,
        start_date=shape.start_date,
        end_date=shape.end_date,
        min_kwh=shape.min_kwh,
        max_kwh=shape.max_kwh,
        min_current_a=shape.min_current,
        max_current_a=shape.max_current,
        min_power_kw=shape.min_power,
        max_power_kw=shape.max_power,
        min_duration_s=shape.min_duration,
        max_duration_s=shape.max_duration,
        days=tuple(shape.day_of_week),
        reservation=shape.reservation,
    )


def _write_restrictions(restrictions: model.Restrictions | None) -> wire.TariffRestrictions | None:
    if restrictions is None:
        return None
    return wire.TariffRestrictions(
        start_time=restrictions.start_time,
        end_time=restrictions.end_time,
        start_date=restrictions.start_date,
        end_date=restrictions.end_date,
        min_kwh=restrictions.min_kwh,
        max_kwh=restrictions.max_kwh,
        min_current=restrictions.min_current_a,
        max_current=restrictions.max_current_a,
        min_power=restrictions.min_power_kw,
        max_power=restrictions.max_power_kw,
        min_duration=restrictions.min_duration_s,
        max_duration=restrictions.max_duration_s,
        day_of_week=restrictions.days,  # type: ignore[arg-type]  # the words are those of OCPI
        reservation=restrictions.reservation,  # type: ignore[arg-type]  # the words are those of OCPI
    )
