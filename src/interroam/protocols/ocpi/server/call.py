"""One request on its way through the server, and the answer to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from interroam.model.facts import Origin
from interroam.model.ids import Party, PartyId
from interroam.model.parties import Credential, Partner
from interroam.net.http import Request
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.wire import Finding

Fields = tuple[tuple[bytes, bytes], ...]


class Caller(Struct, frozen=True, gc=False):
    """Who presents a credentials token, and what holds for this connection."""

    partner: Partner
    credential: Credential
    switches: Switches
    raw: bool = False
    """Whether the token was sent as it stands (OCPI-4)."""


class Call(Struct, kw_only=True):
    """One request, as far as it is understood. ``tail`` holds the decoded path behind the module."""

    request: Request
    now: datetime
    request_id: str
    correlation: str
    operation: str = ""
    module: str = ""
    tail: list[str] = []
    who: Caller | None = None
    party: Party | None = None
    """Who is behind it: the party of the From headers in its role, or the hub that relays it."""
    sender: PartyId | None = None
    """The party of the From headers."""
    receiver: PartyId | None = None
    """The party of the To headers, when it is not the hub."""
    routing: bytes = b""
    """The routing headers of the answer, as they are written."""
    ids: tuple[str, ...] = ()
    """What a person may search this exchange by."""
    notes: list[str] = []
    odd: list[tuple[str, str]] = []
    """Fields that were read all the same, and what is odd about them: for the sender's quality page."""
    subject: bytes = b""
    seq: int = 0
    older: bool = False
    """Whether it came to a door of 2.1.1."""
    most: int | None = None
    """The largest page, where it is not that of 2.2.1; a switch of the connection outranks it."""
    left_out: Collection[int] = ()
    """The numbers of what the list asked for leaves out, besides what is hidden from its reader."""
    came: bytes | None = None
    """The body as it came, where a better one took its place."""
    keep_answer: bool = False
    """Whether the trace keeps the data of a success: of answers to questions, not of what the picture holds."""

    def take(self, findings: Iterable[Finding]) -> None:
        """Note what is odd about the message."""
        for one in findings:
            self.odd.append((one.field, one.message))
            self.notes.append(f"{one.field}: {one.message}")

    @property
    def caller(self) -> Caller:
        """Who calls; there is one behind the door."""
        if self.who is None:
            raise TypeError("nobody was recognized")
        return self.who

    @property
    def largest(self) -> int | None:
        """The largest page of the list asked for, where it is not the usual one (OCPI-46)."""
        return self.caller.switches.page(self.module) or self.most

    @property
    def partner(self) -> Partner:
        """The platform that calls."""
        return self.caller.partner

    @property
    def origin(self) -> Origin:
        """Who says it, for the core."""
        return Origin(self.caller.partner.id, self.party, self.correlation, self.request_id)

    @property
    def viewer(self) -> Party:
        """Who looks or asks."""
        if self.party is None:
            raise TypeError("a module of configuration has no viewer")
        return self.party

    @property
    def asker(self) -> PartyId:
        """The party of the From headers, which every functional request has (OCPI-15)."""
        if self.sender is None:
            raise TypeError("a module of configuration has no From")
        return self.sender


class Answer(Struct, frozen=True, gc=False, kw_only=True):
    """What is answered: both codes, the data, and headers besides the usual ones."""

    http: int = 200
    status: int = 1000
    message: str = ""
    data: bytes | None = None
    headers: Fields = ()


DONE = Answer()
CREATED = Answer(http=201)


def given(data: bytes) -> Answer:
    """Answer with data."""
    return msgspec.structs.replace(DONE, data=data)
