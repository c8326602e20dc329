"""Sheet 4.1, row by row."""

import pytest

from interroam.protocols.ocpi.v211 import (
    connector_name,
    lift_evse,
    lift_evse_patch,
    lift_location,
    lift_location_patch,
    lower_connector,
    lower_evse,
    lower_evse_patch,
    lower_location,
    lower_location_patch,
)
from interroam.protocols.ocpi.wire import Malformed, read
from interroam.protocols.ocpi.wire.locations import EvsePatch, Location
from tests.protocols.ocpi.v211.samples import (
    AT,
    connector,
    costs,
    down,
    evse,
    location,
    names,
    old_connector,
    old_evse,
    old_location,
    plain,
    raw,
    up,
    without,
)


def lowered(**fields):
    return lower_location(raw(location(**fields)), down())


def lifted(**fields):
    return lift_location(raw(old_location(**fields)), up())


# -- down --------------------------------------------------------------------------------------------------------------

ROWS_DOWN = [
    ({}, {"type": "ON_STREET"}, set()),
    ({"parking_type": "ALONG_MOTORWAY"}, {"type": "OTHER"}, {("parking_type", "approximated")}),
    ({"parking_type": "ON_DRIVEWAY"}, {"type": "OTHER"}, {("parking_type", "approximated")}),
    ({"parking_type": None}, {"type": "UNKNOWN"}, {("parking_type", "invented")}),
    ({"publish_allowed_to": [{"uid": "1"}]}, {"publish_allowed_to": None}, {("publish_allowed_to", "lost")}),
    ({"address": "x" * 50}, {"address": "x" * 45}, {("address", "approximated")}),
    ({"postal_code": None}, {"postal_code": "#NA"}, {("postal_code", "invented")}),
    ({"state": "East"}, {"state": None}, {("state", "lost")}),
    (
        {"coordinates": {"latitude": "51.04759", "longitude": "-3.72994"}},
        {"coordinates": {"latitude": "51.047590", "longitude": "-3.729940"}},
        set(),
    ),
    (
        {"coordinates": {"latitude": "51.0475996", "longitude": "-103.7299444"}},
        {"coordinates": {"latitude": "51.047600", "longitude": "-103.729944"}},
        {("coordinates", "approximated")},
    ),
    (
        {"related_locations": [{"latitude": "1.00000", "longitude": "2.1234567", "name": {"language": "en"}}]},
        {"related_locations": [{"latitude": "1.000000", "longitude": "2.123457", "name": {"language": "en"}}]},
        {("related_locations", "approximated")},
    ),
    (
        {"opening_times": {"twentyfourseven": True, "exceptional_closings": []}},
        {"opening_times": {"twentyfourseven": True, "exceptional_closings": []}},
        set(),
    ),
    (
        {"opening_times": {"twentyfourseven": False, "regular_hours": [{"weekday": 1}]}},
        {"opening_times": {"regular_hours": [{"weekday": 1}]}},
        set(),
    ),
    (
        {"opening_times": {"twentyfourseven": True, "regular_hours": [{"weekday": 1}]}},
        {"opening_times": {"twentyfourseven": True}},
        {("opening_times.regular_hours", "lost")},
    ),
    (
        {"energy_mix": {"is_green_energy": True, "environ_impact": [{"category": "NUCLEAR_WASTE", "amount": 1}]}},
        {"energy_mix": {"is_green_energy": True, "environ_impact": [{"source": "NUCLEAR_WASTE", "amount": 1}]}},
        set(),
    ),
    (
        {"facilities": ["HOTEL", "BIKE_SHARING", "PARKING_LOT", "TRAM_STOP", "METRO_STATION"]},
        {"facilities": ["HOTEL"]},
        {("facilities", "lost")},
    ),
    ({"last_updated": "2026-05-04T10:00:00.250Z"}, {"last_updated": AT}, {("last_updated", "approximated")}),
    ({"last_updated": "2026-05-04T10:00:00"}, {"last_updated": AT}, set()),
    ({"x_of_ours": {"a": 1}}, {"x_of_ours": {"a": 1}}, set()),
    ({"gireve_id": "hub-1"}, {"gireve_id": None, "country_code": None, "party_id": None, "publish": None}, set()),
]


@pytest.mark.parametrize(("given", "expected", "cost"), ROWS_DOWN)
def test_a_location_goes_down(given, expected, cost):
    made = lowered(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost


COPIED = {
    "name": "Harbor",
    "city": "Gent",
    "country": "BEL",
    "directions": [{"language": "en", "text": "left"}],
    "suboperator": {"name": "Sub"},
    "owner": {"name": "The Owner"},
    "charging_when_closed": False,
    "images": [{"url": "https://x.example/a.png", "category": "CHARGER", "type": "png"}],
    "time_zone": "Europe/Brussels",
}


def test_what_both_versions_have_is_copied_both_ways():
    assert {name: plain(lowered(**COPIED))[name] for name in COPIED} == COPIED
    assert {name: plain(lifted(**COPIED))[name] for name in COPIED} == COPIED
    assert costs(lifted(**COPIED)) == costs(lowered(**COPIED)) == set()


def test_an_unpublished_location_is_not_sent_and_that_is_said():
    made = lowered(publish=False)
    assert made.data is None
    assert costs(made) == {("Location", "lost")}
    assert lower_location_patch(b'{"publish":false,"last_updated":"%s"}' % AT.encode(), down(), "LOC1").data is None


@pytest.mark.statement("OCPI-88")
def test_the_operator_is_named_by_the_owners_id_where_there_is_no_owner_field():
    assert plain(lowered())["operator"] == {"name": "ES*AAA", "website": "https://fine.example"}
    assert plain(lowered(operator=None))["operator"] == {"name": "ES*AAA"}
    kept = lower_location(raw(location()), down(operator_ids=False))
    assert plain(kept)["operator"]["name"] == "Fine Charging"


@pytest.mark.statement("OCPI-61")
def test_a_receiver_sees_the_hubs_ids_on_all_three_levels_and_in_references():
    hub = names(
        location={("LOC1",): "hub-loc"},
        evse={("LOC1", "E1"): "hub-evse"},
        connector={("LOC1", "E1", "1"): connector_name("hub-evse", "1")},
        tariff={("T1",): "hub-tariff"},
    )
    made = plain(lower_location(raw(location()), down(names=hub)))
    plug = made["evses"][0]["connectors"][0]
    assert (made["id"], made["evses"][0]["uid"], plug["tariff_id"]) == ("hub-loc", "hub-evse", "hub-tariff")
    assert plug["id"] == connector_name("hub-evse", "1") != connector_name("hub-evse", "2")
    assert len(plug["id"]) == 36
    assert hub.asked == set(hub.known)


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({"power_type": "AC_2_PHASE"}, {"power_type": "AC_1_PHASE"}, {("power_type", "approximated")}),
        ({"power_type": "AC_2_PHASE_SPLIT"}, {"power_type": "AC_1_PHASE"}, {("power_type", "approximated")}),
        ({"power_type": "DC"}, {"power_type": "DC", "voltage": 230, "amperage": 32}, set()),
        (
            {"max_electric_power": 11000},
            {"voltage": 230, "amperage": 32, "max_electric_power": None},
            {("max_electric_power", "lost")},
        ),
        ({"tariff_ids": ["T2", "T1"]}, {"tariff_id": "T2"}, {("tariff_ids", "lost")}),
        ({"tariff_ids": []}, {"tariff_id": None}, set()),
        ({"terms_and_conditions": "https://t.example"}, {"terms_and_conditions": "https://t.example"}, set()),
    ],
)
def test_a_connector_goes_down(given, expected, cost):
    made = lower_connector(raw(connector(**given)), down(), "LOC1", "E1")
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost


def test_the_tariff_shown_is_the_one_in_force_for_the_receiver():
    made = lower_connector(
        raw(connector(tariff_ids=["T1", "T2"])), down(tariff_in_force=lambda ids: ids[-1]), "LOC1", "E1"
    )
    assert plain(made)["tariff_id"] == "T2"
    none = lower_connector(raw(connector()), down(tariff_in_force=lambda ids: None), "LOC1", "E1")
    assert "tariff_id" not in plain(none)
    assert costs(none) == {("tariff_ids", "lost")}


NEW_STANDARDS = [
    *("CHAOJI", "DOMESTIC_M", "DOMESTIC_N", "DOMESTIC_O", "GBT_AC", "GBT_DC", "NEMA_5_20", "NEMA_6_30", "NEMA_6_50"),
    *("NEMA_10_30", "NEMA_10_50", "NEMA_14_30", "NEMA_14_50", "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN"),
]


@pytest.mark.parametrize("standard", NEW_STANDARDS)
def test_an_evse_none_of_whose_connectors_can_be_said_is_left_out_and_reported(standard):
    odd = evse(uid="E2", connectors=[connector(standard=standard)])
    made = lowered(evses=[evse(), odd])
    assert [each["uid"] for each in plain(made)["evses"]] == ["E1"]
    assert costs(made) == {("evses[1].connectors[0]", "lost"), ("evses[1]", "lost")}
    assert lower_evse(raw(odd), down(), "LOC1").data is None


def test_the_tariff_of_the_first_connector_is_that_of_the_evse_even_if_it_is_left_out():
    plugs = [connector(id="0", standard="CHAOJI", tariff_ids=["T0"]), connector(tariff_ids=["T9"]), connector(id="2")]
    made = lowered(evses=[evse(connectors=plugs)])
    (one,) = plain(made)["evses"]
    assert [(each["id"], each.get("tariff_id")) for each in one["connectors"]] == [("1", "T0"), ("2", None)]
    assert costs(made) == {("evses[0].connectors", "lost"), ("evses[0].connectors[0]", "lost")}


NEW_CAPABILITIES = [
    *("CHARGING_PREFERENCES_CAPABLE", "CHIP_CARD_SUPPORT", "CONTACTLESS_CARD_SUPPORT", "DEBIT_CARD_PAYABLE"),
    *("PED_TERMINAL", "START_SESSION_CONNECTOR_REQUIRED", "TOKEN_GROUP_CAPABLE"),
]


def test_capabilities_without_a_word_are_left_out_by_name():
    made = lower_evse(raw(evse(capabilities=["RESERVABLE", *NEW_CAPABILITIES])), down(), "LOC1")
    assert plain(made)["capabilities"] == ["RESERVABLE"]
    (cost,) = made.losses
    assert cost.why.endswith(": " + ", ".join(NEW_CAPABILITIES))


@pytest.mark.parametrize(
    "status",
    ["AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED", "UNKNOWN"],
)
def test_a_status_is_the_same_word_in_both_versions(status):
    patch = raw({"status": status, "last_updated": AT})
    assert plain(lower_evse_patch(patch, down(), "LOC1", "E1")) == {"status": status, "last_updated": AT}
    assert plain(lift_evse_patch(patch, up(), "LOC1", "E1")) == {"status": status, "last_updated": AT}


def test_a_patch_of_what_2_1_1_cannot_say_is_no_message():
    patch = raw({"capabilities": ["PED_TERMINAL"], "last_updated": AT})
    assert plain(lower_evse_patch(patch, down(), "LOC1", "E1")) == {"capabilities": [], "last_updated": AT}
    assert lower_location_patch(raw({"state": "East", "last_updated": AT}), down(), "LOC1").data is None


def test_text_beyond_ascii_is_escaped_or_spelled_with_the_nearest_letters():
    escaped = lowered(name="Café Straße 漢 🚗")
    assert escaped.data.isascii()
    assert plain(escaped)["name"] == "Café Straße 漢 🚗"
    spelled = lower_location(raw(location(name="Café Straße 漢")), down(text="transliterate"))
    assert plain(spelled)["name"] == "Cafe Strasse ?"
    assert costs(spelled) == {("name", "approximated")}


# -- up ----------------------------------------------------------------------------------------------------------------

ROWS_UP = [
    ({}, {"country_code": "ES", "party_id": "AAA", "publish": True, "parking_type": "ON_STREET"}, set()),
    ({"type": "OTHER"}, {"parking_type": None, "type": None}, {("type", "lost")}),
    ({"type": "UNKNOWN"}, {"parking_type": None}, {("type", "lost")}),
    ({"time_zone": None}, {"time_zone": "Europe/Brussels"}, {("time_zone", "invented")}),
    (
        {"opening_times": {"regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}]}},
        {
            "opening_times": {
                "twentyfourseven": False,
                "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
            }
        },
        set(),
    ),
    ({"opening_times": {"twentyfourseven": True}}, {"opening_times": {"twentyfourseven": True}}, set()),
    (
        {
            "opening_times": {
                "exceptional_openings": [{"period_begin": "2026-05-04T10:00:00Z", "period_end": "2026-05-04T12:00:00Z"}]
            }
        },
        {
            "opening_times": {
                "twentyfourseven": False,
                "exceptional_openings": [
                    {"period_begin": "2026-05-04T10:00:00Z", "period_end": "2026-05-04T12:00:00Z"}
                ],
            }
        },
        set(),
    ),
    ({"opening_times": {"regular_hours": []}}, {"opening_times": None}, set()),
    (
        {"energy_mix": {"is_green_energy": True, "environ_impact": [{"source": "NUCLEAR_WASTE", "amount": 1}]}},
        {"energy_mix": {"is_green_energy": True, "environ_impact": [{"category": "NUCLEAR_WASTE", "amount": 1}]}},
        set(),
    ),
    ({"x_of_theirs": [1]}, {"x_of_theirs": [1]}, set()),
    ({"state": {"odd": 1}}, {"state": None}, {("state", "lost")}),
]


@pytest.mark.parametrize(("given", "expected", "cost"), ROWS_UP)
def test_a_location_goes_up(given, expected, cost):
    made = lifted(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost
    assert read(Location, made.data)[1] == ()


def test_a_connector_goes_up_with_its_numbers_renamed_and_its_tariff_in_a_list():
    plug = plain(lifted())["evses"][0]["connectors"][0]
    assert (plug["max_voltage"], plug["max_amperage"], plug["tariff_ids"]) == (230, 32, ["T1"])
    assert not {"voltage", "amperage", "tariff_id"} & set(plug)
    bare = lifted(evses=[old_evse(connectors=[old_connector(tariff_id=None)])])
    assert "tariff_ids" not in plain(bare)["evses"][0]["connectors"][0]


@pytest.mark.parametrize(
    ("country", "longitude", "zone"),
    [
        ("DEU", "13.4", "Europe/Berlin"),
        ("ESP", "-3.703790", "Europe/Madrid"),
        ("ESP", "-15.413670", "Atlantic/Canary"),
        ("USA", "-73.9", "UTC"),
    ],
)
def test_a_missing_time_zone_is_the_countrys_or_a_finding(country, longitude, zone):
    point = {"latitude": "28.1235", "longitude": longitude}
    made = lifted(time_zone=None, country=country, coordinates=point)
    assert plain(made)["time_zone"] == zone
    assert ("time_zone" in {each.field for each in made.findings}) is (zone == "UTC")


def test_a_missing_time_zone_is_the_stored_one_if_there_is_one():
    made = lift_location(raw(old_location(time_zone=None)), up(time_zone="Europe/Paris"))
    assert plain(made)["time_zone"] == "Europe/Paris"


def test_an_id_too_long_for_2_2_1_becomes_the_hubs_short_one():
    long = "L" * 39
    short = names(location={(long,): "short-loc"}, evse={(long, "E" * 37): "short-evse"})
    made = lift_location(raw(old_location(id=long, evses=[old_evse(uid="E" * 37)])), up(names=short))
    assert (plain(made)["id"], plain(made)["evses"][0]["uid"]) == ("short-loc", "short-evse")
    assert read(Location, made.data)[1] == ()
    assert plain(lifted(id="L" * 36))["id"] == "L" * 36
    assert up(names=short).short("evse", (long, "E" * 37)) == "short-evse"


def test_a_patch_without_a_time_gets_that_of_its_reception_and_nothing_else():
    made = lift_evse_patch(b'{"status":"CHARGING"}', up(), "LOC1", "E1")
    assert plain(made) == {"status": "CHARGING", "last_updated": "2026-05-04T10:20:30Z"}
    assert costs(made) == {("last_updated", "invented")}
    assert [each.field for each in made.findings] == ["last_updated"]
    assert read(EvsePatch, made.data)[1] == ()
    assert plain(lift_location_patch(b'{"name":"New"}', up(), "LOC1")).keys() == {"name", "last_updated"}


def test_what_is_missing_is_named_in_the_senders_own_words():
    broken = old_evse(connectors=[without(old_connector(), "voltage")])
    with pytest.raises(Malformed) as refused:
        lift_evse(raw(broken), up(), "LOC1")
    assert refused.value.field == "connectors[0].voltage"
