"""CDR (sheet 4.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.wire import cdrs as newer

from . import shapes, words
from .charges import (
    PERIODS_DOWN,
    PERIODS_UP,
    PERMISSION_DOWN,
    PERMISSION_UP,
    charged_at,
    evse_uid,
    lowered_place,
    narrowed,
)
from .context import Down, Up
from .doors import lifted, lowered
from .hows import NOT_KNOWN, OWNER, UPDATED, excluding_vat, hub_id, moments, price, timed
from .table import Lifted, Loss, Lowered, Rule, Table, Work, decode, dropped, invented, kept, lost, renamed
from .tariffs import CHARGED_BY_DOWN, CHARGED_BY_UP

_PREFIX = {"owner": "", "hub": "[*]", "unknown": "[?]"}  # OCPI-141
_LONGEST_REMARK = 255
_PLACE = ("id", "name", "address", "city", "postal_code", "state", "country", "coordinates")
_STANDARDS = words.words(words.ConnectorType)

# -- down --------------------------------------------------------------------------------------------------------------


def _location(value: Any, work: Work[Down]) -> Any:
    """Expand a CdrLocation; what it lacks comes from the repository, and nothing is made up for a meter."""
    if not isinstance(value, dict):
        return value
    at = {"last_updated": work.given.get("last_updated")}
    owner = {name: work.given.get(name) for name in ("country_code", "party_id")}
    plug = {name: value.get(f"connector_{name}") for name in ("id", "standard", "format", "power_type")}
    location = owner | {name: value[name] for name in _PLACE if name in value} | at
    if NOT_KNOWN not in (value.get("evse_uid"), plug["id"]):  # a reservation that was never used has no EVSE
        evse = {"uid": value.get("evse_uid"), "evse_id": value.get("evse_id"), "status": "UNKNOWN"} | at
        location["evses"] = [evse | {"connectors": [plug | _electric(value, work) | at]}]
    work.note(Loss.INVENTED)
    return lowered_place(location, work)


def _electric(value: dict[str, Any], work: Work[Down]) -> dict[str, Any]:
    if value.get("connector_standard") not in _STANDARDS:  # it will be left out
        return {}
    found = narrowed(work.context.place, value.get("id"), value.get("evse_uid"), value.get("connector_id"))
    plug = found["evses"][0]["connectors"][0] if found is not None else {}
    if plug.get("max_voltage") is None or plug.get("max_amperage") is None:
        raise Refused(
            Reason.INCOMPLETE,
            f"2.1.1 wants voltage and amperage of connector {value.get('connector_id')}, which are not known here",
            remedy="state the location, then retry",
        )
    return {name: plug[name] for name in ("max_voltage", "max_amperage")}


def _total_cost(value: Any, work: Work[Down]) -> Any:
    amount = excluding_vat(value, work)
    if work.given.get("credit") is not True or not isinstance(amount, int | Decimal):
        return amount
    return -amount if amount > 0 else amount  # OCPI-140


def _remark(value: Any, work: Work[Down]) -> Any:
    said = [_PREFIX[work.context.costs]] if _PREFIX[work.context.costs] else []
    if work.given.get("credit") is True:
        credited = str(work.given.get("credit_reference_id") or NOT_KNOWN)
        said.append(f"Credit of CDR {work.context.names('cdr', (credited,))}.")
    if work.given.get("home_charging_compensation") is True:
        said.append("Home charging compensation.")
    if _reserved(work.given):
        said.append("The total includes a reservation.")
    if said:
        work.note(Loss.INVENTED)
    text = " ".join([*said, str(value)] if value else said)
    if len(text) > _LONGEST_REMARK:
        work.note(Loss.LOST)
    return text[:_LONGEST_REMARK] or None


def _reserved(given: dict[str, Any]) -> bool:
    periods = given.get("charging_periods")
    dimensions = [
        each
        for period in (periods if isinstance(periods, list) else ())
        if isinstance(period, dict) and isinstance(period.get("dimensions"), list)
        for each in period["dimensions"]
    ]
    timed_too = any(isinstance(each, dict) and each.get("type") == "RESERVATION_TIME" for each in dimensions)
    cost = given.get("total_reservation_cost")
    return timed_too or bool(cost.get("excl_vat") if isinstance(cost, dict) else cost)


_PARTIAL_COST = "2.1.1 has the total alone"
CDR_DOWN = Table(
    "CDR",
    "down",
    shapes.Cdr,
    (
        dropped("country_code", "operator.name in the location names the owner", always=True),
        dropped("party_id", "operator.name in the location names the owner", always=True),
        renamed("id", "id", "the hub's id", hub_id("cdr")),
        timed("start_date_time", "start_date_time"),
        timed("end_date_time", "stop_date_time"),
        dropped("session_id", "nothing like it"),
        *PERMISSION_DOWN,
        Rule(
            "cdr_location",
            "location",
            _location,
            (invented("status UNKNOWN; voltage and amperage from the repository", always=True),),
            judged=False,
        ),
        *kept("meter_id", "currency"),
        Rule("tariffs", "tariffs", inner=CHARGED_BY_DOWN),
        PERIODS_DOWN,
        Rule(
            "signed_data",
            "signed_data",
            lambda value, work: value if work.context.signed_data else None,
            (lost("an extension, by agreement only"),),
        ),
        renamed("total_cost", "total_cost", "without VAT", _total_cost, lost("incl_vat: 2.1.1 is without VAT")),
        dropped("total_fixed_cost", _PARTIAL_COST),
        *kept("total_energy"),
        dropped("total_energy_cost", _PARTIAL_COST),
        *kept("total_time"),
        dropped("total_time_cost", _PARTIAL_COST),
        *kept("total_parking_time"),
        dropped("total_parking_cost", _PARTIAL_COST),
        dropped("total_reservation_cost", f"{_PARTIAL_COST}, which the remark says includes it"),
        Rule(
            "remark",
            "remark",
            _remark,
            (
                invented("whose total it is, and credit, reservation or home charging in a sentence"),
                lost("cut at 255 characters"),
            ),
            always=True,
            judged=False,
        ),
        dropped("invoice_reference_id", "nothing like it"),
        dropped("credit", "a negative total_cost and a remark, for partners that take it; else held"),
        dropped("credit_reference_id", "the remark names the hub's id of the original"),
        dropped("home_charging_compensation", "a remark, for partners that take it; else held"),
        *moments("last_updated"),
    ),
    key="id",
)


def lower_cdr(raw: bytes, context: Down) -> Lowered:
    """Lower a CDR; Refused where it has to be held: the partner takes no such thing, or its place is not known."""
    given = decode(raw)
    if given.get("credit") is True and not context.credits:
        raise Refused(
            Reason.NOT_OFFERED,
            "2.1.1 has no credit, and this partner has not agreed to CDRs with negative amounts",
            remedy="agree on it and retry, or settle this credit by hand",
        )
    if given.get("home_charging_compensation") is True and not context.home_charging:
        raise Refused(
            Reason.NOT_OFFERED,
            "2.1.1 cannot mark a CDR as one of home charging",
            remedy="agree on a remark and retry, or settle this CDR by hand",
        )
    return lowered(CDR_DOWN, raw, context)


# -- up ----------------------------------------------------------------------------------------------------------------


def _cdr_location(value: Any, work: Work[Up]) -> Any:
    if not isinstance(value, dict):
        return value
    location_id, evse, plug = charged_at(value, work)
    evse_id = evse.get("evse_id") or _known_evse_id(value.get("id"), evse.get("uid"), plug.get("id"), work)
    place = {name: value[name] for name in _PLACE if value.get(name) is not None}
    ids = {"evse_uid": evse_uid(value, evse, work), "evse_id": evse_id, "connector_id": plug.get("id")}
    kind = {f"connector_{name}": plug.get(name) for name in ("standard", "format", "power_type")}
    return place | {"id": location_id} | ids | kind


def _known_evse_id(location_id: Any, uid: Any, connector_id: Any, work: Work[Up]) -> str:
    work.note(Loss.INVENTED)
    if work.context.evse_id is not None:
        return work.context.evse_id
    found = narrowed(work.context.place, location_id, uid, connector_id)
    known = found["evses"][0].get("evse_id") if found is not None else None
    if not known:
        work.find("the EVSE has no evse_id, here neither")
    return known or NOT_KNOWN


def _cost(kind: str) -> Any:
    return lambda _, work: price(_shares(work.given).get(kind), work)


def _shares(given: dict[str, Any]) -> dict[str, Decimal]:
    """Return what each dimension costs, if the one simple tariff of a CDR explains its total; else nothing."""
    try:
        (tariff,) = given["tariffs"]
        (element,) = tariff["elements"]
        prices = {each["type"]: Decimal(each["price"]) for each in element["price_components"]}
        if element.get("restrictions") or len(prices) < len(element["price_components"]):
            return {}
        amounts = {kind: _volume(given, kind) * one for kind, one in prices.items()}
        explained = sum(amounts.values()) == Decimal(given["total_cost"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return {}
    return {kind: amount.normalize() + 0 for kind, amount in amounts.items()} if explained else {}


def _volume(given: dict[str, Any], kind: str) -> Decimal:
    if kind == "FLAT":
        return Decimal(1)
    found = [each for period in given["charging_periods"] for each in period["dimensions"] if each["type"] == kind]
    return sum((Decimal(each["volume"]) for each in found), Decimal(0))


_SHARE = invented("where the one simple tariff explains the total to the last digit")
CDR_UP = Table(
    "CDR",
    "up",
    newer.Cdr,
    (
        *OWNER,
        *kept("id", "start_date_time"),
        renamed("stop_date_time", "end_date_time"),
        Rule("", "session_id", lambda _, work: work.context.session_id, (invented("where it is known", always=True),)),
        *PERMISSION_UP,
        Rule(
            "location",
            "cdr_location",
            _cdr_location,
            (
                lost("of several EVSEs or connectors the first"),
                invented("evse_id from the repository, #NA where that has none"),
            ),
            judged=False,
        ),
        dropped("location", "all but address and connector", always=True),
        *kept("meter_id", "currency"),
        Rule("tariffs", "tariffs", inner=CHARGED_BY_UP),
        PERIODS_UP,
        *kept("signed_data"),
        renamed("total_cost", "total_cost", "a Price without VAT", price),
        Rule("", "total_fixed_cost", _cost("FLAT"), (_SHARE,)),
        *kept("total_energy"),
        Rule("", "total_energy_cost", _cost("ENERGY"), (_SHARE,)),
        *kept("total_time"),
        Rule("", "total_time_cost", _cost("TIME"), (_SHARE,)),
        *kept("total_parking_time"),
        Rule("", "total_parking_cost", _cost("PARKING_TIME"), (_SHARE,)),
        *kept("remark"),
        UPDATED,
    ),
    key="id",
)


def lift_cdr(raw: bytes, context: Up) -> Lifted:
    """Lift a CDR; Refused while its token is not known."""
    return lifted(CDR_UP, shapes.Cdr, raw, context)
