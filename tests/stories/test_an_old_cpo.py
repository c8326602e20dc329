"""A CPO of OCPI 2.1.1 and an eMSP of 2.2.1 roam through a hub, over HTTP, in every module."""

import pytest

from tests.protocols.ocpi import older
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer, World
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages

PLACE = "locations/CH/CCC/L1"


@pytest.fixture
async def world(tmp_path):
    async with (
        Node(tmp_path) as node,
        OldPeer((("CH", "CCC", "CPO"),)) as cpo,
        Peer((("DE", "EEE", "EMSP"),)) as emsp,
    ):
        one = World(node, cpo, emsp)
        await one.join()
        yield one


async def place(world):
    answer = await world.say("PUT", PLACE, older.old_location())
    assert (answer["http"], answer["status_code"]) == (200, 1000)


async def token(world):
    path = "receiver/tokens/DE/EEE/0102030405060A"
    assert (await world.ask("PUT", path, messages.token()))["status_code"] == 1000


async def test_it_registers_and_both_sides_use_raw_tokens(world):
    await place(world)
    await token(world)
    await world.settled()

    (pushed,) = world.cpo.told("PUT")
    assert pushed.headers["authorization"] == f"Token {world.cpo.token}"
    assert not any(name.startswith("ocpi-") for name in pushed.headers)


async def test_places_and_statuses_reach_the_emsp_as_those_of_221(world):
    await place(world)
    answer = await world.say("PATCH", f"{PLACE}/E1", {"status": "CHARGING"})
    await world.settled()

    assert answer["status_code"] == 1000
    put, patch = world.emsp.told("PUT", "PATCH")
    assert (put.body["country_code"], put.body["publish"], put.body["parking_type"]) == ("CH", True, "ON_STREET")
    assert put.body["evses"][0]["connectors"][0]["max_voltage"] == 230
    assert put.body["evses"][0]["connectors"][0]["tariff_ids"] == ["T1"]
    assert patch.path == "/receiver/locations/CH/CCC/L1/E1"
    assert patch.body["status"] == "CHARGING"
    assert "last_updated" in patch.body


async def test_tokens_come_by_push_and_by_list_in_211(world):
    await token(world)
    await world.settled()

    (pushed,) = world.cpo.told("PUT")
    assert pushed.path == "/old/tokens/DE/EEE/0102030405060A"
    listed = await world.say("GET", "tokens")
    assert listed["data"] == [pushed.body]
    assert pushed.body["auth_id"] == "DE-EEE-C00000001-1"
    assert "contract_id" not in pushed.body


async def test_a_charge_from_authorization_to_cdr(world):
    await place(world)
    await token(world)
    said = {"allowed": "ALLOWED", "token": messages.token(), "authorization_reference": "emsp-1"}
    world.emsp.answers.append(says("POST", "authorize", 200, 1000, said))

    allowed = await world.say(
        "POST", "tokens/0102030405060A/authorize", {"location_id": "L1", "evse_uids": ["E1"], "connector_ids": ["1"]}
    )
    reference = allowed["data"]["authorization_id"]
    session = older.old_session(authorization_id=reference, auth_method="AUTH_REQUEST")
    assert (await world.say("PUT", "sessions/CH/CCC/S1", session))["status_code"] == 1000
    cdr = older.old_cdr(authorization_id=reference, auth_method="AUTH_REQUEST", tariffs=[older.old_tariff()])
    posted = await world.say("POST", "cdrs", cdr)
    await world.settled()

    assert allowed["data"]["allowed"] == "ALLOWED"
    assert "token" not in allowed["data"]
    assert posted["status_code"] == 1000
    shown = next(one for one in world.emsp.told("PUT") if "sessions" in one.path).body
    ended = next(one for one in world.emsp.told("POST") if one.path.endswith("cdrs")).body
    assert shown["authorization_reference"] == ended["authorization_reference"] == "emsp-1"
    assert shown["cdr_token"]["uid"] == ended["cdr_token"]["uid"] == "0102030405060A"
    assert (shown["location_id"], shown["evse_uid"], shown["connector_id"]) == ("L1", "E1", "1")
    assert ended["session_id"] == shown["id"]
    assert ended["total_cost"] == {"excl_vat": 4.2}
    assert (await world.say("GET", world.cpo.heard["Location"]))["data"]["id"] == "C1"


async def test_a_session_patch_replaces_the_periods_and_goes_out_whole(world):
    await place(world)
    await token(world)
    first, second = messages.period(1), messages.period(2, "2026-03-14T12:30:00Z")
    await world.say("PUT", "sessions/CH/CCC/S1", older.old_session(charging_periods=[first]))

    answer = await world.say(
        "PATCH", "sessions/CH/CCC/S1", {"kwh": 2, "charging_periods": [second], "last_updated": "2026-03-14T12:30:00Z"}
    )
    await world.settled()

    assert answer["status_code"] == 1000
    put = [one for one in world.emsp.told("PUT", "PATCH") if "sessions" in one.path][-1]
    assert (put.method, put.body["kwh"]) == ("PUT", 2)
    assert [one["start_date_time"] for one in put.body["charging_periods"]] == [second["start_date_time"]]


async def test_tariffs_reach_the_emsp(world):
    assert (await world.say("PUT", "tariffs/CH/CCC/T1", older.old_tariff()))["status_code"] == 1000
    patched = await world.say("PATCH", "tariffs/CH/CCC/T1", {"currency": "EUR", "last_updated": "2026-03-15T12:00:00Z"})
    await world.settled()

    assert patched["status_code"] == 1000
    put, again = world.emsp.told("PUT")
    assert (put.path, put.body["type"]) == ("/receiver/tariffs/CH/CCC/T1", "REGULAR")
    assert (again.body["currency"], again.body["elements"]) == ("EUR", put.body["elements"])


async def test_an_emsp_starts_and_stops(world):
    await place(world)
    await token(world)
    world.cpo.answers.append(says("POST", "commands", 200, 1000, {"result": "ACCEPTED"}))
    start = {
        "response_url": f"{world.emsp.url}/callback/1",
        "token": messages.token(),
        "location_id": "L1",
        "evse_uid": "E1",
        "connector_id": "1",
        "authorization_reference": "emsp-1",
    }

    answer = await world.ask("POST", "receiver/commands/START_SESSION", start)
    asked = world.cpo.told("POST")[-1].body
    await world.say("POST", asked["response_url"], {"result": "ACCEPTED"})
    session = older.old_session(authorization_id=asked["authorization_id"], auth_method="AUTH_REQUEST")
    await world.say("PUT", "sessions/CH/CCC/S1", session)
    await world.settled()
    shown = next(one for one in world.emsp.told("PUT") if "sessions" in one.path).body
    stop = {"response_url": f"{world.emsp.url}/callback/2", "session_id": shown["id"]}
    stopped = await world.ask("POST", "receiver/commands/STOP_SESSION", stop)

    assert (answer["data"]["result"], answer["data"]["timeout"] > 0) == ("ACCEPTED", True)
    assert (asked["location_id"], asked["evse_uid"], "connector_id" in asked) == ("L1", "E1", False)
    assert asked["response_url"].startswith(f"{world.node.url}/ocpi/emsp/2.1.1/commands/START_SESSION/")
    (result,) = (one for one in world.emsp.told("POST") if one.path == "/callback/1")
    assert result.body["result"] == "ACCEPTED"
    assert shown["auth_method"] == "COMMAND"
    assert stopped["data"]["result"] == "ACCEPTED"
    assert world.cpo.told("POST")[-1].body["session_id"] == "S1"
