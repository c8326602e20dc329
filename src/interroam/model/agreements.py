"""Who roams with whom, since when, in which modules, at which EVSEs, at what prices, and who agreed to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from interroam.model.ids import Module, Party, PartyId, Role, normal_evse_id
from interroam.model.tariffs import Tariff

_TARIFFS = Module.TARIFFS
_PROVIDERS = frozenset({Role.EMSP, Role.HUB})
_FOR_ALL = frozenset({Module.LOCATIONS, Module.TARIFFS})
"""What CPOs tell others than eMSPs as well: who navigates, and who publishes places (sheet 3.3)."""


class Policy(StrEnum):
    """How the facts of a module are delivered (design: Delivery)."""

    STRICT = "strict"  # one queue over everything, one request in flight, nothing skipped
    FIFO = "fifo"  # every entry, in order per object
    LATEST = "latest"  # as fifo, an entry overtaken by a newer one of its object is skipped
    NONE = "none"


class Mode(StrEnum):
    """The roaming mode of IEC 63119-1, clause 5."""

    PEER = "A"
    CLEARING_HOUSE = "B"
    MIXED = "C"


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an agreement says of one module; no policy means the default of the node."""

    on: bool = True
    mode: Mode = Mode.CLEARING_HOUSE
    policy: Policy | None = None
    signed: bool = False
    """Whether CDRs for OCPI 2.1.1 carry signed_data (OCPI-142)."""


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """EVSEs of one CPO (or of each that is not selected from by name): by location, by tariff group, or one by one.

    ``evses`` names single ones as their CPO does, by uid, or by their EVSE id.
    """

    cpo: PartyId | None = None
    locations: frozenset[str] = frozenset()
    tariff_groups: frozenset[str] = frozenset()
    evses: frozenset[str] = frozenset()

    def covers(self, location_id: str, groups: Iterable[str], uid: str, evse_id: str | None) -> bool:
        """Whether an EVSE of this location and these tariff groups is among them; ids compare without case."""
        if location_id.casefold() in self.locations:
            return True
        if self.tariff_groups and not self.tariff_groups.isdisjoint(group.casefold() for group in groups):
            return True
        return bool(self.evses) and self._names(uid, evse_id)

    def _names(self, uid: str, evse_id: str | None) -> bool:
        return uid.casefold() in self.evses or bool(evse_id and normal_evse_id(evse_id) in _normal(self.evses))

    @property
    def name(self) -> str:
        """A short name that says which EVSEs are meant, whoever agreed on them."""
        said = [sorted(self.locations), sorted(self.tariff_groups)]
        said += [sorted(self.evses)] if self.evses else []
        return blake2b(msgspec.json.encode(said), digest_size=8).hexdigest()


def selection(
    cpo: PartyId | None = None,
    locations: Iterable[str] = (),
    tariff_groups: Iterable[str] = (),
    evses: Iterable[str] = (),
) -> Selection:
    """Return a selection with its ids as compared."""
    return Selection(cpo, _folded(locations), _folded(tariff_groups), _folded(evses))


def _folded(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(one.casefold() for one in ids)


@lru_cache(maxsize=1024)
def _normal(evses: frozenset[str]) -> frozenset[str]:
    return frozenset(map(normal_evse_id, evses))


class Beyond(StrEnum):
    """What becomes of a CDR whose price differs by more than the tolerance."""

    REMARK = "pass with remark"
    HOLD = "hold"


class Prices(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an agreement says of money.

    With ``tariffs`` the prices are in the agreement, and change only by an amendment that both accept (OCPI-209);
    without, they come by the tariffs module and the eMSP has no say.
    """

    tariffs: tuple[Tariff, ...] = ()
    tolerance: Decimal = Decimal("0.01")
    beyond: Beyond = Beyond.REMARK
    clearing: bool = False
    """Whether the hub prices a charge whose CPO states no price (OCPI-185)."""

    @property
    def agreed(self) -> bool:
        """Whether the prices are in the agreement."""
        return bool(self.tariffs)


class Acceptance(msgspec.Struct, frozen=True):
    """A party that agreed, and who said so for it."""

    party: Party
    by: str
    at: datetime


class Network(msgspec.Struct, frozen=True):
    """CPO operations that are offered together: one may come or go without a new agreement (OCPI-179)."""

    id: str
    owner: Party
    """Who bundles them, and accepts agreements for all of them."""
    cpos: tuple[Party, ...] = ()


class Agreement(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One eMSP and a group of CPOs, and what holds between them from ``starts`` until before ``ends``.

    A party of role HUB on either side stands for every party behind that hub. ``networks`` names groups of CPOs;
    whoever reads agreements from the routing sees their members among ``cpos``.
    """

    id: str
    version: int = 1
    emsp: Party
    cpos: tuple[Party, ...] = ()
    networks: tuple[str, ...] = ()
    starts: datetime
    ends: datetime | None = None
    terms: dict[Module, Terms] = {}
    selections: tuple[Selection, ...] = ()
    prices: Prices = Prices()
    accepted: tuple[Acceptance, ...] = ()
    services: frozenset[str] = frozenset({"1"})
    """What drivers may do, by the numbers that eMIP has for it: 1 is to charge (EMIP-130)."""
    smart_charging: tuple[Party, ...] = ()
    """Who is told of these drivers' sessions beside the eMSP, and asks for charging profiles for them (role SCSP)."""

    def in_force(self, at: datetime) -> bool:
        """Whether the agreement holds at this instant."""
        return self.starts <= at and (self.ends is None or at < self.ends)

    def overlaps(self, other: Agreement) -> bool:
        """Whether there is an instant at which both hold."""
        ends = [one.ends for one in (self, other) if one.ends is not None]
        return not ends or max(self.starts, other.starts) < min(ends)

    @property
    def said(self) -> Agreement:
        """What it says, whenever, in whichever version and order: equal where two say the same."""
        tariffs = (replace(one, last_updated=_EVER) for one in self.prices.tariffs)
        return replace(
            self,
            id="",
            version=1,
            cpos=tuple(sorted(set(self.cpos))),
            networks=tuple(sorted(set(self.networks))),
            starts=_EVER,
            ends=None,
            terms={module: one for module, one in self.terms.items() if one != _PLAIN},
            selections=tuple(sorted(set(self.selections), key=lambda one: (str(one.cpo or ""), one.name))),
            prices=replace(self.prices, tariffs=tuple(sorted(tariffs, key=lambda one: str(one.key)))),
            accepted=(),
            smart_charging=tuple(sorted(set(self.smart_charging))),
        )

    def covers_cpo(self, cpo: PartyId) -> bool:
        """Whether this CPO is of the group, by itself or behind a hub of it."""
        return any(member.id == cpo or member.role is Role.HUB for member in self.cpos)

    def covers_emsp(self, emsp: PartyId) -> bool:
        """Whether this eMSP is the one meant, by itself or behind the hub named."""
        return self.emsp.id == emsp or self.emsp.role is Role.HUB

    def of(self, module: Module) -> Terms:
        """Return the terms of a module; one not named is on, but tariffs in the agreement are off (OCPI-144).

        Who is no eMSP has no drivers: then all is off that is about these.
        """
        if (module is _TARIFFS and self.prices.tariffs) or (
            self.emsp.role not in _PROVIDERS and module not in _FOR_ALL
        ):
            return _OFF
        return self.terms.get(module, _PLAIN)

    def selected(self, cpo: PartyId) -> tuple[Selection, ...]:
        """Return what is selected of a CPO's EVSEs; none: all of them. Filters are kept per operation (OCPI-216)."""
        return tuple(one for one in self.selections if one.cpo is None or one.cpo == cpo)

    def covers_evse(
        self, cpo: PartyId, location_id: str, groups: Collection[str], uid: str, evse_id: str | None
    ) -> bool:
        """Whether an EVSE of this CPO is among those selected."""
        selected = self.selected(cpo)
        return not selected or any(one.covers(location_id, groups, uid, evse_id) for one in selected)


_EVER = datetime.min.replace(tzinfo=UTC)
_PLAIN = Terms()
_OFF = Terms(on=False)
