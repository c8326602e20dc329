"""Heartbeats, in both directions."""

from __future__ import annotations

from interroam.protocols.emip.rules.codes import SUCCESS
from interroam.protocols.emip.wire import from_iop, to_iop

from .call import Call
from .desk import Desk


async def to_platform(desk: Desk, call: Call) -> to_iop.HeartBeatResponse:
    """Tell a partner how often it should be heard, and what time it is (EMIP-37)."""
    call.keep = False
    return to_iop.HeartBeatResponse(
        heart_beat_period=desk.period(call.partner.id),
        current_time=call.now.replace(microsecond=0),
        transaction_id=call.transaction,
        request_status=SUCCESS,
    )


async def from_platform(desk: Desk, call: Call) -> from_iop.HeartBeatResponse:
    """Tell a platform that we are alive (EMIP-39)."""
    call.keep = False
    return from_iop.HeartBeatResponse(
        heart_beat_period=int(desk.pulse.period(call.partner.id, desk.period(call.partner.id))),
        current_time=call.now.replace(microsecond=0),
        transaction_id=call.transaction,
        request_status=SUCCESS,
    )
