"""Fetching the one object that somebody changed and that we do not know (design: Decisions 5): once an hour at most."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from interroam.core.chores import Chores
from interroam.core.hub import Hub
from interroam.core.rounds.pulling import Pulling
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Origin
from interroam.model.ids import Key

log = structlog.get_logger()

PAUSE = timedelta(hours=1)
_MOST = 10_000


class Fetching:
    """Follows up on changes to unknown objects."""

    def __init__(self, hub: Hub, pulling: Pulling) -> None:
        self._hub = hub
        self._pulling = pulling
        self._asked: dict[Key, datetime] = {}
        self._chores = Chores()
        self.stop = self._chores.stop

    def want(self, origin: Origin, key: Key, name: str, since: datetime) -> None:
        """Fetch an object from the partner that changed it, in its own time; ``name`` is its id as it was spelled."""
        now = self._hub.clock.now()
        asked = self._asked.get(key)
        if asked is not None and now - asked < PAUSE:
            return
        if len(self._asked) >= _MOST:
            self._asked = {known: at for known, at in self._asked.items() if now - at < PAUSE}
        if len(self._asked) >= _MOST:
            return  # somebody makes objects up
        self._asked[key] = now
        self._chores.begin(self._fetch(origin, key, name, since))

    async def _fetch(self, origin: Origin, key: Key, name: str, since: datetime) -> None:
        try:
            _, link, owners, asker = self._pulling.source(origin.partner, key.kind)
            owner = next((one for one in owners if one.id == key.party), owners[0])
            fact = await link.fetch(key, name, since, asker=asker, owner=owner, correlation=origin.correlation)
            if fact is None:
                log.warning("object_not_fetched", partner=origin.partner, object=str(key), message="there is none")
                return
            receipt = await self._hub.tell(Origin(origin.partner, owner, origin.correlation), fact)
            log.info("object_fetched", partner=origin.partner, object=str(key), verdict=receipt.verdict.value)
        except (Refused, Unavailable) as no:
            log.warning("object_not_fetched", partner=origin.partner, object=str(key), message=no.message)
