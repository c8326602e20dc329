"""Statuses as CPOs state them, and what others see of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from interroam.core.rules.statuses import one_word
from interroam.model.facts import Fact, Origin, Withdrawal
from interroam.model.ids import Party, PartyId, Role, evse_key, location_key
from interroam.model.places import Availability, Busy
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.partner import Partner
from tests.protocols.emip.places import CONNECTOR, EVSE, POOL, STATION, at, availability, build, busy, describe

C01 = PartyId.of("FR", "C01")


@pytest.fixture
async def node(tmp_path):
    async with hub(tmp_path) as one:
        await one.cpo("FR*C01")
        await one.cpo("FR*C02")
        yield one


@pytest.fixture
async def cpo(node):
    async with Partner("FR*P-C01", "FR*C01") as one:
        await build(one, node)
        yield one


async def evse(node):
    return (await node.store.get(evse_key(C01, "FRC01P1", "FRC01E1"))).body


async def test_both_halves_make_the_status(node, cpo):
    assert (await availability(cpo, node, 2)).status == 1
    assert (await busy(cpo, node, 2)).status == 1
    status = (await evse(node)).status
    assert (status.availability, status.busy) == (Availability.IN_SERVICE, Busy.OCCUPIED)
    assert one_word(status) == "CHARGING"
    await busy(cpo, node, 3)
    assert one_word((await evse(node)).status) == "RESERVED"
    await busy(cpo, node, 1)
    assert one_word((await evse(node)).status) == "AVAILABLE"


@pytest.mark.statement("EMIP-59", "EMIP-20")
async def test_what_was_known_by_an_id_and_is_no_more_is_10601(node, cpo):
    known = await evse(node)
    for state in (availability, busy):
        assert (await state(cpo, node, 2)).status == 1
    renamed = replace(known, evse_id="FR*C01*E2", last_updated=node.clock.now())
    await node.hub.tell(Origin("fr-c01"), Fact(renamed))
    for state in (availability, busy):
        assert (await state(cpo, node, 1)).status == 10601
        assert (await state(cpo, node, 1, id="FR*C01*E2")).status == 1
    await node.hub.tell(Origin("fr-c01"), Withdrawal(known.key, node.clock.now()))
    head = node.store.head()
    for state in (availability, busy):
        assert (await state(cpo, node, 2, id="FR*C01*E2")).status == 10601
    await node.hub.tell(Origin("fr-c01"), Withdrawal(location_key(C01, "FRC01P1"), node.clock.now()))
    assert (await availability(cpo, node, 1, level="ChargingPool", id=POOL)).status == 10601
    assert node.store.head() == head + 1


@pytest.mark.statement("EMIP-52")
async def test_what_is_older_than_its_half_is_traced_and_changes_nothing(node, cpo):
    await availability(cpo, node, 2, at(minutes=10))
    await busy(cpo, node, 2, at(minutes=1))
    late = await availability(cpo, node, 1, at(minutes=20))
    assert late.status == 1
    assert (await evse(node)).status.availability is Availability.IN_SERVICE
    # Older than the use, newer than the availability: it is a matter of its own half.
    await availability(cpo, node, 1, at(minutes=5))
    status = (await evse(node)).status
    assert (status.availability, status.busy) == (Availability.OUT_OF_SERVICE, Busy.OCCUPIED)
    await busy(cpo, node, 1, at(minutes=2))
    assert (await evse(node)).status.busy is Busy.OCCUPIED
    traces = await node.traces(late.fields["transactionId"])
    assert any("older" in one.note for one in traces)


async def test_dates_ahead_of_our_clock_and_what_cannot_be_read_stand_on_the_quality_page(node, cpo):
    ahead = (datetime.now(UTC) + timedelta(minutes=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for _ in range(2):
        assert (await availability(cpo, node, 2, ahead)).status == 1
    assert (await evse(node)).status.at < datetime.now(UTC)
    assert (await availability(cpo, node, "?")).status == 19001
    name = "eMIP_ToIOP_SetEVSEAvailabilityStatus"
    page = {(one.message, one.field): (one.count, one.what) for one in node.hub.oddities.of("fr-c01")}
    assert page == {
        (name, "statusEventDate"): (2, "lies ahead of our clock: taken as now"),
        (name, "availabilityStatus"): (1, "cannot be read: refused"),
    }


@pytest.mark.statement("EMIP-58")
async def test_what_is_planned_can_be_announced(node, cpo):
    assert (await availability(cpo, node, 3)).status == 1
    assert one_word((await evse(node)).status) == "PLANNED"
    await availability(cpo, node, 2)
    assert (await evse(node)).status.availability is Availability.IN_SERVICE


@pytest.mark.statement("EMIP-20", "EMIP-59")
async def test_what_is_unknown_is_10601_and_what_is_anothers_19005(node, cpo, other):
    head = node.store.head()
    for level, name in (("EVSE", "FR*C01*E404"), ("ChargingPool", "FR*C01*P404"), ("ChargingStation", "FR*C01*S404"),
                      ("ChargingConnector", "FR*C01*X404")):  # fmt: skip
        assert (await availability(cpo, node, 2, level=level, id=name)).status == 10601
    assert (await busy(cpo, node, 2, id="FR*C01*E404")).status == 10601
    assert (await busy(cpo, node, 2, id="FR*C09*E404")).status == 10601
    assert node.store.head() == head
    assert await node.store.get(evse_key(C01, "FRC01P1", "FRC01E404")) is None

    await describe(cpo, node, "ChargingStation", STATION, parent=POOL)
    await describe(cpo, node, "ChargingConnector", CONNECTOR, parent=EVSE)
    head = node.store.head()
    for level, name in (
        ("EVSE", EVSE),
        ("ChargingPool", POOL),
        ("ChargingStation", STATION),
        ("ChargingConnector", CONNECTOR),
    ):
        assert (await availability(other, node, 1, level=level, id=name)).status == 19005
    assert (await busy(other, node, 2)).status == 19005
    assert node.store.head() == head


async def test_an_id_is_known_however_it_is_spelled(node, cpo):
    assert (await availability(cpo, node, 1, id="frc01e1")).status == 1
    assert (await evse(node)).status.availability is Availability.OUT_OF_SERVICE
    assert (await availability(cpo, node, 1, id="FR*C01*P1")).status == 19001


async def test_an_id_counts_only_while_its_evse_has_it(node, cpo):
    assert [(await busy(cpo, node, code)).status for code in (2, 1)] == [1, 1]
    body = await evse(node)
    origin = Origin("fr-c01", Party(C01, Role.CPO), "c", "r")
    await node.hub.tell(origin, Fact(replace(body, evse_id="FR*C01*E99")))
    assert (await busy(cpo, node, 2)).status == 10601
    await node.hub.tell(origin, Fact(body))
    assert (await busy(cpo, node, 2)).status == 1


async def test_who_was_let_in_before_is_not_let_in_when_that_has_changed(node, cpo):
    party = Party(C01, Role.CPO)
    assert (await busy(cpo, node, 2)).status == 1
    await node.hub.book.switch_party(party, on=False)
    assert (await busy(cpo, node, 1)).fault == ("AUTHENTICATION_ERROR", "OPERATOR_INACTIVE")
    await node.hub.book.switch_party(party, on=True)
    assert (await busy(cpo, node, 1)).status == 1
    await node.change("fr-c01", addresses=("192.0.2.0/28",))
    assert (await busy(cpo, node, 2)).fault == ("AUTHENTICATION_ERROR", "IP_NOT_ALLOWED")


async def test_a_synthetic_status_states_each_half_with_its_date(node, cpo):
    name, fields = "eMIP_ToIOP_SetEVSESyntheticStatus", {"EVSEIdType": "eMI3", "EVSEId": EVSE}
    both = {"availabilityStatusEventDate": at(minutes=3), "availabilityStatus": 2,
            "busyStatusEventDate": at(minutes=1), "busyStatus": 2}  # fmt: skip
    assert (await cpo.call(node.url, name, fields)).status == 19001
    undated = {**both}
    del undated["busyStatusEventDate"]
    assert (await cpo.call(node.url, name, {**fields, **undated})).status == 19001
    assert (await evse(node)).status.availability is Availability.UNKNOWN  # neither half was kept
    assert (await cpo.call(node.url, name, {**fields, **both})).status == 1
    one = {"busyStatusEventDate": at(minutes=2), "busyStatus": 1}  # older than that half
    assert (await cpo.call(node.url, name, {**fields, **one})).status == 1
    status = (await evse(node)).status
    assert (status.availability, status.busy) == (Availability.IN_SERVICE, Busy.OCCUPIED)
    assert status.availability_at < status.busy_at


@pytest.mark.parametrize("code", [5, -1])
async def test_a_number_without_meaning_is_19001(node, cpo, code):
    for level, name in (("EVSE", EVSE), ("ChargingPool", POOL)):
        assert (await availability(cpo, node, code, level=level, id=name)).status == 19001
    assert (await busy(cpo, node, code)).status == 19001


@pytest.mark.statement("EMIP-60")
async def test_a_status_whose_time_is_over_reads_unspecified(node, cpo):
    until = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    await availability(cpo, node, 2, availabilityStatusUntil=until)
    await busy(cpo, node, 2, busyStatusUntil=until)
    asked = {"EVSEIdType": "eMI3"}
    await node.emsp("FR*E01")
    await node.agree("FR*E01", "FR*C01")
    emsp = Partner("FR*P-E01", "FR*E01")
    search = {"latitude": "45.76", "longitude": "4.84", "radius": 5, "searchAlgo": 1, "maxCount": 5}
    found = (await emsp.call(node.url, "eMIP_ToIOP_SearchEVSE", search)).fields["EVSEDescrip"]
    assert (found["availabilityStatus"], found["busyStatus"]) == ("2", "2"), asked
    node.clock.forward(minutes=11)
    found = (await emsp.call(node.url, "eMIP_ToIOP_SearchEVSE", search)).fields["EVSEDescrip"]
    assert (found["availabilityStatus"], found["busyStatus"]) == ("0", "0")
    await node.hub.sweep()
    status = (await evse(node)).status
    assert (status.availability, status.busy) == (Availability.UNKNOWN, Busy.UNKNOWN)
    await availability(cpo, node, 1)
    assert (await evse(node)).status.availability is Availability.OUT_OF_SERVICE


@pytest.mark.statement("EMIP-60")
async def test_each_half_ends_at_its_own_time_and_one_that_was_said_anew_without_an_end_goes_on(node, cpo):
    def until(minutes):
        return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()

    async def after(minutes):
        node.clock.forward(minutes=minutes)
        await node.hub.sweep()
        status = (await evse(node)).status
        return status.availability, status.busy

    await availability(cpo, node, 2, availabilityStatusUntil=until(10))
    await busy(cpo, node, 2, busyStatusUntil=until(20))
    assert await after(11) == (Availability.UNKNOWN, Busy.OCCUPIED)
    assert await after(10) == (Availability.UNKNOWN, Busy.UNKNOWN)
    await availability(cpo, node, 2, availabilityStatusUntil=until(60))
    await busy(cpo, node, 2, busyStatusUntil=until(60))
    await availability(cpo, node, 1)
    await busy(cpo, node, 1)
    assert await after(120) == (Availability.OUT_OF_SERVICE, Busy.FREE)


@pytest.mark.statement("EMIP-52")
async def test_a_status_of_pool_station_or_connector_stays_beside_that_of_the_evse(node, cpo):
    await describe(cpo, node, "ChargingStation", STATION, parent=POOL)
    await describe(cpo, node, "EVSE", EVSE, 2, {}, STATION)
    await describe(cpo, node, "ChargingConnector", CONNECTOR, parent=EVSE)
    await availability(cpo, node, 2)
    await busy(cpo, node, 1)
    for level, name in (("ChargingPool", POOL), ("ChargingStation", STATION), ("ChargingConnector", CONNECTOR)):
        assert (await availability(cpo, node, 1, at(minutes=1), level=level, id=name)).status == 1
        assert (await availability(cpo, node, 2, at(minutes=2), level=level, id=name)).status == 1  # late
    body = await evse(node)
    assert one_word(body.status) == "AVAILABLE"
    assert body.station_status.availability is Availability.OUT_OF_SERVICE
    assert body.connectors[0].status.availability is Availability.OUT_OF_SERVICE
    place = (await node.store.get(location_key(C01, "FRC01P1"))).body
    assert place.status.availability is Availability.OUT_OF_SERVICE
