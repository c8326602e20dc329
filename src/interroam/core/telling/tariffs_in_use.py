"""Whether a tariff may go: not while a connector refers to its id (OCPI-211)."""

from __future__ import annotations

from collections.abc import Collection

from interroam.core.pages import every
from interroam.core.ports import Query, Store
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Key, Kind
from interroam.model.places import Evse

_AT_ONCE = 500


async def check_unused(store: Store, tariff: Key, along: Collection[Key] = ()) -> None:
    """Pass when no connector of its owner refers to a tariff, or another variant of it stays; else Refused.

    ``along`` are the variants that are to go with it.

    Tariffs go seldom, EVSEs change all the time: it is looked for when asked rather than kept.
    """
    if await _another_variant(store, {tariff, *along}):
        return
    query = Query(kind=Kind.EVSE, owners=frozenset({tariff.party}), limit=_AT_ONCE)
    async for stored in every(store.page, query):
        if not stored.withdrawn and isinstance(stored.body, Evse) and _refers(stored.body, tariff.id):
            raise Refused(
                Reason.CONFLICT,
                f"a connector of EVSE {stored.body.uid} at {stored.body.location_id} refers to tariff {tariff.id}",
                remedy="take the tariff off its connectors first",
            )


async def _another_variant(store: Store, going: Collection[Key]) -> bool:
    tariff = next(iter(going))
    query = Query(kind=Kind.TARIFF, owners=frozenset({tariff.party}), limit=_AT_ONCE)
    async for one in every(store.page, query):
        if one.key.id == tariff.id and one.key not in going and not one.withdrawn:
            return True
    return False


def _refers(evse: Evse, tariff_id: str) -> bool:
    if evse.removed:
        return False
    return any(named.casefold() == tariff_id for each in evse.connectors for named in each.tariff_ids)
