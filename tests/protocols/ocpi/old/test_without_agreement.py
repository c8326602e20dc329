"""What partners of 2.1.1 are told when no agreement covers what they ask or state."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.model.ids import Party
from tests.protocols.ocpi import older

NONE = "between CH*CCC and DE*EEE ended"


async def end_it(world):
    for one in world.node.book.agreements.values():
        await world.node.book.put_agreement(replace(one, ends=world.node.clock.now() - timedelta(days=1)))
    world.cpo.seen.clear()
    world.emsp.seen.clear()


@pytest.mark.statement("OCPI-42")
async def test_an_old_cpo_is_told_no_and_why_and_what_it_states_is_not_passed_on(old_cpo):
    await old_cpo.settled()
    await end_it(old_cpo)

    here = {"location_id": "L1", "evse_uids": ["E1"]}
    answer = await old_cpo.say("POST", "tokens/0102030405060A/authorize", here)
    assert (answer["http"], answer["status_code"], answer["data"]["allowed"]) == (200, 1000, "NOT_ALLOWED")
    assert NONE in answer["data"]["info"]["text"]

    assert (await old_cpo.say("PATCH", "locations/CH/CCC/L1/E1", {"status": "CHARGING"}))["status_code"] == 1000
    assert (await old_cpo.say("PUT", "sessions/CH/CCC/S1", older.old_session()))["status_code"] == 1000
    assert (await old_cpo.say("POST", "cdrs", older.old_cdr()))["status_code"] == 1000
    await old_cpo.settled()
    assert old_cpo.emsp.told() == []


@pytest.mark.statement("OCPI-42")
async def test_the_commands_of_an_old_emsp_are_rejected_and_the_envelope_says_why(old_emsp):
    await end_it(old_emsp)
    place = {"location_id": await old_emsp.hub_id("L1"), "evse_uid": await old_emsp.hub_id("L1", "E1")}
    back = {"response_url": f"{old_emsp.emsp.url}/old/callback/1"}
    for name, more in (("START_SESSION", {"token": older.old_token()}), ("UNLOCK_CONNECTOR", {"connector_id": "1"})):
        answer = await old_emsp.ask("POST", f"commands/{name}", {**place, **back, **more})
        assert (answer["http"], answer["status_code"], answer["data"]) == (200, 1000, {"result": "REJECTED"})
        assert NONE in answer["status_message"]
    assert old_emsp.cpo.told("POST") == []
    assert (await old_emsp.ask("GET", "locations"))["data"] == []


async def test_an_old_connection_whose_party_an_operator_switched_off_is_refused(old_cpo):
    await old_cpo.node.book.switch_party(Party.parse("CH*CCC/CPO"), on=False)
    answer = await old_cpo.say("PATCH", "locations/CH/CCC/L1/E1", {"status": "CHARGING"})
    assert (answer["http"], answer["status_code"]) == (403, 2000)
    assert "CH*CCC/CPO is suspended" in answer["status_message"]
