"""What the provider of a token says: asked, or as it stated before (EMIP-66, EMIP-67, EMIP-132).

A partner may say when its providers are asked (core/manners.py: Asking). Of others a hub always asks; a CPO's own node
does so but for what the token's whitelist says: one of which it is ALWAYS is not asked about, and where no answer can
be had one that is ALLOWED or ALLOWED_OFFLINE may charge (OCPI-111).

What was stated of a token holds until it expires, and for the services it was stated for: otherwise nothing was stated.

An answer is missing when none came, whatever the cause: that is Unavailable. A no is an answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from msgspec.structs import replace

from interroam.core.asking import putting
from interroam.core.manners import Asking
from interroam.core.ports import Link
from interroam.model.agreements import Agreement
from interroam.model.errors import Reason, Unavailable
from interroam.model.facts import Origin
from interroam.model.ids import Module, Party, PartyId, Role, party_of
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization, Token, Whitelist

if TYPE_CHECKING:
    from interroam.core.hub import Hub
    from interroam.core.manners import Inclined

_CPO, _EMSP, _TOKENS = Role.CPO, Role.EMSP, Module.TOKENS
_ASYNC_ONLY, _ALWAYS = Asking.ASYNC_ONLY, Whitelist.ALWAYS


class Matter(Struct, frozen=True):
    """What is asked of which provider, what it stated of the token if anything, and the agreement it rests on."""

    question: Authorize
    provider: PartyId
    token: Token | None
    agreement: Agreement | None


async def inquire(hub: Hub, origin: Origin, matter: Matter, now: datetime) -> Authorization:
    """Return what a provider says of a token."""
    routing, question, provider, token = hub.book.routing, matter.question, matter.provider, matter.token
    to = party_of(provider, _EMSP)
    via = routing.way_to(to, question.cpo, now, matter.agreement)
    putting.check_active(hub, to)
    link = hub.links.get(routing.carriers(via, _TOKENS)[0].id)
    asking = _inclination(link, provider)
    if link is not None and not (link.answers and _is_asked_about(hub, asking, token, question, now)):
        own = asking is None and not link.answers  # its back office's node answers for it, as it was told to
        return replace(_stated(provider, token, question, now), listed=not own)
    try:
        answer = await putting.put(hub, question, to, via, origin, party_of(question.cpo, _CPO))
        if type(answer) is not Authorization:
            raise _unanswered(via)
    except Unavailable:
        if token is None or not _holds_unasked(hub, asking, token, question, now):
            raise
        # No answer can be had: what was agreed for that holds.
        return replace(_stated(provider, token, question, now), listed=True)
    return answer if answer.token is not None else replace(answer, token=token)


async def ask(hub: Hub, origin: Origin, question: Authorize, via: Party) -> Authorization:
    """Put the question to one provider, whoever's token it is."""
    answer = await putting.put(hub, question, via, via, origin, party_of(question.cpo, _CPO))
    if type(answer) is not Authorization:
        raise _unanswered(via)
    return answer


def _unanswered(via: Party) -> Unavailable:
    return Unavailable(Reason.BAD_ANSWER, f"{via} did not answer the question", reached=True)


def is_asked(link: Link, provider: PartyId) -> bool:
    """Whether a provider behind a partner is ever asked about a token."""
    return link.answers and _inclination(link, provider) is not _ASYNC_ONLY


def _inclination(link: Link | None, provider: PartyId) -> Asking | None:
    # isinstance() would look at no more than this, for a twentieth of what a question costs.
    return cast("Inclined", link).asking(provider) if hasattr(link, "asking") else None


def _is_asked_about(hub: Hub, asking: Asking | None, token: Token | None, question: Authorize, now: datetime) -> bool:
    """Whether a provider with this inclination is asked about a token, of which it may have stated something."""
    if token is None or asking is _ASYNC_ONLY:
        return asking is not _ASYNC_ONLY
    never = token.whitelist is _ALWAYS and not hub.is_hub  # OCPI-111: nobody asks about it
    settled = never if asking is None else asking is Asking.ASYNC_FIRST
    return not (settled and _holds(token, question, now))


def _holds(token: Token, question: Authorize, now: datetime) -> bool:
    """Whether what was stated of a token is still said, and of what is asked for (EMIP-132)."""
    return not token.expired(now) and token.serves(question.service)


def _holds_unasked(hub: Hub, asking: Asking | None, token: Token, question: Authorize, now: datetime) -> bool:
    """Whether what was stated of a token decides where no answer can be had."""
    if not _holds(token, question, now):
        return False
    if asking is None:
        return not hub.is_hub and token.valid and token.whitelist is not Whitelist.NEVER
    return asking is Asking.SYNC_FIRST


def _stated(provider: PartyId, token: Token | None, question: Authorize, now: datetime) -> Authorization:
    """Answer for a provider that is not asked."""
    if token is None:
        return Authorization(allowed=Allowed.NOT_ALLOWED, emsp=provider, info=f"{provider} never stated this token")
    if not token.valid:
        return Authorization(allowed=Allowed.BLOCKED, token=token, info="this token is not valid any more")
    if token.expired(now):
        return Authorization(allowed=Allowed.EXPIRED, token=token, info="the time of this token is over")
    if not token.serves(question.service):
        info = f"{provider} never stated this token for service {question.service}"
        return Authorization(allowed=Allowed.NOT_ALLOWED, token=token, info=info)
    return Authorization(allowed=Allowed.ALLOWED, token=token)
