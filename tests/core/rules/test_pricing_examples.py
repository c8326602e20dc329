"""Worked examples, to the cent: each tariff and session written by hand, each amount computed by hand."""

import pytest

from interroam.core.rules.pricing import cost
from tests.core.bills import (
    NOON,
    PARIS,
    charge,
    charging,
    element,
    parked,
    part,
    price,
    reserved,
    tariff,
    total,
    utc,
)

DAY_AND_NIGHT = tariff(
    element(part("E", "0.28", step=500), start_time="06:00", end_time="22:00"), part("E", "0.19", step=500)
)
BY_TIME = tariff(element(part("T", "1.80", step=900), part("P", "4.20", step=600)))
EVENING = tariff(
    element(part("T", "1.50", None, 1200), end_time="20:00"), element(part("T", "0.90", None, 1200), start_time="20:00")
)
START_FEE = (part("F", "0.50"), part("E", "0.30", "5.5"))
RESERVABLE = tariff(
    element(part("F", "1.50"), part("T", "3.00", step=300), reservation="RESERVATION"),
    element(part("F", "5.00"), reservation="RESERVATION_EXPIRES"),
    element(part("F", "0.40"), part("E", "0.33")),
)
POWERED = tariff(part("T", "2"), element(part("E", "0.30"), max_power_kw=50), part("E", "0.55"))

EXAMPLES = {
    "W1": (tariff(part("F", "0.35"), part("E", "0.39")), charge(NOON, (60, "23.456")), "9.4978", "11.3974"),
    "W2": (tariff(part("E", "0.42", step=250)), charge(NOON, (60, "7.31")), "3.1500", "3.7800"),
    "W3": (DAY_AND_NIGHT, charge("2025-07-01T19:30", (30, "3.2"), (60, "4.1")), "1.7130", "2.0556"),
    "W3b": (DAY_AND_NIGHT, charge("2025-01-07T19:30", (30, "3.2"), (60, "4.1")), "2.1000", "2.5200"),
    "W4": (BY_TIME, charge(NOON, charging(37), parked(23)), "3.2100", "3.8520"),
    "W5": (BY_TIME, charge(NOON, charging(37)), "1.3500", "1.6200"),
    "W5b": (BY_TIME, charge(NOON, charging(10), parked(7), charging(21)), "1.8400", "2.2080"),
    "W6": (EVENING, charge("2025-07-02T17:47", charging(32)), "0.7300", None),
    "W7": (tariff(*START_FEE, min_price=price("2.00", "2.20")), charge(NOON, (60, "4")), "2.0000", "2.2000"),
    "W7b": (tariff(*START_FEE, min_price=price("1.60", "1.90")), charge(NOON, (60, "4")), "1.7000", "1.9000"),
    "W8": (
        tariff(part("F", "1.00"), part("E", "0.50", "5.5"), max_price=price("25.00", "26.00")),
        charge(NOON, (60, "47.5")),
        "24.7500",
        "26.0000",
    ),
    "W9": (RESERVABLE, charge(NOON, reserved(17), (60, "18")), "8.8400", "10.6080"),
    "W10": (RESERVABLE, charge(NOON, reserved(45)), "7.2500", "8.7000"),
    "W11": (
        tariff(element(part("E", "0.20"), max_kwh=10), part("E", "0.45")),
        charge(NOON, (70, "26.4")),
        "9.3800",
        "11.2560",
    ),
    "W12": (
        tariff(element(part("E", "0.25"), start_time="22:00", end_time="06:00"), part("E", "0.40")),
        charge("2025-07-01T19:30", (30, "3"), (90, "9")),
        "3.4500",
        "4.1400",
    ),
    "W13": (
        tariff(element(part("P", "0", step=60), max_duration_s=7200), part("P", "6.00", step=60), part("E", "0.35")),
        charge(NOON, charging(90, "11"), parked(75)),
        "8.3500",
        "10.0200",
    ),
    "W14": (
        POWERED,
        charge(
            NOON,
            charging(10, "6", MAX_POWER="36"),
            charging(15, "22.5", MAX_POWER="90"),
            charging(5, "2.5", MAX_POWER="30"),
        ),
        "15.9250",
        "19.1100",
    ),
    "W14 by average": (
        POWERED,
        charge(NOON, charging(10, "6"), charging(15, "22.5"), charging(5, "2.5")),
        "15.9250",
        "19.1100",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_comes_out_to_the_last_decimal(name):
    under, of, excl, incl = EXAMPLES[name]
    assert total(of, under) == price(excl, incl)


def test_a_used_reservation_is_a_cost_of_its_own():
    totals = cost(EXAMPLES["W9"][1], RESERVABLE).totals
    assert (totals.reservation, totals.fixed, totals.energy) == (
        price("2.5000", "3.0000"),
        price("0.4000", "0.4800"),
        price("5.9400", "7.1280"),
    )


def test_an_expired_reservation_is_nothing_but_reservation():
    totals = cost(EXAMPLES["W10"][1], RESERVABLE).totals
    assert totals.reservation == totals.total
    assert totals.fixed == price("0.0000", "0.0000")


WHOLE = tariff(
    part("F", "0.60"),
    element(part("E", "0.36", step=100), start_time="07:00", end_time="23:00"),
    part("E", "0.24", step=100),
    part("T", "0.60", step=60),
    part("P", "3.00", step=300),
)
W15 = charge("2025-06-12T20:12", charging(48, "17.36"), charging(36, "11.07"), parked(17))


def test_a_whole_cdr_has_each_of_its_totals():
    made = cost(W15, WHOLE)
    assert W15.ends == utc("2025-06-12T21:53")
    assert [str(one) for one in (made.energy_kwh, made.time_h, made.parking_h)] == ["28.4300", "1.6833", "0.2833"]
    totals = made.totals
    assert totals.fixed == price("0.6000", "0.7200")
    assert totals.energy == price("8.9232", "10.7078")
    assert totals.time == price("0.8400", "1.0080")
    assert totals.parking == price("1.0000", "1.2000")
    assert totals.reservation == price("0.0000", "0.0000")
    assert totals.total == price("11.3632", "13.6358")


def test_the_whole_cdr_is_the_same_in_one_period_that_spans_the_change_of_price():
    """17.36 kWh in 48 minutes, so that the even spread meets the readings."""
    even = charge("2025-06-12T20:12", charging(96, "34.72"), parked(17))
    found = cost(even, WHOLE)
    assert found.totals.energy == price("10.4352", "12.5222")  # 17.36 × 0.36 + (17.36 + 0.08) × 0.24
    assert any("split by time" in one for one in found.assumptions)


def test_each_line_says_what_it_is_made_of():
    lines = cost(W15, WHOLE).lines
    assert [(one.dimension, one.element, str(one.quantity), str(one.added)) for one in lines] == [
        ("FLAT", 1, "1.0000", "0.0000"),
        ("ENERGY", 2, "17.3600", "0.0000"),
        ("TIME", 4, "1.4000", "0.0000"),
        ("ENERGY", 3, "11.0700", "0.0700"),
        ("PARKING_TIME", 5, "0.2833", "0.0500"),
    ]
    energy, late, parking = lines[1], lines[3], lines[4]
    assert energy.restriction == "07:00–23:00"
    assert (energy.starts, energy.ends) == (utc("2025-06-12T20:12"), utc("2025-06-12T21:00"))
    assert "step of 100 Wh" in late.rule
    assert "billed last" in parking.rule
    assert W15.zone == PARIS
