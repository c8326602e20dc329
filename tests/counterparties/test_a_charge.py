"""A roaming charge between a CPO and an eMSP that are not ours, over a hub that is."""

import pytest

from tests.counterparties import messages
from tests.protocols.ocpi.nodes import Node

pytestmark = pytest.mark.timeout(300)  # the first run installs the library


@pytest.fixture
async def hub(tmp_path):
    async with Node(tmp_path) as node:
        yield node


async def joined(hub, counterparty):
    """Both connected: the CPO registered with us, we registered with the eMSP."""
    cpo = await counterparty("CPO", "DE", "ABC")
    emsp = await counterparty("EMSP", "NL", "XYZ", invitation="come-in")
    await hub.expect("cpo", cpo.party)
    said = await cpo.register(f"{hub.url}/ocpi/versions", await hub.invite("cpo"))
    assert said["body"]["status_code"] == 1000, said
    partner = await hub.expect("emsp", emsp.party)
    await hub.room.register(partner, emsp.versions_url, "come-in")
    await hub.agree(emsp.party, cpo.party)
    return cpo, emsp


@pytest.mark.statement("OCPI-163", "OCPI-164")
async def test_either_side_may_register_first(hub, counterparty):
    await joined(hub, counterparty)
    assert all(partner.state == "connected" for partner in hub.book.partners.values())


async def test_a_card_of_the_emsp_charges_at_the_cpo_and_both_know_the_same_cdr(hub, counterparty):
    cpo, emsp = await joined(hub, counterparty)
    card, place = messages.token(emsp), messages.location(cpo)
    taken = await emsp.call("PUT", "tokens", "RECEIVER", *messages.path(card), body=card, keep=True)
    assert taken["body"]["status_code"] == 1000, taken
    taken = await cpo.call("PUT", "locations", "RECEIVER", *messages.path(place), body=place, keep=True)
    assert taken["body"]["status_code"] == 1000, taken
    assert (await emsp.until(lambda: emsp.objects("locations")))["LOC1"]["evses"][0]["uid"] == "EVSE1"
    assert "CARD1" in await cpo.until(lambda: cpo.objects("tokens"))

    asked = {"location_id": "LOC1", "evse_uids": ["EVSE1"]}
    answer = await cpo.call("POST", "tokens", "SENDER", "CARD1", "authorize", body=asked)
    assert answer["body"]["data"]["allowed"] == "ALLOWED", answer
    reference = answer["body"]["data"]["authorization_reference"]

    session = messages.session(cpo, card, reference)
    await cpo.call("PUT", "sessions", "RECEIVER", *messages.path(session), body=session)
    (running,) = (await emsp.until(lambda: emsp.objects("sessions"))).values()
    assert running["kwh"] == session["kwh"]
    patch = {"status": "CHARGING", "last_updated": messages.later(1)}
    await cpo.call("PATCH", "locations", "RECEIVER", *messages.path(place), "EVSE1", body=patch)

    record = messages.cdr(cpo, card, reference)
    taken = await cpo.call("POST", "cdrs", "RECEIVER", body=record)
    assert taken["body"]["status_code"] == 1000, taken
    received = (await emsp.until(lambda: emsp.objects("cdrs")))["C1"]
    assert (received["total_cost"], received["session_id"]) == (record["total_cost"], running["id"])
    places = await emsp.objects("locations")
    assert places["LOC1"]["evses"][0]["status"] == "CHARGING"
    await hub.settled()
    assert await hub.store.shelf() == []


@pytest.mark.statement("OCPI-113")
async def test_the_emsp_starts_a_charge_from_afar_and_hears_what_became_of_it(hub, counterparty):
    cpo, emsp = await joined(hub, counterparty)
    card, place = messages.token(emsp), messages.location(cpo)
    await emsp.call("PUT", "tokens", "RECEIVER", *messages.path(card), body=card, keep=True)
    await cpo.call("PUT", "locations", "RECEIVER", *messages.path(place), body=place, keep=True)
    await emsp.until(lambda: emsp.objects("locations"))

    start = {"token": card, "location_id": "LOC1", "evse_uid": "EVSE1", "connector_id": "1"}
    start["response_url"] = f"{emsp.url}/ocpi/emsp/2.2.1/commands/start-1"
    said = await emsp.call("POST", "commands", "RECEIVER", "START_SESSION", body=start, to=(cpo.country, cpo.code))
    assert said["body"]["data"]["result"] == "ACCEPTED", said
    (outcome,) = await emsp.until(lambda: emsp.heard("outcome"))
    assert (outcome["of"], outcome["outcome"]["result"]) == ("start-1", "ACCEPTED")
    (command,) = await cpo.heard("command")
    assert command["response_url"].startswith(hub.url)
