"""Time zones of locations: tariffs are read in them, so one that nobody knows is said (OCPI 2.2.1 mod_locations)."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from interroam.protocols.ocpi.wire import Finding


@lru_cache(maxsize=1024)
def odd_zone(name: str | None) -> tuple[Finding, ...]:
    """Say that there is no such time zone; nothing where there is, or none is named."""
    if not name:
        return ()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return (Finding("time_zone", "is no time zone: tariffs are read as of UTC there"),)
    return ()
