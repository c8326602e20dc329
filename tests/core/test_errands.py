"""Work that nobody waits for."""

import asyncio

from interroam.core.errands import Errands


async def test_an_errand_runs_to_its_end_unless_it_is_stopped_before():
    errands, done, never = Errands(), asyncio.Event(), asyncio.Event()
    ended = []

    async def quick():
        done.set()

    async def endless():
        try:
            await never.wait()
        finally:
            ended.append("stopped")

    errands.begin(quick())
    errands.begin(endless())
    await done.wait()
    await errands.stop()
    assert ended == ["stopped"]
