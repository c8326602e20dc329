"""Tariffs begin and end by their dates: who is told only of those in force is told at that moment.

So is who is shown one tariff of a connector alone, of the places where that one changes.

How far the dates were followed is kept, and what is owed rides on the couriers' cursors: a moment that was missed while
nobody ran is made up for once. What is sent twice after a crash is harmless: a receiver knows it already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from interroam.core.pages import every
from interroam.core.ports import CourierKey, Query
from interroam.core.rules.dates import about_dates, dates_of
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Entry
from interroam.model.ids import LANE_OF, MODULE_OF, Kind, Lane, Party

if TYPE_CHECKING:
    from interroam.core.delivering.dispatch import Dispatch
    from interroam.core.hub import Hub

_TARIFF = Kind.TARIFF
SHELF, MARK = "dates", "tariffs"
_LANES = (LANE_OF[Kind.TARIFF], Lane.ALL)
_AT_ONCE = 500


@runtime_checkable
class Timely(Protocol):
    """A link to a partner that may know tariffs only while they are in force: then it is told when their dates come."""

    def in_force_only(self, to: Party, kind: Kind) -> bool:
        """Whether this party behind the partner is told of tariffs in force only: by them, or by what places name."""
        ...


class Dating:
    """Follows the dates of tariffs; ``tick`` is called often."""

    def __init__(self, hub: Hub, dispatch: Dispatch) -> None:
        self._hub = hub
        self._dispatch = dispatch
        self._reached: datetime | None = None
        self._next: datetime | None = None
        self._unsubscribe: Callable[[], None] = _nothing

    async def start(self) -> None:
        """Go on where the dates were left, and follow the journal."""
        kept = await self._hub.store.load(SHELF, MARK)
        now = self._hub.clock.now()
        # A mark that lies ahead says only that the clock was set back meanwhile.
        self._reached = min(datetime.fromisoformat(kept.decode()), now) if kept is not None else now
        self._next = await self._coming(self._reached)
        self._unsubscribe = self._hub.store.subscribe(self._committed)

    async def stop(self) -> None:
        """Keep how far the dates were followed."""
        self._unsubscribe()
        with suppress(Unavailable):  # a store that takes no more: a tariff may be told twice then
            await self._keep()

    async def tick(self) -> None:
        """Have told what has begun or ended since."""
        reached, now = self._reached, self._hub.clock.now()
        if reached is None or now <= reached:
            return
        if self._next is not None and self._next <= now:
            for courier in self._dispatch.couriers:
                due = [one for one in about_dates(reached, now) if self._is_timely(courier.key, one[0])]
                if sum(courier.repeat(kind, request) for kind, request in due):
                    await courier.persist()  # before the mark: told twice rather than never
            self._reached, self._next = now, None
            await self._keep()
            self._soon(await self._coming(now))
        self._reached = now

    # -- inside ----------------------------------------------------------------------------------------------------

    def _committed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.key.kind is _TARIFF and self._reached is not None:
                self._soon(min((date for date in dates_of(entry.body) if date > self._reached), default=None))

    def _soon(self, date: datetime | None) -> None:
        if date is not None and (self._next is None or date < self._next):
            self._next = date

    async def _coming(self, after: datetime) -> datetime | None:
        """Return the next date of all tariffs: rather looked for than kept, since dates come seldom."""
        tariffs = every(self._hub.store.page, Query(kind=_TARIFF, limit=_AT_ONCE))
        found = [date async for one in tariffs if not one.withdrawn for date in dates_of(one.body) if date > after]
        return min(found, default=None)

    async def _keep(self) -> None:
        if self._reached is not None:
            await self._hub.store.save(SHELF, MARK, self._reached.isoformat().encode())

    def _is_timely(self, key: CourierKey, kind: Kind) -> bool:
        if key.lane not in _LANES:
            return False
        try:
            partner = self._hub.book.routing.partner_for(key.party, MODULE_OF[kind])
        except Refused:
            return False
        link: object = self._hub.links.get(partner.id)
        return isinstance(link, Timely) and link.in_force_only(key.party, kind)


def _nothing() -> None:
    return None
