"""One timer for all who wait equally long."""

import asyncio

from interroam.protocols.emip.server.patience import Patience


async def test_whoever_still_waits_when_the_time_is_over_is_late_in_the_order_of_coming():
    late = []
    patience = Patience(late.append)
    for name in ("a", "b", "c"):
        patience.begin(name, 0.05)
    patience.begin("slow", 30.0)
    patience.end("b")
    await asyncio.sleep(0.03)
    patience.begin("d", 0.05)
    await asyncio.sleep(0.035)
    assert late == ["a", "c"]
    await asyncio.sleep(0.05)
    assert late == ["a", "c", "d"]
    patience.stop()


async def test_it_begins_anew_after_nobody_waited():
    late = []
    patience = Patience(late.append)
    patience.begin("a", 0.01)
    patience.end("a")
    await asyncio.sleep(0.03)
    patience.begin("b", 0.01)
    await asyncio.sleep(0.03)
    assert late == ["b"]
