"""Where a charge takes place and at which tariffs: as it was when the charge began, whatever became of it (OCPI-143).

Kept for charges that are stated in nobody's spelling: such a CDR is written later, from what is known here. A CDR
that came written says itself where the charge took place.
"""

from __future__ import annotations

from msgspec.structs import replace

from interroam.core.ports import Store
from interroam.core.rules.visibility import tariffs_at
from interroam.model.charges import Cdr, Session, Site
from interroam.model.facts import Fact, Stored
from interroam.model.ids import PartyId, evse_key, location_key, session_key, tariff_key
from interroam.model.places import Connector, Evse, Location
from interroam.model.tariffs import Tariff


async def kept(store: Store, fact: Fact) -> Fact:
    """Return a charge with its site: the one it began at, else the one of now; without one where that is unknown."""
    charge = fact.body
    if not isinstance(charge, Session | Cdr):
        return fact
    return replace(fact, body=replace(charge, site=await _site(store, charge)))


async def _site(store: Store, charge: Session | Cdr) -> Site | None:
    keys = [charge.key]
    if isinstance(charge, Cdr) and charge.session_id:
        keys.append(session_key(charge.owner, charge.session_id))
    for key in keys:
        row = await store.get(key)
        if row is not None and isinstance(row.body, Session | Cdr) and _is_at(row.body.site, charge):
            return row.body.site
    return await _of_now(store, charge)


def _is_at(site: Site | None, charge: Session | Cdr) -> bool:
    """Whether a site is that of a charge; a reservation may get its EVSE later."""
    if site is None:
        return False
    there = (site.location.id, site.evse_uid, site.connector_id)
    here = (charge.location_id, charge.evse_uid, charge.connector_id)
    return [one.casefold() for one in there] == [one.casefold() for one in here]


async def _of_now(store: Store, charge: Session | Cdr) -> Site | None:
    place = await store.get(location_key(charge.owner, charge.location_id))
    if place is None or not isinstance(place.body, Location):
        return None
    evse = await store.get(evse_key(charge.owner, charge.location_id, charge.evse_uid))
    point = evse.body if evse is not None and isinstance(evse.body, Evse) else None
    plug = _plug(point, charge.connector_id) if point is not None else None
    names = tariffs_at(point, charge.connector_id) if point is not None else ()
    found = [await described(store, charge.owner, one, charge.token.owner) for one in names]
    return Site(
        location=place.body,
        evse_uid=charge.evse_uid,
        connector_id=charge.connector_id,
        connector=plug,
        tariffs=tuple(row.body for row in found if row is not None and isinstance(row.body, Tariff)),
    )


def _plug(evse: Evse, connector_id: str) -> Connector | None:
    return next((one for one in evse.connectors if one.id.casefold() == connector_id.casefold()), None)


async def described(store: Store, owner: PartyId, tariff_id: str, emsp: PartyId) -> Stored | None:
    """Return the description of a tariff that holds for an eMSP: its own, else the one for all."""
    for target in (emsp, None):
        row = await store.get(tariff_key(owner, tariff_id, target))
        if row is not None and not row.withdrawn and isinstance(row.body, Tariff):
            return row
    return None
