"""Who roams with whom, since when, in which modules, and how facts travel under it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from interroam.model.ids import Module, Party, PartyId, Role


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


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """The EVSEs an agreement covers: those of these locations or tariff groups; empty means all."""

    locations: frozenset[str] = frozenset()
    tariff_groups: frozenset[str] = frozenset()


class Agreement(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One eMSP and a group of CPOs, and what holds between them from ``starts`` until before ``ends``.

    A party of role HUB on either side stands for every party behind that hub.
    """

    id: str
    version: int = 1
    emsp: Party
    cpos: tuple[Party, ...]
    starts: datetime
    ends: datetime | None = None
    terms: dict[Module, Terms] = {}
    selection: Selection | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether the agreement holds at this instant."""
        return self.starts <= at and (self.ends is None or at < self.ends)

    def covers_cpo(self, cpo: PartyId) -> bool:
        """Whether this CPO is of the group, by itself or behind a hub of it."""
        return any(member.id == cpo or member.role is Role.HUB for member in self.cpos)

    def covers_emsp(self, emsp: PartyId) -> bool:
        """Whether this eMSP is the one meant, by itself or behind the hub named."""
        return self.emsp.id == emsp or self.emsp.role is Role.HUB

    def of(self, module: Module) -> Terms:
        """Return the terms of a module; a module that is not named is on."""
        return self.terms.get(module, _PLAIN)


_PLAIN = Terms()
