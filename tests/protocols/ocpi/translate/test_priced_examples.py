"""The specification's own tariffs, priced: by its own examples where it gives them, with its slips corrected."""

import pytest

from interroam.core.rules.pricing import Outcome, cost, recompute
from interroam.protocols.ocpi.translate.charges import read_cdr
from interroam.protocols.ocpi.translate.tariffs import read_tariff
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.tariffs import Tariff
from tests.core.bills import NOON, charge, charging, parked, price, reserved, total
from tests.shared import SHARED, needs_shared

FOLDER = SHARED / "data" / "ocpi" / "2.2.1"
FILES = sorted(FOLDER.glob("tariff*.json")) if FOLDER.is_dir() else []
INCOMPLETE = "tariff_put_example"

pytestmark = needs_shared


def tariff(name):
    return read_tariff(read(Tariff, (FOLDER / f"{name}.json").read_bytes())[0])


@pytest.mark.parametrize("name", [file.stem for file in FILES if file.stem != INCOMPLETE])
def test_every_tariff_of_the_specification_has_a_price(name):
    of = charge(NOON, reserved(12), charging(80, "24.31", MAX_CURRENT="32"), parked(25))
    found = cost(of, tariff(name))
    assert found.totals.total.excl_vat >= 0
    assert (found.totals.total.excl_vat == 0) == (name == "tariff_5_free_of_charge")
    assert found.lines


MONDAY, SATURDAY = "2025-07-07T07:30", "2025-07-05T11:30"
PRICED = [
    ("tariff_3_alt_url", charge(NOON, (60, "20.45")), price("5.6250", "6.2375")),
    ("tariff_6_025kwh_start_max_price", charge(NOON, (60, "50")), price("10.0000", "11.0000")),
    ("tariff_8_simple_025kwh", charge(NOON, (60, "20")), price("5.0000", "5.5000")),
    ("tariff_10_025kwh_parking_start", charge(NOON, charging(60, "20"), parked(40)), price("7.0000", "7.9000")),
    ("tariff_13_simple_3hour_5parking", charge(NOON, charging(150), parked(42)), price("11.2500", "12.7500")),
    ("tariff_15_reservation_5_euro_per_hour", charge(NOON, reserved(15), (60, "20")), price("6.7500", "7.6000")),
    ("tariff_17_reservation_with_expire_fee", charge(NOON, reserved(45)), price("5.6667", "6.8000")),
    (
        "tariff_4_complex",
        charge(MONDAY, charging(165, MAX_CURRENT="16"), parked(42)),
        price("9.0000", "10.3000"),
    ),
    (
        "tariff_4_complex",
        charge(SATURDAY, charging(114, MAX_CURRENT="43"), parked(71)),
        price("12.3750", "13.9750"),
    ),
]


@pytest.mark.parametrize(("name", "of", "costs"), PRICED, ids=[f"{one[0]} {one[2].excl_vat}" for one in PRICED])
def test_a_tariff_of_the_specification_costs_what_it_should(name, of, costs):
    assert total(of, tariff(name)) == costs


def test_the_cdr_of_the_specification_passes():
    shape, _ = read(Cdr, (FOLDER / "cdr_example.json").read_bytes())
    finding = recompute(read_cdr(shape), [read_tariff(one) for one in shape.tariffs], "Europe/Brussels")
    assert finding.outcome is Outcome.PASS
    assert finding.differences == ()
