"""What administration says and hears: partners, agreements, couriers, people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from interroam.core.audit import Audited, Rank
from interroam.core.finding.retelling import Moment
from interroam.core.office.reports import CourierReport, ShelfReport, Sign
from interroam.model.ids import Module
from interroam.model.parties import PartnerState, Purpose
from interroam.protocols.plain.wire.words import Number

Pace = Annotated[float, Meta(ge=0, le=1_000_000, description="Requests a second, over ten seconds; 0: no limit.")]
Size = Annotated[int, Meta(ge=0, le=2**40, description="Bytes at once; 0: no limit but the door's.")]


class LogIn(Struct, frozen=True, kw_only=True):
    """A name and its password."""

    name: str
    password: str


class LoggedIn(Struct, frozen=True, kw_only=True):
    """The token to show from now on; it ends unless it is used."""

    token: str
    ends: datetime
    role: Rank
    bodies: bool


class Me(Struct, frozen=True, kw_only=True):
    """Who is asking, and what they may do."""

    name: str
    role: Rank
    bodies: bool


class NodeReport(Struct, frozen=True, kw_only=True):
    """How the node is."""

    name: str
    url: str
    party: str
    hub: bool
    head: int
    counts: dict[str, int]
    partners: dict[PartnerState, int]


class PartnerWanted(Struct, frozen=True, kw_only=True):
    """A partner as an operator describes it; parties as ``CH*CCC/CPO``."""

    id: str = ""
    protocol: str = "ocpi"
    name: str = ""
    parties: tuple[str, ...]
    profile: str = "spec"
    switches: dict[str, str | bool | int] = {}
    addresses: tuple[str, ...] = ()
    rate: Pace = 0
    body_bytes: Size = 0


class PartnerReport(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A partner as it is."""

    id: str
    protocol: str
    name: str = ""
    parties: tuple[str, ...] = ()
    state: PartnerState
    profile: str = "spec"
    switches: dict[str, str | bool | int] = {}
    addresses: tuple[str, ...] = ()
    rate: Pace = 0
    body_bytes: Size = 0
    since: datetime | None = None
    declared: tuple[str, ...] = ()
    """The parties as the partner lists them itself, for information only."""


class TokenIssued(Struct, frozen=True, kw_only=True):
    """A secret, shown this once; the partner uses it at ``url``."""

    partner: str
    purpose: Purpose
    token: str
    url: str


class Registering(Struct, frozen=True, kw_only=True):
    """What a partner gave us to register with it; some protocols need no token."""

    url: str
    token: str = ""


class RouteWanted(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The partners that carry a party's messages, in order; with a ``module`` those of that one alone.

    None of them: whoever speaks for the party.
    """

    party: str
    partners: tuple[str, ...]
    module: Module | None = None


class Routes(Struct, frozen=True):
    """The routes that were set."""

    routes: tuple[RouteWanted, ...]


class CourierNamed(Struct, frozen=True, kw_only=True):
    """A courier: ``since`` for a replay, ``within`` seconds for draining."""

    party: str
    lane: str
    since: datetime | None = None
    within: float = 60.0


class ShelfQuery(Struct, frozen=True, kw_only=True):
    """How much of the shelf, and of whom."""

    party: str = ""
    lane: str = ""
    limit: Number = 200


class Numbered(Struct, frozen=True, kw_only=True):
    """Some entries of the shelf."""

    ids: tuple[Number, ...]


class Counted(Struct, frozen=True, kw_only=True):
    """How many it were."""

    count: int


class Driver(Struct, frozen=True, kw_only=True):
    """A token by type and uid, or ``contract`` and its id."""

    type: str
    uid: str


class UserWanted(Struct, frozen=True, kw_only=True):
    """A person; without a password the old one stays."""

    password: str | None = None
    role: Rank = Rank.VIEWER
    bodies: bool = False


class UserReport(Struct, frozen=True, kw_only=True):
    """A person as known."""

    name: str
    role: Rank
    bodies: bool
    since: datetime | None = None


class AuditQuery(Struct, frozen=True, kw_only=True):
    """How many of the newest lines."""

    limit: Number = 200


class JournalQuery(Struct, frozen=True, kw_only=True):
    """Which entries: the newest, or those after a number."""

    after: Number | None = None
    limit: Number = 50
    kind: str = ""
    correlation: str = ""


class TraceQuery(Struct, frozen=True, kw_only=True):
    """Which exchanges: by any id, by partner and time."""

    id: str = ""
    partner: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: Number = 50


class DossierQuery(Struct, frozen=True, kw_only=True):
    """When the charge was, where the id alone does not say."""

    at: datetime | None = None


class Partners(Struct, frozen=True):
    """All partners."""

    partners: tuple[PartnerReport, ...]


class Couriers(Struct, frozen=True):
    """All couriers."""

    couriers: tuple[CourierReport, ...]


class Shelf(Struct, frozen=True):
    """What lies on the shelf."""

    shelf: tuple[ShelfReport, ...]


class SignsQuery(Struct, frozen=True, kw_only=True):
    """Under the EVSEs of which CPO, at which of its locations."""

    party: str
    location: str = ""


class Signs(Struct, frozen=True):
    """What is to stand under EVSEs."""

    evses: tuple[Sign, ...]


class Users(Struct, frozen=True):
    """Everybody."""

    users: tuple[UserReport, ...]


class AuditLog(Struct, frozen=True):
    """Who did what."""

    audit: tuple[Audited, ...]


class Moments(Struct, frozen=True):
    """Lines of the journal, or exchanges."""

    lines: tuple[Moment, ...]
