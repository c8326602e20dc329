"""Pages and other ways to find what is known."""

import asyncio
from itertools import pairwise

import pytest
from msgspec.structs import replace

from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.model.facts import Withdrawal
from interroam.model.ids import Kind, Party, PartyId, Role, evse_key, location_key
from interroam.model.places import Availability, EvseStatus
from interroam.model.traits import Trait
from interroam.store.finding import FEW
from tests.core.objects import CPO, EMSP_PARTY, NOW, at, cdr, evse, location, session, status_change, token
from tests.store.told import fact, site, tell

OTHER = PartyId.of("FR", "OTH")
SOMEBODY = Party(PartyId.of("NL", "ZZZ"), Role.EMSP)


async def record(store, *tellings):
    for telling in tellings:
        await store.record(telling)


async def fill(store, count):
    await asyncio.gather(*(store.record(tell(fact(token(f"{number:03}")))) for number in range(count)))


async def crawl(store, query):
    """Go through all pages as a partner would, by the number each page hands out."""
    pages = [await store.page(query)]
    while pages[-1].next:
        pages.append(await store.page(replace(query, after=pages[-1].next, total=pages[0].total)))
    return pages


async def test_pages_come_in_order_of_creation_and_miss_nothing(store):
    await fill(store, 25)
    pages = await crawl(store, Query(kind=Kind.TOKEN, limit=10))
    assert [len(page.items) for page in pages] == [10, 10, 5]
    uids = [row.body.uid for page in pages for row in page.items]
    assert uids == [f"{number:03}" for number in range(25)]
    assert {page.total for page in pages} == {25}


async def test_an_offset_counts_from_the_start(store):
    await fill(store, 12)
    page = await store.page(Query(kind=Kind.TOKEN, offset=10, limit=5))
    assert ([row.body.uid for row in page.items], page.total, page.next) == (["010", "011"], 12, 0)
    beyond = await store.page(Query(kind=Kind.TOKEN, offset=50, limit=5))
    assert (beyond.items, beyond.total, beyond.next) == ((), 12, 0)


async def test_a_crawl_skips_nothing_when_objects_come_and_go_meanwhile(store):
    await fill(store, 9)
    first = await store.page(Query(kind=Kind.TOKEN, limit=3))
    await record(
        store,
        tell(Withdrawal(token("001").key, at(1)), at(1)),
        tell(Withdrawal(token("004").key, at(1)), at(1)),
        tell(fact(token("900"))),
    )
    rest = every(store.page, Query(kind=Kind.TOKEN, limit=3, after=first.next))
    assert [row.body.uid async for row in rest] == ["003", "005", "006", "007", "008", "900"]


async def test_a_page_shows_the_owners_asked_for_whatever_the_order_of_creation(store):
    await record(
        store, *(tell(fact(token(f"{n}", owner=owner))) for n, owner in enumerate((CPO, OTHER, CPO, OTHER, CPO)))
    )
    uids = {}
    for owners in (frozenset({CPO}), frozenset({OTHER}), frozenset({CPO, OTHER}), frozenset(), None):
        page = await store.page(Query(kind=Kind.TOKEN, owners=owners))
        uids[owners] = "".join(row.body.uid for row in page.items)
        assert page.total == len(page.items)
    assert list(uids.values()) == ["024", "13", "01234", "", "01234"]
    await record(store, tell(fact(token("5", owner=OTHER))))
    assert (await store.page(Query(kind=Kind.TOKEN, owners=frozenset({CPO, OTHER})))).total == 6
    assert (await store.page(Query(kind=Kind.TOKEN, owners=frozenset({CPO})))).total == 3


async def test_a_withdrawn_object_is_not_listed_until_it_comes_back_to_its_old_place(store):
    await fill(store, 3)
    query = Query(kind=Kind.TOKEN)
    assert (await store.page(query)).total == 3
    await record(store, tell(Withdrawal(token("001").key, at(1)), at(1)))
    assert [row.body.uid for row in (await store.page(query)).items] == ["000", "002"]
    await record(store, tell(fact(token("001", when=at(2))), at(2)))
    assert [row.body.uid for row in (await store.page(query)).items] == ["000", "001", "002"]


async def test_a_receiver_sees_its_own_charges_only(store):
    await record(
        store,
        tell(fact(session("1")), receiver=EMSP_PARTY),
        tell(fact(session("2")), receiver=SOMEBODY),
        tell(fact(session("3"))),
        tell(fact(cdr("1")), receiver=EMSP_PARTY),
    )

    async def seen(kind, receiver):
        return [row.body.id for row in (await store.page(Query(kind=kind, receiver=receiver))).items]

    assert await seen(Kind.SESSION, EMSP_PARTY) == ["1"]
    assert await seen(Kind.SESSION, None) == ["1", "2", "3"]
    await record(store, tell(fact(session("3", when=at(5))), at(5), receiver=EMSP_PARTY))
    assert await seen(Kind.SESSION, EMSP_PARTY) == ["1", "3"]
    assert await seen(Kind.CDR, EMSP_PARTY) == ["1"]
    assert await seen(Kind.CDR, SOMEBODY) == []


@pytest.mark.parametrize("asked_before", [True, False])
async def test_what_was_there_before_the_first_page_is_listed_also_after_a_restart(make, asked_before):
    store = make()
    await store.open()
    if asked_before:
        await store.page(Query(kind=Kind.SESSION, receiver=EMSP_PARTY))
    await record(
        store,
        tell(fact(session("1")), receiver=EMSP_PARTY),
        tell(fact(session("2"))),
        tell(Withdrawal(session("2").key, at(1)), at(1)),
    )
    pages = [await store.page(Query(kind=Kind.SESSION, receiver=receiver)) for receiver in (None, EMSP_PARTY)]
    await store.close()
    again = make()
    await again.open()
    later = [await again.page(Query(kind=Kind.SESSION, receiver=receiver)) for receiver in (None, EMSP_PARTY)]
    await again.close()
    assert pages == later
    assert [page.total for page in later] == [1, 1]


@pytest.mark.parametrize("asked_before", [True, False])
async def test_a_location_counts_as_updated_when_one_of_its_evses_is(store, asked_before):
    query = Query(kind=Kind.LOCATION, updated_from=at(100))
    if asked_before:
        assert (await store.page(query)).total == 0
    await record(
        store, tell(site("1")), tell(fact(location(id="L2"), parts=())), tell(fact(location(at(200), id="L3")), at(200))
    )
    await record(store, tell(status_change("CHARGING", at(100)), at(100)))

    async def listed(**dates):
        page = await store.page(Query(kind=Kind.LOCATION, **dates))
        assert page.total == len(page.items)
        return [row.body.id for row in page.items]

    assert await listed(updated_from=at(100)) == ["L1", "L3"]
    assert await listed(updated_from=at(101)) == ["L3"]
    assert await listed(updated_to=at(100)) == ["L2"]
    assert await listed(updated_from=NOW, updated_to=at(101)) == ["L1", "L2"]
    assert await listed(updated_from=at(100), updated_to=at(200)) == ["L1"]


async def test_sessions_are_listed_by_their_dates_owners_and_receivers(store):
    await record(
        store,
        *(tell(fact(session(f"{n}", when=at(n))), at(n), receiver=SOMEBODY if n % 2 else EMSP_PARTY) for n in range(8)),
    )
    query = Query(kind=Kind.SESSION, updated_from=at(2), updated_to=at(7), receiver=EMSP_PARTY, limit=2)
    pages = await crawl(store, query)
    assert [row.body.id for page in pages for row in page.items] == ["2", "4", "6"]
    assert pages[0].total == 3
    assert (await store.page(replace(query, owners=frozenset({OTHER})))).total == 0


async def test_objects_are_found_by_hub_id_number_and_reference(store):
    first = await store.record(tell(fact(session("1")), refs=("session:1", "auth:x")))
    second = await store.record(tell(fact(cdr("1")), refs=("session:1",)))
    assert (await store.by_hub_id(first.hub_id)).key == session("1").key
    assert await store.by_hub_id("nothing") is None
    assert [row.no for row in await store.by_no([second.no, 999, first.no])] == [second.no, first.no]
    assert [row.no for row in await store.by_ref("session:1")] == [first.no, second.no]
    assert [row.no for row in await store.by_ref("session:1", Kind.CDR)] == [second.no]
    assert await store.by_ref("session:2") == []


async def test_what_is_at_hand_is_what_would_be_read(store):
    card = await store.record(tell(fact(token("1")), refs=("token:1",)))
    await store.record(tell(fact(session("1")), refs=("token:1",)))
    assert store.named_at_hand("token:1", Kind.TOKEN) is None  # nobody has asked by this name before
    assert [row.no for row in await store.by_ref("token:1", Kind.TOKEN)] == [card.no]
    assert [row.no for row in store.named_at_hand("token:1", Kind.TOKEN)] == [card.no]
    assert store.named_at_hand("token:1", Kind.CDR) == []
    assert store.at_hand(token("1").key) == await store.get(token("1").key)
    assert store.at_hand(token("2").key) is None


@pytest.mark.parametrize("count", [3, FEW + 6])
async def test_what_came_last_under_a_reference_is_found_first(store, count):
    names = [f"S{number:03}" for number in range(count)]
    await record(store, *(tell(fact(session(name)), refs=("profile:1",)) for name in names))
    assert [row.body.id for row in await store.newest("profile:1", 2)] == names[:-3:-1]
    assert [row.body.id for row in await store.newest("profile:1", 200)] == names[::-1]
    assert await store.newest("profile:2") == []


async def test_hub_ids_are_uuids_in_the_order_of_creation(store):
    await fill(store, 40)
    hub_ids = [row.hub_id for row in (await store.page(Query(kind=Kind.TOKEN))).items]
    assert all(one < two for one, two in pairwise(hub_ids))
    assert {(len(one), one[14], one[19] in "89ab") for one in hub_ids} == {(36, "7", True)}


async def test_the_evses_of_locations_come_in_the_order_asked_for(store):
    await record(store, tell(site("1", "2")), tell(fact(location(id="L2"))))
    keys = [location_key(CPO, name) for name in ("L2", "nowhere", "L1")]
    assert [[row.body.uid for row in some] for some in await store.evses(keys)] == [[], [], ["1", "2"]]
    await record(store, tell(fact(evse("3"))))
    assert [[row.body.uid for row in some] for some in await store.evses(keys)] == [[], [], ["1", "2", "3"]]


async def test_locations_of_which_nothing_is_left_are_left_out_where_only_what_stands_is_asked_for(make):
    def place(name: str, *uids: str):
        parts = tuple(fact(evse(uid, location_id=name)) for uid in uids)
        return tell(fact(location(id=name), parts=parts))

    def word(name: str, uid: str, said: str, minute: int):
        availability = Availability.REMOVED if said == "REMOVED" else Availability.IN_SERVICE
        now = EvseStatus(word=said, availability=availability, at=at(minute))
        changed = replace(status_change(said, at(minute)), merge=lambda body, wire: (replace(body, status=now), wire))
        return tell(replace(changed, key=evse_key(CPO, name, uid)), at(minute))

    async def standing(store):
        query = Query(kind=Kind.LOCATION, standing=True, limit=2)
        first = (await store.page(query)).total
        found = [row.body.id async for row in every(store.page, query)]
        assert len(found) == first
        return found

    async def changed(store, since=1):
        query = Query(kind=Kind.LOCATION, gone=True, updated_from=at(since), limit=1)
        return [row.body.id async for row in every(store.page, query)]

    store = make()
    await store.open()
    await record(store, place("L1", "a", "b"), place("L2", "a"), place("L3"), word("L1", "a", "REMOVED", 1))
    assert await standing(store) == ["L1", "L2", "L3"]
    await record(store, word("L1", "b", "REMOVED", 2), word("L2", "a", "REMOVED", 2), word("L2", "a", "AVAILABLE", 3))
    assert await standing(store) == ["L2", "L3"]
    assert (await store.page(Query(kind=Kind.LOCATION))).total == 3
    await store.close()

    again = make()
    await again.open()
    assert await standing(again) == ["L2", "L3"]
    assert await changed(again) == ["L1", "L2"]
    await record(again, word("L2", "a", "REMOVED", 4), tell(fact(evse("c", when=at(5))), at(5)))
    assert await standing(again) == ["L1", "L3"]
    await record(again, tell(Withdrawal(location_key(CPO, "L1"), at(6)), at(6)))
    assert (await standing(again), await changed(again)) == (["L3"], ["L1", "L2"])
    await again.close()

    again = make()
    await again.open()
    assert (await standing(again), await changed(again)) == (["L3"], ["L1", "L2"])
    await record(again, tell(fact(location(at(7))), at(7)))
    assert (await standing(again), await changed(again, 7)) == (["L3"], ["L1"])
    await again.close()


CREDIT = {"credit": True, "credit_of": "C1"}
NO_CREDIT, NO_HOME, PUBLISHED = (frozenset({one}) for one in (Trait.CREDIT, Trait.HOME_CHARGING, Trait.UNPUBLISHED))


async def ids(store, kind=Kind.CDR, **asked):
    pages = await crawl(store, Query(kind=kind, limit=2, **asked))
    found = [row.body.id for page in pages for row in page.items]
    assert {page.total for page in pages} == {len(found)}
    assert all(len(page.items) == 2 for page in pages[:-1])
    return found


async def test_what_is_hidden_is_in_no_page_and_in_no_count_whenever_it_came(make):
    store = make()
    await store.open()
    for number in range(6):
        said = CREDIT if number % 3 == 1 else {"home_charging": True} if number % 3 == 2 else {}
        await record(store, tell(fact(cdr(f"C{number}", **said)), receiver=EMSP_PARTY if number < 4 else SOMEBODY))
    for opened in range(2):  # from memory, and from what was written
        if opened:
            store = make()
            await store.open()
        assert await ids(store, hidden=NO_CREDIT, receiver=EMSP_PARTY) == ["C0", "C2", "C3"]
        assert await ids(store, hidden=NO_CREDIT | NO_HOME) == ["C0", "C3"] + ["C7"] * opened
        assert await ids(store, hidden=NO_HOME, updated_from=at(-1)) == ["C0", "C1", "C3", "C4"] + ["C6", "C7"] * opened
        assert len(await ids(store)) == 6 + 2 * opened
        if not opened:
            await record(store, tell(fact(cdr("C6", **CREDIT))), tell(fact(cdr("C7"))))
            assert await ids(store, hidden=NO_CREDIT) == ["C0", "C2", "C3", "C5", "C7"]
        await store.close()


async def test_a_place_is_hidden_from_the_moment_it_is_unpublished_to_the_one_it_is_published(store):
    await record(store, *(tell(fact(location(id=f"L{number}", publish=number != 1))) for number in range(4)))
    assert await ids(store, Kind.LOCATION) == ["L0", "L1", "L2", "L3"]
    assert await ids(store, Kind.LOCATION, hidden=PUBLISHED) == ["L0", "L2", "L3"]
    for second, shown in ((1, False), (2, False), (3, True), (4, False), (5, True)):
        await record(store, tell(fact(location(id="L2", publish=shown, when=at(second)))))
        expected = ["L0", "L2", "L3"] if shown else ["L0", "L3"]
        assert await ids(store, Kind.LOCATION, hidden=PUBLISHED) == expected
        assert await ids(store, Kind.LOCATION, hidden=PUBLISHED, updated_from=at(-1)) == expected
        assert await ids(store, Kind.LOCATION) == ["L0", "L1", "L2", "L3"]
    await record(store, tell(fact(location(id="L2", publish=False, when=at(6)))))
    await record(store, tell(Withdrawal(location(id="L2").key, at(7))), tell(Withdrawal(location(id="L3").key, at(7))))
    assert await ids(store, Kind.LOCATION, hidden=PUBLISHED) == ["L0"]
    assert await ids(store, Kind.LOCATION, hidden=PUBLISHED, gone=True, updated_from=at(6)) == ["L3"]
    await record(store, tell(fact(location(id="L2", when=at(8)))))
    assert await ids(store, Kind.LOCATION, hidden=PUBLISHED) == ["L0", "L2"]
    assert await ids(store, Kind.LOCATION, hidden=PUBLISHED, owners=frozenset({CPO})) == ["L0", "L2"]  # never asked for


async def test_what_is_added_by_number_is_hidden_too(store):
    await record(store, *(tell(fact(location(id=f"L{number}", publish=number != 1))) for number in range(4)))
    also = [row.no for row in (await store.page(Query(kind=Kind.LOCATION))).items]
    nobody = frozenset[PartyId]()
    assert await ids(store, Kind.LOCATION, owners=nobody, also=also, hidden=PUBLISHED) == ["L0", "L2", "L3"]
    dated = {"updated_from": at(-1), "hidden": PUBLISHED}
    assert await ids(store, Kind.LOCATION, owners=nobody, also=also[:2], **dated) == ["L0"]


async def test_what_comes_while_traits_are_read_is_hidden_too(store, monkeypatch):
    await record(store, *(tell(fact(cdr(f"C{number}", **(CREDIT if number else {})))) for number in range(3)))
    await ids(store)
    search = store._search

    async def slow(name, *params):
        found = await search(name, *params)
        if name == "saying":
            await record(store, tell(fact(cdr(f"D{len(found)}", **CREDIT))))
        return found

    monkeypatch.setattr(store, "_search", slow)
    both = await asyncio.gather(*(store.page(Query(kind=Kind.CDR, hidden=NO_CREDIT)) for _ in range(2)))
    assert [[row.body.id for row in page.items] for page in both] == [["C0"]] * 2
    assert len(await ids(store)) == 5


async def test_what_changes_while_its_traits_are_read_is_hidden_as_it_is_now(store, monkeypatch):
    await record(store, tell(fact(location(publish=False))), tell(fact(location(id="L2"))))
    await ids(store, Kind.LOCATION)
    read = store.by_no

    async def overtaken(numbers):
        found = await read(numbers)
        if len(found) == 1:  # what says that it is not published
            await record(
                store, tell(fact(location(when=at(1)))), tell(fact(location(id="L2", publish=False, when=at(1))))
            )
        return found

    monkeypatch.setattr(store, "by_no", overtaken)
    page = await store.page(Query(kind=Kind.LOCATION, hidden=PUBLISHED, limit=1))
    assert ([row.body.id for row in page.items], page.total) == (["L1"], 1)
