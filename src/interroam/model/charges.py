"""A charge: its session while it runs, its CDR at the end, and the commands that steer it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from interroam.model.ids import Key, Party, PartyId, cdr_key, command_key, session_key
from interroam.model.money import Price
from interroam.model.places import Connector, Location
from interroam.model.profiles import ActiveProfile
from interroam.model.tariffs import Tariff


class Dimension(msgspec.Struct, frozen=True, gc=False):
    """An amount of one kind: kWh, hours, A, kW."""

    type: str
    volume: Decimal


class Period(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stretch of a charge in which nothing that matters for the price changed."""

    starts: datetime
    dimensions: tuple[Dimension, ...]
    tariff_id: str | None = None


class ChargeToken(msgspec.Struct, frozen=True, gc=False):
    """The token a charge runs on, as it was at its start."""

    owner: PartyId
    uid: str
    type: str
    contract_id: str


class Site(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where a charge takes place, and what it costs there, as that was when the charge began (OCPI-143)."""

    location: Location
    evse_uid: str
    connector_id: str
    connector: Connector | None = None
    tariffs: tuple[Tariff, ...] = ()


class Session(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One charge, from permission to unplug."""

    owner: PartyId
    id: str
    status: str
    starts: datetime
    ends: datetime | None = None
    energy_kwh: Decimal
    token: ChargeToken
    auth_method: str
    authorization_reference: str | None = None
    location_id: str
    evse_uid: str
    connector_id: str
    currency: str
    periods: tuple[Period, ...] = ()
    total_cost: Price | None = None
    cleared: bool = False
    """Whether the hub computed the cost, since the CPO states none (OCPI-185)."""
    site: Site | None = None
    last_updated: datetime

    @property
    def key(self) -> Key:
        """The identity of this session."""
        return session_key(self.owner, self.id)


class Cdr(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The final record of a charge; it never changes, a correction is a credit linked to it."""

    owner: PartyId
    id: str
    session_id: str | None = None
    starts: datetime
    ends: datetime
    token: ChargeToken
    auth_method: str
    authorization_reference: str | None = None
    location_id: str
    evse_uid: str
    evse_id: str
    connector_id: str
    currency: str
    tariff_ids: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    total_cost: Price
    total_energy_kwh: Decimal
    total_time_h: Decimal
    total_parking_time_h: Decimal | None = None
    fixed_cost: Price | None = None
    energy_cost: Price | None = None
    time_cost: Price | None = None
    parking_cost: Price | None = None
    reservation_cost: Price | None = None
    cleared: bool = False
    """Whether the hub computed the costs, since the CPO states none (OCPI-141, OCPI-185)."""
    credit: bool = False
    credit_of: str | None = None
    home_charging: bool = False
    """Whether it compensates its driver for a charge at home."""
    site: Site | None = None
    remark: str | None = None
    last_updated: datetime

    @property
    def key(self) -> Key:
        """The identity of this CDR."""
        return cdr_key(self.owner, self.id)


INTERIM = "interim"
"""The field of a session that a change names when it brings a record of it: its room's form, not the session itself."""

RESERVE = "RESERVE_NOW"
CANCEL = "CANCEL_RESERVATION"
SET_PROFILE = "SET_PROFILE"
CANCELED = "CANCELED_RESERVATION"
"""The names of commands whose results the core follows up, and a result that comes second."""


class CommandState(StrEnum):
    """Where a command stands: sent, acknowledged and awaited, done and in force, or over."""

    SENT = "sent"
    PENDING = "pending"
    STANDING = "standing"
    """Its result is known, and what it brought about holds: a place is reserved, a profile is set."""
    SETTLED = "settled"


class Command(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A command under way, as a row, so that any process takes the callback, also after a restart.

    ``reply`` is the asker's way back (for OCPI its response_url); it is opaque to the core. ``reservation`` is the id
    that the target knows a reservation by.
    """

    id: str
    name: str
    state: CommandState
    asker: Party
    target: Party
    reply: str
    session_id: str | None = None
    authorization: str | None = None
    agreement: str = ""
    correlation: str = ""
    deadline: datetime
    location_id: str | None = None
    reservation: str | None = None
    expires: datetime | None = None
    profile: ActiveProfile | None = None
    result: str | None = None
    message: str | None = None
    asked_at: datetime
    settled_at: datetime | None = None
    canceled_at: datetime | None = None
    """When the CPO gave up a reservation that it had accepted."""

    @property
    def latest(self) -> str | None:
        """What its asker was told last."""
        return CANCELED if self.canceled_at is not None else self.result

    @property
    def key(self) -> Key:
        """The identity of this command."""
        return command_key(self.id)


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of a command in the end.

    ``result`` is a word of OCPI 2.2.1: CommandResultType, or ChargingProfileResultType where a profile was asked for.
    """

    command: str
    result: str
    message: str | None = None
    profile: ActiveProfile | None = None
    at: datetime
