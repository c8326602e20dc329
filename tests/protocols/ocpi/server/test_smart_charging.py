"""Smart charging providers: told of the sessions of an agreement that names them, they ask for profiles for these."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.model.ids import Party
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.messages import location, session
from tests.protocols.ocpi.server.test_charging_profiles import ACCEPTED, ACTIVE, PROFILE, asked, results

SMART = Party.parse("NL*SCP/SCSP")
AGREED = "DE*EEE-CH*CCC"


@pytest.fixture
async def three(node, operator):
    """A CPO, an eMSP and its smart charging provider, and session S1, of which both are told."""
    cpo_peer, cpo = operator
    cpo_peer.answers += [says(method, "chargingprofiles", 200, 1000, ACCEPTED) for method in ("PUT", "GET", "DELETE")]
    async with Peer((("DE", "EEE", "EMSP"),)) as emsp_peer, Peer((("NL", "SCP", "SCSP"),)) as peer:
        await node.connect("eee", emsp_peer, "DE*EEE/EMSP")
        smart = await node.connect("scp", peer, str(SMART))
        await node.roam("DE*EEE", "CH*CCC")
        await amended(node, SMART)
        await cpo.put("receiver/locations/CH/CCC/L1", location())
        await cpo.put("receiver/sessions/CH/CCC/S1", session())
        await node.settled()
        yield cpo_peer, cpo, emsp_peer, peer, smart


async def amended(node, *smart: Party) -> None:
    old = node.book.agreements[AGREED]
    await node.book.put_agreement(replace(old, version=old.version + 1, smart_charging=smart))


def told(peer: Peer) -> list[dict]:
    return [one.body for one in peer.told("PUT") if "/sessions/" in one.path]


async def wished(peer: Peer, smart, known_as: str, callback: str = "1"):
    body = {"charging_profile": PROFILE, "response_url": f"{peer.url}/callback/{callback}"}
    return await smart.put(f"receiver/chargingprofiles/{known_as}", body)


async def test_a_smart_charging_provider_is_told_of_sessions_and_of_nothing_else(node, three):
    _, cpo, emsp_peer, peer, smart = three
    assert told(peer) == told(emsp_peer)
    assert {one.path.split("/")[2] for one in peer.told()} == {"sessions"}
    await cpo.put("receiver/sessions/CH/CCC/S1", session(kwh=7, last_updated="2026-03-14T12:10:00Z"))
    await node.settled()
    assert told(peer)[-1]["kwh"] == 7
    assert (await smart.get("sender/locations")).data == []
    assert (await smart.get("sender/cdrs")).data == []


@pytest.mark.statement("OCPI-175")
async def test_a_smart_charging_provider_sets_a_profile_and_hears_of_it_where_its_provider_does_not(node, three):
    cpo_peer, cpo, emsp_peer, peer, smart = three
    answer = await wished(peer, smart, told(peer)[0]["id"])
    assert (answer.status, answer.data) == (1000, ACCEPTED)
    (sent,) = asked(cpo_peer, "PUT")
    assert (sent.path.rpartition("/")[2], sent.sender, sent.body["charging_profile"]) == ("S1", "NL*SCP", PROFILE)
    await cpo.post(sent.body["response_url"], {"result": "ACCEPTED"})
    assert (await cpo.put("sender/chargingprofiles/S1", ACTIVE)).status == 1000
    await node.settled()
    assert results(peer) == [{"result": "ACCEPTED"}]
    (update,) = asked(peer, "PUT")
    assert (update.body, update.receiver) == (ACTIVE, "NL*SCP")
    assert not asked(emsp_peer, "PUT")


async def test_who_is_in_no_agreement_any_more_asks_for_nothing_and_hears_nothing(node, three):
    cpo_peer, cpo, emsp_peer, peer, smart = three
    known_as, heard = told(peer)[0]["id"], len(told(peer))
    await amended(node)
    assert (await wished(peer, smart, known_as)).data["result"] == "REJECTED"
    await cpo.put("receiver/sessions/CH/CCC/S1", session(kwh=7, last_updated="2026-03-14T12:10:00Z"))
    await node.settled()
    assert (len(told(peer)), told(emsp_peer)[-1]["kwh"]) == (heard, 7)
    assert not asked(cpo_peer, "PUT")


async def test_the_commands_of_a_smart_charging_provider_are_rejected_and_go_to_nobody(three):
    cpo_peer, _, _, peer, smart = three
    stop = {"response_url": f"{peer.url}/callback/1", "session_id": told(peer)[0]["id"]}
    assert (await smart.post("receiver/commands/STOP_SESSION", stop)).data["result"] == "REJECTED"
    assert not [one for one in cpo_peer.told("POST") if "commands" in one.path]
