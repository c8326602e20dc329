"""What the calls of administration share: how one looks, how its route is written, how parties are read."""

from __future__ import annotations

from typing import Any

import msgspec

from interroam.core.audit import Actor
from interroam.core.office.office import Office
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, PartyId
from interroam.protocols.plain.openapi import Route

MISSING = (Reason.UNKNOWN_OBJECT,)
STATE = (*MISSING, Reason.WRONG_STATE)


class Call(msgspec.Struct, frozen=True):
    """One call: who, at which path, with what."""

    office: Office
    actor: Actor
    given: dict[str, str]
    query: Any
    body: Any
    token: str = ""
    """What was shown to be let in; none at the socket file."""


def party_of(text: str) -> Party:
    """Read a party with its role."""
    try:
        return Party.parse(text)
    except ValueError:
        message = f"{text!r} is no party with a role"
        raise Refused(Reason.MALFORMED, message, remedy="write it as CH*CCC/CPO or NL*EEE/EMSP") from None


def party_id_of(text: str) -> PartyId:
    """Read a party without its role."""
    try:
        return PartyId.parse(text.partition("/")[0])
    except ValueError as error:
        raise Refused(Reason.MALFORMED, str(error)) from None


def route(method: str, path: str, run: Any, answer: Any = None, **more: Any) -> Route:
    """Write a row of the table; its name and summary are the function's."""
    name, summary = f"admin_{run.__name__}", run.__doc__.rstrip(".")
    more.setdefault("status", 200 if answer is not None else 204)
    return Route(method=method, path=path, run=run, summary=summary, name=name, tag="admin", answer=answer, **more)
