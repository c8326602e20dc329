"""Session (sheet 4.3)."""

from __future__ import annotations

from typing import Any

from interroam.protocols.ocpi.wire import sessions as newer
from interroam.protocols.ocpi.wire.raw import fields_of, merge_patch

from . import shapes
from .charges import PERIODS_DOWN, PERIODS_UP, PERMISSION_DOWN, PERMISSION_UP, PLACE_IDS_DOWN, PLACE_IDS_UP
from .context import Down, Up
from .doors import lifted, lifted_patch, lowered, lowered_patch
from .hows import OWNER, UPDATED, excluding_vat, hub_id, moments, price, timed
from .table import Lifted, Lowered, Rule, Table, approximated, dropped, kept, lost, renamed

_WHOLE_ONLY = frozenset({"charging_periods", "location_id", "evse_uid", "connector_id", "cdr_token"})


def _status(value: Any, _: Any) -> Any:
    return "PENDING" if value == "RESERVATION" else value


SESSION_DOWN = Table(
    "Session",
    "down",
    shapes.Session,
    (
        dropped("country_code", "the URL says it", always=True),
        dropped("party_id", "the URL says it", always=True),
        renamed("id", "id", "the hub's id", hub_id("session")),
        timed("start_date_time", "start_datetime"),
        timed("end_date_time", "end_datetime"),
        *kept("kwh"),
        *PERMISSION_DOWN,
        *PLACE_IDS_DOWN,
        *kept("meter_id", "currency"),
        PERIODS_DOWN,
        renamed("total_cost", "total_cost", "without VAT", excluding_vat, lost("incl_vat: 2.1.1 is without VAT")),
        Rule("status", "status", _status, (approximated("RESERVATION is PENDING"),)),
        *moments("last_updated"),
    ),
    key="id",
)
SESSION_UP = Table(
    "Session",
    "up",
    newer.Session,
    (
        *OWNER,
        *kept("id"),
        renamed("start_datetime", "start_date_time"),
        renamed("end_datetime", "end_date_time"),
        *kept("kwh"),
        *PERMISSION_UP,
        *PLACE_IDS_UP,
        *kept("meter_id", "currency"),
        PERIODS_UP,
        renamed("total_cost", "total_cost", "a Price without VAT", price),
        *kept("status"),
        UPDATED,
    ),
    key="id",
)


def lift_session(raw: bytes, context: Up) -> Lifted:
    """Lift a whole Session; Refused while its token is not known."""
    return lifted(SESSION_UP, shapes.Session, raw, context)


def lift_session_patch(raw: bytes, context: Up, session_id: str) -> Lifted:
    """Lift some fields of a Session; its charging_periods replace those known, so merge it by ``patched_session``."""
    return lifted_patch(SESSION_UP, shapes.Session, raw, context, (session_id,))


def patched_session(stored: bytes, patch: bytes) -> bytes:
    """Return the whole Session after a lifted PATCH: in 2.1.1 a list that is present replaces the old one."""
    return merge_patch(stored, patch)


def lower_session(raw: bytes, context: Down) -> Lowered:
    """Lower a whole Session; Refused while its place is not known."""
    return lowered(SESSION_DOWN, raw, context)


def lower_session_patch(raw: bytes, context: Down, session_id: str) -> Lowered:
    """Lower some fields of a Session; None when the whole has to be PUT: 2.1.1 appends no periods."""
    named = {name for name, value in fields_of(raw).items() if bytes(value) != b"null"}
    if named & _WHOLE_ONLY:
        return Lowered(None)
    return lowered_patch(SESSION_DOWN, raw, context, (session_id,))
