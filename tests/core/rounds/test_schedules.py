"""Rows that come due: caught up once, run by one, kept over restarts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from interroam.core.rounds.schedules import LEASE, Schedule, Schedules
from interroam.core.uuid7 import Uuid7
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.store import SqliteStore
from tests.clocks import StillClock

DAILY = Schedule(id="rounds", act="go", about={"to": "there"}, rhythm="daily 03:00")


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
async def store(tmp_path):
    store = SqliteStore(tmp_path / "node.db")
    await store.open()
    yield store
    await store.close()


class Ran(list):
    """What ran, and with what came of it."""

    outcome = "fine"

    async def __call__(self, about) -> str:
        self.append(about)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def opened(store, clock, ran, *rows) -> Schedules:
    one = Schedules(store, clock, Uuid7(clock))
    one.teach("go", ran)
    await one.load()
    await one.ensure(rows)
    return one


async def ticked(schedules: Schedules) -> None:
    await schedules.tick()
    await schedules.settled()


async def test_what_was_missed_while_nobody_ran_is_caught_up_once(store, clock):
    ran = Ran()
    await opened(store, clock, ran, DAILY)
    clock.at += timedelta(days=5)
    again = await opened(store, clock, ran, DAILY)
    await ticked(again)
    await ticked(again)
    (row,) = again.rows
    assert ran == [{"to": "there"}]
    assert (row.due, row.last, row.outcome) == (datetime(2026, 3, 20, 3, tzinfo=UTC), clock.at, "fine")


async def test_a_row_that_another_process_runs_is_left_to_it_until_its_lease_ends(store, clock):
    ran = Ran()
    one, other = await opened(store, clock, ran, DAILY), await opened(store, clock, ran, DAILY)
    clock.at += timedelta(days=1)
    hanging = asyncio.Event()

    async def hang(_about):
        await hanging.wait()
        return ""

    one.teach("go", hang)
    await one.tick()
    await ticked(other)
    assert ran == []
    await one.stop()  # it died in the middle
    clock.at += LEASE
    await ticked(other)
    assert len(ran) == 1


async def test_a_failure_is_tried_again_within_the_hour(store, clock):
    ran = Ran()
    ran.outcome = Unavailable(Reason.NOT_CONNECTED, "away")
    schedules = await opened(store, clock, ran, DAILY)
    clock.at += timedelta(days=1)
    await ticked(schedules)
    (row,) = schedules.rows
    assert (row.outcome, row.due - clock.at) == ("away", timedelta(hours=1))


async def test_what_a_person_sets_outlasts_the_defaults(store, clock):
    schedules = await opened(store, clock, Ran(), DAILY)
    await schedules.set("rounds", "every 2h")
    again = await opened(store, clock, Ran(), DAILY)
    assert again.rows[0].due == clock.at + timedelta(hours=2)
    await again.set("rounds", "off")
    assert again.rows[0].due is None
    with pytest.raises(Refused):
        await again.set("rounds", "now and then")
    with pytest.raises(Refused):
        await again.set("nothing", "off")


async def test_rows_follow_what_is_wanted(store, clock):
    schedules = await opened(store, clock, Ran(), DAILY)
    await schedules.ensure(
        [Schedule(id="rounds", act="go", rhythm="every 1h"), Schedule(id="b", act="go", rhythm="off")]
    )
    assert [(row.id, row.due) for row in schedules.rows] == [("b", None), ("rounds", clock.at + timedelta(hours=1))]
    await schedules.ensure([])
    assert (await opened(store, clock, Ran())).rows == []


@pytest.mark.statement("OCPI-190")
async def test_a_spread_keeps_rows_from_coming_at_once(store, clock):
    rows = [Schedule(id=f"row-{no}", act="go", rhythm="daily 03:00", spread_s=3600) for no in range(20)]
    due = [row.due for row in (await opened(store, clock, Ran(), *rows)).rows]
    first = datetime(2026, 3, 15, 3, tzinfo=UTC)
    assert all(first <= one <= first + timedelta(hours=1) for one in due)
    assert len({one.minute for one in due}) > 5
