"""Messages in the dress that a partner expects: what it alone reads differently, by its switches (sheet 7)."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import asdict, replace

from .profiles import Switches
from .wire.from_iop import SetChargeDetailRecord, SetSessionEventReport
from .wire.quirks import EventInside, WrappedSessionEventReport, Wrapping
from .wire.types import ToIop

M = TypeVar("M", bound=ToIop)


def dressed(message: M, known: Switches) -> M | SetChargeDetailRecord | WrappedSessionEventReport:
    """Return a message as this partner reads it; most read all alike."""
    if known.hyphenates_emsps and isinstance(message, SetChargeDetailRecord):
        return _hyphenated(message)
    if known.wraps_events and isinstance(message, SetSessionEventReport):
        return _wrapped(message)
    return message


def _hyphenated(message: SetChargeDetailRecord) -> SetChargeDetailRecord:
    record = message.charge_detail_record
    seller = record.sale_partner_operator_id
    if seller is None:
        return message
    record = replace(record, sale_partner_operator_id=seller.replace("*", "-"))
    return replace(message, charge_detail_record=record)


def _wrapped(message: SetSessionEventReport) -> WrappedSessionEventReport:
    fields = asdict(message)
    event = asdict(fields.pop("session_event"))
    inside = EventInside(related_session_event_id=event.pop("related_session_action_id"), **event)
    return WrappedSessionEventReport(**fields, session_action=Wrapping(session_event=inside))
