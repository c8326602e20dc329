"""Location, EVSE and Connector (sheet 4.1)."""

from __future__ import annotations

import re
from typing import Any

from interroam.protocols.ocpi.wire import locations as newer
from interroam.protocols.ocpi.wire import types

from . import shapes, words
from .context import Down, Up
from .doors import lifted, lifted_patch, lowered, lowered_patch
from .hows import (
    NOT_KNOWN,
    OWNER,
    UPDATED,
    cut,
    energy_mix,
    hub_id,
    moments,
    only,
    operator_id,
    point,
    points,
    short_id,
)
from .table import (
    Lifted,
    Loss,
    Lowered,
    Outcome,
    Rule,
    Table,
    Work,
    approximated,
    dropped,
    invented,
    kept,
    lost,
    renamed,
)
from .zones import zone_of

PROVISIONAL_ZONE = "UTC"
_STANDARDS = words.words(words.ConnectorType)
_PARKING = frozenset({"ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT"})
_SAME = Outcome(Loss.KEPT, "")
_SIX = approximated("coordinates have six decimals")
_HUB_ID = "the hub's id"


# -- down --------------------------------------------------------------------------------------------------------------


def _type(value: Any, _: Work[Down]) -> str:
    if value is None:
        return "UNKNOWN"
    return value if value in _PARKING else "OTHER"


def _operator(value: Any, work: Work[Down]) -> Any:
    """Put the owner's eMI3 id where the name was: 2.1.1 has no fields for the owner (OCPI-88)."""
    name = operator_id(work)
    if name is None:
        return value
    return (value if isinstance(value, dict) else {}) | {"name": name}


def _hours_always(value: Any, _: Work[Down]) -> Any:
    return value or None


def _hours_regular(value: Any, work: Work[Down]) -> Any:
    return value if not work.given.get("twentyfourseven") else None


def _power_down(value: Any, _: Work[Down]) -> Any:
    return "AC_1_PHASE" if value in ("AC_2_PHASE", "AC_2_PHASE_SPLIT") else value


def _tariff_id(value: Any, work: Work[Down]) -> Any:
    if not isinstance(value, list) or not value:
        return None
    found = work.context.tariff_in_force([each for each in value if isinstance(each, str)])
    if found is None:
        return None
    if len(value) > 1:
        work.note(Loss.LOST)
    return work.context.names("tariff", (found,))


def _unknown_standard(given: dict[str, Any], _made: dict[str, Any], work: Work[Any]) -> bool:
    return not work.partial and given.get("standard") not in _STANDARDS


def _without_connector(given: dict[str, Any], made: dict[str, Any], _: Work[Any]) -> bool:
    return bool(given.get("connectors")) and not made.get("connectors")


def _connectors(value: Any, work: Work[Down]) -> Any:
    """Give the tariffs of the first connector, which are those of the EVSE (OCPI-77), to the first that is sent."""
    if not isinstance(value, list):
        return value
    plugs = [each for each in value if isinstance(each, dict)]
    tariffs = plugs[0].get("tariff_ids") if plugs else None
    if any(each.get("tariff_ids") not in (None, [], tariffs) for each in plugs):
        work.note(Loss.LOST)
    bare = [{name: one for name, one in each.items() if name != "tariff_ids"} for each in plugs]
    sent = next((each for each in bare if each.get("standard") in _STANDARDS), None)
    if sent is not None and tariffs:
        sent["tariff_ids"] = tariffs
    return bare


def _published(given: dict[str, Any], _made: dict[str, Any], _work: Work[Any]) -> bool:
    return given.get("publish") is False  # OCPI-80


_SCHEDULE_DOWN = Table(
    "StatusSchedule", "down", newer.StatusSchedule, (*moments("period_begin", "period_end"), *kept("status"))
)
_PERIOD_DOWN = Table("ExceptionalPeriod", "down", newer.ExceptionalPeriod, moments("period_begin", "period_end"))
_HOURS_DOWN = Table(
    "Hours",
    "down",
    shapes.Hours,
    (
        Rule("twentyfourseven", "twentyfourseven", _hours_always, (lost("2.1.1 says it only if true", always=True),)),
        Rule("regular_hours", "regular_hours", _hours_regular, (lost("2.1.1 has either these or twentyfourseven"),)),
        Rule("exceptional_openings", "exceptional_openings", inner=_PERIOD_DOWN),
        Rule("exceptional_closings", "exceptional_closings", inner=_PERIOD_DOWN),
    ),
)
CONNECTOR_DOWN = Table(
    "Connector",
    "down",
    shapes.Connector,
    (
        renamed("id", "id", _HUB_ID, hub_id("connector")),
        *kept("standard", "format"),
        Rule("power_type", "power_type", _power_down, (approximated("two phases count as one: never overstated"),)),
        renamed("max_voltage", "voltage"),
        renamed("max_amperage", "amperage"),
        dropped("max_electric_power", "lowering the amperage instead would not be what the meter sees"),
        renamed("tariff_ids", "tariff_id", _HUB_ID, _tariff_id, lost("only the REGULAR one in force for the receiver")),
        *kept("terms_and_conditions"),
        *moments("last_updated"),
    ),
    key="id",
    omit=_unknown_standard,
    omitted="2.1.1 has no word for this connector standard",
)
EVSE_DOWN = Table(
    "EVSE",
    "down",
    shapes.Evse,
    (
        renamed("uid", "uid", _HUB_ID, hub_id("evse")),
        *kept("evse_id", "status"),
        Rule("status_schedule", "status_schedule", inner=_SCHEDULE_DOWN),
        Rule("capabilities", "capabilities", only(words.words(words.Capability)), (lost("2.1.1 has no such word"),)),
        Rule(
            "connectors",
            "connectors",
            _connectors,
            (lost("tariff_ids of other connectors: those of the first hold for the EVSE"),),
            inner=CONNECTOR_DOWN,
        ),
        *kept("floor_level"),
        Rule("coordinates", "coordinates", point, (_SAME, _SIX)),
        *kept("physical_reference", "directions", "parking_restrictions", "images"),
        *moments("last_updated"),
    ),
    key="uid",
    omit=_without_connector,
    omitted="none of its connectors can be said in 2.1.1",
)
_LOCATION_DOWN_RULES = (
    dropped("country_code", "operator.name names the owner", always=True),
    dropped("party_id", "operator.name names the owner", always=True),
    renamed("id", "id", _HUB_ID, hub_id("location")),
    dropped("gireve_id", "it is the id", always=True),
    dropped("publish", "only what may be published is sent", always=True),
    dropped("publish_allowed_to", "nothing like it"),
    Rule(
        "parking_type",
        "type",
        _type,
        (approximated("ALONG_MOTORWAY and ON_DRIVEWAY are OTHER"), invented("UNKNOWN, where nothing is said")),
    ),
    *kept("name"),
    Rule("address", "address", cut(45), (approximated("cut at 45 characters"),)),
    *kept("city"),
    Rule("postal_code", "postal_code", lambda value, _: value or NOT_KNOWN, (invented("#NA: mandatory in 2.1.1"),)),
    dropped("state", "nothing like it"),
    *kept("country"),
    Rule("coordinates", "coordinates", point, (_SAME, _SIX)),
    Rule("related_locations", "related_locations", points, (_SAME, _SIX)),
    Rule("evses", "evses", inner=EVSE_DOWN),
    *kept("directions"),
    Rule(
        "operator",
        "operator",
        _operator,
        (
            approximated("the name gives way to the owner's eMI3 id", always=True),
            invented("the owner's eMI3 id", always=True),
        ),
    ),
    *kept("suboperator", "owner"),
    Rule("facilities", "facilities", only(words.words(words.Facility)), (lost("2.1.1 has no such word"),)),
    *kept("time_zone"),
    Rule("opening_times", "opening_times", inner=_HOURS_DOWN),
    *kept("charging_when_closed", "images"),
    Rule("energy_mix", "energy_mix", inner=energy_mix("down", shapes.EnergyMix, shapes.EnvironmentalImpact)),
    *moments("last_updated"),
)
LOCATION_DOWN = Table(
    "Location",
    "down",
    shapes.Location,
    _LOCATION_DOWN_RULES,
    key="id",
    omit=_published,
    omitted="publish is false, which 2.1.1 cannot say",
)
CHARGED_AT = Table("Location", "down", shapes.Location, _LOCATION_DOWN_RULES, key="id")
"""The place of a charge: its driver may see it, published or not."""


# -- up ----------------------------------------------------------------------------------------------------------------


def _time_zone(value: Any, work: Work[Up]) -> str:
    if isinstance(value, str) and value:
        return value
    if work.context.time_zone:
        return work.context.time_zone
    zone = zone_of(work.given.get("country"), work.given.get("coordinates"))
    if zone is None:
        work.find("is missing; UTC is provisional, and wrong for tariffs")
    return zone or PROVISIONAL_ZONE


def _hours_up(value: Any, work: Work[Up]) -> Any:
    if value is not None:
        return value
    return not work.given.get("regular_hours") and not work.given.get("exceptional_openings")


def _some_hours(value: Any, _: Work[Up]) -> Any:
    """Leave out hours that say nothing."""
    return value if isinstance(value, dict) and any(each not in (None, []) for each in value.values()) else None


def _tariff_ids(value: Any, _: Work[Up]) -> Any:
    return [value] if value else None


HOURS_UP = Table(
    "Hours",
    "up",
    newer.Hours,
    (
        Rule(
            "twentyfourseven",
            "twentyfourseven",
            _hours_up,
            (invented("false where hours are given, true where only exceptions close", always=True),),
        ),
        *kept("regular_hours", "exceptional_openings", "exceptional_closings"),
    ),
)
CONNECTOR_UP = Table(
    "Connector",
    "up",
    newer.Connector,
    (
        *kept("id", "standard", "format", "power_type"),
        renamed("voltage", "max_voltage"),
        renamed("amperage", "max_amperage"),
        renamed("tariff_id", "tariff_ids", "a list of one", _tariff_ids),
        *kept("terms_and_conditions"),
        UPDATED,
    ),
    key="id",
)
EVSE_UP = Table(
    "EVSE",
    "up",
    newer.Evse,
    (
        renamed("uid", "uid", "the hub's short id, where it has more than 36 characters", short_id("evse")),
        *kept("evse_id", "status", "status_schedule", "capabilities"),
        Rule("connectors", "connectors", inner=CONNECTOR_UP),
        *kept("floor_level", "coordinates", "physical_reference", "directions", "parking_restrictions", "images"),
        UPDATED,
    ),
    key="uid",
)
LOCATION_UP = Table(
    "Location",
    "up",
    newer.Location,
    (
        *OWNER,
        renamed("id", "id", "the hub's short id, where it has more than 36 characters", short_id("location")),
        Rule("", "publish", lambda _, __: True, (invented("2.1.1 publishes whatever it sends", always=True),)),
        *kept("name", "address", "city", "postal_code", "country", "coordinates", "related_locations"),
        Rule(
            "type",
            "parking_type",
            lambda value, _: value if value not in ("OTHER", "UNKNOWN") else None,
            (Outcome(Loss.RENAMED, ""), lost("OTHER and UNKNOWN are said by leaving it out")),
        ),
        Rule("evses", "evses", inner=EVSE_UP),
        *kept("directions", "operator", "suboperator", "owner", "facilities"),
        Rule("time_zone", "time_zone", _time_zone, (invented("as stored, or the country's, else UTC provisionally"),)),
        Rule("opening_times", "opening_times", _some_hours, inner=HOURS_UP),
        *kept("charging_when_closed", "images"),
        Rule("energy_mix", "energy_mix", inner=energy_mix("up", types.EnergyMix, types.EnvironmentalImpact)),
        UPDATED,
    ),
    key="id",
)


_status_alone = re.compile(
    rb'\{"status": ?"(?:AVAILABLE|BLOCKED|CHARGING|INOPERATIVE|OUTOFORDER|PLANNED|REMOVED|RESERVED|UNKNOWN)",'
    rb' ?"last_updated": ?"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z"\}'
).fullmatch


# -- the doors ---------------------------------------------------------------------------------------------------------


def lift_location(raw: bytes, context: Up) -> Lifted:
    """Lift a whole Location, its EVSEs with it."""
    return lifted(LOCATION_UP, shapes.Location, raw, context)


def lift_evse(raw: bytes, context: Up, location_id: str) -> Lifted:
    """Lift a whole EVSE of a location (the id as the sender knows it)."""
    return lifted(EVSE_UP, shapes.Evse, raw, context, (location_id,))


def lift_connector(raw: bytes, context: Up, location_id: str, uid: str) -> Lifted:
    """Lift a whole Connector."""
    return lifted(CONNECTOR_UP, shapes.Connector, raw, context, (location_id, uid))


def lift_location_patch(raw: bytes, context: Up, location_id: str) -> Lifted:
    """Lift some fields of a Location."""
    return lifted_patch(LOCATION_UP, shapes.Location, raw, context, (location_id,))


def lift_evse_patch(raw: bytes, context: Up, location_id: str, uid: str) -> Lifted:
    """Lift some fields of an EVSE, most often its status alone, which both versions say alike."""
    if _status_alone(raw):
        return Lifted(raw)
    return lifted_patch(EVSE_UP, shapes.Evse, raw, context, (location_id, uid))


def lift_connector_patch(raw: bytes, context: Up, *path: str) -> Lifted:
    """Lift some fields of a Connector: its location, its EVSE, its own id."""
    return lifted_patch(CONNECTOR_UP, shapes.Connector, raw, context, path)


def lower_location(raw: bytes, context: Down) -> Lowered:
    """Lower a whole Location; None when it is not to be published (OCPI-80)."""
    return lowered(LOCATION_DOWN, raw, context)


def lower_evse(raw: bytes, context: Down, location_id: str) -> Lowered:
    """Lower a whole EVSE; None when no connector of it can be said."""
    return lowered(EVSE_DOWN, raw, context, (location_id,))


def lower_connector(raw: bytes, context: Down, location_id: str, uid: str) -> Lowered:
    """Lower a whole Connector, the first of its EVSE; None when its standard cannot be said."""
    return lowered(CONNECTOR_DOWN, raw, context, (location_id, uid))


def lower_location_patch(raw: bytes, context: Down, location_id: str) -> Lowered:
    """Lower some fields of a Location; None when nothing is left, or publish is withdrawn (OCPI-81)."""
    return lowered_patch(LOCATION_DOWN, raw, context, (location_id,))


def lower_evse_patch(raw: bytes, context: Down, location_id: str, uid: str) -> Lowered:
    """Lower some fields of an EVSE; None when nothing is left to say."""
    return lowered_patch(EVSE_DOWN, raw, context, (location_id, uid))


def lower_connector_patch(raw: bytes, context: Down, *path: str) -> Lowered:
    """Lower some fields of a Connector; None when nothing is left to say."""
    return lowered_patch(CONNECTOR_DOWN, raw, context, path)
