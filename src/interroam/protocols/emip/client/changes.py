"""Changes of EVSEs pushed to eMSPs that have switched a flow on (EMIP-62, EMIP-63).

A flow knows how far its eMSP has acknowledged it, and each push holds what changed since, at most 200 EVSEs, each once.
The couriers say when there is something new; what comes while a push is under way goes with the next one. A push that
fails leaves the flow where it was, so nothing is lost: its changes are merged into the next.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from interroam.core.chores import all_of, ended
from interroam.core.hub import Hub
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Entry
from interroam.model.ids import Party, Role
from interroam.protocols.emip.bridge.changes import Batch, Changes, Item
from interroam.protocols.emip.bridge.flows import PUSHED, Flow, Flows
from interroam.protocols.emip.bridge.told import dynamic_changes, static_changes
from interroam.protocols.emip.bridge.touched import Flavor
from interroam.protocols.emip.calls import About
from interroam.protocols.emip.wire import from_iop
from interroam.protocols.emip.wire.types import FromIop

from .peer import Peer

MOST = 200
_TRANSACTIONS = uuid.UUID("0f6d6f2e-2e0f-5c5e-8f0e-6b6f1f0f9a11")
_FIRST_REST_S, _LONGEST_REST_S = 1.0, 300.0
_FORMS: dict[Flavor, type[FromIop]] = {
    Flavor.STATIC: from_iop.SetEVSEStaticDataChanges,
    Flavor.DYNAMIC: from_iop.SetEVSEDynamicDataChanges,
}

Name = tuple[Party, Flavor]


async def places(peer: Peer, entry: Entry, to: Party) -> None:
    """Have an eMSP told of a place that changed, by the flows that it has switched on."""
    if peer.pusher is not None:
        await peer.pusher.deliver(peer, entry, to)


class Pusher:
    """Keeps the flows moving; one for the whole node."""

    def __init__(self, hub: Hub, changes: Changes, flows: Flows) -> None:
        self._hub = hub
        self._changes = changes
        self._flows = flows
        self._running: dict[Name, asyncio.Task[None]] = {}
        self._behind: dict[Name, tuple[datetime, float]] = {}
        """Flows that have something to push which no courier will speak of: when to try, and how long to rest then."""
        self._resumed = False

    async def deliver(self, peer: Peer, entry: Entry, to: Party) -> None:
        """Push until the eMSP has acknowledged this entry, in each flow that it has switched on."""
        seq = entry.seq or self._hub.store.head()
        await all_of(self._reach(peer, to, flavor, seq) for flavor in PUSHED)

    def start(self, emsp: Party, flavor: Flavor) -> None:
        """Note that a flow was switched on: what it begins with goes at the next tick."""
        self._behind[emsp, flavor] = (self._hub.clock.now(), _FIRST_REST_S)

    async def tick(self, peer: Peer) -> None:
        """Push what a flow began with, and what was under way when the node stopped."""
        if not self._resumed:
            self._resumed = True
            for emsp, flavor in await self._flows.running():
                self._behind.setdefault((emsp, flavor), (self._hub.clock.now(), _FIRST_REST_S))
        for name, (due, rest) in list(self._behind.items()):
            emsp, flavor = name
            if emsp not in peer.partner.parties or due > self._hub.clock.now():
                continue
            try:
                await self._reach(peer, emsp, flavor, self._hub.store.head())
            except (Refused, Unavailable):
                later = self._hub.clock.now() + timedelta(seconds=rest)
                self._behind[name] = (later, min(2 * rest, _LONGEST_REST_S))
                raise
            self._behind.pop(name, None)

    async def _reach(self, peer: Peer, emsp: Party, flavor: Flavor, seq: int) -> None:
        """Push until a flow has come this far; those who wait for the same push share what becomes of it."""
        name, begun = (emsp, flavor), None
        while not await self._is_there(peer, emsp, flavor, seq):
            task = self._running.get(name)
            if task is None or task.done():
                flow = await self._flows.of(emsp, flavor)
                if flow == begun:
                    return  # our own push moved nothing: there is nothing to tell
                begun = flow
                task = asyncio.get_running_loop().create_task(self._push(peer, emsp, flavor))
                self._running[name] = task
                task.add_done_callback(lambda done: self._ended(name, done))
            await asyncio.shield(task)

    def _ended(self, name: Name, task: asyncio.Task[None]) -> None:
        if self._running.get(name) is task:
            del self._running[name]

    async def _is_there(self, peer: Peer, emsp: Party, flavor: Flavor, seq: int) -> bool:
        position = (await self._flows.of(emsp, flavor)).position
        if position is None or emsp.role is not Role.EMSP or not peer.serves(_FORMS[flavor], emsp.id):
            return True
        rest = position.key or position.joining or position.leaving
        return position.seq >= seq and not rest and position.seen == self._changes.view(emsp, flavor)

    async def _push(self, peer: Peer, emsp: Party, flavor: Flavor) -> None:
        """Push what changed since the last acknowledgment, message by message."""
        more = True
        while more:
            flow = await self._flows.of(emsp, flavor)
            if flow.position is None:
                return
            batch = await self._changes.since(emsp, flavor, flow.position, MOST)
            message = await self._message(peer, emsp, flavor, flow, batch)
            if message is not None:
                about = About(kept=False, note=f"{len(batch.items)} EVSEs")
                (await peer.call(message, message.transaction_id or "", about)).check()
            await self._flows.advance(emsp, flow, flavor, batch.position, durable=message is not None)
            more = batch.more

    async def _message(self, peer: Peer, emsp: Party, flavor: Flavor, flow: Flow, batch: Batch) -> FromIop | None:
        """Return what is said of a batch; None where there is nothing to say."""
        head = {"transaction_id": _transaction(flow, batch.items), **peer.header(peer.own, emsp.id)}
        if flavor is Flavor.STATIC:
            described = await static_changes(self._hub, batch.items)
            if not described:
                return None
            return from_iop.SetEVSEStaticDataChanges(**head, evse_static_data_change_list=described)
        stated = await dynamic_changes(self._hub, batch.items)
        if not stated:
            return None
        return from_iop.SetEVSEDynamicDataChanges(**head, evse_dynamic_data_change_list=stated)

    async def close(self) -> None:
        """End what runs; it was not acknowledged and will be pushed again."""
        await ended(self._running.values())


def _transaction(flow: Flow, items: Sequence[Item]) -> str:
    """Return the transactionId of a push: the same as long as it says the same (EMIP-133)."""
    said = ",".join(f"{item.row.no}:{item.row.version}:{item.action}" for item in items)
    return str(uuid.uuid5(_TRANSACTIONS, f"{flow.id}:{said}"))
