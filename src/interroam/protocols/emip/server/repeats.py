"""The same message twice: answered again, done once (EMIP-32).

What was answered is kept in memory and, as a document of the day, in the store: a partner that sends again what it
never saw answered gets the same answer, also while the first is still at work, and after a restart.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec

from interroam.core.ports import Clock, Store

SHELF = "emip-answer"
DAYS = 4
"""How long an answer is remembered, today included."""
_MOST = 20_000


class Given(msgspec.Struct, frozen=True):
    """An answer as it left."""

    http: int
    code: str
    body: bytes
    lasting: bool = True
    """Whether it may be given again; a failure of ours asks for another try."""
    retry_after: float | None = None


class Repeats:
    """Remembers what was answered."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._given: OrderedDict[str, Given] = OrderedDict()
        self._working: dict[str, asyncio.Future[Given]] = {}
        self._cleaned = ""

    async def once(
        self, partner: str, transaction: str, body: bytes, work: Callable[[], Awaitable[Given]]
    ) -> tuple[Given, bool]:
        """Return what ``work`` gives, and whether it was given before; the same message is worked at once only."""
        key = f"{partner}:{transaction}:{blake2b(body, digest_size=16).hexdigest()}"
        while (working := self._working.get(key)) is not None:
            given = await asyncio.shield(working)
            if given.lasting:
                return given, True
        self._working[key] = future = asyncio.get_running_loop().create_future()
        try:
            known = await self._known(key)
            given = known or await work()
            if known is None and given.lasting:
                await self._keep(key, given)
            future.set_result(given)
        except BaseException:
            future.set_result(Given(500, "", b"", lasting=False))  # whoever waits tries itself
            raise
        finally:
            del self._working[key]
        return given, known is not None

    async def _known(self, key: str) -> Given | None:
        given = self._given.get(key)
        if given is not None:
            return given
        today = self._clock.now()
        for day in range(DAYS):
            body = await self._store.load(_shelf(today - timedelta(days=day)), key)
            if body is not None:
                return msgspec.msgpack.decode(body, type=Given)
        return None

    async def _keep(self, key: str, given: Given) -> None:
        self._given[key] = given
        if len(self._given) > _MOST:
            self._given.popitem(last=False)
        await self._store.save(_shelf(self._clock.now()), key, msgspec.msgpack.encode(given))

    def forget(self) -> None:
        """Let go of what memory holds; the store has it, as far as it may still be said."""
        self._given.clear()

    async def clean(self) -> None:
        """Forget, once a day, what nobody will send again."""
        now = self._clock.now()
        if self._cleaned == (today := _shelf(now)):
            return
        self._cleaned = today
        self._given.clear()
        for day in range(DAYS, DAYS + 7):
            shelf = _shelf(now - timedelta(days=day))
            for key, _ in await self._store.all(shelf):
                await self._store.remove(shelf, key)


def _shelf(day: datetime) -> str:
    return f"{SHELF}-{day:%Y-%m-%d}"
