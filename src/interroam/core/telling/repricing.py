"""What a CDR should have cost, by the tariffs its CPO stated here: for the dossier."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from interroam.core.pages import every
from interroam.core.ports import Query, Store
from interroam.core.rules.pricing import Outcome, recompute
from interroam.model.agreements import Prices
from interroam.model.charges import Cdr, Session
from interroam.model.ids import Kind, location_key
from interroam.model.places import Location
from interroam.model.tariffs import Tariff

_PAGE = 200


class Repriced(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The price as stated and as computed again, without VAT, and what explains the difference."""

    outcome: Outcome
    currency: str
    stated: Decimal
    computed: Decimal | None = None
    differences: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


async def repriced(store: Store, cdr: Cdr, prices: Prices | None = None) -> Repriced:
    """Compute a CDR's price again."""
    prices = prices or Prices()
    tariffs, zone = await terms_of(store, cdr, prices)
    finding = recompute(cdr, tariffs, zone, prices.tolerance)
    return Repriced(
        outcome=finding.outcome,
        currency=cdr.currency,
        stated=cdr.total_cost.excl_vat,
        computed=finding.cost.totals.total.excl_vat if finding.cost is not None else None,
        differences=tuple(map(str, finding.differences)),
        remarks=finding.remarks,
    )


async def terms_of(store: Store, cdr: Cdr | Session, prices: Prices) -> tuple[list[Tariff], str | None]:
    """Return the tariffs a charge falls under, those of its agreement or the module's, and the zone of its place."""
    place = await store.get(location_key(cdr.owner, cdr.location_id))
    zone = place.body.time_zone if place is not None and isinstance(place.body, Location) else None
    agreed = [one for one in prices.tariffs if one.owner == cdr.owner]
    return agreed if prices.agreed else await _tariffs(store, cdr), zone


async def _tariffs(store: Store, cdr: Cdr | Session) -> list[Tariff]:
    query = Query(kind=Kind.TARIFF, owners=frozenset({cdr.owner}), limit=_PAGE)
    found = [row.body async for row in every(store.page, query) if isinstance(row.body, Tariff)]
    return [replace(one, steps_by_element=False) if one.steps_by_element else one for one in found]  # sheet C30
