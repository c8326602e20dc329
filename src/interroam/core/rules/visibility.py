"""Which EVSEs a viewer may see, and by which rule: pure. Lists, gets, deliveries and explanations all ask here.

An agreement without a selection shows every EVSE of its CPOs; with one, those at its locations, those in its tariff
groups (OCPI-79), which are the tariff_ids of an EVSE's first connector (OCPI-77), and those named one by one. Several
agreements add up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from interroam.model.agreements import Agreement, Selection
from interroam.model.facts import Body, Moved, Stored
from interroam.model.ids import Party, PartyId, Role
from interroam.model.places import Evse

ALL = ""
"""The name of a selection that leaves nothing out."""


class Rule(msgspec.Struct, frozen=True):
    """Whether something is shown, the agreement that decides, and what would show it."""

    shown: bool
    message: str
    agreement: str = ""
    remedy: str = ""


class Spot(msgspec.Struct, frozen=True, gc=False):
    """As much of an EVSE as decides who may see it."""

    owner: PartyId
    location_id: str
    uid: str
    groups: tuple[str, ...] = ()
    evse_id: str | None = None

    @classmethod
    def of(cls, evse: Evse) -> Spot:
        """Return where an EVSE is, what it is called and how it is priced."""
        return cls(evse.owner, evse.location_id, evse.uid, groups_of(evse), evse.evse_id)

    @classmethod
    def before(cls, evse: Evse, moved: Moved) -> Spot:
        """Return an EVSE as it was until it moved."""
        return cls(evse.owner, evse.location_id, evse.uid, moved.groups, moved.evse_id)

    def is_among(self, selected: Selection) -> bool:
        """Whether it is one of those selected."""
        return selected.covers(self.location_id, self.groups, self.uid, self.evse_id)


def groups_of(evse: Evse) -> tuple[str, ...]:
    """Return the tariff groups of an EVSE: those of its first connector count for all of it (OCPI-77)."""
    return evse.connectors[0].tariff_ids if evse.connectors else ()


def tariffs_at(evse: Evse, connector_id: str) -> tuple[str, ...]:
    """Return the tariffs at which a connector charges: those of the EVSE, unless its owner names some for it alone."""
    wanted = connector_id.casefold()
    own = next((one.tariff_ids for one in evse.connectors if one.id.casefold() == wanted), ())
    return own or groups_of(evse)


class Scope(msgspec.Struct, frozen=True):
    """The EVSEs that one viewer may see.

    ``whole`` are the owners of which it sees all (none: everybody), ``parts`` those of which it sees a selection,
    ``anywhere`` selections of whoever stands behind a hub; each with the agreement it stands in.
    """

    whole: frozenset[PartyId] | None = frozenset()
    parts: dict[PartyId, tuple[tuple[str, Selection], ...]] = {}
    anywhere: tuple[tuple[str, Selection], ...] = ()

    @property
    def partial(self) -> bool:
        """Whether there are owners of which only some EVSEs are seen."""
        return bool(self.parts or self.anywhere)

    def of(self, owner: PartyId) -> tuple[tuple[str, Selection], ...] | None:
        """Return the selections by which an owner's EVSEs are seen; None: all of them are."""
        if self.whole is None or owner in self.whole:
            return None
        return self.parts.get(owner, ()) + self.anywhere

    def sees(self, spot: Spot) -> bool:
        """Whether an EVSE is seen."""
        selected = self.of(spot.owner)
        return selected is None or any(spot.is_among(one) for _, one in selected)

    def name(self, owner: PartyId) -> str:
        """Name what is seen of an owner: the names of the selections, or nothing for all."""
        selected = self.of(owner)
        return ALL if selected is None else named(selected)


def named(selected: Iterable[tuple[str, Selection]]) -> str:
    """Name some selections."""
    return "+".join(sorted({one.name for _, one in selected}))


def scope(viewer: Party, agreements: Iterable[Agreement]) -> Scope:
    """Return what a viewer sees by these agreements, all in force and with locations on."""
    whole: set[PartyId] = set()
    parts: dict[PartyId, list[tuple[str, Selection]]] = {}
    anywhere: list[tuple[str, Selection]] = []
    for agreement in agreements:
        for cpo in agreement.cpos if agreement.emsp == viewer else ():
            selected = [(agreement.id, one) for one in agreement.selected(cpo.id)]
            if not selected and cpo.role is Role.HUB:
                return Scope(None)
            if not selected:
                whole.add(cpo.id)
            elif cpo.role is Role.HUB:
                anywhere += selected
            else:
                parts.setdefault(cpo.id, []).extend(selected)
    left = {cpo: tuple(selected) for cpo, selected in parts.items() if cpo not in whole}
    return Scope(frozenset(whole), left, tuple(anywhere))


def shown(seen: Scope, viewer: Party, spot: Spot) -> Rule:
    """Say whether a viewer may see an EVSE, and why."""
    name = f"EVSE {spot.uid} of {spot.owner}"
    selected = seen.of(spot.owner)
    if selected is None:
        return Rule(shown=True, message=f"every EVSE of {spot.owner} is shown to {viewer}")
    for agreement, one in selected:
        if spot.is_among(one):
            return Rule(shown=True, message=f"{name} is selected by agreement {agreement}", agreement=agreement)
    if not selected:
        message = f"no agreement shows EVSEs of {spot.owner} to {viewer}"
        return Rule(shown=False, message=message, remedy=f"add an agreement between {spot.owner} and {viewer.id}")
    agreement = selected[0][0]
    return Rule(
        shown=False, message=not_selected(agreement, name, spot), agreement=agreement, remedy=to_select(agreement, spot)
    )


def not_selected(agreement: str, name: str, spot: Spot) -> str:
    """Say that an agreement leaves an EVSE out."""
    groups = ", ".join(spot.groups) or "none"
    return f"agreement {agreement} leaves out {name} (location {spot.location_id}, tariff groups: {groups})"


def to_select(agreement: str, spot: Spot) -> str:
    """Say what would take an EVSE in."""
    named = f", or EVSE {spot.uid}" if spot.uid else ""
    return f"amend agreement {agreement} to select location {spot.location_id} or one of its tariff groups{named}"


def spots(bodies: Iterable[Body]) -> list[Spot]:
    """Return the EVSEs among these objects."""
    return [Spot.of(body) for body in bodies if isinstance(body, Evse)]


def first(spots_: Collection[Spot], agreement: Agreement) -> Spot | None:
    """Return the first EVSE that an agreement covers."""
    return next((one for one in spots_ if _covers(agreement, one)), None)


def _covers(agreement: Agreement, spot: Spot) -> bool:
    return agreement.covers_evse(spot.owner, spot.location_id, spot.groups, spot.uid, spot.evse_id)


def sees_row(scope: Scope, row: Stored) -> bool:
    """Whether a scope shows the EVSE of a row."""
    return isinstance(row.body, Evse) and scope.sees(Spot.of(row.body))
