"""What is wrong with what a partner states, field by field: pure. What follows from it, the gate decides.

A severe defect keeps static data from being shown until it is mended or an operator approves (design: Decisions 3).
Fields are named by their path in a location: ``owner.name``, ``evses.connectors.tariff_ids``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import msgspec
from msgspec.structs import replace

from interroam.model.charges import Cdr, Period, Session
from interroam.model.facts import Body, Change, Fact, Statement, Wire
from interroam.model.ids import Key, normal_evse_id
from interroam.model.places import Availability, Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token, Whitelist

_STATIC = frozenset({Availability.PLANNED, Availability.REMOVED})
_OF_APPS = frozenset({"APP_USER", "AD_HOC_USER"})
_WATT_HOURS = Decimal(100)
"""How many times more energy in the periods than in the total can only be another unit."""


class Mode(StrEnum):
    """What happens to static data."""

    OFF = "off"  # nothing is judged
    AUTOMATIC = "automatic"  # shown at once unless a defect is severe
    MANUAL = "manual"  # shown when an operator has approved it
    REJECT = "reject"  # refused when a defect is severe


class Defect(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something wrong with a field."""

    field: str
    message: str
    severe: bool = False


class Standards(Protocol):
    """What a partner's static data must live up to, and how its room takes objects apart."""

    @property
    def mode(self) -> Mode:
        """What happens to static data."""
        ...

    @property
    def default_start(self) -> bool:
        """Whether a tariff without a start holds from its first reception on."""
        ...

    @property
    def mandatory(self) -> frozenset[str]:
        """The fields that must be there."""
        ...

    def tidied(self, statement: Statement) -> Statement:
        """Return a statement about a place without what counts for nothing."""
        ...

    def static(self, body: Body, wire: Wire | None) -> object:
        """Return what is static of a place, to be compared."""
        ...

    def differ(self, new: bytes, old: bytes) -> frozenset[str]:
        """Return in which fields two places differ, in the room's own spelling."""
        ...

    def live(self, stated: Evse, known: Evse) -> Change | None:
        """Return the change that takes over what is dynamic; None when nothing of it is new."""
        ...

    def odd(self, fact: Fact) -> tuple[Defect, ...]:
        """Return what is wrong with an object that only its room can see."""
        ...

    def starting(self, fact: Fact, at: datetime) -> Fact:
        """Return a tariff that starts then, in both its forms."""
        ...

    def completion(self, key: Key, raw: bytes) -> Change:
        """Read what an operator adds to a place, as its owner would change it; Refused when it makes no sense."""
        ...


class _Field(msgspec.Struct, frozen=True):
    of: Callable[[Location | Evse], object]
    evse: bool = False


def _first(of: Callable[..., object]) -> Callable[[Location | Evse], object]:
    def first(body: Location | Evse) -> object:
        return of(body.connectors[0]) if isinstance(body, Evse) and body.connectors else None

    return first


_FIELDS = {
    "name": _Field(lambda body: getattr(body, "name", None)),
    "postal_code": _Field(lambda body: getattr(body, "postal_code", None)),
    "time_zone": _Field(lambda body: getattr(body, "time_zone", None)),
    "parking_type": _Field(lambda body: getattr(body, "parking_type", None)),
    "operator.name": _Field(lambda body: getattr(body, "operator_name", None)),
    "owner.name": _Field(lambda body: getattr(body, "owner_name", None)),
    "evses.capabilities": _Field(lambda body: getattr(body, "capabilities", None), evse=True),
    "evses.coordinates": _Field(lambda body: getattr(body, "coordinates", None), evse=True),
    "evses.physical_reference": _Field(lambda body: getattr(body, "physical_reference", None), evse=True),
    "evses.connectors.tariff_ids": _Field(_first(lambda plug: plug.tariff_ids), evse=True),
    "evses.connectors.max_electric_power": _Field(_first(lambda plug: plug.power_w), evse=True),
}
MANDATORY = tuple(_FIELDS)
"""The fields that can be made mandatory (OCPI-196)."""


def is_static(evse: Evse) -> bool:
    """Whether the status of an EVSE says that it is not there: that is static data (OCPI-70)."""
    return evse.status.availability in _STATIC


def severe(defects: Iterable[Defect]) -> bool:
    """Whether something is too wrong to be shown."""
    return any(one.severe for one in defects)


def of_place(body: Location | Evse, mandatory: frozenset[str]) -> tuple[Defect, ...]:
    """Return what is wrong with a location (without its EVSEs) or an EVSE."""
    if isinstance(body, Evse) and body.removed:
        return ()
    missing = tuple(
        Defect(name, "is missing", severe=True)
        for name in MANDATORY
        if name in mandatory and _FIELDS[name].evse == isinstance(body, Evse) and not _FIELDS[name].of(body)
    )
    return missing + (_of_evse(body) if isinstance(body, Evse) else ())


def _of_evse(evse: Evse) -> tuple[Defect, ...]:
    found = []
    if not evse.evse_id:  # OCPI-73
        found.append(Defect("evses.evse_id", "is missing", severe=True))
    elif not normal_evse_id(evse.evse_id).startswith(f"{evse.owner.country}{evse.owner.code}".casefold()):
        message = f"{evse.evse_id} does not begin with {evse.owner}"  # OCPI-74, OCPI-75
        found.append(Defect("evses.evse_id", message, severe=True))
    return tuple(found)


def of_tariff(new: Tariff, old: Tariff | None) -> tuple[Defect, ...]:
    """Return what is wrong with a tariff, and with changing it (OCPI-147, OCPI-149)."""
    found = []
    if new.starts is None:
        found.append(Defect("start_date_time", "is missing: the time of reception counts"))
    if old is not None:
        kept = replace(old, starts=new.starts or old.starts, ends=new.ends, last_updated=new.last_updated)
        changed = [name for name in new.__struct_fields__ if _of(new, name) != _of(kept, name) and name != "starts"]
        if new.starts is not None and old.starts is not None and new.starts != old.starts:
            changed.append("start_date_time")
        found += [Defect(name, "changed under the same id: a new price is a new tariff") for name in changed]
    return tuple(found)


def of_token(token: Token, *, asked: bool) -> tuple[Defect, ...]:
    """Return what is odd about a token; ``asked``: whether its provider answers in real time (OCPI-200)."""
    if not asked and token.whitelist is not Whitelist.ALWAYS:
        message = f"is {token.whitelist.value}, and there is no authorize endpoint to ask at: ALWAYS is expected"
        return (Defect("whitelist", message),)
    if asked and token.type in _OF_APPS and token.whitelist is not Whitelist.NEVER:
        return (Defect("whitelist", f"is {token.whitelist.value}: NEVER is best for a token of type {token.type}"),)
    return ()


def of_charge(body: Session | Cdr) -> tuple[Defect, ...]:
    """Return what is wrong with a charge: energy in Wh where kWh are due."""
    total = body.total_energy_kwh if isinstance(body, Cdr) else body.energy_kwh
    said = _energy(body.periods)
    if total > 0 and said >= total * _WATT_HOURS:
        return (Defect("charging_periods.dimensions", f"ENERGY of {said} where {total} kWh are stated: Wh?"),)
    return ()


def _energy(periods: Iterable[Period]) -> Decimal:
    return sum((one.volume for each in periods for one in each.dimensions if one.type == "ENERGY"), Decimal(0))


def _of(tariff: Tariff, name: str) -> object:
    return getattr(tariff, name)
