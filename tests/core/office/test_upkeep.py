"""Couriers and the shelf under an operator's hand; drivers forgotten; keys rotated."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from interroam.core.audit import LOCAL
from interroam.core.keys import Keyring
from interroam.core.office.upkeep import courier_key
from interroam.core.pages import seq_before
from interroam.core.ports import CourierKey
from interroam.core.refs import token_ref
from interroam.model.errors import Refused
from interroam.model.facts import Fact
from interroam.model.ids import Kind, Lane, cdr_key, session_key
from tests.core.desk import open_office
from tests.core.objects import CPO, EMSP_PARTY, agreement, at, cdr, partner, session, status_change, token
from tests.core.objects import evse as an_evse
from tests.core.objects import location as a_location

CHARGES, PLACES = CourierKey(EMSP_PARTY, Lane.CHARGES), CourierKey(EMSP_PARTY, Lane.PLACES)


@pytest.fixture
async def busy(tmp_path):
    async with open_office(tmp_path) as (office, core):
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        inbox = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.agree(agreement())
        yield office, core, inbox


async def test_a_paused_courier_delivers_nothing_until_it_is_resumed(busy):
    office, core, inbox = busy
    await core.tell("cpo", Fact(session()))
    await core.until(lambda: len(inbox.taken) == 1)
    paused = await office.upkeep.pause(LOCAL, CHARGES)
    await core.tell("cpo", Fact(cdr()))
    await core.clock.sleep(5)
    assert (paused.paused, len(inbox.taken)) == (True, 1)
    await office.upkeep.resume(LOCAL, CHARGES)
    await core.until(lambda: len(inbox.taken) == 2)


async def test_a_drained_courier_has_delivered_what_was_owed_and_rests(busy):
    office, core, inbox = busy
    inbox.delay = 0.05
    for number in range(20):
        await core.tell("cpo", Fact(session(f"S{number}")))
    drained = await office.upkeep.drain(LOCAL, CHARGES, within=60)
    assert (drained.paused, drained.lag, len(inbox.taken)) == (True, 0, 20)


async def test_a_replay_delivers_everything_since_a_moment_again(busy):
    office, core, inbox = busy
    await core.tell("cpo", Fact(session("S1")))
    moment = core.clock.now() + timedelta(seconds=1)
    core.clock.forward(seconds=2)
    await core.tell("cpo", Fact(session("S2")))
    await core.tell("cpo", Fact(session("S3")))
    await core.until(lambda: len(inbox.taken) == 3)
    assert await seq_before(core.store, moment) == 1
    await office.upkeep.replay(LOCAL, CHARGES, moment)
    await core.until(lambda: len(inbox.taken) == 5)
    assert [entry.body.id for entry in inbox.taken][3:] == ["S2", "S3"]


async def test_an_unknown_courier_is_named(busy):
    office, _, _ = busy
    with pytest.raises(Refused):
        await office.upkeep.pause(LOCAL, courier_key("XX*YYY/EMSP", "charges"))
    with pytest.raises(Refused):
        courier_key("nonsense", "charges")


async def test_the_shelf_tells_what_was_refused_and_a_retry_clears_it(busy):
    office, core, inbox = busy
    inbox.refuses = lambda entry: entry.key.kind is Kind.CDR
    await core.tell("cpo", Fact(session()))
    await core.tell("cpo", Fact(cdr()))
    await core.drained()
    (shelved,) = await office.upkeep.shelf(LOCAL)
    assert (shelved.object, shelved.message) == ("cdr/fr*cpo/c1", "not like this")
    inbox.refuses = lambda _: False
    assert await office.upkeep.retry(LOCAL, [shelved.id]) == 1
    await core.until(lambda: inbox.taken[-1].key.kind is Kind.CDR)
    async with asyncio.timeout(5):
        while await office.upkeep.shelf(LOCAL):  # noqa: ASYNC110  the shelf sets no event
            await asyncio.sleep(0.01)


async def test_what_is_dropped_from_the_shelf_is_never_delivered(busy):
    office, core, inbox = busy
    inbox.refuses = lambda _: True
    await core.tell("cpo", Fact(session()))
    await core.drained()
    (shelved,) = await office.upkeep.shelf(LOCAL, CHARGES)
    await office.upkeep.drop(LOCAL, [shelved.id])
    assert await office.upkeep.shelf(LOCAL) == []
    assert inbox.taken == []


async def test_couriers_report_how_far_they_are(busy):
    office, core, _ = busy
    await core.tell("cpo", Fact(a_location(), parts=(Fact(an_evse()),)))
    await core.tell("cpo", status_change("CHARGING", at(60)))
    await core.drained()
    reports = {(one.party, one.lane): one for one in office.upkeep.couriers(LOCAL)}
    assert reports[("DE*MSP/EMSP", "places")].lag == 0


async def test_a_forgotten_driver_is_a_pseudonym_everywhere_and_the_amounts_stay(busy):
    office, core, _ = busy
    await core.tell("emsp", Fact(token()))
    await core.tell("cpo", Fact(session()))
    await core.tell("cpo", Fact(cdr()))
    assert await office.upkeep.erase_driver(LOCAL, "RFID", "1a2b3c4d") >= 6
    kept = await core.store.get(cdr_key(CPO, "C1"))
    told = await core.store.get(session_key(CPO, "S1"))
    assert (kept.body.total_cost, kept.body.total_energy_kwh) == (cdr().total_cost, cdr().total_energy_kwh)
    assert kept.body.token == told.body.token
    assert kept.body.token.uid.startswith("ERASED")
    for one in await core.store.entries(0, 100):
        assert "1a2b3c4d" not in repr(one).casefold()
    page = [row async for row in _every(core.store)]
    assert all("1a2b3c4d" not in repr(row).casefold() for row in page)
    assert "1a2b3c4d" not in repr(await office.audited(LOCAL)).casefold()
    assert await core.store.by_ref(token_ref("RFID", "1A2B3C4D")) == []
    assert await core.store.by_ref(token_ref("RFID", kept.body.token.uid)) != []


async def _every(store):
    for number in range(1, 10):
        for row in await store.by_no([number]):
            yield row


async def test_erasing_twice_changes_nothing(busy):
    office, core, _ = busy
    await core.tell("cpo", Fact(cdr()))
    await office.upkeep.erase_driver(LOCAL, "RFID", "1A2B3C4D")
    once = await core.store.get(cdr_key(CPO, "C1"))
    await office.upkeep.erase_driver(LOCAL, "RFID", "1A2B3C4D")
    assert await core.store.get(cdr_key(CPO, "C1")) == once


async def test_a_rotated_key_still_recognizes_and_opens_what_the_old_one_made(busy, tmp_path):
    office, _, _ = busy
    keyring = office.hub.book.keyring
    old, sealed = keyring.fingerprint("secret"), keyring.seal("text")
    assert await office.upkeep.rotate_keys(LOCAL) == 2
    assert old in keyring.fingerprints("secret")
    assert keyring.open(sealed) == "text"
    assert keyring.fingerprint("secret") != old
    assert Keyring.load(tmp_path / "keys.json").fingerprint("secret") == keyring.fingerprint("secret")
