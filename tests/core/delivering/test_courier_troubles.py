"""What must not be lost, sent twice or left behind when something goes wrong at the worst moment."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from datetime import timedelta

import pytest

from interroam.core.ports import CourierKey
from interroam.model.agreements import Policy
from interroam.model.errors import Reason, Unavailable
from interroam.model.facts import Fact
from interroam.model.ids import Kind, Lane
from interroam.store.retention import YEAR
from tests.core.delivering.test_courier import FIFO, place, set_up
from tests.core.objects import EMSP_PARTY, agreement, at, evse, location, session, status_change
from tests.core.roundabout import Inbox, QuickClock, Roundabout, running
from tests.waiting import eventually

CHARGES = CourierKey(EMSP_PARTY, Lane.CHARGES)


def by_hand(core: Roundabout, statement: str) -> None:
    """Change the node's file from outside."""
    db = sqlite3.connect(core.store.path)
    db.execute(statement)
    db.commit()
    db.close()


async def test_a_refusal_that_the_store_cannot_write_down_is_written_later_and_its_charge_goes_on(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await core.dispatch.start()
        by_hand(core, "CREATE TRIGGER full BEFORE INSERT ON shelf BEGIN SELECT RAISE(FAIL, 'no room'); END")
        inbox.refuses = lambda entry: entry.body.energy_kwh == 1
        refused = await core.tell("cpo", Fact(session(energy_kwh=1)))
        await core.until(lambda: inbox.tried == 1)
        await core.tell("cpo", Fact(session("other")))
        await core.until(lambda: len(inbox.taken) == 1)
        await asyncio.sleep(0.05)
        cursors = {one.key: one for one in await core.store.cursors()}
        assert refused.seq not in cursors[CHARGES].ahead  # a crash now must not lose it
        assert cursors[CHARGES].through < refused.seq
        by_hand(core, "DROP TRIGGER full")
        await core.tell("cpo", Fact(session(when=at(1), energy_kwh=2)))
        await core.drained()
        assert [one.seq for one in await core.store.shelf()] == [refused.seq]
        assert [entry.body.energy_kwh for entry in inbox.taken][1:] == [2]


async def test_an_entry_that_could_not_be_looked_at_for_a_moment_goes_out_afterwards(tmp_path, monkeypatch):
    async with running(tmp_path) as core:
        inbox = await set_up(core, FIFO)
        await place(core)
        await core.dispatch.start()
        await core.drained()
        inbox.taken.clear()
        told, failed = core.hub.sight.told, []

        async def lost(receiver, entry):
            if not failed:
                failed.append(entry.seq)
                raise ConnectionResetError("the database is gone")
            return await told(receiver, entry)

        monkeypatch.setattr(core.hub.sight, "told", lost)
        for second in (1, 2):
            await core.tell("cpo", status_change("CHARGING" if second % 2 else "AVAILABLE", at(second)))
        await core.drained()
        assert len(inbox.taken) == 2
        assert inbox.seqs[0] == failed[0]


async def test_the_first_charge_that_a_party_is_owed_survives_a_crash_right_after_its_acknowledgment(tmp_path):
    async with running(tmp_path, clock=QuickClock(speed=0.001)) as core:  # nothing is written down by and by
        inbox = await set_up(core)
        await core.dispatch.start()
        inbox.away = True
        await core.tell("cpo", Fact(session()))
        crashed = tmp_path / "crashed"
        crashed.mkdir()
        await core.store.backup(str(crashed / "interroam.db"))
        shutil.copy(tmp_path / "keys.json", crashed)
    async with running(crashed) as core:
        core.links["cpo"], inbox = Inbox(), Inbox()
        core.links["emsp"] = inbox
        await core.dispatch.start()
        await core.drained()
        assert [entry.key.kind for entry in inbox.taken] == [Kind.SESSION]


async def test_what_comes_while_the_loss_of_old_entries_is_made_up_for_is_delivered(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await core.dispatch.start()
        for name in ("old", "last"):
            await core.tell("cpo", Fact(session(name)))
        await core.drained()
        await core.store.retain(core.clock.now() + timedelta(days=2 * YEAR))
        inbox.away = True
        courier = core.dispatch.courier(CHARGES)
        courier.replay(0)
        await core.until(lambda: courier.cursor.missed and courier.waiting > 0)
        await core.tell("cpo", Fact(session("meanwhile")))
        inbox.away = False
        await core.drained()
        assert {"last", "meanwhile"} <= {entry.key.id for entry in inbox.taken[2:]}


async def test_entries_dropped_while_they_are_read_are_made_up_for(tmp_path, monkeypatch):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await place(core)
        await core.dispatch.start()
        await core.tell("cpo", status_change("CHARGING", at(1)))
        await core.tell("cpo", Fact(session()))
        await core.drained()
        inbox.taken.clear()

        async def late(after, limit):
            await core.store.retain(core.clock.now() + timedelta(days=2 * YEAR))
            return await core.store.entries(after, limit, through=core.dispatch.routed)

        monkeypatch.setattr(core.dispatch, "since", late)
        core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.PLACES)).replay(0)
        await core.until(lambda: Kind.LOCATION in [entry.key.kind for entry in inbox.taken])
        await core.drained()


async def test_the_dispatch_goes_on_after_a_moment_in_which_the_store_failed(tmp_path, monkeypatch):
    async with running(tmp_path) as core:
        await set_up(core)
        tick, failed = core.dispatch.dating.tick, []

        async def failing():
            if not failed:
                failed.append(True)
                raise Unavailable(Reason.FAILED, "no room")
            await tick()

        monkeypatch.setattr(core.dispatch.dating, "tick", failing)
        await core.dispatch.start()
        await core.until(lambda: bool(failed))
        await core.tell("cpo", Fact(session()))

        async def written() -> bool:
            return [one.through for one in await core.store.cursors() if one.key == CHARGES] == [1]

        await eventually(written)


async def test_a_partner_that_limits_its_rate_poisons_nothing(tmp_path):
    async with running(tmp_path, clock=QuickClock(speed=500)) as core:
        inbox = await set_up(core)
        inbox.excuse = Unavailable(Reason.FAILED, "too many requests", reached=True, retry_after=1)
        inbox.chokes_on = lambda _: inbox.tried % 4 != 0  # takes one of four, whichever it is
        await core.dispatch.start()
        for number in range(60):
            await core.tell("cpo", Fact(session(f"S{number}")))
        await core.drained()
        assert await core.store.shelf() == []
        assert len(inbox.taken) == 60


async def test_what_waits_for_a_party_when_its_agreement_ends_is_not_sent_any_more(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        await place(core)
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        await core.drained()
        inbox.taken.clear()
        inbox.away = True
        await core.tell("cpo", status_change("CHARGING", at(1)))
        await core.tell("cpo", Fact(session(when=at(1), energy_kwh=2)))
        await core.agree(agreement(ends=core.clock.now()))
        inbox.away = False
        await core.drained()
        assert [entry.key.kind for entry in inbox.taken] == [Kind.SESSION]


async def test_a_pause_stops_a_seeding_that_is_under_way(tmp_path, monkeypatch):
    monkeypatch.setattr("interroam.core.delivering.courier._PAGE", 1)
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        for number in range(20):
            base = location(id=f"L{number}")
            await core.tell("cpo", Fact(base, parts=(Fact(evse("1", location_id=base.id)),)))
        inbox.delay = 0.005
        await core.dispatch.start()
        await core.until(lambda: len(inbox.taken) >= 2)
        courier = core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.PLACES))
        courier.pause()
        taken = len(inbox.taken)
        await asyncio.sleep(0.05)
        assert len(inbox.taken) <= taken + 1
        courier.resume()
        await core.drained()
        assert len({entry.key for entry in inbox.taken}) == 20


async def test_an_entry_from_the_shelf_that_is_tried_twice_at_once_goes_out_once(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.refuses = lambda _: True
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        await core.drained()
        (shelved,) = await core.store.shelf()
        inbox.refuses = lambda _: False
        inbox.delay = 0.01
        await core.dispatch.retry([shelved.id])
        await core.dispatch.retry([shelved.id])

        async def empty() -> bool:
            return not await core.store.shelf()

        await eventually(empty)
        await core.drained()
        assert len(inbox.taken) == 1


@pytest.mark.parametrize("policy", [Policy.LATEST, Policy.FIFO])
async def test_statuses_of_evses_of_one_location_overtake_their_own_alone(tmp_path, policy):
    async with running(tmp_path) as core:
        inbox = await set_up(core, {**FIFO} if policy is Policy.FIFO else None)
        await place(core, evses=3)
        await core.dispatch.start()
        await core.drained()
        inbox.taken.clear()
        inbox.away = True
        for second in range(1, 31):
            word = "CHARGING" if second % 2 else "BLOCKED"
            for uid in "123":
                await core.tell("cpo", status_change(word, at(second), uid))
        inbox.away = False
        await core.drained()
        head = core.store.head()
        assert inbox.seqs == sorted(inbox.seqs)
        assert inbox.seqs[-3:] == [head - 2, head - 1, head]
        if policy is Policy.LATEST:
            assert len(inbox.taken) <= 4  # one may have been on its way
        else:
            assert len(inbox.taken) == 90
