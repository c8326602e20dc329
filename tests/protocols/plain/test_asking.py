"""Questions of back offices, and questions put to them."""

import pytest

from interroam.model.parties import PartnerState
from tests.protocols.plain.node import CDR, SESSION, TOKEN, receiving, running

ASK = {"party": "CH*CCC", "uid": "card1", "location_id": "L1", "evse_uid": "1"}
START = {"party": "CH*EEE", "token": {"uid": "card1", "type": "RFID"}, "location_id": "L1", "evse_uid": "1"}


async def test_a_stated_token_is_allowed_and_its_reference_carries_the_charge(furnished):
    status, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
    assert (status, answer["allowed"], answer["evse_uids"]) == (200, "ALLOWED", ["1"])
    reference = answer["reference"]
    assert (await furnished.hub.authorization(reference)).agreement == "a1"
    bare = {name: value for name, value in SESSION.items() if name != "token"}
    _, told = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", {**bare, "authorization_reference": reference})
    assert (told["verdict"], told["findings"]) == ("recorded", [])
    _, found = await furnished.call("emsp", "GET", "/sessions/CH*CCC/S1")
    assert found["token"] == {"party": "CH*EEE", "uid": "card1", "type": "RFID", "contract_id": "CH-EEE-C0001"}
    assert (found["auth_method"], found["authorization_reference"]) == ("AUTH_REQUEST", reference)


async def test_a_reference_of_another_cpo_gives_away_no_token(furnished):
    _, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
    bare = {name: value for name, value in CDR.items() if name != "token"}
    bare |= {"party": "CH*CCD", "authorization_reference": answer["reference"]}
    status, refused = await furnished.call("cpo", "POST", "/cdrs", bare)
    assert (status, refused["error"]["field"]) == (422, "token")


async def test_a_question_about_a_token_nobody_knows_is_answered_404(furnished):
    status, answer = await furnished.call("cpo", "POST", "/authorize", {**ASK, "uid": "card9"})
    assert (status, answer["error"]["reason"]) == (404, "unknown_token")
    assert answer["error"]["remedy"]


async def test_one_asks_for_oneself_only(furnished):
    status, answer = await furnished.call("emsp", "POST", "/authorize", ASK)
    assert (status, answer["error"]["reason"]) == (403, "forbidden")


async def test_the_provider_is_asked_by_its_webhook_and_its_answer_counts(furnished):
    async with receiving(furnished, "emsp", "authorize") as emsp:
        emsp.answers["authorize"] = {"allowed": "BLOCKED", "info": "unpaid"}
        _, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
        assert (answer["allowed"], answer["info"]) == ("BLOCKED", "unpaid")
        (question,) = emsp.questions
        assert (question["party"], question["asker"]) == ("CH*EEE", "CH*CCC")
        assert (question["uid"], question["type"], question["evse_uids"]) == ("card1", "RFID", ["1"])
        emsp.answers["authorize"] = {"allowed": "allowed", "reference": "E-77"}
        _, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
        assert (await furnished.hub.authorization(answer["reference"])).emsp_reference == "E-77"


async def test_a_token_never_stated_is_asked_for_and_needs_its_contract(furnished):
    ask = {**ASK, "uid": "app-1", "type": "APP_USER"}
    async with receiving(furnished, "emsp", "authorize") as emsp:
        emsp.answers["authorize"] = {"allowed": "ALLOWED", "contract_id": "CH-EEE-C0009"}
        _, answer = await furnished.call("cpo", "POST", "/authorize", ask)
        assert answer["token"]["contract_id"] == "CH-EEE-C0009"
        assert answer["reference"]
        emsp.answers["authorize"] = {"allowed": "ALLOWED"}
        assert (await furnished.call("cpo", "POST", "/authorize", ask))[1]["error"]["reason"] == "bad_answer"
        emsp.answers["authorize"] = {"allowed": "UNKNOWN"}
        assert (await furnished.call("cpo", "POST", "/authorize", ask))[1]["error"]["reason"] == "unknown_token"


@pytest.mark.statement("OCPI-102")
async def test_a_reference_once_stated_goes_with_every_session_and_the_cdr_of_its_charge(furnished):
    _, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
    bare = {name: value for name, value in SESSION.items() if name != "token"}
    first = {**bare, "authorization_reference": answer["reference"]}
    for body in (first, {**SESSION, "energy_kwh": 2.5}, {**bare, "status": "COMPLETED", "energy_kwh": 3.5}):
        status, _ = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", body)
        assert status == 200
        _, seen = await furnished.call("emsp", "GET", "/sessions/CH*CCC/S1")
        assert seen["authorization_reference"] == answer["reference"]
    await furnished.call("cpo", "POST", "/cdrs", CDR)
    _, seen = await furnished.call("emsp", "GET", "/cdrs/CH*CCC/C1")
    assert seen["authorization_reference"] == answer["reference"]


async def test_a_silent_webhook_is_no_yes(furnished):
    async with receiving(furnished, "emsp", "authorize") as emsp:
        emsp.status = 503
        status, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
    assert (status, answer["error"]["reason"]) == (502, "bad_answer")
    status, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
    assert (status, answer["error"]["reason"]) == (502, "not_connected")


async def test_a_start_reaches_the_cpo_and_its_outcome_comes_back_as_a_fact(furnished):
    async with receiving(furnished, "cpo", "start", "stop") as cpo, receiving(furnished, "emsp") as emsp:
        cpo.answers["start"] = {"result": "ACCEPTED", "within": 30}
        _, taken = await furnished.call("emsp", "POST", "/commands/start", START)
        assert (taken["result"], taken["within"]) == ("ACCEPTED", 30)
        (question,) = cpo.questions
        assert (question["token"]["contract_id"], question["location_id"]) == ("CH-EEE-C0001", "L1")
        path = f"/outcomes/{question['command']}"
        _, told = await furnished.call("cpo", "POST", path, {"result": "accepted", "message": "off we go"})
        assert told["verdict"] == "recorded"
        fact = await emsp.fact("outcome")
        assert fact["object"]["command"] == taken["command"]
        assert (fact["object"]["result"], fact["object"]["message"]) == ("ACCEPTED", "off we go")
        assert fact["object"]["authorization_reference"] == question["authorization_reference"]
        _, late = await furnished.call("cpo", "POST", path, {"result": "REJECTED"})
        assert late["verdict"] == "stale"


async def test_a_stop_names_the_session_as_its_cpo_does(furnished):
    async with receiving(furnished, "cpo", "stop") as cpo:
        cpo.answers["stop"] = {"result": "REJECTED", "message": "already unplugged"}
        _, told = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
        stop = {"party": "CH*EEE", "session_id": told["hub_id"]}
        _, answer = await furnished.call("emsp", "POST", "/commands/stop", stop)
        assert (answer["result"], answer["message"]) == ("REJECTED", "already unplugged")
        assert cpo.questions[0]["session_id"] == "S1"
    _, answer = await furnished.call("emsp", "POST", "/commands/stop", {"party": "CH*EEE", "session_id": "S9"})
    assert answer["result"] == "UNKNOWN_SESSION"


async def test_a_cpo_without_a_webhook_supports_no_commands(furnished):
    _, answer = await furnished.call("emsp", "POST", "/commands/start", START)
    assert answer["result"] == "NOT_SUPPORTED"


async def test_a_token_to_start_with_is_stated_before_or_brings_its_contract(furnished):
    status, answer = await furnished.call("emsp", "POST", "/commands/start", {**START, "token": {"uid": "new"}})
    assert (status, answer["error"]["field"]) == (422, "token.contract_id")
    token = {"uid": "new", "contract_id": "CH-EEE-C0002"}
    assert (await furnished.call("emsp", "POST", "/commands/start", {**START, "token": token}))[0] == 200


async def test_nobody_else_settles_a_command(furnished):
    async with receiving(furnished, "cpo", "start") as cpo:
        cpo.answers["start"] = {"result": "ACCEPTED"}
        await furnished.call("emsp", "POST", "/commands/start", START)
        path = f"/outcomes/{cpo.questions[0]['command']}"
        assert (await furnished.call("emsp", "POST", path, {"result": "ACCEPTED"}))[0] == 403
    status, answer = await furnished.call("cpo", "POST", "/outcomes/none", {"result": "ACCEPTED"})
    assert (status, answer["error"]["reason"]) == (404, "unknown_object")


async def test_question_and_charge_leave_traces_with_bodies_and_ids_on_both_sides(furnished):
    async with receiving(furnished, "emsp", "authorize") as emsp:
        emsp.answers["authorize"] = {"allowed": "ALLOWED"}
        headers = {"X-Correlation-ID": "corr-1"}
        _, answer = await furnished.call("cpo", "POST", "/authorize", ASK, headers=headers)
        subject = furnished.hub.book.keyring.subject("RFID", "card1")
        told = {**CDR, "authorization_reference": answer["reference"]}
        await furnished.call("cpo", "POST", "/cdrs", told, headers={"X-Correlation-ID": "corr-2"})
    out, asked = await furnished.hub.store.traces(ids=["corr-1"])
    if out.inward:
        out, asked = asked, out
    assert (asked.operation, asked.code, asked.partner) == ("POST /authorize", "200", "cpo")
    assert (out.operation, out.code, out.partner) == ("question authorize", "200", "emsp")
    assert b"card1" in asked.request
    assert b"ALLOWED" in out.response
    assert asked.subject == out.subject == subject
    found = await furnished.hub.store.traces(ids=[answer["reference"]])
    assert {one.operation for one in found} >= {"POST /authorize", "POST /cdrs"}


async def test_a_planned_partner_is_connected_by_its_first_call(node):
    assert node.hub.book.partners["cpo"].state is PartnerState.PLANNED
    await node.call("cpo", "GET", "/facts")
    assert node.hub.book.partners["cpo"].state is PartnerState.CONNECTED


async def test_a_node_that_is_no_hub_answers_for_its_own_back_office(tmp_path):

    async with running(tmp_path, hub=None) as own:
        await own.call("emsp", "PUT", "/tokens/CH*EEE/RFID/card1", TOKEN)
        ask = {"party": "CH*CCC", "uid": "card1"}
        assert (await own.call("cpo", "POST", "/authorize", ask))[1]["allowed"] == "ALLOWED"
