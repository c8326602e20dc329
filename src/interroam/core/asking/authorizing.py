"""May this driver charge here? Who is asked, in which order, and what is durable before the yes leaves.

1. The token is known, or names its provider as a contract id does: that one is asked, if an agreement covers the pair;
   else the answer is no, and says why. Whether it is asked at all, and what holds where it does not answer, is told in
   inquiring.
2. It is not: the providers in agreement with the CPO are asked side by side under one deadline; the first answer that
   is not "unknown" wins (sheet C20).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from msgspec.structs import replace

from interroam.core.asking.inquiring import Matter, ask, inquire, is_asked
from interroam.core.manners import Discreet
from interroam.core.refs import token_ref
from interroam.core.rules.visibility import Spot, first
from interroam.model.agreements import Agreement
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Origin, Stored
from interroam.model.ids import (
    Key,
    Kind,
    Module,
    Party,
    PartyId,
    Role,
    evse_key,
    location_key,
    provider_of,
    session_key,
    token_key,
)
from interroam.model.places import Availability, Evse
from interroam.model.questions import Authorize
from interroam.model.tokens import CHARGING, Allowed, Authorization, Token, Whitelist

if TYPE_CHECKING:
    from interroam.core.hub import Hub

_CARD = "RFID"
_ALLOWED, _NEVER, _TOKENS, _TOKEN = Allowed.ALLOWED, Whitelist.NEVER, Module.TOKENS, Kind.TOKEN
Begins = Callable[[Authorization], Session | None]
"""Makes the session that a permission begins, where it does: both are durable before the yes leaves."""
_ABSENT = frozenset({Availability.REMOVED, Availability.PLANNED})


class Authorizer:
    """Answers Authorize for the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def ask(self, origin: Origin, question: Authorize, begins: Begins, now: datetime) -> Authorization:
        """Answer the question; Refused when it cannot be asked, Unavailable when nobody answered."""
        hub = self._hub
        matter = await self._matter(origin, question, now)
        if type(matter) is Matter:
            answer = self._completed(origin, matter, await inquire(hub, origin, matter, now))
        elif type(matter) is _Anybody:
            answer = await self._ask_around(origin, matter)
        else:
            answer = cast("Authorization", matter)
        if answer.allowed is _ALLOWED:
            await hub.record_authorization(origin, answer, answer.at or now, begins(answer))
        return answer if answer.reference else _known_by(question, answer)

    async def _matter(self, origin: Origin, question: Authorize, now: datetime) -> Matter | _Anybody | Authorization:
        """Find out what is to be asked of whom; where of nobody, the answer says why."""
        hub, cpo = self._hub, question.cpo
        routing, is_hub = hub.book.routing, hub.is_hub
        self._check_asker(origin, question)
        reference, uids, service = question.reference, question.evse_uids, ""
        spots: Collection[Spot] = ()
        if is_hub:
            uids = self._there(question) or await self._standing_at(question)
            reference = reference or hub.ids.at(now)  # whoever is asked shall know the charge by it
            service = question.service  # a hub's table says who has which (EMIP-130)
        if routing.selective:
            spots = await hub.sight.spots(cpo, question.location_id, question.evse_uids, known=is_hub)
        name = token_ref(question.type, question.uid)
        rows = hub.store.named_at_hand(name, _TOKEN)
        candidates = _tokens(await hub.store.by_ref(name, _TOKEN) if rows is None else rows, question.emsp)
        candidates = candidates or self._named_provider(question)
        refused: Refused | None = None
        for provider, token in candidates:
            agreement = routing.covering(cpo, provider, _TOKENS, now, spots, service)
            if agreement is not None or self._is_ours(token):
                asked = replace(question, reference=reference, evse_uids=uids, emsp=provider)
                asked = _selected(asked, agreement, spots) if spots else asked
                return Matter(asked, provider, token, agreement)
            refused = routing.why_not(cpo, provider, _TOKENS, now, spots, service)
        if not candidates and is_hub and question.emsp is not None:  # whoever is addressed must roam with the CPO
            candidates = [(question.emsp, None)]
            if routing.covering(cpo, question.emsp, _TOKENS, now, spots, service) is None:
                refused = routing.why_not(cpo, question.emsp, _TOKENS, now, spots, service)
        if refused is not None:
            return _not_covered(question, candidates[-1][0], refused, now)
        return _Anybody(replace(question, reference=reference, evse_uids=uids), spots)

    def _named_provider(self, question: Authorize) -> list[tuple[PartyId, Token | None]]:
        """Return the provider whose contract id was presented, when it is one that we roam with (EMIP-68)."""
        if question.type == _CARD or question.emsp is not None:
            return []
        named = provider_of(question.uid)
        routing = self._hub.book.routing
        known = named is not None and (
            Role.EMSP in routing.roles_of(named) or any(one.emsp.id == named for one in routing.agreements)
        )
        return [(named, None)] if named is not None and known else []

    def _check_asker(self, origin: Origin, question: Authorize) -> None:
        if not self._hub.book.routing.may_ask(origin.partner, question.cpo):
            raise Refused(
                Reason.FORBIDDEN,
                f"partner {origin.partner} does not speak for {question.cpo} as CPO",
                remedy=f"add {question.cpo}/CPO to the parties of partner {origin.partner}",
            )

    def _there(self, question: Authorize) -> tuple[str, ...]:
        """Return the EVSE asked about, where memory says that one stands there; else it is to be looked for."""
        asked = question.evse_uids
        if not asked or not question.location_id:
            return ()
        evse = _standing(self._hub.store.at_hand(evse_key(question.cpo, question.location_id, asked[0])))
        return () if evse is None else (evse.uid,)

    async def _standing_at(self, question: Authorize) -> tuple[str, ...]:
        """Check the place and return exactly one EVSE of it (OCPI-98, OCPI-99, sheet C16)."""
        if not question.location_id:
            raise Refused(
                Reason.INCOMPLETE, "authorize needs the location", remedy="send LocationReferences with location_id"
            )
        for uid in question.evse_uids:
            evse = _standing(await self._hub.store.get(evse_key(question.cpo, question.location_id, uid)))
            if evse is not None:
                return (evse.uid,)  # there is no EVSE without its location: that is read only to say what is wrong
        place = location_key(question.cpo, question.location_id)
        if await self._hub.store.get(place) is None:
            if question.anywhere:  # a private charger, say: its CPO alone knows it (sheet C32)
                return question.evse_uids[:1]
            raise Refused(
                Reason.UNKNOWN_LOCATION,
                f"CPO {question.cpo} has no location {question.location_id} here",
                remedy="push the location before asking",
            )
        if question.evse_uids:
            raise Refused(
                Reason.UNKNOWN_LOCATION,
                f"location {place.id} of {place.party} has no EVSE {', '.join(question.evse_uids)}",
                remedy="push the EVSE before asking",
            )
        found = await self._any_evse(place)
        if not found:  # all of them are gone, or planned: nobody can charge there
            raise Refused(
                Reason.UNKNOWN_LOCATION,
                f"location {place.id} of {place.party} has no EVSE",
                remedy="push an EVSE before asking",
            )
        return found

    async def _any_evse(self, place: Key) -> tuple[str, ...]:
        """Return the EVSE of a location where one would charge first."""
        (rows,) = await self._hub.store.evses([place])
        known = [evse for evse in map(_standing, rows) if evse is not None]
        readers = [evse for evse in known if "RFID_READER" in evse.capabilities]
        free = [evse for evse in readers if evse.status.word == "AVAILABLE"]
        return tuple(evse.uid for evse in (free or readers or known)[:1])

    def _is_ours(self, token: Token | None) -> bool:
        """Whether the provider's own back office is connected here: then this node answers for it."""
        hub = self._hub
        return token is not None and not hub.is_hub and hub.book.routing.has(Party(token.owner, Role.EMSP))

    # -- a token nobody told us of ---------------------------------------------------------------------------------

    async def _ask_around(self, origin: Origin, anybody: _Anybody) -> Authorization:
        hub = self._hub
        question, spots = anybody
        service = question.service if hub.is_hub else ""
        asked = [
            one
            for one in hub.book.routing.askable(question.cpo, hub.clock.now(), spots, service)
            if (question.emsp is None or one.covers_emsp(question.emsp))
            and self._may_be_asked(one, origin, named=question.emsp is not None)
        ]
        unknown = Refused(
            Reason.UNKNOWN_TOKEN,
            f"nobody in agreement with {question.cpo} knows this token",
            remedy="its provider must state the token, or be in agreement with the CPO",
        )
        waiting = {
            asyncio.ensure_future(ask(hub, origin, _unsure(_selected(question, one, spots), one), one.emsp)): one
            for one in asked
        }
        trouble: Exception = unknown
        try:
            while waiting:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    agreement = waiting.pop(task)
                    error = task.exception()
                    if error is None:
                        asked_for = _selected(question, agreement, spots)
                        matter = Matter(asked_for, agreement.emsp.id, None, agreement)
                        return self._completed(origin, matter, task.result())
                    trouble = self._worse(trouble, error)
        finally:
            for task in waiting:
                task.cancel()
        raise trouble

    def _may_be_asked(self, agreement: Agreement, origin: Origin, *, named: bool) -> bool:
        routing = self._hub.book.routing
        if not routing.has(agreement.emsp):
            return False
        partner = routing.partner_for(agreement.emsp, Module.TOKENS)
        link = self._hub.links.get(partner.id)
        back = partner.is_hub and partner.id == origin.partner  # a hub that asks has asked those behind it
        if link is None or back or not (named or not isinstance(link, Discreet) or link.accepts_unknown):
            return False
        return is_asked(link, agreement.emsp.id)

    @staticmethod
    def _worse(known: Exception, error: BaseException) -> Exception:
        """Prefer a silence over an unknown: somebody may know the token who did not answer in time."""
        if isinstance(error, Refused) and error.reason in (Reason.UNKNOWN_TOKEN, Reason.UNKNOWN_OBJECT):
            return known
        if isinstance(error, Refused | Unavailable):
            return error
        raise error

    # -- the answer ------------------------------------------------------------------------------------------------

    def _completed(self, origin: Origin, matter: Matter, answer: Authorization) -> Authorization:
        """Return an answer with all that is known of it here; a positive one is what has to become durable."""
        now, question, agreement, token = self._hub.clock.now(), matter.question, matter.agreement, answer.token
        owner = answer.emsp or (token.owner if token is not None else matter.provider)
        answer = replace(
            answer,
            emsp=owner,
            cpo=question.cpo,
            at=now,
            correlation=origin.correlation,
            service=question.service,
            cpo_session=answer.cpo_session or question.cpo_session,
        )
        if answer.allowed is not _ALLOWED:
            return answer
        token = token or _presented(question, owner, answer.alias, now)
        reference, emsp_reference = self._references(question, answer)
        return replace(
            answer,
            reference=reference,
            emsp_reference=emsp_reference,
            token=token if answer.alias is None else replace(token, contract_id=answer.alias),
            receiver=agreement.emsp if agreement is not None else None,
            agreement=agreement.id if agreement is not None else "",
            location_id=question.location_id,
            evse_uids=answer.evse_uids or question.evse_uids,
        )

    def _references(self, question: Authorize, answer: Authorization) -> tuple[str, str | None]:
        """Return what a permission is known by on this leg, said in the question or in the answer, and by its giver."""
        hub, theirs = self._hub, answer.emsp_reference
        if hub.is_hub:
            return question.reference or hub.ids.new(), theirs
        if question.reference:  # asked by a hub: the provider's own name is made here, if its office made none
            return question.reference, theirs or hub.ids.new()
        return answer.reference or theirs or hub.ids.new(), theirs


class _Anybody(NamedTuple):
    """A question about a token nobody told us of, and the EVSEs it is about."""

    question: Authorize
    spots: Collection[Spot]


def _known_by(question: Authorize, answer: Authorization) -> Authorization:
    """Return an answer without a reference of its own as one that bears the one said in the question."""
    return replace(answer, reference=question.reference or "")


def _presented(question: Authorize, owner: PartyId, alias: str | None, now: datetime) -> Token:
    """Return a token that was allowed and that nobody described: no more than what was presented."""
    return Token(
        owner=owner,
        uid=question.uid,
        type=question.type,
        contract_id=alias or question.uid,
        issuer=str(owner),
        valid=True,
        last_updated=now,
    )


def _not_covered(question: Authorize, provider: PartyId, refused: Refused, now: datetime) -> Authorization:
    """Return a no that shows the CPO nothing of the card but what it presented: no agreement lets it see more."""
    return Authorization(
        allowed=Allowed.NOT_ALLOWED,
        emsp=provider,
        cpo=question.cpo,
        token=replace(_presented(question, provider, None, now), valid=False),
        info=refused.message,
        why=refused.reason,
        at=now,
    )


def _unsure(question: Authorize, agreement: Agreement) -> Authorize:
    """Return the question to a provider whose token it need not be; a hub finds out by itself."""
    return replace(question, known=agreement.emsp.role is not Role.EMSP)


async def allowed(hub: Hub, charge: Session | Cdr) -> bool:
    """Whether something came before a charge that allowed it: an authorization, or a whitelist (OCPI-178)."""
    references = [charge.authorization_reference]
    if isinstance(charge, Cdr) and charge.session_id:
        row = await hub.store.get(session_key(charge.owner, charge.session_id))
        references += [row.body.authorization_reference] if row is not None and isinstance(row.body, Session) else []
    for reference in references:
        known = await hub.authorization(reference, charge.owner) if reference else None
        if known is not None and known.cpo == charge.owner:
            return True
    stored = await hub.store.get(token_key(charge.token.owner, charge.token.type, charge.token.uid))
    if stored is None or stored.withdrawn or not isinstance(stored.body, Token):
        return False
    token = stored.body
    return token.valid and token.whitelist is not _NEVER and token.serves(CHARGING)


def _selected(question: Authorize, agreement: Agreement | None, spots: Collection[Spot]) -> Authorize:
    """Return the question for an EVSE that the agreement covers, where the asker named none or several."""
    covered = first(spots, agreement) if agreement is not None else None
    if covered is None or agreement is None or not covered.uid:
        return question
    asked = {uid.casefold() for uid in question.evse_uids}
    if any(one.uid.casefold() in asked and first((one,), agreement) is not None for one in spots):
        return question
    return replace(question, evse_uids=(covered.uid,))


def _tokens(rows: Iterable[Stored], provider: PartyId | None) -> list[tuple[PartyId, Token | None]]:
    """Return the tokens that are meant, each with its provider."""
    found: list[tuple[PartyId, Token | None]] = []
    for row in rows:
        token = row.body
        if type(token) is Token and not row.withdrawn and (provider is None or token.owner == provider):
            found.append((token.owner, token))
    return found


def _standing(row: Stored | None) -> Evse | None:
    """Return the EVSE of a row where one could charge: not one that is planned or gone."""
    body = row.body if row is not None and not row.withdrawn else None
    return body if isinstance(body, Evse) and body.status.availability not in _ABSENT else None
