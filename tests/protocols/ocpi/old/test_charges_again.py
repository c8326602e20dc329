"""CDRs that an old CPO sends once more: the same as they were, whatever was stated since."""

import pytest

from tests.protocols.ocpi import older
from tests.protocols.ocpi.server import messages


@pytest.mark.statement("OCPI-136", "OCPI-137")
async def test_a_cdr_of_an_old_cpo_is_the_same_when_told_again_whatever_was_stated_since(make):
    async with make("cpo") as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        await world.ask("PUT", "receiver/tokens/DE/EEE/0102030405060A", messages.token())
        other = messages.token("0A0B0C0D0E0F0A", contract_id="DE-EEE-C00000009-9")
        await world.ask("PUT", "receiver/tokens/DE/EEE/0A0B0C0D0E0F0A", other)
        said = older.old_cdr(authorization_id="A-1")
        answers = [await world.say("POST", "cdrs", said)]
        addresses = [world.cpo.heard["Location"]]
        await world.say("PUT", "sessions/CH/CCC/S1", older.old_session(authorization_id="A-1"))
        answers.append(await world.say("POST", "cdrs", said))
        addresses.append(world.cpo.heard["Location"])
        assert [(one["http"], one["status_code"]) for one in answers] == [(200, 1000)] * 2
        assert addresses[0] == addresses[1]
        assert addresses[0].startswith(f"{world.node.url}/ocpi/emsp/2.1.1/cdrs/")
        assert (await world.say("GET", addresses[0]))["data"]["id"] == "C1"
        assert (await world.say("POST", "cdrs", {**said, "total_cost": 5}))["status_code"] == 2001
        assert (await world.say("POST", "cdrs", {**said, "auth_id": other["contract_id"]}))["status_code"] == 2001


@pytest.mark.statement("OCPI-136")
@pytest.mark.parametrize("first", [True, False])
async def test_a_cdr_without_an_evse_id_keeps_the_one_it_got_when_it_is_told_again(make, first):
    async with make("cpo") as world:
        await world.ask("PUT", "receiver/tokens/DE/EEE/0102030405060A", messages.token())
        if first:
            await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        said, later = older.old_cdr(), "2026-03-16T12:00:00Z"
        del said["location"]["evses"][0]["evse_id"]
        told = [(await world.say("POST", "cdrs", said))["status_code"]]
        evse = older.old_evse(evse_id="CH*CCC*EOTHER", last_updated=later)
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location(evses=[evse], last_updated=later))
        told.append((await world.say("POST", "cdrs", said))["status_code"])
        assert told == [1000, 1000]
        (cdr,) = (await world.ask("GET", "sender/cdrs"))["data"]
        assert (cdr["cdr_location"]["evse_id"] == "#NA") is not first
