"""The list of users that a platform lets its CPOs download: in changes, page by page, at most once an hour (EMIP-81).

The platform's own clock says since when changes are fetched; that time is kept for each CPO and outlives a restart.
What it takes from the list is withdrawn here. No entry is good for the core to decide by: whether one decides at all,
and how long it holds, is the asking's to say (EMIP-82, EMIP-124).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Pulled, Query, Store
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Fact, Origin, Withdrawal
from interroam.model.ids import Key, Kind, Party, PartyId
from interroam.model.tokens import Token, Whitelist
from interroam.protocols.emip.cpo.sending import Message, Sending
from interroam.protocols.emip.rules import ids
from interroam.protocols.emip.translate.tokens import DELETE, key_of, token_fact
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import AuthenticationData

log = structlog.get_logger()

LIST = "emip.list"
SHORTEST, LONGEST = timedelta(hours=1), timedelta(hours=24)
_TICK = timedelta(seconds=5)
"""So much earlier than its time a download may begin: schedules are not exact to the second."""
_PAGE = 500
_MOST_PAGES = 10_000


class Downloaded(msgspec.Struct, frozen=True):
    """When a list was last downloaded: by our clock, and by the platform's."""

    at: datetime
    since: datetime


async def downloaded(store: Store, partner: str, cpo: PartyId) -> Downloaded | None:
    """Return when a CPO's list was last downloaded whole to its end; None when it never was."""
    return await Documents(store, LIST, Downloaded).load(f"{partner}/{cpo}")


async def is_fresh(store: Store, partner: str, cpo: PartyId, now: datetime) -> bool:
    """Whether entries that say nothing of their end may still be trusted (EMIP-82)."""
    last = await downloaded(store, partner, cpo)
    return last is not None and now - last.at <= LONGEST


class Downloads:
    """Downloads the lists of one platform, for each CPO of this node."""

    def __init__(self, hub: Hub, sending: Sending, hours: float) -> None:
        self._hub = hub
        self._sending = sending
        self._every = min(max(timedelta(hours=hours), SHORTEST), LONGEST)

    async def pull(
        self, cpos: Iterable[PartyId], owner: Party, correlation: str, *, whole: bool
    ) -> AsyncIterator[Pulled]:
        """Fetch what changed of the lists whose time has come, or all of them; Refused or Unavailable."""
        for cpo in cpos:
            last = await downloaded(self._hub.store, self._sending.partner, cpo)
            now = self._hub.clock.now()
            if last is not None and not whole and now - last.at < self._every - _TICK:
                continue
            if last is not None and whole and now - last.at < SHORTEST:
                raise Refused(Reason.WRONG_STATE, f"the list of {cpo} was downloaded within the hour (EMIP-81)")
            since = None if whole or last is None else last.since
            async for pulled in self._of(cpo, owner, since, now, correlation):
                yield pulled

    async def _of(
        self, cpo: PartyId, owner: Party, since: datetime | None, now: datetime, correlation: str
    ) -> AsyncIterator[Pulled]:
        origin = Origin(self._sending.partner, owner, correlation)
        seen: set[Key] = set()
        asked, pages = since, 0
        while pages < _MOST_PAGES:
            message = Message(to_iop.GetAuthenticationData, cpo, last_request_date=asked, max_count=_PAGE)
            called = await self._sending.ask(message, correlation)
            answer: to_iop.GetAuthenticationDataResponse = called.check()
            pages += 1
            pulled = await self._read(origin, answer.authentication_data_list, now)
            seen.update(fact.key for fact in pulled.facts)
            yield pulled
            more = answer.more_data and (asked is None or answer.current_time > asked)
            asked = answer.current_time
            if not more:
                break
        if since is None:
            await self._drop_others(origin, seen, now)
        kept = Documents(self._hub.store, LIST, Downloaded)
        await kept.save(f"{self._sending.partner}/{cpo}", Downloaded(now, asked or now))

    async def _read(self, origin: Origin, entries: Iterable[AuthenticationData], now: datetime) -> Pulled:
        facts: list[Fact] = []
        findings: list[str] = []
        for entry in entries:
            try:
                seller = ids.operator(entry.sale_partner_operator_id or "")
                if entry.action_type == DELETE:
                    await self._withdraw(origin, key_of(seller, entry), now)
                    continue
                facts.append(_asked_about(token_fact(seller, entry, now)))
            except ValueError as odd:
                findings.append(f"an entry of {entry.sale_partner_operator_id}: {odd}")
        lost = (None,) * len(findings)
        return Pulled(facts=tuple(facts), findings=tuple(findings), lost=lost, total=len(facts))

    async def _withdraw(self, origin: Origin, key: Key, now: datetime) -> None:
        """Take a user from the list; one that was stated by somebody else is not the platform's to take."""
        row = await self._hub.store.get(key)
        if row is None or row.withdrawn or row.origin != self._sending.partner:
            return
        try:
            await self._hub.tell(origin, Withdrawal(key, max(now, row.judged_at)))
        except Refused as no:
            log.warning("user_not_withdrawn", partner=self._sending.partner, message=no.message)

    async def _drop_others(self, origin: Origin, seen: set[Key], now: datetime) -> None:
        """Withdraw what a whole list left out."""
        async for row in every(self._hub.store.page, Query(kind=Kind.TOKEN, limit=_PAGE)):
            if row.origin == self._sending.partner and not row.withdrawn and row.key not in seen:
                await self._withdraw(origin, row.key, now)


def _asked_about(fact: Fact) -> Fact:
    """Return an entry of which the core alone would allow nothing."""
    body = fact.body
    return replace(fact, body=replace(body, whitelist=Whitelist.NEVER)) if isinstance(body, Token) else fact
