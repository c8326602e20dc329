"""A charge cut at every moment where an element of its tariff may begin or cease to apply.

These are local times of day, dates and weekdays, the two changes of hour, energy and duration so far; current, power
and phase change with the stretches. Energy inside a stretch is split in proportion to time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from interroam.core.rules.pricing.course import Course, Phase, Stretch
from interroam.core.rules.pricing.exact import ZERO, after, microseconds
from interroam.core.rules.pricing.matching import Slice, is_local, local_seconds
from interroam.model.errors import Reason, Refused
from interroam.model.tariffs import Restrictions, Tariff

LONGEST = timedelta(days=400)
_EARLIEST, _LATEST = 1970, 9990
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_SECOND_US = 1_000_000


class Marks(msgspec.Struct, frozen=True):
    """Where the elements of a tariff change: seconds of the day (none: no local rule), kWh, seconds of duration."""

    clock: frozenset[int]
    kwh: frozenset[Fraction]
    durations_s: frozenset[int]

    @classmethod
    def of(cls, tariff: Tariff) -> Marks:
        """Collect the marks of a tariff."""
        limits = [one.restrictions for one in tariff.elements if one.restrictions is not None]
        clock = {second for one in limits if is_local(one) for second in (0, *local_seconds(one))}
        kwh = {Fraction(bound) for one in limits for bound in (one.min_kwh, one.max_kwh) if bound is not None}
        return cls(frozenset(clock), frozenset(kwh), frozenset(_durations(limits)))


def slices(course: Course, tariff_of: Callable[[str | None], Tariff], zone: ZoneInfo) -> Iterator[Slice]:
    """Cut a charge; the energy before a slice counts from the start, its duration from plugging in or reserving."""
    before = ZERO
    marks: dict[str, Marks] = {}
    first, last = course.stretches[0].starts, course.stretches[-1].ends
    if last - first > LONGEST or not _EARLIEST <= first.year <= _LATEST:
        raise Refused(Reason.INCOMPLETE, f"a charge from {first:%Y-%m-%d} until {last:%Y-%m-%d} is not priced")
    for stretch in course.stretches:
        tariff = tariff_of(stretch.tariff_id)
        if tariff.id not in marks:
            marks[tariff.id] = Marks.of(tariff)
        origin = course.reserved_from if stretch.phase is Phase.RESERVED else course.plugged_in
        cuts = _cuts(stretch, marks[tariff.id], zone, origin, before)
        # A charge of no length is still one slice: its beginning decides the fixed price.
        for begin, end in pairwise(cuts):
            yield _slice(stretch, begin, end, tariff, zone, origin, before)
        before += stretch.kwh


def changes(starts: datetime, ends: datetime, zone: ZoneInfo, clock: frozenset[int]) -> Iterator[datetime]:
    """Return the moments when the local clock passes one of these times, and when it is put forward or back."""
    day, last = starts.astimezone(zone).date(), ends.astimezone(zone).date()
    while day <= last:
        for second in clock:
            wall = datetime.combine(day, time(second // 3600, second // 60 % 60), zone)
            for fold in (0, 1):
                moment = wall.replace(fold=fold).astimezone(UTC)
                # A time that the change of hour skips does not come back as itself; the change is a moment anyway.
                if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                    yield moment
        day += _DAY
    moment = starts.astimezone(UTC)
    while moment < ends:
        following = min(moment + _DAY, ends.astimezone(UTC))
        if moment.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield _jump(moment, following, zone)
        moment = following


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Find the second in which the offset changes."""
    early, offset = early.replace(microsecond=0), early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def _durations(limits: list[Restrictions]) -> Iterator[int]:
    for one in limits:
        yield from (bound for bound in (one.min_duration_s, one.max_duration_s) if bound is not None)


def _cuts(stretch: Stretch, marks: Marks, zone: ZoneInfo, origin: datetime, before: Fraction) -> list[Fraction]:
    """Return the parts of a stretch where something may change, from 0 to 1."""
    cuts = {Fraction(0), Fraction(1)}
    if length := microseconds(stretch.starts, stretch.ends):
        since = microseconds(stretch.starts, origin)
        cuts.update(Fraction(since + seconds * _SECOND_US, length) for seconds in marks.durations_s)
        if marks.clock:
            moments = changes(stretch.starts, stretch.ends, zone, marks.clock)
            cuts.update(Fraction(microseconds(stretch.starts, one), length) for one in moments)
    if stretch.kwh > 0:
        cuts.update((bound - before) / stretch.kwh for bound in marks.kwh)
    return sorted(one for one in cuts if 0 <= one <= 1)


def _slice(
    stretch: Stretch, begin: Fraction, end: Fraction, tariff: Tariff, zone: ZoneInfo, origin: datetime, before: Fraction
) -> Slice:
    starts = after(stretch.starts, stretch.ends, begin)
    length = microseconds(stretch.starts, stretch.ends)
    return Slice(
        starts=starts,
        ends=after(stretch.starts, stretch.ends, end),
        local=starts.astimezone(zone),
        phase=stretch.phase,
        hours=stretch.hours * (end - begin),
        kwh=stretch.kwh * (end - begin),
        kwh_before=before + stretch.kwh * begin,
        elapsed_s=(microseconds(origin, stretch.starts) + length * begin) / _SECOND_US,
        current_a=stretch.current_a,
        power_kw=stretch.power_kw,
        tariff=tariff,
    )
