"""Delivery: nothing lost, nothing backwards, nobody blocked by his neighbor."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.core.ports import CourierKey
from interroam.model.agreements import Policy, Terms
from interroam.model.facts import Fact, Verdict
from interroam.model.ids import Kind, Lane, Module
from tests.core.objects import (
    CPO,
    EMSP_PARTY,
    HUB_PARTY,
    agreement,
    at,
    cdr,
    evse,
    location,
    partner,
    session,
    status_change,
)
from tests.core.roundabout import Inbox, Roundabout, running

FIFO = {module: Terms(policy=Policy.FIFO) for module in Module}
NONE = {module: Terms(policy=Policy.NONE) for module in Module}


async def place(core: Roundabout, evses: int = 1) -> None:
    parts = tuple(Fact(evse(str(number))) for number in range(1, evses + 1))
    await core.tell("cpo", Fact(location(), parts=parts))


async def set_up(core: Roundabout, terms=None, **more) -> Inbox:
    await core.admit(partner("cpo", "FR*CPO/CPO"))
    inbox = await core.admit(partner("emsp", "DE*MSP/EMSP"))
    await core.agree(agreement(terms=terms, **more))
    return inbox


async def test_a_partner_that_was_down_gets_the_last_status_and_every_session(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await place(core)
        await core.dispatch.start()
        await core.drained()
        inbox.taken.clear()
        inbox.away = True
        for second, word in enumerate(["CHARGING", "BLOCKED", "AVAILABLE"], 1):
            await core.tell("cpo", status_change(word, at(second)))
            await core.tell("cpo", Fact(session(when=at(second), energy_kwh=second)))
        await core.until(lambda: inbox.tried >= 2)
        inbox.away = False
        await core.drained()
        sessions = [entry.body.energy_kwh for entry in inbox.taken if entry.key.kind is Kind.SESSION]
        statuses = [entry.seq for entry in inbox.taken if entry.key.kind is Kind.EVSE]
        assert sessions == [1, 2, 3]
        assert statuses[-1] == core.store.head() - 1
        assert len(statuses) < 3


async def test_fifo_delivers_every_entry_of_an_object_in_order(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core, FIFO)
        await place(core)
        await core.dispatch.start()
        await core.drained()
        inbox.taken.clear()
        inbox.delay = 0.002
        for second in range(1, 11):
            await core.tell("cpo", status_change("CHARGING" if second % 2 else "AVAILABLE", at(second)))
        await core.drained()
        assert inbox.seqs == sorted(inbox.seqs)
        assert len(inbox.seqs) == 10
        assert inbox.most_at_once == 1


async def test_different_objects_go_side_by_side_within_the_window(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        for number in range(40):
            base = location(id=f"L{number}")
            await core.tell("cpo", Fact(base, parts=(Fact(evse("1", location_id=base.id)),)))
        inbox.delay = 0.01
        await core.dispatch.start()
        await core.drained()
        assert len(inbox.taken) == 40
        assert 8 <= inbox.most_at_once <= 16


@pytest.mark.statement("OCPI-183")
async def test_toward_a_hub_everything_goes_strictly_one_after_another(tmp_path):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        hub = await core.admit(partner("hub", "FR*107/HUB"))
        await core.agree(agreement(emsp="FR*107/HUB"))
        await core.dispatch.start()
        await place(core, evses=2)
        await core.drained()
        hub.taken.clear()
        hub.delay = 0.002
        for second in range(1, 6):
            await core.tell("cpo", status_change("CHARGING" if second % 2 else "AVAILABLE", at(second), "1"))
            await core.tell("cpo", status_change("CHARGING" if second % 2 else "AVAILABLE", at(second), "2"))
            await core.tell("cpo", Fact(session(when=at(second), energy_kwh=second)))
        await core.tell("cpo", Fact(cdr()))
        hub.away = True
        await asyncio.sleep(0.02)
        hub.away = False
        await core.drained()
        assert hub.seqs == sorted(set(hub.seqs))
        assert len(hub.seqs) == 16
        assert hub.most_at_once == 1
        assert core.dispatch.courier(CourierKey(HUB_PARTY, Lane.ALL)) is not None


async def test_under_strict_a_lane_that_nobody_takes_stops_with_an_alert_and_loses_nothing(tmp_path):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        hub = await core.admit(partner("hub", "FR*107/HUB"))
        await core.agree(agreement(emsp="FR*107/HUB"))
        await core.dispatch.start()
        hub.chokes_on = lambda entry: entry.key.kind is Kind.SESSION
        await core.tell("cpo", Fact(session()))
        await core.tell("cpo", Fact(cdr()))
        courier = core.dispatch.courier(CourierKey(HUB_PARTY, Lane.ALL))
        await core.until(lambda: bool(courier.cursor.alert))
        assert hub.taken == []
        assert await core.store.shelf() == []
        hub.chokes_on = lambda _: False
        courier.resume()
        await core.drained()
        assert [entry.key.kind for entry in hub.taken] == [Kind.SESSION, Kind.CDR]


async def test_what_a_partner_refuses_lies_on_the_shelf_and_can_be_retried(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.refuses = lambda entry: entry.key.kind is Kind.SESSION
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        await core.tell("cpo", Fact(cdr()))
        await core.drained()
        (shelved,) = await core.store.shelf()
        assert shelved.message == "not like this"
        assert [entry.key.kind for entry in inbox.taken] == [Kind.CDR]
        inbox.refuses = lambda _: False
        assert await core.dispatch.retry([shelved.id]) == 1
        await core.until(lambda: len(inbox.taken) == 2)
        for _ in range(100):
            if not await core.store.shelf():
                break
            await asyncio.sleep(0.01)
        assert await core.store.shelf() == []


async def test_an_entry_that_keeps_failing_while_others_succeed_is_shelved_as_poison(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.chokes_on = lambda entry: entry.key.id == "bad"
        await core.dispatch.start()
        await core.tell("cpo", Fact(session("bad")))
        number = 0
        while not (shelf := await core.store.shelf()):
            number += 1
            await core.tell("cpo", Fact(session(f"good-{number}")))
            await asyncio.sleep(0.01)
            assert number < 500
        assert shelf[0].poison
        assert shelf[0].tries == 5
        await core.drained()
        assert len(inbox.taken) == number


async def test_a_restart_sends_only_what_was_not_settled(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.chokes_on = lambda entry: entry.key.id == "s3"
        await core.dispatch.start()
        for number in range(6):
            await core.tell("cpo", Fact(session(f"S{number}")))
        await core.until(lambda: len(inbox.taken) == 5)
        first = set(inbox.seqs)
    async with running(tmp_path) as core:
        core.links["cpo"], inbox = Inbox(), Inbox()
        core.links["emsp"] = inbox
        await core.dispatch.start()
        await core.drained()
        assert [entry.key.id for entry in inbox.taken] == ["s3"]
        assert not first & set(inbox.seqs)


async def test_a_new_agreement_is_seeded_with_the_picture_and_then_follows(tmp_path):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO", "FR*OTH/CPO"))
        inbox = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.dispatch.start()
        await place(core)
        await core.tell("cpo", Fact(location(owner=replace(CPO, code="OTH"))))
        await core.tell("cpo", Fact(session()))
        await core.agree(agreement())
        await core.drained()
        assert [(entry.key.kind, entry.key.owner, entry.seq) for entry in inbox.taken] == [
            (Kind.LOCATION, "fr*cpo", 0)
        ]  # the other CPO's place is not covered, and charges of before are not sent
        await core.tell("cpo", status_change("CHARGING", at(5)))
        await core.drained()
        assert inbox.taken[-1].fields == {"status"}


async def test_an_agreement_that_comes_while_a_courier_catches_up_is_seeded_too(tmp_path, monkeypatch):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO", "FR*OTH/CPO"))
        inbox = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.dispatch.start()
        await place(core)
        await core.tell("cpo", Fact(location(owner=replace(CPO, code="OTH"))))
        asked, free, since = asyncio.Event(), asyncio.Event(), core.dispatch.since

        async def slow(after, limit):
            asked.set()
            await free.wait()
            return await since(after, limit)

        monkeypatch.setattr(core.dispatch, "since", slow)
        await core.agree(agreement())
        await asyncio.wait_for(asked.wait(), 5)
        await core.agree(agreement(id="other", cpos=("FR*OTH/CPO",)))
        free.set()
        await core.drained()
        assert [entry.key.owner for entry in inbox.taken] == ["fr*cpo", "fr*oth"]


async def test_a_seed_that_was_interrupted_goes_on_where_it_was(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        for number in range(450):
            await core.tell("cpo", Fact(location(id=f"L{number}")))
        inbox.delay = 0.001
        inbox.chokes_on = lambda entry: entry.key.id == "l300"
        await core.dispatch.start()
        await core.until(lambda: len(inbox.taken) >= 295)
    async with running(tmp_path) as core:
        core.links["cpo"], again = Inbox(), Inbox()
        core.links["emsp"] = again
        await core.dispatch.start()
        await core.drained()
        sent = {entry.key.id for entry in again.taken}
        assert "l0" not in sent
        assert {f"l{number}" for number in range(300, 450)} <= sent


async def test_the_policy_none_delivers_nothing(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core, NONE)
        await core.dispatch.start()
        await place(core)
        await core.drained()
        assert inbox.tried == 0


async def test_a_paused_courier_waits_and_a_resumed_one_catches_up(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await core.dispatch.start()
        await core.tell("cpo", Fact(session("S1")))
        await core.drained()
        courier = core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.CHARGES))
        courier.pause()
        await core.tell("cpo", Fact(session("S2")))
        await asyncio.sleep(0.05)
        assert len(inbox.taken) == 1
        courier.resume()
        await core.drained()
        assert len(inbox.taken) == 2


async def test_a_replay_sends_again_what_came_after(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await core.dispatch.start()
        receipts = [await core.tell("cpo", Fact(session(f"S{number}"))) for number in range(4)]
        await core.drained()
        core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.CHARGES)).replay(receipts[1].seq)
        await core.drained()
        assert inbox.seqs[4:] == [receipts[2].seq, receipts[3].seq]


@pytest.mark.parametrize("policy", [Policy.LATEST, Policy.STRICT])
async def test_who_was_away_for_longer_than_the_journal_goes_back_gets_the_picture_again(tmp_path, policy):
    terms = {module: Terms(policy=policy) for module in Module}
    async with running(tmp_path) as core:
        inbox = await set_up(core, terms)
        await core.dispatch.start()
        await place(core, evses=2)
        await core.drained()
        inbox.away = True
        await core.tell("cpo", status_change("CHARGING", at(1)))
        await core.tell("cpo", Fact(location(id="L2")))
        await core.tell("cpo", status_change("BLOCKED", at(2), uid="2"))
    async with running(tmp_path) as core:
        dropped = await core.store.retain(core.clock.now() + timedelta(days=40))
        assert dropped["evse"] == 1  # the newest entry stays
        core.links["cpo"], again = Inbox(), Inbox()
        core.links["emsp"] = again
        again.away = True
        await core.dispatch.start()
        await core.until(lambda: again.tried >= 1)
    async with running(tmp_path) as core:  # what was missed is known after a restart as well
        core.links["cpo"], again = Inbox(), Inbox()
        core.links["emsp"] = again
        await core.dispatch.start()
        await core.drained()
        assert again.seqs[-2:] == [0, 0]  # after what was left of the entries
        assert [entry.key.id for entry in again.taken[-2:]] == ["l1", "l2"]
        assert set(again.seqs[:-2]) == {3, 4}
        await core.tell("cpo", status_change("CHARGING", at(3), uid="2"))
        await core.drained()
        assert [entry.seq for entry in again.taken].count(0) == 2


async def test_more_than_the_backlog_is_fetched_from_the_journal(tmp_path, monkeypatch):
    monkeypatch.setattr("interroam.core.delivering.courier.BACKLOG", 10)
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await core.dispatch.start()
        inbox.delay = 0.001
        await asyncio.gather(*(core.tell("cpo", Fact(session(f"S{number}"))) for number in range(200)))
        await core.drained()
        assert len(inbox.taken) == 200


async def test_an_agreement_that_ends_stops_places_and_lets_open_charges_run(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await place(core)
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        await core.drained()
        await core.agree(agreement(ends=core.clock.now()))
        inbox.taken.clear()
        await core.tell("cpo", status_change("CHARGING", at(30)))
        receipt = await core.tell("cpo", Fact(cdr()))
        await core.drained()
        assert receipt.verdict is Verdict.RECORDED
        assert [entry.key.kind for entry in inbox.taken] == [Kind.CDR]
