"""The same store on PostgreSQL: one process writes, held by an advisory lock; a group is a handful of statements.

What a group needs and memory does not hold is fetched at once, judged here, and written as arrays.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import structlog

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Stored, Telling
from interroam.model.ids import Key, Kind
from interroam.store import rows
from interroam.store.draft import Draft, wanted
from interroam.store.postgres_traces import PostgresTraces
from interroam.store.recent import MEMORY
from interroam.store.restoring import TABLES, flush, no_copy, tables
from interroam.store.retention import Retention
from interroam.store.rows import Row
from interroam.store.statements import migrations, statements
from interroam.store.upkeep import Upkeep
from interroam.store.writer import CommitFailed, Errand, Outcome

log = structlog.get_logger()

READERS = 4
_PATIENCE_S = 10.0
_BEGUN = ".begun"
_LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError)
"""What a read says when the connection went under it."""
_PLACEHOLDER = re.compile(r"\?(\d+)")


class PostgresStore(Upkeep):
    """The store in a database, ``postgresql://…``; ``read_only`` is for a look from outside.

    ``copies`` is the folder where a copy is left before a new release changes the tables; None: none is made.
    """

    def __init__(
        self,
        url: str,
        *,
        read_only: bool = False,
        retention: Retention | None = None,
        memory: int = MEMORY,
        copies: Path | None = None,
    ) -> None:
        super().__init__(PostgresTraces(self._borrow), retention, memory)
        self._url = url
        self._read_only = read_only
        self._copies = copies
        self._sql = {name: _PLACEHOLDER.sub(r"$\1", text) for name, text in statements("postgres").items()}

    # -- life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take the store for this process (a second one is refused), migrate it, start the writer."""
        try:
            self._db: asyncpg.Connection[Any] = await asyncpg.connect(self._url)
        except (OSError, asyncpg.PostgresError) as error:
            raise _unreachable(error) from error
        try:
            if not self._read_only:
                await self._take(self._db)
                await self._migrate()
            self._pool = await asyncpg.create_pool(self._url, min_size=1, max_size=READERS)
        except BaseException:
            await self._db.close()
            raise
        await self._learn()
        await self._traces.open()
        if not self._read_only:
            self._writer.start()

    async def close(self) -> None:
        """Commit what waits and let go."""
        await self._writer.close()
        await self._traces.close()
        await self._pool.close()
        await self._db.close()

    async def _take(self, db: asyncpg.Connection[Any]) -> None:
        if not await db.fetchval(self._sql["take"]):
            raise Refused(
                Reason.WRONG_STATE,
                "the database belongs to a running node",
                remedy="stop that node, or give this one a database of its own",
            )
        await db.execute("SET synchronous_commit = on")

    async def _migrate(self) -> None:
        await self._db.execute("CREATE TABLE IF NOT EXISTS migrated (version BIGINT PRIMARY KEY)")
        version = await self._db.fetchval(self._sql["version"])
        known = migrations("postgres")
        if version > known[-1][0]:
            message = "the database was written by a later release"
            raise Refused(Reason.VERSION_UNSUPPORTED, message, remedy="use that release")
        newer = [(number, text) for number, text in known if number > version]
        if newer and version and self._copies is not None:
            await self._copy_first(self._copies / f"interroam.before-{newer[0][0]:04}", tables(version))
        for number, text in newer:
            async with self._db.transaction():
                await self._db.execute(text)
                await self._db.execute("INSERT INTO migrated VALUES ($1)", number)

    async def _copy_first(self, folder: Path, there: Sequence[str]) -> None:
        """Leave a whole copy or none; without one nothing is changed."""
        begun = folder.with_name(f"{folder.name}.begun")
        log.info("store_copy_begun", to=str(folder))
        try:
            await asyncio.to_thread(shutil.rmtree, begun, ignore_errors=True)
            await asyncio.to_thread(begun.mkdir, mode=0o700, parents=True)
            async with self._db.transaction(isolation="repeatable_read", readonly=True):
                await _copy(self._db, begun, there)
            await asyncio.to_thread(_replace, folder, begun)
        except OSError as error:
            await asyncio.to_thread(shutil.rmtree, begun, ignore_errors=True)
            raise no_copy(folder, error.strerror or str(error)) from error

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        async with self._pool.acquire() as connection:
            yield connection

    # -- what the ledger asks for ----------------------------------------------------------------------------------

    async def _fetch(self, name: str, *params: object) -> list[Row]:
        found: list[Row]
        try:
            found = await self._pool.fetch(self._sql[name], *params)
        except _LOST:
            try:
                found = await self._pool.fetch(self._sql[name], *params)  # the pool has connected anew
            except _LOST as error:
                raise _unreachable(error) from error
        return found

    async def _search(self, name: str, *params: object) -> list[Row]:
        return await self._fetch(name, *params)

    async def _evses_at(self, locations: Sequence[Key]) -> list[Stored]:
        before = self._commits
        found = await self._fetch("evses_of", *_columns([key[1:3] for key in locations]))
        return self._remembered([rows.stored(row) for row in found], before)

    def _list(self, values: Iterable[int]) -> list[int]:
        return list(values)

    async def _commit(self, tellings: Sequence[Telling], errands: Sequence[Errand]) -> list[Outcome]:
        await self._ensure_connected()
        needed = await self._needed(tellings)
        draft = Draft(needed.get, _inside(needed), self._seq, self._no)
        outcomes = [draft.attempt(telling) for telling in tellings]
        if not draft.rows and not errands:
            return outcomes
        transaction = self._db.transaction()
        await transaction.start()
        try:
            await self._write(draft, errands)
        except BaseException:
            await transaction.rollback()
            raise
        try:
            await transaction.commit()
        except Exception as error:
            raise CommitFailed(str(error)) from error
        self._committed(draft)
        return outcomes

    async def _ensure_connected(self) -> None:
        """Take the store again after the connection was lost; nobody knows whether the last commit came through.

        Until it is taken and read again nothing is written: another node may have it by now.
        """
        if not self._db.is_closed():
            return
        head = self._seq
        try:
            db = await asyncpg.connect(self._url, timeout=_PATIENCE_S)
            try:
                await self._take(db)
                self._forget()
                await self._learn()
            except BaseException:
                await db.close()
                raise
        except Exception as error:
            raise CommitFailed(str(error)) from error
        self._db = db
        if self._seq > head:
            self._publish(await self.entries(head, self._seq - head))

    async def _needed(self, tellings: Sequence[Telling]) -> dict[Key, Stored | None]:
        """Return the rows that these tellings are judged against; what memory does not hold is fetched."""
        needed, sites = wanted(tellings, self._recent)
        unknown = self._unread(needed)
        found: list[Row] = []
        if unknown:
            found = await self._db.fetch(self._sql["by_keys"], *_columns(unknown))
        if sites:
            pairs = [(key.owner, key.id) for key in sites]
            found += await self._db.fetch(self._sql["evses_of"], *_columns(pairs))
        needed.update((row.key, row) for row in map(rows.stored, found))
        return needed

    async def _write(self, draft: Draft, errands: Sequence[Errand]) -> None:
        run, sql = self._db.execute, self._sql
        held, bodies, growing = draft.held(), rows.Bodies(), self._growing
        growing.begin()
        if draft.entries:
            lines = [
                rows.journal_row(line, held=line.seq in held, bodies=bodies, growing=growing) for line in draft.entries
            ]
            await run(sql["insert_entries"], *_columns(lines))
        if draft.rows:
            changed = [rows.picture_row(row, None, bodies) for _, row in draft.rows.values()]
            await run(sql["upsert_rows"], *_columns(changed))
        if draft.refs:
            await run(sql["insert_refs"], *_columns(draft.refs))
        if draft.formers:
            await run(sql["insert_formers"], *_columns(draft.formers))
        for errand in errands:
            await self._db.executemany(sql[errand.name], errand.rows)

    # -- upkeep ----------------------------------------------------------------------------------------------------

    async def _scour(self) -> None:
        """Free the room of rows that are no more; the database overwrites it as it sees fit."""
        async with self._borrow() as db:
            for table in TABLES:
                await db.execute(f"VACUUM {table}")

    async def backup(self, target: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a consistent copy while running: a folder, a file per table, as COPY … (FORMAT binary) takes it."""
        folder = Path(target)
        begun = folder / _BEGUN
        await asyncio.to_thread(shutil.rmtree, begun, ignore_errors=True)
        await asyncio.to_thread(begun.mkdir, mode=0o700, parents=True)
        async with self._borrow() as db, db.transaction(isolation="repeatable_read", readonly=True):
            await _copy(db, begun, TABLES, progress)
        await asyncio.to_thread(_replace_tables, folder, begun)


async def _copy(
    db: asyncpg.Connection[Any],
    folder: Path,
    there: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    for number, table in enumerate(there, 1):
        file = folder / f"{table}.copy"
        await db.copy_from_table(table, output=str(file), format="binary")
        await asyncio.to_thread(flush, file)
        if progress is not None:
            progress(number, len(there))
    await asyncio.to_thread(flush, folder)


def _replace(folder: Path, made: Path) -> None:
    """Put a new copy in the place of one that was made before a start that failed."""
    if folder.exists():
        shutil.rmtree(folder)
    made.rename(folder)
    flush(folder.parent)


def _replace_tables(folder: Path, made: Path) -> None:
    """Put the tables of a new copy in the place of an older one's; torn in the middle, it is none, never half of each.

    Whatever else lies in the folder is not ours.
    """
    *others, last = [f"{table}.copy" for table in TABLES]
    (folder / last).unlink(missing_ok=True)  # without it a copy is not whole
    flush(folder)
    for name in others:
        (made / name).replace(folder / name)
    flush(folder)
    (made / last).replace(folder / last)
    made.rmdir()
    flush(folder)


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(Reason.NOT_CONNECTED, f"the database cannot be reached: {error}")


def _inside(needed: Mapping[Key, Stored | None]) -> Callable[[Key], list[Stored]]:
    """Return what finds the EVSEs of a location among the rows that were fetched."""
    sites: dict[tuple[str, str], list[Stored]] = {}
    for key, row in needed.items():
        if row is not None and key.kind is Kind.EVSE:
            sites.setdefault((key.owner, key.id), []).append(row)
    return lambda key: sites.get((key.owner, key.id), [])


def _columns(values: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Turn rows into columns."""
    return [list(column) for column in zip(*values, strict=True)]
