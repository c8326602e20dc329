"""Reservations through the hub: asked for, replaced, given up by either side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interroam.model.charges import CommandState
from interroam.model.ids import Kind, command_key
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.messages import cdr_token, evse, location, session, token

RESERVE = "receiver/commands/RESERVE_NOW"
CANCEL = "receiver/commands/CANCEL_RESERVATION"
ACCEPTED = {"result": "ACCEPTED", "timeout": 30}
OVER = {"result": "CANCELED_RESERVATION"}


@pytest.fixture
async def street(node, operator):
    """A CPO with two places, and an eMSP."""
    cpo_peer, cpo = operator
    cpo_peer.answers.append(says("POST", "/commands/", 200, 1000, ACCEPTED))
    async with Peer((("DE", "EEE", "EMSP"),)) as peer:
        emsp = await node.connect("eee", peer, "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        for name in ("L1", "L2"):
            await cpo.put(f"receiver/locations/CH/CCC/{name}", location(name, evses=[evse("E1")]))
        yield cpo_peer, cpo, peer, emsp


def until(hours: int = 1) -> str:
    return f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def reserve(peer: Peer, callback: str = "1", **fields) -> dict:
    base = {
        "response_url": f"{peer.url}/callback/{callback}",
        "token": token(),
        "expiry_date": until(),
        "reservation_id": "R1",
        "location_id": "L1",
        "evse_uid": "E1",
        "authorization_reference": "theirs",
    }
    return {**base, **fields}


def asked(peer: Peer, name: str = "RESERVE_NOW") -> list[dict]:
    return [one.body for one in peer.told("POST") if one.path.endswith(f"/commands/{name}")]


def results(peer: Peer, callback: str = "1") -> list[str]:
    return [one.body["result"] for one in peer.told("POST") if one.path == f"/callback/{callback}"]


async def reserved(node, street, callback: str = "1", **fields) -> str:
    """Reserve, let the CPO say that it did, and return our own address for it."""
    cpo_peer, cpo, peer, emsp = street
    answer = await emsp.post(RESERVE, reserve(peer, callback, **fields))
    assert (answer.status, answer.data["result"]) == (1000, "ACCEPTED"), answer
    url = asked(cpo_peer)[-1]["response_url"]
    await cpo.post(url, {"result": "ACCEPTED"})
    await node.settled()
    return url


@pytest.mark.statement("OCPI-205", "OCPI-113", "OCPI-203")
async def test_a_reservation_and_the_session_it_brings_cross_the_hub(node, street):
    cpo_peer, cpo, peer, _emsp = street
    url = await reserved(node, street)
    (sent,) = asked(cpo_peer)
    assert url.startswith(f"{node.url}/ocpi/2.2.1/sender/commands/RESERVE_NOW/")
    assert (sent["location_id"], sent["evse_uid"], sent["token"]["uid"]) == ("L1", "E1", token()["uid"])
    assert sent["authorization_reference"] != "theirs"
    assert results(peer) == ["ACCEPTED"]
    held = session(
        status="RESERVED",
        auth_method="COMMAND",
        connector_id="#NA",
        cdr_token=cdr_token(),
        authorization_reference=sent["authorization_reference"],
    )
    assert (await cpo.put("receiver/sessions/CH/CCC/S1", held)).status == 1000
    await node.settled()
    (told,) = [one.body for one in peer.told("PUT") if "sessions" in one.path]
    assert (told["status"], told["authorization_reference"]) == ("RESERVATION", "theirs")


@pytest.mark.statement("OCPI-205")
async def test_two_providers_with_one_reservation_id_are_two_for_the_cpo(node, street):
    cpo_peer, _cpo, _, _emsp = street
    await reserved(node, street)
    async with Peer((("DE", "FFF", "EMSP"),)) as other_peer:
        other = await node.connect("fff", other_peer, "DE*FFF/EMSP")
        await node.roam("DE*FFF", "CH*CCC")
        await other.post(RESERVE, reserve(other_peer, token=token(party_id="FFF")))
        first, second = (one["reservation_id"] for one in asked(cpo_peer))
        assert first != second
        assert "R1" not in (first, second)
        cancel = {"response_url": f"{other_peer.url}/callback/2", "reservation_id": "R1"}
        assert (await other.post(CANCEL, cancel)).data["result"] == "ACCEPTED"
    assert [one["reservation_id"] for one in asked(cpo_peer, "CANCEL_RESERVATION")] == [second]


@pytest.mark.statement("OCPI-205")
async def test_asking_again_with_the_same_id_replaces_the_first_at_its_place_only(node, street):
    cpo_peer, cpo, peer, emsp = street
    first = await reserved(node, street)
    await reserved(node, street, "2", expiry_date=until(5))
    one, two = (body["reservation_id"] for body in asked(cpo_peer))
    assert one == two
    away = await emsp.post(RESERVE, reserve(peer, location_id="L2"))
    assert (away.data["result"], len(asked(cpo_peer))) == ("REJECTED", 2)
    node.clock.ahead = timedelta(hours=2)
    await node.hub.sweep()
    await cpo.post(first, OVER)  # some CPOs answer the first address still
    await node.settled()
    assert (results(peer), results(peer, "2")) == (["ACCEPTED", "CANCELED_RESERVATION"], ["ACCEPTED"])


@pytest.mark.statement("OCPI-205", "OCPI-114")
async def test_a_cpo_may_give_up_a_reservation_once_and_says_so_where_it_was_asked_for(node, street):
    _, cpo, peer, _ = street
    url = await reserved(node, street)
    await cpo.post(url, {"result": "FAILED"})  # its one result is known
    assert (await cpo.post(url, {**OVER, "message": [{"language": "en", "text": "works"}]})).status == 1000
    await cpo.post(url, OVER)
    await node.settled()
    assert results(peer) == ["ACCEPTED", "CANCELED_RESERVATION"]
    assert peer.told("POST")[-1].body["message"][0]["text"] == "works"


@pytest.mark.statement("OCPI-205", "OCPI-113")
async def test_a_provider_gives_up_its_reservation_where_it_is_kept(node, street):
    cpo_peer, cpo, peer, emsp = street
    await reserved(node, street)
    cancel = {"response_url": f"{peer.url}/callback/2", "reservation_id": "r1"}
    assert (await emsp.post(CANCEL, cancel)).data["result"] == "ACCEPTED"
    (sent,) = asked(cpo_peer, "CANCEL_RESERVATION")
    assert sent["reservation_id"] == asked(cpo_peer)[0]["reservation_id"]
    assert sent["response_url"].startswith(f"{node.url}/ocpi/2.2.1/sender/commands/CANCEL_RESERVATION/")
    await cpo.post(sent["response_url"], {"result": "ACCEPTED"})
    await node.settled()
    assert results(peer, "2") == ["ACCEPTED"]
    again = await emsp.post(CANCEL, cancel)  # it is no more
    assert (again.data["result"], len(asked(cpo_peer, "CANCEL_RESERVATION"))) == ("REJECTED", 1)


async def test_a_replacement_that_the_cpo_refuses_leaves_the_first_as_it_is(node, street):
    cpo_peer, cpo, peer, emsp = street
    url = await reserved(node, street)
    cpo_peer.answers.insert(0, says("POST", "RESERVE_NOW", 200, 1000, {"result": "REJECTED", "timeout": 0}))
    assert (await emsp.post(RESERVE, reserve(peer, "2"))).data["result"] == "REJECTED"
    cancel = {"response_url": f"{peer.url}/callback/3", "reservation_id": "R1"}
    assert (await emsp.post(CANCEL, cancel)).data["result"] == "ACCEPTED"
    await cpo.post(url, OVER)
    await node.settled()
    assert (results(peer), results(peer, "2")) == (["ACCEPTED", "CANCELED_RESERVATION"], [])


async def test_a_reservation_is_remembered_until_it_ends_and_no_longer(node, street):
    _, cpo, peer, _emsp = street
    url = await reserved(node, street)
    command = command_key(url.rpartition("/")[2])
    node.clock.ahead = timedelta(minutes=50)
    assert await node.hub.sweep() == 0
    assert (await node.store.get(command)).body.state is CommandState.STANDING
    node.clock.ahead = timedelta(minutes=66)
    assert await node.hub.sweep() == 0
    assert (await node.store.get(command)).body.state is CommandState.SETTLED
    await cpo.post(url, OVER)
    await node.settled()
    assert results(peer) == ["ACCEPTED"]  # nobody is told that a reservation ran out


@pytest.mark.statement("OCPI-115")
async def test_a_reservation_without_a_result_times_out_once(node, street):
    cpo_peer, cpo, peer, emsp = street
    await emsp.post(RESERVE, reserve(peer))
    node.clock.ahead = timedelta(seconds=31)
    assert [await node.hub.sweep(), await node.hub.sweep()] == [1, 0]
    assert (await cpo.post(asked(cpo_peer)[0]["response_url"], {"result": "ACCEPTED"})).status == 1000
    await node.settled()
    assert results(peer) == ["TIMEOUT"]


@pytest.mark.statement("OCPI-119", "OCPI-205")
async def test_nobody_reserves_with_the_token_of_another_or_in_the_past(node, street):
    cpo_peer, _, peer, emsp = street
    foreign = await emsp.post(RESERVE, reserve(peer, token=token(party_id="FFF")))
    assert (foreign.http, foreign.status) == (403, 2000)
    late = await emsp.post(RESERVE, reserve(peer, expiry_date=until(-1)))
    assert late.data["result"] == "REJECTED"
    assert not asked(cpo_peer)
    assert not await node.journal(Kind.COMMAND)


async def test_the_exchanges_of_a_reservation_are_found_by_its_id(node, street):
    _, _, _peer, _emsp = street
    await reserved(node, street)
    traces = await node.traces("R1")
    assert [(one.operation, one.inward) for one in traces] == [("ocpi POST commands RESERVE_NOW", True)]
    assert b"ACCEPTED" in traces[0].response
