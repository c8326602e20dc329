"""What a platform forgets of drivers, and when: by itself, at night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interroam.core.ports import Query
from interroam.model.ids import Kind
from interroam.store.retention import Retention
from tests.protocols.emip.charging import CARD, listed, world
from tests.waiting import eventually

OLD = "04BBBBBB"


async def night(node):
    """Have the upkeep of a night done."""
    schedules = node.app.office.rounds.schedules
    before = node.clock.now()
    await schedules.hasten("retention")
    await eventually(lambda: any(row.id == "retention" and (row.last or before) > before for row in schedules.rows))


async def known(node, card=CARD):
    """The kinds of objects that still say whose they are."""
    found = set()
    for kind in (Kind.TOKEN, Kind.AUTHORIZATION, Kind.SESSION, Kind.CDR):
        rows = (await node.store.page(Query(kind=kind))).items
        if any(card.casefold() in repr(row).casefold() for row in rows):
            found.add(kind)
    return found


@pytest.mark.statement("EMIP-119")
async def test_a_charge_and_a_card_are_nobody_s_after_their_time_and_traces_go_after_a_year(tmp_path):
    async with world(tmp_path, retention=Retention(drivers=400, traces=1)) as here:
        node = here.node
        soon = datetime.now(UTC) + timedelta(days=1)
        await listed(node)
        await listed(node, OLD, expires=soon)
        session = await here.allowed()
        assert (await here.bring(session)).status == 1
        await node.settled()
        everything = {Kind.TOKEN, Kind.AUTHORIZATION, Kind.SESSION, Kind.CDR}
        await node.restart()  # everything is written
        node.clock.forward(days=364)
        await night(node)
        assert await node.traces(session)
        assert await known(node) == everything
        node.clock.forward(days=4)
        await night(node)
        assert not await node.traces(session)
        assert (await known(node), await known(node, OLD)) == (everything, {Kind.TOKEN})
        node.clock.forward(days=40)
        await night(node)
        assert (await known(node), await known(node, OLD)) == ({Kind.TOKEN}, set())  # whose card is in force is known
