"""What a node does by itself, again and again, and what an operator may have it do now: audited as everything else."""

from __future__ import annotations

from datetime import datetime

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.hub import Hub
from interroam.core.rounds.absences import Absence
from interroam.core.rounds.announcing import Announcing
from interroam.core.rounds.fetching import Fetching
from interroam.core.rounds.plans import Plans
from interroam.core.rounds.pulling import Pulling, PullReport, PullTerms
from interroam.core.rounds.schedules import Schedule, Schedules
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Module


class Rounds:
    """Schedules, pulls and announcements of one node; ``tick`` is called every second or so."""

    def __init__(self, hub: Hub, audit: Audit, terms: PullTerms | None = None) -> None:
        self._hub = hub
        self._audit = audit
        self.pulling = Pulling(hub, terms)
        self.fetching = Fetching(hub, self.pulling)
        self.schedules = Schedules(hub.store, hub.clock, hub.ids)
        self.announcing = Announcing(hub)
        self.plans = Plans(hub, self.schedules, self.pulling, self.announcing)

    async def start(self) -> None:
        """Take up what was left; a hub tells its partners how the others stand."""
        await self._hub.standings.load()
        self._hub.follow_up = self.fetching.want
        if self._hub.is_hub:
            await self.announcing.start()
        await self.plans.start()

    async def stop(self) -> None:
        """End what is under way."""
        for one in (self.plans, self.schedules, self.pulling, self.fetching, self.announcing):
            await one.stop()

    async def tick(self) -> None:
        """Start what is due."""
        await self.schedules.tick()

    # -- pulls -----------------------------------------------------------------------------------------------------

    def pulls(self, actor: Actor) -> list[PullReport]:
        """Return the newest pull of each partner and module."""
        actor.needs(Rank.VIEWER)
        return self.pulling.reports

    async def pull(
        self, actor: Actor, partner: str, module: Module | None, since: datetime | None = None, *, whole: bool = False
    ) -> list[PullReport]:
        """Begin to fetch a module, or all that a partner owns; the reports tell how far that is."""
        actor.needs(Rank.OPERATOR)
        known = self._hub.book.partners.get(partner)
        if known is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {partner}", remedy="interroam partner list")
        modules = (module,) if module is not None else self.pulling.asked_of(known)
        begun = [await self.pulling.start(partner, one, since, whole=whole) for one in modules]
        await self._audit.write(actor, "pull", partner, modules=" ".join(modules), since=since, whole=whole or None)
        return begun

    async def absences(self, actor: Actor) -> list[Absence]:
        """Return what whole lists left out and nobody has withdrawn yet."""
        actor.needs(Rank.VIEWER)
        return await self.pulling.absences.all()

    async def withdraw(self, actor: Actor, partner: str, module: Module) -> int:
        """Withdraw what a partner's last whole list left out; returns how many objects."""
        actor.needs(Rank.OPERATOR)
        gone = await self.pulling.absences.withdraw(partner, module)
        await self._audit.write(actor, "pull withdraw", f"{partner}/{module.value}", count=gone)
        return gone

    # -- schedules -------------------------------------------------------------------------------------------------

    def scheduled(self, actor: Actor) -> list[Schedule]:
        """Return all schedules, by id."""
        actor.needs(Rank.VIEWER)
        return self.schedules.rows

    async def schedule(self, actor: Actor, id: str, rhythm: str, spread_minutes: float | None = None) -> Schedule:
        """Give a schedule another rhythm: ``off``, ``every 6h``, ``daily 03:00 Europe/Zurich``."""
        actor.needs(Rank.OPERATOR)
        spread = spread_minutes * 60 if spread_minutes is not None else None
        row = await self.schedules.set(id, rhythm, spread)
        await self._audit.write(actor, "schedule set", id, rhythm=rhythm, spread_minutes=spread_minutes)
        return row
