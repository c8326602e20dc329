"""Tariffs that count only for charges that begin at certain times."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from interroam.core.rules.pricing import covering, resolve
from interroam.model.tariffs import Slots
from tests.core.bills import EMSP, PARIS, part, tariff, utc

NIGHTS = Slots((("22:00", "06:00"), ("12:00", "14:00")), ("WEDNESDAY", "THURSDAY"))
PLAIN = tariff(part("E", "0.40"), id="DAY")
SLOTTED = tariff(part("E", "0.20"), id="NIGHT", slots=NIGHTS)
ZONE = ZoneInfo(PARIS)


@pytest.mark.statement("OCPI-161")
@pytest.mark.parametrize(
    ("begins", "taken"),
    [
        ("2025-07-02T20:00", "NIGHT"),  # 22:00 in Paris, a Wednesday
        ("2025-07-02T19:59", "DAY"),
        ("2025-07-02T10:00", "NIGHT"),  # noon: the second slot
        ("2025-07-02T12:00", "DAY"),  # 14:00: its end is out
        ("2025-07-01T20:00", "DAY"),  # a Tuesday
        ("2025-01-02T21:30", "NIGHT"),  # in winter 22:30
        ("2025-01-02T20:30", "DAY"),
    ],
)
def test_a_tariff_with_slots_goes_first_when_a_charge_begins_in_one_of_them(begins, taken):
    assert covering([PLAIN, SLOTTED], utc(begins), zone=ZONE).id == taken
    assert covering([SLOTTED, PLAIN], utc(begins), zone=ZONE).id == taken


@pytest.mark.statement("OCPI-161")
def test_out_of_its_slots_a_tariff_is_not_in_force():
    assert resolve([SLOTTED], EMSP, "NIGHT", utc("2025-07-02T19:59"), zone=ZONE) is None
    assert resolve([SLOTTED], EMSP, "NIGHT", utc("2025-07-02T20:00"), zone=ZONE) is SLOTTED
