"""What was read stays good while it does: a row that changed since is read anew, whatever memory holds."""

import asyncio
import random
import sqlite3

from interroam.core.ports import Query
from interroam.model.facts import Withdrawal
from interroam.model.ids import Kind
from interroam.store import SqliteStore, sqlite
from interroam.store.recent import Recent
from interroam.store.still import Still
from tests.core.objects import at, evse, location, status_change, stored, token
from tests.store.told import fact, site, tell


async def test_without_memory_every_read_shows_the_newest_commit(tmp_path):
    store = SqliteStore(tmp_path / "node.db", memory=1)
    await store.open()
    chance = random.Random(4)
    await store.record(tell(site(*(f"{number}" for number in range(8)))))
    cards: dict[str, bool] = {}
    for turn in range(1, 400):
        if chance.random() < 0.5:
            uid = f"{chance.randrange(30)}"
            statement = fact(token(uid, last_updated=at(turn), valid=turn % 2 == 0))
            cards[uid] = turn % 2 == 0
            await store.record(tell(statement, at(turn)))
        else:
            word = chance.choice(("CHARGING", "AVAILABLE"))
            await store.record(tell(status_change(word, at(turn), uid="3"), at(turn)))
            assert (await store.get(evse("3").key)).body.status.word == word
        uid = f"{chance.randrange(30)}"
        found = await store.get(token(uid).key)
        assert (found.body.valid if found else None) == cards.get(uid)
    (inside,) = await store.evses([location().key])
    assert [row.body.uid for row in inside] == [f"{number}" for number in range(8)]
    assert (await store.page(Query(kind=Kind.TOKEN))).total == len(cards)
    await store.record(tell(Withdrawal(token(uid).key, at(500)), at(500)))
    assert (await store.get(token(uid).key)).withdrawn
    await store.close()


async def test_a_log_that_is_read_all_the_time_starts_anew_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "CHECKPOINT_AFTER", 200)
    store = SqliteStore(tmp_path / "node.db", memory=1)
    await store.open()
    await store.record(tell(site("1", "2")))
    for number in range(1, 2000):
        await store.record(tell(status_change(f"W{number}", at(number)), at(number)))
        assert await store.get(evse("2").key) is not None
        if number % 100 == 0:
            await asyncio.sleep(0.01)
    assert (tmp_path / "node.db-wal").stat().st_size < 4_000_000
    await store.close()


def test_a_state_is_kept_for_rows_that_nobody_touched(tmp_path):
    writing = sqlite3.connect(tmp_path / "some.db", isolation_level=None)
    writing.executescript("PRAGMA journal_mode = WAL; CREATE TABLE some (no INTEGER PRIMARY KEY, word TEXT)")
    writing.execute("INSERT INTO some VALUES (1, 'old'), (2, 'old')")
    still = Still(sqlite3.connect(tmp_path / "some.db", isolation_level=None), lasting=True)
    one = "SELECT no, word FROM some WHERE no = ?"
    assert still.row(one, (1,)) == [(1, "old")]
    writing.execute("UPDATE some SET word = 'new'")
    writing.execute("INSERT INTO some VALUES (3, 'new')")
    still.committed([2, 3])
    assert still.row(one, (1,)) == [(1, "old")]  # as of then: by what it was told, nothing touched this row
    assert still.row(one, (2,)) == [(2, "new")]
    assert still.row(one, (3,)) == [(3, "new")]
    assert still.rows("SELECT no, word FROM some", ()) == [(1, "new"), (2, "new"), (3, "new")]
    still.close()
    writing.close()


def test_what_is_read_once_drives_nothing_out_of_memory():
    recent, row = Recent(), stored(token(), no=77_777)
    recent.meet(row)
    assert recent.get(row.key) is None
    recent.meet(row)
    assert recent.get(row.key) is row
