"""What operators are told of deliveries: values, no I/O."""

from __future__ import annotations

from datetime import datetime

import msgspec


class CourierReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a courier stands."""

    party: str
    lane: str
    through: int
    lag: int
    waiting: int = 0
    failures: int = 0
    retry_at: datetime | None = None
    paused: bool = False
    alert: str = ""
    seeds: int = 0
    """Parts of the picture that are still to be sent."""


class ShelfReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What lies on the shelf, and what it was about."""

    id: int
    party: str
    lane: str
    seq: int
    at: datetime
    object: str = ""
    reason: str
    message: str
    poison: bool = False
    tries: int = 1


class Sign(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One EVSE; one whose owner stated no eMI3 id has no ``evse_id``."""

    party: str
    location_id: str
    location: str
    address: str
    uid: str
    evse_id: str = ""
    reference: str = ""
    """What its owner writes on it besides."""
