"""Questions in and out, and the webhook that carries them."""

from __future__ import annotations

from msgspec import Struct

from interroam.model.tokens import Allowed
from interroam.protocols.plain.wire.objects import Token
from interroam.protocols.plain.wire.words import QuestionKind, Taken, TokenType


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
