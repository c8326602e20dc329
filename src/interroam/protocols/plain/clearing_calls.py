"""The calls of administration about charges that are held: for their price, or since nobody stated their card."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from interroam.core.telling.clearing import Weighed
from interroam.core.telling.waiting import Waiting
from interroam.model.errors import Reason
from interroam.protocols.plain.admin_routes import MISSING, Call, party_id_of, route
from interroam.protocols.plain.wire.administration import Counted


class WeighedQuery(Struct, frozen=True, kw_only=True):
    """Only those that are held, or all that were remarked upon."""

    held: bool = False


class WeighedReport(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was found about the price of a CDR."""

    party: str
    id: str
    agreement: str
    outcome: str
    message: str
    stated: Decimal
    computed: Decimal | None = None
    at: datetime
    released: str = ""


class WeighedCdrs(Struct, frozen=True):
    """CDRs whose price was remarked upon."""

    cdrs: tuple[WeighedReport, ...]


class WaitingCharges(Struct, frozen=True):
    """Charges that were acknowledged and cannot be told yet."""

    waiting: tuple[Waiting, ...]


class Named(Struct, frozen=True, kw_only=True):
    """Some charges that wait, by the ids of their list."""

    ids: tuple[str, ...]


async def weighed_cdrs(call: Call) -> WeighedCdrs:
    """List CDRs whose price was remarked upon, or that are held."""
    return WeighedCdrs(tuple(map(_report, call.office.upkeep.weighed(call.actor, held=call.query.held))))


async def release_cdr(call: Call) -> WeighedReport:
    """Let a held CDR go."""
    party = party_id_of(call.given["party"])
    return _report(await call.office.upkeep.release(call.actor, party, call.given["id"]))


async def waiting_charges(call: Call) -> WaitingCharges:
    """List charges that wait for their card to be stated."""
    return WaitingCharges(tuple(await call.office.upkeep.waiting(call.actor)))


async def retry_waiting(call: Call) -> Counted:
    """Try charges that wait again."""
    return Counted(count=await call.office.upkeep.retry_waiting(call.actor, call.body.ids))


async def drop_waiting(call: Call) -> None:
    """Give charges up that wait."""
    await call.office.upkeep.drop_waiting(call.actor, call.body.ids)


def _report(one: Weighed) -> WeighedReport:
    return WeighedReport(
        party=str(one.owner),
        id=one.id,
        agreement=one.agreement,
        outcome=one.outcome.value,
        message=one.message,
        stated=one.stated,
        computed=one.computed,
        at=one.at,
        released=one.released,
    )


ROUTES = (
    route("GET", "/cdrs/weighed", weighed_cdrs, WeighedCdrs, query=WeighedQuery),
    route("POST", "/cdrs/{party}/{id}/release", release_cdr, WeighedReport, errors=(Reason.WRONG_STATE,)),
    route("GET", "/charges/waiting", waiting_charges, WaitingCharges),
    route("POST", "/charges/waiting/retry", retry_waiting, Counted, body=Named, errors=MISSING),
    route("POST", "/charges/waiting/drop", drop_waiting, body=Named, errors=MISSING),
)
