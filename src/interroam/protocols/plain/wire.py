"""The shapes of this API. What has the right shape in the model is used as it is.

Parties are written ``CH*CCC``; times in RFC 3339; amounts as JSON numbers or text, both read exactly. Where an object
is put under a path, the ids of the path may be left out of it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from interroam.model.charges import Period
from interroam.model.facts import Act, Finding, Verdict
from interroam.model.ids import Kind
from interroam.model.money import Price
from interroam.model.places import Connector, Coordinates
from interroam.model.tariffs import TariffElement
from interroam.model.tokens import Allowed, Whitelist


class Word(StrEnum):
    """A closed word, read in any case."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        spelled = value.upper() if isinstance(value, str) else None
        return next((one for one in cls if one.value == spelled), None)


class SessionStatus(Word):
    """OCPI 2.2.1 mod_sessions: SessionStatus."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class AuthMethod(Word):
    """OCPI 2.2.1 mod_cdrs: AuthMethod."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class TokenType(Word):
    """OCPI 2.2.1 mod_tokens: TokenType."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


class Result(Word):
    """OCPI 2.2.1 mod_commands: CommandResultType."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"


class Taken(Word):
    """OCPI 2.2.1 mod_commands: CommandResponseType, the acknowledgment of a command."""

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


# -- what is told ------------------------------------------------------------------------------------------------------


class Evse(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A point where one car charges at a time. ``status`` is a word of OCPI 2.2.1."""

    party: str | None = None
    location_id: str | None = None
    uid: str | None = None
    evse_id: str | None = None
    status: str | None = None
    status_at: datetime | None = None
    capabilities: tuple[str, ...] = ()
    connectors: tuple[Connector, ...] = ()
    coordinates: Coordinates | None = None
    physical_reference: str | None = None
    last_updated: datetime | None = None


class Location(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A site. With ``evses`` the list is the whole: an EVSE known so far and absent is REMOVED; without, they stay."""

    party: str | None = None
    id: str | None = None
    publish: bool | None = None
    name: str | None = None
    address: str
    city: str
    postal_code: str | None = None
    state: str | None = None
    country: str
    coordinates: Coordinates
    time_zone: str | None = None
    parking_type: str | None = None
    operator_name: str | None = None
    owner_name: str | None = None
    always_open: bool | None = None
    evses: tuple[Evse, ...] | None = None
    last_updated: datetime | None = None


class Status(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The status of one EVSE, now or at the time given."""

    party: str
    location_id: str
    uid: str
    status: str
    at: datetime | None = None


class Tariff(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a charge costs, for everybody or for the one eMSP that is its ``target``."""

    party: str | None = None
    id: str | None = None
    target: str | None = None
    type: str | None = None
    currency: str
    elements: tuple[TariffElement, ...]
    min_price: Price | None = None
    max_price: Price | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    last_updated: datetime | None = None


class Token(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A card, an app user or another means that an eMSP issued."""

    party: str | None = None
    uid: str | None = None
    type: TokenType | None = None
    contract_id: str
    issuer: str | None = None
    valid: bool
    whitelist: Whitelist | None = None
    visual_number: str | None = None
    group_id: str | None = None
    language: str | None = None
    last_updated: datetime | None = None


class ChargeToken(Struct, frozen=True, kw_only=True):
    """The token a charge runs on; ``party`` issued it."""

    party: str
    uid: str
    type: TokenType = TokenType.RFID
    contract_id: str


class Session(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A charge under way. With an ``authorization_reference`` known here, the token may be left out."""

    party: str | None = None
    id: str | None = None
    status: SessionStatus
    starts: datetime
    ends: datetime | None = None
    energy_kwh: Decimal
    token: ChargeToken | None = None
    auth_method: AuthMethod | None = None
    authorization_reference: str | None = None
    location_id: str
    evse_uid: str
    connector_id: str
    currency: str
    periods: tuple[Period, ...] = ()
    total_cost: Price | None = None
    last_updated: datetime | None = None


class SessionChange(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is new about a session; ``periods`` replaces the whole list."""

    status: SessionStatus | UnsetType = UNSET
    ends: datetime | UnsetType = UNSET
    energy_kwh: Decimal | UnsetType = UNSET
    periods: tuple[Period, ...] | UnsetType = UNSET
    total_cost: Price | UnsetType = UNSET
    last_updated: datetime | None = None


class Cdr(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The final record of a charge; it never changes, a credit takes it back.

    With an ``authorization_reference`` known here, the token may be left out.
    """

    party: str
    id: str
    session_id: str | None = None
    starts: datetime
    ends: datetime
    token: ChargeToken | None = None
    auth_method: AuthMethod | None = None
    authorization_reference: str | None = None
    location_id: str
    evse_uid: str
    evse_id: str | None = None
    connector_id: str
    currency: str
    tariff_ids: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    total_cost: Price
    total_energy_kwh: Decimal
    total_time_h: Decimal | None = None
    total_parking_time_h: Decimal | None = None
    credit: bool = False
    credit_of: str | None = None
    remark: str | None = None
    last_updated: datetime | None = None


class Outcome(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of a command in the end."""

    result: Result
    message: str | None = None
    at: datetime | None = None


class Line(Struct, frozen=True, kw_only=True):
    """One line of an import; a ``status`` is of an EVSE, as in a batch of statuses."""

    kind: str
    object: msgspec.Raw


# -- what became of it -------------------------------------------------------------------------------------------------


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


# -- what is asked -----------------------------------------------------------------------------------------------------


class Authorize(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """May the holder of this token charge here? ``party`` is the CPO that asks."""

    party: str
    uid: str
    type: TokenType = TokenType.RFID
    location_id: str | None = None
    evse_uid: str | None = None
    emsp: str | None = None


class Permission(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer: with ALLOWED comes the ``reference`` that session and CDR will name."""

    allowed: Allowed
    reference: str = ""
    token: Token | None = None
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    info: str | None = None


class StartToken(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The token to charge with; one stated before needs no more than its type and uid."""

    uid: str
    type: TokenType = TokenType.APP_USER
    contract_id: str | None = None
    issuer: str | None = None


class Start(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Start a charge; ``party`` is the eMSP that asks and whose token it is."""

    party: str
    token: StartToken
    location_id: str
    evse_uid: str | None = None
    connector_id: str | None = None
    cpo: str | None = None
    reference: str | None = None


class Stop(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Stop a charge; ``party`` is the eMSP that asks."""

    party: str
    session_id: str
    cpo: str | None = None


class Acknowledged(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Taken up or not. When ACCEPTED, an outcome with this ``command`` follows among the facts."""

    command: str
    result: Taken
    within: int = 0
    message: str | None = None


# -- what is found, and what comes out ---------------------------------------------------------------------------------


class Listed(Struct, frozen=True, kw_only=True):
    """Which page of a list: of this owner, last updated from (inclusive) to (exclusive), after the page before."""

    party: str | None = None
    from_: datetime | None = msgspec.field(default=None, name="from")
    to: datetime | None = None
    limit: int = 50
    after: int = 0


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
    """The outcome of a command that the receiver asked for."""

    command: str
    name: str
    result: str
    message: str | None = None
    session_id: str | None = None
    authorization_reference: str | None = None
    at: datetime


_ANY_OBJECT = {
    "oneOf": [
        {"$ref": f"#/components/schemas/{shape.__name__}"}
        for shape in (Location, Evse, Tariff, Token, Session, Cdr, CommandOutcome)
    ]
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

    after: int = 0
    limit: int = 100
    wait: float = 0.0


class Streamed(Struct, frozen=True, kw_only=True):
    """Facts after this number; the header Last-Event-ID says it too, and wins."""

    after: int = 0


class Facts(Struct, frozen=True, kw_only=True):
    """Facts in order; ``next`` is the ``after`` to go on from, also where the facts between were for others."""

    facts: tuple[Fact, ...]
    next: int


# -- webhooks ----------------------------------------------------------------------------------------------------------


class QuestionKind(StrEnum):
    """What a back office may be asked."""

    AUTHORIZE = "authorize"
    START = "start"
    STOP = "stop"


class WebhookWanted(Struct, frozen=True, kw_only=True):
    """Where facts are sent and which questions are put; every call makes a new secret."""

    url: str
    facts: bool = True
    questions: tuple[QuestionKind, ...] = ()


class Webhook(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The webhook as it is; its ``secret`` is shown once, when it is made."""

    url: str
    facts: bool
    questions: tuple[QuestionKind, ...]
    secret: str | None = None


class Wiring(Struct, frozen=True, kw_only=True):
    """What Partner.wiring holds for a partner of this room; the secret is sealed."""

    url: str
    secret: bytes
    facts: bool = True
    questions: tuple[QuestionKind, ...] = ()


class Question(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A question put to a webhook, to be answered in the response ``within`` so many seconds.

    ``party`` is the one asked, ``asker`` who asks. For start and stop, ``command`` names what the outcome is told of.
    """

    question: QuestionKind
    party: str
    asker: str
    within: float
    correlation: str
    command: str = ""
    uid: str | None = None
    type: str | None = None
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    connector_id: str | None = None
    token: Token | None = None
    authorization_reference: str | None = None
    session_id: str | None = None


class Answer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer of a webhook: ``allowed`` to authorize (or UNKNOWN), ``result`` to start and stop.

    ALLOWED for a token never stated here needs its ``contract_id``.
    """

    allowed: str | None = None
    reference: str | None = None
    contract_id: str | None = None
    issuer: str | None = None
    evse_uids: tuple[str, ...] = ()
    info: str | None = None
    result: Taken | None = None
    within: int = 0
    message: str | None = None


KIND_WORDS = {kind: "outcome" if kind is Kind.COMMAND else kind.value for kind in Kind}
"""What a fact's kind is called here."""
