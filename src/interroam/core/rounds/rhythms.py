"""When something is due again: ``off``, ``every 6h``, ``daily 03:00 Europe/Zurich``. Pure.

A day has one occurrence, whatever the clocks do: an hour that is skipped in spring counts from the hour before, and of
the hour that comes twice in autumn the first one counts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from interroam.model.errors import Reason, Refused

_EVERY = re.compile(r"every\s+(\d{1,6})\s*([smhd])")
_DAILY = re.compile(r"daily\s+(\d{1,2}):(\d{2})(?:\s+(\S+))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
OFF = "off"


class Rhythm(msgspec.Struct, frozen=True):
    """An interval, or a time of the day in a zone, or never."""

    every: timedelta | None = None
    at: time | None = None
    zone: str = "UTC"

    def after(self, moment: datetime) -> datetime | None:
        """Return the first occurrence after a moment; None when there is none."""
        if self.every is not None:
            return moment + self.every
        if self.at is None:
            return None
        zone = ZoneInfo(self.zone)
        day = moment.astimezone(zone).date() - timedelta(days=1)
        while True:
            # fold=0 reads an hour that is skipped as if the clocks had not moved yet, a doubled one as its first.
            found = datetime.combine(day, self.at, zone).astimezone(UTC)
            if found > moment:
                return found
            day += timedelta(days=1)


@lru_cache(maxsize=256)
def rhythm(text: str) -> Rhythm:
    """Read a rhythm; Refused when it is none."""
    said = text.strip()
    if said == OFF:
        return Rhythm()
    if (match := _EVERY.fullmatch(said)) is not None and int(match[1]):
        return Rhythm(every=timedelta(seconds=int(match[1]) * _SECONDS[match[2]]))
    if (match := _DAILY.fullmatch(said)) is not None:
        try:
            return Rhythm(at=time(int(match[1]), int(match[2])), zone=ZoneInfo(match[3] or "UTC").key)
        except (ValueError, ZoneInfoNotFoundError, OSError):
            pass
    raise Refused(Reason.MALFORMED, f"{text!r} is no rhythm", remedy="say off, every 6h, or daily 03:00 Europe/Zurich")
