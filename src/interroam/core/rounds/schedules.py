"""What comes again: rows of the register with the time they are next due and a lease, driven by the clock.

A row that was due while nobody ran is caught up once, however often it was missed. Whoever runs it holds its lease, and
the row stays due until the run has ended: after a crash another process takes it up when the lease is over. A spread
keeps those who ask the same partner from coming all at once (OCPI-190).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.chores import ended
from interroam.core.documents import Documents
from interroam.core.ports import Clock, Ids, Store
from interroam.core.rounds.rhythms import rhythm
from interroam.model.errors import Reason, Refused, Unavailable

log = structlog.get_logger()

SCHEDULES = "schedule"
LEASE = timedelta(minutes=10)
_RENEWED_S = 180.0
_TRIED_AGAIN = timedelta(hours=1)

Act = Callable[[Mapping[str, str]], Awaitable[str]]
"""What runs: told what it is about, it says in a few words what came of it."""


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One row. ``due`` is None when it is off; ``own`` when a person has set it, so that defaults leave it alone."""

    id: str
    act: str
    about: dict[str, str] = {}
    rhythm: str
    spread_s: float = 0.0
    due: datetime | None = None
    own: bool = False
    last: datetime | None = None
    outcome: str = ""
    holder: str = ""
    leased_until: datetime | None = None


class Schedules:
    """All rows, and those that run now. ``teach`` says what an act means."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._kept = Documents(store, SCHEDULES, Schedule)
        self._clock = clock
        self._me = ids.new()
        self._acts: dict[str, Act] = {}
        self._rows: dict[str, Schedule] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def teach(self, act: str, run: Act) -> None:
        """Say what runs when a row of this act is due."""
        self._acts[act] = run

    async def load(self) -> None:
        """Read the rows."""
        self._rows |= await self._kept.all()

    async def stop(self) -> None:
        """End what runs; it stays due."""
        await ended(self._running.values())

    @property
    def rows(self) -> list[Schedule]:
        """All rows, by id."""
        return [self._rows[name] for name in sorted(self._rows)]

    # -- what is wanted --------------------------------------------------------------------------------------------

    async def ensure(self, wanted: Iterable[Schedule]) -> None:
        """Have exactly these rows: what a person has set of one stays, and so does the time it is due."""
        named = {row.id: row for row in wanted}
        for gone in self._rows.keys() - named.keys():
            del self._rows[gone]
            await self._kept.remove(gone)
        for name, row in named.items():
            known = self._rows.get(name)
            if known is None:
                await self._put(replace(row, due=self._next(row)))
            elif not known.own and (known.rhythm, known.spread_s) != (row.rhythm, row.spread_s):
                changed = replace(known, rhythm=row.rhythm, spread_s=row.spread_s)
                await self._put(replace(changed, due=self._next(changed)))

    async def set(self, id: str, said: str, spread_s: float | None = None) -> Schedule:
        """Give a row another rhythm, for good; Refused when there is no such row or rhythm."""
        known = self._known(id)
        rhythm(said)
        spread = known.spread_s if spread_s is None else spread_s
        changed = replace(known, rhythm=said, spread_s=spread, own=True)
        return await self._put(replace(changed, due=self._next(changed)))

    async def hasten(self, id: str) -> Schedule:
        """Make a row due now, once."""
        return await self._put(replace(self._known(id), due=self._clock.now()))

    def _known(self, id: str) -> Schedule:
        known = self._rows.get(id)
        if known is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no schedule {id}", remedy="interroam schedule list")
        return known

    def _next(self, row: Schedule) -> datetime | None:
        """Return when a row is due after now: the missed times in between are not made up for."""
        due = rhythm(row.rhythm).after(self._clock.now())
        spread = row.spread_s * random.random()  # noqa: S311  no secret hangs on it
        return due + timedelta(seconds=spread) if due is not None else None

    async def _put(self, row: Schedule) -> Schedule:
        self._rows[row.id] = row
        await self._kept.save(row.id, row)
        return row

    # -- what is due -----------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Start what is due and nobody else runs."""
        now = self._clock.now()
        due = [row for row in self._rows.values() if row.due is not None and row.due <= now]
        for row in sorted(due, key=lambda one: one.due or now):
            if row.id not in self._running and row.act in self._acts:
                await self._take(row.id, now)

    async def settled(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _take(self, id: str, now: datetime) -> None:
        """Take the lease of a row as the register has it, and run it."""
        row = await self._kept.load(id)
        if row is None:
            self._rows.pop(id, None)
            return
        self._rows[id] = row
        taken = row.leased_until is not None and row.leased_until > now and row.holder != self._me
        if taken or row.due is None or row.due > now:
            return
        await self._put(replace(row, holder=self._me, leased_until=now + LEASE))
        task = asyncio.get_running_loop().create_task(self._run(row, now))
        self._running[id] = task
        task.add_done_callback(lambda _: self._running.pop(id, None))

    async def _run(self, row: Schedule, began: datetime) -> None:
        keeping = asyncio.get_running_loop().create_task(self._keep(row.id))
        failed = False
        try:
            outcome = await self._acts[row.act](row.about)
        except (Refused, Unavailable) as no:
            outcome, failed = no.message, True
            log.warning("schedule_failed", schedule=row.id, message=no.message)
        except Exception as bug:
            outcome, failed = f"our own failure: {bug!r}", True
            log.exception("schedule_broke", schedule=row.id)
        finally:
            keeping.cancel()
        current = self._rows.get(row.id)
        if current is None:
            return
        due = self._next(current)
        if failed and due is not None:
            due = min(due, self._clock.now() + _TRIED_AGAIN)
        await self._put(replace(current, due=due, last=began, outcome=outcome, holder="", leased_until=None))

    async def _keep(self, id: str) -> None:
        """Renew a lease while its row runs."""
        while True:
            await self._clock.sleep(_RENEWED_S)
            row = self._rows.get(id)
            if row is not None:
                await self._put(replace(row, leased_until=self._clock.now() + LEASE))
