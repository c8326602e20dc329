"""When there is too much to do, acknowledging goes before delivering."""

import asyncio
import time

from interroam.core.delivering.turns import CALM, FEW, WINDOW_S, Turns


def idle():
    """Seconds computed by a process that does nothing."""
    return 0.0


async def rush(turns, seconds):
    """Let facts come in all the time."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        turns.committed()
        await asyncio.sleep(WINDOW_S / 4)


async def test_a_delivery_goes_at_once_while_there_is_time():
    turns = Turns(spent=idle)
    await rush(turns, 4 * WINDOW_S)
    assert not turns.scarce
    await asyncio.wait_for(turns.turn(), 1)


async def test_while_facts_take_all_the_time_deliveries_go_a_few_at_a_time():
    turns = Turns(spent=time.perf_counter)
    await rush(turns, 4 * WINDOW_S)
    waiting = [asyncio.ensure_future(turns.turn()) for _ in range(1000)]
    await rush(turns, 4 * WINDOW_S)
    gone = sum(one.done() for one in waiting)
    assert FEW <= gone < 500
    await asyncio.sleep((CALM + 5) * WINDOW_S)
    assert not turns.scarce
    await asyncio.wait_for(asyncio.gather(*waiting), 5)


async def test_one_that_gives_up_takes_nobodys_turn():
    turns = Turns(spent=time.perf_counter)
    await rush(turns, 4 * WINDOW_S)
    waiting = [asyncio.ensure_future(turns.turn()) for _ in range(5 * FEW)]
    await asyncio.sleep(0)
    for one in waiting[::2]:
        one.cancel()
    await asyncio.wait_for(asyncio.gather(*waiting[1::2]), 5)
