"""How a question finds the partner that carries it, and the next one where nothing came of it.

A question is never put twice where the first may have been acted upon, but for those that do nothing (EMIP-44). Nor is
it put at all to a party all of whose partners are known to be away, where their links say so (EMIP-38).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from interroam.core.manners import Careful
from interroam.core.ports import Link
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Origin
from interroam.model.ids import Module, Party
from interroam.model.parties import Partner, PartnerState
from interroam.model.questions import Answer, Authorize, Question, Report

if TYPE_CHECKING:
    from interroam.core.hub import Hub

_SAFE = (Authorize, Report)
"""Questions that change nothing when they come twice: a report has its id."""
_OFFLINE, _TOKENS, _COMMANDS = PartnerState.OFFLINE, Module.TOKENS, Module.COMMANDS
_LEAST_S = 0.05
_LEFT = 0.1
"""The part of a question's time that is left for who asked: a list may know what no partner answered (EMIP-43)."""


async def put(hub: Hub, question: Question, to: Party, via: Party, origin: Origin, asker: Party) -> Answer:
    """Put a question to the first partner of a party that answers, within the deadlines."""
    time, patience = asyncio.get_running_loop().time, hub.deadlines.partner
    longest = hub.deadlines.door * (1 - _LEFT)
    ends, within = time() + longest, min(patience, longest)
    correlation = origin.correlation or hub.ids.new()
    trouble: Unavailable | None = None
    check_active(hub, to)
    for partner in hub.book.routing.carriers(via, _module_of(question)):
        try:
            return await _link(hub, partner, to).ask(question, to, asker, correlation, within)
        except Unavailable as failed:
            trouble = failed
            if failed.reached and not (isinstance(question, _SAFE) and _tries_next(hub.links.get(partner.id))):
                break
            within = min(patience, ends - time())
            if within < _LEAST_S:
                break
    raise trouble or Unavailable(Reason.NOT_CONNECTED, f"no partner of {via} is there")


def check_active(hub: Hub, to: Party) -> None:
    """Pass unless an operator switched off the party that is meant; else Unavailable."""
    if to in hub.book.suspended:
        raise Unavailable(Reason.NOT_CONNECTED, f"{to} is suspended")


def _module_of(question: Question) -> Module:
    """Return by which module's route a question goes."""
    return _TOKENS if type(question) is Authorize else _COMMANDS


def _tries_next(link: object) -> bool:
    return isinstance(link, Careful) and link.tries_next


def _skips_offline(link: object) -> bool:
    return isinstance(link, Careful) and link.skips_offline


def _link(hub: Hub, partner: Partner, to: Party) -> Link:
    """Return the way to a partner; Refused or Unavailable when there is none now."""
    away = hub.standings.away(to, partner.id)
    if away is not None:  # OCPI-215
        raise Unavailable(Reason.NOT_CONNECTED, f"{to} is {away.state.value}, as {away.by} says")
    if partner.state is PartnerState.SUSPENDED:
        raise Unavailable(Reason.NOT_CONNECTED, f"partner {partner.id} is suspended")
    link = hub.links.get(partner.id)
    if link is None:
        raise Refused(Reason.UNKNOWN_PARTY, f"partner {partner.id} is not wired")
    if partner.state is _OFFLINE and _skips_offline(link) and not hub.liveness.returns(partner.id):
        raise Unavailable(Reason.NOT_CONNECTED, f"partner {partner.id} is offline")
    return link
