"""The rules of pricing, one by one."""

from decimal import Decimal

import pytest

from interroam.core.rules.pricing import Charge, Rounding, Steps, cost, covering, resolve
from interroam.model.charges import ChargeToken, Dimension, Period, Session
from interroam.model.errors import Refused
from interroam.model.ids import PartyId
from tests.core.bills import (
    CPO,
    EMSP,
    NOON,
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


def excl(of, under):
    return str(total(of, under).excl_vat)


# -- time --------------------------------------------------------------------------------------------------------------


def by_night(start, end):
    return tariff(element(part("T", "60", None, 0), start_time=start, end_time=end))


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        # 00:30 UTC is 01:30 local; at 01:00 UTC the clock goes from 02:00 to 03:00.
        ("02:30", "03:30", 30),
        ("02:00", "03:00", 0),
        ("01:00", "02:15", 30),
    ],
)
def test_an_hour_that_the_spring_skips_is_not_billed(start, end, minutes):
    assert excl(charge("2025-03-30T00:30", charging(120)), by_night(start, end)) == f"{minutes}.0000"


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        # 23:30 UTC is 01:30 local; at 01:00 UTC the clock goes from 03:00 back to 02:00.
        ("02:00", "03:00", 120),
        ("02:30", "03:00", 60),
        ("01:00", "02:30", 90),
    ],
)
def test_an_hour_that_the_autumn_repeats_is_billed_twice(start, end, minutes):
    assert excl(charge("2025-10-25T23:30", charging(240)), by_night(start, end)) == f"{minutes}.0000"


def test_the_end_of_the_day_may_be_written_as_midnight():
    under = tariff(element(part("T", "60", None, 0), start_time="22:00", end_time="00:00"))
    assert excl(charge("2025-07-02T19:00", charging(240)), under) == "120.0000"


def test_a_weekday_begins_at_local_midnight():
    saturday = tariff(element(part("T", "60", None, 0), days=("SATURDAY",)))
    assert excl(charge("2025-07-04T21:00", charging(90)), saturday) == "30.0000"


def test_the_first_date_counts_and_the_last_does_not():
    july = tariff(element(part("T", "60", None, 0), start_date="2025-07-02", end_date="2025-07-03"))
    assert excl(charge("2025-07-01T20:00", charging(28 * 60)), july) == "1440.0000"


def test_an_unknown_time_zone_is_read_as_utc_and_said():
    under = tariff(element(part("T", "60", None, 0), start_time="12:00"))
    for zone in (None, "Mars/Olympus", "../etc", "Europe"):
        found = cost(charge("2025-07-02T11:30", charging(60), zone=zone), under)
        assert str(found.totals.total.excl_vat) == "30.0000"
        assert "UTC" in found.assumptions[0]


@pytest.mark.parametrize("clock", ["25:00", "10:61", "noon", "1000", "-1:00"])
def test_a_time_of_day_that_is_none_is_refused(clock):
    with pytest.raises(Refused):
        total(charge(NOON, charging(10)), tariff(element(part("T", "1"), start_time=clock)))


def test_a_date_that_is_none_is_refused():
    with pytest.raises(Refused):
        total(charge(NOON, charging(10)), tariff(element(part("T", "1"), start_date="2025-02-30")))


@pytest.mark.parametrize(("starts", "days"), [("1970-01-01", 50 * 365), ("9999-12-31", 0), ("0001-01-01", 1)])
def test_a_charge_of_years_or_out_of_all_time_is_refused(starts, days):
    with pytest.raises(Refused):
        total(charge(starts, charging(60 * 24 * days)), tariff(element(part("T", "1"), start_time="12:00")))


# -- bounds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "billed"), [("31.9", "1.0000"), ("32", "2.0000"), ("40", "2.0000")])
def test_a_lower_bound_counts_and_an_upper_does_not(level, billed):
    under = tariff(element(part("T", "1", None), max_current_a=32), element(part("T", "2", None), min_current_a=32))
    assert excl(charge(NOON, charging(60, MAX_CURRENT=level)), under) == billed


def test_a_current_that_nobody_named_matches_no_bound_and_is_said():
    under = tariff(element(part("T", "1", None), max_current_a=32))
    found = cost(charge(NOON, charging(60)), under)
    assert str(found.totals.total.excl_vat) == "0.0000"
    assert "names no current" in found.assumptions[0]


def test_energy_and_duration_bounds_cut_inside_a_period():
    under = tariff(
        element(part("E", "1", None, 0), min_kwh=Decimal(5), max_kwh=Decimal(8)),
        element(part("T", "60", None, 0), min_duration_s=600, max_duration_s=1500),
    )
    assert excl(charge(NOON, charging(60, "20")), under) == "18.0000"  # 3 kWh and 15 minutes


def test_each_dimension_takes_its_own_first_element():
    under = tariff(
        element(part("T", "6", None)),
        element(part("T", "9", None), part("E", "1", None), max_kwh=2),
        element(part("E", "2", None), part("T", "9", None)),
    )
    assert excl(charge(NOON, charging(60, "5")), under) == "14.0000"  # 6 + 2 × 1 + 3 × 2


def test_a_duration_counts_from_plugging_in_and_not_from_the_reservation():
    under = tariff(element(part("T", "60", None), max_duration_s=600))
    assert excl(charge(NOON, reserved(30), charging(60)), under) == "10.0000"


# -- fixed prices ------------------------------------------------------------------------------------------------------


def test_a_fixed_price_is_taken_once_at_the_first_moment():
    under = tariff(
        element(part("F", "3", None), start_time="12:30"),
        element(part("F", "1", None), start_time="12:00"),
        element(part("F", "2", None)),
    )
    assert excl(charge(NOON, charging(60), parked(60)), under) == "1.0000"


@pytest.mark.statement("OCPI-212")
def test_free_charging_is_a_tariff_that_costs_nothing():
    free = tariff(part("F", "0.00", None, 0))
    found = cost(charge(NOON, charging(60, "20"), parked(60)), free)
    assert found.totals.total == price("0.0000")
    assert [(one.dimension, one.amount) for one in found.lines] == [("FLAT", price("0.0000"))]


# -- steps -------------------------------------------------------------------------------------------------------------


def test_an_exact_multiple_is_not_rounded_further():
    under = tariff(part("E", "1", None, 250), part("T", "1", None, 900))
    assert excl(charge(NOON, charging(45, "7.5")), under) == "8.2500"


def test_the_noise_of_a_partners_floats_costs_no_step():
    under = tariff(part("E", "1", None, 250))
    assert excl(charge(NOON, (30, "7.300000000000001"), (30, "0.2")), under) == "7.5000"


def test_a_step_of_zero_rounds_nothing():
    assert excl(charge(NOON, (60, "7.3333")), tariff(part("E", "1", None, 0))) == "7.3333"


def test_a_step_is_not_applied_when_the_element_changes():
    under = tariff(element(part("E", "1", None, 1000), max_kwh=Decimal("2.5")), part("E", "2", None, 1000))
    assert excl(charge(NOON, (60, "4.2")), under) == "7.5000"  # 2.5 × 1 + (1.7 + 0.8) × 2


def test_unpriced_time_at_the_end_leaves_the_step_to_the_last_priced_time():
    under = tariff(part("T", "60", None, 900))
    assert excl(charge(NOON, charging(37), parked(23)), under) == "45.0000"


def test_a_reservation_is_rounded_on_its_own():
    under = tariff(element(part("T", "60", None, 600), reservation="RESERVATION"), part("T", "6", None, 600))
    assert excl(charge(NOON, reserved(12), charging(21)), under) == "23.0000"  # 20 minutes at 60, 30 at 6


@pytest.mark.parametrize(
    ("way", "billed"),
    [
        (Rounding.CHARGE, "52.0000"),
        (Rounding.NONE, "38.0000"),
        (Rounding.EACH_TIME, "75.0000"),
        (Rounding.PARKING, "61.0000"),
    ],
)
def test_what_partners_do_with_steps_instead_can_be_computed_too(way, billed):
    under = tariff(element(part("T", "60", None, 900), part("P", "60", None, 1800)))
    session = charge(NOON, charging(10), parked(7), charging(21))
    assert str(cost(session, under, steps=Steps(time=way)).totals.total.excl_vat) == billed


def test_a_step_in_each_element_rounds_each_of_them():
    under = tariff(element(part("E", "1", None, 1000), max_kwh=Decimal("2.5")), part("E", "2", None, 1000))
    found = cost(charge(NOON, (60, "4.2")), under, steps=Steps(energy=Rounding.ELEMENT))
    assert str(found.totals.total.excl_vat) == "7.0000"  # 3 × 1 + 2 × 2


def test_a_part_of_a_minute_that_the_clock_knows_is_not_lost_in_four_decimals():
    """37 minutes are 0.6167 hours in a message: 2220 seconds by the clock, 2220.12 by the volume."""
    assert excl(charge(NOON, charging(37)), tariff(part("T", "60", None, 60))) == "37.0000"


# -- VAT and limits ----------------------------------------------------------------------------------------------------


def test_a_rate_of_zero_differs_from_no_vat():
    assert total(charge(NOON, (60, "1")), tariff(part("E", "1", "0"))) == price("1.0000", "1.0000")
    assert total(charge(NOON, (60, "1")), tariff(part("E", "1", None))) == price("1.0000")


def test_a_part_without_vat_counts_the_same_with_and_without():
    mixed = tariff(part("F", "1", None), part("E", "1", "20"))
    assert total(charge(NOON, (60, "10")), mixed) == price("11.0000", "13.0000")


def test_a_limit_that_binds_is_said():
    found = cost(charge(NOON, (60, "4")), tariff(part("E", "0.30", "20"), min_price=price("2.00")))
    assert found.totals.total == price("2.0000", "1.4400")  # not repaired: each limit holds for its own amount
    assert found.limits == ("min_price: the total excl. VAT is 2.0000 instead of 1.2000",)


# -- what periods leave open -------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-134")
def test_time_out_of_order_is_free():
    """Plugged in at 09:00, out of order from 09:40 to 10:10, unplugged at 11:00."""
    session = charge("2025-07-02T09:00", charging(40, "7"), (30, {"TIME": "0"}), charging(50, "8"))
    found = cost(session, tariff(part("T", "2", None), part("P", "9", None)))
    assert found.time_h == Decimal("1.5000")
    assert found.totals.total == price("3.0000")


def test_a_volume_that_the_clock_contradicts_counts_and_is_said():
    found = cost(charge(NOON, (60, {"kwh": "5", "TIME": "0.5"})), tariff(part("T", "2", None)))
    assert found.totals.total == price("1.0000")
    assert "counts 0.5 h of 1 h" in found.assumptions[0]


def test_charging_and_parking_in_one_period_are_taken_in_turn():
    both = (60, {"kwh": "5", "TIME": "0.6167", "PARKING_TIME": "0.3833"})
    under = tariff(element(part("T", "60", None, 60)), element(part("P", "120", None, 60)))
    found = cost(charge(NOON, both), under)
    assert found.totals.time == price("37.0000")
    assert found.totals.parking == price("46.0000")
    assert "in turn" in found.assumptions[0]


def test_energy_that_no_period_names_is_spread_over_the_charging():
    session = charge(NOON, (30, {"TIME": "0.5"}), (30, {"PARKING_TIME": "0.5"}))
    of = Charge(starts=session.starts, ends=session.ends, periods=session.periods, energy_kwh=Decimal(8), zone="UTC")
    found = cost(of, tariff(part("E", "0.5", None)))
    assert found.totals.energy == price("4.0000")
    assert "spread evenly" in found.assumptions[0]


def test_energy_without_any_time_is_billed_all_the_same():
    at = utc(NOON)
    for periods in ((), (Period(at, (Dimension("MAX_CURRENT", Decimal(16)),)),)):
        of = Charge(starts=at, ends=at, periods=periods, energy_kwh=Decimal(8))
        assert total(of, tariff(part("E", "0.5", None))) == price("4.0000")


def session(**fields):
    given = {
        "owner": CPO,
        "id": "S1",
        "status": "ACTIVE",
        "starts": utc(NOON),
        "energy_kwh": Decimal(10),
        "token": ChargeToken(EMSP, "1", "RFID", "C"),
        "auth_method": "WHITELIST",
        "location_id": "L1",
        "evse_uid": "1",
        "connector_id": "1",
        "currency": "EUR",
        "last_updated": utc("2025-07-02T11:00"),
    }
    return Session(**(given | fields))


def test_a_session_without_periods_is_priced_as_far_as_it_is_known():
    under = tariff(part("E", "0.5", None), part("T", "3", None))
    assert total(Charge.of(session(), "Europe/Paris"), under) == price("8.0000")


def test_a_reservation_that_still_runs_is_not_expired():
    under = tariff(
        element(part("T", "60", None), reservation="RESERVATION"),
        element(part("F", "5", None), part("T", "90", None), reservation="RESERVATION_EXPIRES"),
    )
    waiting = (Period(utc(NOON), (Dimension("RESERVATION_TIME", Decimal("1.0")),)),)
    running = session(status="RESERVATION", energy_kwh=Decimal(0), periods=waiting)
    over = session(status="COMPLETED", ends=utc("2025-07-02T11:00"), energy_kwh=Decimal(0), periods=waiting)
    assert total(Charge.of(running, "UTC"), under) == price("60.0000")
    assert total(Charge.of(over, "UTC"), under) == price("95.0000")


# -- which tariff ------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-148")
def test_a_tariff_prices_no_charge_that_began_before_it():
    day = tariff(part("E", "1"), starts=utc("2025-07-02"), ends=utc("2025-07-03"))
    at = [utc("2025-07-01T23:59:59"), utc("2025-07-02"), utc("2025-07-02T23:59:59"), utc("2025-07-03")]
    assert [covering([day], one) is not None for one in at] == [False, True, True, False]
    assert [resolve([day], EMSP, "T1", one) is not None for one in at] == [False, True, True, False]
    noon = tariff(part("E", "1"), starts=utc("2025-07-02T12:00"))  # received at noon: the instant counts, not the day
    at = [utc("2025-07-02T11:59:59"), utc("2025-07-02T12:00")]
    assert [covering([noon], one) is not None for one in at] == [False, True]
    assert [resolve([noon], EMSP, "T1", one) is not None for one in at] == [False, True]


def test_a_tariff_without_type_is_regular():
    cheap, plain = tariff(part("E", "1"), id="C", type="PROFILE_CHEAP"), tariff(part("E", "2"), id="P")
    assert covering([cheap, plain], utc(NOON)) == plain
    assert covering([plain, cheap], utc(NOON), "PROFILE_CHEAP") == cheap
    assert covering([cheap], utc(NOON)) is None


@pytest.mark.statement("OCPI-152")
def test_each_emsp_is_billed_by_its_own_variant():
    mp1, mp2, other = PartyId.of("DE", "MP1"), PartyId.of("NL", "MP2"), PartyId.of("BE", "MP3")
    for_mp1 = tariff(part("T", "0.50"), target=mp1)
    for_mp2 = tariff(part("E", "0.10"), target=mp2)
    for_all = tariff(part("T", "0.80"))
    variants = [for_all, for_mp1, for_mp2]
    assert [resolve(variants, one, "t1", utc(NOON)) for one in (mp1, mp2, other)] == [for_mp1, for_mp2, for_all]
    assert resolve([for_mp1, for_mp2], other, "T1", utc(NOON)) is None
    ended = tariff(part("T", "0.50"), target=mp1, ends=utc("2025-01-01"))
    assert resolve([for_all, ended], mp1, "T1", utc(NOON)) is None


def test_periods_may_name_another_tariff_and_steps_go_on_over_the_change():
    cheap = tariff(part("E", "1", None, 1000), id="CHEAP")
    fast = tariff(part("E", "2", None, 1000), id="FAST")
    periods = (
        Period(utc("2025-07-02T10:00"), (Dimension("ENERGY", Decimal("2.5")),), "CHEAP"),
        Period(utc("2025-07-02T10:30"), (Dimension("ENERGY", Decimal("1.7")),), "FAST"),
    )
    of = Charge(starts=periods[0].starts, ends=utc("2025-07-02T11:00"), periods=periods, energy_kwh=Decimal("4.2"))
    found = cost(of, cheap, [fast])
    assert found.totals.total == price("7.5000")
    assert [one.tariff_id for one in found.lines] == ["CHEAP", "FAST"]
