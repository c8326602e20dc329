"""A CPO of OCPI 2.2.1 and an eMSP of 2.1.1 roam through a hub, over HTTP, in every module."""

import pytest

from interroam.protocols.ocpi.v211 import connector_name
from tests.protocols.ocpi import older
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer, World
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages

PLACE = "receiver/locations/CH/CCC/L1"
TOKEN = "tokens/DE/EEE/0102030405060A"


@pytest.fixture
async def world(tmp_path):
    async with (
        Node(tmp_path) as node,
        Peer((("CH", "CCC", "CPO"),)) as cpo,
        OldPeer((("DE", "EEE", "EMSP"),)) as emsp,
    ):
        one = World(node, cpo, emsp)
        await one.join()
        yield one


async def place(world, **fields):
    assert (await world.say("PUT", PLACE, messages.location(**fields)))["status_code"] == 1000
    return await world.hub_id("L1"), await world.hub_id("L1", "E1")


async def test_places_and_statuses_reach_the_emsp_under_the_hubs_ids(world):
    location, evse = await place(world)
    await world.say("PATCH", f"{PLACE}/E1", {"status": "CHARGING", "last_updated": "2026-03-15T12:00:00.5Z"})
    await world.settled()

    put, patch = world.emsp.told("PUT", "PATCH")
    assert put.path == f"/old/locations/CH/CCC/{location}"
    assert (put.body["id"], put.body["operator"]["name"], put.body["type"]) == (location, "CH*CCC", "UNKNOWN")
    (shown,) = put.body["evses"]
    assert (shown["uid"], shown["connectors"][0]["id"]) == (evse, connector_name(evse, "1"))
    assert (patch.path, patch.body) == (
        f"/old/locations/CH/CCC/{location}/{evse}",
        {"status": "CHARGING", "last_updated": "2026-03-15T12:00:00Z"},
    )
    listed = (await world.ask("GET", "locations"))["data"]
    assert [one["id"] for one in listed] == [location]
    assert listed[0]["evses"][0]["status"] == "CHARGING"


async def test_its_tokens_reach_the_cpo_as_those_of_221(world):
    answer = await world.ask("PUT", TOKEN, older.old_token())
    await world.ask("PATCH", TOKEN, {"valid": False})
    await world.settled()

    assert (answer["http"], answer["status_code"]) == (200, 1000)
    put, patch = world.cpo.told("PUT", "PATCH")
    assert (put.body["contract_id"], put.body["party_id"], put.body["issuer"]) == ("DE-EEE-C00000001-1", "EEE", "EEE")
    assert patch.body["valid"] is False
    assert (await world.ask("GET", TOKEN))["data"]["auth_id"] == "DE-EEE-C00000001-1"


async def test_a_charge_from_authorization_to_cdr(world):
    location, evse = await place(world)
    await world.ask("PUT", TOKEN, older.old_token())
    world.emsp.answers.append(
        says("POST", "authorize", 200, 1000, {"allowed": "ALLOWED", "authorization_id": "emsp-1"})
    )

    asked = {"location_id": "L1", "evse_uids": ["E1"]}
    allowed = await world.say("POST", "sender/tokens/0102030405060A/authorize", asked)
    reference = allowed["data"]["authorization_reference"]
    known = {"authorization_reference": reference, "auth_method": "AUTH_REQUEST"}
    await world.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session(**known))
    await world.say("POST", "receiver/cdrs", messages.cdr(**known, tariffs=[messages.tariff()]))
    await world.settled()

    (question,) = (one for one in world.emsp.told("POST") if "authorize" in one.path)
    assert question.body == {"location_id": location, "evse_uids": [evse]}
    assert (allowed["data"]["allowed"], allowed["data"]["token"]["contract_id"]) == ("ALLOWED", "DE-EEE-C00000001-1")
    session = next(one for one in world.emsp.told("PUT") if "sessions" in one.path)
    cdr = next(one for one in world.emsp.told("POST") if one.path.endswith("cdrs")).body
    assert session.path.endswith(session.body["id"])
    assert session.body["authorization_id"] == cdr["authorization_id"] == "emsp-1"
    assert session.body["location"]["id"] == cdr["location"]["id"] == location
    assert session.body["location"]["evses"][0]["uid"] == cdr["location"]["evses"][0]["uid"] == evse
    assert (cdr["total_cost"], cdr["auth_id"]) == (4.2, "DE-EEE-C00000001-1")
    listed = await world.ask("GET", "cdrs")
    assert listed["data"] == [cdr]


async def test_tariffs_reach_the_emsp(world):
    await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff())
    await place(world)
    await world.settled()

    tariff, location = world.emsp.told("PUT")
    assert tariff.path == f"/old/tariffs/CH/CCC/{tariff.body['id']}"
    assert (tariff.body["country_code"], "type" in tariff.body) == ("CH", False)
    assert location.body["evses"][0]["connectors"][0]["tariff_id"] == tariff.body["id"]
    assert (await world.ask("GET", "tariffs"))["data"] == [tariff.body]


async def test_an_emsp_starts_and_stops(world):
    location, evse = await place(world)
    await world.ask("PUT", TOKEN, older.old_token())
    world.cpo.answers.append(says("POST", "commands", 200, 1000, {"result": "ACCEPTED", "timeout": 30}))
    start = {
        "response_url": f"{world.emsp.url}/old/callback/1",
        "token": older.old_token(),
        "location_id": location,
        "evse_uid": evse,
        "authorization_id": "emsp-1",
    }

    answer = await world.ask("POST", "commands/START_SESSION", start)
    asked = world.cpo.told("POST")[-1].body
    await world.say("POST", asked["response_url"], {"result": "EVSE_OCCUPIED"})
    known = {"authorization_reference": asked["authorization_reference"], "auth_method": "COMMAND"}
    await world.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session(**known))
    await world.settled()
    shown = next(one for one in world.emsp.told("PUT") if "sessions" in one.path).body
    stop = {"response_url": f"{world.emsp.url}/old/callback/2", "session_id": shown["id"]}
    stopped = await world.ask("POST", "commands/STOP_SESSION", stop)

    assert answer["data"] == {"result": "ACCEPTED"}
    assert (asked["location_id"], asked["evse_uid"], "connector_id" in asked) == ("L1", "E1", False)
    assert asked["token"]["contract_id"] == "DE-EEE-C00000001-1"
    (result,) = (one for one in world.emsp.told("POST") if one.path == "/old/callback/1")
    assert result.body == {"result": "REJECTED"}
    assert (shown["authorization_id"], shown["auth_method"]) == ("emsp-1", "AUTH_REQUEST")
    assert stopped["data"] == {"result": "ACCEPTED"}
    assert world.cpo.told("POST")[-1].body["session_id"] == "S1"
