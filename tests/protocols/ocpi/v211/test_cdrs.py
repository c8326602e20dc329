"""Sheet 4.4, row by row."""

from decimal import Decimal

import pytest

from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.v211 import brief, lift_cdr, lower_cdr
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.cdrs import Cdr
from tests.protocols.ocpi.v211.samples import (
    AT,
    CDR_TOKEN,
    PLACE,
    cdr,
    connector,
    costs,
    down,
    element,
    evse,
    location,
    names,
    old_cdr,
    old_evse,
    old_location,
    old_tariff,
    period,
    plain,
    raw,
    tariff,
    token,
    up,
    without,
)

KNOWN = {"token": raw(token())}
USUAL = {("session_id", "lost"), ("location.postal_code", "invented"), ("location.parking_type", "invented")}
SIGNED = {"encoding_method": "X", "signed_values": [{"nature": "End", "plain_data": "1", "signed_data": "2"}]}
PRICE = {"excl_vat": 1}


def lowered(known=None, **fields):
    return lower_cdr(raw(cdr(**fields)), down(place=PLACE, **(known or {})))


def lifted(known=KNOWN, **fields):
    return lift_cdr(raw(old_cdr(**fields)), up(**known))


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({}, {"start_date_time": AT, "stop_date_time": "2026-05-04T11:00:00Z", "end_date_time": None}, set()),
        ({}, {"auth_id": "DE-EEE-C1", "cdr_token": None, "country_code": None, "session_id": None}, set()),
        ({}, {"total_cost": 5, "total_energy": 10, "total_time": 1, "remark": None}, set()),
        ({"authorization_reference": "R"}, {"authorization_id": "R"}, set()),
        ({"auth_method": "COMMAND"}, {"auth_method": "AUTH_REQUEST"}, {("auth_method", "approximated")}),
        ({"meter_id": "M", "remark": "r"}, {"meter_id": "M", "remark": "r", "currency": "EUR"}, set()),
        ({"total_parking_time": 1}, {"total_parking_time": 1}, set()),
        ({"total_cost": {"excl_vat": 5, "incl_vat": 6}}, {"total_cost": 5}, {("total_cost", "lost")}),
        ({"total_fixed_cost": PRICE}, {"total_fixed_cost": None}, {("total_fixed_cost", "lost")}),
        ({"total_energy_cost": PRICE}, {"total_energy_cost": None}, {("total_energy_cost", "lost")}),
        ({"total_time_cost": PRICE}, {"total_time_cost": None}, {("total_time_cost", "lost")}),
        ({"total_parking_cost": PRICE}, {"total_parking_cost": None}, {("total_parking_cost", "lost")}),
        ({"invoice_reference_id": "I"}, {"invoice_reference_id": None}, {("invoice_reference_id", "lost")}),
        ({"signed_data": SIGNED}, {"signed_data": None}, {("signed_data", "lost")}),
        (
            {"charging_periods": [period(("ENERGY", 10), ("MAX_POWER", 22), tariff_id="T1")]},
            {"charging_periods": [period(("ENERGY", 10))]},
            {("charging_periods", "lost")},
        ),
    ],
)
def test_a_cdr_goes_down(given, expected, cost):
    made = lowered(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == USUAL | cost


@pytest.mark.statement("OCPI-142")
def test_signed_data_travels_where_that_is_agreed():
    assert plain(lowered({"signed_data": True}, signed_data=SIGNED))["signed_data"] == SIGNED


def test_the_place_of_a_cdr_is_expanded_with_what_the_repository_knows():
    hub = names(
        location={("LOC1",): "hub-loc"},
        evse={("LOC1", "E1"): "hub-evse"},
        connector={("LOC1", "E1", "1"): "hub-plug"},
        cdr={("C1",): "hub-cdr"},
        tariff={("T1",): "hub-tariff"},
    )
    made = plain(lowered({"names": hub}, tariffs=[tariff()]))
    place = made["location"]
    (one,) = place["evses"]
    (plug,) = one["connectors"]
    assert (made["id"], place["id"], one["uid"], plug["id"]) == ("hub-cdr", "hub-loc", "hub-evse", "hub-plug")
    assert (place["type"], one["status"], place["operator"]) == ("UNKNOWN", "UNKNOWN", {"name": "ES*AAA"})
    assert (plug["standard"], plug["voltage"], plug["amperage"]) == ("IEC_62196_T2", 230, 32)
    assert place["last_updated"] == one["last_updated"] == plug["last_updated"] == AT
    assert made["tariffs"][0]["id"] == "hub-tariff"


def test_a_cdr_whose_voltage_nobody_knows_is_held():
    with pytest.raises(Refused) as refused:
        lower_cdr(raw(cdr()), down())
    assert refused.value.reason is Reason.INCOMPLETE


def test_a_cdr_of_a_connector_that_cannot_be_said_is_delivered_without_it():
    odd = cdr()["cdr_location"] | {"connector_standard": "CHAOJI"}
    made = lower_cdr(raw(cdr(cdr_location=odd)), down())
    assert plain(made)["location"]["evses"] == []
    assert ("location.evses[0]", "lost") in costs(made)


def test_a_cdr_of_a_reservation_without_evse_is_delivered_without_one():
    unused = cdr()["cdr_location"] | {"evse_uid": "#NA", "evse_id": "#NA", "connector_id": "#NA"}
    made = lower_cdr(raw(cdr(cdr_location=unused)), down())
    assert "evses" not in plain(made)["location"]


@pytest.mark.statement("OCPI-141")
@pytest.mark.parametrize(
    ("costs_are", "remark", "expected"),
    [
        ("owner", None, None),
        ("owner", "said", "said"),
        ("hub", "said", "[*] said"),
        ("hub", None, "[*]"),
        ("unknown", "said", "[?] said"),
        ("unknown", "x" * 300, "[?] " + "x" * 251),
    ],
)
def test_the_remark_says_whose_total_it_is(costs_are, remark, expected):
    assert plain(lowered({"costs": costs_are}, remark=remark)).get("remark") == expected


@pytest.mark.parametrize(
    "said",
    [
        {"charging_periods": [period(("RESERVATION_TIME", 1))]},
        {"total_reservation_cost": {"excl_vat": Decimal("1.5")}},
        {"total_reservation_cost": {"excl_vat": 0}},
    ],
)
def test_a_remark_says_that_there_is_a_reservation_in_the_total_whichever_way_the_cdr_says_so(said):
    free = said == {"total_reservation_cost": {"excl_vat": 0}}
    assert plain(lowered(**said)).get("remark") == (None if free else "The total includes a reservation.")


def test_the_cost_of_a_reservation_stays_in_the_total_and_the_remark_says_so():
    made = lowered(charging_periods=[period(("RESERVATION_TIME", 1))], total_reservation_cost=PRICE)
    assert plain(made)["remark"] == "The total includes a reservation."
    assert plain(made)["total_cost"] == 5
    assert {("total_reservation_cost", "lost"), ("charging_periods", "lost"), ("remark", "invented")} <= costs(made)


CREDIT = {"credit": True, "credit_reference_id": "C0"}


@pytest.mark.statement("OCPI-140")
@pytest.mark.parametrize("amount", [Decimal("-5.25"), Decimal("5.25")])
def test_a_credit_is_a_cdr_with_a_negative_total_for_those_who_take_it_else_it_is_held(amount):
    with pytest.raises(Refused) as held:
        lowered(**CREDIT)
    assert (held.value.reason, bool(held.value.remedy)) == (Reason.NOT_OFFERED, True)
    taken = {"credits": True, "names": names(cdr={("C1",): "hub-1", ("C0",): "hub-0"})}
    made = lowered(taken, **CREDIT, remark="sorry", total_cost={"excl_vat": amount})
    assert plain(made)["total_cost"] == Decimal("-5.25")
    assert (plain(made)["id"], plain(made)["remark"]) == ("hub-1", "Credit of CDR hub-0. sorry")
    assert not {"credit", "credit_reference_id"} & set(plain(made))


def test_a_cdr_of_home_charging_is_held_or_marked():
    with pytest.raises(Refused):
        lowered(home_charging_compensation=True)
    made = lowered({"home_charging": True}, home_charging_compensation=True)
    assert plain(made)["remark"] == "Home charging compensation."


@pytest.mark.statement("OCPI-142")
def test_signed_data_of_an_old_cpo_is_kept_as_it_is():
    assert plain(lifted(signed_data=SIGNED))["signed_data"] == SIGNED


# -- up ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({}, {"id": "C1", "end_date_time": "2026-05-04T11:00:00Z", "stop_date_time": None, "session_id": None}, set()),
        ({}, {"cdr_token": CDR_TOKEN, "auth_method": "WHITELIST", "total_cost": {"excl_vat": 5}}, set()),
        ({"authorization_id": "R"}, {"authorization_reference": "R"}, set()),
        ({"meter_id": "M", "remark": "r"}, {"meter_id": "M", "remark": "r", "total_energy": 10}, set()),
        ({"signed_data": SIGNED}, {"signed_data": SIGNED}, set()),
        ({}, {"credit": None, "invoice_reference_id": None, "home_charging_compensation": None}, set()),
        (
            {"charging_periods": [period(("FLAT", 1))]},
            {"charging_periods": [period(("TIME", 0))]},
            {("charging_periods", "lost")},
        ),
        (
            {"tariffs": [old_tariff(element(("ENERGY", 3, 1)))]},
            {"charging_periods": [period(("ENERGY", 10), tariff_id="T1")], "total_energy_cost": None},
            set(),
        ),
        (
            {"tariffs": [old_tariff(element(("ENERGY", 3, 1))), old_tariff(element(("ENERGY", 4, 1)), id="T2")]},
            {"charging_periods": [period(("ENERGY", 10))]},
            set(),
        ),
    ],
)
def test_a_cdr_goes_up(given, expected, cost):
    made = lifted(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost
    assert read(Cdr, made.data)[1] == ()


def test_the_place_of_a_cdr_is_flattened():
    place = plain(lifted())["cdr_location"]
    new = cdr()["cdr_location"] | {"name": "Harbor", "postal_code": "9000"}
    assert place == new


def test_a_missing_evse_id_comes_from_the_repository_or_is_reported():
    unnamed = old_location(evses=[without(old_evse(), "evse_id")])
    known = lifted(
        {**KNOWN, "place": raw(location(evses=[evse(evse_id="ES*AAA*E9", connectors=[connector()])]))}, location=unnamed
    )
    assert plain(known)["cdr_location"]["evse_id"] == "ES*AAA*E9"
    assert known.findings == ()
    unknown = lifted(location=unnamed)
    assert plain(unknown)["cdr_location"]["evse_id"] == "#NA"
    assert costs(unknown) == {("location", "invented")}
    assert [each.field for each in unknown.findings] == ["location"]


def test_the_session_a_cdr_ends_is_named_where_it_is_known():
    assert plain(lifted({**KNOWN, "session_id": "hub-session"}))["session_id"] == "hub-session"


def test_what_each_dimension_costs_is_said_only_if_the_tariff_explains_the_total():
    parts = (("FLAT", 1, 1), ("ENERGY", Decimal("0.25"), 1), ("TIME", 1, 1), ("PARKING_TIME", Decimal("0.5"), 1))
    periods = [period(("ENERGY", 10), ("TIME", Decimal("0.5"))), period(("PARKING_TIME", 2))]
    given = {"tariffs": [old_tariff(element(*parts))], "charging_periods": periods}
    made = plain(lifted(**given, total_cost=5))
    shares = [made[f"total_{name}_cost"]["excl_vat"] for name in ("fixed", "energy", "time", "parking")]
    assert shares == [1, Decimal("2.5"), Decimal("0.5"), 1]
    assert "total_energy_cost" not in plain(lifted(**given, total_cost=6))
    restricted = [old_tariff(element(*parts, min_kwh=1))]
    assert "total_energy_cost" not in plain(lifted(**given | {"tariffs": restricted}, total_cost=5))


def test_a_tariff_inside_a_cdr_is_not_said_to_be_in_force_since_today():
    (inner,) = plain(lifted(tariffs=[old_tariff()]))["tariffs"]
    assert "start_date_time" not in inner
    (same,) = plain(lowered({"at": None}, tariffs=[tariff(end_date_time="2020-01-01T00:00:00Z")]))["tariffs"]
    assert same["id"] == "T1"


def test_the_cost_of_one_conversion_fits_a_line():
    made = lowered(invoice_reference_id="I", total_cost={"excl_vat": 5, "incl_vat": 6})
    line = brief(made.losses)
    assert line.startswith("lost session_id (nothing like it), ")
    assert "total_cost (incl_vat: 2.1.1 is without VAT)" in line
    assert "invented location.parking_type (UNKNOWN, where nothing is said)" in line
    assert brief(lowered().losses) != line
    assert brief(()) == ""
    assert len(brief(made.losses, longest=60)) == 60
