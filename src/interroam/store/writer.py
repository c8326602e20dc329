"""The group commit: what waits while one commit runs shares the next one, and each is answered after its own.

Nothing is acknowledged by a failing commit. A group in which one statement cannot be written is tried again in halves,
so that only the bad one fails. A caller that gives up waiting changes nothing: what it told is still recorded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from interroam.core.ports import CourierKey, Cursor
from interroam.model.errors import Reason, Unavailable
from interroam.model.facts import Change, Receipt, Telling, Wire, Withdrawal
from interroam.store.rows import cursor_row

MOST_WAITING = 4096
MOST_BYTES = 64 * 2**20
MOST_IN_GROUP = 512
"""Rows in one group: a group holds the event loop while it is judged and written, about ten milliseconds at most."""
PATIENCE = 16
"""Turns of the event loop that a group gathers while each turn brings more."""
RIDERS_WAIT = 0.05
_LEAST = 256


class Errand(NamedTuple):
    """A named statement to run once per row, in the transaction of the next group."""

    name: str
    rows: Sequence[tuple[object, ...]]


class CommitFailed(Exception):  # noqa: N818  it says what happened
    """The commit itself failed: nobody knows better than to acknowledge nothing."""


Outcome = Receipt | Exception
Commit = Callable[[Sequence[Telling], Sequence[Errand]], Awaitable[list[Outcome]]]


class _Waiting(msgspec.Struct, frozen=True, gc=False):
    telling: Telling
    then: Callable[[Outcome], None]
    weight: int
    rows: int


class _Job(NamedTuple):
    errands: Sequence[Errand]
    future: asyncio.Future[None]


class _Group(NamedTuple):
    tellings: Sequence[_Waiting] = ()
    jobs: Sequence[_Job] = ()
    cursors: Sequence[Cursor] = ()

    def apart(self) -> list[_Group]:
        """Return smaller groups of the same; none when there is only one thing in this one."""
        kinds = [_Group(tellings=self.tellings), _Group(cursors=self.cursors), _Group(jobs=self.jobs)]
        kinds = [one for one in kinds if any(one)]
        if len(kinds) > 1:
            return kinds
        if len(self.jobs) > 1:
            return [_Group(jobs=[job]) for job in self.jobs]
        if len(self.tellings) > 1:
            middle = len(self.tellings) // 2
            return [_Group(tellings=self.tellings[:middle]), _Group(tellings=self.tellings[middle:])]
        return []


class Writer:
    """The queue before the one writer; ``commit`` judges, writes and commits a group and returns its outcomes.

    Cursors ride along: only the newest of each courier is written, with the next group or by itself a little later.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._queue: deque[_Waiting] = deque()
        self._jobs: list[_Job] = []
        self._bytes = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self.turn = asyncio.Lock()
        """Held while a group is written; who takes it has the database to itself."""
        self.cursors: dict[CourierKey, Cursor] = {}
        """Newer than what is in the database."""

    @property
    def waiting(self) -> int:
        """How many tellings wait."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to write."""
        self._closing = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name="store writer")

    async def close(self) -> None:
        """Commit what waits, and stop."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None

    def tell(self, telling: Telling, then: Callable[[Outcome], None]) -> None:
        """Queue a telling; ``then`` is called after the commit that holds it."""
        if self._closing or self._task is None:
            raise _closed()
        weight, rows = _measure(telling)
        if len(self._queue) >= MOST_WAITING or self._bytes + weight > MOST_BYTES:
            raise Unavailable(Reason.OVERLOADED, "too much waits for the writer", retry_after=1)
        if not self._queue:
            self._wake.set()
        self._queue.append(_Waiting(telling, then, weight, rows))
        self._bytes += weight

    async def run(self, *errands: Errand) -> None:
        """Run errands in one transaction; returns after its commit."""
        self._check_open()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._jobs.append(_Job(errands, future))
        self._wake.set()
        await future

    def settle(self, cursor: Cursor) -> None:
        """Write a cursor with the next group, or by itself within a twentieth of a second."""
        self._check_open()
        self.cursors[cursor.key] = cursor
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(RIDERS_WAIT, self._wake.set)

    def _check_open(self) -> None:
        if self._closing or self._task is None:
            raise _closed()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._gather()
            async with self.turn:
                await self._write(self._take())
            if self._queue or self._jobs:
                self._wake.set()
            elif self._closing:
                return

    async def _gather(self) -> None:
        """Wait while every turn of the loop brings another: few commits for many that come at once."""
        for _ in range(PATIENCE):
            before = len(self._queue)
            await asyncio.sleep(0)
            if len(self._queue) == before or before >= MOST_IN_GROUP:
                return

    def _take(self) -> _Group:
        tellings: list[_Waiting] = []
        rows = 0
        while self._queue and rows < MOST_IN_GROUP:
            one = self._queue.popleft()
            self._bytes -= one.weight
            rows += one.rows
            tellings.append(one)
        jobs, self._jobs = self._jobs, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return _Group(tellings, jobs, list(self.cursors.values()))

    async def _write(self, group: _Group) -> None:
        if not any(group):
            return
        # A job may bring a cursor that is newer than the one that rides.
        errands = [Errand("save_cursor", [cursor_row(cursor) for cursor in group.cursors])] if group.cursors else []
        errands += [errand for job in group.jobs for errand in job.errands]
        try:
            outcomes = await self._commit([one.telling for one in group.tellings], errands)
        except CommitFailed as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not take the others along
            smaller = group.apart()
            for part in smaller:
                await self._write(part)
            if not smaller:
                _fail(group, error)
        else:
            self._resolve(group, outcomes)

    def _resolve(self, group: _Group, outcomes: Sequence[Outcome]) -> None:
        _answer(group.tellings, outcomes)
        for job in group.jobs:
            if not job.future.done():
                job.future.set_result(None)
        for cursor in group.cursors:
            if self.cursors.get(cursor.key) is cursor:
                del self.cursors[cursor.key]


def _closed() -> Unavailable:
    return Unavailable(Reason.FAILED, "the store is closed")


def resolve(future: asyncio.Future[Receipt], outcome: Outcome) -> None:
    """Tell a future what became of a telling."""
    if future.done():
        return  # gave up waiting
    if isinstance(outcome, Receipt):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)


def _answer(tellings: Sequence[_Waiting], outcomes: Iterable[Outcome]) -> None:
    for one, outcome in zip(tellings, outcomes, strict=True):
        try:
            one.then(outcome)
        except Exception as error:  # noqa: BLE001  whoever asked is at fault, not the others of its group
            context = {"message": "what became of a telling could not be said", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)


def _fail(group: _Group, error: Exception) -> None:
    _answer(group.tellings, [_failure(error) for _ in group.tellings])
    for job in group.jobs:
        if not job.future.done():
            job.future.set_exception(_failure(error))


def _failure(error: Exception) -> Unavailable:
    failure = Unavailable(Reason.FAILED, f"it could not be written: {error}")
    failure.__cause__ = error
    return failure


def _measure(telling: Telling) -> tuple[int, int]:
    """Return about how many bytes a telling holds, and how many rows it may touch."""
    statement = telling.statement
    if isinstance(statement, Withdrawal):
        return _LEAST, 1
    wire = statement.wire
    weight = _LEAST if wire is None else _LEAST + len(wire.data)
    if isinstance(statement, Change) or (statement.row is None and statement.parts is None):
        return weight, 1
    parts = statement.parts or ()
    return weight + _bytes(statement.row) + sum(_bytes(part.wire) + _bytes(part.row) for part in parts), 1 + len(parts)


def _bytes(wire: Wire | None) -> int:
    return _LEAST if wire is None else _LEAST + len(wire.data)
