"""Follows the charges under way: one that reaches a limit is stopped, one that is to be recorded is, again and again.

It looks whenever a session is stated, and every second, since time alone can reach a limit (EMIP-98). A record is made
of what is known then, from the start until now, and goes into the journal: from there it leaves in its turn, and
survives a restart (EMIP-99, EMIP-105).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import structlog

from interroam.core.chores import Chores
from interroam.core.hub import Hub
from interroam.core.pages import every
from interroam.core.ports import Query
from interroam.model.charges import INTERIM, Session
from interroam.model.errors import Refused, Unavailable
from interroam.model.facts import Body, Change, Entry, Origin, Stored, Wire
from interroam.model.ids import Key, Kind
from interroam.model.parties import Partner
from interroam.model.questions import StopSession
from interroam.model.tokens import Authorization
from interroam.protocols.emip.bridge.evses import evse_at
from interroam.protocols.emip.cpo.charges import opened
from interroam.protocols.emip.cpo.ledger import Charge, Ledger
from interroam.protocols.emip.cpo.records import interim_record
from interroam.protocols.emip.profiles import switches
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.rules.limits import reached
from interroam.protocols.emip.translate.charges import wired

log = structlog.get_logger()

_ON = frozenset({"ACTIVE", "PENDING"})
_LONGEST = timedelta(days=30)
_AGAIN = timedelta(seconds=60)
_PAGE = 200


class Watch:
    """The charges under way whose eMSPs are behind a platform of eMIP."""

    def __init__(self, hub: Hub, ledger: Ledger) -> None:
        self._hub = hub
        self._ledger = ledger
        self._watched: dict[Key, None] = {}
        self._tried: dict[Key, datetime] = {}
        self._looks = Chores()
        self._turns: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()
        self._follows = False

    async def tick(self, partner: str) -> None:
        """Look after the charges whose eMSPs are behind this platform; the first time, find those under way."""
        if not self._follows:
            self._follows = True
            self._hub.store.subscribe(self._listen)
            await self._take_up()
        for key in list(self._watched):
            await self._look_once(key, partner)

    async def stop(self) -> None:
        """End what runs, for every platform."""
        await self._looks.stop()

    def _listen(self, entries: Sequence[Entry]) -> None:
        """Look at once at what was stated: a limit may be reached by it."""
        for entry in entries:
            if entry.key.kind is not Kind.SESSION or entry.receiver is None or INTERIM in entry.fields:
                continue
            self._watched[entry.key] = None
            self._looks.begin(self._look_once(entry.key))

    async def _look_once(self, key: Key, partner: str = "") -> None:
        try:
            async with self._turns.setdefault(key, asyncio.Lock()):
                await self._look(key, partner)
        except Exception:
            log.exception("charge_not_followed", session=str(key))

    async def _take_up(self) -> None:
        since = self._hub.clock.now() - _LONGEST
        async for row in every(self._hub.store.page, Query(kind=Kind.SESSION, updated_from=since, limit=_PAGE)):
            if isinstance(row.body, Session) and row.body.status in _ON:
                self._watched[row.key] = None

    # -- one charge ------------------------------------------------------------------------------------------------

    async def _look(self, key: Key, only: str) -> None:
        row = await self._hub.store.get(key)
        partner = self._platform(row)
        if only and partner is not None and partner.id != only:
            return
        if row is None or partner is None or not isinstance(row.body, Session) or row.body.status not in _ON:
            self._watched.pop(key, None)
            self._tried.pop(key, None)
            return
        session, now = row.body, self._hub.clock.now()
        if session.status != "ACTIVE" or not session.authorization_reference:
            return
        charge, permission = await opened(self._hub, self._ledger, session)
        if permission is None or charge.final:
            return
        limit = reached(session, permission.limits, now)
        if limit is not None:
            await self._stop(partner, session, charge, permission, f"{limit.type}: {limit.value} {limit.unit}")
        elif charge.given_up:  # a late yes is a wrong yes
            await self._stop(partner, session, charge, permission, "a start that was given up")
        if permission.interim:
            await self._record(partner, row, session, charge, permission)

    def _platform(self, row: Stored | None) -> Partner | None:
        """Return the platform that a charge's eMSP is behind."""
        if row is None or row.receiver is None or not self._hub.book.routing.has(row.receiver):
            return None
        partner = self._hub.book.routing.partner_for(row.receiver)
        return partner if partner.protocol == PROTOCOL and partner.is_hub else None

    # -- limits ----------------------------------------------------------------------------------------------------

    async def _stop(
        self, partner: Partner, session: Session, charge: Charge, permission: Authorization, said: str
    ) -> None:
        """Have a charge stopped, and try again every minute until it is over."""
        now, key = self._hub.clock.now(), session.key
        tried = self._tried.get(key)
        if tried is not None and now - tried < _AGAIN:
            return
        self._tried[key] = now
        log.info("charge_stopped", charge=charge.known_as, reason=said)
        await self._ledger.note(charge, stopped=said)
        emsp = permission.emsp or session.token.owner
        question = StopSession(emsp=emsp, session_id=session.id, reply=self._hub.ids.new(), cpo=session.owner)
        try:
            answer = await self._hub.command(Origin(partner.id, correlation=charge.known_as), question)
        except (Refused, Unavailable) as no:
            log.warning("charge_not_stopped", charge=charge.known_as, message=no.message)
        else:
            if not answer.accepted:
                log.warning("charge_not_stopped", charge=charge.known_as, message=answer.message or answer.result)

    # -- intermediate records --------------------------------------------------------------------------------------

    async def _record(
        self, partner: Partner, row: Stored, session: Session, charge: Charge, permission: Authorization
    ) -> None:
        """Record a charge up to now when its time has come."""
        held, now = switches(partner), self._hub.clock.now()
        last = charge.interim_at or session.starts
        if held.intermediate_minutes <= 0 or now - last < timedelta(minutes=held.intermediate_minutes):
            return
        evse = await evse_at(self._hub, session.owner, session.location_id, session.evse_uid)
        record = interim_record(session, charge, permission, evse, now, cost=held.tells_cost)
        wire = wired(record)

        def merge(body: Body, _: Wire | None) -> tuple[Body, Wire | None]:
            return body, wire

        change = Change(session.key, frozenset({INTERIM}), row.updated, merge, wire, own_time=True)
        await self._hub.record(Origin(row.origin, correlation=charge.known_as), change)
        await self._ledger.note(charge, interim_at=now)
