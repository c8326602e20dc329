"""What a CPO's node tells a platform of its charges, and where it ends them by itself."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from interroam.core.ports import Query
from interroam.model.charges import CommandState
from interroam.model.ids import Kind
from tests.protocols.emip.cpo_office import CARD, YES, charging, evse, moment
from tests.protocols.emip.partner import Http
from tests.waiting import eventually

CDR, EVENT = "ToIOP_SetChargeDetailRecord", "ToIOP_SetSessionEventReport"


def records(cpo):
    return [one.fields["chargeDetailRecord"] for one in cpo.iop.of(CDR)]


def meters(record):
    reports = record["meterReportList"]["meterReport"]
    found = reports if isinstance(reports, list) else [reports]
    return {int(one["meterTypeId"]): (one["meterValue"], one["meterUnit"]) for one in found}


async def begun(cpo, limits=(), interim=0, **session):
    """Have a user authorized and its charge begun."""
    await cpo.furnish()
    answer = {**YES, "intermediateCDRRequested": interim}
    if limits:
        report = [{"meterTypeId": kind, "meterValue": value, "meterUnit": unit} for kind, value, unit in limits]
        answer = {**answer, "meterLimitList": {"meterReport": report}}
    status = answer.pop("requestStatus")
    cpo.iop.answers["eMIP_ToIOP_GetServiceAuthorisation"] = {**answer, "requestStatus": status}
    code, permission = await cpo.authorize()
    assert (code, permission["allowed"]) == (200, "ALLOWED"), permission
    return await cpo.charge(**session)


async def updated(cpo, **change):
    status, answer = await cpo.call("PATCH", "/sessions/FR*C01/S1", change)
    assert status == 200, answer


# -- final records -----------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-94", "EMIP-95", "EMIP-56")
async def test_a_final_record_has_time_and_energy_to_the_digit(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        await cpo.cdr(total_energy_kwh="18.3501")
        await cpo.iop.until(CDR)
        (record,) = records(cpo)
        assert record["CDRNature"] == "1"
        assert meters(record) == {1: ("65.5", "min"), 2: ("18350.1", "Wh")}
        assert (record["startTime"], record["endTime"]) == ("2026-03-02T07:58:10Z", "2026-03-02T09:03:40Z")
        assert (record["EVSEIdType"], record["EVSEId"]) == ("eMI3", "FR*C01*E1")
        assert record["execPartnerOperatorId"] == "FR*C01"
        assert (record["userIdType"], record["userId"]) == ("RFID-UID", CARD)


@pytest.mark.statement("EMIP-94", "EMIP-95")
async def test_the_cost_is_in_the_record_where_the_platform_is_to_know_it(tmp_path):
    async with charging(tmp_path, tells_cost=True) as cpo:
        await begun(cpo)
        await cpo.cdr(total_cost={"excl_vat": "12345.10"}, total_energy_kwh="1000000")
        await cpo.iop.until(CDR)
        (record,) = records(cpo)
        assert meters(record) == {1: ("65.5", "min"), 2: ("1000000000", "Wh"), 3: ("12345.10", "EUR")}


@pytest.mark.statement("EMIP-100")
async def test_a_charge_never_has_two_final_records(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        await cpo.cdr("C1")
        await cpo.iop.until(CDR, within=1.0)  # at once
        await cpo.cdr("C2", total_energy_kwh="19")
        await cpo.node.settled()
        await cpo.node.restart()
        await cpo.cdr("C3", total_energy_kwh="20")
        await cpo.node.settled()
        assert len(records(cpo)) == 1
        shelved = await cpo.shelf()
        assert len(shelved) == 2
        assert shelved[0].message == (
            "CDR C2, 10.10 EUR, comes after CDR C1, the one final record that a charge has in eMIP; "
            "settle it with FR*E01 without eMIP, by a credit note or an invoice; then drop this entry"
        )


@pytest.mark.statement("EMIP-100")
async def test_a_record_that_the_platform_refused_may_be_followed_by_a_better_one(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        ok = {"serviceSessionId": "iop-s-1", "requestStatus": 1}
        cpo.iop.answers["eMIP_" + CDR] = [{"serviceSessionId": "", "requestStatus": 19006}, ok]
        await cpo.cdr("C1")
        await cpo.cdr("C2", total_energy_kwh="19")
        await cpo.iop.until(CDR, 2)
        await cpo.node.settled()
        assert [meters(one)[2][0] for one in records(cpo)] == ["18350", "19000"]
        assert len(await cpo.shelf()) == 1


@pytest.mark.statement("EMIP-45", "EMIP-47", "EMIP-133")
async def test_a_record_outlives_an_outage_and_a_restart_and_keeps_its_transaction(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        cpo.iop.answers["eMIP_" + CDR] = Http(503)
        await cpo.cdr()
        await cpo.iop.until(CDR)
        await cpo.node.restart()
        cpo.iop.answers["eMIP_" + CDR] = {"serviceSessionId": "iop-s-1", "requestStatus": 1}
        cpo.clock.forward(minutes=10)
        await cpo.iop.until(CDR, 2)
        await cpo.node.settled()
        assert len({one.raw for one in cpo.iop.of(CDR)}) == 1
        assert not await cpo.shelf()


@pytest.mark.statement("EMIP-56")
async def test_an_evse_without_an_emi3_id_has_one_in_every_message(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        await cpo.furnish({**evse("left_bay"), "evse_id": None})
        answer = {**YES, "serviceSessionId": "iop-s-2", "intermediateCDRRequested": 1}
        cpo.iop.answers["eMIP_ToIOP_GetServiceAuthorisation"] = answer
        await cpo.authorize("04A1B2C3D4E5F7", evse_uid="left_bay")
        await cpo.charge("iop-s-2", evse_uid="left_bay")
        cpo.clock.forward(minutes=16)
        await cpo.iop.until(CDR)
        await cpo.cdr("C2", authorization_reference="iop-s-2", evse_uid="left_bay")
        await cpo.iop.until(CDR, 2)
        status = cpo.iop.of("ToIOP_SetEVSEAvailabilityStatus")[-1].fields
        asked = cpo.iop.of("ToIOP_GetServiceAuthorisation")[-1].fields
        told = [status, asked, *records(cpo)]
        assert [one["EVSEIdType"] for one in told] == ["eMI3"] * 4
        (name,) = {one["EVSEId"] for one in told}
        assert re.fullmatch(r"FR\*C01\*E[A-Z0-9][A-Z0-9*]{0,30}", name)


@pytest.mark.statement("EMIP-46")
async def test_no_record_overtakes_that_of_another_charge_which_is_not_answered(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        cpo.iop.answers["eMIP_ToIOP_GetServiceAuthorisation"] = {**YES, "serviceSessionId": "iop-s-2"}
        await cpo.authorize("04A1B2C3D4E5F7")
        tries = [Http(503)] * 3
        ok = {"serviceSessionId": "iop-s-1", "requestStatus": 1}
        cpo.iop.answers["eMIP_" + CDR] = lambda _: tries.pop() if tries else ok
        await cpo.cdr("C1")
        await cpo.cdr("C2", session_id="S2", authorization_reference="iop-s-2", total_energy_kwh="2")
        await cpo.iop.until(CDR, 5)
        assert [meters(one)[2][0] for one in records(cpo)] == ["18350"] * 4 + ["2000"]


# -- intermediate records ----------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-99", "EMIP-105", "EMIP-94")
async def test_a_charge_is_recorded_every_quarter_of_an_hour_from_its_start_where_that_is_wanted(tmp_path):
    async with charging(tmp_path) as cpo:
        start = cpo.clock.now()
        await begun(cpo, interim=1)
        started = cpo.clock.now()
        cpo.clock.forward(minutes=14)
        await asyncio.sleep(0.1)
        assert not records(cpo)
        cpo.clock.forward(minutes=1.1)
        await cpo.iop.until(CDR)
        await updated(cpo, energy_kwh="4.25")
        cpo.clock.forward(minutes=15.1)
        await cpo.iop.until(CDR, 2)
        first, second = records(cpo)
        assert first["CDRNature"] == second["CDRNature"] == "2"
        assert moment(start) <= first["startTime"] == second["startTime"] <= moment(started)
        assert moment(started + timedelta(minutes=15)) <= first["endTime"]
        assert moment(started + timedelta(minutes=30)) <= second["endTime"] <= moment(cpo.clock.now())
        assert meters(first)[2] == ("1500", "Wh")
        assert meters(second)[2] == ("4250", "Wh")
        assert 15 <= float(meters(first)[1][0]) < 16
        assert 30 <= float(meters(second)[1][0]) < 32
        await cpo.cdr(starts=moment(start), ends=moment(cpo.clock.now()))
        await cpo.iop.until(CDR, 3)
        cpo.clock.forward(minutes=16)
        await asyncio.sleep(0.1)
        assert [one["CDRNature"] for one in records(cpo)] == ["2", "2", "1"]
        await cpo.node.restart()
        kept = [one for one in await cpo.node.store.entries(0) if one.wire is not None and one.wire.room == "emip"]
        assert len([one for one in kept if one.key.kind == "session"]) == 2


@pytest.mark.statement("EMIP-99")
async def test_how_often_is_a_switch_and_nobody_is_told_who_did_not_ask(tmp_path):
    async with charging(tmp_path, intermediate_minutes=5) as cpo:
        await begun(cpo, interim=1)
        cpo.clock.forward(minutes=5.1)
        await cpo.iop.until(CDR)
    async with charging(tmp_path / "other", intermediate_minutes=5) as cpo:
        await begun(cpo)
        cpo.clock.forward(minutes=20)
        await asyncio.sleep(0.2)
        assert not records(cpo)


@pytest.mark.statement("EMIP-99", "EMIP-46")
async def test_intermediate_records_wait_in_their_order_while_the_platform_is_away(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo, interim=1)
        await cpo.node.settled()
        await cpo.iop.stop()
        for _ in range(2):
            cpo.clock.forward(minutes=15.1)
            await asyncio.sleep(0.1)
        await cpo.cdr()
        await cpo.node.restart()
        await cpo.iop.start()
        cpo.clock.forward(minutes=1)
        await cpo.iop.until(CDR, 3)
        assert [one["CDRNature"] for one in records(cpo)] == ["2", "2", "1"]
        assert meters(records(cpo)[0])[1] != meters(records(cpo)[1])[1]


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-98")
async def test_a_charge_is_stopped_when_its_energy_is_used_up(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo, [(2, "20000", "Wh")])
        await updated(cpo, energy_kwh="19.999")
        await asyncio.sleep(0.1)
        assert not cpo.asked
        await updated(cpo, energy_kwh="20")
        stop = await cpo.until("stop", within=2)
        assert stop["session_id"] == "S1"
        await asyncio.sleep(0.1)
        assert len(cpo.asked) == 1


async def test_the_event_of_the_end_says_which_limit_was_reached(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        await begun(cpo, [(2, "20000", "Wh")])
        await updated(cpo, energy_kwh="20")
        await cpo.until("stop", within=2)
        await updated(cpo, energy_kwh="20", status="COMPLETED")
        started, ended = await cpo.iop.until(EVENT, 2)
        assert "sessionEventParameter" not in started.fields["sessionEvent"]
        assert ended.fields["sessionEvent"]["sessionEventParameter"] == "2: 20000 Wh"


@pytest.mark.statement("EMIP-98")
async def test_a_charge_is_stopped_when_its_time_is_up_though_nobody_says_anything(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo, [(1, "60", "min")])
        cpo.clock.forward(minutes=59.5)
        await asyncio.sleep(0.1)
        assert not cpo.asked
        await cpo.node.restart()
        cpo.clock.forward(minutes=1)
        await cpo.until("stop")


@pytest.mark.statement("EMIP-98")
async def test_a_stop_under_way_is_finished_though_another_platform_is_wired_anew(tmp_path):
    asked, free = asyncio.Event(), asyncio.Event()

    async def slow(_said):
        asked.set()
        await free.wait()
        return {"result": "ACCEPTED"}

    async with charging(tmp_path) as cpo:
        await cpo.node.platform(cpo.iop.url, party="DE*999", id="other")
        cpo.answers["stop"] = slow
        await cpo.node.app.links["iop"].tick()  # from now on statements are followed at once
        await begun(cpo, [(2, "20000", "Wh")])
        await updated(cpo, energy_kwh="20")
        await asyncio.wait_for(asked.wait(), 2)
        former = cpo.node.app.links["other"]
        await cpo.node.change("other", switches={"heartbeats": False})
        assert cpo.node.app.links["other"] is not former
        await asyncio.sleep(0.1)
        free.set()

        async def acknowledged():
            page = await cpo.node.store.page(Query(kind=Kind.COMMAND))
            return [row.body.state for row in page.items] == [CommandState.PENDING]

        await eventually(acknowledged, within=2)


@pytest.mark.statement("EMIP-98")
@pytest.mark.parametrize(
    ("limit", "below", "above"),
    [
        ((3, "5.00", "EUR"), {"total_cost": {"excl_vat": "4.99"}}, {"total_cost": {"excl_vat": "5.00"}}),
        (
            (5, "30", "min"),
            {"periods": [{"starts": "BEGIN", "dimensions": [{"type": "PARKING_TIME", "volume": "0.6"}]}]},
            {"periods": [{"starts": "BEGIN", "dimensions": [{"type": "TIME", "volume": "0.5"}]}]},
        ),
        (
            (1011, "30", "min"),
            {"periods": [{"starts": "BEGIN", "dimensions": [{"type": "ENERGY", "volume": "2"}]}]},
            {"periods": [{"starts": "BEGIN", "dimensions": [{"type": "POWER", "volume": "11"}]}]},
        ),
    ],
)
async def test_a_charge_is_stopped_by_cost_and_by_time_of_power(tmp_path, limit, below, above):
    async with charging(tmp_path) as cpo:
        start = moment(cpo.clock.now())
        await begun(cpo, [(1, "600", "min"), limit])
        begins = {"starts": start}
        for change, asked, later in ((below, 0, 31), (above, 1, 0)):
            told = {
                name: [{**one, **begins} for one in value] if name == "periods" else value
                for name, value in change.items()
            }
            cpo.asked.clear()
            await updated(cpo, **told)
            cpo.clock.forward(minutes=later)
            await asyncio.sleep(0.3)
            assert len(cpo.asked) == asked, (change, cpo.asked)


# -- events ------------------------------------------------------------------------------------------------------------


def events(cpo):
    return [one.fields["sessionEvent"]["sessionEventNature"] for one in cpo.iop.of(EVENT)]


@pytest.mark.statement("EMIP-92")
async def test_the_course_of_a_charge_is_reported_from_its_session(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        await begun(cpo)
        await cpo.iop.until(EVENT)
        begins = moment(cpo.clock.now())
        rest = [{"starts": begins, "dimensions": [{"type": "PARKING_TIME", "volume": "0.1"}]}]
        await updated(cpo, energy_kwh="2")
        await updated(cpo, periods=rest)
        await cpo.iop.until(EVENT, 2)
        await updated(cpo, periods=[*rest, {"starts": begins, "dimensions": [{"type": "ENERGY", "volume": "1"}]}])
        await updated(cpo, status="COMPLETED", ends=moment(cpo.clock.now()))
        await cpo.iop.until(EVENT, 4)
        await cpo.node.settled()
        assert events(cpo) == ["11", "2", "3", "12"]
        one = cpo.iop.of(EVENT)[0].fields
        assert one["serviceSessionId"] == "iop-s-1"
        assert one["execPartnerSessionId"]
        assert one["sessionEvent"]["sessionEventId"]
        assert "relatedSessionActionId" not in one["sessionEvent"]


async def test_no_course_is_reported_unless_the_switch_says_so(tmp_path):
    async with charging(tmp_path) as cpo:
        await begun(cpo)
        await updated(cpo, status="COMPLETED")
        await cpo.cdr()
        await cpo.iop.until(CDR)
        assert not events(cpo)


async def test_an_event_that_is_refused_holds_nothing_up(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        cpo.iop.answers["eMIP_" + EVENT] = {"serviceSessionId": "", "sessionActionId": "", "requestStatus": 10503}
        await begun(cpo)
        await cpo.cdr()
        await cpo.iop.until(CDR)
        assert events(cpo) == ["11"]
        assert not await cpo.shelf()
