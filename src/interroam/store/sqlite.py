"""The embedded store: one SQLite file for journal and picture, one per day for traces.

Rows are read and written on the event loop's own thread, where they are cheap; a worker thread only waits for the disk,
in COMMIT, and the loop leaves the writing connection alone meanwhile. Reads have a connection of their own.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from interroam.model.errors import Reason, Refused
from interroam.model.facts import Stored, Telling
from interroam.model.ids import Key
from interroam.store import rows
from interroam.store.draft import Draft, wanted
from interroam.store.hand import Hand
from interroam.store.many import Keyed, Many
from interroam.store.recent import MEMORY
from interroam.store.restoring import no_copy
from interroam.store.retention import Retention
from interroam.store.rows import Row
from interroam.store.sqlite_traces import SqliteTraces
from interroam.store.statements import migrations, statements
from interroam.store.still import Still
from interroam.store.upkeep import Upkeep
from interroam.store.writer import CommitFailed, Errand, Outcome

log = structlog.get_logger()

CHECKPOINT_AFTER = 30_000
"""Changed rows: up to 150 MB of write-ahead log; a page that changes often meanwhile is copied once."""
_MANY = ("update_states", "insert_rows", "insert_entries", "insert_refs")
_BACKUP_PAGES = 1_000
_STRAY = "the picture has no row of an object that memory holds"


class SqliteStore(Upkeep):
    """The store in a file; ``read_only`` is for a look from outside, beside a running node or without one.

    ``copy_first`` leaves a copy beside it before a new release changes the tables.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        read_only: bool = False,
        retention: Retention | None = None,
        memory: int = MEMORY,
        copy_first: bool = True,
    ) -> None:
        self.path = Path(path)
        super().__init__(SqliteTraces(self.path.parent, read_only=read_only), retention, memory)
        self._read_only = read_only
        self._copy_first = copy_first
        self._sql = statements("sqlite")
        self._by_keys = Keyed(self._sql["by_keys"], "$KEYS", "({}, ?, ?, ?, ?)")
        self._evses_by_site = Keyed(self._sql["evses_at"], "$SITES", "(?, ?)")
        self._many = {name: Many(self._sql[name]) for name in _MANY}
        self._lock: int | None = None
        self._checkpoint: asyncio.Task[None] | None = None
        self._changes = 0
        self._rest = False

    # -- life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take the store for this process (a second one is refused), migrate it, start the writer."""
        if not self._read_only:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.path)
            self._db = _connect(self.path)
            try:
                _migrate(self._db, self.path, copy_first=self._copy_first)
            except BaseException:
                self._db.close()
                self._unlock()
                raise
        self._still = Still(_connect(self.path, read_only=True), lasting=not self._read_only)
        self._searcher = _connect(self.path, read_only=True)
        self._committing, self._searching = Hand("store commit"), Hand("store search")
        await self._learn()
        await self._traces.open()
        if not self._read_only:
            self._writer.start()

    async def close(self) -> None:
        """Commit what waits and let go."""
        await self._writer.close()
        await self._traces.close()
        if self._checkpoint is not None:
            await self._checkpoint
        await self._searching.do(self._searcher.close)
        self._still.close()
        if not self._read_only:
            await self._committing.do(self._db.close)  # the last one out checkpoints
        self._committing.stop()
        self._searching.stop()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    prompt = True

    # -- what the ledger asks for ----------------------------------------------------------------------------------

    async def get(self, key: Key) -> Stored | None:
        """Return an object of the picture (withdrawn ones included)."""
        return self.at_hand(key)

    def at_hand(self, key: Key) -> Stored | None:
        """Return what ``get`` would: nobody waits for one row of a file."""
        row = self._recent.get(key)
        if row is None:
            for found in self._still.row(self._sql["by_key"], rows.key_row(key)):
                row = rows.held(key, *found)
                self._recent.meet(row)
        return row

    async def _fetch(self, name: str, *params: object) -> list[Row]:
        return self._still.rows(self._sql[name], params)

    async def _search(self, name: str, *params: object) -> list[Row]:
        return await self._searching.do(lambda: self._searcher.execute(self._sql[name], params).fetchall())

    def _list(self, values: Iterable[int]) -> str:
        return json.dumps(list(values))

    async def _commit(self, tellings: Sequence[Telling], errands: Sequence[Errand]) -> list[Outcome]:
        draft = Draft(self._needed(tellings).get, self._evses_of, self._seq, self._no)
        outcomes = [draft.attempt(telling) for telling in tellings]
        if not draft.rows and not errands:
            return outcomes
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            self._write(draft, errands)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        try:
            if self._rest:
                self._rest = False
                with self._still.released():
                    await self._committing.do(self._flush_all)
            else:
                await self._committing.do(self._flush)
        except Exception as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            self._still.leave()
            self._forget()  # whatever the disk has of it is read again
            await self._learn()
            raise CommitFailed(str(error)) from error
        if any(errand.name != "save_cursor" for errand in errands):
            self._still.leave()
        else:
            self._still.committed([row.no for _, row in draft.rows.values()])
        self._committed(draft)
        self._checkpoint_soon()
        return outcomes

    async def _evses_at(self, locations: Sequence[Key]) -> list[Stored]:
        before = self._commits
        if len(locations) == 1:
            found = list(map(rows.stored, self._still.rows(self._sql["evses"], locations[0][1:3])))
        else:
            sites = [key[1:3] for key in locations]
            found = [rows.stored(row) for _, some in self._evses_by_site.read(self._still.rows, sites) for row in some]
        return self._remembered(found, before)

    def _needed(self, tellings: Sequence[Telling]) -> dict[Key, Stored | None]:
        """Return what a group is judged against; what memory does not hold is read."""
        needed, _ = wanted(tellings, self._recent)
        unknown = self._unread(needed)
        texts = list(map(rows.key_row, unknown))
        if len(unknown) == 1:
            for found in self._db.execute(self._sql["by_key"], texts[0]):
                needed[unknown[0]] = rows.held(unknown[0], *found)
            return needed
        for first, read in self._by_keys.read(self._db.execute, texts):
            for at, no, hub_id, state in read:
                key = unknown[first + at]
                needed[key] = rows.held(key, no, hub_id, state)
        return needed

    def _evses_of(self, key: Key) -> list[Stored]:
        known = [self._recent.by_no(no) for no in self._sites.get(key, ())]
        if known and None not in known:
            return known  # type: ignore[return-value]  # none is missing
        found = [rows.stored(row) for row in self._db.execute(self._sql["evses"], (key.owner, key.id))]
        self._know_site(key, [row.no for row in found])
        return found

    def _write(self, draft: Draft, errands: Sequence[Errand]) -> None:
        db, many = self._db, self._many
        entries: list[object] = []
        built: list[object] = []
        changed: list[object] = []
        moved = []
        held, bodies, growing = draft.held(), rows.Bodies(), self._growing
        growing.begin()
        for line in draft.entries:
            entries += rows.journal_row(line, held=line.seq in held, bodies=bodies, growing=growing)
        for before, row in draft.rows.values():
            if before is None:
                built += rows.picture_row(row, 0, bodies)
            elif rows.is_indexed_alike(before, row):
                changed += rows.state_row(row, bodies)
            else:
                moved.append(rows.picture_row(row))
        many["update_states"].write(db, changed)
        if changed and db.execute(self._sql["stray"]).fetchone() is not None:
            raise sqlite3.IntegrityError(_STRAY)
        many["insert_rows"].write(db, built)
        many["insert_entries"].write(db, entries)
        many["insert_refs"].write(db, [value for pair in draft.refs for value in pair])
        for name, values in (Errand("replace_row", moved), Errand("insert_former", draft.formers), *errands):
            if values:
                db.executemany(self._sql[name], values)

    # -- the disk --------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        self._db.execute("COMMIT")

    def _flush_all(self) -> None:
        """Commit; the log was copied meanwhile: copy its last pages too, so that it starts anew."""
        self._flush()
        with suppress(sqlite3.Error):  # the next one will do; the commit stands
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _checkpoint_soon(self) -> None:
        if self._db.total_changes - self._changes > CHECKPOINT_AFTER and self._checkpoint is None:
            self._changes = self._db.total_changes
            self._still.leave()  # nothing is copied that is newer than what somebody reads
            self._checkpoint = asyncio.get_running_loop().create_task(self._copy_log())

    async def _copy_log(self) -> None:
        """Copy the log into the file while commits go on."""
        try:
            await asyncio.to_thread(_checkpoint, self.path)
            self._rest = True
        finally:
            self._checkpoint = None

    async def _scour(self) -> None:
        """Write the whole log into the file and start it anew: freed pages are overwritten, the log's were not."""
        async with self._writer.turn:
            with self._still.released():
                ((busy, *_),) = await self._committing.do(
                    lambda: self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                )
        if busy:
            log.warning("log_not_emptied", path=str(self.path))  # somebody reads it now; the next full copy will do

    async def backup(self, target: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a consistent copy while running."""
        loop = asyncio.get_running_loop()

        def tell(_status: int, remaining: int, total: int) -> None:
            if progress is not None:
                loop.call_soon_threadsafe(progress, total - remaining, total)

        try:
            await asyncio.to_thread(_copy, self.path, Path(target), tell)
        except sqlite3.OperationalError as error:
            raise Refused(Reason.NOT_OFFERED, f"{target} cannot be written: {error}") from error


def _lock(path: Path) -> int:
    """Take the file for this process; the lock ends with it, however it ends."""
    file = path.with_name(f"{path.name}.lock")
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.read(lock, 32).decode() or "?"
        os.close(lock)
        message = f"{path} belongs to a running node (process {owner})"
        raise Refused(
            Reason.WRONG_STATE, message, remedy="stop that node, or give this one a file of its own"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    if read_only and not path.exists():
        raise Refused(Reason.UNKNOWN_OBJECT, f"there is no store at {path}")
    try:
        return _opened(path, "ro" if read_only else "rwc")
    except sqlite3.DatabaseError as error:
        spoiled = not isinstance(error, sqlite3.OperationalError)
        remedy = "put it back from its backup: interroam restore" if spoiled else ""
        raise Refused(Reason.MALFORMED, f"{path} cannot be opened: {error}", remedy=remedy) from error


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    db.execute("PRAGMA busy_timeout = 5000")
    db.execute("PRAGMA cache_size = -65536")
    db.execute("PRAGMA mmap_size = 2147418112")  # as much as it takes: a page read costs half
    if mode != "ro":
        db.execute("PRAGMA page_size = 2048")  # every changed page is written whole, and a row is below a kilobyte
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA secure_delete = ON")  # what is erased leaves no remains in the file
        db.execute("PRAGMA synchronous = FULL")  # NORMAL would not flush before COMMIT returns
        db.execute("PRAGMA wal_autocheckpoint = 0")  # a checkpoint inside COMMIT would keep a whole group waiting
    db.execute("SELECT count(*) FROM sqlite_master")  # what is no database is found out here
    return db


def _migrate(db: sqlite3.Connection, path: Path, *, copy_first: bool) -> None:
    ((version,),) = db.execute("PRAGMA user_version")
    known = migrations("sqlite")
    if version > known[-1][0]:
        raise Refused(Reason.VERSION_UNSUPPORTED, f"{path} was written by a later release", remedy="use that release")
    newer = [(number, text) for number, text in known if number > version]
    if newer and version and copy_first:
        copy = path.with_name(f"{path.name}.before-{newer[0][0]:04}")
        try:
            _copy(path, copy, lambda *_: None)
        except sqlite3.OperationalError as error:
            raise no_copy(copy, str(error)) from error
    for number, text in newer:
        try:
            db.executescript(f"BEGIN IMMEDIATE; {text} PRAGMA user_version = {number}; COMMIT;")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _checkpoint(path: Path) -> None:
    db = _connect(path)
    try:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        db.close()


def _copy(path: Path, target: Path, progress: Callable[[int, int, int], None]) -> None:
    source, copy = _connect(path, read_only=True), sqlite3.connect(target)
    try:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # one snapshot, however long it takes
        source.backup(copy, pages=_BACKUP_PAGES, progress=progress)
    finally:
        copy.close()
        source.close()
