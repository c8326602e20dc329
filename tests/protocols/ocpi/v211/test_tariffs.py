"""Sheet 4.5, row by row."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from interroam.protocols.ocpi.v211 import lift_tariff, lift_tariff_patch, lower_tariff
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.tariffs import Tariff
from tests.protocols.ocpi.v211.samples import (
    AT,
    NOW,
    costs,
    down,
    element,
    names,
    old_tariff,
    plain,
    raw,
    tariff,
    up,
)

THOUSANDTH = {"round_granularity": "THOUSANDTH", "round_rule": "ROUND_NEAR"}
UNIT = {"round_granularity": "UNIT", "round_rule": "ROUND_UP"}
ENERGY = element(("ENERGY", Decimal("0.5"), 1))


def lowered(*elements, known=None, **fields):
    return lower_tariff(raw(tariff(*elements, **fields)), down(**(known or {})))


def lifted(*elements, known=None, **fields):
    return lift_tariff(raw(old_tariff(*elements, **fields)), up(**(known or {})))


def components(made):
    return [one for each in plain(made)["elements"] for one in each["price_components"]]


# -- down --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected", "cost"),
    [
        ({}, {"country_code": "ES", "party_id": "AAA", "type": None, "currency": "EUR"}, set()),
        ({"tariff_alt_url": "https://t.example"}, {"tariff_alt_url": "https://t.example"}, set()),
        ({"start_date_time": AT, "end_date_time": AT}, {"start_date_time": None, "end_date_time": None}, set()),
        ({"gireve_id": "hub"}, {"gireve_id": None}, set()),
        (
            {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"},
            {"target_operator_country_code": None, "target_operator_party_id": None},
            set(),
        ),
        (
            {"energy_mix": {"is_green_energy": True, "environ_impact": [{"category": "NUCLEAR_WASTE", "amount": 1}]}},
            {"energy_mix": {"is_green_energy": True, "environ_impact": [{"source": "NUCLEAR_WASTE", "amount": 1}]}},
            set(),
        ),
        ({"last_updated": "2026-05-04T10:00:00.5Z"}, {"last_updated": AT}, {("last_updated", "approximated")}),
    ],
)
def test_a_tariff_goes_down(given, expected, cost):
    made = lowered(**given)
    assert {name: plain(made).get(name) for name in expected} == expected
    assert costs(made) == cost


@pytest.mark.statement("OCPI-160")
def test_components_carry_the_roundings_that_hold_by_default():
    (one,) = components(lowered())
    assert one == {
        "type": "ENERGY",
        "price": Decimal("0.5"),
        "step_size": 1,
        "price_round": THOUSANDTH,
        "step_round": UNIT,
        "exact_price_component": True,
    }
    bare = lowered(known={"extensions": False})
    assert set(components(bare)[0]) == {"type", "price", "step_size"}
    assert not {"country_code", "party_id"} & set(plain(bare))


def test_the_hubs_id_is_the_tariffs_id():
    assert plain(lowered(known={"names": names(tariff={("T1",): "hub-t"})}))["id"] == "hub-t"


@pytest.mark.parametrize("kind", ["AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN"])
def test_only_regular_tariffs_are_sent(kind):
    made = lowered(type=kind)
    assert made.data is None
    assert costs(made) == {("Tariff", "lost")}
    assert lowered(type=None).data is not None


@pytest.mark.parametrize(
    ("starts", "ends", "sent"),
    [
        (None, None, True),
        ("2026-05-04T10:20:30Z", None, True),
        ("2026-05-04T10:20:31Z", None, False),
        (None, "2026-05-04T10:20:31Z", True),
        (None, "2026-05-04T10:20:30Z", False),
        ("2026-05-04T10:20:30", "2026-05-04T10:20:31", True),
    ],
)
def test_only_the_tariff_in_force_is_sent(starts, ends, sent):
    made = lowered(known={"at": NOW}, start_date_time=starts, end_date_time=ends)
    assert (made.data is not None) is sent


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"min_price": {"excl_vat": 2}}, "Minimum price 2 EUR per charge, without VAT."),
        ({"max_price": {"excl_vat": 9}}, "Maximum price 9 EUR per charge, without VAT."),
        (
            {"min_price": {"excl_vat": 2}, "max_price": {"excl_vat": 9}},
            "Minimum price 2 EUR and maximum price 9 EUR per charge, without VAT.",
        ),
    ],
)
def test_limits_of_the_price_become_a_sentence_and_the_price_is_not_exact(limits, sentence):
    made = lowered(tariff_alt_text=[{"language": "de", "text": "Hallo"}], **limits)
    assert plain(made)["tariff_alt_text"] == [
        {"language": "de", "text": "Hallo"},
        {"language": "en", "text": sentence},
    ]
    assert [each["exact_price_component"] for each in components(made)] == [False]
    assert costs(made) == {("tariff_alt_text", "invented"), *((name, "lost") for name in limits)}


def test_vat_is_lost():
    vat = {"price_components": [{"type": "ENERGY", "price": 1, "vat": 19, "step_size": 1}]}
    made = lowered(vat)
    assert "vat" not in components(made)[0]
    assert costs(made) == {("elements[0].price_components[0].vat", "lost")}


@pytest.mark.parametrize("restriction", ["RESERVATION", "RESERVATION_EXPIRES"])
def test_an_element_for_reservations_is_left_out(restriction):
    made = lowered(element(("FLAT", 3, 1), reservation=restriction), ENERGY)
    assert [(each["type"], each["exact_price_component"]) for each in components(made)] == [("ENERGY", True)]
    assert costs(made) == {("elements", "lost")}


@pytest.mark.parametrize("restriction", ["min_current", "max_current"])
def test_an_element_for_currents_is_left_out_and_the_rest_is_not_exact(restriction):
    made = lowered(element(("ENERGY", 3, 1), **{restriction: 32}), ENERGY)
    assert [(each["price"], each["exact_price_component"]) for each in components(made)] == [(Decimal("0.5"), False)]
    assert costs(made) == {("elements", "lost")}


def test_a_tariff_of_which_nothing_is_left_is_not_sent():
    assert lowered(element(("FLAT", 3, 1), reservation="RESERVATION")).data is None


RESTRICTIONS = {
    "start_time": "08:00",
    "end_time": "20:00",
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
    "min_kwh": 1,
    "max_kwh": 2,
    "min_power": 3,
    "max_power": 4,
    "min_duration": 5,
    "max_duration": 6,
    "day_of_week": ["MONDAY"],
}


def test_the_restrictions_both_versions_have_are_copied_both_ways():
    one = element(("TIME", 1, 0), **RESTRICTIONS)
    assert plain(lowered(one))["elements"][0]["restrictions"] == RESTRICTIONS
    assert plain(lifted(one))["elements"][0]["restrictions"] == RESTRICTIONS
    assert components(lowered(one))[0]["step_size"] == components(lifted(one))[0]["step_size"] == 0


# -- up ----------------------------------------------------------------------------------------------------------------


def test_a_tariff_goes_up_as_a_regular_one_of_the_connections_party_in_force_since_it_came():
    made = lifted()
    assert plain(made) == tariff(start_date_time="2026-05-04T10:20:30Z")
    assert costs(made) == set()
    assert read(Tariff, made.data)[1] == ()


def test_a_tariff_that_is_repeated_keeps_its_start():
    known = {"starts": datetime(2026, 1, 1, tzinfo=UTC)}
    assert plain(lifted(known=known))["start_date_time"] == "2026-01-01T00:00:00Z"


def test_the_codes_a_tariff_names_itself_are_left_to_be_judged():
    assert plain(lifted(country_code="FR", party_id="BBB"))["party_id"] == "BBB"


@pytest.mark.statement("OCPI-159")
def test_session_time_is_split_into_charging_and_parking_at_the_same_price():
    made = lifted(element(("SESSION_TIME", 3, 60), ("FLAT", 1, 1)))
    assert components(made) == [
        {"type": "TIME", "price": 3, "step_size": 60},
        {"type": "PARKING_TIME", "price": 3, "step_size": 60},
        {"type": "FLAT", "price": 1, "step_size": 1},
    ]
    assert costs(made) == {("elements[0].price_components", "approximated")}
    assert read(Tariff, made.data)[1] == ()


def component(**extensions):
    return {"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1} | extensions]}


@pytest.mark.statement("OCPI-160")
@pytest.mark.parametrize(
    ("extension", "cost"),
    [
        ({"price_round": THOUSANDTH, "step_round": UNIT, "exact_price_component": True}, set()),
        ({"price_round": THOUSANDTH | {"round_granularity": "HUNDRETH"}}, {"price_round"}),
        ({"step_round": UNIT | {"round_rule": "ROUND_DOWN"}}, {"step_round"}),
        ({"exact_price_component": False}, {"exact_price_component"}),
    ],
)
def test_roundings_are_dropped_and_told_where_they_are_not_the_usual_ones(extension, cost):
    made = lifted(component(**extension))
    assert components(made) == [{"type": "ENERGY", "price": 1, "step_size": 1}]
    assert costs(made) == {(f"elements[0].price_components[0].{name}", "lost") for name in cost}
    assert bool(made.findings) is ("step_round" in cost)


@pytest.mark.statement("OCPI-159")
def test_time_slots_of_a_whole_tariff_are_kept():
    slots = {"start_time": "08:00", "end_time": "12:00", "start_time_2": "14:00", "end_time_2": "18:00"}
    made = lifted(restriction=slots)
    assert plain(made)["restriction"] == slots
    assert made.findings == ()
    assert plain(lower_tariff(made.data, down()))["restriction"] == slots


def test_a_patch_becomes_the_whole_tariff():
    stored = plain(lifted())
    made = lift_tariff_patch(raw({"elements": [element(("TIME", 2, 300))]}), up(), raw(stored))
    assert plain(made) == stored | {
        "elements": [element(("TIME", 2, 300))],
        "last_updated": "2026-05-04T10:20:30Z",
    }
    assert costs(made) == {("last_updated", "invented")}
