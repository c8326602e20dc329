"""What a session costs so far, where its CPO does not say and its agreement has the hub price for it (OCPI-185).

The price is put in before the session is recorded, without VAT (OCPI-129) and marked as ours; from then on a change of
the session prices it again, until its CPO states a cost of its own. What its CPO wrote is kept beside it: a room that
shows that must not show it as the cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.rules.pricing import charged
from interroam.core.rules.visibility import tariffs_at
from interroam.core.telling.repricing import terms_of
from interroam.model.agreements import Prices
from interroam.model.charges import Session
from interroam.model.facts import Body, Change, Fact, Statement, Telling, Wire
from interroam.model.ids import evse_key
from interroam.model.money import Price
from interroam.model.places import Evse

if TYPE_CHECKING:
    from interroam.core.hub import Hub

_COST = frozenset({"total_cost"})
_Pricing = Callable[[Session], Session]


async def priced(hub: Hub, telling: Telling) -> Statement:
    """Return what is stated of a session with its cost so far; as it is where that is not ours to say."""
    statement = telling.statement
    if isinstance(statement, Fact) and isinstance(statement.body, Session):
        pricing = await _pricing(hub, statement.body, telling.agreement)
        if pricing is None or _stated(statement.body):
            return statement
        body = await asyncio.to_thread(pricing, statement.body)
        return statement if body is statement.body else replace(statement, body=body)
    if isinstance(statement, Change):
        row = await hub.store.get(statement.key)
        if row is not None and isinstance(row.body, Session):
            pricing = await _pricing(hub, row.body, row.agreement)
            return statement if pricing is None else _repriced(statement, pricing)
    return statement


def _repriced(change: Change, pricing: _Pricing) -> Change:
    """Return a change after which a session is priced again, unless it states a cost itself."""

    def merge(old: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        body, wire = change.merge(old, wire)
        if not isinstance(body, Session):
            return body, wire
        if change.fields & _COST:
            body = replace(body, cleared=False)
        if _stated(body):
            return body, wire
        return pricing(body), wire

    return replace(change, merge=merge, wire=None, fields=change.fields | _COST)


async def _pricing(hub: Hub, session: Session, agreement_id: str) -> _Pricing | None:
    """Return what prices a session by the tariffs of now; None where its agreement does not have us do so."""
    agreement = hub.book.agreements.get(agreement_id)
    if agreement is None or not agreement.prices.clearing:
        return None
    tariffs, zone = await terms_of(hub.store, session, agreement.prices)
    named = await _named(hub, session, agreement.prices)

    def price(body: Session) -> Session:
        found = charged(body, named, tariffs, zone)
        if found is None or found.currency.upper() != body.currency.upper():
            return body
        return replace(body, total_cost=Price(found.totals.total.excl_vat), cleared=True)

    return price


async def _named(hub: Hub, session: Session, prices: Prices) -> tuple[str, ...]:
    """Return the tariffs of the connector (OCPI-77): a session names none, but in its periods."""
    row = await hub.store.get(evse_key(session.owner, session.location_id, session.evse_uid))
    if prices.agreed or row is None or not isinstance(row.body, Evse):
        return ()
    return tariffs_at(row.body, session.connector_id)


def _stated(session: Session) -> bool:
    """Whether the CPO says what a session costs."""
    return session.total_cost is not None and bool(session.total_cost.excl_vat) and not session.cleared
