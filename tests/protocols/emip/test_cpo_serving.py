"""What a platform asks of a CPO's node: to start a charge, and to do something with it."""

from __future__ import annotations

import asyncio
import time

import pytest

from interroam.core.hub import Deadlines
from interroam.protocols.emip.cpo import serving
from tests.protocols.emip.cpo_office import CARD, OPERATOR, charging, evse, moment

EVENT, CDR = "ToIOP_SetSessionEventReport", "ToIOP_SetChargeDetailRecord"
START = {
    "EVSEIdType": "eMI3",
    "EVSEId": "FR*C01*E1",
    "userIdType": "RFID-UID",
    "userId": CARD,
    "requestedServiceId": "1",
    "serviceSessionId": "iop-s-1",
    "authorisationValue": 1,
    "intermediateCDRRequested": 0,
}


def action(nature=1, id="act-1", session="iop-s-1", **more):
    inner = {"sessionActionNature": nature, "sessionActionId": id, "sessionActionDateTime": "2026-03-02T08:00:00Z"}
    return {"serviceSessionId": session, "sessionAction": {**inner, **more}}


async def act(cpo, *args, **more):
    return await cpo.ask("SetSessionActionRequest", action(*args, **more))


async def started(cpo):
    await cpo.furnish()
    answer = await cpo.ask("SetServiceAuthorisation", START)
    assert answer.status == 1, answer.raw
    await cpo.charge()
    return answer


# -- start -------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-87", "EMIP-89", "EMIP-92")
async def test_a_charge_is_started_at_the_back_office_under_an_id_of_our_own(tmp_path):
    async with charging(tmp_path) as cpo:
        answer = await started(cpo)
        own = answer.fields["partnerServiceSessionId"]
        assert own
        asked = await cpo.until("start")
        assert (asked["location_id"], asked["evse_uids"]) == ("L1", ["1"])
        assert asked["authorization_reference"] == "iop-s-1"
        assert (asked["token"]["uid"], asked["token"]["party"]) == (CARD, "FR*E01")
        await cpo.node.restart()
        await cpo.cdr()
        (record,) = await cpo.iop.until(CDR)
        sent = record.fields["chargeDetailRecord"]
        assert (sent["serviceSessionId"], sent["execPartnerSessionId"]) == ("iop-s-1", own)
        assert (sent["userIdType"], sent["userId"]) == ("RFID-UID", CARD)


@pytest.mark.statement("EMIP-87")
@pytest.mark.parametrize("value", [0, 2, 3])
async def test_any_other_value_starts_nothing(tmp_path, value):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        answer = await cpo.ask("SetServiceAuthorisation", {**START, "authorisationValue": value})
        assert answer.status == 19004
        assert not cpo.asked
        assert not await cpo.node.hub.authorization("iop-s-1")


async def test_service_0_starts_nothing(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        answer = await cpo.ask("SetServiceAuthorisation", {**START, "requestedServiceId": "0"})
        assert answer.status == 19003
        assert not cpo.asked
        assert not await cpo.node.hub.authorization("iop-s-1")


@pytest.mark.statement("EMIP-87")
@pytest.mark.parametrize(
    ("place", "answer", "status"),
    [
        ("FR*C01*E1", {"result": "REJECTED"}, 205),
        ("FR*C01*E1", {"result": "NOT_SUPPORTED"}, 205),
        ("FR*C01*E77", {"result": "ACCEPTED"}, 205),
        ("FR*C01*E2", {"result": "ACCEPTED"}, 206),
    ],
)
async def test_a_refusal_says_whether_the_service_or_the_evse_is_missing(tmp_path, place, answer, status):
    async with charging(tmp_path) as cpo:
        await cpo.furnish(evse("1"), evse("2", "OUTOFORDER"))
        cpo.answers["start"] = answer
        got = await cpo.ask("SetServiceAuthorisation", {**START, "EVSEId": place})
        assert got.status == status
        assert len(cpo.asked) == (place == "FR*C01*E1")


@pytest.mark.statement("EMIP-87")
@pytest.mark.parametrize(("result", "status"), [("EVSE_OCCUPIED", 205), ("TIMEOUT", 206), ("ACCEPTED", 1)])
async def test_an_outcome_that_comes_in_time_decides(tmp_path, result, status):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()

        async def begin(question):
            async def later():
                await asyncio.sleep(0.1)
                await cpo.call("POST", f"/outcomes/{question['command']}", {"result": result})

            cpo.later = asyncio.create_task(later())
            return {"result": "ACCEPTED", "within": 10}

        cpo.answers["start"] = begin
        assert (await cpo.ask("SetServiceAuthorisation", START)).status == status


@pytest.mark.statement("EMIP-40", "EMIP-87")
async def test_the_answer_is_there_in_time_though_the_back_office_hangs(tmp_path, monkeypatch):
    assert serving.PATIENCE_S <= 5.0
    monkeypatch.setattr(serving, "PATIENCE_S", 1.0)
    patient = {"deadlines": Deadlines(partner=20.0, door=30.0, command=30.0)}
    async with charging(tmp_path, node=patient) as cpo:
        await cpo.furnish()

        async def hang(_):
            await asyncio.sleep(2)

        cpo.answers["start"] = hang
        began = time.monotonic()
        answer = await cpo.ask("SetServiceAuthorisation", START)
        assert time.monotonic() - began < 1.0
        assert answer.status == 206
        await cpo.charge()  # it started all the same
        assert (await cpo.until("stop"))["session_id"] == "S1"


@pytest.mark.statement("EMIP-40")
async def test_the_answer_is_quick_where_the_back_office_is(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        cpo.answers["start"] = {"result": "REJECTED"}
        began = time.monotonic()
        await cpo.ask("SetServiceAuthorisation", START)
        assert time.monotonic() - began < 0.8


@pytest.mark.statement("EMIP-117")
async def test_what_is_meant_for_somebody_else_is_refused(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        answer = await cpo.ask("SetServiceAuthorisation", START, target="FR*C99")
        assert answer.status == 19010
        assert not cpo.asked
        assert (await cpo.ask("SetServiceAuthorisation", START, target="frc01")).status == 1


@pytest.mark.statement("EMIP-122")
@pytest.mark.parametrize(("services", "status"), [("-FR*C01:", 19007), ("-FR*E01:", 1)])
async def test_what_is_off_for_the_operator_that_is_meant_is_not_served(tmp_path, services, status):
    async with charging(tmp_path, services=f"{services}FromIOP_SetServiceAuthorisation") as cpo:
        await cpo.furnish()
        assert (await cpo.ask("SetServiceAuthorisation", START)).status == status


@pytest.mark.statement("EMIP-98")
async def test_limits_of_a_remote_start_hold(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        report = {"meterTypeId": 2, "meterValue": "3000", "meterUnit": "Wh"}
        await cpo.ask("SetServiceAuthorisation", {**START, "meterLimitList": {"meterReport": report}})
        assert cpo.asked[0]["limits"] == [{"type": "energy", "value": "3000", "unit": "Wh"}]
        await cpo.charge(energy_kwh="3")
        await cpo.until("stop")


# -- do something ------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-113")
@pytest.mark.parametrize("nature", [0, 1])
async def test_a_charge_is_stopped_by_the_natures_0_and_1(tmp_path, nature):
    async with charging(tmp_path) as cpo:
        await started(cpo)
        await cpo.put("/webhook", {"url": cpo.hook, "questions": ["start", "stop"], "facts": False})

        async def stopped(question):
            cpo.later = asyncio.create_task(
                cpo.call("POST", f"/outcomes/{question['command']}", {"result": "ACCEPTED"})
            )
            return {"result": "ACCEPTED"}

        cpo.answers["stop"] = stopped
        answer = await act(cpo, nature)
        assert answer.status == 1, answer.raw
        assert (await cpo.until("stop"))["session_id"] == "S1"


@pytest.mark.statement("EMIP-113")
async def test_a_nature_that_the_back_office_does_not_know_is_10506(tmp_path):
    async with charging(tmp_path) as cpo:
        await started(cpo)
        await cpo.put("/webhook", {"url": cpo.hook, "questions": ["start", "stop"], "facts": False})
        cpo.asked.clear()
        for nature in (2, 3, 42):
            assert (await act(cpo, nature)).status == 10506
        assert not cpo.asked


@pytest.mark.statement("EMIP-113")
@pytest.mark.parametrize(("nature", "status"), [(2, 10506), (42, 10506), (1, 205), (0, 205)])
async def test_a_nature_that_is_refused_as_not_offered_is_10506_but_for_those_that_must_be_known(
    tmp_path, nature, status
):
    async with charging(tmp_path) as cpo:
        await started(cpo)
        cpo.answers["act"] = {"result": "NOT_SUPPORTED"}
        assert (await act(cpo, nature)).status == status


@pytest.mark.statement("EMIP-113")
async def test_a_back_office_that_follows_charges_live_is_asked_for_any_nature(tmp_path):
    async with charging(tmp_path) as cpo:
        await started(cpo)
        assert (await act(cpo, 2, "act-2")).status == 1
        asked = await cpo.until("act")
        assert (asked["nature"], asked["id"], asked["session_id"]) == ("SUSPEND", "act-2", "S1")


@pytest.mark.statement("EMIP-113")
async def test_an_unknown_charge_is_10501_and_a_refused_stop_205(tmp_path):
    async with charging(tmp_path) as cpo:
        await started(cpo)
        await cpo.put("/webhook", {"url": cpo.hook, "questions": ["start", "stop"], "facts": False})
        assert (await act(cpo, 1, session="nobody-knows")).status == 10501
        cpo.answers["stop"] = {"result": "REJECTED"}
        assert (await act(cpo, 1)).status == 205


@pytest.mark.statement("EMIP-116")
async def test_an_event_that_an_action_caused_names_it(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        await started(cpo)
        await cpo.iop.until(EVENT)
        assert (await act(cpo, 1, "act-9")).status == 1
        await cpo.node.restart()
        await cpo.call("PATCH", f"/sessions/{OPERATOR}/S1", {"status": "COMPLETED", "ends": moment(cpo.clock.now())})
        first, second = await cpo.iop.until(EVENT, 2)
        assert "relatedSessionActionId" not in first.fields["sessionEvent"]
        assert second.fields["sessionEvent"]["sessionEventNature"] == "1"
        assert second.fields["sessionEvent"]["relatedSessionActionId"] == "act-9"


@pytest.mark.statement("EMIP-116")
async def test_an_event_that_no_action_caused_names_none(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        await started(cpo)
        await cpo.iop.until(EVENT)
        assert (await act(cpo, 3, "act-9")).status == 1
        await cpo.call("PATCH", f"/sessions/{OPERATOR}/S1", {"status": "COMPLETED", "ends": moment(cpo.clock.now())})
        _, second = await cpo.iop.until(EVENT, 2)
        assert second.fields["sessionEvent"]["sessionEventNature"] == "12"
        assert "relatedSessionActionId" not in second.fields["sessionEvent"]


@pytest.mark.statement("EMIP-116")
async def test_an_action_that_was_not_carried_out_causes_nothing(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        await started(cpo)
        cpo.answers["act"] = {"result": "REJECTED"}
        assert (await act(cpo, 1, "act-9")).status >= 205
        await cpo.call("PATCH", f"/sessions/{OPERATOR}/S1", {"status": "COMPLETED"})
        _, second = await cpo.iop.until(EVENT, 2)
        assert second.fields["sessionEvent"]["sessionEventNature"] == "12"
        assert "relatedSessionActionId" not in second.fields["sessionEvent"]


@pytest.mark.statement("EMIP-116", "EMIP-92")
async def test_what_the_back_office_reports_by_itself_goes_once_and_names_its_cause(tmp_path):
    async with charging(tmp_path, reports_sessions=True) as cpo:
        await started(cpo)
        await cpo.iop.until(EVENT)
        assert (await act(cpo, 2, "act-2")).status == 1
        said = {"party": OPERATOR, "session_id": "iop-s-1", "nature": "SUSPENDED"}
        status, answer = await cpo.call("POST", "/reports", said)
        assert status == 200, answer
        _, second = await cpo.iop.until(EVENT, 2)
        assert second.fields["serviceSessionId"] == "iop-s-1"
        assert second.fields["sessionEvent"]["sessionEventNature"] == "2"
        assert second.fields["sessionEvent"]["relatedSessionActionId"] == "act-2"


@pytest.mark.statement("EMIP-40")
async def test_a_heartbeat_of_the_platform_is_answered(tmp_path):
    async with charging(tmp_path) as cpo:
        answer = await cpo.ask("HeartBeat", {})
        assert answer.status == 1
