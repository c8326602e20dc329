"""What a charge costs: the union of what pricing needs from every protocol."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from interroam.model.ids import Key, PartyId, tariff_key
from interroam.model.money import Price
from interroam.model.numbers import Whole


class PriceComponent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A price per kWh, hour or session; ``step`` in Wh or seconds; VAT in percent, none when no VAT applies."""

    dimension: str
    price: Decimal
    step: Whole = 1
    vat: Decimal | None = None


class Restrictions(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When an element applies; all that is set must hold. Times are local to the location."""

    start_time: str | None = None
    end_time: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_duration_s: Whole | None = None
    max_duration_s: Whole | None = None
    days: tuple[str, ...] = ()
    reservation: str | None = None


class TariffElement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Components that share their restrictions."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions | None = None


class Slots(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a charge must begin for a whole tariff to count: on one of these days, in one of these times, both local."""

    times: tuple[tuple[str, str], ...] = ()
    days: tuple[str, ...] = ()


class Tariff(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A tariff of a CPO, for everybody or for the one eMSP it targets."""

    owner: PartyId
    id: str
    target: PartyId | None = None
    type: str | None = None
    currency: str
    elements: tuple[TariffElement, ...]
    min_price: Price | None = None
    max_price: Price | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    slots: Slots | None = None
    steps_by_element: bool = False
    """Whether a step rounds what was spent in each element; else once per charge. It counts in an agreement only."""
    last_updated: datetime

    @property
    def key(self) -> Key:
        """The identity of this variant."""
        return tariff_key(self.owner, self.id, self.target)

    @property
    def regular(self) -> bool:
        """Whether it is one for eMSPs; without a type it holds for every charge (OCPI-145)."""
        return self.type in (None, "REGULAR")
