"""Descriptions as CPOs upload them: kept as places, shown to eMSPs of both protocols."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from interroam.model.ids import PartyId, evse_key, location_key
from interroam.model.places import Availability
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.places import (
    CONNECTOR,
    DELETE,
    EVSE,
    INSERT,
    PLACE,
    POOL,
    STATION,
    UPDATE,
    availability,
    build,
    busy,
    describe,
    join_ocpi,
    listed,
)
from tests.protocols.ocpi.partners import Peer

C01 = PartyId.of("FR", "C01")
SITE, POINT = location_key(C01, "FRC01P1"), evse_key(C01, "FRC01P1", "FRC01E1")
HERE = {"latitude": "45.76", "longitude": "4.84", "radius": 50, "searchAlgo": 1, "maxCount": 10}


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        await one.cpo("FR*C01")
        await one.cpo("FR*C02")
        await one.emsp("FR*E01")
        await one.agree("FR*E01", "FR*C01")
        yield one


async def body(node, key):
    row = await node.store.get(key)
    return None if row is None or row.withdrawn else row.body


async def found(node, **more):
    answer = await Partner("FR*P-E01", "FR*E01").call(node.url, "eMIP_ToIOP_SearchEVSE", {**HERE, **more})
    assert answer.status == 1, answer.raw
    return listed(answer.fields.get("EVSEDescrip"))


async def test_four_levels_become_a_location_with_an_evse(node, cpo):
    await build(cpo, node, values={3044: "50", 3063: "DC", 2066: "1"})
    assert (
        await describe(cpo, node, "ChargingStation", STATION, values={2041: "45.77", 2042: "4.85"}, parent=POOL)
    ).status == 1
    assert (await describe(cpo, node, "EVSE", EVSE, UPDATE, {}, STATION)).status == 1
    plug = {4021: "IEC_62196_T2_COMBO"}
    assert (await describe(cpo, node, "ChargingConnector", CONNECTOR, values=plug, parent=EVSE)).status == 1
    place, evse = await body(node, SITE), await body(node, POINT)
    assert (place.name, place.address, place.city, place.country) == ("Gare", "12 Rue de la Gare", "Lyon", "FRA")
    assert place.coordinates.latitude == Decimal("45.76")
    assert (evse.evse_id, evse.station_id, evse.coordinates.longitude) == ("FR*C01*E1", "FRC01S1", Decimal("4.85"))
    assert "RESERVABLE" in evse.capabilities
    (plug,) = evse.connectors
    assert (plug.id, plug.standard, plug.format, plug.power_type, plug.power_w) == (
        "FRC01X1", "IEC_62196_T2_COMBO", "CABLE", "DC", 50_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("level", "name", "wrong"),
    [("ChargingStation", STATION, POOL), ("EVSE", EVSE, POOL), ("ChargingConnector", CONNECTOR, EVSE)],
)
async def test_an_insert_needs_a_parent_that_is_here(node, cpo, level, name, wrong):
    assert (await describe(cpo, node, level, name)).status == 19001
    assert (await describe(cpo, node, level, name, parent=wrong)).status == 10601


@pytest.mark.statement("EMIP-20")
async def test_nobody_describes_what_is_anothers(node, cpo, other):
    await build(cpo, node)
    await describe(cpo, node, "ChargingStation", STATION, parent=POOL)
    await describe(cpo, node, "ChargingConnector", CONNECTOR, parent=EVSE)
    head = node.store.head()
    for level, name, parent in (("ChargingPool", POOL, ""), ("ChargingStation", STATION, POOL), ("EVSE", EVSE, POOL),
                              ("ChargingConnector", CONNECTOR, EVSE)):  # fmt: skip
        for action in (INSERT, UPDATE, DELETE):
            assert (await describe(other, node, level, name, action, {}, parent)).status == 19005, (level, action)
    own = await describe(other, node, "EVSE", "FR*C02*E1", parent=POOL)
    assert own.status == 19005  # not into another's pool
    foreign = await describe(other, node, "ChargingPool", "FR*C01*P77", values=PLACE)
    assert foreign.status == 19005  # nor under another's name
    for level, name, parent in (("ChargingStation", "FR*C01*S77", ""), ("EVSE", "FR*C02*E5", POOL)):
        stranger = cpo if parent else other
        assert (await describe(stranger, node, level, name, values={}, parent=parent or POOL)).status == 19005
    for level, name in (("ChargingPool", "FR*C01*P9"), ("EVSE", "FR*C01*E9")):
        assert (await describe(cpo, node, level, name, UPDATE, {})).status == 10601
        assert (await describe(cpo, node, level, name, DELETE)).status == 10601
    assert node.store.head() == head


async def test_an_update_touches_what_is_sent_and_an_empty_value_clears(node, cpo):
    await build(cpo, node)
    assert (await describe(cpo, node, "ChargingPool", POOL, UPDATE, {1006: "Gare Est", 1042: ""})).status == 1
    place = await body(node, SITE)
    assert (place.name, place.postal_code, place.city, place.address) == ("Gare Est", None, "Lyon", "12 Rue de la Gare")
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "11"})
    assert (await body(node, POINT)).connectors[0].power_w == 11_000
    assert (await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "much"})).status == 19001
    assert (await describe(cpo, node, "ChargingPool", POOL, UPDATE, {1062: "north"})).status == 19001


async def test_what_we_do_not_know_comes_back_as_it_came(node, cpo):
    place = {**PLACE, 1065: "+33 1", 1999: ["a", "b"]}
    await build(
        cpo, node, place=place, values={2063: "17", 2064: "9", 2061: "3", 3101: "8", 3111: "fast", 4021: ["5", "6"]}
    )
    (one,) = await found(node)
    assert (one["phoneNumber"], one["authorisationMode"], one["paymentMode"], one["accessibility"]) == (
        "+33 1",
        "17",
        "9",
        "3",
    )
    assert (one["useabilityStatus"], one["speed"], one["connectorType"]) == ("8", "fast", ["5", "6"])
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {3044: "7"})
    (one,) = await found(node)
    assert (one["speed"], one["power"]) == ("fast", "7")
    wanted = [{"attributeId": 1999, "attributeCondition": {"conditionOperator": "=", "attributeValue": "b"}}]
    assert len(await found(node, andCombinedCriteria=wanted)) == 1


async def test_what_is_deleted_takes_with_it_what_is_in_it(node, cpo):
    await build(cpo, node)
    await describe(cpo, node, "ChargingConnector", CONNECTOR, parent=EVSE)
    assert (await describe(cpo, node, "ChargingConnector", CONNECTOR, DELETE)).status == 1
    assert (await availability(cpo, node, 1, level="ChargingConnector", id=CONNECTOR)).status == 10601
    await busy(cpo, node, 2)
    assert (await describe(cpo, node, "EVSE", EVSE, DELETE)).status == 1
    assert (await body(node, POINT)).status.availability is Availability.REMOVED
    assert await found(node) == []
    assert (await describe(cpo, node, "EVSE", EVSE, values={}, parent=POOL)).status == 1
    assert (await body(node, POINT)).status.availability is Availability.UNKNOWN
    (anew,) = await found(node)
    assert (anew["availabilityStatus"], anew["busyStatus"]) == ("0", "0")
    assert (await describe(cpo, node, "ChargingPool", POOL, DELETE)).status == 1
    assert await body(node, SITE) is None
    assert await body(node, POINT) is None
    assert (await availability(cpo, node, 2)).status == 10601


async def test_an_insert_of_what_is_here_states_it_anew_and_says_so(node, cpo):
    await build(cpo, node, values={3044: "22", 3111: "fast"})
    await busy(cpo, node, 2)
    again = await describe(cpo, node, "EVSE", EVSE, values={3044: "11"}, parent=POOL)
    assert again.status == 900
    (one,) = await found(node)
    assert (one["power"], one["busyStatus"], "speed" in one) == ("11", "2", False)


async def test_statuses_among_the_attributes_are_statuses(node, cpo):
    await build(cpo, node, values={3046: "2", 3041: "1"})
    (one,) = await found(node)
    assert (one["availabilityStatus"], one["busyStatus"]) == ("2", "1")
    assert (await describe(cpo, node, "EVSE", EVSE, UPDATE, {3046: "7"})).status == 19001


async def test_an_outage_of_what_is_around_shows_as_usability(node, cpo):
    await build(cpo, node)
    await availability(cpo, node, 2)
    (one,) = await found(node)
    assert "useabilityStatus" not in one
    await availability(cpo, node, 1, level="ChargingPool", id=POOL)
    (one,) = await found(node)
    assert (one["availabilityStatus"], one["useabilityStatus"]) == ("2", "1")


@pytest.mark.parametrize(
    ("level", "name"), [("ChargingPool", POOL), ("ChargingStation", STATION), ("ChargingConnector", CONNECTOR)]
)
@pytest.mark.statement("EMIP-60")
async def test_an_outage_of_what_is_around_ends_by_itself(node, cpo, level, name):
    await build(cpo, node)
    await describe(cpo, node, "ChargingStation", STATION, parent=POOL)
    await describe(cpo, node, "EVSE", EVSE, UPDATE, {}, STATION)
    await describe(cpo, node, "ChargingConnector", CONNECTOR, parent=EVSE)
    await availability(cpo, node, 2)
    until = (node.clock.now() + timedelta(minutes=10)).isoformat()
    await availability(cpo, node, 1, level=level, id=name, availabilityStatusUntil=until)
    (one,) = await found(node)
    assert (one["availabilityStatus"], one["useabilityStatus"]) == ("2", "1")
    node.clock.forward(minutes=11)
    (one,) = await found(node)
    assert (one["availabilityStatus"], one["useabilityStatus"]) == ("2", "2")


async def test_an_ocpi_emsp_gets_a_proper_location(node, cpo):
    async with Peer((("DE", "EEE", "EMSP"),)) as emsp:
        await join_ocpi(node, "eee", emsp)
        await node.agree("DE*EEE", "FR*C01")
        await build(cpo, node)
        await emsp.until(lambda: any(one.path.endswith("/FRC01E1") for one in emsp.told("PUT")))
        place = next(one.body for one in emsp.told("PUT") if one.path.endswith("/FRC01P1"))
        assert (place["address"], place["city"], place["country"]) == ("12 Rue de la Gare", "Lyon", "FRA")
        assert place["coordinates"]["latitude"].startswith("45.76")
        evse = next(one.body for one in emsp.told("PUT") if one.path.endswith("/FRC01E1"))
        (plug,) = evse["connectors"]
        assert (plug["standard"], plug["format"], plug["power_type"], plug["max_electric_power"]) == (
            "IEC_62196_T2", "SOCKET", "AC_3_PHASE", 22_000,
        )  # fmt: skip
        await availability(cpo, node, 2)
        await busy(cpo, node, 2)
        await emsp.until(lambda: any((one.body or {}).get("status") == "CHARGING" for one in emsp.told("PUT", "PATCH")))
