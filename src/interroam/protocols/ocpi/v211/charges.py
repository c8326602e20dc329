"""What sessions and CDRs share: periods, the token and the place of a charge (sheet 4.3, 4.4)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from interroam.core.keys import masked
from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.wire import Malformed

from . import words
from .context import Down, Up
from .hows import moment
from .places import CHARGED_AT
from .table import Loss, Outcome, Rule, Work, approximated, convert, decode, dropped, encode, invented, lost, renamed

_DIMENSIONS = words.words(words.CdrDimensionType)
_PARTY = re.compile(r"[A-Za-z]{2}\*[A-Za-z0-9]{3}").fullmatch
_NOTHING = {"type": "TIME", "volume": 0}
_TOKEN = ("country_code", "party_id", "uid", "type", "contract_id")


class Mentioned(msgspec.Struct, frozen=True, gc=False):
    """What a session or a CDR of 2.1.1 refers to, to be looked up before it is lifted."""

    auth_id: str
    authorization_id: str | None
    location_id: str
    evse_uid: str | None


def mentioned(raw: bytes) -> Mentioned:
    """Return what a session or a CDR of 2.1.1, or a PATCH of one, refers to; what it does not say is empty."""
    given = decode(raw)
    place = given.get("location")
    evse = _first(place, "evses") if isinstance(place, dict) else None
    reference = given.get("authorization_id")
    return Mentioned(
        str(given.get("auth_id") or ""),
        str(reference) if reference else None,
        str(place.get("id") or "") if isinstance(place, dict) else "",
        str(evse["uid"]) if evse is not None and evse.get("uid") else None,
    )


def owner_of(raw: bytes) -> str | None:
    """Return the party that a hub names as the owner of an object: by its operator, its issuer, or two extra fields.

    A location names its operator, sessions and CDRs that of their location (OCPI-88), a token its issuer (OCPI-104), a
    tariff its owner's codes (OCPI-159).
    """
    given = decode(raw)
    place = given.get("location", given)
    operator = place.get("operator") if isinstance(place, dict) else None
    codes = f"{given.get('country_code')}*{given.get('party_id')}"
    name = operator.get("name") if isinstance(operator, dict) else given.get("issuer", codes)
    return name if isinstance(name, str) and _PARTY(name) else None


# -- periods -----------------------------------------------------------------------------------------------------------


def _dimensions(period: dict[str, Any]) -> list[Any]:
    found = period.get("dimensions")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _periods_down(value: Any, work: Work[Down]) -> Any:
    if not isinstance(value, list):
        return value
    made: list[dict[str, Any]] = []
    gone: dict[str, None] = {}
    for period in value:
        if not isinstance(period, dict):
            continue
        all_of_it = _dimensions(period)
        left = [each for each in all_of_it if each.get("type") in _DIMENSIONS]
        gone |= dict.fromkeys(str(each.get("type")) for each in all_of_it if each.get("type") not in _DIMENSIONS)
        if not left and made:
            work.note(Loss.APPROXIMATED)
            continue
        if not left:
            work.note(Loss.INVENTED)
        plain = {name: each for name, each in period.items() if name != "tariff_id"}
        starts = {"start_date_time": moment(period.get("start_date_time"), work)}
        made.append(plain | starts | {"dimensions": left or [_NOTHING]})
    if gone:
        work.note(Loss.LOST, ", ".join(gone))
    return made


PERIODS_DOWN = Rule(
    "charging_periods",
    "charging_periods",
    _periods_down,
    (
        lost("2.1.1 has neither these dimensions nor a tariff_id"),
        approximated("without dimension it is a part of the period before; fractions of a second are cut"),
        invented("TIME 0, where the first period has no dimension left"),
    ),
    judged=False,
)


def _periods_up(value: Any, work: Work[Up]) -> Any:
    if not isinstance(value, list):
        return value
    tariffs = work.given.get("tariffs")
    only = tariffs[0] if isinstance(tariffs, list) and len(tariffs) == 1 else None
    by = {"tariff_id": only["id"]} if isinstance(only, dict) and only.get("id") else {}
    made = []
    for period in value:
        if not isinstance(period, dict):
            made.append(period)
            continue
        left = [each for each in _dimensions(period) if each.get("type") != "FLAT"]
        if len(left) < len(_dimensions(period)):
            work.note(Loss.LOST, "FLAT")
            left = left or [_NOTHING]
        made.append(period | {"dimensions": left} | by)
    return made


PERIODS_UP = Rule(
    "charging_periods",
    "charging_periods",
    _periods_up,
    (lost("2.2.1 has no such dimension; a period of nothing else gets TIME 0"),),
    judged=False,
)

# -- token and method --------------------------------------------------------------------------------------------------


def _auth_id(value: Any, _: Work[Down]) -> Any:
    return value.get("contract_id") if isinstance(value, dict) else value


def _cdr_token(value: Any, work: Work[Up]) -> Any:
    if value is None:
        return None
    if work.context.token is None:
        raise Refused(
            Reason.UNKNOWN_TOKEN,
            f"no token of contract {masked(str(value))} is known here",
            remedy="state the token, then repeat",
        )
    token = decode(work.context.token)
    if str(token.get("contract_id", "")).casefold() != str(value).casefold():
        work.find(f"the token of this charge has the contract {masked(str(token.get('contract_id')))}")
    return {name: token[name] for name in _TOKEN if name in token}


def _method_up(value: Any, work: Work[Up]) -> Any:
    return "COMMAND" if value == "AUTH_REQUEST" and work.context.by_command else value


def _reference(value: Any, work: Work[Up]) -> Any:
    return (work.context.reference or value) if value is not None else None


PERMISSION_DOWN = (
    renamed("cdr_token", "auth_id", "its contract", _auth_id, lost("uid, type and owner of the token", always=True)),
    Rule(
        "auth_method",
        "auth_method",
        lambda value, _: "AUTH_REQUEST" if value == "COMMAND" else value,
        (approximated("COMMAND is AUTH_REQUEST"),),
    ),
    renamed("authorization_reference", "authorization_id", "extension"),
)
PERMISSION_UP = (
    renamed("auth_id", "cdr_token", "the token that was authorized, else that of this contract", _cdr_token),
    renamed("auth_method", "auth_method", "COMMAND after a StartSession that we relayed", _method_up),
    renamed("authorization_id", "authorization_reference", "extension; ours where the partner has another", _reference),
)

# -- the place, down ---------------------------------------------------------------------------------------------------


def _same(one: Any, other: Any) -> bool:
    return str(one).casefold() == str(other).casefold()


def _among(items: Any, key: str, wanted: Any) -> dict[str, Any] | None:
    found = items if isinstance(items, list) else []
    return next((each for each in found if isinstance(each, dict) and _same(each.get(key), wanted)), None)


def narrowed(place: bytes | None, location_id: Any, uid: Any, connector_id: Any) -> dict[str, Any] | None:
    """Return a Location with this EVSE and this connector alone; None where it has no such ones."""
    location = decode(place) if place is not None else {}
    evse = _among(location.get("evses"), "uid", uid) if _same(location.get("id"), location_id) else None
    plug = _among(evse.get("connectors"), "id", connector_id) if evse is not None else None
    if evse is None or plug is None:
        return None
    tariffs = evse["connectors"][0].get("tariff_ids")  # those of the first hold for the EVSE (OCPI-77)
    return location | {"evses": [evse | {"connectors": [plug | ({"tariff_ids": tariffs} if tariffs else {})]}]}


def alone(place: bytes, location_id: str, uid: str, connector_id: str) -> bytes | None:
    """Return a Location as the place of one charge: this EVSE and this connector alone; None where it has none such."""
    found = narrowed(place, location_id, uid, connector_id)
    return encode(found) if found is not None else None


def place_of(value: Any, work: Work[Down]) -> Any:
    """Build the Location of a session from the repository: without it a valid one cannot be made."""
    given = work.given
    found = narrowed(work.context.place, value, given.get("evse_uid"), given.get("connector_id"))
    if found is None:
        raise Refused(
            Reason.INCOMPLETE,
            f"2.1.1 wants the whole location {value} with its EVSE and connector, which is not known here",
            remedy="state the location, then retry",
        )
    return lowered_place(found, work)


def lowered_place(location: dict[str, Any], work: Work[Down]) -> Any:
    """Lower the place of a charge, published or not."""
    return convert(CHARGED_AT, location, work.into("location"))


# -- the place, up -----------------------------------------------------------------------------------------------------


def _first(place: dict[str, Any], name: str) -> dict[str, Any] | None:
    found = place.get(name)
    return next((each for each in found if isinstance(each, dict)), None) if isinstance(found, list) else None


def charged_at(place: Any, work: Work[Up]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the location id, the EVSE and the connector of a charge: the first of each."""
    evse = _first(place, "evses")
    if evse is None:
        raise Malformed("location.evses", "is missing")
    plug = _first(evse, "connectors")
    if plug is None:
        raise Malformed("location.evses[0].connectors", "is missing")
    if work.rule.outcome(Loss.LOST) and (len(place["evses"]) > 1 or len(evse["connectors"]) > 1):
        work.note(Loss.LOST)
    return work.context.short("location", (str(place.get("id")),)), evse, plug


def evse_uid(place: Any, evse: dict[str, Any], work: Work[Up]) -> str:
    """Return the uid of the EVSE of a charge as 2.2.1 has it."""
    return work.context.short("evse", (str(place.get("id")), str(evse.get("uid"))))


_IDS = "the ids in the location"
_MANY = lost("of several EVSEs or connectors the first")


def _part(name: str) -> Any:
    def how(value: Any, work: Work[Up]) -> Any:
        if not isinstance(value, dict):
            return None
        location_id, evse, plug = charged_at(value, work)
        return {"location_id": location_id, "evse_uid": evse_uid(value, evse, work), "connector_id": plug.get("id")}[
            name
        ]

    return how


PLACE_IDS_UP = (
    Rule("location", "location_id", _part("location_id"), (Outcome(Loss.RENAMED, _IDS), _MANY)),
    renamed("location", "evse_uid", _IDS, _part("evse_uid")),
    renamed("location", "connector_id", _IDS, _part("connector_id")),
    dropped("location", "all but the ids", always=True),
)
PLACE_IDS_DOWN = (
    renamed("location_id", "location", "the whole place from the repository, as at the start", place_of),
    renamed("evse_uid", "", "inside location"),
    renamed("connector_id", "", "inside location"),
)
