"""Which function says what to a partner of a platform: facts by their kind, questions by their type, role by role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from interroam.model.facts import Entry
from interroam.model.ids import Kind, Party, Role
from interroam.model.questions import Act, Answer, Authorize, Report, StartSession, StopSession

from . import changes, charges, questions
from .peer import Peer

Deliver: TypeAlias = Callable[[Peer, Entry, Party], Awaitable[None]]
"""Delivers an entry to a party; Refused when it will never be taken, Unavailable when later it may."""
Ask: TypeAlias = Callable[[Peer, Any, Party, Party, str, float], Awaitable[Answer]]
"""Puts a question: to whom, in whose name, under which correlation, for how many seconds."""

DELIVERIES: Mapping[tuple[Role, Kind], Deliver] = {
    (Role.EMSP, Kind.CDR): charges.cdr,
    (Role.EMSP, Kind.SESSION): charges.session,
    (Role.EMSP, Kind.COMMAND): charges.outcome,
    (Role.EMSP, Kind.LOCATION): changes.places,
    (Role.EMSP, Kind.EVSE): changes.places,
}
"""By the receiver's role and the kind of the object; what is not here is nothing for eMIP, and passed over."""

QUESTIONS: Mapping[tuple[Role, type], Ask] = {
    (Role.EMSP, Authorize): questions.authorize,
    (Role.EMSP, Report): questions.report,
    (Role.CPO, StartSession): questions.start,
    (Role.CPO, StopSession): questions.stop,
    (Role.CPO, Act): questions.act,
}
"""By the role of whom is asked and the type of the question."""
