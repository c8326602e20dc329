"""Messages as single peers read them, who read them in no other way."""

from __future__ import annotations

from datetime import datetime

from .types import Filled, FromIop, Wire


class EventInside(Wire, frozen=True, kw_only=True):
    """An event whose cause goes by the name of an event."""

    session_event_nature: int
    session_event_id: Filled
    session_event_date_time: datetime
    session_event_parameter: str | None = None
    related_session_event_id: str | None = None


class Wrapping(Wire, frozen=True, kw_only=True):
    """An action that is an event."""

    session_event: EventInside


class WrappedSessionEventReport(FromIop, frozen=True, kw_only=True):
    """The platform tells an eMSP what happened to a session, one element deeper."""

    service_session_id: Filled
    sale_partner_session_id: str | None = None
    session_action: Wrapping
