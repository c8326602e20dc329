"""The loss statement is what the translators do, names every field, and is printed as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from interroam.model.facts import Stored
from interroam.model.ids import PartyId
from interroam.protocols.emip.rules.ids import Letter, element
from interroam.protocols.emip.translate import attributes as at_
from interroam.protocols.emip.translate.evses import Place
from interroam.protocols.emip.translate.loss_tables import TABLES
from interroam.protocols.emip.translate.losses import Direction, Loss, page
from interroam.protocols.emip.translate.places import connector_change, evse_fact, pool_fact
from interroam.protocols.emip.wire import types
from interroam.protocols.ocpi.translate.places import read_evse, read_location, write_evse, write_location
from interroam.protocols.ocpi.wire import cdrs, locations, tokens

PAGE = Path(__file__).parents[4] / "docs/reference/losses-emip.md"
FR = PartyId.of("FR", "C01")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POOL, EVSE = element("FR*C01*P1", Letter.POOL), element("FR*C01*E1", Letter.EVSE)
PLUG = element("FR*C01*X1", Letter.CONNECTOR)
MANDATORY = {1006: "Gare", 1043: "Lyon", 1041: "FRA", 1062: "45", 1063: "4", 2041: "46", 2042: "5", 3044: "22"}
OTHER = {
    1005: "Blue", 1006: "Est", 1041: "DEU", 1042: "1", 1043: "Ulm", 1044: "7", 1045: "Weg", 1046: "BW", 1062: "1",
    1063: "2", 1065: "+1", 1101: "1", 1103: "8-9", 1273: "Red", 2041: "1", 2042: "2", 2061: "1", 2062: "a", 2063: "1",
    2064: "1", 2065: "b", 2066: "1", 3044: "50", 3063: "DC", 3101: "1", 3102: "2026-01-01T00:00:00Z", 3111: "c",
}  # fmt: skip


def table(name: str, direction: Direction):
    return next(one for one in TABLES if one.object == name and one.direction is direction)


def test_the_page_is_current():
    assert PAGE.read_text() == page(TABLES), "run make docs"


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("Location → EVSEDescrip", (locations.Location,)),
        ("EVSE → EVSEDescrip", (locations.Evse,)),
        ("Connector → EVSEDescrip", (locations.Connector,)),
        ("Token → authenticationData", (tokens.Token,)),
        ("Session and CDR → chargeDetailRecord", (cdrs.Cdr,)),
    ],
)
def test_every_field_of_ocpi_is_named(name, shapes):
    named = {row.source for row in table(name, Direction.TO_EMIP).rows if row.source}
    assert named == {field for shape in shapes for field in shape.__struct_encode_fields__}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("authenticationData → Token", types.AuthenticationData),
        ("chargeDetailRecord → Session and CDR", types.ChargeDetailRecord),
    ],
)
def test_every_field_of_emip_is_named(name, shape):
    named = {row.source for row in table(name, Direction.TO_OCPI).rows if row.source}
    written = {
        one for one in shape.__struct_encode_fields__ if not one.endswith("OperatorIdType") and one != "EVSEIdType"
    }
    assert written <= named


def ocpi(values: dict[int, str], number: int) -> dict:
    """A pool, or an EVSE, as OCPI has it: whichever an attribute is of."""
    sent = tuple(values.items())
    if number < 2000:
        return msgspec.json.decode(write_location(pool_fact(FR, POOL, sent, NOW).body))
    return msgspec.json.decode(write_evse(evse_fact("FRC01P1", EVSE, None, sent, NOW).body))


@pytest.mark.parametrize("number", OTHER)
def test_an_attribute_changes_what_the_table_says(number):
    rows = [row for one in ("Pool → Location", "Station and EVSE → EVSE") for row in table(one, Direction.TO_OCPI).rows]
    (row,) = [one for one in rows if one.source.startswith(f"{number} ")]
    before, after = ocpi(MANDATORY, number), ocpi({**MANDATORY, number: OTHER[number]}, number)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    expected = {name.split(".")[0].strip() for name in row.target.split(",")} if row.target else set()
    assert changed == expected, row
    assert (row.loss is Loss.LOST) == (not changed)


def test_a_connector_type_changes_its_standard():
    made = evse_fact("FRC01P1", EVSE, None, (), NOW)
    seen = []
    for word in ("IEC_62196_T2", "CHADEMO", "5"):
        changed, _ = connector_change(made.key, PLUG, ((at_.CONNECTOR_TYPE, word),), NOW).merge(made.body, made.wire)
        assert len(changed.connectors) == 1
        seen.append(changed.connectors[0].standard)
    assert seen == ["IEC_62196_T2", "CHADEMO", "IEC_62196_T2"]


# -- from OCPI ---------------------------------------------------------------------------------------------------------

SITE = {
    "country_code": "CH", "party_id": "CCC", "id": "L1", "publish": True, "name": "A", "address": "Weg 1",
    "city": "Bern", "postal_code": "3000", "state": "BE", "country": "CHE",
    "coordinates": {"latitude": "46.10000", "longitude": "7.10000"},
    "operator": {"name": "Blue"}, "time_zone": "Europe/Zurich", "opening_times": {"twentyfourseven": True},
    "last_updated": "2026-01-01T00:00:00Z",
}  # fmt: skip
SPOT = {
    "uid": "1", "evse_id": "CH*CCC*E1", "status": "AVAILABLE", "capabilities": ["RFID_READER"],
    "coordinates": {"latitude": "46.20000", "longitude": "7.20000"}, "physical_reference": "x", "floor_level": "1",
    "connectors": [
        {"id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", "max_voltage": 230,
         "max_amperage": 32, "last_updated": "2026-01-01T00:00:00Z"},
    ],
    "last_updated": "2026-01-01T00:00:00Z",
}  # fmt: skip
CHANGED = {
    "name": "B", "address": "Weg 2", "city": "Ulm", "postal_code": "1", "state": "ZH", "country": "DEU",
    "coordinates": {"latitude": "40.00000", "longitude": "2.00000"}, "operator": {"name": "Red"}, "opening_times": None,
    "time_zone": "UTC", "parking_type": "ON_STREET", "facilities": ["CAFE"],
}  # fmt: skip
CHANGED_SPOT = {
    "status": "CHARGING", "capabilities": ["RESERVABLE"],
    "coordinates": {"latitude": "40.00000", "longitude": "2.00000"},
    "physical_reference": "y", "floor_level": "2", "evse_id": "CH*CCC*E2",
    "connectors": [{**SPOT["connectors"][0], "max_amperage": 16}],
}  # fmt: skip


def described(site: dict, spot: dict) -> dict:
    place = read_location(msgspec.convert(site, locations.Location))
    evse = read_evse(msgspec.convert(spot, locations.Evse), place.owner, place.id)
    rows = [
        Stored(no=1, key=one.key, hub_id="h", version=1, body=one, judged_at=NOW, updated=NOW) for one in (place, evse)
    ]
    said = msgspec.to_builtins(Place(rows[0], rows[1], NOW + timedelta(hours=1)).description())
    address = {f"chargingPoolAddress.{name}": value for name, value in said.pop("chargingPoolAddress").items()}
    return {**said, **address}


@pytest.mark.parametrize(
    ("name", "field"), [*(("Location", field) for field in CHANGED), *(("EVSE", field) for field in CHANGED_SPOT)]
)
def test_a_field_of_ocpi_changes_what_the_table_says(name, field):
    (row,) = [one for one in table(f"{name} → EVSEDescrip", Direction.TO_EMIP).rows if one.source == field]
    site, spot = SITE, SPOT
    if name == "Location":
        site = {**SITE, field: CHANGED[field]}
    else:
        spot = {**SPOT, field: CHANGED_SPOT[field]}
    before, after = described(SITE, SPOT), described(site, spot)
    changed = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
    expected = {one.strip() for one in row.target.split(",")} if row.target else set()
    assert changed <= expected, row
    assert bool(changed) == bool(expected), row
