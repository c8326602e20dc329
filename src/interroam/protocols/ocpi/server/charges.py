"""Sessions and CDRs: stated by their CPO, shown to the one eMSP they concern."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from interroam.model.errors import Reason, Refused
from interroam.model.facts import Receipt, Statement, Stored
from interroam.model.ids import Kind, party_id, session_key
from interroam.protocols.ocpi.translate import cdr_fact, read_prefer, session_change, session_fact, write_preferred
from interroam.protocols.ocpi.translate.rows import insist, insist_owner
from interroam.protocols.ocpi.wire import Malformed
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.sessions import ChargingPreferences, Session, SessionPatch

from .answers import of_receipt
from .call import Answer, Call, given
from .desk import AS_STATED, Desk, Stating, missing, read_body, read_owner, side, stating
from .lists import list_of
from .tokens import is_judged, note_driver, spelled

Charge = TypeVar("Charge", Session, Cdr)
_NOWHERE = Answer(http=404, status=2000, message="there is nothing at this path")
_NOT_TAKEN = frozenset({Reason.NOT_OFFERED, Reason.UNKNOWN_SESSION, Reason.CONFLICT})
ADVENIR = "$$"
"""The country of charges without roaming, whose card numbers are made up (OCPI-130)."""


# -- sessions ----------------------------------------------------------------------------------------------------------


@stating
def put_session(desk: Desk, call: Call) -> Statement:
    """Take a whole session; a list of periods that is not there clears the list (OCPI-127)."""
    owner, session_id = read_owner(call), call.tail[2]
    call.ids = (session_id,)
    shape = read_body(call, Session)
    insist_owner(shape.country_code, shape.party_id, owner)
    if shape.id != session_id:
        insist("id", shape.id, session_id)
    return session_fact(*_charge(desk, call, shape))


@stating
def patch_session(_desk: Desk, call: Call) -> Statement:
    """Take some fields of a session; its charging periods are added."""
    if not call.caller.switches.patches_sessions:
        raise Refused(Reason.NOT_OFFERED, "PATCH of sessions is not offered", remedy="PUT the session")  # OCPI-126
    owner, session_id = read_owner(call), call.tail[2]
    call.ids = (session_id,)
    shape = read_body(call, SessionPatch)
    if shape.authorization_reference:
        call.ids += (shape.authorization_reference,)
    raw = call.request.body
    if shape.cdr_token is not None:
        shape, raw = spelled(call, shape, shape.cdr_token.type, shape.cdr_token.uid, "cdr_token")
    return session_change(shape, raw, owner, session_id, replaces=call.older)


async def check_session(desk: Desk, call: Call) -> Answer:
    """Show the CPO its session under its own id (OCPI-206)."""
    owner, session_id = read_owner(call), call.tail[2]
    call.ids = (session_id,)
    return given(await desk.views.one(await desk.own(call, session_key(owner, session_id)), AS_STATED))


async def set_preferences(desk: Desk, call: Call) -> Answer:
    """Relay what a driver would like; where none are taken that is HTTP 404 and 2001 (OCPI-128)."""
    session_id, what = call.tail
    if what != "charging_preferences":
        return _NOWHERE
    if not call.caller.switches.charging_preferences:
        raise Refused(Reason.NOT_OFFERED, "charging preferences are not offered")
    call.ids = (session_id,)
    call.keep_answer = True
    shape = read_body(call, ChargingPreferences)
    try:
        answer = await desk.hub.prefer(call.origin, read_prefer(shape, session_id, call.asker, call.receiver))
    except Refused as no:
        if no.code or no.reason not in _NOT_TAKEN:
            raise
        return Answer(http=404, status=2001, message=no.message)
    return given(write_preferred(answer))


# -- CDRs --------------------------------------------------------------------------------------------------------------


def _read_cdr(desk: Desk, call: Call) -> Statement:
    shape = read_body(call, Cdr)
    call.ids = (shape.id, shape.session_id) if shape.session_id else (shape.id,)
    if shape.credit:
        _check_credit(call, shape)
    shape, raw = _charge(desk, call, shape)
    if party_id(shape.country_code, shape.party_id) != call.sender and not call.partner.is_hub:
        call.notes.append(f"the CDR is of {shape.country_code}*{shape.party_id}, its sender is {call.asker}")
    return cdr_fact(shape, raw)


def _check_credit(call: Call, shape: Cdr) -> None:
    """Refuse a credit where none are taken, and one that takes nothing back (OCPI-139)."""
    if not call.caller.switches.takes_credits:
        raise Refused(Reason.NOT_OFFERED, "credit CDRs are not processed here", remedy="settle the credit by hand")
    if not shape.credit_reference_id:
        raise Malformed("credit_reference_id", "is missing, the CDR is a credit")


def _say_where(desk: Desk, call: Call, _cdr: Statement, receipt: Receipt) -> Answer:
    answer = of_receipt(call, receipt)
    return replace(answer, headers=((b"location", desk.url(f"receiver/cdrs/{receipt.hub_id}").encode()),))


post_cdr = Stating(_read_cdr, _say_where)
"""Take a CDR, once; a repeat is a success with the same Location (OCPI-136, OCPI-137)."""


async def check_cdr(desk: Desk, call: Call) -> Answer:
    """Show the CPO our copy of its CDR, at the address it was given."""
    stored: Stored | None = await desk.hub.store.by_hub_id(call.tail[0])
    if stored is None or stored.key.kind is not Kind.CDR:
        raise missing(Kind.CDR, call.tail[0])
    return given(await desk.views.one(await desk.own(call, stored.key), AS_STATED))


def _charge(desk: Desk, call: Call, shape: Charge) -> tuple[Charge, bytes]:
    """Note whose charge it is; its card's number is judged, but for those made up (OCPI-94)."""
    token = shape.cdr_token
    note_driver(desk, call, token.type, token.uid)
    if shape.authorization_reference:
        call.ids += (shape.authorization_reference,)
    if token.country_code == ADVENIR or not is_judged(call, token.uid):
        return shape, call.request.body
    return spelled(call, shape, token.type, token.uid, "cdr_token")


SESSIONS_RECEIVER = side(
    "RECEIVER",
    "sessions",
    ("GET", (3,), check_session),
    ("PUT", (3,), put_session),
    ("PATCH", (3,), patch_session),
)
SESSIONS_SENDER = side(
    "SENDER",
    "sessions",
    ("GET", (0,), list_of(Kind.SESSION, need_date_from=True)),  # C12
    ("PUT", (2,), set_preferences),
)
CDRS_RECEIVER = side("RECEIVER", "cdrs", ("POST", (0,), post_cdr), ("GET", (1,), check_cdr))
CDRS_SENDER = side("SENDER", "cdrs", ("GET", (0,), list_of(Kind.CDR)))
