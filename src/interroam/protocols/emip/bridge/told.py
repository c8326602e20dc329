"""Changes of EVSEs as entries of eMIP: the last state of each, with its location (sheet 2.29)."""

from __future__ import annotations

from collections.abc import Iterable

from interroam.core.hub import Hub
from interroam.model.facts import Stored
from interroam.model.ids import Key, Kind
from interroam.model.places import Location
from interroam.protocols.emip.translate.evses import Place
from interroam.protocols.emip.translate.statuses import GONE
from interroam.protocols.emip.translate.tokens import DELETE
from interroam.protocols.emip.wire.types import EvseDynamicDataChange, EvseStaticDataChange

from .changes import Item


async def static_changes(hub: Hub, items: Iterable[Item]) -> tuple[EvseStaticDataChange, ...]:
    """Write how descriptions changed."""
    return tuple(
        [
            place.static_change(item.action, item.row.updated)
            for item in items
            if (place := await _place(hub, item.row)) is not None
        ]
    )


async def dynamic_changes(hub: Hub, items: Iterable[Item]) -> tuple[EvseDynamicDataChange, ...]:
    """Write how statuses stand; one of which nobody has said anything is left out."""
    found = []
    for item in items:
        place = await _place(hub, item.row)
        if place is None:
            continue
        if item.row.withdrawn or item.action == DELETE:
            found.append(
                EvseDynamicDataChange(
                    evse_id=place.evse_id,
                    availability_status_event_date=item.row.updated,
                    availability_status=GONE,
                )
            )
            continue
        told = place.dynamic_change()
        if told.availability_status is not None or told.busy_status is not None:
            found.append(told)
    return tuple(found)


async def _place(hub: Hub, row: Stored) -> Place | None:
    location = await hub.store.get(Key(Kind.LOCATION, row.key.owner, row.key.id))
    if location is None or not isinstance(location.body, Location):
        return None
    return Place(location, row, hub.clock.now())
