"""Charging profiles. Pure."""

from __future__ import annotations

from interroam.model import profiles as model
from interroam.protocols.plain import wire
from interroam.protocols.plain.translate.fields import Findings, settled


def read_profile(profile: wire.ChargingProfile, findings: Findings) -> model.ChargingProfile:
    """Read limits over time."""
    profile = settled(profile, findings, "profile")
    return model.ChargingProfile(
        unit=profile.unit.value,
        starts=profile.starts,
        duration_s=profile.duration_s,
        least_rate=profile.least_rate,
        limits=tuple(model.Limit(one.after_s, one.limit) for one in profile.limits),
    )


def write_profile(profile: model.ChargingProfile) -> wire.ChargingProfile:
    """Write limits over time."""
    return wire.ChargingProfile(
        unit=wire.RateUnit(profile.unit),
        starts=profile.starts,
        duration_s=profile.duration_s,
        least_rate=profile.least_rate,
        limits=tuple(wire.Limit(after_s=one.after_s, limit=one.limit) for one in profile.limits),
    )


def read_active_profile(active: wire.ActiveProfile, findings: Findings) -> model.ActiveProfile:
    """Read the limits by which a charge goes."""
    active = settled(active, findings, "profile")
    return model.ActiveProfile(starts=active.starts, profile=read_profile(active.profile, findings))


def write_active_profile(active: model.ActiveProfile) -> wire.ActiveProfile:
    """Write the limits by which a charge goes."""
    return wire.ActiveProfile(starts=active.starts, profile=write_profile(active.profile))
