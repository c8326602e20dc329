"""What is wrong with what partners stated, kept by partner and object: the senders' quality pages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import msgspec

from interroam.core.documents import Documents
from interroam.core.ports import Clock, Store
from interroam.core.rules.quality import Defect
from interroam.model.ids import Key

SHELF = "quality-finding"
_MOST = 50


class Found(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is wrong with one object, since when."""

    partner: str
    object: str
    at: datetime
    defects: tuple[Defect, ...]

    @property
    def id(self) -> str:
        """The name of its document."""
        return f"{self.partner} {self.object}"


class Findings:
    """The findings of one node; an object that is mended leaves the page."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._kept = Documents(store, SHELF, Found)
        self._clock = clock
        self._known: dict[str, Found] | None = None
        self._reading = asyncio.Lock()

    async def note(self, partner: str, key: Key, defects: Sequence[Defect]) -> None:
        """Keep what is wrong with an object now, in place of what was."""
        known = await self._all()
        defects = tuple(dict.fromkeys(defects))[:_MOST]
        found = Found(partner=partner, object=str(key), at=self._clock.now(), defects=defects)
        old = known.get(found.id)
        if (old.defects if old is not None else ()) == defects:
            return
        if defects:
            known[found.id] = found
            await self._kept.save(found.id, found)
        else:
            del known[found.id]
            await self._kept.remove(found.id)

    async def of(self, partner: str) -> list[Found]:
        """Return the page of a partner, by object."""
        known = await self._all()
        return sorted((one for one in known.values() if one.partner == partner), key=lambda one: one.object)

    def forget(self) -> None:
        """Read all of it again, since what is written there of drivers was changed."""
        self._known = None

    async def _all(self) -> dict[str, Found]:
        async with self._reading:
            if self._known is None:
                self._known = {one.id: one for one in (await self._kept.all()).values()}
        return self._known
