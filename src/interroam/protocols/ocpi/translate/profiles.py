"""OCPI 2.2.1 mod_charging_profiles and charging preferences ⇄ our questions about a session, and their answers.

A result has no word for TIMEOUT there: UNKNOWN is the nearest.
"""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from interroam.model import profiles as model
from interroam.model.charges import Outcome
from interroam.model.ids import PartyId
from interroam.model.questions import Acknowledged, Prefer, Preferred, SetProfile
from interroam.protocols.ocpi.wire import Malformed, write
from interroam.protocols.ocpi.wire import profiles as wire
from interroam.protocols.ocpi.wire.sessions import ChargingPreferences
from interroam.protocols.ocpi.wire.words import ChargingPreferencesResponse

_RESULTS = frozenset({"ACCEPTED", "REJECTED"})
_PREFERRED: tuple[str, ...] = get_args(ChargingPreferencesResponse)


def read_profile(shape: wire.ChargingProfile) -> model.ChargingProfile:
    """Read limits over time."""
    return model.ChargingProfile(
        unit=shape.charging_rate_unit,
        starts=shape.start_date_time,
        duration_s=shape.duration,
        least_rate=shape.min_charging_rate,
        limits=tuple(model.Limit(one.start_period, one.limit) for one in shape.charging_profile_period),
    )


def profile_shape(profile: model.ChargingProfile) -> wire.ChargingProfile:
    """Return the shape of limits over time."""
    return wire.ChargingProfile(
        start_date_time=profile.starts,
        duration=profile.duration_s,
        charging_rate_unit=profile.unit,  # type: ignore[arg-type]  # the words are those of OCPI
        min_charging_rate=profile.least_rate,
        charging_profile_period=tuple(
            wire.ChargingProfilePeriod(start_period=one.after_s, limit=one.limit) for one in profile.limits
        ),
    )


def read_set_profile(shape: wire.SetChargingProfile, session_id: str, emsp: PartyId, cpo: PartyId | None) -> SetProfile:
    """Read the wish to set a profile."""
    profile = read_profile(shape.charging_profile)
    return SetProfile(emsp=emsp, session_id=session_id, profile=profile, reply=shape.response_url, cpo=cpo)


def write_set_profile(question: SetProfile, response_url: str) -> bytes:
    """Write the wish to set a profile, to be answered at ``response_url``."""
    return write(wire.SetChargingProfile(charging_profile=profile_shape(question.profile), response_url=response_url))


def read_active_profile(shape: wire.ActiveChargingProfile) -> model.ActiveProfile:
    """Read the limits by which a charge goes."""
    return model.ActiveProfile(starts=shape.start_date_time, profile=read_profile(shape.charging_profile))


def write_active_profile(active: model.ActiveProfile) -> bytes:
    """Write the limits by which a charge goes."""
    return write(_active_shape(active))


def _active_shape(active: model.ActiveProfile) -> wire.ActiveChargingProfile:
    return wire.ActiveChargingProfile(start_date_time=active.starts, charging_profile=profile_shape(active.profile))


def read_profile_response(shape: wire.ChargingProfileResponse) -> Acknowledged:
    """Read the answer at once."""
    return Acknowledged(result=shape.result, within=max(shape.timeout, 0))


def write_profile_response(answer: Acknowledged) -> bytes:
    """Write the answer at once."""
    shape = wire.ChargingProfileResponse(
        result=answer.result,  # type: ignore[arg-type]  # the words are those of OCPI
        timeout=answer.within,
    )
    return write(shape)


def read_profile_outcome(shape: wire.ChargingProfileResult, command_id: str, at: datetime) -> Outcome:
    """Read the answer of the charge point."""
    active = read_active_profile(shape.profile) if shape.profile is not None else None
    return Outcome(command=command_id, result=shape.result, profile=active, at=at)


def write_profile_outcome(result: str, active: model.ActiveProfile | None = None) -> bytes:
    """Write the answer of the charge point."""
    shape = wire.ChargingProfileResult(
        result=result if result in _RESULTS else "UNKNOWN",  # type: ignore[arg-type]  # the words are those of OCPI
        profile=_active_shape(active) if active is not None else None,
    )
    return write(shape)


# -- what a driver would like ------------------------------------------------------------------------------------------


def read_prefer(shape: ChargingPreferences, session_id: str, emsp: PartyId, cpo: PartyId | None) -> Prefer:
    """Read what a driver would like."""
    return Prefer(
        emsp=emsp,
        session_id=session_id,
        profile_type=shape.profile_type,
        departs=shape.departure_time,
        energy_kwh=shape.energy_need,
        discharge=shape.discharge_allowed,
        cpo=cpo,
    )


def write_prefer(question: Prefer) -> bytes:
    """Write what a driver would like."""
    shape = ChargingPreferences(
        profile_type=question.profile_type,  # type: ignore[arg-type]  # the words are those of OCPI
        departure_time=question.departs,
        energy_need=question.energy_kwh,
        discharge_allowed=question.discharge,
    )
    return write(shape)


def read_preferred(data: bytes) -> Preferred:
    """Read what can be done for the driver: a bare word."""
    word = data.decode("utf-8", "replace").strip().strip('"').upper()
    if word not in _PREFERRED:
        raise Malformed("data", f"{word!r} is no ChargingPreferencesResponse")
    return Preferred(word)


def write_preferred(answer: Preferred) -> bytes:
    """Write what can be done for the driver: a bare word."""
    return b'"' + answer.result.encode() + b'"'
