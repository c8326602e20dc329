"""A status holds as long as its owner said; after that nothing is known, and everybody concerned is told so, once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.rules.statuses import lapsed, next_end
from interroam.model.facts import SELF, Body, Change, Merge, Origin, Stored, Telling, Verdict, Wire
from interroam.model.ids import Kind, Lane
from interroam.model.places import Evse

if TYPE_CHECKING:
    from interroam.core.hub import Hub

_PAGE = 100


async def lapse(hub: Hub) -> int:
    """State that nothing is known of statuses whose time is over; returns of how many (EMIP-60)."""
    now = hub.clock.now()
    stated = 0
    while True:
        overdue = await hub.store.due(Kind.EVSE, now, _PAGE)
        ends = [_end_of(row, now, hub.ids.new()) for row in overdue]
        receipts = await asyncio.gather(*map(hub.store.record, ends))
        ended = sum(receipt.verdict is Verdict.RECORDED for receipt in receipts)
        stated += ended
        if len(overdue) < _PAGE or not ended:
            return stated


def _end_of(row: Stored, now: datetime, correlation: str) -> Telling:
    """Return the telling that ends what is over by now: as of its end, so that whatever came since holds."""
    ended = next_end(row.body.status) if isinstance(row.body, Evse) else None
    change = Change(row.key, frozenset({"status"}), ended or now, _without(now), own_time=True)
    return Telling(row.key, change, Origin(SELF, correlation=correlation), now, Lane.PLACES)


def _without(now: datetime) -> Merge:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        return (replace(body, status=lapsed(body.status, now)) if isinstance(body, Evse) else body), wire

    return merge
