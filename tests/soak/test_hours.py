"""A long run: memory stays, what a dead partner is owed waits on disk, traces go, and the clock may jump."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from interroam.app import Node
from interroam.core.delivering import courier
from interroam.core.ports import CourierKey
from interroam.core.uuid7 import Uuid7
from interroam.model.facts import Exchange, Fact
from interroam.model.ids import Lane
from interroam.settings import load
from tests.core.objects import EMSP_PARTY, HUB_PARTY, agreement, at, partner, session
from tests.core.roundabout import running
from tests.fuzz import campaign
from tests.soak.processes import Load, Process, furnish, journal

CHARGES = CourierKey(EMSP_PARTY, Lane.CHARGES)


# -- memory ------------------------------------------------------------------------------------------------------------


async def grown(data, first: int, second: int) -> tuple[float, float]:
    """Return how much memory a node holds after so many exchanges about the same things, and after many more."""
    await furnish(data)
    async with Process(data) as node:
        held = []
        for start, most in ((0, first), (first, second - first)):
            load = Load(node.port, "same", most, among=400, start=start)
            await load.press(16)
            assert not load.refused
            held.append(node.resident_mib())
    entries = await journal(data)
    assert len(entries) >= second
    return held[0], held[1]


async def test_a_few_thousand_exchanges_leave_little_behind(tmp_path):
    before, after = await grown(tmp_path, 500, 1_500)
    assert after < before + 40


@pytest.mark.soak
async def test_memory_does_not_grow_with_the_hours(tmp_path):
    before, after = await grown(tmp_path, 60_000, 120_000)  # by then everything that is kept for a while is full
    campaign.say(f"memory: {before:.0f} MiB after 60,000 exchanges, {after:.0f} MiB after 120,000")
    assert after < before * 1.1


# -- a dead partner ----------------------------------------------------------------------------------------------------


async def owed(path, facts: int) -> int:
    """State facts that a partner who is away is owed, and bring it back; returns how many were most in hand."""
    most = 0
    async with running(path, HUB_PARTY) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        away = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        away.away = True
        await core.agree(agreement())
        await core.dispatch.start()
        for first in range(0, facts, 100):
            numbers = range(first, min(first + 100, facts))
            await asyncio.gather(*(core.tell("cpo", Fact(session(f"S{number}"))) for number in numbers))
            one = core.dispatch.courier(CHARGES)
            most = max(most, one.waiting, len(one._tries), len(one._chores._tasks))
        away.away = False
        one.resume()
        await core.until(lambda: len(away.taken) >= facts and one.idle, 120)
        assert {entry.key.id for entry in away.taken} == {f"s{number}" for number in range(facts)}
        assert len(away.taken) == facts
    return most


async def test_what_a_dead_partner_is_owed_waits_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(courier, "BACKLOG", 200)
    assert await owed(tmp_path, 1_500) <= 200 + 500  # one page more may be fetched at a time


@pytest.mark.soak
async def test_what_a_dead_partner_is_owed_for_hours_waits_on_disk(tmp_path):
    most = await owed(tmp_path, 20_000)
    campaign.say(f"dead partner: owed 20,000, at most {most} in hand, all delivered once")
    assert most <= courier.BACKLOG + 500


# -- traces ------------------------------------------------------------------------------------------------------------


class Calendar:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds / 500, 0.05))


async def lived(path, seasons: int) -> int:
    """Let a node see so many times a hundred days; returns the most files its traces were in."""
    most, clock = 0, Calendar()
    given = {"data": str(path), "retention.traces": 400}
    async with Node(load(env={}, given=given), clock) as node:
        for season in range(seasons):
            node.store.note(
                Exchange(
                    at=clock.now(),
                    partner="cpo",
                    inward=True,
                    operation="o",
                    code="200",
                    latency_us=1,
                    ids=(f"d{season}",),
                )
            )
            assert len(await node.store.traces(ids=(f"d{season}",))) == 1
            await asyncio.sleep(0.06)  # the node's own chore of the day comes round
            await node.store.retain(clock.now())
            most = max(
                most, len([one for one in path.iterdir() if one.name.startswith("traces-") and one.suffix == ".db"])
            )
            clock.moment += timedelta(days=100)
        assert not await node.store.traces(ids=("d0",))
        assert await node.store.traces(ids=(f"d{seasons - 1}",))
    return most


async def test_traces_are_dropped_by_the_day(tmp_path):
    assert 1 <= await lived(tmp_path, 8) <= 5


@pytest.mark.soak
async def test_traces_of_a_century_are_dropped_by_the_day(tmp_path):
    most = await lived(tmp_path, 365)
    campaign.say(f"traces: a hundred years, at most {most} days kept at a time")
    assert 1 <= most <= 5


# -- the clock ---------------------------------------------------------------------------------------------------------


async def jumped(path, jumps: list[float]) -> None:
    """State and deliver facts while the hour is set to and fro; nothing is lost, doubled or stuck."""
    clock = Calendar()
    async with running(path, HUB_PARTY, clock) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        there = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.agree(agreement(starts=at(-10 * 365 * 86_400)))
        await core.dispatch.start()
        for number, hours in enumerate(jumps):
            there.away = bool(number % 2)
            told = [core.tell("cpo", Fact(session(f"S{number}-{each}", clock.now()))) for each in range(5)]
            await asyncio.gather(*told)
            await asyncio.sleep(0.02)
            clock.moment += timedelta(hours=hours)
        there.away = False
        await core.until(lambda: len(there.taken) >= 5 * len(jumps), 20)
        assert len(there.taken) == len({entry.key for entry in there.taken}) == 5 * len(jumps)
        entries = await core.store.entries(0, 10_000)
        assert [entry.seq for entry in entries] == list(range(1, 5 * len(jumps) + 1))


async def test_facts_are_told_and_delivered_while_the_clock_jumps(tmp_path):
    await jumped(tmp_path, [1, -3, 24, -48, 0, 7])


@pytest.mark.soak
async def test_facts_are_told_and_delivered_while_the_clock_jumps_for_long(tmp_path):
    await jumped(tmp_path, [((number * 7919) % 97 - 48) * 3 for number in range(200)])


class Fast(Calendar):
    """A clock by which an hour of waiting takes seconds."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 1_000)


async def test_a_rest_ends_soon_although_the_clock_was_set_back_while_the_node_was_down(tmp_path):
    for hours in (0, -48):
        clock = Fast()
        clock.moment += timedelta(hours=hours)
        async with running(tmp_path, HUB_PARTY, clock) as core:
            there = await core.admit(partner("emsp", "DE*MSP/EMSP"))
            there.away = not hours
            if not hours:
                await core.admit(partner("cpo", "FR*CPO/CPO"))
                await core.agree(agreement())
            await core.dispatch.start()
            if there.away:
                await core.tell("cpo", Fact(session()))
                one = core.dispatch.courier(CHARGES)
                await core.until(lambda one=one: one.cursor.failures > 3)
            else:
                await core.until(lambda there=there: len(there.taken) == 1, 3)


def test_ids_are_new_and_in_order_whatever_the_clock_says():
    clock = Calendar()
    ids, made = Uuid7(clock), []
    for hours in (0, 5, -10, 1, -1):
        clock.moment += timedelta(hours=hours)
        made += [ids.new() for _ in range(100)]
    assert len(set(made)) == len(made)
    assert made == sorted(made)
