"""OCPI 2.2.1 mod_charging_profiles: limits over time, and the two answers."""

from __future__ import annotations

from . import words
from .types import DateTime, Number, Url, Whole, Wire


class ChargingProfilePeriod(Wire, frozen=True, kw_only=True):
    """From here on no more than this."""

    start_period: Whole
    limit: Number


class ChargingProfile(Wire, frozen=True, kw_only=True):
    """Limits over time."""

    start_date_time: DateTime | None = None
    duration: Whole | None = None
    charging_rate_unit: words.ChargingRateUnit
    min_charging_rate: Number | None = None
    charging_profile_period: tuple[ChargingProfilePeriod, ...] = ()


class SetChargingProfile(Wire, frozen=True, kw_only=True):
    """What is asked for."""

    charging_profile: ChargingProfile
    response_url: Url


class ActiveChargingProfile(Wire, frozen=True, kw_only=True):
    """The limits by which a charge really goes."""

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ChargingProfileResponse(Wire, frozen=True, kw_only=True):
    """The answer at once."""

    result: words.ChargingProfileResponseType
    timeout: Whole


class ChargingProfileResult(Wire, frozen=True, kw_only=True):
    """The answer later; ``profile`` is there when the active one was asked for."""

    result: words.ChargingProfileResultType
    profile: ActiveChargingProfile | None = None
