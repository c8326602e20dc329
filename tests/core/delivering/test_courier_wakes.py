"""A courier never sleeps on what it owes, at whatever moment the next entry comes."""

import asyncio

from msgspec.structs import replace

from interroam.core.ports import CourierKey
from interroam.model.agreements import Policy
from interroam.model.facts import Fact
from interroam.model.ids import Lane, Party
from tests.core.objects import agreement, partner, session
from tests.core.roundabout import running


async def test_an_entry_that_comes_in_any_step_after_a_delivery_goes_out_at_once(tmp_path):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        hub = await core.admit(partner("hub", "FR*107/HUB"))
        await core.agree(agreement(emsp="FR*107/HUB"))
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        await core.drained()
        courier = core.dispatch.courier(CourierKey(Party.parse("FR*107/HUB"), Lane.ALL))
        last = hub.taken[-1]
        for steps in range(30):
            courier.feed(replace(last, seq=last.seq + 1_000 + 2 * steps), Policy.STRICT)
            taken = len(hub.taken)
            while len(hub.taken) == taken:  # noqa: ASYNC110  each step of the loop counts here
                await asyncio.sleep(0)
            for _ in range(steps):
                await asyncio.sleep(0)
            courier.feed(replace(last, seq=last.seq + 1_001 + 2 * steps), Policy.STRICT)
            await core.until(lambda: courier.idle, seconds=1.0)
