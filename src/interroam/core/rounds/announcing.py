"""Telling partners how the parties they roam with stand: on each change, and again until they have heard it.

What each partner was told last is kept, so a restart repeats nothing and forgets nothing (OCPI-172).
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec
import structlog

from interroam.core.chores import Chores
from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.core.manners import Announcer
from interroam.model.errors import Refused, Unavailable
from interroam.model.parties import PartnerState, Standing

log = structlog.get_logger()

ANNOUNCED = "announced"
_GATHERED_S = 0.2
"""What changes within so short a time is announced together."""


class Told(msgspec.Struct, frozen=True):
    """The states of parties as a partner heard them last, since it registered."""

    since: datetime | None
    states: dict[str, PartnerState]


class Announcing:
    """Follows the states of partners and announces them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept = Documents(hub.store, ANNOUNCED, Told)
        self._told: dict[str, Told] = {}
        self._busy: dict[str, asyncio.Lock] = {}
        self._following = asyncio.Lock()
        self._chores = Chores()
        self.stop = self._chores.stop
        self._wanted = False

    async def start(self) -> None:
        """Go on where an earlier process ended."""
        self._told |= await self._kept.all()
        self._hub.book.on_change(self.soon)
        self.soon()

    def soon(self) -> None:
        """Announce what is new, but not in the way of whoever changed something."""
        if not self._wanted:
            self._wanted = True
            self._chores.begin(self._now())

    async def _now(self) -> None:
        await self._hub.clock.sleep(_GATHERED_S)
        self._wanted = False
        await self.announce()

    async def announce(self) -> None:
        """Note how everybody stands, and tell each partner what it has not heard."""
        async with self._following:
            await self._hub.standings.follow()
        await asyncio.gather(*(self._inform(name) for name in list(self._hub.links)))

    async def _inform(self, name: str) -> None:
        async with self._busy.setdefault(name, asyncio.Lock()):
            partner = self._hub.book.partners.get(name)
            link: object = self._hub.links.get(name)
            if partner is None or partner.state is not PartnerState.CONNECTED or not isinstance(link, Announcer):
                return
            told = self._told.get(name)
            if told is None or told.since != partner.since:  # who registers anew knows nothing
                told = self._told[name] = Told(partner.since, {})
            for one in self._hub.standings.shown_to(partner):
                if told.states.get(str(one.party)) is not one.state and not await self._say(link, name, told, one):
                    return

    async def _say(self, link: Announcer, name: str, told: Told, one: Standing) -> bool:
        try:
            heard = await link.announce(one)
        except Unavailable as later:
            log.info("announcement_waits", partner=name, party=str(one.party), message=later.message)
            return False
        except Refused as no:
            log.warning("announcement_refused", partner=name, party=str(one.party), message=no.message)
            heard = True
        if heard:
            told.states[str(one.party)] = one.state
            await self._kept.save(name, told)
        return heard
