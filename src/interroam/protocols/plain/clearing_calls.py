"""The calls of administration about prices of CDRs: what was found, and letting go of what is held."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from interroam.core.clearing import Weighed
from interroam.model.errors import Reason
from interroam.protocols.plain.admin_routes import Call, party_id_of, route


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


async def weighed_cdrs(call: Call) -> WeighedCdrs:
    """List CDRs whose price was remarked upon, or that are held."""
    return WeighedCdrs(tuple(map(_report, call.office.upkeep.weighed(call.actor, held=call.query.held))))


async def release_cdr(call: Call) -> WeighedReport:
    """Let a held CDR go."""
    party = party_id_of(call.given["party"])
    return _report(await call.office.upkeep.release(call.actor, party, call.given["id"]))


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
)
