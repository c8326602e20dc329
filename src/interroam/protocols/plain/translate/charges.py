"""Sessions, CDRs and the outcomes of commands. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from interroam.model import charges, places, tokens
from interroam.model.facts import Body, Change, Fact, Finding, Wire
from interroam.model.ids import PartyId, session_key
from interroam.protocols.plain import wire
from interroam.protocols.plain.translate.fields import Findings, carried, party_of, same_id, same_party, settled
from interroam.protocols.plain.translate.profiles import write_active_profile
from interroam.protocols.plain.wire.misread import Misread

_HOUR = timedelta(hours=1) / timedelta(microseconds=1)
_HUNDREDTH = Decimal("0.0001")
_BILLED = frozenset({"TIME", "PARKING_TIME"})
_TIMES = _BILLED | {"RESERVATION_TIME"}


def read_session(
    owner: PartyId, session_id: str, body: wire.Session, permission: tokens.Authorization | None, now: datetime
) -> tuple[Fact, Findings]:
    """Read a session; the permission it rests on supplies the token where it is left out."""
    findings: Findings = []
    body = settled(body, findings)
    same_party(body.party, owner)
    same_id("id", body.id, session_id)
    session = carried(
        charges.Session,
        body,
        owner=owner,
        id=session_id,
        status=body.status.value,
        token=_read_charge_token(body.token, permission),
        auth_method=_auth_method(body.auth_method, permission),
        cleared=False,
        last_updated=body.last_updated or now,
    )
    return Fact(session), findings


def read_session_change(
    owner: PartyId, session_id: str, body: wire.SessionChange, now: datetime
) -> tuple[Change, Findings]:
    """Read what is new about a session."""
    findings: Findings = []
    body = settled(body, findings)
    given = {
        name: value
        for name in wire.SessionChange.__struct_fields__
        if name != "last_updated" and (value := getattr(body, name)) is not UNSET
    }
    if not given:
        raise Misread("", "nothing is changed", remedy="send the fields that are new")
    if "status" in given:
        given["status"] = given["status"].value
    at = body.last_updated or now

    def merge(old: Body, _wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(old, charges.Session):
            return old, _wire
        return replace(old, last_updated=max(at, old.last_updated), **given), None

    return Change(session_key(owner, session_id), frozenset(given), at, merge), findings


def read_cdr(
    body: wire.Cdr, permission: tokens.Authorization | None, evse: places.Evse | None, now: datetime
) -> tuple[Fact, Findings]:
    """Read a CDR; the permission and the EVSE known here supply what is left out."""
    findings: Findings = []
    body = settled(body, findings)
    evse_id = body.evse_id or (evse.evse_id if evse is not None else None)
    if evse_id is None:
        findings.append(Finding("evse_id", "is not known, the uid stands for it"))
    if body.ends < body.starts:
        findings.append(Finding("ends", "lies before the start"))
    if body.credit and not body.credit_of:
        raise Misread("credit_of", "is missing", remedy="name the CDR that the credit takes back")
    cdr = carried(
        charges.Cdr,
        body,
        owner=party_of(body.party),
        token=_read_charge_token(body.token, permission),
        auth_method=_auth_method(body.auth_method, permission),
        evse_id=evse_id or body.evse_uid,
        cleared=False,
        total_time_h=body.total_time_h if body.total_time_h is not None else _total_time(body),
        last_updated=body.last_updated or now,
    )
    return Fact(cdr), findings


def _read_charge_token(token: wire.ChargeToken | None, permission: tokens.Authorization | None) -> charges.ChargeToken:
    if token is not None:
        owner = party_of(token.party, "token.party")
        return charges.ChargeToken(owner, token.uid, token.type.value, token.contract_id)
    if permission is None or permission.token is None:
        remedy = "send the token, or an authorization_reference given here"
        raise Misread("token", "is missing", remedy=remedy)
    known = permission.token
    return charges.ChargeToken(known.owner, known.uid, known.type, known.contract_id)


def _auth_method(given: wire.AuthMethod | None, permission: tokens.Authorization | None) -> str:
    if given is not None:
        return given.value
    if permission is None or permission.listed:
        return wire.AuthMethod.WHITELIST.value
    return (wire.AuthMethod.COMMAND if permission.command else wire.AuthMethod.AUTH_REQUEST).value


def _total_time(body: wire.Cdr) -> Decimal:
    """Return the time of a whole charge; where its periods say theirs, that of an EVSE out of order is left out."""
    periods = [{one.type: one.volume for one in period.dimensions} for period in body.periods]
    if not periods or not all(_TIMES & each.keys() for each in periods):
        return _hours(body.ends - body.starts)
    total = sum((volume for each in periods for kind, volume in each.items() if kind in _BILLED), Decimal(0))
    return total.quantize(_HUNDREDTH).normalize()  # OCPI-134


def _hours(duration: timedelta) -> Decimal:
    return (Decimal(duration // timedelta(microseconds=1)) / Decimal(_HOUR)).quantize(_HUNDREDTH).normalize()


def write_session(session: charges.Session) -> wire.Session:
    """Write a session."""
    return carried(wire.Session, session, party=str(session.owner), **_charge(session))


def write_cdr(cdr: charges.Cdr) -> wire.Cdr:
    """Write a CDR."""
    return carried(wire.Cdr, cdr, party=str(cdr.owner), **_charge(cdr))


def _charge(charge: charges.Session | charges.Cdr) -> dict[str, Any]:
    return {"token": carried(wire.ChargeToken, charge.token, party=str(charge.token.owner))}


def write_outcome(command: charges.Command, at: datetime) -> wire.CommandOutcome:
    """Write the outcome of a command under the name its asker was given."""
    return wire.CommandOutcome(
        command=command.reply or command.id,
        name=command.name,
        result=command.latest or wire.Result.FAILED,
        message=command.message,
        session_id=command.session_id,
        authorization_reference=command.authorization,
        profile=write_active_profile(command.profile) if command.profile is not None else None,
        at=command.canceled_at or command.settled_at or at,
    )
