"""Traces in files: one per day beside the store's own, dropped whole."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path

from interroam.model.facts import Exchange
from interroam.store.hand import Hand
from interroam.store.traces import Block, Traces, pack

_FILE = re.compile(r"^traces-(\d{4}-\d\d-\d\d)\.db$")
_AT_ONCE = 32
_SIDES = ("", "-wal", "-shm")
_TABLES = (files("interroam.store") / "sql" / "sqlite" / "traces.sql").read_text(encoding="utf-8")


class SqliteTraces(Traces):
    """A folder of ``traces-2031-05-17.db``; everything is done by one thread, off the event loop."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        super().__init__()
        self._folder = folder
        self._read_only = read_only
        self._today: tuple[date, sqlite3.Connection] | None = None

    async def open(self) -> None:
        """Start the thread."""
        self._hand = Hand("store traces")

    async def close(self) -> None:
        """Write what is buffered and let go."""
        await self.flush()
        await self._hand.do(self._leave)
        self._hand.stop()

    async def _days(self) -> list[date]:
        return await self._hand.do(self._list_days)

    async def _append(self, exchanges: Sequence[Exchange]) -> None:
        await self._hand.do(lambda: self._write_blocks(pack(exchanges)))

    async def _blocks(self, day: date, digests: Sequence[bytes], partner: str, since: int, until: int) -> list[bytes]:
        return await self._hand.do(lambda: self._find_blocks(day, digests, partner, since, until))

    async def _rewrite(self, day: date, rewrite: Callable[[bytes], bytes | None]) -> int:
        blocks = await self._hand.do(lambda: self._numbers(day))
        count = 0
        for first in range(0, len(blocks), _AT_ONCE):  # what is noted meanwhile is written in between
            count += await self._hand.do(partial(self._rewrite_blocks, day, blocks[first : first + _AT_ONCE], rewrite))
        if count:
            await self._hand.do(lambda: self._empty_log(day))
        return count

    async def _drop(self, day: date) -> None:
        await self._hand.do(lambda: self._remove(day))

    # -- in the thread ---------------------------------------------------------------------------------------------

    def _list_days(self) -> list[date]:
        found = (_FILE.match(file.name) for file in self._folder.iterdir())
        return sorted(date.fromisoformat(match[1]) for match in found if match)

    def _write_blocks(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            with self._day(block.day) as db, db:
                row = db.execute(
                    "INSERT INTO envelopes (since, until, partners, digests) VALUES (?, ?, ?, ?)",
                    (block.since, block.until, block.partners, block.digests),
                )
                db.execute("INSERT INTO blocks (block, data) VALUES (?, ?)", (row.lastrowid, block.data))

    def _find_blocks(self, day: date, digests: Sequence[bytes], partner: str, since: int, until: int) -> list[bytes]:
        with self._day(day) as db:
            found = db.execute(
                "SELECT block, digests FROM envelopes"
                " WHERE until >= ? AND since < ? AND instr(partners, ?) ORDER BY block",
                (since, until, partner),
            ).fetchall()
            hits = [block for block, known in found if not digests or any(one in known for one in digests)]
            return [db.execute("SELECT data FROM blocks WHERE block = ?", (block,)).fetchone()[0] for block in hits]

    def _numbers(self, day: date) -> list[int]:
        with self._day(day) as db:
            return [block for (block,) in db.execute("SELECT block FROM blocks ORDER BY block")]

    def _rewrite_blocks(self, day: date, blocks: Sequence[int], rewrite: Callable[[bytes], bytes | None]) -> int:
        count = 0
        with self._day(day) as db:
            for block in blocks:
                ((data,),) = db.execute("SELECT data FROM blocks WHERE block = ?", (block,))
                if (anew := rewrite(data)) is not None:
                    with db:
                        db.execute("UPDATE blocks SET data = ? WHERE block = ?", (anew, block))
                    count += 1
        return count

    def _empty_log(self, day: date) -> None:
        """Leave nothing of what was there before: in the write-ahead log, nor in free pages of a day that is over."""
        with self._day(day) as db:
            if self._today is None or self._today[0] != day:
                db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _remove(self, day: date) -> None:
        if self._today and self._today[0] == day:
            self._leave()
        for side in _SIDES:
            self._file(day).with_name(f"{self._file(day).name}{side}").unlink(missing_ok=True)

    def _file(self, day: date) -> Path:
        return self._folder / f"traces-{day.isoformat()}.db"

    @contextmanager
    def _day(self, day: date) -> Iterator[sqlite3.Connection]:
        """Give the database of a day; the one last written stays open."""
        if self._today and self._today[0] == day:
            yield self._today[1]
            return
        db = self._connect(day)
        if self._today is None or day > self._today[0]:
            self._leave()
            self._today = day, db
            yield db
            return
        try:
            yield db
        finally:
            db.close()

    def _connect(self, day: date) -> sqlite3.Connection:
        mode = "ro" if self._read_only else "rwc"
        db = sqlite3.connect(f"{self._file(day).resolve().as_uri()}?mode={mode}", uri=True, check_same_thread=False)
        db.execute("PRAGMA busy_timeout = 5000")
        if not self._read_only:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")  # the last traces may go with a crash
            db.execute("PRAGMA secure_delete = ON")  # what is erased leaves no remains in the file
            db.executescript(_TABLES)
        return db

    def _leave(self) -> None:
        if self._today is not None:
            self._today[1].close()
            self._today = None
