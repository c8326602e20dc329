"""StartSession across the bridge."""

import pytest

from interroam.core.refs import commanded_ref
from interroam.model.ids import Kind
from tests.protocols.ocpi import older
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages

ACCEPTED = {"result": "ACCEPTED", "timeout": 30}


async def start(world, **fields):
    world.cpo.answers.append(says("POST", "commands", 200, 1000, ACCEPTED))
    body = {
        "response_url": f"{world.emsp.url}/old/callback/1",
        "token": older.old_token(),
        "location_id": await world.hub_id("L1"),
        "evse_uid": await world.hub_id("L1", "E1"),
        **fields,
    }
    return await world.ask(
        "POST", "commands/START_SESSION", {name: each for name, each in body.items() if each is not None}
    )


@pytest.mark.statement("OCPI-116")
@pytest.mark.parametrize(("fills", "connectors", "sent"), [(True, 1, "1"), (True, 2, None), (False, 1, None)])
async def test_the_connector_is_filled_in_where_there_is_one_only_and_the_switch_says_so(make, fills, connectors, sent):
    async with make("emsp", fills_connector=fills) as world:
        plugs = [messages.connector(id=str(number + 1)) for number in range(connectors)]
        place = messages.location(evses=[messages.evse(connectors=plugs)])
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
        assert asked["authorization_id"] == kept.body.reference
        assert kept.body.emsp_reference == "mine"
        session = older.old_session(authorization_id=asked["authorization_id"], auth_method="AUTH_REQUEST")
        await world.say("PUT", "sessions/CH/CCC/S1", session)
        await world.settled()
        shown = next(one for one in world.emsp.told("PUT") if "sessions" in one.path).body
        assert shown["authorization_id"] == "mine"
