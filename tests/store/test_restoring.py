"""A backup becomes a store again, on both databases, whole or not at all."""

from __future__ import annotations

import asyncpg
import pytest

from interroam.core.ports import CourierKey, Cursor, Query
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Verdict
from interroam.model.ids import Kind, Lane
from interroam.store import SqliteStore
from interroam.store.postgres import PostgresStore
from interroam.store.restoring import restore
from tests.core.objects import at, session, token
from tests.store.told import DRIVER_PARTY, SESSION_KEY, appended, fact, site, tell


def silent(_done: int, _of: int) -> None:
    pass


async def backed_up(store, folder) -> str:
    """Fill a store with something of everything and copy it."""
    await store.record(tell(site("1", "2")))
    await store.record(tell(fact(session(), "here"), refs=("session:s1",)))
    await store.record(tell(appended(SESSION_KEY, "more", at(60))))
    await store.settle(Cursor(CourierKey(DRIVER_PARTY, Lane.CHARGES), 2))
    await store.save("partner", "one", b"\x00body")
    await store.backup(str(folder / "copy"))
    return str(folder / "copy")


async def known(store) -> tuple:
    entries = await store.entries(0, 100)
    pages = [(await store.page(Query(kind=kind))).items for kind in Kind]
    return entries, pages, await store.cursors(), await store.all("partner"), await store.by_ref("session:s1")


@pytest.fixture
async def target(server, tmp_path, request):
    """A second schema of the same server."""
    name = f"restored_{tmp_path.name}".replace("-", "_").lower()[:60]
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE SCHEMA {name}")
    await connection.close()
    return f"{server}&search_path={name}"


async def test_what_was_backed_up_is_there_after_a_restore_and_goes_on(store, target, tmp_path):
    copy = await backed_up(store, tmp_path)
    postgres = isinstance(store, PostgresStore)
    where = target if postgres else str(tmp_path / "new" / "node.db")
    heard = []
    await restore(tmp_path / "copy", where, lambda done, of: heard.append((done, of)))
    assert heard[-1][0] == heard[-1][1]
    again = PostgresStore(where) if postgres else SqliteStore(tmp_path / "new" / "node.db")
    await again.open()
    try:
        assert await known(again) == await known(store)
        assert again.head() == store.head()
        assert (await again.record(tell(fact(token("later"))))).verdict is Verdict.RECORDED
    finally:
        await again.close()
    assert copy
    with pytest.raises(Refused, match="already"):
        await restore(tmp_path / "copy", where, silent)


async def test_a_database_that_is_a_nodes_is_never_restored_over(database, tmp_path):
    store = PostgresStore(database)
    await store.open()
    await backed_up(store, tmp_path)
    with pytest.raises(Refused, match="running node"):
        await restore(tmp_path / "copy", database, silent)
    await store.close()
    with pytest.raises(Refused, match="already"):
        await restore(tmp_path / "copy", database, silent)


async def test_a_copy_that_is_cut_or_not_whole_leaves_the_database_empty(database, target, tmp_path):
    store = PostgresStore(database)
    await store.open()
    await backed_up(store, tmp_path)
    await store.close()
    file = tmp_path / "copy" / "picture.copy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    with pytest.raises(Refused, match="cannot be read back"):
        await restore(tmp_path / "copy", target, silent)
    file.unlink()
    with pytest.raises(Refused, match=r"picture\.copy is missing"):
        await restore(tmp_path / "copy", target, silent)
    file.write_bytes(whole)
    await restore(tmp_path / "copy", target, silent)


async def test_a_copy_goes_only_to_its_own_kind_of_database(tmp_path, target):
    store = SqliteStore(tmp_path / "node.db")
    await store.open()
    await backed_up(store, tmp_path)
    await store.close()
    with pytest.raises(Refused, match="copy of SQLite"):
        await restore(tmp_path / "copy", target, silent)
    (tmp_path / "folder").mkdir()
    with pytest.raises(Refused, match="copy of PostgreSQL"):
        await restore(tmp_path / "folder", str(tmp_path / "new.db"), silent)


async def test_a_database_nobody_answers_for_is_said_so(tmp_path, database):
    store = PostgresStore(database)
    await store.open()
    await backed_up(store, tmp_path)
    await store.close()
    with pytest.raises(Unavailable):
        await restore(tmp_path / "copy", "postgresql://127.0.0.1:1/none", silent)
