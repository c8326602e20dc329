"""What administration says and hears of agreements: offers, acceptances, selections, prices, networks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType

from interroam.model.agreements import Beyond, Mode, Policy, Terms
from interroam.model.ids import Module
from interroam.protocols.plain.wire.objects import Tariff


class SelectionSaid(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """EVSEs of one CPO (of each, when none is named): by location, by tariff group (tariff_ids), or one by one."""

    cpo: str | None = None
    locations: tuple[str, ...] = ()
    tariff_groups: tuple[str, ...] = ()
    evses: tuple[str, ...] = ()
    """Single ones, by uid or EVSE id."""


class PricesSaid(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Tariffs in the agreement (none: by module), and what becomes of CDRs that cost something else."""

    tariffs: tuple[Tariff, ...] = ()
    tolerance: Decimal = Decimal("0.01")
    beyond: Beyond = Beyond.REMARK
    clearing: bool = False


class AgreementWanted(Struct, frozen=True, kw_only=True):
    """An eMSP, CPOs and networks of CPOs; from now on, unless it starts another day."""

    emsp: str
    cpos: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    terms: dict[Module, Terms] = {}
    selections: tuple[SelectionSaid, ...] = ()
    prices: PricesSaid = PricesSaid()
    services: tuple[str, ...] = ("1",)
    """By the numbers that eMIP has for services: 1 is to charge."""
    smart_charging: tuple[str, ...] = ()
    """Who is told of the sessions as well, and may ask for charging profiles, as NL*SCP/SCSP."""


class TermsAmended(Struct, frozen=True, kw_only=True):
    """What an agreement says of one module from now on; what is left out stays."""

    on: bool | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    policy: Policy | UnsetType | None = UNSET
    signed: bool | UnsetType = UNSET


class PricesAmended(Struct, frozen=True, kw_only=True):
    """What an agreement says of money from now on; what is left out stays, no tariffs are by module."""

    tariffs: tuple[Tariff, ...] | UnsetType = UNSET
    tolerance: Decimal | UnsetType = UNSET
    beyond: Beyond | UnsetType = UNSET
    clearing: bool | UnsetType = UNSET


class AmendmentWanted(Struct, frozen=True, kw_only=True):
    """What the next version of an agreement says; what is left out stays."""

    cpos: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    ends: datetime | None = None
    terms: dict[Module, TermsAmended] = {}
    selections: tuple[SelectionSaid, ...] | None = None
    prices: PricesAmended = PricesAmended()
    services: tuple[str, ...] | None = None
    smart_charging: tuple[str, ...] | None = None


class Accepting(Struct, frozen=True, kw_only=True):
    """For whom an offer is accepted; nobody named: for all who have not yet."""

    party: str = ""


class Accepted(Struct, frozen=True, kw_only=True):
    """A party that agreed, and who said so for it."""

    party: str
    by: str
    at: datetime


class AgreementReport(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An agreement, or an offer of one, as it is."""

    id: str
    version: int
    emsp: str
    cpos: tuple[str, ...]
    networks: tuple[str, ...] = ()
    starts: datetime
    ends: datetime | None = None
    in_force: bool
    terms: dict[Module, Terms] = {}
    selections: tuple[SelectionSaid, ...] = ()
    prices: PricesSaid = PricesSaid()
    services: tuple[str, ...] = ("1",)
    smart_charging: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    waiting: tuple[str, ...] = ()
    """Who has to accept it before it holds."""
    beside: tuple[str, ...] = ()
    """Not in lists: the others of this eMSP with some of these CPOs at some of the same time."""


class Agreements(Struct, frozen=True):
    """Agreements, offers, or the versions of one agreement."""

    agreements: tuple[AgreementReport, ...]


class TermsWanted(Struct, frozen=True, kw_only=True):
    """What an agreement says of some modules from now on; the others stay."""

    terms: dict[Module, TermsAmended]


class Ending(Struct, frozen=True, kw_only=True):
    """When an agreement ends; nothing: now."""

    at: datetime | None = None


class ExplainQuery(Struct, frozen=True, kw_only=True):
    """Which card, where, when and for what service; or which party looks (``viewer``).

    With ``offers``: as if all were accepted.
    """

    card: str = ""
    viewer: str = ""
    evse: str = ""
    cpo: str = ""
    at: datetime | None = None
    service: str = ""
    offers: bool = False


class NetworkSaid(Struct, frozen=True, kw_only=True):
    """CPO operations that are offered together, and who bundles them."""

    owner: str
    cpos: tuple[str, ...]
    id: str = ""


class Networks(Struct, frozen=True):
    """All networks."""

    networks: tuple[NetworkSaid, ...]
