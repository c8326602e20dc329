"""A CPO's node before our own platform, over eMIP: from the back office of the one to an eMSP of the other."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from interroam.model.ids import Module
from tests.protocols.emip.cpo_office import CARD, OPERATOR, bare, evse, moment
from tests.protocols.emip.nodes import PLATFORM, hub
from tests.protocols.emip.partner import Partner

GET = "eMIP_FromIOP_GetServiceAuthorisation"
CDR = "FromIOP_SetChargeDetailRecord"


@asynccontextmanager
async def roaming(folder, **switches):
    """Run a platform, a CPO's node before it, and a scripted eMSP behind it."""
    async with hub(folder) as platform, bare(folder) as cpo, Partner("FR*P-E01", "FR*E01") as emsp:
        await platform.cpo(OPERATOR, url=f"{cpo.node.url}/emip")
        await platform.emsp("FR*E01", url=emsp.url)
        await platform.agree("FR*E01", OPERATOR)
        await cpo.node.platform(f"{platform.url}/emip", sends_places=True, **switches)
        await cpo.node.agree(f"{PLATFORM}/HUB", OPERATOR)
        emsp.answers[GET] = {
            "authorisationValue": 1,
            "partnerServiceSessionId": "emsp-s-1",
            "intermediateCDRRequested": 1,
            "meterLimitList": {"meterReport": {"meterTypeId": 2, "meterValue": "20000", "meterUnit": "Wh"}},
            "requestStatus": 1,
        }
        yield platform, cpo, emsp


async def test_a_whole_charge_goes_from_the_back_office_to_the_emsp(tmp_path):
    async with roaming(tmp_path, reports_sessions=True, tells_cost=True) as (platform, cpo, emsp):
        await cpo.furnish(evse("1"), evse("2", "OUTOFORDER"))
        assert not await cpo.shelf()
        rows = await platform.store.by_ref("evse:frc01e1")
        assert [row.body.status.word for row in rows] == ["AVAILABLE"]
        code, answer = await cpo.authorize()
        assert (code, answer["allowed"]) == (200, "ALLOWED"), answer
        reference = answer["reference"]
        start = cpo.clock.now()
        await cpo.charge(reference)
        (first,) = await emsp.until("FromIOP_SetSessionEventReport")
        assert first.fields["salePartnerSessionId"] == "emsp-s-1"
        cpo.clock.forward(minutes=15.2)
        platform.clock.forward(minutes=15.2)
        (interim,) = await emsp.until(CDR)
        assert interim.fields["chargeDetailRecord"]["CDRNature"] == "2"
        await cpo.call("PATCH", f"/sessions/{OPERATOR}/S1", {"energy_kwh": "20"})
        await cpo.until("stop")
        await cpo.call("PATCH", f"/sessions/{OPERATOR}/S1", {"status": "COMPLETED", "ends": moment(cpo.clock.now())})
        await cpo.cdr(
            authorization_reference=reference, starts=moment(start), ends=moment(cpo.clock.now()), total_energy_kwh="20"
        )
        _, final = await emsp.until(CDR, 2)
        record = final.fields["chargeDetailRecord"]
        assert record["CDRNature"] == "1"
        assert record["serviceSessionId"] == reference
        assert record["salePartnerSessionId"] == "emsp-s-1"
        assert (record["userIdType"], record["userId"]) == ("RFID-UID", CARD)
        await cpo.node.settled()
        assert not await cpo.shelf()


async def test_an_emsp_starts_and_stops_a_charge_at_the_back_office(tmp_path):
    async with roaming(tmp_path, reports_sessions=True) as (platform, cpo, emsp):
        await cpo.furnish(evse("1"))

        async def done(question):
            async def later():
                await cpo.call("POST", f"/outcomes/{question['command']}", {"result": "ACCEPTED"})

            cpo.later = asyncio.create_task(later())
            return {"result": "ACCEPTED"}

        cpo.answers = {"start": done, "stop": done}
        answer = await emsp.call(
            platform.url,
            "eMIP_ToIOP_SetServiceAuthorisation",
            {
                "EVSEIdType": "eMI3",
                "EVSEId": "FR*C01*E1",
                "userIdType": "eMA",
                "userId": "FR-E01-C12345678",
                "requestedServiceId": "1",
                "partnerServiceSessionId": "emsp-s-2",
                "authorisationValue": 1,
                "intermediateCDRRequested": 0,
            },
        )
        assert answer.status == 1, answer.raw
        reference = answer.fields["serviceSessionId"]
        assert (await cpo.until("start"))["authorization_reference"] == reference
        await cpo.charge(reference)
        await emsp.until("FromIOP_SetSessionEventReport")
        act = {"sessionActionNature": 1, "sessionActionId": "a-1", "sessionActionDateTime": "2026-03-02T08:00:00Z"}
        answer = await emsp.call(
            platform.url,
            "eMIP_ToIOP_SetSessionActionRequestRequest".removesuffix("Request"),
            {"serviceSessionId": reference, "sessionAction": act},
        )
        assert answer.status == 1, answer.raw
        await cpo.until("act")
        await cpo.call("PATCH", f"/sessions/{OPERATOR}/S1", {"status": "COMPLETED"})
        _, over = await emsp.until("FromIOP_SetSessionEventReport", 2)
        assert over.fields["sessionEvent"]["relatedSessionActionId"] == "a-1"


async def test_the_users_of_an_emsp_reach_the_list_of_a_cpo_page_by_page(tmp_path, monkeypatch):
    monkeypatch.setattr("interroam.protocols.emip.cpo.whitelist._PAGE", 2)
    async with roaming(tmp_path, decide_locally="always") as (platform, cpo, emsp):
        await cpo.furnish(evse("1"))
        users = [{"actionType": 1, "userIdType": "RFID-UID", "userId": f"0400000{n}"} for n in range(5)]
        sent = {"authenticationDataList": {"authenticationData": users}}
        answer = await emsp.call(platform.url, "eMIP_ToIOP_SetAuthenticationData", sent)
        assert answer.status == 1, answer.raw
        pulling = cpo.node.app.office.rounds.pulling
        report = await pulling.pull("iop", Module.TOKENS)
        assert (report.stage, report.objects, report.pages) == ("done", 5, 3), report
        for n in range(5):
            assert (await cpo.authorize(f"400000{n}"))[1]["allowed"] == "ALLOWED"
        assert not emsp.of("FromIOP_GetServiceAuthorisation")
        gone = {"authenticationDataList": {"authenticationData": {**users[2], "actionType": 3}}}
        assert (await emsp.call(platform.url, "eMIP_ToIOP_SetAuthenticationData", gone)).status == 1
        cpo.clock.forward(hours=13)
        await pulling.pull("iop", Module.TOKENS)
        assert (await cpo.node.store.by_ref("token:rfid:04000002"))[0].withdrawn
        await cpo.authorize("04000002")
        assert emsp.of("FromIOP_GetServiceAuthorisation")  # on no list any more: asked
