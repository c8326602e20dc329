"""A copy that ``backup`` wrote becomes a store again: where there is none yet, whole or not at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.store.statements import migrations, statements

if TYPE_CHECKING:
    import asyncpg  # type: ignore[import-untyped]

Progress = Callable[[int, int], None]
POSTGRES = ("postgresql:", "postgres:")
TABLES = ("journal", "picture", "refs", "formerly", "cursors", "shelf", "register", "horizon", "migrated")
"""What a copy of PostgreSQL is made of: a file for each."""
_SINCE = {"formerly": 3}
"""By which migration a table came that the first release did not have."""
_BESIDE = ("", "-wal", "-shm", "-journal")
_PAGES = 2_000


async def restore(source: Path, target: str, progress: Progress) -> None:
    """Make a store at ``target`` of a copy; Refused when there is one already, or when the copy is none."""
    _check_there(source)
    if target.startswith(POSTGRES):
        await _to_postgres(source, target, progress)
    else:
        await asyncio.to_thread(_to_file, source, Path(target), progress)


def _check_there(source: Path) -> None:
    if not source.exists():
        raise Refused(Reason.UNKNOWN_OBJECT, f"there is no copy at {source}")


def no_copy(target: Path, why: str) -> Refused:
    """Say that tables are not changed for want of a copy."""
    return Refused(
        Reason.WRONG_STATE,
        f"the tables are to be changed, and no copy can be written to {target}: {why}",
        remedy="make room; or set store.copy_first = false where you have a copy",
    )


# -- SQLite ------------------------------------------------------------------------------------------------------------


def _to_file(source: Path, target: Path, progress: Progress) -> None:
    if source.is_dir():
        raise Refused(Reason.WRONG_STATE, f"{source} is a copy of PostgreSQL", remedy="restore it --to postgresql://…")
    for beside in (target.with_name(target.name + suffix) for suffix in _BESIDE):
        if beside.exists():
            raise Refused(Reason.CONFLICT, f"{beside} exists already", remedy="move it away, or name another --to")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = target.with_name(f"{target.name}.restoring")
    made.unlink(missing_ok=True)
    try:
        _copy(source, made, progress)
        flush(made)
        os.link(made, target)  # unlike a renaming, it never takes the place of another
        flush(target.parent)
    except FileExistsError:
        raise Refused(Reason.CONFLICT, f"{target} exists already", remedy="name another --to") from None
    finally:
        made.unlink(missing_ok=True)


def _copy(source: Path, made: Path, progress: Progress) -> None:
    os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    # A copy is one file, perhaps on a disk that takes no other; where there is a log beside it, that counts too.
    way = "mode=ro" if source.with_name(f"{source.name}-wal").exists() else "immutable=1"
    old, new = sqlite3.connect(f"{source.resolve().as_uri()}?{way}", uri=True), sqlite3.connect(made)
    try:
        ((version,),) = old.execute("PRAGMA user_version")
        _check_version(source, version, "sqlite")
        old.backup(new, pages=_PAGES, progress=lambda _, left, of: progress(of - left, of))
        ((verdict,),) = new.execute("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise Refused(Reason.MALFORMED, f"{source} is damaged: {verdict}")
    except sqlite3.DatabaseError as error:
        raise Refused(Reason.MALFORMED, f"{source} is no copy of a node: {error}") from error
    finally:
        new.close()
        old.close()


def flush(path: Path) -> None:
    """Return when a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_version(source: Path, version: int, dialect: str) -> None:
    if version < 1:
        raise Refused(Reason.MALFORMED, f"{source} is no copy of a node")
    if version > migrations(dialect)[-1][0]:
        raise Refused(Reason.VERSION_UNSUPPORTED, f"{source} was written by a later release", remedy="use that release")


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


async def _to_postgres(source: Path, target: str, progress: Progress) -> None:
    """Read every table back, in one transaction; later migrations run when a node opens it."""
    import asyncpg  # noqa: PLC0415  who uses SQLite need not load it

    _check_whole(source)
    try:
        db = await asyncpg.connect(target)
    except (OSError, ValueError, asyncpg.PostgresError) as error:
        raise Unavailable(Reason.NOT_CONNECTED, f"the database cannot be reached: {error}") from error
    try:
        if not await db.fetchval(statements("postgres")["take"]):
            raise Refused(Reason.WRONG_STATE, "the database belongs to a running node")
        async with db.transaction():
            await _fill(db, source, progress)
    except (asyncpg.DataError, asyncpg.InternalServerError, asyncpg.IntegrityConstraintViolationError) as error:
        raise Refused(Reason.MALFORMED, f"{source} cannot be read back: {error}") from error
    finally:
        await db.close()


def _check_whole(source: Path, version: int = 0) -> None:
    lacking = [table for table in tables(version) if not (source / f"{table}.copy").is_file()]
    if lacking:
        what = "a copy of SQLite" if source.is_file() else f"no whole copy: {lacking[0]}.copy is missing"
        raise Refused(Reason.MALFORMED, f"{source} is {what}", remedy="a copy of PostgreSQL is a folder")


def tables(version: int) -> list[str]:
    """Return the tables that a database of this version has."""
    return [table for table in TABLES if _SINCE.get(table, 0) <= version]


async def _fill(db: asyncpg.Connection[Any], source: Path, progress: Progress) -> None:
    for table in TABLES:
        if await db.fetchval("SELECT to_regclass(quote_ident(current_schema()) || '.' || $1)", table) is not None:
            message = f"the database has a table {table} already"
            raise Refused(Reason.CONFLICT, message, remedy="restore to an empty database")
    await db.execute("CREATE TABLE migrated (version BIGINT PRIMARY KEY)")
    await _read(db, source, "migrated")
    version = await db.fetchval("SELECT coalesce(max(version), 0) FROM migrated")
    _check_version(source, version, "postgres")
    _check_whole(source, version)
    for number, text in migrations("postgres"):
        if number <= version:  # a copy fits the tables it was made of
            await db.execute(text)
    there = tables(version)
    for done, table in enumerate(there, 1):
        if table != "migrated":
            await _read(db, source, table)
        progress(done, len(there))


async def _read(db: asyncpg.Connection[Any], source: Path, table: str) -> None:
    await db.copy_to_table(table, source=str(source / f"{table}.copy"), format="binary")
