"""Traces: found again by any id, by partner and by time; dropped whole."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from interroam.model.facts import Exchange
from interroam.store.retention import Retention
from interroam.store.traces import MOST_IN_BLOCK
from tests.core.objects import NOW, at
from tests.store.told import Forgetting


def exchange(number: int, **fields) -> Exchange:
    base = Exchange(
        at=at(number), partner="cpo", inward=True, operation="PUT session", code="200/1000", latency_us=900,
        correlation=f"corr-{number}", ids=(f"S{number}", "shared"), request=b"asked", response=b"answered",
    )  # fmt: skip
    return replace(base, **fields)


async def test_a_trace_is_found_at_once_by_any_of_its_ids(store):
    made = [exchange(number) for number in range(MOST_IN_BLOCK + 50)]
    for one in made:
        store.note(one)
    assert await store.traces(ids=["S7"]) == [made[7]]
    assert await store.traces(ids=["corr-299"]) == [made[299]]
    assert await store.traces(ids=["S1", "S300", "nothing"]) == [made[1], made[300]]
    assert await store.traces(ids=["nothing"]) == []
    assert await store.traces(ids=["shared"], limit=20) == made[-20:]
    assert await store.traces(ids=["shared"], since=at(0), limit=20) == made[:20]


async def test_traces_of_a_partner_and_a_time_are_found(store):
    made = [exchange(number, partner="cpo" if number % 2 else "emsp") for number in range(20)]
    for one in reversed(made):
        store.note(one)
    assert await store.traces(partner="emsp", since=at(4), until=at(10)) == [made[4], made[6], made[8]]
    assert await store.traces(partner="cp") == []
    assert await store.traces(since=at(18)) == made[18:]
    assert await store.traces(ids=["S3"], partner="emsp") == []


async def test_traces_survive_a_restart(make):
    store = make()
    await store.open()
    store.note(exchange(1))
    await store.close()
    again = make()
    await again.open()
    assert await again.traces(ids=["S1"]) == [exchange(1)]
    await again.close()


@pytest.mark.statement("EMIP-28")
async def test_traces_around_midnight_lie_in_two_days_and_old_days_are_dropped_whole_after_a_year(make):
    store = make(retention=Retention(traces=1))
    await store.open()
    made = [exchange(number, at=NOW + timedelta(hours=12 * number)) for number in range(5)]
    for one in made:
        store.note(one)
    assert await store.traces(ids=["shared"]) == made
    assert await store.traces(ids=["shared"], limit=2) == made[-2:]
    assert await store.traces(ids=["shared"], since=NOW, limit=2) == made[:2]
    assert await store._traces._days() == [date(2026, 3, 14), date(2026, 3, 15), date(2026, 3, 16)]
    assert (await store.retain(NOW + timedelta(days=366)))["trace days"] == 0  # whatever is configured
    dropped = await store.retain(NOW + timedelta(days=367))
    assert dropped["trace days"] == 1
    assert await store.traces(ids=["shared"]) == made[1:]
    await store.close()


@pytest.mark.parametrize("subject", [b"driver", b"other"])
async def test_the_bodies_of_an_erased_driver_are_gone_from_the_traces(store, subject):
    mine = exchange(1, subject=b"driver")
    store.note(mine)
    store.note(exchange(2))
    await store.erase(Forgetting(subject))
    found = await store.traces(ids=["shared"])
    assert found[1] == exchange(2)
    assert found[0] == (replace(mine, request=b"", response=b"") if subject == b"driver" else mine)
