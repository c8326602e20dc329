"""The objects that are told and found."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import UNSET, Struct, UnsetType

from interroam.model.charges import Period
from interroam.model.money import Price
from interroam.model.places import Connector, Coordinates
from interroam.model.tariffs import TariffElement
from interroam.model.tokens import Whitelist
from interroam.protocols.plain.wire.profiles import ActiveProfile
from interroam.protocols.plain.wire.words import AuthMethod, Result, SessionStatus, TokenType


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
    """The status of one EVSE, now or at the time given; without its ``uid``, of every EVSE of the location."""

    party: str
    location_id: str
    uid: str | None = None
    status: str
    at: datetime | None = None


class Tariff(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a charge costs, for everybody or for the one eMSP that is its ``target``."""

    party: str | None = None
    id: str | None = None
    target: str | None = None
    type: str | None = None
    currency: str
    elements: Annotated[tuple[TariffElement, ...], msgspec.Meta(min_length=1)]
    min_price: Price | None = None
    max_price: Price | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    steps_by_element: bool = False
    """Whether a step rounds what was spent in each element, in an agreement alone; else once per charge."""
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
    expires: datetime | None = None
    services: tuple[str, ...] = ()
    """What it is good for, by the numbers that eMIP has for services; none is to charge (1)."""
    last_updated: datetime | None = None


class ChargeToken(Struct, frozen=True, kw_only=True):
    """The token a charge runs on; ``party`` issued it."""

    party: str
    uid: str
    type: TokenType = TokenType.RFID
    contract_id: str


class Session(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A charge under way. With an ``authorization_reference`` known here, the token may be left out.

    ``cleared`` says that the hub computed the cost; it is never read.
    """

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
    cleared: bool = False
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

    With an ``authorization_reference`` known here, the token may be left out. ``cleared`` says that the hub computed
    the cost; it is never read.
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
    cleared: bool = False
    total_energy_kwh: Decimal
    total_time_h: Decimal | None = None
    total_parking_time_h: Decimal | None = None
    credit: bool = False
    credit_of: str | None = None
    remark: str | None = None
    last_updated: datetime | None = None


class Outcome(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of a command in the end; with the ``profile`` that was asked for.

    After an accepted reservation, CANCELED_RESERVATION may follow as a second one.
    """

    result: Result
    message: str | None = None
    profile: ActiveProfile | None = None
    at: datetime | None = None


class Line(Struct, frozen=True, kw_only=True):
    """One line of an import; a ``status`` is of an EVSE, as in a batch of statuses."""

    kind: str
    object: msgspec.Raw
