"""May this driver charge here? Who is asked, in which order, and what is durable before the yes leaves.

1. The token is known: its provider is asked, if an agreement covers the pair; else the answer is no, and says why.
2. So it is on a CPO's node, but for what the token's whitelist says: a token of which it is ALWAYS is not asked about,
   and where no answer can be had one that is ALLOWED or ALLOWED_OFFLINE may charge (OCPI-111). A hub always asks.
3. It is not: the providers in agreement with the CPO are asked side by side under one deadline; the first answer that
   is not "unknown" wins (sheet C20).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.refs import token_ref
from interroam.core.visibility import Spot, first
from interroam.model.agreements import Agreement
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Origin, Stored
from interroam.model.ids import Key, Kind, Module, Party, Role, evse_key, location_key, session_key, token_key
from interroam.model.places import Availability, Evse
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization, Token, Whitelist

if TYPE_CHECKING:
    from interroam.core.hub import Hub

_ABSENT = frozenset({Availability.REMOVED, Availability.PLANNED})


class Authorizer:
    """Answers Authorize for the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def ask(self, origin: Origin, question: Authorize) -> Authorization:
        """Answer the question; Refused when it cannot be asked, Unavailable when nobody answered."""
        hub = self._hub
        if not hub.book.partners[origin.partner].is_hub:
            self._check_asker(origin, question)
        named = question.evse_uids
        if hub.is_hub:
            question = await self._located(question)
        spots = await hub.sight.spots(question.cpo, question.location_id, named, known=hub.is_hub)
        now = hub.clock.now()
        tokens = await self._tokens(question)
        refused: Refused | None = None
        for token in tokens:
            agreement = hub.book.routing.covering(question.cpo, token.owner, Module.TOKENS, now, spots)
            if agreement is not None or self._is_ours(token):
                asked = _selected(question, agreement, spots)
                return await self._settled(origin, asked, agreement, await self._answer_of(origin, asked, token))
            refused = hub.book.routing.why_not(question.cpo, token.owner, Module.TOKENS, now, spots)
        if refused is not None:
            return Authorization(
                allowed=Allowed.NOT_ALLOWED, cpo=question.cpo, token=tokens[-1], info=refused.message, at=now
            )
        return await self._ask_around(origin, question, spots)

    def _check_asker(self, origin: Origin, question: Authorize) -> None:
        if not self._hub.book.partners[origin.partner].speaks_for(question.cpo, Role.CPO):
            raise Refused(
                Reason.FORBIDDEN,
                f"partner {origin.partner} does not speak for {question.cpo} as CPO",
                remedy=f"add {question.cpo}/CPO to the parties of partner {origin.partner}",
            )

    async def _located(self, question: Authorize) -> Authorize:
        """Check the place and keep exactly one EVSE (OCPI-98, OCPI-99, sheet C16)."""
        if not question.location_id:
            raise Refused(
                Reason.INCOMPLETE, "authorize needs the location", remedy="send LocationReferences with location_id"
            )
        place = location_key(question.cpo, question.location_id)
        location = await self._hub.store.get(place)
        if location is None:
            raise Refused(
                Reason.UNKNOWN_LOCATION,
                f"CPO {question.cpo} has no location {question.location_id} here",
                remedy="push the location before asking",
            )
        return replace(question, evse_uids=await self._one_evse(place, question.evse_uids))

    async def _one_evse(self, place: Key, asked: tuple[str, ...]) -> tuple[str, ...]:
        for uid in asked:
            evse = _standing(await self._hub.store.get(evse_key(place.party, place.id, uid)))
            if evse is not None:
                return (evse.uid,)
        if asked:
            raise Refused(
                Reason.UNKNOWN_LOCATION,
                f"location {place.id} of {place.party} has no EVSE {', '.join(asked)}",
                remedy="push the EVSE before asking",
            )
        (rows,) = await self._hub.store.evses([place])
        known = [evse for evse in map(_standing, rows) if evse is not None]
        readers = [evse for evse in known if "RFID_READER" in evse.capabilities]
        free = [evse for evse in readers if evse.status.word == "AVAILABLE"]
        return tuple(evse.uid for evse in (free or readers or known)[:1])

    async def _tokens(self, question: Authorize) -> list[Token]:
        rows = await self._hub.store.by_ref(token_ref(question.type, question.uid), Kind.TOKEN)
        tokens = [row.body for row in rows if isinstance(row.body, Token) and not row.withdrawn]
        if question.emsp is not None:
            return [token for token in tokens if token.owner == question.emsp]
        return tokens

    def _is_ours(self, token: Token) -> bool:
        """Whether the provider's own back office is connected here: then this node answers for it."""
        hub = self._hub
        return not hub.is_hub and hub.book.routing.has(Party(token.owner, Role.EMSP))

    async def _answer_of(self, origin: Origin, question: Authorize, token: Token) -> Authorization:
        hub = self._hub
        provider = Party(token.owner, Role.EMSP)
        agreement = hub.book.routing.covering(question.cpo, token.owner, Module.TOKENS, hub.clock.now())
        via = provider if hub.book.routing.has(provider) or agreement is None else agreement.emsp
        partner = hub.book.routing.partner_for(via)
        link = hub.links.get(partner.id)
        if link is None or not link.answers:
            return from_token(token)
        if not hub.is_hub and token.whitelist is Whitelist.ALWAYS:
            return from_token(token)  # OCPI-111: never asked about
        try:
            answer = await self._put(origin, replace(question, emsp=token.owner), provider, via)
        except Unavailable:
            if hub.is_hub or not token.valid or token.whitelist is Whitelist.NEVER:
                raise
            return from_token(token)  # no answer can be had: what was agreed for that holds
        return answer if answer.token is not None else replace(answer, token=token)

    async def _put(self, origin: Origin, question: Authorize, to: Party, via: Party) -> Authorization:
        answer = await self._hub.put(question, to, via, origin, Party(question.cpo, Role.CPO))
        if not isinstance(answer, Authorization):
            raise Unavailable(Reason.BAD_ANSWER, f"{via} did not answer the question", reached=True)
        return answer

    # -- a token nobody told us of ---------------------------------------------------------------------------------

    async def _ask_around(self, origin: Origin, question: Authorize, spots: Collection[Spot]) -> Authorization:
        hub = self._hub
        asked = [
            one
            for one in hub.book.routing.askable(question.cpo, hub.clock.now(), spots)
            if (question.emsp is None or one.covers_emsp(question.emsp)) and self._may_be_asked(one, origin)
        ]
        unknown = Refused(
            Reason.UNKNOWN_TOKEN,
            f"nobody in agreement with {question.cpo} knows this token",
            remedy="its provider must state the token, or be in agreement with the CPO",
        )
        waiting = {
            asyncio.ensure_future(self._put(origin, _selected(question, one, spots), one.emsp, one.emsp)): one
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
                        return await self._settled(
                            origin, _selected(question, agreement, spots), agreement, task.result()
                        )
                    trouble = self._worse(trouble, error)
        finally:
            for task in waiting:
                task.cancel()
        raise trouble

    def _may_be_asked(self, agreement: Agreement, origin: Origin) -> bool:
        routing = self._hub.book.routing
        if not routing.has(agreement.emsp):
            return False
        partner = routing.partner_for(agreement.emsp)
        link = self._hub.links.get(partner.id)
        return partner.id != origin.partner and link is not None and link.answers

    @staticmethod
    def _worse(known: Exception, error: BaseException) -> Exception:
        """Prefer a silence over an unknown: somebody may know the token who did not answer in time."""
        if isinstance(error, Refused) and error.reason in (Reason.UNKNOWN_TOKEN, Reason.UNKNOWN_OBJECT):
            return known
        if isinstance(error, Refused | Unavailable):
            return error
        raise error

    # -- a yes must survive ----------------------------------------------------------------------------------------

    async def _settled(
        self, origin: Origin, question: Authorize, agreement: Agreement | None, answer: Authorization
    ) -> Authorization:
        """Complete the answer; a positive one is durable when this returns."""
        hub = self._hub
        now = hub.clock.now()
        if answer.allowed is not Allowed.ALLOWED or answer.token is None:
            return replace(answer, cpo=question.cpo, at=now, correlation=origin.correlation)
        given = answer.emsp_reference
        allowed_at = answer.evse_uids or question.evse_uids
        answer = replace(
            answer,
            cpo=question.cpo,
            at=now,
            correlation=origin.correlation,
            reference=hub.ids.new() if hub.is_hub or not given else given,
            emsp=answer.token.owner,
            receiver=agreement.emsp if agreement is not None else None,
            agreement=agreement.id if agreement is not None else "",
            location_id=question.location_id,
            evse_uids=allowed_at,
        )
        await hub.record_authorization(origin, answer, now)
        return answer


async def allowed(hub: Hub, charge: Session | Cdr) -> bool:
    """Whether something came before a charge that allowed it: an authorization, or a whitelist (OCPI-178)."""
    references = [charge.authorization_reference]
    if isinstance(charge, Cdr) and charge.session_id:
        row = await hub.store.get(session_key(charge.owner, charge.session_id))
        references += [row.body.authorization_reference] if row is not None and isinstance(row.body, Session) else []
    for reference in references:
        if reference and await hub.authorization(reference) is not None:
            return True
    known = await hub.store.get(token_key(charge.token.owner, charge.token.type, charge.token.uid))
    if known is None or known.withdrawn or not isinstance(known.body, Token):
        return False
    return known.body.valid and known.body.whitelist is not Whitelist.NEVER


def _selected(question: Authorize, agreement: Agreement | None, spots: Collection[Spot]) -> Authorize:
    """Return the question for an EVSE that the agreement covers, where the asker named none or several."""
    covered = first(spots, agreement) if agreement is not None else None
    if covered is None or agreement is None or not covered.uid:
        return question
    asked = {uid.casefold() for uid in question.evse_uids}
    if any(one.uid.casefold() in asked and first((one,), agreement) is not None for one in spots):
        return question
    return replace(question, evse_uids=(covered.uid,))


def _standing(row: Stored | None) -> Evse | None:
    """Return the EVSE of a row where one could charge: not one that is planned or gone."""
    body = row.body if row is not None else None
    return body if isinstance(body, Evse) and body.status.availability not in _ABSENT else None


def from_token(token: Token) -> Authorization:
    """Answer from a stored token, for a provider whose back office is not asked in real time."""
    if token.valid:
        return Authorization(allowed=Allowed.ALLOWED, token=token)
    return Authorization(allowed=Allowed.BLOCKED, token=token, info="this token is not valid any more")
