"""What is not taken now is tried again, later each time, and nothing is given up for a partner that is away."""

from __future__ import annotations

import pytest

from interroam.core.ports import CourierKey
from interroam.model.errors import Reason, Unavailable
from interroam.model.facts import Fact
from interroam.model.ids import Lane
from tests.core.delivering.test_courier import set_up
from tests.core.objects import EMSP_PARTY, session
from tests.core.roundabout import Inbox, running


@pytest.mark.parametrize("number", [1, 5])
async def test_a_partner_that_is_away_poisons_nothing(tmp_path, number):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.away = True
        await core.dispatch.start()
        for one in range(number):
            await core.tell("cpo", Fact(session(f"S{one}")))
        await core.until(lambda: inbox.tried > number)
        inbox.most_at_once, tried = 0, inbox.tried
        await core.until(lambda: inbox.tried > tried + (4 if number == 1 else 2))
        assert inbox.most_at_once == 1  # one is tried for all
        inbox.away = False
        await core.drained()
        assert await core.store.shelf() == []
        assert len(inbox.taken) == number


async def test_a_partner_that_says_when_to_come_back_is_left_alone_until_then_also_by_another_process(tmp_path):
    def full(_):
        raise Unavailable(Reason.OVERLOADED, "later", retry_after=280.0)

    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.chokes_on = full
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        courier = core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.CHARGES))
        await core.until(lambda: courier.cursor.failures)
        assert (courier.cursor.retry_at - core.clock.now()).total_seconds() > 200
    async with running(tmp_path) as core:
        core.links["cpo"], core.links["emsp"] = Inbox(), Inbox()
        await core.dispatch.start()
        courier = core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.CHARGES))
        await core.until(lambda: courier.waiting)
        assert core.links["emsp"].tried == 0


async def test_the_back_off_survives_a_restart(tmp_path):
    async with running(tmp_path) as core:
        inbox = await set_up(core)
        inbox.away = True
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        courier = core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.CHARGES))
        await core.until(lambda: courier.cursor.failures >= 4)
    async with running(tmp_path) as core:
        (cursor,) = [one for one in await core.store.cursors() if one.key.lane is Lane.CHARGES]
        assert cursor.failures >= 4
        assert cursor.retry_at is not None
