"""Questions in and out, and the webhook that carries them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from interroam.model.tokens import Allowed
from interroam.protocols.plain.wire.objects import Token
from interroam.protocols.plain.wire.profiles import ChargingProfile, Seconds
from interroam.protocols.plain.wire.words import Behalf, Possible, Preference, QuestionKind, Taken, TokenType


class Authorize(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """May the holder of this token charge here? ``party`` is the CPO that asks.

    ``session_id`` is what it calls the charge that may begin.
    """

    party: str
    uid: str
    type: TokenType = TokenType.RFID
    location_id: str | None = None
    evse_uid: str | None = None
    emsp: str | None = None
    session_id: str | None = None
    service: str = "1"


class Bound(Struct, frozen=True):
    """How far a charge may go in one measure: ``energy`` in Wh, ``duration`` in min, ``cost`` in a currency.

    ``type`` may be the number of any other meter of eMIP. The value is text and travels digit for digit.
    """

    type: str
    value: str
    unit: str


class Permission(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer: with ALLOWED comes the ``reference`` that session and CDR will name.

    ``limits`` end the charge when one is reached; with ``interim`` its eMSP wants to know how it goes meanwhile.
    """

    allowed: Allowed
    reference: str = ""
    token: Token | None = None
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    info: str | None = None
    limits: tuple[Bound, ...] = ()
    interim: bool = False
    alias: str | None = None
    parameter: str | None = None


class StartToken(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The token to charge with; one stated before needs no more than its type and uid."""

    uid: str
    type: TokenType = TokenType.APP_USER
    contract_id: str | None = None
    issuer: str | None = None


class Start(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Start a charge; ``party`` is the eMSP that asks and whose token it is.

    ``limits`` end it by themselves, with ``interim`` its CPO reports how it goes; ``alias`` names the contract outside.
    """

    party: str
    token: StartToken
    location_id: str
    evse_uid: str | None = None
    connector_id: str | None = None
    cpo: str | None = None
    reference: str | None = None
    service: str = "1"
    limits: tuple[Bound, ...] = ()
    interim: bool = False
    alias: str | None = None
    parameter: str | None = None


class Stop(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Stop a charge; ``party`` is the eMSP that asks."""

    party: str
    session_id: str
    cpo: str | None = None


class Reserve(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Keep a place free until ``expires``; asked again with the same ``reservation_id``, it replaces the first."""

    party: str
    token: StartToken
    reservation_id: str
    expires: datetime
    location_id: str
    evse_uid: str | None = None
    cpo: str | None = None
    reference: str | None = None


class CancelReservation(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Keep it free no longer."""

    party: str
    reservation_id: str
    cpo: str | None = None


class Unlock(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Let go of a cable. ``on_behalf_of`` says who wants that: support or the operator, never a driver directly."""

    party: str
    on_behalf_of: Behalf
    location_id: str
    evse_uid: str
    connector_id: str
    cpo: str | None = None


class SetProfile(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Charge no faster than ``profile`` says."""

    party: str
    session_id: str
    profile: ChargingProfile
    cpo: str | None = None


class GetProfile(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How fast will it charge during so many seconds? The outcome says it."""

    party: str
    session_id: str
    duration_s: Seconds
    cpo: str | None = None


class ClearProfile(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Forget the profile that was set."""

    party: str
    session_id: str
    cpo: str | None = None


class Prefer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the driver of a charge would like."""

    party: str
    session_id: str
    profile_type: Preference
    departs: datetime | None = None
    energy_kwh: Decimal | None = None
    discharge: bool = False
    cpo: str | None = None


class Preferred(Struct, frozen=True):
    """What can be done for the driver."""

    result: Possible


class Act(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Have something done with a charge under way, at once: STOP, EMERGENCY_STOP, SUSPEND, RESTART, or a number."""

    party: str
    session_id: str
    nature: str
    id: str | None = None
    at: datetime | None = None
    parameter: str | None = None
    caused_by: str | None = None


class Report(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Tell the eMSP of a charge how it goes, at once; ``session_id`` may be the reference of its permission.

    ``nature``: STARTED, CHARGE_STARTED, SUSPENDED, CHARGE_ENDED, PRE_STOP, ENDED, EMERGENCY_STOP, or a number.
    """

    party: str
    session_id: str
    nature: str
    id: str | None = None
    at: datetime | None = None
    parameter: str | None = None
    caused_by: str | None = None


class Done(Struct, frozen=True, omit_defaults=True):
    """The other side took it, under this id."""

    id: str
    code: str = ""


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

    ``party`` is the one asked, ``asker`` who asks. A command has the name by which its outcome is told. A
    ``reservation_id`` is unique among all who reserve. Service ``0`` asks no more than whose token it is: nothing
    begins. An act or a report brings its ``nature``, its ``id`` and its time.
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
    reservation_id: str | None = None
    expires: datetime | None = None
    profile: ChargingProfile | None = None
    duration_s: int | None = None
    profile_type: str | None = None
    departs: datetime | None = None
    energy_kwh: Decimal | None = None
    discharge: bool = False
    service: str = "1"
    limits: tuple[Bound, ...] = ()
    interim: bool = False
    alias: str | None = None
    nature: str | None = None
    id: str | None = None
    at: datetime | None = None
    parameter: str | None = None
    caused_by: str | None = None


class Answer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer of a webhook: ``allowed`` to authorize (or UNKNOWN), ``possible`` to prefer, else ``result``.

    ALLOWED for a token never stated here needs its ``contract_id``; it may set ``limits``, ask for ``interim`` records
    and say how the contract is called outside (``alias``). A ``session_id`` is what a CPO calls a charge it starts.
    """

    allowed: str | None = None
    reference: str | None = None
    contract_id: str | None = None
    issuer: str | None = None
    evse_uids: tuple[str, ...] = ()
    info: str | None = None
    possible: Possible | None = None
    result: Taken | None = None
    within: Seconds = 0
    message: str | None = None
    limits: tuple[Bound, ...] = ()
    interim: bool = False
    alias: str | None = None
    parameter: str | None = None
    session_id: str | None = None
