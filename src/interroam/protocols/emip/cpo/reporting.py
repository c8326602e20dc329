"""What the back office reports of a charge by itself: live, once, and not again when its session says the same."""

from __future__ import annotations

from msgspec.structs import replace

from interroam.model.errors import Reason, Refused
from interroam.model.questions import Done, Report
from interroam.protocols.emip.cpo.course import PARTS
from interroam.protocols.emip.cpo.ledger import Charge, Ledger
from interroam.protocols.emip.cpo.sending import Message, Sending
from interroam.protocols.emip.translate.charges import write_event
from interroam.protocols.emip.wire import to_iop


async def reported(ledger: Ledger, sending: Sending, charge: Charge, report: Report, correlation: str) -> Done:
    """Tell the platform; an event that an act of its caused names it (EMIP-116)."""
    if not charge.platform:
        raise Refused(Reason.UNKNOWN_SESSION, "the platform does not know this charge before its record")
    follows = charge.act if charge.act_nature in PARTS.get(report.nature, ()) else None
    try:
        event = write_event(replace(report, session_id=charge.known_as, caused_by=report.caused_by or follows))
    except ValueError as odd:
        raise Refused(Reason.UNKNOWN_NATURE, f"eMIP has no event {report.nature}") from odd
    message = Message(
        to_iop.SetSessionEventReport,
        report.cpo,
        service_session_id=charge.known_as,
        exec_partner_session_id=charge.own,
        session_event=event,
    )
    called = await sending.ask(message, correlation)
    called.check()
    told = {"told": report.nature} | ({"act": "", "act_nature": ""} if follows else {})
    await ledger.note(charge, **told)
    return Done(report.id, str(called.status))
