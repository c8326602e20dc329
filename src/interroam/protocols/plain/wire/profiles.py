"""How fast a charge may go."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from interroam.protocols.plain.wire.words import RateUnit

Seconds = Annotated[int, Meta(ge=0, le=2**31)]


class Limit(Struct, frozen=True, kw_only=True):
    """From so many seconds after the start, no more than this."""

    after_s: Seconds
    limit: Decimal


class ChargingProfile(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Limits over time, in W, or in A per phase."""

    unit: RateUnit
    starts: datetime | None = None
    duration_s: Seconds | None = None
    least_rate: Decimal | None = None
    limits: tuple[Limit, ...] = ()


class ActiveProfile(Struct, frozen=True, kw_only=True):
    """The limits by which a charge really goes."""

    starts: datetime
    profile: ChargingProfile
