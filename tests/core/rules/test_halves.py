"""A status stated by halves: each has its own time and its own end, and one word says both."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from interroam.core.rules.statuses import from_word, lapsed, next_end, one_word, with_availability, with_busy
from interroam.core.rules.verdicts import judge
from interroam.model.facts import Body, Change, Fact, Stored, Verdict, Wire, Withdrawal
from interroam.model.ids import evse_key, location_key
from interroam.model.places import Availability, Busy, EvseStatus
from tests.core.objects import CPO, HUB_PARTY, NOW, agreement, at, evse, location, partner, stored
from tests.core.roundabout import Roundabout, running

KEY = evse_key(CPO, "L1", "1")
LATER = at(1000)
NOTHING = EvseStatus("UNKNOWN", Availability.UNKNOWN)
WORKS, BROKEN = Availability.IN_SERVICE, Availability.OUT_OF_SERVICE


def available(availability: Availability, when: datetime, until: datetime | None = None) -> Change:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        return replace(body, status=with_availability(body.status, availability, when, until)), wire

    return Change(KEY, frozenset({"status"}), when, merge, own_time=True)


def busy(use: Busy, when: datetime, until: datetime | None = None, *, reserved: bool = False) -> Change:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        return replace(body, status=with_busy(body.status, use, when, until, reserved=reserved)), wire

    return Change(KEY, frozenset({"status"}), when, merge, own_time=True)


def judged(row: Stored, change: Change, now: datetime = LATER) -> tuple[Verdict, Stored]:
    judged = judge(change, row, now)
    verdict, body, wire, judged_at, updated = judged.verdict, judged.body, judged.wire, judged.judged_at, judged.updated
    return verdict, row if body is None else replace(row, body=body, wire=wire, judged_at=judged_at, updated=updated)


def known(*changes: Change) -> Stored:
    row = stored(evse(status=NOTHING))
    for change in changes:
        verdict, row = judged(row, change)
        assert verdict is Verdict.RECORDED
    return row


# -- one word ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("availability", "use", "reserved", "word"),
    [
        (WORKS, Busy.FREE, False, "AVAILABLE"),
        (WORKS, Busy.OCCUPIED, False, "CHARGING"),
        (WORKS, Busy.OCCUPIED, True, "CHARGING"),
        (WORKS, Busy.FREE, True, "RESERVED"),
        (WORKS, Busy.UNKNOWN, True, "RESERVED"),
        (WORKS, Busy.UNKNOWN, False, "UNKNOWN"),
        (BROKEN, Busy.FREE, False, "OUTOFORDER"),
        (BROKEN, Busy.OCCUPIED, False, "OUTOFORDER"),
        (BROKEN, Busy.FREE, True, "OUTOFORDER"),
        (Availability.PLANNED, Busy.FREE, False, "PLANNED"),
        (Availability.REMOVED, Busy.OCCUPIED, False, "REMOVED"),
        (Availability.UNKNOWN, Busy.OCCUPIED, False, "CHARGING"),
        (Availability.UNKNOWN, Busy.FREE, True, "RESERVED"),
        (Availability.UNKNOWN, Busy.FREE, False, "UNKNOWN"),
        (Availability.UNKNOWN, Busy.UNKNOWN, False, "UNKNOWN"),
    ],
)
def test_two_halves_make_one_word(availability, use, reserved, word):
    one = with_busy(with_availability(NOTHING, availability, NOW), use, NOW, reserved=reserved)
    other = with_availability(with_busy(NOTHING, use, NOW, reserved=reserved), availability, NOW)
    assert one.word == other.word == one_word(one) == word


def test_a_half_after_a_status_in_one_word_keeps_the_other_half():
    status = with_availability(from_word("CHARGING", NOW), BROKEN, at(5))
    assert (status.word, status.busy, status.busy_at, status.at) == ("OUTOFORDER", Busy.OCCUPIED, NOW, at(5))
    assert with_availability(status, WORKS, at(6)).word == "CHARGING"
    assert with_busy(from_word("CHARGING", NOW), Busy.FREE, at(-1)).word == "CHARGING"


# -- verdicts ----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-86")
@pytest.mark.parametrize("absent", [Availability.PLANNED, Availability.REMOVED])
def test_a_half_that_says_that_an_evse_is_there_now_is_more_than_a_status(absent):
    row = known(available(absent, at(1)))
    assert row.body.changed_at is None
    _, row = judged(row, busy(Busy.FREE, at(2)))
    assert row.body.changed_at is None
    _, row = judged(row, available(WORKS, at(3)))
    assert row.body.changed_at == at(3)
    _, row = judged(row, available(BROKEN, at(4)))
    assert row.body.changed_at == at(3)


@pytest.mark.statement("EMIP-52")
def test_a_half_is_stale_by_its_own_time_alone():
    row = known(available(WORKS, at(10)), busy(Busy.FREE, at(50)))
    assert judged(row, available(BROKEN, at(9))) == (Verdict.STALE, row)
    assert judged(row, busy(Busy.OCCUPIED, at(49))) == (Verdict.STALE, row)
    verdict, row = judged(row, available(BROKEN, at(20)))  # older than the other half, newer than its own
    assert verdict is Verdict.RECORDED
    assert (row.body.status.word, row.body.status.at) == ("OUTOFORDER", at(50))
    assert (row.body.last_updated, row.updated, row.judged_at) == (at(50), at(50), at(50))


def test_the_same_half_again_is_unchanged_and_still_refreshes_its_time():
    row = known(available(WORKS, at(10)), busy(Busy.FREE, at(50)))
    verdict, row = judged(row, available(WORKS, at(30)))
    assert verdict is Verdict.UNCHANGED
    assert row.body.status.availability_at == at(30)
    assert judged(row, available(BROKEN, at(29)))[0] is Verdict.STALE
    assert judged(row, available(WORKS, at(30)))[0] is Verdict.STALE  # says nothing, and the use is newer
    assert judged(row, busy(Busy.FREE, at(60)))[0] is Verdict.UNCHANGED


def test_a_time_far_ahead_is_compared_as_the_time_it_came():
    verdict, row = judged(stored(evse(status=NOTHING)), available(WORKS, at(90_000)), NOW)
    assert verdict is Verdict.RECORDED
    assert row.body.status.availability_at == NOW
    assert judged(row, available(BROKEN, at(60)), at(60))[0] is Verdict.RECORDED


def test_another_end_of_the_same_half_is_news():
    row = known(busy(Busy.OCCUPIED, at(10), at(100)))
    verdict, row = judged(row, busy(Busy.OCCUPIED, at(20), at(200)))
    assert (verdict, row.body.status.busy_until) == (Verdict.RECORDED, at(200))


# -- ends --------------------------------------------------------------------------------------------------------------


def test_a_half_whose_time_is_over_is_unknown_and_the_other_half_stays():
    status = with_busy(with_availability(NOTHING, WORKS, NOW, at(100)), Busy.OCCUPIED, NOW, at(50))
    assert next_end(status) == at(50)
    assert lapsed(status, at(49)) == status
    ended = lapsed(status, at(50))
    assert (ended.availability, ended.busy, ended.busy_until, ended.word) == (WORKS, Busy.UNKNOWN, None, "UNKNOWN")
    assert next_end(ended) == at(100)
    assert lapsed(ended, at(100)).availability is Availability.UNKNOWN


async def site(core: Roundabout) -> None:
    await core.admit(partner("cpo", "FR*CPO/CPO"))
    await core.admit(partner("emsp", "DE*MSP/EMSP"))
    await core.agree(agreement())
    await core.tell("cpo", Fact(location(), parts=(Fact(evse("1", status=NOTHING)), Fact(evse("2")))))
    await core.tell("cpo", available(WORKS, at(0)))


async def word(core: Roundabout) -> str:
    return (await core.store.get(KEY)).body.status.word


@pytest.mark.statement("EMIP-60")
async def test_a_status_whose_time_is_over_is_unknown_and_everybody_is_told_once(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await site(core)
        await core.dispatch.start()
        now = core.clock.now()
        await core.tell("cpo", busy(Busy.FREE, now))
        await core.tell("cpo", busy(Busy.OCCUPIED, now, now + timedelta(seconds=5)))
        assert await core.hub.sweep() == 0
        assert await word(core) == "CHARGING"
        core.clock.forward(seconds=8)
        await core.drained()
        taken = len(core.links["emsp"].taken)
        assert await core.hub.sweep() == 1
        assert await core.hub.sweep() == 0
        assert await word(core) == "UNKNOWN"
        await core.until(lambda: len(core.links["emsp"].taken) == taken + 1)
        assert core.links["emsp"].taken[-1].fields == {"status"}


@pytest.mark.statement("EMIP-60")
async def test_an_end_is_stated_after_a_restart_and_not_where_a_newer_status_came(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await site(core)
        await core.tell("cpo", busy(Busy.OCCUPIED, at(0), at(1)))
    async with running(tmp_path, HUB_PARTY) as core:
        assert await word(core) == "CHARGING"
        core.clock.forward(seconds=2)
        await core.tell("cpo", busy(Busy.FREE, core.clock.now(), None))
        assert await core.hub.sweep() == 0
        assert await word(core) == "AVAILABLE"
        await core.tell("cpo", busy(Busy.OCCUPIED, core.clock.now(), core.clock.now()))
    async with running(tmp_path, HUB_PARTY) as core:
        core.clock.forward(minutes=5)  # each hour begins anew, however long the one before took
        assert await core.hub.sweep() == 1
        assert await word(core) == "UNKNOWN"


async def test_many_ends_at_once_are_stated_in_one_sweep_and_none_of_a_place_that_is_gone(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        ends = EvseStatus("CHARGING", WORKS, Busy.OCCUPIED, busy_until=at(0))
        await core.tell("cpo", Fact(location(), parts=tuple(Fact(evse(str(one), status=ends)) for one in range(250))))
        gone = Fact(replace(location(), id="L2"), parts=(Fact(evse(location_id="L2", status=ends)),))
        await core.tell("cpo", gone)
        await core.tell("cpo", Withdrawal(location_key(CPO, "L2"), core.clock.now()))
        core.clock.forward(seconds=1)
        assert await core.hub.sweep() == 250
        assert await core.hub.sweep() == 0
