"""What only the embedded store does: its file, its lock, its migrations, its log."""

import asyncio
import sqlite3

import pytest

from interroam.core.ports import Query
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Verdict
from interroam.model.ids import Kind
from interroam.store import SqliteStore, sqlite
from tests.core.objects import at, status_change, token
from tests.store.told import fact, site, tell


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "node.db"


async def test_a_second_node_is_refused_and_told_whose_it_is(path):
    store, second = SqliteStore(path), SqliteStore(path)
    await store.open()
    with pytest.raises(Refused, match=r"belongs to a running node \(process \d+\)") as refused:
        await second.open()
    assert refused.value.reason is Reason.WRONG_STATE
    await store.close()
    await second.open()
    await second.close()


async def test_others_may_look_while_a_node_runs_but_not_write(path):
    store, look = SqliteStore(path), SqliteStore(path, read_only=True)
    await store.open()
    await store.record(tell(fact(token())))
    await look.open()
    assert (await look.page(Query(kind=Kind.TOKEN))).total == 1
    assert (len(await look.entries(0)), await look.traces(ids=["x"])) == (1, [])
    with pytest.raises(Unavailable):
        await look.record(tell(fact(token("2"))))
    await look.close()
    assert (await store.record(tell(fact(token("2"))))).verdict is Verdict.RECORDED
    await store.close()


async def test_others_may_look_when_no_node_runs(path):
    store = SqliteStore(path)
    await store.open()
    await store.record(tell(fact(token())))
    await store.close()
    look = SqliteStore(path, read_only=True)
    await look.open()
    assert (await look.counts())["token"] == 1
    await look.close()


async def test_a_look_at_nothing_makes_nothing(path):
    with pytest.raises(Refused) as refused:
        await SqliteStore(path, read_only=True).open()
    assert refused.value.reason is Reason.UNKNOWN_OBJECT
    assert not path.exists()


async def test_a_migration_runs_once_after_a_copy_of_the_file(path, monkeypatch):
    store = SqliteStore(path)
    await store.open()
    await store.record(tell(fact(token())))
    await store.close()
    first = sqlite.migrations("sqlite")
    last = first[-1][0]
    newer = [*first, (last + 1, "ALTER TABLE shelf ADD COLUMN note TEXT;")]
    monkeypatch.setattr(sqlite, "migrations", lambda _dialect: newer)
    for _ in range(2):
        await store.open()
        assert await store.get(token().key) is not None
        await store.close()
    copy = path.with_name(f"node.db.before-{last + 1:04}")
    with sqlite3.connect(copy) as old, sqlite3.connect(path) as new:
        assert (old.execute("PRAGMA user_version").fetchone(), new.execute("PRAGMA user_version").fetchone()) == (
            (last,), (last + 1,),
        )  # fmt: skip
        assert old.execute("SELECT count(*) FROM journal").fetchone() == (1,)


async def test_a_migration_that_fails_changes_nothing_and_lets_go_of_the_file(path, monkeypatch):
    store = SqliteStore(path)
    await store.open()
    await store.close()
    broken = [(9000, "ALTER TABLE shelf ADD COLUMN note TEXT; SELECT nonsense;")]
    with monkeypatch.context() as patch:
        patch.setattr(sqlite, "migrations", lambda _dialect: broken)
        with pytest.raises(sqlite3.OperationalError):
            await store.open()
    await store.open()
    await store.close()
    with sqlite3.connect(path) as db:
        assert "note" not in [column[1] for column in db.execute("PRAGMA table_info(shelf)")]


async def test_a_store_of_a_later_release_is_refused(path):
    store = SqliteStore(path)
    await store.open()
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 9999")
    with pytest.raises(Refused, match="later release"):
        await store.open()


async def test_the_log_does_not_grow_for_ever_and_nothing_is_lost_with_it(path, monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_AFTER", 200)
    store = SqliteStore(path)
    await store.open()
    await store.record(tell(site("1")))
    for number in range(1, 2000):
        await store.record(tell(status_change(f"W{number}", at(number)), at(number)))
    await asyncio.sleep(0.05)
    assert path.with_name("node.db-wal").stat().st_size < 4_000_000
    await store.close()
    assert not path.with_name("node.db-wal").exists()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM journal").fetchone() == (2000,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_after_a_commit_that_failed_the_store_goes_on_from_what_the_disk_has(path, monkeypatch):
    store = SqliteStore(path)
    await store.open()
    await store.record(tell(site("1")))
    with monkeypatch.context() as patch:
        patch.setattr(store, "_flush", lambda: 1 / 0)
        outcomes = await asyncio.gather(
            *(store.record(tell(fact(token(f"{number}")))) for number in range(3)), return_exceptions=True
        )
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert (store.head(), await store.get(token("0").key)) == (1, None)
    assert (await store.record(tell(status_change("CHARGING", at(1)), at(1)))).seq == 2
    await store.close()


async def test_a_state_is_written_to_no_row_but_its_own_and_takes_no_other_along(path):
    store = SqliteStore(path)
    await store.open()
    await store.record(tell(site("1", "2")))
    with sqlite3.connect(path) as db:  # which nobody may do: memory knows better
        db.execute("DELETE FROM picture WHERE kind = 'evse' AND sub = '1'")
    changes = [tell(status_change("CHARGING", at(1), uid)) for uid in ("1", "2")]
    lost, told = await asyncio.gather(*map(store.record, changes), return_exceptions=True)
    assert isinstance(lost, Unavailable)
    assert "the picture has no row" in lost.message
    assert told.verdict is Verdict.RECORDED
    await store.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT id, sub FROM picture WHERE kind = 'evse'").fetchall() == [("l1", "2")]
        assert db.execute("SELECT count(*) FROM journal WHERE kind = 'evse'").fetchone() == (1,)
