"""An eMSP's node before a hub of this house, with a scripted CPO behind it: all of eMIP on both legs."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from interroam.core.hub import Deadlines
from interroam.core.rounds.pulling import Stage
from interroam.model.ids import Kind, Module, Party, token_key
from tests.protocols.emip.emsp_office import CARD, CONTRACT, CPO, EVSE, OPERATOR, office, record
from tests.protocols.emip.nodes import PLATFORM, hub, partner_id
from tests.protocols.emip.partner import Partner
from tests.waiting import eventually

ATTRIBUTES = {"attributeList": {"attribute": [{"attributeId": 1043, "attributeValue": "Lyon"}]}}
IDS = {"EVSEIdType": "eMI3", "EVSEId": EVSE}


@asynccontextmanager
async def roaming(folder, **switches):
    """Run a hub, a CPO with one EVSE and an eMSP's node with its back office."""
    patient = {"deadlines": Deadlines(partner=4.0, door=6.0, command=6.0)}
    async with (
        hub(folder, **patient) as platform,
        Partner(partner_id(CPO), CPO) as cpo,
        office(folder, node=patient) as emsp,
    ):
        await platform.cpo(CPO, url=cpo.url)
        await platform.emsp(OPERATOR, url=f"{emsp.node.url}/emip")
        await platform.agree(OPERATOR, CPO)
        await emsp.node.platform(f"{platform.url}/emip", whitelist_hours=0, **switches)
        await emsp.node.agree(OPERATOR, f"{PLATFORM}/HUB")
        await emsp.node.settled()
        pool = {"ChargingPoolIdType": "eMI3", "ChargingPoolId": "FR*C01*P1", "actionType": 1, **ATTRIBUTES}
        assert (await ask(platform, cpo, "SetChargingPoolStaticData", pool)).status == 1
        parent = {"parentIdType": "eMI3", "parentId": "FR*C01*P1"}
        assert (await ask(platform, cpo, "SetEVSEStaticData", {**IDS, "actionType": 1, **parent})).status == 1
        assert (await ask(platform, cpo, "SetEVSEBusyStatus", busy(1))).status == 1
        yield platform, cpo, emsp


async def ask(platform, cpo, operation, fields, **more):
    return await cpo.call(platform.url, f"eMIP_ToIOP_{operation}", fields, **more)


def busy(code, at="2026-03-02T08:00:00Z"):
    return {**IDS, "statusEventDate": at, "busyStatus": code}


async def swiped(platform, cpo, uid=CARD):
    fields = {**IDS, "userIdType": "RFID-UID", "userId": uid, "requestedServiceId": "1"}
    fields["partnerServiceSessionId"] = "C01-S-1"
    return await ask(platform, cpo, "GetServiceAuthorisation", fields)


async def settled(*nodes):
    for _ in range(2):
        for node in nodes:
            await node.settled()


@pytest.mark.statement("EMIP-76", "EMIP-80")
async def test_users_are_on_the_hub_s_list_as_long_as_they_are_in_force(tmp_path):
    async with roaming(tmp_path) as (platform, _, emsp):
        await emsp.token(expires="2027-01-01T00:00:00Z")
        await emsp.node.settled()
        key = token_key(Party.parse(f"{OPERATOR}/EMSP").id, "RFID", CARD)
        known = (await platform.store.get(key)).body
        assert (known.valid, known.expires.year) == (True, 2027)
        assert known.contract_id != CONTRACT
        await emsp.token(valid=False)
        await emsp.node.settled()
        assert not (await platform.store.get(key)).body.valid


@pytest.mark.statement("EMIP-90", "EMIP-118", "EMIP-126")
async def test_a_driver_charges_with_a_card_from_swipe_to_record(tmp_path):
    async with roaming(tmp_path) as (platform, cpo, emsp):
        await emsp.token(whitelist="NEVER")  # nobody listed it: its eMSP is found by service 0
        limits = [{"type": "energy", "value": "20000", "unit": "Wh"}]
        emsp.answers["authorize"] = {"allowed": "ALLOWED", "reference": "own-7", "limits": limits, "interim": True}
        answer = await swiped(platform, cpo)
        assert answer.fields["authorisationValue"] == "1"
        assert answer.fields["salePartnerOperatorId"] == OPERATOR
        assert answer.fields["meterLimitList"]["meterReport"]["meterValue"] == "20000"
        assert CONTRACT.encode() not in answer.raw
        session = answer.fields["serviceSessionId"]
        event = {"sessionEventNature": 11, "sessionEventId": "e-1", "sessionEventDateTime": "2026-03-02T08:00:00Z"}
        said = await ask(platform, cpo, "SetSessionEventReport", {"serviceSessionId": session, "sessionEvent": event})
        assert said.status == 1
        assert [one["nature"] for one in emsp.asked if one["question"] == "report"] == ["CHARGE_STARTED"]
        for nature, end in ((2, "2026-03-02T08:13:00Z"), (1, "2026-03-02T09:03:40Z")):
            sent = record(nature=nature, session=session, end=end)
            assert (await ask(platform, cpo, "SetChargeDetailRecord", {"chargeDetailRecord": sent})).status == 1
            await settled(platform, emsp.node)
        told = await emsp.told("cdr")
        assert (told["id"], told["authorization_reference"]) == (session, "own-7")
        assert told["token"]["contract_id"] == CONTRACT
        assert float(told["total_energy_kwh"]) == 18.35
        states = [one["object"]["status"] for one in emsp.facts if one["kind"] == "session"]
        assert states[0] == "PENDING"
        assert states[-1] == "COMPLETED"


@pytest.mark.statement("EMIP-127", "EMIP-88")
async def test_a_charge_is_started_from_an_app_and_stopped_again(tmp_path):
    async with roaming(tmp_path) as (_, cpo, emsp):
        started = {"partnerServiceSessionId": "C01-S-9", "requestStatus": 1}
        cpo.answers["eMIP_FromIOP_SetServiceAuthorisation"] = started
        _, answer = await emsp.start(reference="own-9")
        assert answer["result"] == "ACCEPTED", answer
        (asked,) = cpo.of("FromIOP_SetServiceAuthorisation")
        assert asked.fields["EVSEId"] == EVSE
        session = (await emsp.told("session", status="PENDING"))["id"]
        assert session == asked.fields["serviceSessionId"]
        _, answer = await emsp.call("POST", "/commands/stop", {"party": OPERATOR, "session_id": session})
        assert answer["result"] == "ACCEPTED", answer
        stop = next(one for one in cpo.asked if "SetSessionActionRequest" in one.name)
        assert stop.fields["sessionAction"]["sessionActionNature"] == "1"
        cpo.answers["eMIP_FromIOP_SetServiceAuthorisation"] = {"requestStatus": 205}
        _, answer = await emsp.start(reference="own-10")
        assert answer["result"] == "REJECTED"


async def test_places_are_fetched_from_the_hub_and_then_their_changes(tmp_path):
    async with roaming(tmp_path) as (platform, cpo, emsp):
        pulling = emsp.node.app.office.rounds.pulling
        report = await pulling.pull("iop", Module.LOCATIONS)
        assert (report.stage, report.findings) == (Stage.DONE, ())
        _, answer = await emsp.call("GET", "/locations")
        assert [one["evse_id"] for place in answer["items"] for one in place["evses"]] == [EVSE]
        assert [place["city"] for place in answer["items"]] == ["Lyon"]
        assert (await ask(platform, cpo, "SetEVSEBusyStatus", busy(2, "2026-03-02T09:00:00Z"))).status == 1
        assert (await pulling.pull("iop", Module.LOCATIONS)).stage is Stage.DONE
        rows = await emsp.node.store.by_ref(f"evse:{EVSE.replace('*', '').casefold()}", Kind.EVSE)
        assert [row.body.status.busy.value for row in rows] == ["occupied"]


@pytest.mark.statement("EMIP-64")
async def test_changes_are_pushed_by_the_hub_once_they_are_wanted(tmp_path):
    async with roaming(tmp_path, follows_places=True) as (platform, cpo, emsp):
        emsp.clock.forward(seconds=2)
        await eventually(lambda: emsp.node.store.load("emip.flows", f"iop/{OPERATOR}"))
        parent = {"parentIdType": "eMI3", "parentId": "FR*C01*P1"}
        other = {"EVSEIdType": "eMI3", "EVSEId": "FR*C01*E7", "actionType": 1, **parent}
        assert (await ask(platform, cpo, "SetEVSEStaticData", other)).status == 1

        async def came():
            platform.clock.forward(seconds=1)
            return await emsp.node.store.by_ref("evse:frc01e7", Kind.EVSE)

        await eventually(came)


@pytest.mark.statement("EMIP-128")
async def test_records_are_fetched_from_a_hub_that_may_not_push_them(tmp_path):
    async with roaming(tmp_path, polls_cdrs_minutes=30) as (platform, cpo, emsp):
        await platform.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
        await eventually(lambda: emsp.node.store.load("emip.records", f"iop/{OPERATOR}"))  # the first look is over
        await emsp.token()
        await emsp.node.settled()
        session = (await swiped(platform, cpo)).fields["serviceSessionId"]
        sent = {"chargeDetailRecord": record(session=session)}
        assert (await ask(platform, cpo, "SetChargeDetailRecord", sent)).status == 1
        await platform.settled()
        assert not [one for one in emsp.facts if one["kind"] == "cdr"]
        emsp.clock.forward(minutes=31)
        assert (await emsp.told("cdr"))["id"] == session
