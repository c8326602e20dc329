"""The journal, those who follow it, and the register beside it."""

import asyncio

import pytest
from msgspec.structs import replace

from interroam.core.ports import CourierKey, Cursor, Shelved
from interroam.model.facts import Act, Moved, Origin
from interroam.model.ids import Kind, Lane, location_key
from interroam.store import rows
from tests.core.objects import CPO, CPO_PARTY, EMSP_PARTY, NOW, at, cdr, entry, session, status_change, token
from tests.store.told import SESSION_KEY, appended, fact, site, tell, wire

PLACES = CourierKey(EMSP_PARTY, Lane.PLACES)
CHARGES = CourierKey(EMSP_PARTY, Lane.CHARGES)


def shelved(courier: CourierKey = CHARGES, seq: int = 1) -> Shelved:
    return Shelved(id=0, courier=courier, seq=seq, at=NOW, reason="refused", message="no such tariff")


async def test_a_listener_hears_every_entry_once_in_order_and_before_the_answer(store):
    heard = []
    end = store.subscribe(heard.extend)
    await asyncio.gather(*(store.record(tell(fact(token(f"{number}")))) for number in range(100)))
    assert [entry.seq for entry in heard] == list(range(1, 101))
    assert heard == await store.entries(0)
    end()
    await store.record(tell(fact(cdr())))
    assert len(heard) == 100
    end()


async def test_a_listener_that_fails_harms_nobody(store):
    heard = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context["exception"]))

    def failing(_entries):
        raise ZeroDivisionError

    store.subscribe(failing)
    store.subscribe(heard.extend)
    receipt = await store.record(tell(fact(token())))
    assert receipt.seq == 1
    assert isinstance(heard[0], ZeroDivisionError)
    assert heard[1].seq == 1


async def test_entries_come_in_portions_from_any_number_on(store):
    await asyncio.gather(*(store.record(tell(fact(token(f"{number}")))) for number in range(10)))
    assert [entry.seq for entry in await store.entries(0, 4)] == [1, 2, 3, 4]
    assert [entry.seq for entry in await store.entries(8, 4)] == [9, 10]
    assert [entry.seq for entry in await store.entries(3, through=5)] == [4, 5]
    assert await store.entries(10) == []


async def test_entries_of_a_charge_are_found_by_object_and_correlation(store):
    other = Origin("emsp", EMSP_PARTY, "corr-2", "req-2")
    first = await store.record(tell(fact(session())))
    await store.record(tell(fact(token()), origin=other))
    await store.record(tell(appended(SESSION_KEY, "x", at(1)), at(1), origin=other))
    await store.record(tell(fact(cdr())))
    assert [entry.seq for entry in await store.entries(0, numbers=[first.no])] == [1, 3]
    assert [entry.seq for entry in await store.entries(0, correlation="corr-2")] == [2, 3]
    assert [entry.seq for entry in await store.entries(0, correlation="corr-2", kinds=[Kind.SESSION])] == [3]
    assert [entry.seq for entry in await store.entries(0, kinds=[Kind.CDR, Kind.SESSION], limit=2)] == [1, 3]


async def test_entries_of_places_are_looked_through_when_they_are_named(store):
    receipt = await store.record(tell(site("1")))
    await store.record(tell(status_change("CHARGING", at(1)), at(1)))
    by_no = await store.entries(0, numbers=[receipt.no], kinds=[Kind.LOCATION, Kind.EVSE])
    assert [entry.seq for entry in by_no] == [1]
    both = await store.entries(0, correlation="corr-1", kinds=[Kind.LOCATION, Kind.EVSE])
    assert [entry.seq for entry in both] == [1, 2]


async def test_a_cdr_kept_as_it_came_is_written_once_and_read_whole(make):
    store = make()
    await store.open()
    as_it_came, respelled = fact(cdr("C1"), "the CDR"), fact(cdr("C2"), "another", row=wire("in other words"))
    heard = []
    store.subscribe(heard.extend)
    for told in (as_it_came, respelled):
        await store.record(tell(told))
    await store.close()
    again = make()
    await again.open()
    read = await again.entries(0)
    assert read == heard
    assert [one.wire.data for one in read] == [b"the CDR", b"another"]
    assert await again.entries(0, numbers=[heard[0].no]) == heard[:1]
    first, second = (len(row[6]) for row in await again._fetch("entries", 0, 2, 10))
    assert first < second / 3
    await again.close()


async def test_a_cursor_is_known_at_once_and_after_a_restart(make):
    store = make()
    await store.open()
    cursor = Cursor(PLACES, through=7, ahead=(9, 11), failures=2, retry_at=at(30), alert="slow")
    for through in range(8):
        await store.settle(replace(cursor, through=through))
    assert await store.cursors() == [cursor]
    await store.close()
    again = make()
    await again.open()
    assert await again.cursors() == [cursor]
    await again.close()


async def test_a_cursor_is_written_soon_without_anybody_else_writing(make):
    store = make()
    await store.open()
    await store.settle(Cursor(PLACES, through=7))
    await asyncio.sleep(0.3)
    assert not store._writer.cursors
    assert [cursor.through for cursor in await store.cursors()] == [7]
    await store.close()


async def test_the_shelf_and_the_cursor_that_passed_it_are_written_together(store):
    await store.settle(Cursor(CHARGES, through=1), [shelved()])
    await store.settle(Cursor(PLACES, through=2), [shelved(PLACES, 2), shelved(PLACES, 3)])
    lying = await store.shelf()
    assert [(item.id, item.seq) for item in lying] == [(1, 1), (2, 2), (3, 3)]
    assert await store.shelf(CHARGES) == lying[:1]
    assert {cursor.through for cursor in await store.cursors()} == {1, 2}
    await store.unshelve([1, 3])
    assert await store.shelf() == [lying[1]]
    assert (await store.counts())["shelf"] == 1


async def test_the_register_keeps_documents_by_shelf(store):
    await asyncio.gather(
        store.save("partner", "b", b"2"), store.save("partner", "a", b"1"), store.save("user", "a", b"3")
    )
    assert await store.all("partner") == [("a", b"1"), ("b", b"2")]
    await store.save("partner", "a", b"4")
    await store.remove("partner", "b")
    assert (await store.load("partner", "a"), await store.load("partner", "b")) == (b"4", None)
    assert await store.load("user", "a") == b"3"


async def test_counts_are_those_of_the_database(make):
    store = make()
    await store.open()
    await store.record(tell(site("1", "2")))
    before = await store.counts()
    await store.record(tell(fact(token())))
    await store.record(tell(fact(token())))
    counts = await store.counts()
    await store.close()
    assert (before["entries"], before["location"], before["evse"], before["token"]) == (1, 1, 2, 0)
    assert (counts["entries"], counts["token"], counts["waiting"], counts["shelf"]) == (2, 1, 0, 0)
    again = make()
    await again.open()
    assert await again.counts() == counts
    await again.close()


@pytest.mark.parametrize("party", [CPO_PARTY, EMSP_PARTY])
async def test_numbers_go_on_after_a_restart(make, party):
    receipts = []
    for number in range(3):
        store = make()
        await store.open()
        receipts.append(await store.record(tell(fact(session(f"{number}")), receiver=party)))
        await store.close()
    assert [(receipt.seq, receipt.no) for receipt in receipts] == [(1, 1), (2, 2), (3, 3)]


def test_what_a_journal_said_of_moved_evses_before_it_named_their_evse_ids_is_still_read():
    line = replace(entry(1, location_key(CPO, "L1"), Act.FACT), removed=("B", "\0A\0T1\0T2"))
    again = rows.entry(rows.journal_row(line))
    assert (again.removed, again.moved) == (("B",), (Moved("A", ("T1", "T2")),))


async def test_what_comes_while_all_is_counted_is_counted_once(store):
    await store.record(tell(site("1", "2")))
    coming = [store.record(tell(fact(token(f"{number}")))) for number in range(50)]
    counted = await asyncio.gather(store.counts(), *coming, store.counts())
    assert 1 <= counted[0]["entries"] <= 51
    assert counted[0]["entries"] == counted[0]["token"] + 1
    more = [store.record(tell(fact(token(f"more{number}")))) for number in range(50)]
    await asyncio.gather(*more)
    counts = await store.counts()
    assert (counts["entries"], counts["token"], counts["evse"]) == (101, 100, 2)
