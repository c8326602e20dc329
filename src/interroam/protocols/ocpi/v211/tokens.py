"""Token, LocationReferences and AuthorizationInfo (sheet 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.wire import Finding, Malformed, read
from interroam.protocols.ocpi.wire import tokens as newer

from . import shapes
from .context import Down, Up
from .doors import lifted, lifted_patch, lowered, lowered_patch
from .hows import NOT_KNOWN, OWNER, UPDATED, moments, operator_id
from .table import (
    Lifted,
    Loss,
    Lowered,
    Rule,
    Table,
    Work,
    approximated,
    convert,
    decode,
    dropped,
    encode,
    invented,
    kept,
    renamed,
)

# -- tokens ------------------------------------------------------------------------------------------------------------


def _type(value: Any, _: Work[Down]) -> Any:
    return "OTHER" if value in ("AD_HOC_USER", "APP_USER") else value


def _issuer(value: Any, work: Work[Down]) -> Any:
    """Name the eMSP: 2.1.1 has no fields for the owner (OCPI-104)."""
    return operator_id(work) or value


TOKEN_DOWN = Table(
    "Token",
    "down",
    shapes.Token,
    (
        dropped("country_code", "the issuer names the owner", always=True),
        dropped("party_id", "the issuer names the owner", always=True),
        *kept("uid"),
        Rule("type", "type", _type, (approximated("AD_HOC_USER and APP_USER are OTHER"),)),
        renamed("contract_id", "auth_id"),
        *kept("visual_number"),
        Rule("issuer", "issuer", _issuer, (approximated("the name gives way to the owner's eMI3 id", always=True),)),
        dropped("group_id", "nothing like it"),
        *kept("valid", "whitelist", "language"),
        dropped("default_profile_type", "nothing like it"),
        dropped("energy_contract", "nothing like it"),
        *moments("last_updated"),
    ),
)
TOKEN_UP = Table(
    "Token",
    "up",
    newer.Token,
    (
        *OWNER,
        *kept("uid", "type"),
        renamed("auth_id", "contract_id"),
        *kept("visual_number", "issuer", "valid", "whitelist", "language"),
        UPDATED,
    ),
)


def lift_token(raw: bytes, context: Up) -> Lifted:
    """Lift a whole Token of an eMSP."""
    return lifted(TOKEN_UP, shapes.Token, raw, context)


def lift_token_patch(raw: bytes, context: Up) -> Lifted:
    """Lift some fields of a Token."""
    return lifted_patch(TOKEN_UP, shapes.Token, raw, context)


def lower_token(raw: bytes, context: Down) -> Lowered:
    """Lower a whole Token."""
    return lowered(TOKEN_DOWN, raw, context)


def lower_token_patch(raw: bytes, context: Down) -> Lowered:
    """Lower some fields of a Token; None when nothing is left to say."""
    return lowered_patch(TOKEN_DOWN, raw, context)


def token_type(query: Mapping[str, str]) -> str:
    """Return the type a request names, under any of the names in use (C21); RFID where it names none."""
    return next((query[name] for name in ("type", "token_type", "tokenType") if query.get(name)), "RFID")


# -- where the driver stands -------------------------------------------------------------------------------------------


def _location_id(value: Any, work: Work[Down | Up]) -> Any:
    return work.context.names("location", (value,)) if isinstance(value, str) else value


def _evse_uids(value: Any, work: Work[Down | Up]) -> Any:
    place = work.given.get("location_id")
    if not isinstance(value, list) or not isinstance(place, str):
        return value
    return [work.context.names("evse", (place, each)) if isinstance(each, str) else each for each in value]


REFERENCES_DOWN = Table(
    "LocationReferences",
    "down",
    shapes.LocationReferences,
    (
        renamed("location_id", "location_id", "the hub's id", _location_id),
        renamed("evse_uids", "evse_uids", "the hub's ids", _evse_uids),
    ),
)
REFERENCES_UP = Table(
    "LocationReferences",
    "up",
    newer.LocationReferences,
    (
        renamed("location_id", "location_id", "the owner's id", _location_id),
        renamed("evse_uids", "evse_uids", "the owner's ids", _evse_uids),
        dropped("connector_ids", "2.2.1 knows EVSEs only"),
    ),
)


def lift_authorize(raw: bytes, context: Up) -> Lifted:
    """Lift the question of a CPO, which must name exactly one EVSE (OCPI-98, OCPI-100)."""
    try:
        shape, _ = read(shapes.LocationReferences, raw or b"{}")
    except Malformed as error:
        if error.field != "location_id":
            raise
        raise Refused(
            Reason.INCOMPLETE, "Missing Location Id", remedy="send LocationReferences with one EVSE"
        ) from None
    if not shape.evse_uids:
        raise Refused(Reason.INCOMPLETE, "Missing EVSE Id", remedy="name the EVSE the driver stands at")
    if len(shape.evse_uids) > 1:
        raise Refused(Reason.MALFORMED, "More than one EVSE Id", remedy="name only the EVSE the driver stands at")
    return lifted(REFERENCES_UP, shapes.LocationReferences, raw, context)


def lower_authorize(raw: bytes, context: Down) -> Lowered:
    """Lower the question for a 2.1.1 eMSP."""
    return lowered(REFERENCES_DOWN, raw, context) if raw else Lowered(b"")


# -- the answer --------------------------------------------------------------------------------------------------------


def _reference(value: Any, work: Work[Up]) -> Any:
    return work.context.reference or value


AUTHORIZATION_DOWN = Table(
    "AuthorizationInfo",
    "down",
    shapes.AuthorizationInfo,
    (
        *kept("allowed"),
        dropped("token", "the asker presented it", always=True),
        Rule("location", "location", inner=REFERENCES_DOWN),
        renamed("authorization_reference", "authorization_id", "extension"),
        *kept("info"),
    ),
)


def _token(_: Any, work: Work[Up]) -> Any:
    return decode(work.context.token) if work.context.token is not None else None


AUTHORIZATION_UP = Table(
    "AuthorizationInfo",
    "up",
    newer.AuthorizationInfo,
    (
        *kept("allowed"),
        Rule(
            "",
            "token",
            _token,
            (invented("as the hub has it; a token nobody knows gets contract_id #NA, and only with a no"),),
        ),
        Rule("location", "location", inner=REFERENCES_UP),
        renamed("authorization_id", "authorization_reference", "extension"),
        *kept("info"),
    ),
)


def lift_authorization(raw: bytes, context: Up, uid: str, kind: str) -> Lifted:
    """Lift the answer of an eMSP about a token; a yes for a token that nobody knows is none."""
    shape, findings = read(shapes.AuthorizationInfo, raw)
    work = Work(context)
    made = convert(AUTHORIZATION_UP, decode(raw), work) or {}
    if "token" not in made:
        if shape.allowed == "ALLOWED":
            raise Refused(Reason.UNKNOWN_TOKEN, "the provider allows a token that is not known here")
        made["token"] = _stranger(uid, kind, context)
        findings = (*findings, Finding("token", "is not known here, its contract is not said"))
        work.losses.append(_strange())
    return Lifted(encode(made), tuple(work.losses), (*findings, *work.findings))


def _strange() -> Any:
    work: Work[None] = Work(None)
    work.rule = next(rule for rule in AUTHORIZATION_UP.rules if rule.target == "token")
    work.note(Loss.INVENTED)
    return work.losses[0]


def _stranger(uid: str, kind: str, context: Up) -> dict[str, Any]:
    token = {"uid": uid, "type": kind, "auth_id": NOT_KNOWN, "issuer": NOT_KNOWN, "valid": False}
    token |= {"whitelist": "NEVER", "last_updated": None}
    return convert(TOKEN_UP, token, Work(context)) or {}


def lower_authorization(raw: bytes, context: Down) -> Lowered:
    """Lower the answer for a 2.1.1 CPO."""
    return lowered(AUTHORIZATION_DOWN, raw, context)
