"""What a session adds: its lines say what is new, and are read as they were told."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from decimal import Decimal
from random import Random

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from interroam.model.charges import Dimension, Period, Session
from interroam.model.errors import Unavailable
from interroam.model.facts import Change, Entry, Fact, Receipt, Wire
from interroam.model.ids import Kind, Lane
from interroam.store import SqliteStore
from interroam.store.growing import MUCH, Growing, pieces, together
from interroam.store.postgres import PostgresStore
from interroam.store.writer import Errand
from tests.core.objects import NOW, at, cdr, session, token
from tests.store.conftest import Make
from tests.store.told import Forgetting, fact, tell, wire

YEAR = timedelta(days=366)


def period(number: int, kwh: float = 1.25) -> Period:
    amounts = (Dimension("ENERGY", Decimal(str(kwh))), Dimension("TIME", Decimal("0.25")))
    return Period(at(60 * number), amounts, "STANDARD")


def periods(count: int) -> tuple[Period, ...]:
    return tuple(map(period, range(count)))


def spelled(body: Session, indent: int = -1) -> Wire:
    """The session as a message of its room."""
    return wire(json.format(json.encode(body), indent=indent).decode())


def charge(name: str, when: int, told: tuple[Period, ...], **fields) -> Session:
    return session(name, at(when), periods=told, energy_kwh=Decimal(when) / 8, **fields)


def put(name: str, when: int, told: tuple[Period, ...], **fields) -> Fact:
    body = charge(name, when, told, **fields)
    return Fact(body, spelled(body))


def patch(name: str, when: int, told: tuple[Period, ...], *, message: bool) -> Change:
    """Periods that are added to what is known; without a message, the line keeps the session as it is then."""
    words = Wire("ocpi", "2.2.1", json.encode({"charging_periods": told}))

    def merge(body, _old):
        body = replace(body, periods=body.periods + told, last_updated=at(when))
        return body, spelled(body)

    key = session(name).key
    return Change(key, frozenset({"charging_periods"}), at(when), merge, words if message else None)


async def occupied(make: Make) -> tuple[int, int]:
    """How many bytes the lines of a closed journal take, and how many its file or its table."""
    store = make()
    if isinstance(store, SqliteStore):
        with sqlite3.connect(store.path) as db:
            ((lines,),) = db.execute("SELECT sum(length(state)) FROM journal")
        return lines, store.path.stat().st_size
    db = await asyncpg.connect(store._url)
    lines = await db.fetchval("SELECT sum(length(state)) FROM journal")
    table = await db.fetchval("SELECT pg_total_relation_size('journal')")
    await db.close()
    return lines, table


async def reopened(make: Make, store: SqliteStore | PostgresStore | None = None) -> SqliteStore | PostgresStore:
    """Restart."""
    if store is not None:
        await store.close()
    again = make()
    await again.open()
    return again


@given(
    st.binary(max_size=900), st.binary(max_size=400), st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=40)))
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_became_of_bytes_is_put_together_of_pieces_of_them(first, then, changes):
    old = first + then * 4
    new = old
    for where, what in changes:
        place = where % (len(new) + 1)
        new = new[:place] + what + new[place + len(what) // 2 :]
    assert together(old, pieces(old, new)) == new
    assert together(b"", pieces(b"", new)) == new
    assert len(pieces(old, new)) < 60


def test_a_list_that_grew_is_said_by_what_was_added():
    old, new = (spelled(charge("S1", count, periods(count))).data for count in (100, 101))
    found = pieces(old, new)
    assert together(old, found) == new
    assert len(json.encode(period(100))) < sum(len(one) for one in found if isinstance(one, bytes)) < 400


def test_what_differs_everywhere_is_given_up_early():
    old, new = (b"".join(b"%d says a word of its own or two" % (number * by) for number in range(999)) for by in (1, 7))
    found = pieces(old, new)
    assert together(old, found) == new
    assert len(found) < 60


@pytest.mark.parametrize("updates", [100, 200])
async def test_a_charge_takes_room_for_what_it_adds_each_time_and_not_for_all_of_it(make, updates):
    """Whole, these lines took more than half as often the room of the last message as there are updates."""
    store = await reopened(make)
    told = await grown(store, "S1", 1, updates + 1)
    assert [len(one.body.periods) for one in told] == list(range(1, updates + 1))
    assert await store.entries(0) == told
    await store.close()
    last = len(told[-1].wire.data)
    lines, place = await occupied(make)
    assert lines < 12 * last
    assert place < 24 * last + 200_000  # what a database takes for itself


async def _at_random(store, chance: Random, when: int, known: dict[str, tuple[Period, ...]]) -> None:
    """Tell something about some sessions, in one commit."""
    coming = []
    for name in chance.sample(["S1", "S2", "S3"], chance.randint(1, 3)):
        told = known.get(name, ())
        way = chance.randrange(10)
        more = tuple(period(when * 10 + number, chance.randint(1, 999) / 8) for number in range(chance.randint(1, 4)))
        if way < 5 or not told:
            told += more
        elif way == 5:
            told = told[: chance.randrange(len(told) + 1)]
        elif way == 6:
            told = (*told[:-1], period(when * 10, 3.5))
        elif way == 7:
            told = more * 10
        if told and name in known and way > 7:
            change = patch(name, when, more * chance.choice([1, 12]), message=way == 8)
            told += change.merge(session(name), None)[0].periods
            coming.append(tell(change, at(when)))
        else:
            body = charge(name, when, told, status=chance.choice(["ACTIVE", "PENDING"]))
            form = spelled(body, chance.choice([-1, -1, -1, 1])) if chance.random() < 0.8 else None
            coming.append(tell(Fact(body, form), at(when)))
            if chance.random() < 0.2:  # two of one session in one commit
                body = charge(name, when, (*told, period(when)), status="PENDING")
                coming.append(tell(Fact(body, spelled(body)), at(when)))
                told = body.periods
        known[name] = told
    if chance.random() < 0.2:
        coming.insert(chance.randrange(len(coming) + 1), tell(fact(token("bad")), refs=("a\ud800",)))  # it fails
    await asyncio.gather(*map(store.record, coming), return_exceptions=True)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_is_told_of_sessions_is_read_as_it_was_told(make, seed):
    chance, told, known = Random(seed), [], {}
    store = await reopened(make)
    store.subscribe(told.extend)
    for when in range(1, 60):
        await _at_random(store, chance, when, known)
        if chance.random() < 0.05:
            store = await reopened(make, store)
            store.subscribe(told.extend)
    sessions = [one for one in told if one.key.kind is Kind.SESSION]
    assert len(sessions) > 80
    assert await store.entries(0) == told
    some = chance.sample(sessions, 10)
    assert [await store.entries(one.seq - 1, 1) for one in some] == [[one] for one in some]
    one = some[0].no
    assert await store.entries(0, numbers=[one]) == [line for line in told if line.no == one]
    assert await store.entries(0, correlation="corr-1") == told
    portions = [await store.entries(after, 7, kinds=[Kind.SESSION]) for after in range(0, store.head(), 5)]
    assert {line.seq: line for portion in portions for line in portion} == {line.seq: line for line in sessions}
    await store.close()


async def grown(store, name: str, first: int, last: int, **fields) -> list[Entry]:
    """Tell a session as it grows; returns its lines."""
    told: list[Entry] = []
    end = store.subscribe(told.extend)
    for count in range(first, last):
        await store.record(tell(put(name, count, periods(count)), at(count), **fields))
    end()
    return told


async def test_who_only_looks_reads_what_was_told_and_so_does_the_next_process(make):
    store = await reopened(make)
    told = await grown(store, "S1", 30, 40)
    other = make(read_only=True)
    await other.open()
    assert await other.entries(0) == told
    await other.close()
    store = await reopened(make, store)
    told += await grown(store, "S1", 40, 50)
    assert await store.entries(0) == told
    assert await store.entries(14, 1) == [told[14]]
    await store.close()


async def test_lines_that_an_earlier_release_wrote_whole_are_read_and_gone_on_from(make):
    store = await reopened(make)
    store._growing.shortened = lambda _no, _seq, wire, body: (wire, body)
    told = await grown(store, "S1", 30, 40)
    await store.close()
    whole, _ = await occupied(make)
    if isinstance(store, SqliteStore):
        with sqlite3.connect(store.path) as db:
            db.execute("PRAGMA user_version = 3")
    else:
        db = await asyncpg.connect(store._url)
        await db.execute("DELETE FROM migrated WHERE version > 3")
        await db.close()
    store = await reopened(make)
    told += await grown(store, "S1", 40, 50)
    assert await store.entries(0) == told
    await store.close()
    both, _ = await occupied(make)
    assert both < 1.4 * whole


async def test_a_driver_is_erased_from_what_was_added_and_the_lines_of_another_stay_as_they_were(make, store):
    """The card changed on the way: the lines of the second driver hang on those of the first."""
    told = await grown(store, "S1", 30, 35, subject=b"first")
    told += await grown(store, "S1", 35, 40, subject=b"second")

    def rewrite(row):
        card = replace(row.body.token, uid="#1")
        return replace(row, body=replace(row.body, token=card), wire=None)

    assert await store.erase(Forgetting(b"first", rewrite=rewrite)) == 5
    assert await store.entries(0) == [*map(rewrite, told[:5]), *told[5:]]
    told += await grown(store, "S1", 40, 43)
    assert await store.entries(0) == [*map(rewrite, told[:5]), *told[5:]]
    assert await store.forget(NOW + 20 * YEAR, rewrite) > 0
    assert [one.body.token.uid for one in await store.entries(0)] == ["#1"] * 13
    assert [one.body.periods for one in await store.entries(0)] == [periods(count) for count in range(30, 43)]
    more = await grown(store, "S1", 43, 46)
    assert (await store.entries(0))[13:] == more
    await store.close()
    lines, _ = await occupied(make)
    assert lines < 5 * len(told[-1].wire.data)  # and they are no longer than before
    await store.open()


async def test_nothing_is_left_in_the_file_of_a_driver_whose_charge_grew(tmp_path):
    store = SqliteStore(tmp_path / "node.db")
    await store.open()
    told = await grown(store, "S1", 20, 60, subject=b"driver")
    uid = told[0].body.token.uid.encode()

    def rewrite(row):
        return replace(
            row, body=replace(row.body, token=replace(row.body.token, uid="#1", contract_id="#2")), wire=None
        )

    assert any(uid in path.read_bytes() for path in tmp_path.iterdir())
    await store.erase(Forgetting(b"driver", rewrite=rewrite))
    assert not any(uid in path.read_bytes() for path in tmp_path.iterdir())
    assert await store.entries(0) == list(map(rewrite, told))
    await store.close()


async def test_lines_of_a_session_are_dropped_together_when_the_last_of_them_is_old(store):
    for count in range(30, 36):
        when = NOW + timedelta(days=count)
        one = put("S1", count, periods(count))
        await store.record(tell(replace(one, body=replace(one.body, last_updated=when)), when))
    await store.record(tell(put("S2", 30, periods(30)), NOW + timedelta(days=30)))
    await store.record(tell(fact(cdr()), NOW + timedelta(days=36)))
    assert "session" in await store.retain(NOW + timedelta(days=397 + 34))
    kept = await store.entries(0)
    assert [(one.seq, len(one.body.periods)) for one in kept] == [*((n, 29 + n) for n in range(1, 7)), (8, 0)]
    await store.retain(NOW + timedelta(days=397 + 37))
    assert [one.seq for one in await store.entries(0)] == [8]
    assert store.oldest(Lane.CHARGES) == 8
    late = put("S1", 99, periods(40))
    await store.record(tell(replace(late, body=replace(late.body, last_updated=NOW + 3 * YEAR)), NOW + 3 * YEAR))
    assert len((await store.entries(8))[0].body.periods) == 40


async def test_the_newest_line_is_kept_with_those_it_hangs_on(store):
    told = await grown(store, "S1", 30, 35)
    await store.retain(NOW + 3 * YEAR)
    assert await store.entries(0) == told


async def test_a_line_whose_beginning_was_dropped_is_dropped_as_well(store):
    told = await grown(store, "S1", 30, 33)
    told += await grown(store, "S2", 30, 31)
    await store._writer.run(Errand("delete_entry", [(told[0].seq,)]))
    assert await store.entries(0) == told[3:]


async def test_what_a_group_said_that_failed_is_nothing_to_build_on(store):
    told: list[Entry] = []
    store.subscribe(told.extend)
    for count in range(30, 40):
        good, bad = tell(put("S1", count, periods(count)), at(count)), tell(fact(token("bad")), refs=("a\ud800",))
        outcomes = await asyncio.gather(store.record(bad), store.record(good), return_exceptions=True)
        assert isinstance(outcomes[1], Receipt)
    assert [one for one in await store.entries(0) if one.key.kind is Kind.SESSION] == [
        one for one in told if one.key.kind is Kind.SESSION
    ]


async def test_what_may_have_been_committed_or_not_is_nothing_to_build_on(tmp_path):
    store = SqliteStore(tmp_path / "node.db")
    await store.open()
    await grown(store, "S1", 30, 35)

    def commit_and_fail() -> None:
        SqliteStore._flush(store)
        raise OSError

    store._flush = commit_and_fail
    with pytest.raises(Unavailable):
        await store.record(tell(put("S1", 35, periods(35)), at(35)))
    del store._flush
    told = await grown(store, "S1", 36, 40)
    assert [len(one.body.periods) for one in await store.entries(0)] == list(range(30, 40))
    assert (await store.entries(0))[6:] == told
    await store.close()


async def test_what_is_told_in_turn_with_and_without_a_message_adds_to_both(make):
    store = await reopened(make)
    told: list[Entry] = []
    store.subscribe(told.extend)
    for count in range(40, 80, 2):
        await store.record(tell(put("S1", count, periods(count)), at(count)))
        await store.record(tell(patch("S1", count + 1, (period(count),), message=False), at(count + 1)))
    assert await store.entries(0) == told
    await store.close()
    lines, _ = await occupied(make)
    assert lines < 8 * len(told[-2].wire.data)


def test_a_line_hangs_on_lines_that_take_no_more_room_than_what_it_says():
    growing, since, whole, longest = Growing(), 0, 0, 0
    for count in range(1, 300):
        text = spelled(charge("S1", count, periods(count))).data
        growing.begin()
        (room, _, written), _ = growing.shortened(1, count, ("ocpi", "2.2.1", text), None)
        growing.settle()
        since = 0 if room else since + len(written)
        whole, longest = whole + bool(room), max(longest, since)
        assert since <= len(text)
    assert whole < 40
    assert longest > 4 * MUCH


def test_memory_holds_so_much_of_what_was_said():
    growing = Growing(most=8 * MUCH)
    for no in range(100):
        growing.begin()
        growing.shortened(no, no + 1, ("ocpi", "2.2.1", b"%d" % no * MUCH), None)
        growing.settle()
    assert growing.shortened(99, 101, ("ocpi", "2.2.1", b"99" * MUCH), None)[0][0] == ""
    assert growing.shortened(1, 102, ("ocpi", "2.2.1", b"1" * MUCH), None)[0][0] == "ocpi"
