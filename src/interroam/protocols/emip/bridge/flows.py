"""Flows of EVSE data changes that eMSPs have switched on: how far each is, kept so that nothing is lost (EMIP-63)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.model.ids import Party

from .changes import Changes, Position
from .touched import Flavor

FLOWS = "emip-flow"
PUSHED = (Flavor.STATIC, Flavor.DYNAMIC)


class Flow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One flow: how far its eMSP has acknowledged it; none: it is off."""

    id: str = ""
    """A new one each time it is switched on."""
    position: Position | None = None


class Flows:
    """All flows, per eMSP operator; ``on_start`` is called when one was switched on."""

    def __init__(self, hub: Hub, changes: Changes) -> None:
        self._hub = hub
        self._changes = changes
        self._kept = Documents(hub.store, FLOWS, Flow)
        self._flows: dict[str, Flow] = {}
        self.on_start: Callable[[Party, Flavor], None] = _nobody

    async def activate(self, emsp: Party, flavor: Flavor, start: datetime | None) -> None:
        """Switch a flow on, with what changed since a date, if any; one that is on already goes on."""
        if start is None and (await self.of(emsp, flavor)).position is not None:
            return
        changes = self._changes
        position = await (changes.here(emsp, flavor) if start is None else changes.at(emsp, flavor, start))
        await self._keep(emsp, flavor, Flow(self._hub.ids.new(), position))
        self.on_start(emsp, flavor)

    async def deactivate(self, emsp: Party, flavor: Flavor) -> None:
        """Switch a flow off, when it is on."""
        if (await self.of(emsp, flavor)).position is not None:
            await self._keep(emsp, flavor, Flow())

    async def of(self, emsp: Party, flavor: Flavor) -> Flow:
        """Return a flow as it is."""
        name = _name(emsp, flavor)
        known = self._flows.get(name)
        if known is None:
            known = self._flows.setdefault(name, await self._kept.load(name) or Flow())
        return known

    async def advance(self, emsp: Party, flow: Flow, flavor: Flavor, position: Position, *, durable: bool) -> None:
        """Note how far a flow is, unless it was switched off or on again meanwhile."""
        name = _name(emsp, flavor)
        if (await self.of(emsp, flavor)).id != flow.id:
            return
        moved = replace(flow, position=position)
        if durable:
            await self._keep(emsp, flavor, moved)
        else:
            self._flows[name] = moved

    async def running(self) -> list[tuple[Party, Flavor]]:
        """Return the flows that are on."""
        found = []
        for name, flow in (await self._kept.all()).items():
            emsp, _, flavor = name.rpartition(":")
            if flow.position is not None:
                found.append((Party.parse(emsp), Flavor(flavor)))
        return found

    async def _keep(self, emsp: Party, flavor: Flavor, flow: Flow) -> None:
        name = _name(emsp, flavor)
        self._flows[name] = flow
        await self._kept.save(name, flow)


def _name(emsp: Party, flavor: Flavor) -> str:
    return f"{emsp}:{flavor.value}"


def _nobody(_emsp: Party, _flavor: Flavor) -> None:
    """Tell nobody."""
