"""People: passwords, log-ins that end, ranks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interroam.core.audit import LOCAL, Actor, Audit, Rank
from interroam.core.keys import Keyring
from interroam.core.office.people import IDLE, LONGEST, People
from interroam.core.uuid7 import Uuid7
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.store import SqliteStore
from tests.clocks import StillClock
from tests.core.objects import NOW

PASSWORD = "correct horse battery"


def beginning(store, clock, keyring) -> People:
    return People(store, clock, keyring, Audit(store, clock, Uuid7(clock)))


async def restarted(people, clock, store) -> People:
    """Begin anew with the same register and the same keys."""
    again = beginning(store, clock, people._keyring)
    await again.load()
    return again


@pytest.fixture
async def people(tmp_path):
    store, clock = SqliteStore(tmp_path / "interroam.db"), StillClock(NOW)
    await store.open()
    people = beginning(store, clock, Keyring.fresh())
    await people.put(LOCAL, "ada", PASSWORD, Rank.OPERATOR, bodies=False)
    yield people, clock, store
    await store.close()


async def test_a_password_gives_a_token_that_says_who_is_there(people):
    people, _, _ = people
    ticket = await people.log_in("ada", PASSWORD)
    assert people.recognize(ticket.token) == Actor("ada", Rank.OPERATOR, bodies=False)


@pytest.mark.statement("OCPI-12")
async def test_a_token_ends_after_twenty_minutes_unless_it_is_used_and_after_twelve_hours_anyway(people):
    people, clock, _ = people
    unused = await people.log_in("ada", PASSWORD)
    used = await people.log_in("ada", PASSWORD)
    clock.at += IDLE / 2
    people.recognize(used.token)
    clock.at += IDLE / 2
    people.recognize(used.token)
    with pytest.raises(Refused) as no:
        people.recognize(unused.token)
    assert no.value.reason is Reason.UNAUTHENTICATED
    while clock.at < NOW + LONGEST - IDLE / 2:
        clock.at += IDLE / 2
        people.recognize(used.token)
    clock.at = NOW + LONGEST
    with pytest.raises(Refused):
        people.recognize(used.token)


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong horse battery"), ("eve", PASSWORD), ("", "")])
async def test_a_wrong_name_or_password_gets_nothing(people, name, password):
    people, _, _ = people
    with pytest.raises(Refused) as no:
        await people.log_in(name, password)
    assert no.value.reason is Reason.UNAUTHENTICATED


async def test_after_five_misses_guessing_has_to_wait(people):
    people, clock, _ = people
    for _ in range(5):
        with pytest.raises(Refused):
            await people.log_in("ada", "a guess of mine")
    with pytest.raises(Unavailable):
        await people.log_in("ada", PASSWORD)
    clock.at += timedelta(minutes=6)
    assert await people.log_in("ada", PASSWORD)


async def test_removing_somebody_or_changing_a_password_ends_their_log_ins(people):
    people, _, _ = people
    first = await people.log_in("ada", PASSWORD)
    await people.put(LOCAL, "ada", "another horse battery", Rank.OPERATOR, bodies=False)
    with pytest.raises(Refused):
        people.recognize(first.token)
    second = await people.log_in("ada", "another horse battery")
    await people.remove(LOCAL, "ada")
    with pytest.raises(Refused):
        people.recognize(second.token)


async def test_who_logs_out_is_out_also_after_a_restart_and_elsewhere_stays_logged_in(people):
    people, clock, store = people
    here, elsewhere = await people.log_in("ada", PASSWORD), await people.log_in("ada", PASSWORD)
    ada = people.recognize(here.token)
    await people.log_out(ada, here.token)
    for still in (people, await restarted(people, clock, store)):
        with pytest.raises(Refused) as no:
            still.recognize(here.token)
        assert no.value.reason is Reason.UNAUTHENTICATED
        assert still.recognize(elsewhere.token) == ada


async def test_a_log_in_from_before_a_new_key_can_still_be_ended(people, tmp_path):
    people, _, _ = people
    people._keyring.renew(Keyring.load(tmp_path / "keys"))
    ticket = await people.log_in("ada", PASSWORD)
    people._keyring.renew(Keyring.rotate(tmp_path / "keys"))
    await people.log_out(people.recognize(ticket.token), ticket.token)
    with pytest.raises(Refused):
        people.recognize(ticket.token)


async def test_changing_a_rank_without_a_password_keeps_the_password(people):
    people, _, _ = people
    ticket = await people.log_in("ada", PASSWORD)
    await people.put(LOCAL, "ada", None, Rank.VIEWER, bodies=True)
    assert people.recognize(ticket.token) == Actor("ada", Rank.VIEWER, bodies=True)
    assert await people.log_in("ada", PASSWORD)


async def test_the_store_holds_no_password_and_lists_show_no_hash(people):
    people, _, store = people
    ((_, kept),) = await store.all("user")
    assert PASSWORD.encode() not in kept
    assert b"$argon2id$" in kept
    assert people.users(LOCAL)[0].password == ""


async def test_a_short_password_is_refused(people):
    people, _, _ = people
    with pytest.raises(Refused):
        await people.put(LOCAL, "eve", "short", Rank.VIEWER, bodies=False)


async def test_a_restart_logs_nobody_out_and_gives_nobody_more_time(people):
    people, clock, store = people
    ticket, idle = await people.log_in("ada", PASSWORD), await people.log_in("ada", PASSWORD)
    clock.at += IDLE / 2
    people.recognize(ticket.token)
    await people.keep()
    clock.at += IDLE / 2
    again = await restarted(people, clock, store)
    assert again.recognize(ticket.token) == Actor("ada", Rank.OPERATOR, bodies=False)
    with pytest.raises(Refused):
        again.recognize(idle.token)
    assert len(await store.all("login")) == 1
    clock.at = NOW + LONGEST
    with pytest.raises(Refused):
        (await restarted(people, clock, store)).recognize(ticket.token)
    assert await store.all("login") == []


async def test_who_was_logged_out_stays_so_after_a_restart(people):
    people, clock, store = people
    ticket = await people.log_in("ada", PASSWORD)
    again = await restarted(people, clock, store)
    assert again.recognize(ticket.token).name == "ada"
    await again.put(LOCAL, "ada", "another horse battery", Rank.OPERATOR, bodies=False)
    with pytest.raises(Refused):
        (await restarted(people, clock, store)).recognize(ticket.token)


async def test_the_register_holds_no_token(people):
    people, _, store = people
    ticket = await people.log_in("ada", PASSWORD)
    ((name, body),) = await store.all("login")
    assert ticket.token not in name
    assert ticket.token.encode() not in body
