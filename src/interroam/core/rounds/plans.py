"""What comes again by default: what is fetched from whom, what is dropped, who is asked whether they are there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from interroam.core.hub import Hub
from interroam.core.rounds.announcing import Announcing
from interroam.core.rounds.pulling import Pulling
from interroam.core.rounds.rhythms import rhythm
from interroam.core.rounds.schedules import Schedule, Schedules
from interroam.core.rules.erasing import Erasure
from interroam.model.ids import Module, Role
from interroam.model.parties import Partner

RETENTION = "daily 02:30"
LIVENESS = "every 60s"
_MINUTE_S = 60.0

log = structlog.get_logger()


class Plans:
    """Keeps the schedules in step with the partners; ``start`` teaches them what their acts mean."""

    def __init__(self, hub: Hub, schedules: Schedules, pulling: Pulling, announcing: Announcing) -> None:
        self._hub = hub
        self._schedules = schedules
        self._pulling = pulling
        self._announcing = announcing
        self._agreed: frozenset[str] = frozenset()
        self._changed = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up the rows where they were left, and follow the partners."""
        self._schedules.teach("pull", self._pulling.act)
        self._schedules.teach("retain", self._retain)
        self._schedules.teach("check", self._check)
        await self._schedules.load()
        self._agreed = frozenset(self._hub.book.agreements)
        await self.renew()
        self._hub.book.on_change(self._changed.set)
        self._following = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Follow no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def renew(self) -> None:
        """Have the rows that the partners of now call for; a new agreement has its tokens fetched at once."""
        async with self._renewing:
            await self._renew()

    async def _renew(self) -> None:
        await self._schedules.ensure(self._wanted())
        agreed = frozenset(self._hub.book.agreements)
        if agreed - self._agreed:  # OCPI-202: changes alone would not bring the old tokens of a new eMSP
            for row in self._schedules.rows:
                if row.about.get("module") == Module.TOKENS and "whole" in row.about and row.due is not None:
                    await self._schedules.hasten(row.id)
        self._agreed = agreed

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.renew()
            except Exception:
                log.exception("schedules_not_renewed")

    # -- the rows --------------------------------------------------------------------------------------------------

    def _wanted(self) -> Iterable[Schedule]:
        yield Schedule(id="retention", act="retain", rhythm=RETENTION)
        if self._hub.deadlines.silence:
            yield Schedule(id="liveness", act="check", rhythm=LIVENESS)
        for partner in self._hub.book.partners.values():
            for module, said, whole in self._from_hub() if partner.is_hub else self._from_owner(partner):
                if self._pulling.shown(partner, module):
                    yield self._pull(partner, module, said, whole=whole)

    def _from_owner(self, partner: Partner) -> Iterable[tuple[Module, str, bool]]:
        """OCPI-83, OCPI-108: a CPO's locations, an eMSP's tokens, daily."""
        terms, roles = self._pulling.terms, {party.role for party in partner.parties}
        if Role.CPO in roles:
            yield Module.LOCATIONS, terms.locations, False
            yield Module.LOCATIONS, terms.whole, True
        if Role.EMSP in roles:
            yield Module.TOKENS, terms.tokens, False
            yield Module.TOKENS, terms.whole, True

    def _from_hub(self) -> Iterable[tuple[Module, str, bool]]:
        """What parties of our own fetch from a hub: locations daily; tokens as OCPI-202 has it."""
        terms, hosted = self._pulling.terms, self._pulling.hosted()
        if Role.EMSP in hosted:
            yield Module.LOCATIONS, terms.locations, False
        if Role.CPO in hosted:
            yield Module.TOKENS, terms.hub_tokens, False
            yield Module.TOKENS, terms.hub_tokens_whole, True

    def _pull(self, partner: Partner, module: Module, said: str, *, whole: bool = False) -> Schedule:
        about = {"partner": partner.id, "module": module.value, **({"whole": "yes"} if whole else {})}
        name = f"pull/{partner.id}/{module.value}{'/whole' if whole else ''}"
        spread, every = self._pulling.terms.spread_minutes * _MINUTE_S, rhythm(said).every
        if every is not None:
            spread = min(spread, every.total_seconds() / 6)
        return Schedule(id=name, act="pull", about=about, rhythm=said, spread_s=spread)  # OCPI-190

    # -- the acts --------------------------------------------------------------------------------------------------

    async def _retain(self, _about: Mapping[str, str]) -> str:
        hub, now = self._hub, self._hub.clock.now()
        forgotten = await hub.store.forget(now, Erasure(hub.book.keyring).rewrite)
        dropped = {**await hub.store.retain(now), "forgotten": forgotten}
        if any(dropped.values()):
            log.info("retention_ended", **dropped)
        return ", ".join(f"{count} {what}" for what, count in dropped.items() if count) or "nothing was old"

    async def _check(self, _about: Mapping[str, str]) -> str:
        away = await self._hub.liveness.check()
        await self._announcing.announce()  # what could not be told before, and what an agreement's date changed
        return f"{away} partners are silent" if away else "everybody is there"
