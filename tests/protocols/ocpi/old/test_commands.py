"""StartSession across the bridge."""

import pytest

from interroam.core.refs import commanded_ref
from interroam.model.ids import Kind
from tests.protocols.ocpi import older
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages

ACCEPTED = {"result": "ACCEPTED", "timeout": 30}


async def start(world, path="commands", **fields):
    world.cpo.answers.append(says("POST", "commands", 200, 1000, ACCEPTED))
    body = {
        "response_url": f"{world.emsp.url}/old/callback/1",
        "token": older.old_token(),
        "location_id": await world.hub_id("L1"),
        "evse_uid": await world.hub_id("L1", "E1"),
        **fields,
    }
    return await world.ask(
        "POST", f"{path}/START_SESSION", {name: each for name, each in body.items() if each is not None}
    )


@pytest.mark.statement("OCPI-116")
@pytest.mark.parametrize(("fills", "connectors", "sent"), [(True, 1, "1"), (True, 2, None), (False, 1, None)])
async def test_the_connector_is_filled_in_where_there_is_one_only_and_the_switch_says_so(make, fills, connectors, sent):
    async with make("emsp", **({"fills_connector": True} if fills else {})) as world:
        plugs = [messages.connector(id=str(number + 1)) for number in range(connectors)]
        wants = ["REMOTE_START_STOP_CAPABLE", "START_SESSION_CONNECTOR_REQUIRED"]
        place = messages.location(evses=[messages.evse(connectors=plugs, capabilities=wants)])
        await world.say("PUT", "receiver/locations/CH/CCC/L1", place)

        assert (await start(world))["data"] == {"result": "ACCEPTED"}

        assert world.cpo.told("POST")[-1].body.get("connector_id") == sent


@pytest.mark.statement("OCPI-117")
async def test_a_start_without_an_evse_is_rejected(old_emsp):
    answer = await start(old_emsp, evse_uid=None)
    assert (answer["http"], answer["status_code"], answer["data"]) == (200, 2001, {"result": "REJECTED"})
    assert not old_emsp.cpo.told("POST")


@pytest.mark.statement("OCPI-118")
async def test_the_authorization_id_of_a_start_travels_both_ways(make):
    async with make("cpo emsp") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        await start(world, authorization_id="mine")
        asked = world.cpo.told("POST")[-1].body
        (kept,) = await world.node.store.by_ref(commanded_ref("RFID", "0102030405060A"), Kind.AUTHORIZATION)
        assert asked["authorization_id"] == kept.body.reference != "mine"
        assert kept.body.emsp_reference == "mine"
        session = older.old_session(authorization_id=asked["authorization_id"], auth_method="AUTH_REQUEST")
        await world.say("PUT", "sessions/CH/CCC/S1", session)
        await world.settled()
        shown = next(one for one in world.emsp.told("PUT") if "sessions" in one.path).body
        assert shown["authorization_id"] == "mine"


@pytest.mark.statement("OCPI-113")
@pytest.mark.parametrize("old", ["cpo", "emsp", "cpo emsp"])
async def test_an_outcome_comes_back_to_our_address_and_goes_to_the_askers_in_either_version(make, old):
    async with make(old) as world:
        if "cpo" in old:
            await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        else:
            await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        known = {} if "emsp" in old else {"location_id": "L1", "evse_uid": "E1", "token": messages.token()}
        path = "commands" if "emsp" in old else "receiver/commands"
        answer = await start(world, path=path, **known)
        assert answer["data"]["result"] == "ACCEPTED"
        callback = world.cpo.told("POST")[-1].body["response_url"]
        ours = "/ocpi/emsp/2.1.1/commands/" if "cpo" in old else "/ocpi/2.2.1/sender/commands/"
        assert callback.startswith(f"{world.node.url}{ours}START_SESSION/")
        assert (await world.say("POST", callback, {"result": "REJECTED"}))["status_code"] == 1000
        await world.settled()
        told = [one.body for one in world.emsp.seen if one.path.endswith("callback/1")]
        assert told == [{"result": "REJECTED"}]


@pytest.mark.statement("OCPI-112")
async def test_the_profile_gireve_supports_starts_and_stops_of_an_old_emsp_and_nothing_else(make):
    async with make("emsp", profile="gireve") as world:
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        for name in ("RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR"):
            answer = await world.ask("POST", f"commands/{name}", {"response_url": "https://emsp.example/1"})
            assert (answer["http"], answer["status_code"]) == (200, 1000)
            assert answer["data"] == {"result": "NOT_SUPPORTED"}
        assert not world.cpo.told("POST")
        assert (await start(world))["data"] == {"result": "ACCEPTED"}
