"""Answers to *what changed since I last asked*: what each party was given is kept, and leads back to where it was."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.model.ids import Party
from interroam.protocols.emip.rules.codes import MALFORMED, UNSPECIFIED, Declined

from .changes import HEARD, MOST, Batch, Changes, Heard, Offered, Position, marked, position_of
from .touched import Flavor

_DAY = timedelta(days=1)


class Hearing:
    """Who was given what; one for the whole node."""

    def __init__(self, hub: Hub, changes: Changes) -> None:
        self._hub = hub
        self._changes = changes
        self._kept = Documents(hub.store, HEARD, Heard)
        self._heard: dict[str, Heard] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def since(
        self,
        viewer: Party,
        flavor: Flavor,
        date: datetime | None,
        most: int | None,
        *,
        about: str = "",
        offered: Offered | None = None,
        fulls: int | None = None,
    ) -> tuple[Batch, datetime]:
        """Return what changed since a date (none: everything), and the date to ask with next.

        ``about`` tells apart what is asked for in different words; ``fulls`` is how often a day everything may be.
        """
        if most is not None and most <= 0:
            raise Declined(MALFORMED, f"maxCount is {most}")
        name = f"{viewer}/{flavor.value}/{about}"
        async with self._locks[name]:
            heard = await self._load(name)
            now = self._hub.clock.now()
            if date is None and fulls is not None:
                heard = _counted(heard, now, fulls)
            position = await self._position(viewer, flavor, heard, date)
            batch = await self._changes.since(viewer, flavor, position, min(most or MOST, MOST), offered)
            heard, at = marked(heard, now, batch.position)
            await self._kept.save(name, heard)
            self._heard[name] = heard
        return batch, at

    async def _position(self, viewer: Party, flavor: Flavor, heard: Heard, date: datetime | None) -> Position:
        if date is None:
            return await self._changes.everything(viewer, flavor)
        return position_of(heard, date) or await self._changes.at(viewer, flavor, date)

    async def _load(self, name: str) -> Heard:
        known = self._heard.get(name)
        if known is None:
            known = await self._kept.load(name) or Heard()
        return known


def _counted(heard: Heard, now: datetime, fulls: int) -> Heard:
    """Count a list asked for in full; Declined when that was done as often as it may be (EMIP-81)."""
    recent = tuple(at for at in heard.full if at > now - _DAY)
    if len(recent) >= fulls:
        raise Declined(UNSPECIFIED, f"everything was asked for {len(recent)} times within a day: ask for changes")
    return replace(heard, full=(*recent, now))
