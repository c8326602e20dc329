"""A core with a real store and partners that live in memory: links that take, refuse or are away, as told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from interroam.core.delivering.dispatch import Dispatch
from interroam.core.hub import Deadlines, Hub
from interroam.core.keys import Keyring
from interroam.core.parties.book import Book
from interroam.core.ports import Clock
from interroam.core.uuid7 import Uuid7
from interroam.model.agreements import Agreement
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Entry, Origin, Receipt, Tellable
from interroam.model.ids import Party
from interroam.model.parties import Partner
from interroam.model.questions import Answer, Question
from interroam.store import SqliteStore
from tests.waiting import eventually


class QuickClock:
    """Time that runs faster than on the wall."""

    def __init__(self, speed: float = 50.0) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._start = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self._speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    def forward(self, **by: float) -> None:
        """Move on: ``forward(minutes=5)``; nobody wakes by it."""
        self._start += timedelta(**by)


class Inbox:
    """A partner's side: keeps what it takes, refuses and is away as told."""

    def __init__(self) -> None:
        self.taken: list[Entry] = []
        self.tried = 0
        self.most_at_once = 0
        self.away = False
        self.excuse = Unavailable(Reason.NOT_CONNECTED, "away")
        self.refuses: Callable[[Entry], bool] = lambda _: False
        self.chokes_on: Callable[[Entry], bool] = lambda _: False
        self.answer: Answer | Exception | None = None
        self.asked: list[Question] = []
        self.delay = 0.0
        self.pushes = True
        self.answers = True
        self._now = 0

    async def deliver(self, entry: Entry, to: Party) -> None:
        self.tried += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(self.delay)
            if self.away or self.chokes_on(entry):
                raise self.excuse
            if self.refuses(entry):
                raise Refused(Reason.MALFORMED, "not like this")
            self.taken.append(entry)
        finally:
            self._now -= 1

    async def ask(self, question: Question, to: Party, origin_party: Party, correlation: str, within: float) -> Answer:
        self.asked.append(question)
        await asyncio.sleep(self.delay)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            raise Unavailable(Reason.TIMED_OUT, "silent", reached=True)
        return self.answer

    async def close(self) -> None:
        return None

    @property
    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.taken]


class Roundabout:
    """The core of a node, without doors."""

    def __init__(self, path: Path, hub: Party | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or QuickClock()
        self.store = SqliteStore(path / "interroam.db")
        self.book = Book(self.store, Keyring.load(path / "keys.json"), hub)
        self.links: dict[str, Inbox] = {}
        self.hub = Hub(self.store, self.book, self.links, self.clock, Uuid7(self.clock), Deadlines(partner=1.0))
        self.dispatch = Dispatch(self.hub)

    async def admit(self, partner: Partner) -> Inbox:
        inbox = self.links[partner.id] = Inbox()
        await self.book.put_partner(partner)
        return inbox

    async def agree(self, agreement: Agreement) -> None:
        await self.book.put_agreement(agreement)

    async def tell(self, partner: str, statement: Tellable, correlation: str = "c") -> Receipt:
        return await self.hub.tell(Origin(partner, correlation=correlation), statement)

    async def until(self, true: Callable[[], bool], seconds: float = 5.0) -> None:
        await eventually(true, seconds)

    async def drained(self) -> None:
        await self.until(lambda: all(courier.idle for courier in self.dispatch.couriers))


@contextlib.asynccontextmanager
async def running(path: Path, hub: Party | None = None, clock: Clock | None = None) -> AsyncIterator[Roundabout]:
    """Open a core at this path; what an earlier one left there is found again."""
    core = Roundabout(path, hub, clock)
    await core.store.open()
    await core.book.load()
    try:
        yield core
    finally:
        await core.dispatch.stop()
        await core.store.close()
