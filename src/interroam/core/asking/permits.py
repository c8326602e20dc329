"""What a command allows already: a token that came with a start or a reservation is not asked about again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from interroam.core.refs import commanded_ref
from interroam.model.charges import Command, CommandState
from interroam.model.ids import command_key
from interroam.model.questions import Authorize
from interroam.model.tokens import Authorization

if TYPE_CHECKING:
    from interroam.core.hub import Hub

WINDOW = timedelta(minutes=15)
BY_COMMAND_ONLY = frozenset({"APP_USER", "AD_HOC_USER"})
"""Tokens that no reader ever sees: they come with commands, and there is nobody to ask about them."""


async def commanded(hub: Hub, question: Authorize) -> Authorization | None:
    """Return the permission that a command of the last 15 minutes brought for this token at this EVSE (OCPI-120)."""
    now = hub.clock.now()
    for row in await hub.store.newest(commanded_ref(question.type, question.uid)):
        body = row.body
        if (
            isinstance(body, Authorization)
            and body.at is not None
            and now - body.at <= WINDOW
            and _here(body, question)
            and not await _refused(hub, body.command)
        ):
            return body
    return None


async def _refused(hub: Hub, command: str | None) -> bool:
    """Whether a command was turned down at once: what came with it allows nothing."""
    row = await hub.store.get(command_key(command)) if command else None
    body = row.body if row is not None else None
    return isinstance(body, Command) and body.state is CommandState.SETTLED and body.result is None


def _here(permission: Authorization, question: Authorize) -> bool:
    """Whether a permission is for the place asked about; one for a whole location is for each of its EVSEs."""
    if permission.cpo != question.cpo or not question.location_id or not permission.location_id:
        return False
    if permission.location_id.casefold() != question.location_id.casefold():
        return False
    asked = {uid.casefold() for uid in question.evse_uids}
    allowed = {uid.casefold() for uid in permission.evse_uids}
    return not asked or not allowed or bool(asked & allowed)
