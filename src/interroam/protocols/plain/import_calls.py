"""The call of administration that states objects for a back office, as that would by ``POST /import`` itself."""

from __future__ import annotations

from interroam.core.audit import Rank
from interroam.model.errors import Reason, Refused
from interroam.model.parties import Partner, PartnerState
from interroam.protocols.plain.admin_routes import Call, route
from interroam.protocols.plain.server.call import Call as Request
from interroam.protocols.plain.server.telling import post_import
from interroam.protocols.plain.wire import Batch, Line


async def state(call: Call) -> Batch:
    """State many objects for a back office, one JSON line each; each gets its own verdict."""
    call.actor.needs(Rank.OPERATOR)
    partner, hub = _back_office(call), call.office.hub
    request = Request(
        hub=hub, partner=partner, correlation=hub.ids.new(), request=hub.ids.new(), params={}, raw=call.body
    )
    batch = await post_import(request)
    detail = {verdict: str(count) for verdict, count in batch.counts.items()}
    await call.office.audit.write(call.actor, "partner import", partner.id, correlation=request.correlation, **detail)
    return batch


def _back_office(call: Call) -> Partner:
    name = call.given["id"]
    partner = call.office.hub.book.partners.get(name)
    if partner is None:
        raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {name}", remedy="interroam partner list")
    if partner.protocol != "plain":
        remedy = "name a back office: interroam partner add … --protocol plain --party …"
        message = f"partner {name} speaks {partner.protocol} and states for itself"
        raise Refused(Reason.WRONG_STATE, message, remedy=remedy)
    if partner.state is PartnerState.SUSPENDED:
        raise Refused(Reason.WRONG_STATE, f"partner {name} is suspended", remedy=f"interroam partner resume {name}")
    return partner


ROUTES = (
    route(
        "POST",
        "/partners/{id}/import",
        state,
        Batch,
        body=Line,
        body_media="application/x-ndjson",
        errors=(Reason.UNKNOWN_OBJECT, Reason.WRONG_STATE),
    ),
)
