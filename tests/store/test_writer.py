"""The group commit: many share one, each is answered after its own, and none takes another along."""

import asyncio
from functools import partial

import pytest
from msgspec.structs import replace

from interroam.core.ports import CourierKey, Cursor
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Change, Receipt, Verdict
from interroam.model.ids import Lane
from interroam.store import writer
from interroam.store.writer import CommitFailed, Errand, Writer, resolve
from tests.core.objects import EMSP_PARTY, NOW, at, session, token
from tests.store.told import SESSION_KEY, appended, fact, tell, wire


class Disk:
    """A commit of which the test says when it ends, and how."""

    def __init__(self):
        self.groups = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.bad = set()
        self.broken = False

    async def commit(self, tellings, errands):
        self.groups.append((list(tellings), list(errands)))
        await self.gate.wait()
        if self.broken:
            raise CommitFailed("no space")
        if any(telling.statement.key.id in self.bad for telling in tellings):
            raise ValueError("a bad statement")
        return [Receipt(Verdict.RECORDED, 1) for _ in tellings]


@pytest.fixture
async def disk():
    return Disk()


@pytest.fixture
async def pen(disk):
    made = Writer(disk.commit)
    made.start()
    yield made
    disk.gate.set()
    await made.close()


def recorded(pen, telling):
    future = asyncio.get_running_loop().create_future()
    pen.tell(telling, partial(resolve, future))
    return future


def one(number):
    return tell(fact(token(f"{number}")))


async def test_what_waits_while_a_commit_runs_shares_the_next_one(disk, pen):
    disk.gate.clear()
    told = [recorded(pen, one(0))]
    await asyncio.sleep(0.01)
    assert len(disk.groups) == 1
    told += [recorded(pen, one(number)) for number in range(1, 40)]
    await asyncio.sleep(0)
    assert not any(future.done() for future in told)
    disk.gate.set()
    await asyncio.gather(*told)
    assert [len(tellings) for tellings, _ in disk.groups] == [1, 39]


async def test_a_very_large_group_is_cut_so_that_the_loop_is_not_held(disk, pen):
    await asyncio.gather(*(recorded(pen, one(number)) for number in range(1300)))
    assert [len(tellings) for tellings, _ in disk.groups] == [512, 512, 276]


async def test_too_many_waiting_are_told_to_come_back(disk, pen):
    told = [recorded(pen, one(number)) for number in range(writer.MOST_WAITING)]
    with pytest.raises(Unavailable) as refused:
        recorded(pen, one("more"))
    assert (refused.value.reason, refused.value.retry_after) == (Reason.OVERLOADED, 1)
    await asyncio.gather(*told)
    await recorded(pen, one("more"))


async def test_too_many_bytes_waiting_are_told_to_come_back(disk, pen):
    large = tell(replace(fact(token()), wire=wire("x" * (writer.MOST_BYTES // 2))))
    first = recorded(pen, large)
    with pytest.raises(Unavailable):
        recorded(pen, large)
    await first
    await recorded(pen, large)


async def test_a_failing_commit_acknowledges_nothing(disk, pen):
    disk.broken = True
    outcomes = await asyncio.gather(*(recorded(pen, one(number)) for number in range(9)), return_exceptions=True)
    assert {(type(outcome), outcome.reason) for outcome in outcomes} == {(Unavailable, Reason.FAILED)}
    assert len(disk.groups) == 1
    disk.broken = False
    assert (await recorded(pen, one(1))).verdict is Verdict.RECORDED


async def test_only_the_bad_statement_of_a_group_fails(disk, pen):
    disk.bad = {"5"}
    outcomes = await asyncio.gather(*(recorded(pen, one(number)) for number in range(16)), return_exceptions=True)
    assert [number for number, outcome in enumerate(outcomes) if not isinstance(outcome, Receipt)] == [5]
    assert isinstance(outcomes[5], Unavailable)


async def test_who_gives_up_waiting_does_not_break_the_group(disk, pen):
    disk.gate.clear()
    waiting = [asyncio.ensure_future(recorded(pen, one(number))) for number in range(6)]
    await asyncio.sleep(0.01)
    waiting[2].cancel()
    disk.gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(outcome, Receipt) for outcome in outcomes] == [True, True, False, True, True, True]


async def test_a_cursor_that_could_not_be_written_is_written_with_the_next_group(disk, pen):
    cursor = Cursor(CourierKey(EMSP_PARTY, Lane.PLACES), through=3)
    disk.broken = True
    pen.settle(cursor)
    await asyncio.sleep(0.1)
    disk.broken = False
    await recorded(pen, one(1))
    assert [errand.name for errand in disk.groups[-1][1]] == ["save_cursor"]
    assert pen.cursors == {}


async def test_a_failing_errand_does_not_take_the_tellings_along(disk, pen, monkeypatch):
    async def commit(tellings, errands):
        if errands:
            raise ValueError("no such statement")
        return await disk.commit(tellings, errands)

    monkeypatch.setattr(pen, "_commit", commit)
    outcomes = await asyncio.gather(recorded(pen, one(1)), pen.run(Errand("nonsense", [()])), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Receipt, Unavailable]


async def test_a_closed_writer_takes_nothing_and_has_written_everything(disk, pen):
    told = [recorded(pen, one(number)) for number in range(5)]
    await pen.close()
    assert all(future.done() for future in told)
    with pytest.raises(Unavailable):
        recorded(pen, one(1))


async def test_a_merge_that_fails_is_its_senders_fault_alone(store):
    await store.record(tell(fact(session(), "0")))

    def refuse(_body, _wire):
        raise Refused(Reason.MALFORMED, "no such field")

    bad = Change(SESSION_KEY, frozenset({"kwh"}), at(1), refuse)
    outcomes = await asyncio.gather(
        store.record(tell(appended(SESSION_KEY, "a", at(1)), at(1))),
        store.record(tell(bad, at(1))),
        store.record(tell(appended(SESSION_KEY, "b", at(1)), at(1))),
        return_exceptions=True,
    )
    assert [getattr(outcome, "seq", outcome) for outcome in outcomes] == [2, outcomes[1], 3]
    assert isinstance(outcomes[1], Refused)
    assert (await store.get(SESSION_KEY)).wire == wire("0 a b")


async def test_a_group_that_cannot_be_written_is_tried_in_parts_by_the_database_too(store):
    bad = tell(fact(token("bad")), refs=(None,))
    told = [tell(fact(token(f"{number}"))) for number in range(10)]
    outcomes = await asyncio.gather(*map(store.record, [*told[:4], bad, *told[4:]]), return_exceptions=True)
    recorded = [outcome.seq for outcome in outcomes if isinstance(outcome, Receipt)]
    assert len(recorded) == 10
    assert sorted(recorded) == list(range(1, 11))
    assert isinstance(outcomes[4], Unavailable)
    assert (await store.entries(9))[0].at == NOW
    assert await store.get(token("bad").key) is None


async def test_whoever_is_told_of_an_outcome_and_fails_does_not_take_the_others_along(disk, pen):
    heard, troubles = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: troubles.append(context["exception"]))

    def fail(_outcome):
        raise ValueError("mine")

    pen.tell(one(0), fail)
    pen.tell(one(1), heard.append)
    await recorded(pen, one(2))
    assert [outcome.verdict for outcome in heard] == [Verdict.RECORDED]
    assert [str(error) for error in troubles] == ["mine"]


async def test_a_failing_commit_is_told_to_who_does_not_wait_in_a_task(disk, pen):
    disk.broken = True
    heard = []
    pen.tell(one(0), heard.append)
    with pytest.raises(Unavailable):
        await recorded(pen, one(1))
    assert [type(outcome) for outcome in heard] == [Unavailable]
