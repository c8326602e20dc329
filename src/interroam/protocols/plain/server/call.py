"""One call as the routes see it, and what its trace will hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from interroam.core.hub import Hub
from interroam.model.facts import Body, Finding, Origin
from interroam.model.ids import Party, PartyId, Role
from interroam.model.parties import Partner


class Call(msgspec.Struct, kw_only=True):
    """A request that was authenticated and read."""

    hub: Hub
    partner: Partner
    correlation: str
    request: str
    params: dict[str, str]
    query: Any = None
    body: Any = None
    secret: str = ""
    raw: bytes = b""
    last_event: str = ""
    unknown: tuple[Finding, ...] = ()
    """What the body holds besides the fields we read."""
    ids: list[str] = msgspec.field(default_factory=list)
    """By what a person might search the trace of this call."""
    subject: bytes = b""
    seq: int = 0
    insecure_http: bool = False
    """A test switch: webhooks may be plain HTTP."""
    whole: bool = False
    """The trace keeps both bodies: a question or a charge."""
    silent: bool = False
    """Nothing worth a trace happened."""

    def origin(self, party: PartyId, role: Role) -> Origin:
        """Say who states or asks, and in which exchange."""
        return Origin(self.partner.id, Party(party, role), self.correlation, self.request)

    def about(self, ids: Iterable[str | None], body: Body | None = None) -> None:
        """Note for the trace what the call is about."""
        self.ids += [one for one in ids if one]
        if body is not None:
            subject, contract = self.hub.subjects_of(body)
            self.subject = self.subject or subject
            self.ids += [hashed.hex() for hashed in (subject, contract) if hashed]
