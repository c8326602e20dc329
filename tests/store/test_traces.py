"""Traces: found again by any id, by partner and by time; dropped whole."""

import zlib
from datetime import date, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from interroam.model.facts import Exchange
from interroam.store.retention import Retention
from interroam.store.traces import MOST_IN_BLOCK, pack, unpack
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


@pytest.mark.parametrize("count", [1, MOST_IN_BLOCK])
def test_blocks_are_read_with_the_checksum_of_earlier_releases_and_without(count):
    made = [exchange(number) for number in range(count)]
    assert unpack(zlib.compress(msgspec.msgpack.encode(made), 1)) == made
    (block,) = pack(made)
    assert unpack(block.data) == made


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


async def test_bodies_of_places_go_after_days_while_their_lines_and_all_other_bodies_stay(make):
    store = make(retention=Retention(place_bodies=2))
    await store.open()
    made = [
        exchange(number, at=NOW + timedelta(days=number), brief=number % 2 == 0, request=b"body of a place" * 50)
        for number in range(6)
    ]
    for one in made:
        store.note(one)
    now = NOW + timedelta(days=5)
    assert (await store.retain(now))["trace blocks stripped"] == 2
    found = await store.traces(ids=["shared"])
    bare = [replace(one, request=b"", response=b"") for one in made]
    assert found == [bare[0], made[1], bare[2], *made[3:]]
    assert (await store.retain(now + timedelta(hours=1)))["trace blocks stripped"] == 0
    assert (await store.retain(now + timedelta(days=2)))["trace blocks stripped"] == 1
    assert (await store.traces(ids=["S4"])) == [bare[4]]
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
