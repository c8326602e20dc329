"""What stands under an EVSE: its eMI3 id, spelled out, and where it is, for a person to print (EMIP-121)."""

from __future__ import annotations

import re

from interroam.core.hub import Hub
from interroam.core.office.reports import Sign
from interroam.core.pages import pages
from interroam.core.ports import Query
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Kind, PartyId
from interroam.model.places import Evse, Location

_SPELLED = re.compile(r"^([A-Z]{2})\*?([A-Z0-9]{3})\*?E([A-Z0-9*]+)$", re.ASCII)
_PAGE = 200


async def signs(hub: Hub, cpo: PartyId, location_id: str = "") -> tuple[Sign, ...]:
    """Return what is to stand under the EVSEs of a CPO, or of one of its locations; none for those that are gone."""
    found: list[Sign] = []
    query = Query(kind=Kind.LOCATION, owners=frozenset({cpo}), limit=_PAGE)
    async for some in pages(hub.store.page, query):
        for row, evses in zip(some, await hub.store.evses([one.key for one in some]), strict=True):
            place = row.body
            if row.withdrawn or not isinstance(place, Location) or location_id.casefold() not in ("", row.key.id):
                continue
            standing = [one.body for one in evses if not one.withdrawn and isinstance(one.body, Evse)]
            found += [_sign(place, one) for one in standing if not one.removed]
    if not found:
        where = f"location {location_id} of {cpo}" if location_id else str(cpo)
        raise Refused(Reason.UNKNOWN_OBJECT, f"no EVSE of {where} is known here", remedy="state its locations first")
    return tuple(found)


def spelled(evse_id: str) -> str:
    """Return an EVSE id as people read it: upper case, with its separators."""
    upper = evse_id.strip().upper()
    match = _SPELLED.match(upper)
    return f"{match[1]}*{match[2]}*E{match[3]}" if match is not None else upper


def _sign(place: Location, evse: Evse) -> Sign:
    return Sign(
        party=str(evse.owner),
        location_id=place.id,
        location=place.name or place.id,
        address=f"{place.address}, {place.city}",
        uid=evse.uid,
        evse_id=spelled(evse.evse_id) if evse.evse_id else "",
        reference=evse.physical_reference or "",
    )
