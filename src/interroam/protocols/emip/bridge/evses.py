"""EVSEs as starts, questions and records name them: by their id of eMI3, or by their place here."""

from __future__ import annotations

from collections.abc import Iterable

from interroam.core.hub import Hub
from interroam.core.refs import evse_ref
from interroam.model.facts import Stored
from interroam.model.ids import Kind, PartyId, evse_key, location_key
from interroam.model.places import Evse
from interroam.protocols.emip.rules.ids import ElementId, Letter, element
from interroam.protocols.emip.translate.evses import evse_id

# -- by their place ----------------------------------------------------------------------------------------------------


async def evse_at(hub: Hub, cpo: PartyId, location_id: str, uid: str) -> Evse | None:
    """Return the EVSE at this place; None when nobody stated it."""
    row = await hub.store.get(evse_key(cpo, location_id, uid))
    return row.body if row is not None and isinstance(row.body, Evse) else None


async def evses_at(hub: Hub, cpo: PartyId, location_id: str) -> list[Evse]:
    """Return the EVSEs of a location, but those that are gone."""
    (rows,) = await hub.store.evses([location_key(cpo, location_id)])
    return [row.body for row in rows if isinstance(row.body, Evse) and not row.withdrawn]


async def only_evse(hub: Hub, cpo: PartyId, location_id: str) -> Evse | None:
    """Return the EVSE of a location that has but one."""
    known = await evses_at(hub, cpo, location_id)
    return known[0] if len(known) == 1 else None


async def evse_id_at(hub: Hub, cpo: PartyId, location_id: str, uid: str) -> str | None:
    """Return the id by which eMIP knows the EVSE at this place; None when nobody stated it."""
    evse = await evse_at(hub, cpo, location_id, uid)
    return evse_id(evse) if evse is not None else None


# -- by their id -------------------------------------------------------------------------------------------------------


async def evses_called(hub: Hub, wanted: ElementId) -> list[Stored]:
    """Return the EVSEs stated under this id, whoever owns them, also those that are gone."""
    rows = await hub.store.by_ref(evse_ref(str(wanted)), Kind.EVSE)
    return [row for row in rows if isinstance(row.body, Evse) and _is(wanted, row.body)]


def foremost(rows: Iterable[Stored], wanted: ElementId) -> Stored | None:
    """Return the row that an id means where several have it: of the operator it names, of one that is there still."""
    there = [row for row in rows if not row.withdrawn]
    return min(there, key=lambda row: (row.key.party != wanted.operator, is_gone(row)), default=None)


def is_gone(row: Stored) -> bool:
    """Whether there is no such object any more."""
    return row.withdrawn or (isinstance(row.body, Evse) and row.body.removed)


async def namesakes(hub: Hub, evse: Evse) -> list[Stored]:
    """Return what else of its operator has, or had, the id of an EVSE: eMIP takes them for one."""
    try:
        found = await evses_called(hub, element(evse_id(evse), Letter.EVSE))
    except ValueError:
        return []
    place = evse_key(evse.owner, evse.location_id, evse.uid)
    return [row for row in found if row.key != place and row.key.party == evse.owner]


async def successors(hub: Hub, evse: Evse) -> list[Stored]:
    """Return what else of its operator has the id of an EVSE now."""
    return [row for row in await namesakes(hub, evse) if not is_gone(row)]


def _is(wanted: ElementId, evse: Evse) -> bool:
    """Whether an EVSE has this id: separators of the instance part count, where its own id is of that form."""
    try:
        return element(evse.evse_id or "", Letter.EVSE).compared == wanted.compared
    except ValueError:
        return True
