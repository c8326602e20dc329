"""What is wrong with what partners state: pure findings."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from interroam.core.rules.quality import MANDATORY, of_charge, of_place, of_token, severe
from interroam.model.charges import Dimension, Period
from interroam.model.tokens import Whitelist
from tests.core.objects import cdr, evse, location, token


@pytest.mark.statement("OCPI-196")
@pytest.mark.parametrize("field", MANDATORY)
def test_each_field_that_can_be_mandatory_is_missed_only_where_it_is(field):
    bare = (replace(location(), name=None, operator_name=None, owner_name=None), replace(evse("1"), capabilities=()))
    fields = {one.field for body in bare for one in of_place(body, frozenset({field})) if one.message == "is missing"}
    without = {one.field for body in bare for one in of_place(body, frozenset()) if one.message == "is missing"}
    assert fields - without <= {field}
    assert without <= {"evses.evse_id"}


@pytest.mark.statement("OCPI-200")
@pytest.mark.parametrize(
    ("whitelist", "kind", "asked", "odd"),
    [
        (Whitelist.ALWAYS, "RFID", False, False),
        (Whitelist.ALLOWED, "RFID", False, True),
        (Whitelist.NEVER, "RFID", False, True),
        (Whitelist.ALLOWED, "RFID", True, False),
        (Whitelist.NEVER, "APP_USER", True, False),
        (Whitelist.ALWAYS, "AD_HOC_USER", True, True),
        (Whitelist.ALLOWED, "APP_USER", True, True),
        (Whitelist.ALWAYS, "OTHER", True, False),
    ],
)
def test_a_token_nobody_can_be_asked_about_is_always_and_one_of_an_app_best_never(whitelist, kind, asked, odd):
    assert bool(of_token(token(whitelist=whitelist, type=kind), asked=asked)) is odd


@pytest.mark.parametrize(("volume", "odd"), [("22.5", False), ("22500", True), ("0", False)])
def test_energy_in_watt_hours_is_found(volume, odd):
    body = cdr()
    period = Period(body.starts, (Dimension("ENERGY", Decimal(volume)),))
    found = of_charge(replace(body, periods=(period,), total_energy_kwh=Decimal("22.5")))
    assert [one.field for one in found] == (["charging_periods.dimensions"] if odd else [])
    assert not severe(found)
