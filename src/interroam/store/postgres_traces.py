"""Traces in PostgreSQL: one table per day, dropped whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from importlib.resources import files
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from interroam.model.facts import Exchange
from interroam.store.traces import Block, Traces, pack

_TABLE = (files("interroam.store") / "sql" / "postgres" / "traces.sql").read_text(encoding="utf-8")
_PREFIX = "traces_"

Borrow = Callable[[], AbstractAsyncContextManager["asyncpg.Connection[Any]"]]


class PostgresTraces(Traces):
    """Tables ``traces_2031_05_17``; the names are made here of dates, never of anything told."""

    def __init__(self, borrow: Borrow) -> None:
        super().__init__()
        self._borrow = borrow
        self._made: set[date] = set()

    async def open(self) -> None:
        """Nothing is needed before the first trace."""

    async def close(self) -> None:
        """Write what is buffered."""
        await self.flush()

    async def _days(self) -> list[date]:
        async with self._borrow() as db:
            found = await db.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND starts_with(tablename, $1)",
                _PREFIX,
            )
        return sorted(date.fromisoformat(name.removeprefix(_PREFIX).replace("_", "-")) for (name,) in found)

    async def _append(self, exchanges: Sequence[Exchange]) -> None:
        blocks = await asyncio.to_thread(pack, exchanges)
        async with self._borrow() as db:
            for block in blocks:
                await self._insert(db, block)

    async def _insert(self, db: asyncpg.Connection[Any], block: Block) -> None:
        table = _table(block.day)
        if block.day not in self._made:
            await db.execute(_TABLE.replace("$TABLE", table))
            self._made.add(block.day)
        await db.execute(
            f"INSERT INTO {table} (since, until, partners, digests, data) VALUES ($1, $2, $3, $4, $5)",  # noqa: S608  ours
            block.since, block.until, block.partners, block.digests, block.data,
        )  # fmt: skip

    async def _blocks(self, day: date, digests: Sequence[bytes], partner: str, since: int, until: int) -> list[bytes]:
        async with self._borrow() as db:
            found = await db.fetch(
                f"SELECT data FROM {_table(day)}"  # noqa: S608  ours
                " WHERE until >= $1 AND since < $2 AND ($3 = '' OR strpos(partners, $3) > 0)"
                " AND (cardinality($4::bytea[]) = 0"
                " OR EXISTS (SELECT FROM unnest($4::bytea[]) AS one WHERE position(one IN digests) > 0))"
                " ORDER BY block",
                since, until, partner, list(digests),
            )  # fmt: skip
        return [data for (data,) in found]

    async def _rewrite(self, day: date, rewrite: Callable[[bytes], bytes | None]) -> int:
        table = _table(day)
        count = 0
        async with self._borrow() as db:
            for (block,) in await db.fetch(f"SELECT block FROM {table} ORDER BY block"):  # noqa: S608  ours
                data = await db.fetchval(f"SELECT data FROM {table} WHERE block = $1", block)  # noqa: S608  ours
                anew = await asyncio.to_thread(rewrite, data)
                if anew is not None:
                    await db.execute(f"UPDATE {table} SET data = $1 WHERE block = $2", anew, block)  # noqa: S608  ours
                    count += 1
            if count:
                await db.execute(f"VACUUM {table}")
        return count

    async def _drop(self, day: date) -> None:
        async with self._borrow() as db:
            await db.execute(f"DROP TABLE {_table(day)}")
        self._made.discard(day)


def _table(day: date) -> str:
    return f"{_PREFIX}{day:%Y_%m_%d}"
