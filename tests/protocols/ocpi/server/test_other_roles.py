"""Roles beside CPO and eMSP: who may state places, and who is told of them."""

from __future__ import annotations

import pytest

from interroam.model.agreements import Agreement
from interroam.model.ids import Party
from tests.protocols.ocpi.nodes import LONG_AGO
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server.messages import cdr, evse, location, session, tariff, token
from tests.waiting import eventually

LATER = "2026-03-14T12:05:00Z"


async def agree(node, one: str, *owners: str) -> None:
    parties = tuple(map(Party.parse, owners))
    await node.book.put_agreement(Agreement(id=one, emsp=Party.parse(one), cpos=parties, starts=LONG_AGO))
    await eventually(lambda: all(courier.idle for courier in node.dispatch.couriers))  # what there is goes first


@pytest.mark.statement("OCPI-23", "OCPI-24")
async def test_a_nap_states_locations_and_nothing_else_and_they_go_to_whom_it_roams_with(node, provider):
    nap = await node.partner("nap", "CH*NAP/NAP")
    await agree(node, "DE*EEE/EMSP", "CH*CCC/CPO", "CH*NAP/NAP")
    at = "receiver/locations/CH/NAP/L1"
    assert (await nap.put(at, location(party_id="NAP"))).http == 201
    assert (await nap.patch(f"{at}/E1", {"status": "CHARGING", "last_updated": LATER})).status == 1000
    assert (await nap.put(f"{at}/E2", evse("E2"))).http == 201
    assert (await nap.get(at)).data["party_id"] == "NAP"
    assert (await nap.put("receiver/locations/CH/CCC/L1", location())).status >= 2000
    for path, said in (("tariffs/CH/NAP/T1", tariff(party_id="NAP")), ("sessions/CH/NAP/S1", session(party_id="NAP"))):
        assert (await nap.put(f"receiver/{path}", said)).http == 403
    assert (await nap.post("receiver/cdrs", cdr(party_id="NAP"))).http == 403
    await node.settled()
    peer, emsp = provider
    told = [one.path.rpartition("/locations/")[2] for one in peer.told() if "/locations/" in one.path]
    assert told == ["CH/NAP/L1", "CH/NAP/L1/E1", "CH/NAP/L1/E2"]
    assert [one["party_id"] for one in (await emsp.get("sender/locations")).data] == ["NAP"]


@pytest.mark.statement("OCPI-24")
async def test_locations_of_a_nap_and_of_a_cpo_of_one_name_are_stated_by_either_and_by_no_hub(node):
    hub = await node.partner("far", "FR*FAR/HUB", to=None)
    nap = await node.partner("nap", "CH*CCC/NAP")
    at = "receiver/locations/CH/CCC/L"
    assert (await hub.put(f"{at}1", location("L1"))).status == 2001
    assert (await nap.put(f"{at}1", location("L1"))).http == 201
    cpo = await node.partner("cpo", "CH*CCC/CPO")
    assert [(await one.put(f"{at}2", location("L2"))).status for one in (hub, nap, cpo)] == [2001, 1000, 1000]


@pytest.mark.statement("OCPI-23", "OCPI-35")
@pytest.mark.parametrize("role", ["NSP", "OTHER", "NAP", "SCSP"])
async def test_who_is_no_emsp_is_told_of_places_and_tariffs_and_of_no_drivers(node, cpo, role):
    async with Peer((("NL", "XXX", role),)) as peer:
        other = await node.connect("other", peer, f"NL*XXX/{role}")
        emsp = await node.partner("both", "NL*XXX/EMSP")
        await agree(node, f"NL*XXX/{role}", "CH*CCC/CPO")
        await cpo.put("receiver/tariffs/CH/CCC/T1", tariff())
        await cpo.put("receiver/locations/CH/CCC/L1", location())
        await cpo.patch("receiver/locations/CH/CCC/L1/E1", {"status": "CHARGING", "last_updated": LATER})
        await emsp.put("receiver/tokens/NL/XXX/AABBCCDD", token("AABBCCDD", country_code="NL", party_id="XXX"))
        theirs = {"cdr_token": {**session()["cdr_token"], "country_code": "NL", "party_id": "XXX"}}
        await cpo.put("receiver/sessions/CH/CCC/S1", session(**theirs))
        await cpo.post("receiver/cdrs", cdr(**theirs))
        await node.settled()

        told = [(one.method, one.path.split("/")[2]) for one in peer.told()]
        assert sorted(told) == [("PATCH", "locations"), ("PUT", "locations"), ("PUT", "tariffs")]
        for module, count in (("locations", 1), ("tariffs", 1), ("sessions", 0), ("cdrs", 0)):
            page = await other.get(f"sender/{module}?date_from=2020-01-01T00:00:00Z")
            assert (module, page.status, len(page.data)) == (module, 1000, count)
        assert (await cpo.get("sender/tokens")).data == []
        answer = await cpo.post("sender/tokens/AABBCCDD/authorize", {"location_id": "L1"})
        assert answer.data["allowed"] == "NOT_ALLOWED"


@pytest.mark.statement("OCPI-23", "OCPI-42")
@pytest.mark.parametrize(
    "name", ["START_SESSION", "STOP_SESSION", "RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR"]
)
async def test_the_commands_of_an_scsp_are_taken_and_rejected_since_it_has_no_drivers(node, operator, name):
    peer, cpo = operator
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    scsp = await node.partner("scsp", "NL*SSS/SCSP")
    whole = {
        "response_url": "http://sss.example/1",
        "location_id": "L1",
        "evse_uid": "E1",
        "connector_id": "1",
        "token": token(country_code="NL", party_id="SSS"),
        "session_id": "S1",
        "reservation_id": "R1",
        "expiry_date": "2040-01-01T00:00:00Z",
    }
    answer = await scsp.post(f"receiver/commands/{name}", whole)
    assert (answer.http, answer.status, answer.data["result"]) == (200, 1000, "REJECTED")
    assert "no agreement lets NL*SSS/SCSP" in answer.data["message"][0]["text"]
    assert (await scsp.post(f"receiver/commands/{name}", {})).status == 2001
    assert peer.told("POST") == []


@pytest.mark.statement("OCPI-17")
async def test_a_hub_asks_and_commands_in_nobodys_name_that_is_connected_itself(node, operator, emsp):
    peer, cpo = operator
    hub = await node.partner("far", "FR*FAR/HUB", to=None)
    await agree(node, "FR*FAR/HUB", "CH*CCC/CPO")
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    await emsp.put("receiver/tokens/DE/EEE/AABBCCDD", token("AABBCCDD"))
    place = {"location_id": "L1", "evse_uid": "E1"}
    start = {"response_url": "http://far.example/1", **place, "token": token("AABBCCDD")}
    unlock = {"response_url": "http://far.example/1", **place, "connector_id": "1"}
    for path, said, name in (
        ("sender/tokens/AABBCCDD/authorize", {"location_id": "L1"}, "CH*CCC"),
        ("receiver/commands/START_SESSION", start, "DE*EEE"),
        ("receiver/commands/UNLOCK_CONNECTOR", unlock, "DE*EEE"),
    ):
        named = {"OCPI-from-country-code": name[:2], "OCPI-from-party-id": name[3:]}
        answer = await hub.post(path, said, named)
        assert (path, answer.http, answer.status) == (path, 403, 2000)
        assert name in answer.message
    assert peer.told("POST") == []
