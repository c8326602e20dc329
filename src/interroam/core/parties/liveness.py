"""Whether partners are there: by what is heard from them, and by asking when nothing was heard for long (OCPI-173).

Hearing costs one entry in a table; only a partner that was away is more work.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from interroam.core.manners import Reachable
from interroam.model.errors import Refused, Unavailable
from interroam.model.parties import Partner, PartnerState

if TYPE_CHECKING:
    from interroam.core.hub import Hub

log = structlog.get_logger()

_OFFLINE = PartnerState.OFFLINE
_WATCHED = frozenset({PartnerState.CONNECTED, PartnerState.OFFLINE})
_AT_ONCE = 16


class Liveness:
    """Keeps the states of partners at ``connected`` or ``offline``."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._since = hub.clock.now()
        self._heard: dict[str, datetime] = {}
        self._asked: dict[str, datetime] = {}
        self._returning: dict[str, asyncio.Task[None]] = {}

    def hear(self, partner: Partner, now: datetime) -> None:
        """Note that a partner called us."""
        self._heard[partner.id] = now
        if partner.state is _OFFLINE:
            self._return(partner.id)

    def answered(self, name: str, now: datetime | None = None) -> None:
        """Note that a partner answered us."""
        partner = self._hub.book.partners.get(name)
        if partner is not None:
            self.hear(partner, now or self._hub.clock.now())

    def returns(self, name: str) -> bool:
        """Whether a partner that was away was heard again, and the book is about to say so."""
        return name in self._returning

    def _return(self, name: str) -> None:
        if name in self._returning:
            return
        log.info("partner_returned", partner=name)
        task = asyncio.get_running_loop().create_task(self._hub.book.set_state(name, PartnerState.CONNECTED))
        self._returning[name] = task
        task.add_done_callback(lambda _: self._returning.pop(name, None))

    async def check(self) -> int:
        """Ask those of whom nothing was heard for long whether they are there; returns how many are not."""
        now = self._hub.clock.now()
        silence = timedelta(seconds=self._hub.deadlines.silence)
        if not silence:
            return 0
        silent = [
            partner
            for partner in list(self._hub.book.partners.values())
            if partner.state in _WATCHED and now - self._last(partner) >= silence
        ]
        turns = asyncio.Semaphore(_AT_ONCE)
        away = await asyncio.gather(*(self._ask(partner, now, turns) for partner in silent))
        return sum(away)

    async def lapse(self, name: str, silence: float) -> bool:
        """Declare a partner offline of which nothing was heard for so many seconds, without asking it (EMIP-36)."""
        partner = self._hub.book.partners.get(name)
        if partner is None or partner.state is not PartnerState.CONNECTED or name in self._returning:
            return False
        if (self._hub.clock.now() - self._heard_last(partner)).total_seconds() < silence:
            return False
        log.warning("partner_offline", partner=name, message="nothing was heard of it")
        await self._hub.book.set_state(name, _OFFLINE)
        return True

    def _heard_last(self, partner: Partner) -> datetime:
        heard = self._heard.get(partner.id, self._since)
        if partner.since is not None and self._since < partner.since:  # registering is being heard
            heard = max(heard, partner.since)
        return heard

    def _last(self, partner: Partner) -> datetime:
        heard = self._heard_last(partner)
        asked = self._asked.get(partner.id) if partner.state is _OFFLINE else None
        return heard if asked is None else max(heard, asked)

    async def _ask(self, partner: Partner, now: datetime, turns: asyncio.Semaphore) -> bool:
        link: object = self._hub.links.get(partner.id)
        if not isinstance(link, Reachable):
            return False
        self._asked[partner.id] = now
        try:
            async with turns:
                await link.probe()
        except (Refused, Unavailable) as silence:
            current = self._hub.book.partners.get(partner.id)
            if current is not None and current.state is PartnerState.CONNECTED:
                log.warning("partner_offline", partner=partner.id, message=silence.message)
                await self._hub.book.set_state(partner.id, _OFFLINE)
            return True
        self.answered(partner.id)
        return False
