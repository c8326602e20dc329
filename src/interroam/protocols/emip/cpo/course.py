"""The course of a charge as its session tells it, and the events that say so (sheet 3.10). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from interroam.model.charges import Session

EMERGENCY_STOP, STOPPED, SUSPENDED, STARTED = "EMERGENCY_STOP", "ENDED", "SUSPENDED", "STARTED"
CHARGE_STARTED, CHARGE_ENDED = "CHARGE_STARTED", "CHARGE_ENDED"
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    EMERGENCY_STOP: ("EMERGENCY_STOP",),
    STOPPED: ("STOP",),
    SUSPENDED: ("SUSPEND",),
    STARTED: ("RESTART",),
})  # fmt: skip
"""The acts that an event may follow from."""
ENDED = frozenset({EMERGENCY_STOP, STOPPED, CHARGE_ENDED})
_RUNNING = frozenset({CHARGE_STARTED, STARTED})
_OVER = {"EMERGENCY_STOP": EMERGENCY_STOP, "STOP": STOPPED}


def course(session: Session) -> str:
    """Return where a charge stands: not begun, running, suspended, over, or broken off."""
    match session.status:
        case "COMPLETED":
            return CHARGE_ENDED
        case "INVALID":
            return STOPPED
        case "ACTIVE":
            return SUSPENDED if _rests(session) else STARTED
        case _:
            return ""


def _rests(session: Session) -> bool:
    """Whether the vehicle draws no power now: its last period is one of parking."""
    volumes = {one.type: one.volume for one in session.periods[-1].dimensions} if session.periods else {}
    return bool(volumes.get("PARKING_TIME")) and not volumes.get("ENERGY") and not volumes.get("TIME")


def steps(told: str, now: str, act: str) -> Iterable[str]:
    """Return what is to be said between what was said last and where the charge stands."""
    if not now or told in ENDED:
        return
    if now in ENDED:
        yield _OVER.get(act, now)
    elif not told:
        yield CHARGE_STARTED
        if now == SUSPENDED:
            yield SUSPENDED
    elif now == SUSPENDED and told != SUSPENDED:
        yield SUSPENDED
    elif now == STARTED and told not in _RUNNING:
        yield STARTED
