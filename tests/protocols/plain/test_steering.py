"""What back offices ask of a charge besides start and stop, and the duties of a CPO's node towards its own."""

import pytest
from msgspec.structs import replace

from interroam.model.ids import Party
from tests.protocols.plain.node import LOCATION, SESSION, TOKEN, receiving, running

ASK = {"party": "CH*CCC", "uid": "card1", "location_id": "L1", "evse_uid": "1"}
START = {"party": "CH*EEE", "token": {"uid": "card1", "type": "RFID"}, "location_id": "L1", "evse_uid": "1"}
RESERVE = {**START, "reservation_id": "R1", "expires": "2026-03-01T14:00:00+01:00"}
UNLOCK = {
    "party": "CH*EEE",
    "on_behalf_of": "support",
    "location_id": "L1",
    "evse_uid": "1",
    "connector_id": "1",
}
PROFILE = {"unit": "W", "duration_s": 900, "limits": [{"after_s": 0, "limit": 11000}, {"after_s": 300, "limit": 7.5}]}
ACCEPTED = {"result": "ACCEPTED", "within": 30}


async def outcomes(receiver, count):
    """Wait for so many outcomes, in order."""
    while len([one for one in receiver.facts if one["kind"] == "outcome"]) < count:
        receiver.came.clear()
        await receiver.came.wait()
    return [one for one in receiver.facts if one["kind"] == "outcome"]


async def test_a_reservation_is_asked_for_kept_and_given_up_by_either_side(furnished):
    async with (
        receiving(furnished, "cpo", "reserve", "cancel_reservation") as cpo,
        receiving(furnished, "emsp") as emsp,
    ):
        cpo.answers = {"reserve": ACCEPTED, "cancel_reservation": ACCEPTED}
        _, taken = await furnished.call("emsp", "POST", "/commands/reserve", RESERVE)
        assert (taken["result"], taken["within"]) == ("ACCEPTED", 30)
        (question,) = cpo.questions
        assert question["reservation_id"] not in ("", "R1")
        assert (question["expires"], question["evse_uids"]) == ("2026-03-01T13:00:00Z", ["1"])
        assert question["token"]["contract_id"] == "CH-EEE-C0001"
        path = f"/outcomes/{question['command']}"
        await furnished.call("cpo", "POST", path, {"result": "ACCEPTED"})
        _, told = await furnished.call("cpo", "POST", path, {"result": "CANCELED_RESERVATION", "message": "works"})
        assert told["verdict"] == "recorded"
        _, second = await outcomes(emsp, 2)
        assert second["object"]["command"] == taken["command"]
        assert (second["object"]["result"], second["object"]["message"]) == ("CANCELED_RESERVATION", "works")
        _, _again = await furnished.call("emsp", "POST", "/commands/reserve", RESERVE)
        assert cpo.questions[-1]["reservation_id"] == question["reservation_id"]
        cancel = {"party": "CH*EEE", "reservation_id": "R1"}
        _, gone = await furnished.call("emsp", "POST", "/commands/cancel-reservation", cancel)
        assert gone["result"] == "ACCEPTED"
        assert cpo.questions[-1]["reservation_id"] == question["reservation_id"]


@pytest.mark.statement("OCPI-204")
async def test_nothing_is_unlocked_but_on_behalf_of_support_or_an_operator(furnished):
    async with receiving(furnished, "cpo", "unlock") as cpo, receiving(furnished, "emsp") as emsp:
        cpo.answers["unlock"] = ACCEPTED
        bare = {name: value for name, value in UNLOCK.items() if name != "on_behalf_of"}
        for body in (bare, {**bare, "on_behalf_of": "driver"}, {**bare, "on_behalf_of": ""}):
            status, refused = await furnished.call("emsp", "POST", "/commands/unlock", body)
            assert (status, refused["error"]["field"]) == (422, "on_behalf_of")
        assert cpo.questions == []
        assert (await furnished.call("cpo", "POST", "/commands/unlock", UNLOCK))[0] == 403
        for who in ("support", "operator"):
            _, taken = await furnished.call("emsp", "POST", "/commands/unlock", {**UNLOCK, "on_behalf_of": who})
            assert taken["result"] == "ACCEPTED"
        question = cpo.questions[-1]
        assert (question["location_id"], question["evse_uids"], question["connector_id"]) == ("L1", ["1"], "1")
        await furnished.call("cpo", "POST", f"/outcomes/{question['command']}", {"result": "FAILED"})
        (told,) = await outcomes(emsp, 1)
        assert (told["object"]["name"], told["object"]["result"]) == ("UNLOCK_CONNECTOR", "FAILED")


async def test_a_profile_is_set_reported_on_asked_for_and_cleared(furnished):
    kinds = ("set_profile", "get_profile", "clear_profile")
    async with receiving(furnished, "cpo", *kinds) as cpo, receiving(furnished, "emsp") as emsp:
        cpo.answers = dict.fromkeys(kinds, ACCEPTED)
        _, told = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
        charge = {"party": "CH*EEE", "session_id": told["hub_id"]}
        active = {"starts": "2026-03-01T12:00:00Z", "profile": PROFILE}
        early, _ = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1/profile", active)
        assert early == 404
        await furnished.call("emsp", "POST", "/commands/set-profile", {**charge, "profile": PROFILE})
        assert (cpo.questions[0]["session_id"], cpo.questions[0]["profile"]) == ("S1", PROFILE)
        await furnished.call("cpo", "POST", f"/outcomes/{cpo.questions[0]['command']}", {"result": "ACCEPTED"})
        status, _ = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1/profile", active)
        assert status == 200
        await furnished.call("emsp", "POST", "/commands/get-profile", {**charge, "duration_s": 900})
        said = {"result": "ACCEPTED", "profile": active}
        await furnished.call("cpo", "POST", f"/outcomes/{cpo.questions[1]['command']}", said)
        _, report, answer = await outcomes(emsp, 3)
        assert (report["fields"], report["object"]["profile"]) == (["profile"], active)
        assert (answer["object"]["name"], answer["object"]["profile"]) == ("GET_PROFILE", active)
        _, taken = await furnished.call("emsp", "POST", "/commands/clear-profile", charge)
        assert (taken["result"], cpo.questions[2]["session_id"]) == ("ACCEPTED", "S1")


async def test_a_smart_charging_provider_s_office_is_told_of_the_session_and_sets_its_profile(furnished):
    book = furnished.hub.book
    charge = {"party": "CH*SCP", "cpo": "CH*CCC", "session_id": "S1", "profile": PROFILE}
    async with receiving(furnished, "cpo", "set_profile") as cpo, receiving(furnished, "smart") as smart:
        cpo.answers["set_profile"] = ACCEPTED
        old = book.agreements["a1"]
        named = replace(old, version=2, smart_charging=(Party.parse("CH*SCP/SCSP"),))
        await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
        refused = (await furnished.call("smart", "POST", "/commands/set-profile", charge))[1]
        await book.put_agreement(named)
        assert refused["result"] == "REJECTED"
        await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", {**SESSION, "energy_kwh": 2})
        assert (await smart.fact("session"))["object"]["energy_kwh"] == 2
        await furnished.call("smart", "POST", "/commands/set-profile", charge)
        (question,) = cpo.questions
        assert (question["session_id"], question["profile"]) == ("S1", PROFILE)
        await furnished.call("cpo", "POST", f"/outcomes/{question['command']}", {"result": "ACCEPTED"})
        assert (await smart.fact("outcome"))["object"]["result"] == "ACCEPTED"


async def test_a_driver_s_wish_is_answered_at_once_and_refused_where_nobody_takes_it(furnished):
    await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
    wish = {"party": "CH*EEE", "session_id": "S1", "profile_type": "green", "departs": "2026-03-01T18:00:00Z"}
    capable = [{**one, "capabilities": ["CHARGING_PREFERENCES_CAPABLE"]} for one in LOCATION["evses"]]
    status, no = await furnished.call("emsp", "POST", "/preferences", wish)
    assert (status, no["error"]["reason"]) == (405, "not_offered")
    await furnished.call("cpo", "PUT", "/locations/CH*CCC/L1", {**LOCATION, "evses": capable})
    async with receiving(furnished, "cpo", "prefer") as cpo:
        cpo.answers["prefer"] = {"possible": "NOT_POSSIBLE"}
        _, answer = await furnished.call("emsp", "POST", "/preferences", wish)
        assert answer == {"result": "NOT_POSSIBLE"}
        (question,) = cpo.questions
        assert (question["profile_type"], question["departs"]) == ("GREEN", "2026-03-01T18:00:00Z")
        cpo.answers["prefer"] = {"result": "ACCEPTED"}
        assert (await furnished.call("emsp", "POST", "/preferences", wish))[1]["error"]["reason"] == "bad_answer"
    status, no = await furnished.call("emsp", "POST", "/preferences", {**wish, "session_id": "S9"})
    assert (status, no["error"]["reason"]) == (404, "unknown_session")


@pytest.mark.parametrize(
    ("path", "body"),
    [("reserve", RESERVE), ("unlock", UNLOCK)],
)
async def test_what_a_back_office_does_not_take_is_not_supported(furnished, path, body):
    async with receiving(furnished, "cpo", "start"):
        _, answer = await furnished.call("emsp", "POST", f"/commands/{path}", body)
    assert answer["result"] == "NOT_SUPPORTED"


# -- duties of a CPO's node --------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-114")
@pytest.mark.parametrize("result", ["REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION"])
async def test_after_any_answer_but_accepted_no_outcome_leaves_the_node(furnished, result):
    async with receiving(furnished, "cpo", "start") as cpo, receiving(furnished, "emsp") as emsp:
        cpo.answers["start"] = {"result": result}
        _, taken = await furnished.call("emsp", "POST", "/commands/start", START)
        assert taken["result"] == result
        _, told = await furnished.call("cpo", "POST", f"/outcomes/{cpo.questions[0]['command']}", ACCEPTED)
        assert told["verdict"] == "stale"
        cpo.answers["start"] = ACCEPTED
        _, taken = await furnished.call("emsp", "POST", "/commands/start", START)
        await furnished.call("cpo", "POST", f"/outcomes/{cpo.questions[1]['command']}", {"result": "ACCEPTED"})
        told = await outcomes(emsp, 1)
        assert [one["object"]["command"] for one in told] == [taken["command"]]


@pytest.mark.statement("OCPI-120")
async def test_a_token_that_came_with_a_command_is_not_asked_about_again(furnished):
    async with receiving(furnished, "cpo", "start") as cpo, receiving(furnished, "emsp", "authorize") as emsp:
        cpo.answers["start"] = ACCEPTED
        emsp.answers["authorize"] = {"allowed": "BLOCKED"}
        await furnished.call("emsp", "POST", "/commands/start", START)
        reference = cpo.questions[0]["authorization_reference"]
        furnished.clock.forward(minutes=15)
        _, answer = await furnished.call("cpo", "POST", "/authorize", ASK)
        assert (answer["allowed"], answer["reference"], emsp.questions) == ("ALLOWED", reference, [])
        await furnished.call("cpo", "PUT", "/locations/CH*CCD/L1", LOCATION)
        _, twin = await furnished.call("cpo", "POST", "/authorize", {**ASK, "party": "CH*CCD"})
        assert twin["allowed"] == "NOT_ALLOWED"  # another CPO's place of the same name
        _, elsewhere = await furnished.call("cpo", "POST", "/authorize", {**ASK, "evse_uid": "2"})
        assert (elsewhere["allowed"], len(emsp.questions)) == ("BLOCKED", 1)
        _, other = await furnished.call("cpo", "POST", "/authorize", {**ASK, "uid": "card2"})
        assert "allowed" not in other or other["allowed"] != "ALLOWED"
        furnished.clock.forward(seconds=1)
        _, late = await furnished.call("cpo", "POST", "/authorize", ASK)
        assert late["allowed"] == "BLOCKED"


@pytest.mark.statement("OCPI-120")
@pytest.mark.parametrize("answer", [{"result": "REJECTED"}, {"result": "NOT_SUPPORTED"}])
async def test_a_token_whose_command_was_turned_down_is_asked_about(furnished, answer):
    async with receiving(furnished, "cpo", "start") as cpo, receiving(furnished, "emsp", "authorize") as emsp:
        cpo.answers["start"] = answer
        emsp.answers["authorize"] = {"allowed": "BLOCKED"}
        await furnished.call("emsp", "POST", "/commands/start", START)
        _, said = await furnished.call("cpo", "POST", "/authorize", ASK)
        assert (said["allowed"], len(emsp.questions)) == ("BLOCKED", 1)


@pytest.mark.statement("OCPI-120")
async def test_tokens_of_apps_come_with_commands_and_are_never_asked_about(tmp_path):
    async with running(tmp_path, hub=None) as node, receiving(node, "emsp", "authorize") as emsp:
        emsp.answers["authorize"] = {"allowed": "ALLOWED", "contract_id": "CH-EEE-C0009"}
        for kind in ("APP_USER", "AD_HOC_USER"):
            _, answer = await node.call("cpo", "POST", "/authorize", {**ASK, "uid": "app", "type": kind})
            assert answer["allowed"] == "NOT_ALLOWED"
        assert emsp.questions == []


@pytest.mark.statement("OCPI-122")
async def test_a_start_names_the_connector_where_the_evse_wants_it_and_the_evse_of_a_connector(tmp_path):
    async with running(tmp_path, hub=None) as node, receiving(node, "cpo", "start") as cpo:
        cpo.answers["start"] = ACCEPTED
        first, second = LOCATION["evses"]
        strict = {**first, "capabilities": ["START_SESSION_CONNECTOR_REQUIRED"]}
        await node.call("cpo", "PUT", "/locations/CH*CCC/L1", {**LOCATION, "evses": [strict, second]})
        await node.call("emsp", "PUT", "/tokens/CH*EEE/RFID/card1", TOKEN)
        start = {**START, "cpo": "CH*CCC"}
        _, answer = await node.call("emsp", "POST", "/commands/start", start)
        assert (answer["result"], "connector_id" in answer["message"]) == ("REJECTED", True)
        whole = {name: value for name, value in start.items() if name != "evse_uid"}
        _, answer = await node.call("emsp", "POST", "/commands/start", {**whole, "connector_id": "1"})
        assert (answer["result"], "evse_uid" in answer["message"]) == ("REJECTED", True)
        assert cpo.questions == []
        for body in ({**start, "connector_id": "1"}, {**start, "evse_uid": "2"}, whole):
            assert (await node.call("emsp", "POST", "/commands/start", body))[1]["result"] == "ACCEPTED"


@pytest.mark.statement("OCPI-203")
async def test_a_token_known_to_nobody_is_in_the_question_and_carries_the_charge(furnished):
    async with receiving(furnished, "cpo", "reserve") as cpo:
        cpo.answers["reserve"] = ACCEPTED
        token = {"uid": "new", "type": "APP_USER", "contract_id": "CH-EEE-C0002"}
        _, taken = await furnished.call("emsp", "POST", "/commands/reserve", {**RESERVE, "token": token})
        assert taken["result"] == "ACCEPTED"
        (question,) = cpo.questions
        assert question["token"]["contract_id"] == "CH-EEE-C0002"
        bare = {name: value for name, value in SESSION.items() if name != "token"}
        bare |= {"status": "RESERVATION", "authorization_reference": question["authorization_reference"]}
        _, told = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", bare)
        assert told["findings"] == []
        _, found = await furnished.call("emsp", "GET", "/sessions/CH*CCC/S1")
        assert (found["token"]["uid"], found["auth_method"]) == ("new", "COMMAND")
    assert (await furnished.call("cpo", "GET", "/tokens/CH*EEE/APP_USER/new"))[0] == 404
