"""What is said of a session while it runs: events of its CPO, actions of its eMSP.

Both are relayed at once, and answered by the other side. Every event and every action has an id:
its sender's, else one that we make (EMIP-110).
"""

from __future__ import annotations

from msgspec.structs import replace

from interroam.protocols.emip.rules.codes import SUCCESS
from interroam.protocols.emip.translate.charges import read_action, read_event
from interroam.protocols.emip.wire import to_iop

from .call import Call
from .desk import Desk


async def set_session_event_report(desk: Desk, call: Call) -> to_iop.SetSessionEventReportResponse:
    """Tell the eMSP of a session what happened to it; its answer decides ours (EMIP-108)."""
    message: to_iop.SetSessionEventReport = call.message
    report = read_event(message.session_event, call.operator.id, message.service_session_id)
    report = replace(report, id=report.id or desk.hub.ids.new())
    call.fields |= {"session_event_id": report.id, "session_action_id": report.id}
    call.ids += [report.id, *filter(None, (report.caused_by,))]
    done = await desk.hub.report(call.origin, report)
    return to_iop.SetSessionEventReportResponse(
        transaction_id=call.transaction,
        service_session_id=message.service_session_id,
        session_event_id=done.id,
        session_action_id=done.id,
        request_status=SUCCESS,
    )


async def set_session_action_request(desk: Desk, call: Call) -> to_iop.SetSessionActionRequestResponse:
    """Have the CPO of a session do something with it; its answer decides ours (EMIP-109)."""
    message: to_iop.SetSessionActionRequest = call.message
    act = read_action(message.session_action, call.operator.id, message.service_session_id)
    act = replace(act, id=act.id or desk.hub.ids.new())
    call.fields |= {"session_action_id": act.id}
    call.ids += [act.id, *filter(None, (act.caused_by,))]
    done = await desk.hub.act(call.origin, act)
    return to_iop.SetSessionActionRequestResponse(
        transaction_id=call.transaction,
        service_session_id=message.service_session_id,
        session_action_id=done.id,
        request_status=SUCCESS,
    )
