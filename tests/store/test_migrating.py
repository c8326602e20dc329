"""Each release goes on with what the one before wrote, on both databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from interroam.app import open_store
from interroam.model.errors import Refused
from interroam.model.ids import Kind
from interroam.settings import Settings, StoreSettings
from interroam.store import SqliteStore
from interroam.store.postgres import PostgresStore
from interroam.store.restoring import TABLES, restore
from interroam.store.statements import migrations
from tests.core.objects import NOW, at, cdr, session
from tests.postgres import schema
from tests.store.told import DRIVER_PARTY, SESSION_KEY, Forgetting, fact, site, tell

SUBJECT, FORMER, CONTRACT = b"S" * 16, b"F" * 16, b"C" * 16
HUB_ID = "0192c3a1-7000-7abc-8def-0123456789{:02}"
"""As they were once: all by chance."""
NAMED = (("location:l1", 1), ("session:s1", 3), ("cdr:c1", 4), ("session:s1", 4))
SPOKEN_OF = {2: (FORMER, CONTRACT), 3: (SUBJECT, CONTRACT)}
"""Drivers in columns of the journal, which nothing writes any more."""
DRIVERS = ((FORMER, 3), (SUBJECT, 3), (CONTRACT, 3))

Rows = dict[str, list[tuple]]


async def written(path: Path) -> Rows:
    """What lay in picture, journal and names, before hub ids said a number and drivers were no names."""
    store = SqliteStore(path)
    await store.open()
    await store.record(tell(site("1")))
    await store.record(tell(fact(session("S1"), "words"), subject=FORMER, contract=CONTRACT, receiver=DRIVER_PARTY))
    await store.record(tell(fact(session("S1", when=at(1)), "other words"), subject=SUBJECT))
    await store.record(tell(fact(cdr("C1"), "words")))
    await store.close()
    with sqlite3.connect(path) as db:
        rows: Rows = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in ("picture", "journal")}
    rows["picture"] = [(*row[:5], HUB_ID.format(row[0]), *row[6:]) for row in rows["picture"]]
    rows["journal"] = [(*row[:7], *SPOKEN_OF.get(row[0], (None, None))) for row in rows["journal"]]
    return rows


def to_file(path: Path, version: int, rows: Rows) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        for number, text in migrations("sqlite")[:version]:
            db.executescript(f"{text} PRAGMA user_version = {number};")
        for table, lines in rows.items():
            db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(lines[0]))})", lines)


async def to_database(url: str, version: int, rows: Rows) -> None:
    db = await asyncpg.connect(url)
    await db.execute("CREATE TABLE migrated (version BIGINT PRIMARY KEY)")
    for number, text in migrations("postgres")[:version]:
        await db.execute(text)
        await db.execute("INSERT INTO migrated VALUES ($1)", number)
    truth = {**rows, "picture": [(*row[:11], bool(row[11]), row[12]) for row in rows["picture"]]}
    for table, lines in truth.items():
        await db.copy_records_to_table(table, records=lines)
    await db.close()


async def version_of(url: str) -> int:
    db = await asyncpg.connect(url)
    version = await db.fetchval("SELECT max(version) FROM migrated")
    await db.close()
    return version


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path) -> Path | str:
    return tmp_path / "old" / "node.db" if request.param == "sqlite" else request.getfixturevalue("database")


@pytest.mark.parametrize("version", [1, 2])
async def test_what_an_earlier_release_wrote_is_found_by_all_its_names(place, version, tmp_path):
    rows = await written(tmp_path / "now.db")
    rows["refs"] = [*NAMED, *((f"driver:{who.hex()}", no) for who, no in DRIVERS if version > 1)]
    if isinstance(place, Path):
        to_file(place, version, rows)
        store = SqliteStore(place)
    else:
        await to_database(place, version, rows)
        store = PostgresStore(place)
    await store.open()
    store._sql["spoken_of_in_journal"] = "SELECT seq FROM journal WHERE subject IS NOT NULL"
    assert [tuple(row) for row in await store._search("spoken_of_in_journal")] == [(2,), (3,)]
    assert (await store.by_hub_id(HUB_ID.format(3))).key == SESSION_KEY
    assert await store.by_hub_id(HUB_ID.format(99)) is None
    assert [row.no for row in await store.by_ref("session:s1")] == [3, 4]
    assert [row.no for row in await store.by_ref("cdr:c1", Kind.CDR)] == [4]
    assert [row.no for row in await store.newest("location:l1")] == [1]
    fresh = await store.record(tell(fact(session("S2")), when=NOW, receiver=DRIVER_PARTY))
    assert (await store.by_hub_id(fresh.hub_id)).no == fresh.no == 5
    assert await store.erase(Forgetting(FORMER)) == 1  # the entry of then
    assert await store.erase(Forgetting(SUBJECT)) == 2
    assert await store._search("spoken_of_in_journal") == []
    await store.close()


async def test_a_copy_that_an_earlier_release_made_becomes_a_database(database, server, tmp_path):
    rows = await written(tmp_path / "now.db")
    await to_database(database, 2, {**rows, "refs": list(NAMED)})
    folder = tmp_path / "copy"
    folder.mkdir()
    old = await asyncpg.connect(database)
    for table in set(TABLES) - {"formerly"}:  # which came later
        await old.copy_from_table(table, output=str(folder / f"{table}.copy"), format="binary")
    await old.close()
    target = await schema(server, f"{database.rpartition('=')[2]}_again")
    await restore(folder, target, lambda _done, _of: None)
    store = PostgresStore(target)
    await store.open()
    assert [row.no for row in await store.by_ref("session:s1")] == [3, 4]
    await store.close()


@pytest.mark.parametrize("version", [1, 2])
async def test_a_database_is_copied_before_its_tables_change_and_only_then(database, server, tmp_path, version):
    rows = await written(tmp_path / "now.db")
    await to_database(database, version, {**rows, "refs": list(NAMED)})
    folder = tmp_path / "data" / f"interroam.before-{version + 1:04}"
    for stale in (folder, folder.with_name(f"{folder.name}.begun")):  # of a start that failed, long ago
        stale.mkdir(parents=True)
        (stale / "picture.copy").write_text("old")
    store = PostgresStore(database, copies=tmp_path / "data")
    await store.open()
    await store.close()
    assert await version_of(database) == migrations("postgres")[-1][0]
    assert [one.name for one in (tmp_path / "data").iterdir()] == [folder.name]
    assert folder.stat().st_mode & 0o777 == 0o700
    target = await schema(server, f"{database.rpartition('=')[2]}_before")
    await restore(folder, target, lambda _done, _of: None)
    assert await version_of(target) == version
    again = PostgresStore(target, copies=tmp_path / "again")
    await again.open()
    assert [row.no for row in await again.by_ref("session:s1")] == [3, 4]
    await again.close()
    for place in (database, await schema(server, f"{database.rpartition('=')[2]}_fresh")):  # nothing to change, or all
        store = PostgresStore(place, copies=tmp_path / "none")
        await store.open()
        await store.close()
    assert not (tmp_path / "none").exists()


async def test_without_room_for_its_copy_a_database_stays_as_it_is_unless_a_copy_is_not_wanted(database, tmp_path):
    rows = await written(tmp_path / "now.db")
    await to_database(database, 2, {**rows, "refs": list(NAMED)})
    with pytest.raises(Refused, match=r"no copy can be written to /dev/null.*: Not a directory"):
        await PostgresStore(database, copies=Path("/dev/null")).open()
    assert await version_of(database) == 2
    settings = Settings(data=Path("/dev/null"), store=StoreSettings(url=database, copy_first=False))
    store = open_store(settings)
    await store.open()
    await store.close()
    assert await version_of(database) == migrations("postgres")[-1][0]


async def test_without_room_for_its_copy_a_file_stays_as_it_is_unless_a_copy_is_not_wanted(tmp_path):
    rows = await written(tmp_path / "now.db")
    path = tmp_path / "old" / "node.db"
    to_file(path, 2, {**rows, "refs": list(NAMED)})
    path.with_name("node.db.before-0003").mkdir()
    with pytest.raises(Refused, match="no copy can be written"):
        await open_store(Settings(store=StoreSettings(url=str(path)))).open()
    store = open_store(Settings(store=StoreSettings(url=str(path), copy_first=False)))
    await store.open()
    assert [row.no for row in await store.by_ref("session:s1")] == [3, 4]
    await store.close()


async def test_a_database_of_a_later_release_is_refused(database):
    store = PostgresStore(database)
    await store.open()
    await store.close()
    db = await asyncpg.connect(database)
    await db.execute("INSERT INTO migrated VALUES (9999)")
    await db.close()
    with pytest.raises(Refused, match="later release"):
        await store.open()
