"""How far a charge may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from interroam.model.charges import ChargeToken, Dimension, Period, Session
from interroam.model.ids import PartyId
from interroam.model.money import Price
from interroam.model.tokens import Limit
from interroam.protocols.emip.rules.limits import reached, readings

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
OWNER = PartyId.parse("FR*C01")


def session(**more):
    return Session(
        owner=OWNER,
        id="S1",
        status="ACTIVE",
        starts=BEGIN,
        energy_kwh=more.pop("energy", Decimal("18.35")),
        token=ChargeToken(PartyId.parse("FR*E01"), "04A1B2C3", "RFID", "c"),
        auth_method="AUTH_REQUEST",
        location_id="L1",
        evse_uid="1",
        connector_id="1",
        currency="EUR",
        last_updated=BEGIN,
        **more,
    )


def after(minutes):
    return BEGIN + timedelta(minutes=minutes)


def period(minutes, **volumes):
    return Period(after(minutes), tuple(Dimension(name, Decimal(value)) for name, value in volumes.items()))


@pytest.mark.statement("EMIP-98")
@pytest.mark.parametrize(
    ("limit", "stops"),
    [
        (("2", "18350", "Wh"), True),
        (("2", "18350.1", "Wh"), False),
        (("1", "60", "min"), True),
        (("1", "60.5", "min"), False),
        (("1", "60", "Minutes"), True),
        (("1", "60", "h"), False),
        (("3", "7.5", "eur"), True),
        (("3", "7.5", "CHF"), False),
        (("3", "7.51", "EUR"), False),
        (("5", "40", "min"), True),
        (("5", "41", "min"), False),
        (("1011", "20", "min"), True),
        (("1022", "1", "min"), False),
        (("77", "1", "min"), False),
        (("x", "1", "min"), False),
        (("2", "much", "Wh"), False),
    ],
)
def test_a_limit_is_reached_when_its_meter_reads_as_much(limit, stops):
    charge = session(
        total_cost=Price(Decimal("7.50")),
        periods=(period(0, POWER="11"), period(20, ENERGY="1"), period(40, PARKING_TIME="0.1")),
    )
    assert (reached(charge, [Limit(*limit)], after(60)) is not None) is stops


@pytest.mark.statement("EMIP-98")
def test_the_first_limit_that_is_reached_stops_the_charge():
    limits = [Limit("1", "90", "min"), Limit("2", "10000", "Wh")]
    assert reached(session(), limits, after(1)) == limits[1]
    assert reached(session(energy=Decimal(1)), limits, after(90)) == limits[0]
    assert reached(session(energy=Decimal(1)), limits, after(89)) is None


def test_a_charge_that_has_ended_reads_the_same_for_ever():
    ended = session(ends=after(30))
    assert readings(ended, after(31)) == readings(ended, after(500))
