"""Commands and their outcomes, through the hub and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.model.ids import Kind
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.messages import cdr, cdr_token, evse, location, session, token

START = "receiver/commands/START_SESSION"
STOP = "receiver/commands/STOP_SESSION"


@pytest.fixture
async def charging(node, operator):
    """Both platforms, a place, a token."""
    cpo_peer, cpo = operator
    async with Peer((("DE", "EEE", "EMSP"),)) as peer:
        emsp = await node.connect("eee", peer, "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1")]))
        yield cpo_peer, cpo, peer, emsp


def accepted(timeout: int = 30) -> list:
    return [says("POST", "/commands/", 200, 1000, {"result": "ACCEPTED", "timeout": timeout})]


def start(peer: Peer, **fields) -> dict:
    base = {"response_url": f"{peer.url}/callback/7", "token": token(), "location_id": "L1", "evse_uid": "E1"}
    return {**base, **fields}


@pytest.mark.statement("OCPI-113")
async def test_a_start_goes_with_our_address_and_its_outcome_comes_back_to_the_askers(node, charging):
    cpo_peer, cpo, peer, emsp = charging
    cpo_peer.answers += accepted()
    answer = await emsp.post(START, start(peer, authorization_reference="theirs"), {"X-Correlation-ID": "GO"})
    assert (answer.http, answer.status) == (200, 1000)
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    (sent,) = [one for one in cpo_peer.told("POST") if "commands" in one.path]
    callback = sent.body["response_url"]
    assert callback.startswith(f"{node.url}/ocpi/2.2.1/sender/commands/START_SESSION/")
    assert peer.url not in sent.raw.decode()
    taken = await cpo.post(callback, {"result": "ACCEPTED"})
    assert (taken.http, taken.status) == (200, 1000)
    await node.settled()
    (told,) = [one for one in peer.told("POST") if one.path == "/callback/7"]
    assert told.body == {"result": "ACCEPTED"}
    again = await cpo.post(callback, {"result": "FAILED"})
    assert (again.http, again.status) == (200, 1000)
    await node.settled()
    assert len([one for one in peer.told("POST") if one.path == "/callback/7"]) == 1
    other = await emsp.post(START, start(peer))
    assert other.status == 1000
    urls = {one.body["response_url"] for one in cpo_peer.told("POST") if "commands" in one.path}
    assert len(urls) == 2


async def test_a_target_that_promises_an_outcome_in_a_million_years_is_not_awaited_as_long(node, charging):
    cpo_peer, _, peer, emsp = charging
    cpo_peer.answers += accepted(2**62)
    answer = await emsp.post(START, start(peer))
    assert (answer.status, answer.data["result"]) == (1000, "ACCEPTED")
    key = [one.key for one in await node.store.entries(0) if one.key.kind is Kind.COMMAND][-1]
    command = (await node.store.get(key)).body
    assert command.deadline - node.clock.now() <= timedelta(days=7)


@pytest.mark.statement("OCPI-119")
async def test_nobody_starts_with_the_token_of_another(node, charging):
    cpo_peer, _, peer, emsp = charging
    answer = await emsp.post(START, start(peer, token=token(party_id="FFF")))
    assert (answer.http, answer.status) == (403, 2000)
    assert not cpo_peer.told("POST")
    assert not await node.journal(Kind.COMMAND)


@pytest.mark.statement("OCPI-119")
async def test_two_providers_on_one_platform_use_each_its_own_tokens(node, charging):
    cpo_peer, _, peer, _ = charging
    cpo_peer.answers += accepted()
    both = await node.partner("both", "DE*AAA/EMSP", "DE*BBB/EMSP")
    for one in ("DE*AAA", "DE*BBB"):
        await node.roam(one, "CH*CCC")
    own = await both.post(START, start(peer, token=token(party_id="AAA")))
    assert (own.http, own.data["result"]) == (200, "ACCEPTED")
    for name in ("START_SESSION", "RESERVE_NOW"):
        more = {"reservation_id": "R1", "expiry_date": "2099-01-01T00:00:00Z"}
        other = await both.post(f"receiver/commands/{name}", start(peer, token=token(party_id="BBB"), **more))
        assert (other.http, other.status) == (403, 2000)
    assert len(cpo_peer.told("POST")) == 1


@pytest.mark.statement("OCPI-42")
async def test_a_command_without_an_agreement_is_rejected_and_says_why(node, charging):
    cpo_peer, _, _, _ = charging
    async with Peer((("DE", "GGG", "EMSP"),)) as peer:
        stranger = await node.connect("ggg", peer, "DE*GGG/EMSP")
        answer = await stranger.post(START, start(peer, token=token(party_id="GGG")))
    assert (answer.status, answer.data["result"]) == (1000, "REJECTED")
    assert "no agreement" in answer.data["message"][0]["text"]
    assert not cpo_peer.told("POST")


@pytest.mark.statement("OCPI-121", "OCPI-113")
async def test_a_stop_names_the_session_as_the_cpo_does(node, charging):
    cpo_peer, cpo, peer, emsp = charging
    cpo_peer.answers += accepted()
    await cpo.put("receiver/sessions/CH/CCC/S1", session())
    await node.settled()
    (told,) = [one for one in peer.told("PUT") if "sessions" in one.path]
    hub_id = told.body["id"]
    body = {"response_url": f"{peer.url}/callback/8", "session_id": hub_id}
    answer = await emsp.post(STOP, body)
    assert (answer.status, answer.data["result"]) == (1000, "ACCEPTED")
    (sent,) = [one for one in cpo_peer.told("POST") if "STOP_SESSION" in one.path]
    assert sent.body["session_id"] == "S1"
    callback = sent.body["response_url"]
    assert callback.startswith(f"{node.url}/ocpi/2.2.1/sender/commands/STOP_SESSION/")
    assert (await cpo.post(callback, {"result": "ACCEPTED"})).status == 1000
    await node.settled()
    assert [one.body for one in peer.told("POST") if one.path == "/callback/8"] == [{"result": "ACCEPTED"}]
    unknown = await emsp.post(STOP, {**body, "session_id": "nothing"})
    assert (unknown.status, unknown.data["result"]) == (1000, "UNKNOWN_SESSION")
    other = await node.partner("fff", "DE*FFF/EMSP")
    await node.roam("DE*FFF", "CH*CCC")
    foreign = await other.post(STOP, body)
    assert (foreign.status, foreign.data["result"]) == (1000, "REJECTED")
    assert len([one for one in cpo_peer.told("POST") if "STOP_SESSION" in one.path]) == 1


@pytest.mark.statement("OCPI-112")
async def test_the_profile_gireve_relays_start_and_stop_and_nothing_else(node, charging):
    cpo_peer, cpo, peer, emsp = charging
    cpo_peer.answers += accepted()
    await node.change("eee", profile="gireve")
    await cpo.put("receiver/sessions/CH/CCC/S1", session())
    for name in ("RESERVE_NOW", "CANCEL_RESERVATION", "UNLOCK_CONNECTOR"):
        answer = await emsp.post(f"receiver/commands/{name}", start(peer))
        assert (answer.http, answer.status, answer.data["result"]) == (200, 1000, "NOT_SUPPORTED")
    assert not cpo_peer.told("POST")
    stop = {"response_url": f"{peer.url}/callback/8", "session_id": "S1"}
    for name, body in ((START, start(peer)), (STOP, stop)):
        assert (await emsp.post(name, body)).data["result"] == "ACCEPTED"
    assert [one.path.rpartition("/")[2] for one in cpo_peer.told("POST")] == ["START_SESSION", "STOP_SESSION"]


@pytest.mark.statement("OCPI-112")
async def test_a_cpo_of_the_profile_gireve_is_sent_starts_and_stops_and_nothing_else(node, charging):
    cpo_peer, _, peer, emsp = charging
    cpo_peer.answers += accepted()
    await node.change("ccc", profile="gireve")
    card = start(peer)
    asked = {
        "RESERVE_NOW": {**card, "reservation_id": "R1", "expiry_date": "2099-01-01T00:00:00Z"},
        "UNLOCK_CONNECTOR": {**card, "connector_id": "1"},
    }
    for name, body in asked.items():
        answer = await emsp.post(f"receiver/commands/{name}", body)
        assert (answer.http, answer.status, answer.data["result"]) == (200, 1000, "NOT_SUPPORTED")
    assert not cpo_peer.told("POST")
    assert (await emsp.post(START, card)).data["result"] == "ACCEPTED"


@pytest.mark.statement("OCPI-203")
async def test_a_token_nobody_stated_starts_a_charge_that_comes_back_to_its_provider(node, charging):
    cpo_peer, cpo, peer, emsp = charging
    cpo_peer.answers += accepted()
    app = token(uid="app-7", type="APP_USER", contract_id="DE-EEE-C0000007-1")
    assert (await emsp.post(START, start(peer, token=app))).data["result"] == "ACCEPTED"
    (sent,) = [one for one in cpo_peer.told("POST") if "commands" in one.path]
    assert sent.body["token"] == app
    assert not await node.journal(Kind.TOKEN)
    unknown = cdr_token(uid="app-7", type="APP_USER", contract_id="DE-EEE-C0000007-1")
    reference = sent.body["authorization_reference"]
    own = {"cdr_token": unknown, "auth_method": "COMMAND"}
    await cpo.put("receiver/sessions/CH/CCC/S2", session("S2", **own))  # by the owner of the token it names
    (agreement,) = node.book.agreements.values()
    await node.book.put_agreement(replace(agreement, ends=node.clock.now()))
    # From here on the command alone says whose the charge is.
    await cpo.put("receiver/sessions/CH/CCC/S1", session(**own, authorization_reference=reference))
    await cpo.post("receiver/cdrs", cdr(**own, authorization_reference=reference))
    await node.settled()
    told = [one for one in peer.told("PUT") if "sessions" in one.path]
    assert [one.body["cdr_token"] for one in told] == [unknown, unknown]
    (bill,) = [one for one in peer.told("POST") if "cdrs" in one.path]
    assert bill.body["cdr_token"] == unknown


@pytest.mark.statement("OCPI-205")
async def test_the_wish_to_unlock_goes_to_the_cpo_and_its_outcome_comes_back(node, charging):
    cpo_peer, cpo, peer, emsp = charging
    cpo_peer.answers += accepted()
    asked = {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
    url = f"{peer.url}/callback/9"
    answer = await emsp.post("receiver/commands/UNLOCK_CONNECTOR", {"response_url": url, **asked})
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    (sent,) = [one for one in cpo_peer.told("POST") if "UNLOCK_CONNECTOR" in one.path]
    callback = sent.body["response_url"]
    assert callback.startswith(f"{node.url}/ocpi/2.2.1/sender/commands/UNLOCK_CONNECTOR/")
    assert {name: sent.body[name] for name in asked} == asked
    await cpo.post(callback, {"result": "FAILED"})
    await node.settled()
    assert [one.body for one in peer.told("POST") if one.path == "/callback/9"] == [{"result": "FAILED"}]


async def test_a_place_named_by_the_hubs_id_reaches_the_cpo_by_its_own(node, charging):
    cpo_peer, _, peer, emsp = charging
    cpo_peer.answers += accepted()
    (entry,) = await node.journal(Kind.LOCATION)
    assert (await emsp.post(START, start(peer, location_id=entry.hub_id))).data["result"] == "ACCEPTED"
    assert cpo_peer.told("POST")[-1].body["location_id"] == "L1"


async def test_a_command_nobody_knows_is_no_command(charging):
    _, _, _, emsp = charging
    nothing = await emsp.post("receiver/commands/EXPLODE", {})
    assert (nothing.http, nothing.status) == (404, 2000)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"location_id": "L9"}, 2003),
        ({"evse_uid": "E9"}, 2003),
        ({"location_id": None}, 2001),
        ({"token": "card"}, 2001),
        ({"response_url": None}, 2001),
    ],
)
async def test_a_bad_start_is_answered_by_its_code(node, charging, fields, status):
    _, _, peer, emsp = charging
    answer = await emsp.post(START, start(peer, **fields))
    assert (answer.http, answer.status) == (200, status)


async def test_a_silent_cpo_is_4002_and_a_dead_one_4003(node, charging):
    cpo_peer, _, peer, emsp = charging
    cpo_peer.answers.append(says("POST", "/commands/", 200, 4002))
    silent = await emsp.post(START, start(peer))
    assert (silent.http, silent.status) == (200, 4002)
    await cpo_peer.runner.cleanup()
    await node.client.close()
    dead = await emsp.post(START, start(peer))
    assert (dead.http, dead.status) == (200, 4003)


async def test_an_outcome_comes_from_the_one_who_was_asked(node, charging):
    cpo_peer, cpo, peer, emsp = charging
    cpo_peer.answers += accepted()
    await emsp.post(START, start(peer))
    (sent,) = [one for one in cpo_peer.told("POST") if "commands" in one.path]
    callback = sent.body["response_url"]
    other = await node.partner("ddd", "CH*DDD/CPO")
    assert (await other.post(callback, {"result": "ACCEPTED"})).http == 404
    assert (await cpo.post(callback, {"result": "PERHAPS"})).status == 2001
    assert (await cpo.post("sender/commands/START_SESSION/nothing", {"result": "ACCEPTED"})).http == 404
    (entry,) = [one for one in await node.journal(Kind.COMMAND) if one.body is not None]
    traces = await node.traces(entry.body.id)
    assert {trace.code for trace in traces if trace.inward} >= {"404/2000", "200/2001"}
