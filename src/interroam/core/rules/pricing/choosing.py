"""Which tariff covers a charge: the one in force when it started, in the variant made for its eMSP.

A tariff with slots counts only for charges that begin in one of them, and goes before one without (OCPI-161); slots are
looked at once, at the start, in the location's own time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from interroam.core.rules.pricing.matching import in_slots
from interroam.model.ids import PartyId
from interroam.model.tariffs import Tariff

REGULAR = "REGULAR"
_EVER = datetime(1, 1, 1, tzinfo=UTC)


def covers(tariff: Tariff, at: datetime) -> bool:
    """Whether a tariff is in force: from its start on, before its end (OCPI-148)."""
    return (tariff.starts is None or tariff.starts <= at) and (tariff.ends is None or at < tariff.ends)


def covering(tariffs: Iterable[Tariff], at: datetime, kind: str = REGULAR, *, zone: tzinfo = UTC) -> Tariff | None:
    """Return the tariff of a type in force; one without type is valid for every charge (OCPI-145)."""
    local = at.astimezone(zone)
    found = [one for one in tariffs if one.type in (kind, None) and covers(one, at) and in_slots(one.slots, local)]
    return max(found, key=lambda one: (one.slots is not None, one.type is not None, one.starts or _EVER), default=None)


def resolve(
    tariffs: Iterable[Tariff], emsp: PartyId, tariff_id: str, at: datetime, *, zone: tzinfo = UTC
) -> Tariff | None:
    """Return a CPO's tariff as this eMSP sees it: its own variant, else the one for everybody, when in force.

    The variant is chosen first (OCPI-152): one made for the eMSP that is not in force hides the one for everybody.
    """
    described = [one for one in tariffs if one.id.casefold() == tariff_id.casefold()]
    own = [one for one in described if one.target == emsp]
    local = at.astimezone(zone)
    found = [
        one for one in own or described if one.target in (emsp, None) and covers(one, at) and in_slots(one.slots, local)
    ]
    return max(found, key=lambda one: (one.slots is not None, one.starts or _EVER), default=None)
