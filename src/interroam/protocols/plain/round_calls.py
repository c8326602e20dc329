"""The calls of administration about what a node does by itself: fetching from partners, and schedules."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from interroam.core.rounds.absences import Absence
from interroam.core.rounds.pulling import PullReport
from interroam.core.rounds.schedules import Schedule
from interroam.model.errors import Reason
from interroam.model.ids import Module
from interroam.protocols.plain.admin_routes import MISSING, STATE, Call, route
from interroam.protocols.plain.wire.administration import Counted

_PULLED = (*STATE, Reason.NOT_OFFERED)
_SHOWN_KEYS = 100


class PullWanted(Struct, frozen=True, kw_only=True):
    """What to fetch: a module, or all; changes since the last success, since a moment, or the ``whole``."""

    partner: str
    module: Module | None = None
    since: datetime | None = None
    whole: bool = False


class PushWanted(Struct, frozen=True, kw_only=True):
    """What to tell a partner once more: a module, or all it may know."""

    partner: str
    module: Module | None = None


class PullNamed(Struct, frozen=True, kw_only=True):
    """A module of a partner."""

    partner: str
    module: Module


class AbsenceReport(Struct, frozen=True, kw_only=True):
    """Objects that a whole list left out: how many, and the first of them."""

    partner: str
    module: Module
    at: datetime
    count: int
    of: int
    objects: tuple[str, ...]


class Pulls(Struct, frozen=True):
    """The newest pull of each partner and module, and what is missing since."""

    pulls: tuple[PullReport, ...]
    absences: tuple[AbsenceReport, ...] = ()


class ScheduleReport(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What comes again: how often, when next, and what came of it last."""

    id: str
    rhythm: str
    spread_minutes: float = 0.0
    due: datetime | None = None
    own: bool = False
    last: datetime | None = None
    outcome: str = ""
    running: bool = False


class ScheduleWanted(Struct, frozen=True, kw_only=True):
    """``off``, ``every 6h`` or ``daily 03:00 Europe/Zurich``, and a random delay of up to so many minutes."""

    rhythm: str
    spread_minutes: float | None = None


class ScheduleList(Struct, frozen=True):
    """All schedules."""

    schedules: tuple[ScheduleReport, ...]


async def pull(call: Call) -> Pulls:
    """Begin to fetch from a partner."""
    wanted = call.body
    rounds = call.office.rounds
    begun = await rounds.pull(call.actor, wanted.partner, wanted.module, wanted.since, whole=wanted.whole)
    return Pulls(tuple(begun))


async def pulls(call: Call) -> Pulls:
    """Show how far fetching is, and what is missing."""
    rounds = call.office.rounds
    missing = await rounds.absences(call.actor)
    return Pulls(tuple(rounds.pulls(call.actor)), tuple(_absence(one) for one in missing))


async def withdraw_absent(call: Call) -> Counted:
    """Withdraw what a whole list left out."""
    return Counted(count=await call.office.rounds.withdraw(call.actor, call.body.partner, call.body.module))


async def push(call: Call) -> Counted:
    """Tell a partner once more what it may know."""
    return Counted(count=await call.office.upkeep.push(call.actor, call.body.partner, call.body.module))


async def schedules(call: Call) -> ScheduleList:
    """List schedules."""
    return ScheduleList(tuple(_schedule(one) for one in call.office.rounds.scheduled(call.actor)))


async def set_schedule(call: Call) -> ScheduleReport:
    """Change a schedule."""
    wanted = call.body
    row = await call.office.rounds.schedule(call.actor, call.given["id"], wanted.rhythm, wanted.spread_minutes)
    return _schedule(row)


def _absence(one: Absence) -> AbsenceReport:
    return AbsenceReport(
        partner=one.partner,
        module=one.module,
        at=one.at,
        count=len(one.keys),
        of=one.of,
        objects=tuple(map(str, one.keys[:_SHOWN_KEYS])),
    )


def _schedule(row: Schedule) -> ScheduleReport:
    return ScheduleReport(
        id=row.id,
        rhythm=row.rhythm,
        spread_minutes=row.spread_s / 60,
        due=row.due,
        own=row.own,
        last=row.last,
        outcome=row.outcome,
        running=bool(row.holder),
    )


ROUTES = (
    route("GET", "/pulls", pulls, Pulls),
    route("POST", "/pulls", pull, Pulls, body=PullWanted, status=202, errors=_PULLED),
    route("POST", "/pulls/withdraw", withdraw_absent, Counted, body=PullNamed, errors=MISSING),
    route("POST", "/pushes", push, Counted, body=PushWanted, status=202, errors=(Reason.UNKNOWN_OBJECT,)),
    route("GET", "/schedules", schedules, ScheduleList),
    route("PUT", "/schedules/{id}", set_schedule, ScheduleReport, body=ScheduleWanted, errors=MISSING),
)
