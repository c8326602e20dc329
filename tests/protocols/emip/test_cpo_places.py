"""What a CPO's node tells a platform of its places."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from interroam.core.audit import LOCAL
from interroam.model.ids import Module
from tests.protocols.emip.cpo_office import STATIC, charging, evse, location, moment
from tests.protocols.emip.partner import Fault, Http
from tests.waiting import eventually

AVAILABILITY, BUSY = "ToIOP_SetEVSEAvailabilityStatus", "ToIOP_SetEVSEBusyStatus"


def said(asked, *names):
    return [tuple(one.fields[name] for name in names) for one in asked]


@pytest.mark.statement("EMIP-53")
async def test_a_status_goes_at_once_and_only_the_half_that_changed(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        assert said(cpo.iop.of(AVAILABILITY), "EVSEId", "availabilityStatus") == [
            ("FR*C01*E1", "2"),
            ("FR*C01*E2", "2"),
        ]
        assert said(cpo.iop.of(BUSY), "EVSEId", "busyStatus") == [("FR*C01*E1", "1"), ("FR*C01*E2", "1")]
        cpo.iop.asked.clear()
        await cpo.status("1", "CHARGING")
        (busy,) = await cpo.iop.until(BUSY, within=1.0)
        assert (busy.fields["EVSEId"], busy.fields["busyStatus"]) == ("FR*C01*E1", "2")
        await cpo.status("1", "OUTOFORDER")
        (out,) = await cpo.iop.until(AVAILABILITY, within=1.0)
        assert out.fields["availabilityStatus"] == "1"
        await cpo.node.settled()
        assert len(cpo.iop.of(BUSY)) == 1
        assert len(cpo.iop.of(AVAILABILITY)) == 1


@pytest.mark.statement("EMIP-53", "EMIP-48")
async def test_a_half_has_the_time_of_its_change_and_one_that_is_refused_keeps_none_back(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1", "CHARGING"))
        cpo.clock.forward(minutes=20)
        await cpo.status("1", "OUTOFORDER", at=moment(cpo.clock.now() - timedelta(minutes=15)))
        await cpo.node.settled()
        cpo.iop.asked.clear()
        cpo.iop.answers[f"eMIP_{AVAILABILITY}"] = {"requestStatus": 10601}
        at = moment(cpo.clock.now() - timedelta(minutes=5))
        await cpo.status("1", "AVAILABLE", at=at)
        (busy,) = await cpo.iop.until(BUSY)
        (availability,) = cpo.iop.of(AVAILABILITY)
        assert [one.fields["statusEventDate"] for one in (availability, busy)] == [at, at]
        assert (availability.fields["availabilityStatus"], busy.fields["busyStatus"]) == ("2", "1")
        (refused,) = await eventually(cpo.shelf)
        assert "10601" in refused.message


@pytest.mark.statement("EMIP-56", "EMIP-58")
async def test_what_is_planned_is_announced_as_future_under_an_emi3_id(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1"), {**evse("soon_2", "PLANNED"), "evse_id": None})
        planned = cpo.iop.of(AVAILABILITY)[1].fields
        assert planned["availabilityStatus"] == "3"
        assert planned["EVSEIdType"] == "eMI3"
        assert planned["EVSEId"].startswith("FR*C01*ESOON2*")
        await cpo.status("soon_2", "AVAILABLE")
        ready = (await cpo.iop.until(AVAILABILITY, 3))[-1].fields
        assert (ready["EVSEId"], ready["availabilityStatus"]) == (planned["EVSEId"], "2")


@pytest.mark.statement("EMIP-54")
async def test_an_outage_of_a_whole_site_is_one_status_for_each_of_its_evses(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1"), evse("2"), evse("3"))
        cpo.iop.asked.clear()
        status, answer = await cpo.call(
            "POST", "/statuses", [{"party": "FR*C01", "location_id": "L1", "status": "OUTOFORDER"}]
        )
        assert status == 200, answer
        assert answer["counts"] == {"recorded": 1}
        await cpo.node.settled()
        assert said(cpo.iop.of(AVAILABILITY), "EVSEId", "availabilityStatus") == [
            (f"FR*C01*E{n}", "1") for n in (1, 2, 3)
        ]
        assert not [one for one in cpo.iop.asked if "Pool" in one.name or "Station" in one.name]


@pytest.mark.statement("EMIP-54")
async def test_an_outage_stated_with_a_whole_site_is_one_status_for_each_evse(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1"), evse("2"), evse("3"))
        cpo.iop.asked.clear()
        out = [evse(uid, "INOPERATIVE") for uid in "123"]
        await cpo.put("/locations/FR*C01/L1", {**location(*out), "name": "Closed for now"})
        await cpo.node.settled()
        assert said(cpo.iop.of(AVAILABILITY), "EVSEId", "availabilityStatus") == [
            (f"FR*C01*E{n}", "1") for n in (1, 2, 3)
        ]


@pytest.mark.statement("EMIP-55")
async def test_a_re_init_sends_every_status_of_every_evse_in_new_messages(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1", "CHARGING"), evse("2", "OUTOFORDER"))
        first = {one.fields["transactionId"] for one in cpo.iop.asked}
        cpo.iop.asked.clear()
        count = await cpo.node.app.office.upkeep.push(LOCAL, "iop", Module.LOCATIONS)
        assert count == 1
        await cpo.iop.until(BUSY, 2)
        assert said(cpo.iop.of(AVAILABILITY), "EVSEId", "availabilityStatus") == [
            ("FR*C01*E1", "2"),
            ("FR*C01*E2", "1"),
        ]
        assert said(cpo.iop.of(BUSY), "EVSEId", "busyStatus") == [("FR*C01*E1", "2"), ("FR*C01*E2", "0")]
        again = {one.fields["transactionId"] for one in cpo.iop.asked}
        assert len(again) == 4
        assert not again & first


def static(cpo):
    """What was described, in the order in which it came."""
    found = []
    for one in cpo.iop.asked:
        level = one.name.removeprefix("eMIP_ToIOP_Set").removesuffix("StaticData")
        if level in STATIC:
            found.append((level, one.fields["actionType"]))
    return found


@pytest.mark.statement("EMIP-57", "EMIP-129")
async def test_what_is_new_is_described_from_the_pool_down_and_what_changed_from_the_connectors_up(tmp_path):
    async with charging(tmp_path, sends_places=True) as cpo:
        await cpo.furnish(evse("1"))
        assert static(cpo) == [(level, "1") for level in STATIC]
        pool, station, point, plug = cpo.iop.asked[:4]
        assert station.fields["parentId"] == pool.fields["ChargingPoolId"]
        assert point.fields["parentId"] == station.fields["ChargingStationId"]
        assert plug.fields["parentId"] == point.fields["EVSEId"] == "FR*C01*E1"
        assert "parentId" not in pool.fields
        cpo.iop.asked.clear()
        faster = evse("1")
        faster["connectors"][0] |= {"amperage_a": 63, "standard": "IEC_62196_T2_COMBO"}
        await cpo.put("/locations/FR*C01/L1", {**location(faster), "name": "Garage"})
        await cpo.iop.until("ToIOP_SetChargingPoolStaticData")
        assert static(cpo) == [("ChargingConnector", "2"), ("EVSE", "2"), ("ChargingPool", "2")]
        cpo.iop.asked.clear()
        faster["connectors"][0] |= {"amperage_a": 32, "standard": "IEC_62196_T2"}
        moved = {"latitude": "45.8", "longitude": "4.9"}
        await cpo.put("/locations/FR*C01/L1", {**location(faster), "name": "Garage 2", "coordinates": moved})
        await cpo.iop.until("ToIOP_SetChargingPoolStaticData")
        assert static(cpo) == [(level, "2") for level in reversed(STATIC)]
        cpo.iop.asked.clear()
        await cpo.put("/locations/FR*C01/L1", location(evse("9")))
        await cpo.node.settled()
        assert static(cpo)[-2:] == [("ChargingConnector", "3"), ("EVSE", "3")]
        assert ("EVSE", "1") in static(cpo)


@pytest.mark.statement("EMIP-129")
async def test_what_goes_is_not_deleted_before_it_was_there(tmp_path):
    async with charging(tmp_path, sends_places=True) as cpo:
        await cpo.furnish(evse("1"))
        cpo.node.clock.forward(hours=1)
        await cpo.put("/locations/FR*C01/L1/evses/3", evse("3"))
        await cpo.node.settled()
        cpo.node.clock.forward(hours=1)
        await cpo.put("/locations/FR*C01/L1/evses/3", evse("3", "REMOVED"))
        await cpo.node.settled()
        for level in ("EVSE", "ChargingConnector"):
            named = [one.fields for one in cpo.iop.of(f"ToIOP_Set{level}StaticData") if "3" in one.fields[f"{level}Id"]]
            assert [one["actionType"] for one in named] == ["1", "3"]
            came, went = (datetime.fromisoformat(one["actionDateTime"]) for one in named)
            assert went - came >= timedelta(minutes=59)


async def test_an_evse_that_was_given_another_uid_is_not_deleted(tmp_path):
    async with charging(tmp_path, sends_places=True) as cpo:
        await cpo.furnish(evse("1"))
        cpo.iop.asked.clear()
        await cpo.furnish({**evse("new", "CHARGING"), "evse_id": "FR*C01*E1"})  # and "1" is left out
        await cpo.status("new", "OUTOFORDER")
        await cpo.node.settled()
        assert ("EVSE", "3") not in static(cpo)
        assert said(cpo.iop.of(AVAILABILITY), "EVSEId", "availabilityStatus")[-1] == ("FR*C01*E1", "1")
        assert "4" not in {one.fields["availabilityStatus"] for one in cpo.iop.of(AVAILABILITY)}
        assert said(cpo.iop.of(BUSY), "EVSEId", "busyStatus") == [("FR*C01*E1", "2")]


@pytest.mark.statement("EMIP-57", "EMIP-129")
@pytest.mark.parametrize("order", ["new first", "old first"])
async def test_an_evse_moves_to_another_site_by_being_deleted_and_inserted(tmp_path, order):
    async with charging(tmp_path, sends_places=True) as cpo:
        await cpo.furnish()
        cpo.iop.asked.clear()
        sites = [("L2", location(evse("2"))), ("L1", location(evse("1")))]
        for name, body in sites if order == "new first" else sites[::-1]:
            await cpo.put(f"/locations/FR*C01/{name}", body)
            await cpo.node.settled()
        for level, name in (("EVSE", "FR*C01*E2"), ("ChargingConnector", "FR*C01*X2*1")):
            named = [
                one.fields for one in cpo.iop.of(f"ToIOP_Set{level}StaticData") if one.fields[f"{level}Id"] == name
            ]
            assert [one["actionType"] for one in named] == ["3", "1"]
        states = [one.fields for one in cpo.iop.of(AVAILABILITY) if one.fields["EVSEId"] == "FR*C01*E2"]
        assert states[-1]["availabilityStatus"] == "2"


@pytest.mark.statement("EMIP-129")
async def test_descriptions_stay_here_where_the_platform_takes_none(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        assert not static(cpo)
        assert len(cpo.iop.of(AVAILABILITY)) == 2


@pytest.mark.statement("EMIP-45", "EMIP-46", "EMIP-47")
async def test_what_nobody_answered_is_sent_in_its_order_after_a_restart(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        await cpo.iop.stop()
        cpo.iop.asked.clear()
        for word in ("CHARGING", "AVAILABLE", "CHARGING", "OUTOFORDER"):
            await cpo.status("1", word)
        await cpo.status("2", "CHARGING")
        await cpo.node.restart()
        assert not cpo.iop.asked
        await cpo.iop.start()
        await cpo.iop.until(BUSY, 4)
        await cpo.node.settled()
        told = [
            (one.fields["EVSEId"], one.fields.get("busyStatus") or f"out {one.fields['availabilityStatus']}")
            for one in cpo.iop.asked
            if "Status" in one.name
        ]
        assert told == [("FR*C01*E1", value) for value in ("2", "1", "2", "out 1")] + [("FR*C01*E2", "2")]


@pytest.mark.statement("EMIP-48", "EMIP-133", "EMIP-21")
async def test_a_message_is_tried_again_under_its_id_until_somebody_answers_and_no_longer(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        assert len({one.fields["transactionId"] for one in cpo.iop.asked}) == len(cpo.iop.asked) == 4
        cpo.iop.asked.clear()
        cpo.iop.answers["eMIP_ToIOP_SetEVSEBusyStatus"] = [
            Http(502),
            Fault(),
            {"requestStatus": 10601},
            {"requestStatus": 1},
        ]
        await cpo.status("1", "CHARGING")
        await cpo.status("2", "CHARGING")
        tries = await cpo.iop.until(BUSY, 4)
        await cpo.node.settled()
        assert [one.fields["EVSEId"] for one in tries] == ["FR*C01*E1"] * 3 + ["FR*C01*E2"]
        ids = [one.fields["transactionId"] for one in tries]
        assert ids[0] == ids[1] == ids[2] != ids[3]
        assert tries[0].raw == tries[1].raw == tries[2].raw
        (refused,) = await cpo.shelf()
        assert "10601" in refused.message
        echoed = await cpo.node.traces(ids[3])
        assert [one.code for one in echoed] == ["200/1"]


@pytest.mark.statement("EMIP-23")
async def test_without_an_id_of_ours_the_trace_is_under_the_platforms(tmp_path):
    async with charging(tmp_path, sends_transactions=False) as cpo:
        cpo.iop.answers["eMIP_ToIOP_SetEVSEBusyStatus"] = {"transactionId": "theirs-77", "requestStatus": 1}
        await cpo.furnish(evse("1"))
        (busy,) = cpo.iop.of(BUSY)
        assert "transactionId" not in busy.fields
        (trace,) = await cpo.node.traces("theirs-77")
        assert trace.correlation == "theirs-77"
        assert trace.operation == "eMIP_ToIOP_SetEVSEBusyStatus"


@pytest.mark.statement("EMIP-45", "EMIP-46", "EMIP-133")
async def test_a_description_goes_on_after_an_outage_where_it_was(tmp_path):
    async with charging(tmp_path, sends_places=True) as cpo:
        ok = {"requestStatus": 1}
        cpo.iop.answers["eMIP_ToIOP_SetEVSEStaticData"] = [Http(503), Http(503), ok]
        await cpo.put("/locations/FR*C01/L1", location(evse("1"), evse("2")))
        await cpo.iop.until("ToIOP_SetEVSEStaticData")
        await cpo.status("1", "CHARGING")
        await cpo.node.restart()
        cpo.clock.forward(minutes=1)
        await cpo.iop.until("ToIOP_SetChargingConnectorStaticData", 2)
        assert len(cpo.iop.of("ToIOP_SetChargingPoolStaticData")) == 1
        points = cpo.iop.of("ToIOP_SetEVSEStaticData")
        assert [one.fields["EVSEId"][-1] for one in points] == ["1", "1", "1", "2"]
        assert len({one.raw for one in points}) == 2


@pytest.mark.statement("EMIP-46")
async def test_no_place_overtakes_another_whose_message_is_not_answered(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1"))
        await cpo.put("/locations/FR*C01/L2", location(evse("9")))
        await cpo.node.settled()
        cpo.iop.asked.clear()
        tries = [Http(503)] * 3
        ok = {"requestStatus": 1}
        cpo.iop.answers["eMIP_ToIOP_SetEVSEBusyStatus"] = lambda asked: (
            tries.pop() if tries and asked.fields["EVSEId"] == "FR*C01*E1" else ok
        )
        await cpo.status("1", "CHARGING")
        await cpo.status("9", "CHARGING", location_id="L2")
        asked = await cpo.iop.until(BUSY, 5)
        assert [one.fields["EVSEId"][-1] for one in asked] == ["1", "1", "1", "1", "9"]
