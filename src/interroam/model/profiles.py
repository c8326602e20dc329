"""How fast a charge may go: what a provider asks for, and what a charge point makes of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from interroam.model.ids import PartyId


class Limit(msgspec.Struct, frozen=True, gc=False):
    """From so many seconds after the start, no more than this, in the unit of its profile."""

    after_s: int
    limit: Decimal


class ChargingProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Limits over time, in W, or in A per phase."""

    unit: str
    starts: datetime | None = None
    duration_s: int | None = None
    least_rate: Decimal | None = None
    limits: tuple[Limit, ...] = ()


class ActiveProfile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The limits by which a charge really goes."""

    starts: datetime
    profile: ChargingProfile


class ProfileInForce(msgspec.Struct, frozen=True, kw_only=True):
    """The CPO says by which limits a session goes from now on; told to whoever set its profile last."""

    owner: PartyId
    session_id: str
    active: ActiveProfile
    at: datetime
