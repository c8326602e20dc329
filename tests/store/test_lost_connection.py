"""PostgreSQL goes away under a node, and comes back: nothing is written twice, by two, or on what is not known."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from interroam.model.errors import Unavailable
from interroam.model.facts import Verdict
from interroam.store.postgres import PostgresStore
from tests.core.objects import token
from tests.store.told import fact, tell
from tests.waiting import eventually

OWNER = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7311 AND granted
AND objid::bigint = hashtext(current_database() || '.' || current_schema())::bigint & 4294967295
"""
TAKE = "SELECT pg_try_advisory_lock(7311, hashtext(current_database() || '.' || current_schema()))"
WAITING = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'register'::regclass LIMIT 1"


@pytest.fixture
async def store(database):
    made = PostgresStore(database)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def outside(database):
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def end_writer(outside: asyncpg.Connection) -> None:
    pid = await outside.fetchval(OWNER)
    await outside.execute("SELECT pg_terminate_backend($1)", pid)


async def test_a_node_that_lost_its_connection_takes_the_store_again(store, outside):
    await store.record(tell(fact(token("one"))))
    await end_writer(outside)
    receipts = []
    async with asyncio.timeout(10):
        while not receipts:
            try:
                receipts.append(await store.record(tell(fact(token("two")))))
            except Unavailable:
                await asyncio.sleep(0.02)
    assert receipts[0].verdict is Verdict.RECORDED
    assert await outside.fetchval("SELECT count(*) FROM journal") == 2
    assert await outside.fetchval(OWNER) is not None


async def test_a_node_that_lost_its_store_to_another_writes_nothing_more(store, outside):
    await store.record(tell(fact(token("one"))))
    await end_writer(outside)
    await eventually(lambda: outside.fetchval(TAKE))
    await outside.execute("UPDATE journal SET seq = 7")  # what the other one told meanwhile
    for name in ("two", "three"):
        with pytest.raises(Unavailable):
            await store.record(tell(fact(token(name))))
    assert await outside.fetchval("SELECT count(*) FROM journal") == 1
    heard = []
    store.subscribe(heard.extend)
    await outside.execute("SELECT pg_advisory_unlock_all()")
    receipt = await store.record(tell(fact(token("four"))))
    assert receipt.seq == 8
    assert [entry.seq for entry in heard] == [7, 8]


async def test_a_read_under_which_the_connection_goes_is_read_again(store, outside, database):
    await store.save("nouns", "one", b"body")
    gate = await asyncpg.connect(database)
    holding = gate.transaction()
    await holding.start()
    await gate.execute("LOCK TABLE register IN ACCESS EXCLUSIVE MODE")
    reading = asyncio.create_task(store.load("nouns", "one"))
    await eventually(lambda: outside.fetchval(WAITING))
    await outside.execute(f"SELECT pg_terminate_backend(({WAITING}))")
    await holding.rollback()
    await gate.close()
    assert await reading == b"body"


async def test_a_copy_that_takes_the_place_of_another_leaves_what_else_lies_there(store, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for number in (1, 2):
        await store.record(tell(fact(token(f"{number}"))))
        await store.backup(str(tmp_path))
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert sizes.pop("notes.txt") == 4
    assert {name.removesuffix(".copy") for name in sizes} >= {"journal", "picture", "migrated"}
    assert not [name for name in sizes if not name.endswith(".copy")]


async def test_a_copy_that_cannot_be_ended_leaves_the_one_before(store, tmp_path, monkeypatch):
    await store.record(tell(fact(token("1"))))
    await store.backup(str(tmp_path))
    before = (tmp_path / "journal.copy").read_bytes()
    await store.record(tell(fact(token("2"))))

    def torn(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr("interroam.store.postgres.flush", torn)
    with pytest.raises(OSError, match="gone"):
        await store.backup(str(tmp_path))
    assert (tmp_path / "journal.copy").read_bytes() == before
