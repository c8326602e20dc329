"""Whose ids an eMSP is shown, in either version."""

import pytest
from msgspec.structs import replace

from interroam.model.ids import PartyId, cdr_key, location_key, session_key, tariff_key
from tests.protocols.ocpi import older
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages

OWNER = PartyId.parse("CH*CCC")
KEYS = {
    "locations": (location_key(OWNER, "L1"),),
    "tariffs": (tariff_key(OWNER, "T1"),),
    "sessions": (session_key(OWNER, "S1"),),
    "cdrs": (cdr_key(OWNER, "C1"), cdr_key(OWNER, "C2")),
}
BY_THE_HUB = {"": {"sessions"}, "emsp": set(KEYS)}
"""Which objects go by the hub's id: all of them only in 2.1.1 (sheet 1.5.1)."""
LATER = "2026-03-15T12:00:00Z"


async def charge(world, reference=None):
    """Let a CPO state a session, a change of it and two CDRs, one of which names no session."""
    named = {"authorization_reference": reference} if reference else {}
    await world.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session(**named))
    await world.say("PATCH", "receiver/sessions/CH/CCC/S1", {"id": "S1", "kwh": 2, "last_updated": LATER, **named})
    await world.say("POST", "receiver/cdrs", messages.cdr(**named))
    await world.say("POST", "receiver/cdrs", {**messages.cdr("C2", **named), "session_id": None})
    await world.settled()


def told(world, module):
    return [one for one in world.emsp.told("PUT", "PATCH", "POST") if one.path.split("/")[2] == module]


@pytest.mark.statement("OCPI-55")
@pytest.mark.parametrize("old", BY_THE_HUB, ids=["2.2.1", "2.1.1"])
async def test_an_emsp_is_pushed_and_shown_the_ids_of_its_version(make, old):
    async with make(old) as world:
        await world.say("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff())
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        await world.settled()
        await charge(world)

        for module, keys in KEYS.items():
            hub_ids = [(await world.node.store.get(key)).hub_id for key in keys]
            shown = hub_ids if module in BY_THE_HUB[old] else [key.id.upper() for key in keys]
            side = "" if old else "sender/"
            listed = (await world.ask("GET", f"{side}{module}?date_from=2020-01-01T00:00:00Z"))["data"]
            pushed = [one for one in told(world, module) if one.method != "PATCH"]
            assert [one["id"] for one in listed] == [one.body["id"] for one in pushed] == shown
            if module != "cdrs":
                assert {one.path.split("/")[5] for one in told(world, module)} == set(shown)


@pytest.mark.statement("OCPI-63")
async def test_a_cdr_names_a_tariff_that_is_gone_as_its_emsp_knew_it(make):
    async with make("emsp") as world:
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        await world.say("PUT", "receiver/tariffs/CH/CCC/T2", messages.tariff("T2"))
        assert (await world.say("DELETE", "receiver/tariffs/CH/CCC/T2"))["status_code"] == 1000
        await world.say("POST", "receiver/cdrs", messages.cdr(tariffs=[messages.tariff("T2")]))
        await world.settled()
        put, _ = (one for one in world.emsp.told() if "tariffs" in one.path)
        (cdr,) = told(world, "cdrs")
        (listed,) = (await world.ask("GET", "cdrs"))["data"]
        assert cdr.body["tariffs"][0]["id"] == listed["tariffs"][0]["id"] == put.body["id"] != "T2"


@pytest.mark.statement("OCPI-59")
async def test_a_cdr_names_its_session_as_the_emsp_saw_it_or_not_at_all(make):
    async with make("") as world:
        await world.say("POST", "receiver/cdrs", messages.cdr())
        await world.settled()
        (cdr,) = told(world, "cdrs")
        assert "session_id" not in cdr.body
        await world.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session())
        await world.settled()
        (listed,) = (await world.ask("GET", "sender/cdrs"))["data"]
        (session,) = told(world, "sessions")
        assert listed["session_id"] == session.body["id"]


@pytest.mark.statement("OCPI-57")
@pytest.mark.parametrize("old", ["", "emsp"], ids=["2.2.1", "2.1.1"])
@pytest.mark.parametrize(("own", "switched"), [(None, False), ("their-1", False), ("their-1", True)])
async def test_the_references_of_a_charge_are_the_hubs_but_for_those_its_emsp_gave(make, old, own, switched):
    name = "authorization_id" if old else "authorization_reference"
    async with make(old) as world:
        partner = world.node.book.partners["emsp"]
        await world.node.book.put_partner(replace(partner, switches={"send_hub_reference": switched}))
        await world.say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        own_token = {} if old else {"token": messages.token()}
        answer = {"allowed": "ALLOWED", **own_token, **({name: own} if own else {})}
        world.emsp.answers.append(says("POST", "/authorize", 200, 1000, answer))
        if old:
            await world.ask("PUT", "tokens/DE/EEE/0102030405060A", older.old_token())
        else:
            await world.ask("PUT", "receiver/tokens/DE/EEE/0102030405060A", messages.token())
        place = {"location_id": "L1", "evse_uids": ["E1"]}
        said = await world.say("POST", "sender/tokens/0102030405060A/authorize", place)
        reference = said["data"]["authorization_reference"]
        assert reference not in (None, own)

        await charge(world, reference)

        session, *changes = (one.body for one in told(world, "sessions"))
        cdrs = [one.body for one in told(world, "cdrs")]
        assert session["id"] == (await world.node.store.get(KEYS["sessions"][0])).hub_id
        assert {one.get("id", session["id"]) for one in changes} == {session["id"]}
        assert len(cdrs) == 2
        assert {one[name] for one in (session, *changes, *cdrs)} == {own if own and not switched else reference}


@pytest.mark.statement("OCPI-143")
async def test_a_cdr_of_a_plug_that_is_gone_is_told_with_what_it_was_like_when_its_session_began(make):
    async with make("emsp") as world:
        place = "receiver/locations/CH/CCC/L1"
        await world.say("PUT", place, messages.location())
        await world.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session())
        await world.settled()
        plug = messages.connector(id="2", max_voltage=400)
        await world.say("PUT", f"{place}/E1", messages.evse(connectors=[plug], last_updated="2026-03-14T12:05:00Z"))
        for name, session_id in (("C1", "S1"), ("C2", "S2")):
            await world.say("POST", "receiver/cdrs", messages.cdr(name, session_id=session_id))
        await world.settled()
        (told_,) = told(world, "cdrs")
        assert told_.body["location"]["evses"][0]["connectors"][0]["voltage"] == 230
        (held,) = await world.node.store.shelf()  # of the other nothing is known
        assert held.reason == "incomplete"
