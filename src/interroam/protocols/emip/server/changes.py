"""Changes of EVSEs for eMSPs: fetched since a date, or pushed as flows switched on and off (sheet 2.29, 2.30)."""

from __future__ import annotations

from interroam.protocols.emip.bridge.told import dynamic_changes, static_changes
from interroam.protocols.emip.bridge.touched import Flavor
from interroam.protocols.emip.rules.codes import NOT_SUPPORTED, SUCCESS, Declined
from interroam.protocols.emip.wire import from_iop
from interroam.protocols.emip.wire.operations import operation_of
from interroam.protocols.emip.wire.to_iop import (
    GetEVSEDynamicDataChangesResponse,
    GetEVSEStaticDataChangesResponse,
)
from interroam.protocols.emip.wire.types import Changes as Asked
from interroam.protocols.emip.wire.types import Response

from .call import Call
from .desk import Desk


async def static_since(desk: Desk, call: Call) -> GetEVSEStaticDataChangesResponse:
    """Tell how descriptions changed since a date, each EVSE once (EMIP-62)."""
    asked: Asked = call.message
    batch, at = await desk.hearing.since(call.operator, Flavor.STATIC, asked.last_request_date, asked.max_count)
    call.keep = False
    return GetEVSEStaticDataChangesResponse(
        transaction_id=call.transaction,
        request_status=SUCCESS,
        current_time=at,
        evse_static_data_change_list=await static_changes(desk.hub, batch.items),
        more_data=batch.more,
    )


async def dynamic_since(desk: Desk, call: Call) -> GetEVSEDynamicDataChangesResponse:
    """Tell how statuses changed since a date, the last state of each EVSE (EMIP-62)."""
    asked: Asked = call.message
    batch, at = await desk.hearing.since(call.operator, Flavor.DYNAMIC, asked.last_request_date, asked.max_count)
    call.keep = False
    return GetEVSEDynamicDataChangesResponse(
        transaction_id=call.transaction,
        request_status=SUCCESS,
        current_time=at,
        evse_dynamic_data_change_list=await dynamic_changes(desk.hub, batch.items),
        more_data=batch.more,
    )


async def activate(flavor: Flavor, desk: Desk, call: Call) -> Response:
    """Push how descriptions or statuses change from now on, or since a date (EMIP-63)."""
    form = from_iop.SetEVSEStaticDataChanges if flavor is Flavor.STATIC else from_iop.SetEVSEDynamicDataChanges
    if not call.switches.serves(operation_of(form), call.operator.id):  # EMIP-64
        raise Declined(NOT_SUPPORTED, "who switches a flow on must take its messages")
    await desk.flows.activate(call.operator, flavor, call.message.start_date)
    return _done(call)


async def deactivate(flavor: Flavor, desk: Desk, call: Call) -> Response:
    """Push them no more."""
    await desk.flows.deactivate(call.operator, flavor)
    return _done(call)


def _done(call: Call) -> Response:
    return Response(transaction_id=call.transaction, request_status=SUCCESS)
