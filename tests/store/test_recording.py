"""What becomes of a telling: verdict, picture and journal."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.model.charges import Command, CommandState
from interroam.model.facts import Act, Change, Moved, Verdict, Withdrawal
from interroam.model.ids import Kind, evse_key, location_key
from interroam.model.places import Availability
from tests.core.objects import (
    CPO,
    CPO_PARTY,
    EMSP_PARTY,
    NOW,
    at,
    cdr,
    connector,
    evse,
    location,
    session,
    status_change,
    token,
)
from tests.store.told import DRIVER_PARTY, SESSION_KEY, appended, fact, site, tell, wire

PLACE = location_key(CPO, "L1")
POINT = evse_key(CPO, "L1", "1")


async def test_a_fact_is_in_the_journal_and_in_the_picture_when_the_answer_comes(store):
    receipt = await store.record(tell(fact(token(), "token"), refs=("token:rfid:1",), subject=b"s", contract=b"c"))
    assert (receipt.verdict, receipt.seq, receipt.created) == (Verdict.RECORDED, 1, True)
    (entry,) = await store.entries(0)
    assert (entry.act, entry.body, entry.wire, entry.origin, entry.correlation) == (
        Act.FACT, token(), wire("token"), "cpo", "corr-1",
    )  # fmt: skip
    assert (entry.subject, entry.contract, entry.created, entry.hub_id) == (b"s", b"c", True, receipt.hub_id)
    row = await store.get(token().key)
    assert (row.body, row.wire, row.no, row.hub_id, row.version) == (
        token(), wire("token"), receipt.no, receipt.hub_id, 1,
    )  # fmt: skip
    assert store.head() == 1


async def test_what_is_told_twice_is_recorded_once(store):
    first = await store.record(tell(fact(cdr(), "cdr")))
    again = await store.record(tell(fact(cdr(), "cdr")))
    assert (again.verdict, again.seq, again.no, again.hub_id) == (Verdict.UNCHANGED, 0, first.no, first.hub_id)
    assert len(await store.entries(0)) == 1


async def test_a_cdr_that_says_something_else_is_a_conflict_and_changes_nothing(store):
    await store.record(tell(fact(cdr(), "cdr")))
    other = await store.record(tell(fact(cdr(currency="CHF"), "other")))
    assert other.verdict is Verdict.CONFLICT
    assert (await store.get(cdr().key)).body == cdr()


async def test_an_unchanged_fact_with_a_newer_time_keeps_the_time_but_makes_no_entry(store):
    await store.record(tell(fact(token())))
    receipt = await store.record(tell(fact(token(when=at(60))), at(60)))
    assert (receipt.verdict, store.head()) == (Verdict.UNCHANGED, 1)
    row = await store.get(token().key)
    assert (row.updated, row.version) == (at(60), 1)


async def test_a_stale_fact_writes_nothing(store):
    await store.record(tell(fact(token(when=at(60))), at(60)))
    receipt = await store.record(tell(fact(token(valid=False)), at(61)))
    assert (receipt.verdict, receipt.seq) == (Verdict.STALE, 0)
    assert (await store.get(token().key)).body.valid


async def test_a_change_to_what_nobody_knows_is_unknown(store):
    receipt = await store.record(tell(status_change("CHARGING", NOW)))
    assert (receipt.verdict, receipt.seq, receipt.no) == (Verdict.UNKNOWN, 0, 0)
    assert await store.entries(0) == []


async def test_an_evse_of_an_unknown_location_is_unknown(store):
    assert (await store.record(tell(fact(evse())))).verdict is Verdict.UNKNOWN
    assert await store.get(POINT) is None


async def test_a_status_changes_the_evse_and_leaves_the_message_in_the_journal(store):
    await store.record(tell(site("1", "2")))
    change = replace(status_change("CHARGING", at(5)), wire=wire("patch"))
    receipt = await store.record(tell(change, at(5)))
    assert receipt.verdict is Verdict.RECORDED
    entry = (await store.entries(1))[0]
    assert (entry.act, entry.key, entry.fields, entry.body, entry.wire) == (
        Act.CHANGE, POINT, frozenset({"status"}), None, wire("patch"),
    )  # fmt: skip
    row = await store.get(POINT)
    assert (row.body.status.word, row.version, row.updated) == ("CHARGING", receipt.seq, at(5))


async def test_a_location_with_its_evses_is_one_entry(store):
    receipt = await store.record(tell(site("1", "2", text="whole")))
    (entry,) = await store.entries(0)
    assert (entry.key, entry.wire, entry.body, entry.removed) == (PLACE, wire("whole"), location(), ())
    assert (await store.get(PLACE)).wire == wire("place")
    ((first, second),) = await store.evses([PLACE])
    assert (first.body.uid, second.body.uid, first.wire) == ("1", "2", wire("evse 1"))
    assert {first.version, second.version} == {receipt.seq}
    assert [row.body.uid for row in await store.by_ref("evse:frcpoe2")] == ["2"]


async def test_an_evse_left_out_of_its_location_is_removed(store):
    await store.record(tell(site("A", "b")))
    receipt = await store.record(tell(site("b", when=at(60)), at(60)))
    assert receipt.verdict is Verdict.RECORDED
    entry = (await store.entries(1))[0]
    assert (entry.removed, entry.created) == (("A",), False)
    gone = await store.get(evse_key(CPO, "L1", "a"))
    assert gone.body.status.availability is Availability.REMOVED
    again = await store.record(tell(site("b", when=at(120)), at(120)))
    assert again.verdict is Verdict.UNCHANGED


@pytest.mark.parametrize("former", [None, "FR*CPO*E1"])
async def test_an_evse_that_may_have_moved_into_a_selection_is_named_as_it_was(store, former):
    point = evse("A", evse_id=former, connectors=(connector(tariff_ids=("T1",)),))
    await store.record(tell(fact(location(), parts=(fact(point),))))

    def merge(body, wire):
        return replace(body, evse_id="FR*CPO*E2"), wire

    await store.record(tell(Change(evse_key(CPO, "L1", "A"), frozenset({"evse_id"}), at(5), merge), at(5)))
    (entry,) = await store.entries(1)
    assert entry.moved == (Moved("A", ("T1",), former),)


async def test_a_location_without_parts_leaves_its_evses_alone(store):
    await store.record(tell(site("1")))
    await store.record(tell(fact(location(at(60), name="New")), at(60)))
    assert (await store.get(POINT)).body.status.word == "AVAILABLE"


async def test_a_location_of_which_only_an_evse_is_new_is_recorded(store):
    await store.record(tell(site("1")))
    receipt = await store.record(tell(site("1", "2", when=at(9)), at(9)))
    assert (receipt.verdict, receipt.seq, receipt.created) == (Verdict.RECORDED, 2, False)
    assert (await store.get(PLACE)).version == 2
    assert (await store.get(POINT)).version == 1


async def test_of_two_evses_with_one_uid_the_later_one_counts(store):
    twice = site("1", "1")
    other = replace(twice.parts[1], body=evse("1", "CHARGING"))
    await store.record(tell(replace(twice, parts=(twice.parts[0], other))))
    ((only,),) = await store.evses([PLACE])
    assert only.body.status.word == "CHARGING"


async def test_what_is_withdrawn_stays_known_under_its_hub_id_and_may_come_back(store):
    first = await store.record(tell(fact(token())))
    gone = await store.record(tell(Withdrawal(token().key, at(1)), at(1)))
    assert (gone.verdict, (await store.get(token().key)).withdrawn) == (Verdict.RECORDED, True)
    change = Change(token().key, frozenset({"valid"}), at(2), lambda body, old: (body, old))
    assert (await store.record(tell(change, at(2)))).verdict is Verdict.UNKNOWN
    back = await store.record(tell(fact(token(when=at(3))), at(3)))
    assert (back.verdict, back.created, back.hub_id, back.no) == (Verdict.RECORDED, True, first.hub_id, first.no)
    assert (await store.by_hub_id(first.hub_id)).withdrawn is False
    assert [entry.act for entry in await store.entries(0)] == [Act.FACT, Act.WITHDRAWAL, Act.FACT]


async def test_the_evses_of_a_withdrawn_location_take_no_status_any_more(store):
    await store.record(tell(site("1")))
    await store.record(tell(Withdrawal(PLACE, at(1)), at(1)))
    assert (await store.record(tell(status_change("CHARGING", at(2)), at(2)))).verdict is Verdict.UNKNOWN


async def test_the_receiver_and_the_agreement_stay_until_another_is_told(store):
    await store.record(tell(fact(session(), "s"), receiver=DRIVER_PARTY, agreement="a-1", subject=b"s"))
    await store.record(tell(appended(SESSION_KEY, "more", at(1)), at(1)))
    row, entry = await store.get(SESSION_KEY), (await store.entries(1))[0]
    assert (row.receiver, row.agreement, row.subject) == (EMSP_PARTY, "a-1", b"s")
    assert (entry.receiver, entry.agreement, entry.subject) == (EMSP_PARTY, "a-1", b"s")


async def test_a_command_is_due_until_it_is_settled(store):
    command = Command(
        id="1", name="START_SESSION", state=CommandState.PENDING, asker=EMSP_PARTY, target=CPO_PARTY, reply="",
        deadline=at(30), asked_at=NOW,
    )  # fmt: skip
    await store.record(tell(fact(command), due=at(30)))
    assert [row.key for row in await store.due(Kind.COMMAND, at(30))] == [command.key]
    assert await store.due(Kind.COMMAND, at(29)) == []
    settle = Change(
        command.key, frozenset({"state"}), at(10),
        lambda body, old: (replace(body, state=CommandState.SETTLED, settled_at=at(10)), old),
    )  # fmt: skip
    assert (await store.record(tell(settle, at(10)))).verdict is Verdict.RECORDED
    assert await store.due(Kind.COMMAND, at(99)) == []
    assert (await store.record(tell(settle, at(11)))).verdict is Verdict.STALE


async def test_hundreds_of_changes_at_once_to_one_object_lose_none(store):
    await store.record(tell(fact(session(), "0")))
    words = [str(number) for number in range(1, 301)]
    when = [NOW + timedelta(milliseconds=number) for number in range(1, 301)]
    told = (store.record(tell(appended(SESSION_KEY, word, at), at)) for word, at in zip(words, when, strict=True))
    receipts = await asyncio.gather(*told)
    assert [receipt.seq for receipt in receipts] == list(range(2, 302))
    assert (await store.get(SESSION_KEY)).wire == wire(" ".join(["0", *words]))
    assert [entry.wire.data.decode() for entry in await store.entries(1)] == words


async def test_changes_from_many_sides_in_many_groups_lose_none(store):
    await store.record(tell(fact(session(), "0")))

    async def one_side(name: str) -> None:
        for number in range(20):
            when = at(1)
            await store.record(tell(appended(SESSION_KEY, f"{name}{number}", when), when))

    await asyncio.gather(*(one_side(name) for name in "abcdefghijklmnop"))
    words = (await store.get(SESSION_KEY)).wire.data.decode().split()
    assert len(words) == len(set(words)) == 1 + 16 * 20


@pytest.mark.parametrize("kinds", [{Kind.EVSE}, {Kind.TOKEN}])
async def test_entries_are_found_by_kind(store, kinds):
    await asyncio.gather(
        store.record(tell(site("1"))),
        store.record(tell(status_change("CHARGING", at(5)), at(5))),
        store.record(tell(fact(token()))),
    )
    assert {entry.key.kind for entry in await store.entries(0, kinds=kinds)} == kinds


async def test_a_message_that_is_late_in_part_is_not_passed_on_as_it_stood(store):
    await store.record(tell(site("1", "2")))
    await store.record(tell(status_change("CHARGING", at(60)), at(60)))
    late = site("1", "2", when=at(30), name="Renamed")
    assert (await store.record(tell(late, at(61)))).verdict is Verdict.RECORDED
    entry = (await store.entries(0))[-1]
    assert entry.wire is None  # its receivers get what holds now
    assert (await store.get(POINT)).body.status.word == "CHARGING"
    newer = site("1", "2", when=at(90), name="Again")
    await store.record(tell(newer, at(91)))
    assert (await store.entries(0))[-1].wire == newer.wire
