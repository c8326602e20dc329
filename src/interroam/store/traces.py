"""Traces: every exchange in and out, apart from the journal, in compressed blocks, one place per day.

Notes are buffered and written by a worker: 256 together, four times a second, and at the end. What a crash takes with
it is at most the last of them; the journal still holds every fact. A block carries a short hash of every id in it, so
a search by id scans a few kilobytes per thousand exchanges and opens only the blocks that hold one.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from itertools import groupby

import msgspec
from msgspec.structs import replace

from interroam.core.forgetting import Forgetting
from interroam.model.facts import Exchange
from interroam.store.rows import micros

MOST_IN_BLOCK = 256
FLUSH_AFTER = 0.25
_HEAD = b"\x78"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Exchange]).decode


class Block(msgspec.Struct, frozen=True):
    """Up to 256 exchanges of one day, as written."""

    day: date
    since: int
    until: int
    partners: str
    digests: bytes
    data: bytes


def pack(exchanges: Sequence[Exchange]) -> list[Block]:
    """Return exchanges as blocks, a day each."""
    times = [one.at for one in exchanges]
    since, until = min(times), max(times)
    if since.date() == until.date():
        return [_block(exchanges, since, until)]
    days = groupby(exchanges, key=lambda one: one.at.date())
    return [block for _, some in days for block in pack(list(some))]


def unpack(data: bytes) -> list[Exchange]:
    """Return the exchanges of a block."""
    return _decode(inflated(data))


def _deflated(exchanges: Sequence[Exchange]) -> bytes:
    """Return exchanges as written: without the checksum of zlib, which takes a sixth of the time."""
    return zlib.compress(_encode(exchanges), 1, -zlib.MAX_WBITS)


def inflated(data: bytes) -> bytes:
    """Return the data of a block as it was encoded."""
    # Earlier releases wrote a head, which begins like nothing that we deflate: a stored block with filled-in padding.
    return zlib.decompress(data, zlib.MAX_WBITS if data[:1] == _HEAD else -zlib.MAX_WBITS)


def digest(id: str) -> bytes:
    """Return the short hash under which a block is known to hold an id; another id may share it."""
    return digests_of((id,))


def digests_of(ids: Collection[str]) -> bytes:
    """Return the short hashes of many ids, one after the other."""
    return struct.pack(f">{len(ids)}I", *map(zlib.crc32, map(str.encode, ids)))


def _block(exchanges: Sequence[Exchange], since: datetime, until: datetime) -> Block:
    ids: set[str] = set()
    partners = set()
    for one in exchanges:
        ids.update(one.ids)
        ids.add(one.correlation)
        if one.subject:
            ids.add(one.subject.hex())
        partners.add(one.partner)
    ids.discard("")
    return Block(
        since.date(),
        micros(since),
        micros(until),
        "\n".join(("", *sorted(partners), "")),
        digests_of(ids),
        _deflated(exchanges),
    )


class Traces(ABC):
    """The buffer of one node, and the days behind it."""

    def __init__(self) -> None:
        self._buffer: list[Exchange] = []
        self._timer: asyncio.TimerHandle | None = None
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many exchanges are not written yet."""
        return len(self._buffer)

    # -- what a database brings ------------------------------------------------------------------------------------

    @abstractmethod
    async def open(self) -> None:
        """Get ready."""

    @abstractmethod
    async def close(self) -> None:
        """Write what is buffered and let go."""

    @abstractmethod
    async def _days(self) -> list[date]:
        """Return the days there are traces of, in order."""

    @abstractmethod
    async def _append(self, exchanges: Sequence[Exchange]) -> None:
        """Pack exchanges and write the blocks, away from the event loop."""

    @abstractmethod
    async def _blocks(self, day: date, digests: Sequence[bytes], partner: str, since: int, until: int) -> list[bytes]:
        """Return the data of a day's blocks that may hold what is sought."""

    @abstractmethod
    async def _rewrite(self, day: date, rewrite: Callable[[bytes], bytes | None]) -> int:
        """Rewrite the data of a day's blocks where that is not None; nothing of it stays. Returns how many."""

    @abstractmethod
    async def _drop(self, day: date) -> None:
        """Drop a whole day."""

    # -- the buffer ------------------------------------------------------------------------------------------------

    def note(self, exchange: Exchange) -> None:
        """Keep a trace."""
        self._buffer.append(exchange)
        if len(self._buffer) >= MOST_IN_BLOCK:
            self._flush_soon()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER, self._flush_soon)

    def _flush_soon(self) -> None:
        exchanges = self._taken()
        if exchanges:
            task = asyncio.get_running_loop().create_task(self._write(exchanges))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _taken(self) -> list[Exchange]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        taken, self._buffer = self._buffer, []
        return taken

    async def _write(self, exchanges: list[Exchange]) -> None:
        async with self._turn:
            await self._append(exchanges)

    async def flush(self) -> None:
        """Write what is buffered."""
        if exchanges := self._taken():
            await self._write(exchanges)
        if self._tasks:
            await asyncio.gather(*self._tasks)

    # -- the days --------------------------------------------------------------------------------------------------

    async def find(
        self,
        ids: frozenset[str],
        partner: str | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
    ) -> list[Exchange]:
        """Return exchanges, oldest first, that carry any of the ids, or are of this partner and time.

        Of more than ``limit`` these are the first ones after ``since``, or the last ones where nothing says since when.
        """
        await self.flush()
        digests = [digest(one) for one in ids]
        low = micros(since) if since else 0
        high = micros(until) if until else 2**62
        found: list[Exchange] = []
        days = await self._days()
        for day in days if since else reversed(days):
            if (since and day < since.date()) or (until and day > until.date()):
                continue
            for data in await self._blocks(day, digests, "" if partner is None else f"\n{partner}\n", low, high):
                some = await asyncio.to_thread(unpack, data)
                found += [one for one in some if _matches(one, ids, partner, low, high)]
            if len(found) >= limit:
                break
        found.sort(key=lambda one: one.at)
        return found[:limit] if since else found[-limit:]

    async def erase(self, erasure: Forgetting) -> int:
        """Take a driver out of all exchanges, also of those about many at once; returns of how many blocks."""
        await self.flush()

        def rewrite(data: bytes) -> bytes | None:
            plain = inflated(data)
            if not (erasure.mentions(plain) or any(subject in plain for subject in erasure.subjects)):
                return None
            return _deflated([erasure.exchange(one) for one in _decode(plain)])

        return sum([await self._rewrite(day, rewrite) for day in await self._days()])

    async def strip(self, since: date, before: date) -> int:
        """Take the bodies out of the brief exchanges of some days; returns of how many blocks."""
        await self.flush()
        days = [day for day in await self._days() if since <= day < before]
        return sum([await self._rewrite(day, _stripped) for day in days])

    async def retain(self, before: date) -> int:
        """Drop the days before this one; returns how many."""
        old = [day for day in await self._days() if day < before]
        for day in old:
            await self._drop(day)
        return len(old)


def _stripped(data: bytes) -> bytes | None:
    exchanges = unpack(data)
    if not any(one.brief and (one.request or one.response) for one in exchanges):
        return None
    bare = [replace(one, request=b"", response=b"") if one.brief else one for one in exchanges]
    return _deflated(bare)


def _matches(one: Exchange, ids: frozenset[str], partner: str | None, low: int, high: int) -> bool:
    if partner is not None and one.partner != partner:
        return False
    if ids and ids.isdisjoint(one.ids) and one.correlation not in ids and one.subject.hex() not in ids:
        return False
    return low <= micros(one.at) < high
