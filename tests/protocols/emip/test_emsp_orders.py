"""What an eMSP's back office has the platform do: start a charge, stop it, do something else with it."""

from __future__ import annotations

import pytest

from tests.protocols.emip.emsp_office import CARD, CONTRACT, EVSE, OPERATOR, selling
from tests.protocols.emip.partner import Fault, Http, Silence, Slow


@pytest.fixture
async def emsp(tmp_path):
    async with selling(tmp_path) as one:
        yield one


async def outcomes(emsp):
    await emsp.node.settled()
    return [one["object"] for one in emsp.facts if one["kind"] == "outcome"]


@pytest.mark.statement("EMIP-56", "EMIP-90", "EMIP-74")
async def test_a_start_is_a_remote_authorisation_at_an_emi3_evse(emsp):
    status, answer = await emsp.start()
    assert (status, answer["result"]) == (200, "ACCEPTED")
    (asked,) = emsp.calls("SetServiceAuthorisation")
    said = asked.fields
    assert (said["EVSEIdType"], said["EVSEId"]) == ("eMI3", EVSE)
    assert (said["userIdType"], said["userId"]) == ("RFID-UID", CARD)
    assert (said["authorisationValue"], said["requestedServiceId"]) == ("1", "1")
    assert said["partnerServiceSessionId"] == "own-1"
    assert said["intermediateCDRRequested"] == "0"
    assert (said["partnerId"], said["operatorId"]) == ("FR*P-E01", OPERATOR)
    for name in ("own-1", "iop-s-1"):
        known = await emsp.node.hub.authorization(name)
        assert (known.reference, known.cpo_session) == ("own-1", "iop-s-1")


@pytest.mark.statement("EMIP-90")
async def test_the_outcome_follows_at_once_and_the_session_is_there(emsp):
    _, answer = await emsp.start()
    outcome = await emsp.told("outcome", command=answer["command"])
    assert outcome["result"] == "ACCEPTED"
    session = await emsp.told("session", status="PENDING")
    assert (session["id"], session["authorization_reference"]) == ("iop-s-1", "own-1")
    assert len(await outcomes(emsp)) == 1


@pytest.mark.statement("EMIP-90")
async def test_the_platform_s_name_of_a_session_outlives_a_restart(emsp):
    await emsp.start()
    await emsp.node.restart()
    assert (await emsp.record()).status == 1
    told = await emsp.told("cdr")
    assert told["authorization_reference"] == "own-1"
    assert told["token"]["contract_id"] == CONTRACT


@pytest.mark.statement("EMIP-127")
@pytest.mark.parametrize("status", [201, 202, 203, 205, 206, 900, 10201, 10207, 19004, -9999993])
async def test_only_status_1_starts_anything(emsp, status):
    emsp.iop.answers["eMIP_ToIOP_SetServiceAuthorisation"] = {"serviceSessionId": "iop-s-1", "requestStatus": status}
    http, answer = await emsp.start()
    assert (http, answer["result"]) == (200, "REJECTED")
    assert answer["message"]
    assert await outcomes(emsp) == []
    assert not [one for one in emsp.facts if one["kind"] == "session"]


@pytest.mark.statement("EMIP-127", "EMIP-42")
@pytest.mark.parametrize("script", [Fault(), Http(502), Silence(0.2)])
async def test_a_start_that_nobody_answered_is_not_accepted_nor_sent_again(emsp, script):
    emsp.iop.answers["eMIP_ToIOP_SetServiceAuthorisation"] = script
    http, answer = await emsp.start()
    assert http >= 500, answer
    assert len(emsp.calls("SetServiceAuthorisation")) == 1


@pytest.mark.statement("EMIP-42")
async def test_the_platform_has_fifteen_seconds(emsp):
    assert emsp.node.hub.deadlines.partner < 1.2
    emsp.iop.answers["eMIP_ToIOP_SetServiceAuthorisation"] = Slow(1.2, {"serviceSessionId": "s", "requestStatus": 1})
    _, answer = await emsp.start()
    assert answer["result"] == "ACCEPTED"


@pytest.mark.statement("EMIP-42")
def test_fifteen_seconds_are_what_a_platform_is_given():
    from interroam.protocols.emip.calls import TO_IOP_S

    assert TO_IOP_S == 15


@pytest.mark.statement("EMIP-71")
async def test_service_0_is_never_asked_for(emsp):
    status, answer = await emsp.start(service="0")
    assert status == 422, answer
    assert emsp.calls("SetServiceAuthorisation") == []


@pytest.mark.statement("EMIP-56")
async def test_an_evse_without_an_emi3_id_is_not_asked_for(emsp):
    _, answer = await emsp.start(evse_uid="7")
    assert answer["result"] == "REJECTED"
    _, answer = await emsp.start(evse_uid=None)
    assert answer["result"] == "REJECTED"
    assert emsp.calls("SetServiceAuthorisation") == []


@pytest.mark.statement("EMIP-126")
async def test_limits_and_the_wish_for_records_go_with_a_start(emsp):
    limits = [{"type": "energy", "value": "20000.0", "unit": "Wh"}, {"type": "cost", "value": "9.90", "unit": "EUR"}]
    await emsp.start(limits=limits, parameter="IOP={}")
    (asked,) = emsp.calls("SetServiceAuthorisation")
    meters = asked.fields["meterLimitList"]["meterReport"]
    assert [(one["meterTypeId"], one["meterValue"]) for one in meters] == [("2", "20000.0"), ("3", "9.90")]
    assert asked.fields["intermediateCDRRequested"] == "1"
    assert asked.fields["parameter"] == "IOP={}"


@pytest.mark.statement("EMIP-118")
async def test_a_start_names_the_contract_by_its_alias_only(emsp):
    await emsp.start()
    await emsp.start(alias="alias-93b2", reference="own-2")
    first, second = emsp.calls("SetServiceAuthorisation")
    assert CONTRACT.encode() not in first.raw
    assert first.fields["userContractIdAlias"]
    assert second.fields["userContractIdAlias"] == "alias-93b2"


@pytest.mark.statement("EMIP-75")
async def test_a_badge_is_written_in_capitals_with_its_zeros(emsp):
    await emsp.start(token={"uid": "4a1b2c3", "type": "RFID", "contract_id": CONTRACT})
    (asked,) = emsp.calls("SetServiceAuthorisation")
    assert asked.fields["userId"] == "04A1B2C3"


# -- stop and act ------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-88", "EMIP-91", "EMIP-92")
@pytest.mark.parametrize("begun", ["from afar", "at the EVSE"])
async def test_a_stop_is_an_action_of_nature_1(emsp, begun):
    await emsp.token()
    await (emsp.start() if begun == "from afar" else emsp.authorize())
    status, answer = await emsp.call("POST", "/commands/stop", {"party": OPERATOR, "session_id": "iop-s-1"})
    assert (status, answer["result"]) == (200, "ACCEPTED")
    (asked,) = actions(emsp)
    assert asked.fields["serviceSessionId"] == "iop-s-1"
    assert asked.fields["salePartnerSessionId"] == "own-1"
    assert asked.fields["sessionAction"]["sessionActionNature"] == "1"
    assert (await emsp.told("outcome", command=answer["command"]))["result"] == "ACCEPTED"


@pytest.mark.statement("EMIP-127")
@pytest.mark.parametrize(
    ("status", "result"),
    [(205, "REJECTED"), (206, "REJECTED"), (10506, "REJECTED"), (10501, "UNKNOWN_SESSION"), (-9999992, "REJECTED")],
)
async def test_a_stop_that_was_not_carried_out_is_not_accepted(emsp, status, result):
    await emsp.start()
    said = {"serviceSessionId": "iop-s-1", "sessionActionId": "a", "requestStatus": status}
    emsp.iop.answers["eMIP_ToIOP_SetSessionActionRequest"] = said
    _, answer = await emsp.call("POST", "/commands/stop", {"party": OPERATOR, "session_id": "iop-s-1"})
    assert answer["result"] == result


@pytest.mark.statement("EMIP-116", "EMIP-92")
@pytest.mark.parametrize(
    ("nature", "number"), [("SUSPEND", "2"), ("RESTART", "3"), ("EMERGENCY_STOP", "0"), ("42", "42")]
)
@pytest.mark.parametrize("session", ["iop-s-1", "own-1"])
async def test_an_act_goes_to_the_platform_with_the_event_it_follows_from(emsp, nature, number, session):
    await emsp.start()
    body = {"party": OPERATOR, "session_id": session, "nature": nature, "id": "act-7", "caused_by": "e-1"}
    status, answer = await emsp.call("POST", "/acts", body)
    assert (status, answer["id"]) == (200, "a-1")
    (asked,) = actions(emsp)
    action = asked.fields["sessionAction"]
    assert asked.fields["serviceSessionId"] == "iop-s-1"
    assert (action["sessionActionNature"], action["sessionActionId"]) == (number, "act-7")
    assert action["relatedSessionEventId"] == "e-1"


@pytest.mark.statement("EMIP-127")
@pytest.mark.parametrize("status", [205, 206, 10501, 10503, 10506, 10507])
async def test_an_act_that_was_not_carried_out_is_refused(emsp, status):
    await emsp.start()
    said = {"serviceSessionId": "iop-s-1", "sessionActionId": "a", "requestStatus": status}
    emsp.iop.answers["eMIP_ToIOP_SetSessionActionRequest"] = said
    http, answer = await emsp.call("POST", "/acts", {"party": OPERATOR, "session_id": "iop-s-1", "nature": "SUSPEND"})
    assert http >= 400, answer


# -- transactions ------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-21")
async def test_every_message_has_a_transaction_of_its_own(emsp):
    await emsp.start()
    await emsp.start(reference="own-2")
    names = [one.fields["transactionId"] for one in emsp.iop.asked]
    assert len(set(names)) == len(names) > 1
    assert [one for one in await emsp.node.traces(names[-1]) if not one.inward]


@pytest.mark.statement("EMIP-23")
async def test_where_the_platform_makes_the_transaction_the_trace_is_found_by_its_id(tmp_path):
    async with selling(tmp_path, sends_transactions=False) as emsp:
        started = {"transactionId": "made-there-1", "serviceSessionId": "iop-s-1", "requestStatus": 1}
        emsp.iop.answers["eMIP_ToIOP_SetServiceAuthorisation"] = started
        await emsp.start()
        (asked,) = emsp.calls("SetServiceAuthorisation")
        assert "transactionId" not in asked.fields
        (trace,) = await emsp.node.traces("made-there-1")
        assert trace.operation == "eMIP_ToIOP_SetServiceAuthorisation"
        assert {"own-1", "iop-s-1"} <= set(trace.ids)


def actions(emsp):
    return [one for one in emsp.iop.asked if "SetSessionActionRequest" in one.name]
