"""Work that nobody waits for."""

import asyncio

from interroam.core.chores import Chores


async def test_a_chore_runs_to_its_end_unless_it_is_stopped_before():
    chores, done, never = Chores(), asyncio.Event(), asyncio.Event()
    ended = []

    async def quick():
        done.set()

    async def endless():
        try:
            await never.wait()
        finally:
            ended.append("stopped")

    chores.begin(quick())
    chores.begin(endless())
    await done.wait()
    await chores.stop()
    assert ended == ["stopped"]
