"""What became of what was told, and what goes out: lists and facts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from interroam.model.facts import Act, Finding, Verdict
from interroam.model.ids import Kind
from interroam.protocols.plain.wire.objects import Cdr, Evse, Location, Session, Tariff, Token
from interroam.protocols.plain.wire.profiles import ActiveProfile
from interroam.protocols.plain.wire.words import Number


class Error(Struct, frozen=True, kw_only=True):
    """What was wrong, and what would make it pass."""

    reason: str
    message: str
    remedy: str = ""
    field: str = ""


class Failure(Struct, frozen=True):
    """The body of every answer that is not 2xx."""

    error: Error


class Told(Struct, frozen=True, kw_only=True):
    """What became of a fact: ``seq`` is its number in the journal, 0 when nothing new was recorded."""

    verdict: Verdict
    seq: int = 0
    hub_id: str = ""
    created: bool = False
    findings: tuple[Finding, ...] = ()


class Judged(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of one of many, in the order they were sent: a verdict or an error."""

    line: int
    verdict: Verdict | None = None
    seq: int = 0
    hub_id: str = ""
    created: bool = False
    findings: tuple[Finding, ...] = ()
    error: Error | None = None


class Batch(Struct, frozen=True, kw_only=True):
    """What became of many; ``counts`` is by verdict, with ``refused`` for errors."""

    counts: dict[str, int]
    lines: tuple[Judged, ...]


class Listed(Struct, frozen=True, kw_only=True):
    """Which page of a list: of this owner, last updated from (inclusive) to (exclusive), after the page before."""

    party: str | None = None
    from_: datetime | None = msgspec.field(default=None, name="from")
    to: datetime | None = None
    limit: int = 50
    after: Number = 0


class ListedPlaces(Listed, frozen=True, kw_only=True):
    """As every list; ``card`` (``RFID:04A1B2C3``) adds the places that only holders of this card may be shown."""

    card: str | None = None


class Locations(Struct, frozen=True, kw_only=True):
    """A page of locations; ``next`` is the ``after`` of the next page, null on the last."""

    items: tuple[Location, ...]
    next: int | None


class Tariffs(Struct, frozen=True, kw_only=True):
    """A page of tariffs; ``next`` is the ``after`` of the next page, null on the last."""

    items: tuple[Tariff, ...]
    next: int | None


class Tokens(Struct, frozen=True, kw_only=True):
    """A page of tokens; ``next`` is the ``after`` of the next page, null on the last."""

    items: tuple[Token, ...]
    next: int | None


class Sessions(Struct, frozen=True, kw_only=True):
    """A page of sessions; ``next`` is the ``after`` of the next page, null on the last."""

    items: tuple[Session, ...]
    next: int | None


class Cdrs(Struct, frozen=True, kw_only=True):
    """A page of CDRs; ``next`` is the ``after`` of the next page, null on the last."""

    items: tuple[Cdr, ...]
    next: int | None


class Targeted(Struct, frozen=True, kw_only=True):
    """Which variant of a tariff: the one for everybody, or for this eMSP."""

    target: str | None = None


class CommandOutcome(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The outcome of a command that the receiver asked for, and later the ``profile`` by which its session goes."""

    command: str
    name: str
    result: str
    message: str | None = None
    session_id: str | None = None
    authorization_reference: str | None = None
    profile: ActiveProfile | None = None
    at: datetime


_ANY_OBJECT = {
    "oneOf": [
        {"$ref": f"#/components/schemas/{shape.__name__}"}
        for shape in (Location, Evse, Tariff, Token, Session, Cdr, CommandOutcome)
    ]
    + [{"type": "null"}]
}
SHOWN_NOWHERE_ELSE = (CommandOutcome,)
"""Shapes the document holds although no route names them."""


class Fact(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A fact for the partner: ``object`` is the whole object as known now, for a change too (``fields`` changed).

    ``seq`` is its number in the journal; 0 when it is part of the picture sent first under a new agreement. A
    withdrawal has no object. ``key`` holds party, id and, where there is one, EVSE uid, token type or tariff target.
    """

    seq: int
    at: datetime
    kind: str
    act: Act
    key: dict[str, str]
    object: Annotated[Any, Meta(extra_json_schema=_ANY_OBJECT)] = None
    hub_id: str = ""
    fields: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    correlation: str = ""


class Following(Struct, frozen=True, kw_only=True):
    """Facts after this number; when there are none, wait so many seconds for the first."""

    after: Number = 0
    limit: int = 100
    wait: float = 0.0


class Streamed(Struct, frozen=True, kw_only=True):
    """Facts after this number; the header Last-Event-ID says it too, and wins."""

    after: Number = 0


class Facts(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Facts in order; ``next`` is the ``after`` to go on from, also where the facts between were for others.

    ``missed`` says that some after the number asked for are gone (retention): read the lists, which always hold all.
    """

    facts: tuple[Fact, ...]
    next: int
    missed: bool = False


KIND_WORDS = {kind: "outcome" if kind is Kind.COMMAND else kind.value for kind in Kind}
"""What a fact's kind is called here."""
