"""The three verbs: tell a fact, ask a question, find what is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from interroam.core.asking import acting, naming, putting, reserving, starting, steering
from interroam.core.asking.authorizing import Authorizer, Begins, allowed
from interroam.core.asking.commanding import Commander
from interroam.core.finding.sight import Sight
from interroam.core.parties.book import Book
from interroam.core.parties.liveness import Liveness
from interroam.core.parties.quotas import Quotas
from interroam.core.parties.standings import Standings
from interroam.core.ports import Clock, Ids, Link, Page, Query, Store
from interroam.core.prompt import at_once
from interroam.core.refs import refs_of
from interroam.core.rules.erasing import Erasure
from interroam.core.rules.verdicts import is_ahead
from interroam.core.telling import crediting, keeping, lapsing, pinning, running
from interroam.core.telling.clearing import Clearing
from interroam.core.telling.gate import Gate
from interroam.core.telling.oddities import Oddities
from interroam.core.telling.tariffs_in_use import check_unused
from interroam.core.telling.waiting import Keeper
from interroam.model.charges import Cdr, Outcome, Session
from interroam.model.facts import Body, Change, Fact, Origin, Receipt, Statement, Stored, Tellable, Telling
from interroam.model.ids import (
    LANE_OF,
    MODULE_OF,
    Key,
    Kind,
    Lane,
    Module,
    Party,
    PartyId,
)
from interroam.model.profiles import ProfileInForce
from interroam.model.questions import (
    Acknowledged,
    Act,
    Answer,
    Authorize,
    CancelReservation,
    Done,
    Prefer,
    Preferred,
    Question,
    Report,
    Reserve,
    StartSession,
    Steering,
    Unlock,
)
from interroam.model.tokens import Authorization, Token

_CHARGES = frozenset({Kind.SESSION, Kind.CDR})
_OF_DRIVERS = frozenset({Kind.TOKEN, Kind.SESSION})
_AHEAD = "lies ahead of our clock: kept as sent, compared as the time of reception"
_CDR, _SESSION, _TARIFF, _LANE_CHARGES = Kind.CDR, Kind.SESSION, Kind.TARIFF, Lane.CHARGES


FollowUp = Callable[[Origin, Key, str, datetime], None]
"""Told of a change to an object we do not know: whose, its key, its id as it was spelled, when it changed."""


def _nothing(_permission: Authorization) -> None:
    return None


class Deadlines(msgspec.Struct, frozen=True):
    """How long things may take, in seconds."""

    partner: float = 5.0
    """How long a partner may take to answer a question."""
    door: float = 10.0
    """How long a question may take from door to door."""
    command: float = 60.0
    """How long an outcome is awaited when the target does not say."""
    silence: float = 300.0
    """How long a partner may be silent before it is asked whether it is there; 0: never."""


class Hub:
    """The core as the rooms see it.

    ``links`` maps partners to their links; ``book`` says who is who. ``is_hub`` tells whether this node plays the
    part of a hub: then references and session ids are its own on every leg.
    """

    def __init__(
        self, store: Store, book: Book, links: Mapping[str, Link], clock: Clock, ids: Ids, deadlines: Deadlines
    ) -> None:
        self.store = store
        self.book = book
        self.is_hub = book.hub is not None
        """Whether this node plays the part of a hub."""
        self.links = links
        self.clock = clock
        self.ids = ids
        self.deadlines = deadlines
        self.follow_up: FollowUp = _leave
        self.keepers: list[Keeper] = []
        self.forgetting: list[Callable[[], None]] = [book.keyring.forget]
        self.liveness = Liveness(self)
        self.quotas = Quotas()
        self.standings = Standings(store, book, clock)
        self.gate = Gate(self)
        self.oddities = Oddities(store, clock)
        self._authorizer = Authorizer(self)
        self._commander = Commander(self)
        self.clearing = Clearing(self)
        self.sight = Sight(store, book, clock, self.clearing.held)

    def forget(self, erasure: Erasure) -> None:
        """Let go of what memory holds of a driver: what is asked for again is read again.

        A room that keeps any of it adds to ``forgetting`` how it lets go.
        """
        self.oddities.rewrite(erasure.text)
        for let_go in self.forgetting:
            let_go()

    # -- tell ------------------------------------------------------------------------------------------------------

    async def tell(self, origin: Origin, statement: Tellable) -> Receipt:
        """Judge and record; returns after the commit. Refused when the origin may not state it."""
        if isinstance(statement, Outcome):
            return await self._commander.settle(origin, statement)
        if isinstance(statement, ProfileInForce):
            return await steering.tell_profile(self, origin, statement)
        key = statement.key
        self.book.routing.may_state(origin.partner, key)
        standards = self.gate.standards(origin.partner)
        if standards is not None:
            return await self.gate.tell(origin, statement, standards)
        if key.kind is _TARIFF and isinstance(statement, Fact):
            return await self.gate.compared(origin, statement)
        return await self.record(origin, statement, key)

    def told(
        self, origin: Origin, statement: Statement, then: Callable[[Receipt | Exception], None], now: datetime
    ) -> bool:
        """Do what ``tell`` does, without a task, and call ``then`` after the commit; false when ``tell`` has to do it.

        That is where something may have to be waited for before the statement can be recorded. ``now`` is the hour the
        caller has just looked up.
        """
        fact = statement if type(statement) is Fact else None
        key = statement.key if fact is None else fact.body.key
        kind = key.kind
        self.book.routing.may_state(origin.partner, key)
        if not self.store.prompt or self.gate.standards(origin.partner) is not None or kind is _TARIFF:
            return False
        if kind is _SESSION and self.clearing.clears:
            return False
        if fact is None:
            self.store.tell(self._change(key, statement, origin, now), then)
            return True
        telling = self._plain(origin, key, fact, now) or at_once(self._telling(origin, key, fact, now))
        if kind is _CDR and self.clearing.weighs(telling.agreement):
            return False
        self.store.tell(telling, partial(self._taken, telling, then) if kind in _CHARGES else then)
        return True

    def _taken(
        self, telling: Telling, then: Callable[[Receipt | Exception], None], outcome: Receipt | Exception
    ) -> None:
        """Pass on what became of a charge, with what is odd about it."""
        if type(outcome) is Receipt and outcome.created:
            finding = at_once(self._odd(telling))
            outcome = msgspec.structs.replace(outcome, finding=finding) if finding else outcome
        then(outcome)

    async def record(self, origin: Origin, statement: Statement, key: Key | None = None) -> Receipt:
        """Record what may be stated and is approved; ``key`` is the statement's, where it is at hand."""
        key = key or statement.key
        telling = await self._telling(origin, key, statement, self.clock.now())
        if key.kind is Kind.CDR and isinstance(telling.statement, Fact) and telling.agreement:
            weighed = await self.clearing.weigh(telling.statement, telling.agreement)
            if weighed is not telling.statement:
                telling = msgspec.structs.replace(telling, statement=weighed)
        if key.kind is Kind.SESSION and self.clearing.clears:
            telling = msgspec.structs.replace(telling, statement=await running.priced(self, telling))
        receipt = await self.store.record(telling)
        if receipt.created and key.kind in _CHARGES:
            finding = await self._odd(telling)
            return msgspec.structs.replace(receipt, finding=finding) if finding else receipt
        return receipt

    async def _odd(self, telling: Telling) -> str:
        """Say why a charge that was recorded goes to nobody, or that nothing allowed it."""
        charge = telling.statement.body if isinstance(telling.statement, Fact) else None
        if type(charge) is not Session and type(charge) is not Cdr:
            return ""
        if telling.receiver is None:
            spots = await pinning.spots(self, charge)
            asked = (charge.owner, charge.token.owner, MODULE_OF[telling.key.kind], telling.at, spots)
            return self.book.routing.why_not(*asked).message
        if type(charge) is Cdr and charge.credit and (odd := await crediting.odd(self.store, charge)):
            return odd
        return "" if await allowed(self, charge) else "no authorization, and its token is on no whitelist (OCPI-178)"

    async def _telling(self, origin: Origin, key: Key, statement: Statement, now: datetime) -> Telling:
        kind = key.kind
        if isinstance(statement, Change) or not isinstance(statement, Fact):
            if kind is Kind.TARIFF:
                await check_unused(self.store, key)
            return self._change(key, statement, origin, now)
        self._compare(origin, statement, kind, now)
        if kind in _CHARGES and statement.wire is None:
            statement = await keeping.kept(self.store, statement)
        body = statement.body
        receiver, agreement = await pinning.pinned(self, body, now) if kind in _CHARGES else pinning.NOBODY
        subject, contract = self.subjects_of(body)
        refs, lane = refs_of(body), LANE_OF[kind]
        return Telling(key, statement, origin, now, lane, receiver, agreement, subject, contract, refs)

    def _plain(self, origin: Origin, key: Key, fact: Fact, now: datetime) -> Telling | None:
        """Make a telling of a charge as it came that names nothing to be looked up; None of all else."""
        body = fact.body
        if fact.wire is None or (type(body) is not Session and type(body) is not Cdr) or pinning.refers(self, body):
            return None
        kind, token, keyring = key.kind, body.token, self.book.keyring
        if body.last_updated > now:
            self._compare(origin, fact, kind, now)
        receiver, agreement = pinning.by_token(self, body, MODULE_OF[kind], now)
        subject, contract = keyring.subject(token.type, token.uid), keyring.subject("contract", token.contract_id)
        refs = refs_of(body)
        return Telling(key, fact, origin, now, _LANE_CHARGES, receiver, agreement, subject, contract, refs)

    def _change(self, key: Key, statement: Statement, origin: Origin, now: datetime) -> Telling:
        kind = key.kind
        if not isinstance(statement, Change) or statement.last_updated > now:
            self._compare(origin, statement, kind, now)
        named = self.subjects_of if kind in _OF_DRIVERS else None
        return Telling(key, statement, origin, now, LANE_OF[kind], named=named)

    def _compare(self, origin: Origin, statement: Statement, kind: Kind, now: datetime) -> None:
        """Report a clock that goes wrong (design: Decisions 5)."""
        if is_ahead(statement, now):
            self.oddities.note(origin.partner, kind.value, [("last_updated", _AHEAD)], origin.correlation)

    def authorization(self, reference: str, cpo: PartyId | None = None) -> Coroutine[Any, Any, Authorization | None]:
        """Return the permission of a charge by any of its names: ours, its provider's, its CPO's."""
        return naming.authorization(self, reference, cpo)

    def record_authorization(
        self, origin: Origin, body: Authorization, now: datetime, session: Session | None = None
    ) -> Awaitable[object]:
        """Make a permission durable, with the agreement it rests on and the session it begins."""
        if session is not None:
            return self._record_both(origin, body, now, session)
        return self.store.record(self._permitted(origin, body, body, now))

    async def _record_both(self, origin: Origin, body: Authorization, now: datetime, session: Session) -> None:
        plain = self._is_plain(origin, session, body)
        permitted = self.store.record(self._permitted(origin, body, body, now))
        if not plain:
            await permitted
            await self.tell(origin, Fact(session))
            return
        try:
            await self.store.record(self._permitted(origin, session, body, now))  # in the same group
        finally:
            await permitted

    def _permitted(self, origin: Origin, body: Authorization | Session, by: Authorization, now: datetime) -> Telling:
        subject, contract = self.subjects_of(body)
        fact, lane, refs = Fact(body), _LANE_CHARGES, refs_of(body)
        return Telling(body.key, fact, origin, now, lane, by.receiver, by.agreement, subject, contract, refs)

    def _is_plain(self, origin: Origin, session: Session, permission: Authorization) -> bool:
        """Whether a session goes where its permission says, and nothing has to be looked at before it is kept."""
        self.book.routing.may_state(origin.partner, session.key)
        if (
            self.clearing.clears
            or self.gate.standards(origin.partner)
            or session.token.owner.country == pinning.PROGRAM
        ):
            return False
        return bool(permission.agreement) and pinning.carries(self, permission.agreement, Module.SESSIONS)

    def subjects_of(self, body: Body) -> tuple[bytes, bytes]:
        """Return the keyed hashes of the driver's token and contract that an object speaks of."""
        token = body if isinstance(body, Token) else getattr(body, "token", None)
        if token is None:
            return b"", b""
        keyring = self.book.keyring
        return keyring.subject(token.type, token.uid), keyring.subject("contract", token.contract_id)

    # -- ask -------------------------------------------------------------------------------------------------------

    def authorize(
        self, origin: Origin, question: Authorize, begins: Begins = _nothing, now: datetime | None = None
    ) -> Coroutine[Any, Any, Authorization]:
        """Ask whether a driver may charge; a yes is recorded before it is returned, with the session it ``begins``.

        ``now`` is when it was asked, where that is at hand.
        """
        return self._authorizer.ask(origin, question, begins, now or self.clock.now())

    async def command(self, origin: Origin, question: Steering) -> Acknowledged:
        """Steer a charge or what comes before it: the acknowledgment now, the outcome later as a fact."""
        commander = self._commander
        match question:
            case StartSession():
                return await starting.start(commander, origin, question)
            case Reserve():
                return await reserving.reserve(commander, origin, question)
            case CancelReservation():
                return await reserving.cancel(commander, origin, question)
            case Unlock():
                return await starting.unlock(commander, origin, question)
            case _:
                return await steering.steer(commander, origin, question)

    async def act(self, origin: Origin, act: Act) -> Done:
        """Have something done with a charge under way, now: for its provider only."""
        return await acting.act(self, origin, act)

    async def report(self, origin: Origin, report: Report) -> Done:
        """Tell the provider of a charge how it goes, now: by its CPO only."""
        return await acting.report(self, origin, report)

    async def outcome(self, command_id: str, within: float) -> Outcome | None:
        """Return what became of a command, awaited for so many seconds; None when that is not known by then."""
        return await acting.outcome(self, command_id, within)

    async def prefer(self, origin: Origin, question: Prefer) -> Preferred:
        """Say what a driver would like of a charge under way, and hear what can be done."""
        return await steering.prefer(self._commander, origin, question)

    async def put(self, question: Question, to: Party, via: Party, origin: Origin, asker: Party) -> Answer:
        """Put a question to a partner that carries messages to ``via``, within the partner's deadline."""
        return await putting.put(self, question, to, via, origin, asker)

    async def sweep(self) -> int:
        """State, once, what time has ended: TIMEOUT of commands, statuses nobody renewed; returns how many."""
        return await self._commander.sweep() + await lapsing.lapse(self)

    # -- find ------------------------------------------------------------------------------------------------------

    async def find(self, viewer: Party, query: Query) -> Page:
        """Return a page of what this viewer may see: its agreements' owners, its own charges."""
        module = MODULE_OF[query.kind]
        if query.kind in _CHARGES:
            held = self.clearing.numbers if self.clearing.held else ()
            return await self.store.page(msgspec.structs.replace(query, receiver=viewer, without=held))
        shown = self.book.routing.visible(viewer, module, self.clock.now())
        asked = query.owners
        owners = shown if asked is None else asked if shown is None else shown & asked
        query = msgspec.structs.replace(query, owners=owners)
        if query.kind is Kind.LOCATION and self.book.routing.selective:
            query = await self.sight.selected(viewer, query, asked)
        return await self.store.page(query)

    async def session(self, session_id: str, cpo: Party | None = None) -> Stored | None:
        """Return a session by its hub id, its owner's id, or another name of the charge; the only one of that name."""
        return await naming.session(self, session_id, cpo)

    async def identify(
        self, origin: Origin, reference: str, *, cpo_session: str | None = None, emsp_reference: str | None = None
    ) -> Authorization | None:
        """Note how its CPO or its provider calls a charge, where that is not known yet; returns its permission."""
        return await naming.identify(self, origin, reference, cpo_session=cpo_session, emsp_reference=emsp_reference)


def _leave(_origin: Origin, _key: Key, _name: str, _since: datetime) -> None:
    """Leave an unknown object unknown."""
