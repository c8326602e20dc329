"""Retention, erasure and backup."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.core.ports import Query
from interroam.model.errors import Unavailable
from interroam.model.facts import Entry, Receipt, Verdict, Withdrawal
from interroam.model.ids import Kind, Lane
from interroam.store.postgres import PostgresStore
from interroam.store.retention import Retention
from tests.core.objects import NOW, at, cdr, session, status_change, token
from tests.store.told import SESSION_KEY, Forgetting, appended, fact, site, tell, wire

YEAR = timedelta(days=366)


async def test_statuses_go_after_a_month_and_cdrs_stay(store):
    await store.record(tell(site("1")))
    for day in range(1, 41, 10):
        when = NOW + timedelta(days=day)
        await store.record(tell(status_change(f"WORD{day}", when), when))
        await store.record(tell(fact(cdr(f"{day}", when=when)), when))
    counted = await store.counts()
    dropped = await store.retain(NOW + timedelta(days=45))
    assert dropped == {"evse": 2, "trace days": 0, "trace blocks stripped": 0}
    kept = await store.entries(0)
    assert [entry.key.kind for entry in kept].count(Kind.CDR) == 4
    assert [entry.seq for entry in kept if entry.key.kind is Kind.EVSE] == [6, 8]
    assert (store.oldest(Lane.PLACES), store.oldest(Lane.CHARGES), store.oldest()) == (5, 1, 5)
    assert (await store.counts())["entries"] == counted["entries"] - 2
    assert (await store.get(status_change("", NOW).key)).body.status.word == "WORD31"


async def test_the_newest_entry_stays_however_old_so_that_numbers_never_come_again(make):
    store = make()
    await store.open()
    for number in range(3):
        await store.record(tell(fact(session(f"{number}"))))
    await store.retain(NOW + 3 * YEAR)
    assert [entry.seq for entry in await store.entries(0)] == [3]
    await store.close()
    again = make()
    await again.open()
    assert (again.oldest(Lane.CHARGES), (await again.record(tell(fact(cdr())))).seq) == (3, 4)
    await again.close()


async def test_what_an_object_said_of_a_former_driver_is_found_as_well(store):
    former, driver, contract = b"F" * 16, b"D" * 16, b"C" * 16
    await store.record(tell(fact(session("S1"), "words"), subject=former, contract=contract))
    await store.record(tell(fact(session("S1", when=at(1)), "other words"), subject=driver, contract=contract))
    assert await store.erase(Forgetting(former)) == 1  # the entry of then
    assert await store.erase(Forgetting(driver)) == 2
    assert await store.erase(Forgetting(contract)) == 3
    assert await store.erase(Forgetting(b"N" * 16)) == 0


async def test_a_card_that_was_erased_is_known_by_the_key_it_got(store):
    await store.record(tell(fact(token("1")), subject=b"driver"))
    gone = token("z")  # beyond every other id

    def rewrite(row):
        return replace(row, key=gone.key, body=gone) if row.key.kind is Kind.TOKEN else row

    await store.erase(Forgetting(b"driver", rewrite=rewrite))
    assert (await store.record(tell(fact(gone)))).verdict is Verdict.UNCHANGED
    assert (await store.page(Query(kind=Kind.TOKEN))).total == 1


async def test_an_erased_driver_is_rewritten_in_picture_and_journal(make):
    store = make()
    await store.open()
    await store.record(tell(fact(session(), "card 1A2B"), subject=b"driver", contract=b"contract"))
    await store.record(tell(appended(SESSION_KEY, "more", NOW)))
    await store.record(tell(fact(token("else"), "card else"), subject=b"else"))

    def rewrite(row):
        if isinstance(row, Entry) and row.body is None:
            return replace(row, wire=wire("a person"))
        return replace(row, body=replace(row.body, token=replace(row.body.token, uid="#1")), wire=wire("a person"))

    assert await store.erase(Forgetting(b"contract", rewrite=rewrite)) == 3
    for _ in range(2):
        row = await store.get(SESSION_KEY)
        assert (row.body.token.uid, row.wire, row.subject, row.version) == ("#1", wire("a person"), b"driver", 2)
        lines = await store.entries(0)
        assert [entry.wire for entry in lines] == [wire("a person"), wire("a person"), wire("card else")]
        assert lines[0].body.token.uid == "#1"
        assert (await store.get(token("else").key)).wire == wire("card else")
        await store.close()
        store = make()
        await store.open()
    assert (await store.record(tell(fact(cdr())))).verdict is Verdict.RECORDED
    await store.close()


async def test_a_backup_holds_what_was_recorded(store, tmp_path):
    for number in range(50):
        await store.record(tell(fact(token(f"{number}"), "x" * 2000)))
    heard = []
    await store.backup(str(tmp_path / "copy"), lambda done, of: heard.append((done, of)))
    assert heard
    assert heard[-1][0] == heard[-1][1]
    if isinstance(store, PostgresStore):
        assert (tmp_path / "copy" / "journal.copy").stat().st_size > 50 * 2000
    else:
        with sqlite3.connect(tmp_path / "copy") as copy:
            assert copy.execute("SELECT count(*) FROM journal").fetchone() == (50,)
    assert (await store.page(Query(kind=Kind.TOKEN))).total == 50


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
async def test_a_text_that_cannot_be_stored_harms_nobody_else(store, bad):
    """What one database takes the other may not; either way the others are recorded."""
    told = [tell(fact(token("good"))), tell(fact(token("bad")), refs=(f"a{bad}",)), tell(fact(token("better")))]
    outcomes = await asyncio.gather(*map(store.record, told), return_exceptions=True)
    assert [isinstance(outcomes[number], Receipt) for number in (0, 2)] == [True, True]
    assert isinstance(outcomes[1], Receipt | Unavailable)
    assert (await store.record(tell(fact(token("later"))))).verdict is Verdict.RECORDED


@pytest.mark.statement("EMIP-119")
async def test_whose_a_charge_was_is_forgotten_after_the_time_that_is_set_and_never_within_a_year(make):
    store = make(retention=Retention(drivers=YEAR.days + 30))
    await store.open()
    old, young = fact(session("old"), "card 1A2B"), fact(session("young", when=NOW + timedelta(days=60)), "card 1A2B")
    for one in (old, young):
        await store.record(tell(one, subject=b"driver", contract=b"contract"))
    await store.record(tell(fact(token("live")), subject=b"driver"))

    def rewrite(row):
        return replace(row, body=replace(row.body, token=replace(row.body.token, uid="#1")), wire=None)

    assert await store.forget(NOW + YEAR + timedelta(days=29), rewrite) == 0
    assert await store.forget(NOW + YEAR + timedelta(days=31), rewrite) == 2
    assert await store.forget(NOW + YEAR + timedelta(days=31), rewrite) == 0
    gone, kept = await store.get(old.key), await store.get(young.key)
    assert (gone.body.token.uid, gone.wire, gone.subject, gone.contract) == ("#1", None, b"", b"")
    assert (kept.body.token.uid, kept.wire) == (young.body.token.uid, wire("card 1A2B"))
    assert [(line.body.token.uid, line.wire) for line in (await store.entries(0))[:2]] == [
        ("#1", None),
        (young.body.token.uid, wire("card 1A2B")),
    ]
    assert (await store.get(token("live").key)).subject == b"driver"
    await store.close()
    hasty = make(retention=Retention(drivers=1))
    await hasty.open()
    assert await hasty.forget(NOW + timedelta(days=364), rewrite) == 0
    await hasty.close()


@pytest.mark.statement("EMIP-119")
async def test_whose_a_card_was_is_forgotten_once_it_went_or_expired_that_long_ago(make):
    store = make(retention=Retention(drivers=YEAR.days))
    await store.open()
    cards = {
        "live": token("live"),
        "gone": token("gone"),
        "over": token("over", expires=NOW + timedelta(days=1)),
        "lately": token("lately", expires=NOW + timedelta(days=90)),
    }
    for one in cards.values():
        await store.record(tell(fact(one, "card 1A2B"), subject=b"driver", contract=b"contract"))
    await store.record(tell(Withdrawal(cards["gone"].key, at(1))))

    def rewrite(row):
        return replace(row, wire=None)

    assert await store.forget(NOW + YEAR + timedelta(hours=1), rewrite) == 3  # what went, and what was said of it
    assert await store.forget(NOW + YEAR + timedelta(days=2), rewrite) == 2
    assert await store.forget(NOW + YEAR + timedelta(days=2), rewrite) == 0
    rows = {name: await store.get(one.key) for name, one in cards.items()}
    assert {name for name, row in rows.items() if row.subject or row.contract or row.wire} == {"live", "lately"}
    assert {name for name, row in rows.items() if row.withdrawn} == {"gone", "over"}
    await store.close()


async def test_an_erasure_that_is_given_up_half_way_keeps_its_turn_until_it_is_done(store):
    driver = b"D" * 16
    for number in range(20):
        await store.record(tell(fact(session(f"S{number}")), subject=driver))
    for number in range(150):
        erasing = asyncio.ensure_future(store.erase(Forgetting(driver)))
        await asyncio.sleep(0.00004 * number)
        erasing.cancel()
        assert (await store.record(tell(fact(cdr(f"C{number}"))))).seq == 21 + number
