"""Charging profiles and preferences through the hub."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.messages import NOW, evse, location, session

PROFILE = {
    "start_date_time": NOW,
    "duration": 900,
    "charging_rate_unit": "W",
    "min_charging_rate": 1380,
    "charging_profile_period": [{"start_period": 0, "limit": 11000}, {"start_period": 300, "limit": 7.5}],
}
ACTIVE = {"start_date_time": NOW, "charging_profile": PROFILE}
ACCEPTED = {"result": "ACCEPTED", "timeout": 30}
CAPABLE = ["RFID_READER", "CHARGING_PREFERENCES_CAPABLE", "CHARGING_PROFILE_CAPABLE"]


@pytest.fixture
async def charge(node, operator):
    """A session S1 of CH*CCC, which DE*EEE knows by the hub's id."""
    cpo_peer, cpo = operator
    cpo_peer.answers += [says(method, "chargingprofiles", 200, 1000, ACCEPTED) for method in ("PUT", "GET", "DELETE")]
    async with Peer((("DE", "EEE", "EMSP"),)) as peer:
        emsp = await node.connect("eee", peer, "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1", capabilities=CAPABLE)]))
        await cpo.put("receiver/sessions/CH/CCC/S1", session())
        await node.settled()
        (told,) = [one.body["id"] for one in peer.told("PUT") if "sessions" in one.path]
        yield cpo_peer, cpo, peer, emsp, told


def asked(peer: Peer, method: str):
    return [one for one in peer.told(method) if "chargingprofiles" in one.path]


def results(peer: Peer, callback: str = "1") -> list[dict]:
    return [one.body for one in peer.told("POST") if one.path == f"/callback/{callback}"]


async def set_profile(charge, callback: str = "1"):
    _, _, peer, emsp, known_as = charge
    body = {"charging_profile": PROFILE, "response_url": f"{peer.url}/callback/{callback}"}
    return await emsp.put(f"receiver/chargingprofiles/{known_as}", body)


@pytest.mark.statement("OCPI-175", "OCPI-113")
async def test_a_profile_is_set_under_the_cpos_session_id_and_our_address(node, charge):
    cpo_peer, cpo, peer, _, _known_as = charge
    answer = await set_profile(charge)
    assert (answer.http, answer.status, answer.data) == (200, 1000, ACCEPTED)
    (sent,) = asked(cpo_peer, "PUT")
    assert sent.path.endswith("/chargingprofiles/S1")
    assert sent.body["charging_profile"] == PROFILE
    url = sent.body["response_url"]
    assert url.startswith(f"{node.url}/ocpi/2.2.1/sender/chargingprofiles/")
    assert peer.url not in sent.raw.decode()
    assert (await cpo.post(url, {"result": "ACCEPTED"})).status == 1000
    await cpo.post(url, {"result": "REJECTED"})
    await node.settled()
    assert results(peer) == [{"result": "ACCEPTED"}]


@pytest.mark.statement("OCPI-175")
async def test_the_active_profile_is_asked_for_with_an_encoded_address(node, charge):
    cpo_peer, cpo, peer, emsp, known_as = charge
    query = {"duration": "900", "response_url": f"{peer.url}/callback/2?a=b&c=d"}
    from urllib.parse import urlencode

    answer = await emsp.get(f"receiver/chargingprofiles/{known_as}?{urlencode(query)}")
    assert answer.data == ACCEPTED
    (sent,) = asked(cpo_peer, "GET")
    assert (sent.path.rpartition("/")[2], sent.query["duration"]) == ("S1", "900")
    url = sent.query["response_url"]
    assert url.startswith(f"{node.url}/ocpi/2.2.1/sender/chargingprofiles/")
    await cpo.post(url, {"result": "ACCEPTED", "profile": ACTIVE})
    await node.settled()
    (told,) = [one for one in peer.told("POST") if one.path == "/callback/2"]
    assert (told.query, told.body) == ({"a": "b", "c": "d"}, {"result": "ACCEPTED", "profile": ACTIVE})


@pytest.mark.statement("OCPI-175")
async def test_a_profile_is_cleared_under_the_cpos_session_id(node, charge):
    cpo_peer, cpo, peer, emsp, known_as = charge
    url = f"{node.url}/ocpi/2.2.1/receiver/chargingprofiles/{known_as}?response_url={peer.url}/callback/3"
    assert (await emsp.delete(url)).data == ACCEPTED
    (sent,) = asked(cpo_peer, "DELETE")
    assert sent.path.endswith("/chargingprofiles/S1")
    await cpo.post(sent.query["response_url"], {"result": "UNKNOWN"})
    await node.settled()
    assert results(peer, "3") == [{"result": "UNKNOWN"}]


@pytest.mark.statement("OCPI-175")
async def test_updates_of_a_profile_go_to_the_provider_that_set_it_and_to_nobody_else(node, charge):
    cpo_peer, cpo, peer, _, known_as = charge
    update = "sender/chargingprofiles/S1"
    nobody = await cpo.put(update, ACTIVE)
    assert (nobody.http, nobody.status) == (200, 2001)  # no profile was ever set
    await set_profile(charge)
    await cpo.post(asked(cpo_peer, "PUT")[0].body["response_url"], {"result": "REJECTED"})
    assert (await cpo.put(update, ACTIVE)).status == 2001
    await set_profile(charge)
    await cpo.post(asked(cpo_peer, "PUT")[1].body["response_url"], {"result": "ACCEPTED"})
    later = {**ACTIVE, "charging_profile": {**PROFILE, "duration": 60}}
    for said in (ACTIVE, later):
        assert (await cpo.put(update, said)).status == 1000
        await node.settled()
    told = asked(peer, "PUT")
    assert [one.path for one in told] == [f"/sender/chargingprofiles/{known_as}"] * 2
    assert [one.body for one in told] == [ACTIVE, later]
    assert (told[0].sender, told[0].receiver) == ("CH*CCC", "DE*EEE")
    stranger = await node.partner("ddd", "CH*DDD/CPO")
    assert (await stranger.put(update, ACTIVE)).status == 2001
    assert (await stranger.put(update, ACTIVE, {"OCPI-from-party-id": "CCC"})).http == 403
    await node.settled()
    assert len(asked(peer, "PUT")) == 2


@pytest.mark.statement("OCPI-115")
async def test_a_profile_nobody_answers_for_is_unknown_once(node, charge):
    cpo_peer, cpo, peer, _, _ = charge
    await set_profile(charge)
    node.clock.ahead = timedelta(seconds=31)
    assert [await node.hub.sweep(), await node.hub.sweep()] == [1, 0]
    await cpo.post(asked(cpo_peer, "PUT")[0].body["response_url"], {"result": "ACCEPTED"})
    await node.settled()
    assert results(peer) == [{"result": "UNKNOWN"}]


@pytest.mark.statement("OCPI-175")
async def test_a_session_that_is_unknown_another_s_or_over_takes_no_profile(node, charge):
    cpo_peer, cpo, peer, emsp, known_as = charge
    body = {"charging_profile": PROFILE, "response_url": f"{peer.url}/callback/1"}
    unknown = await emsp.put("receiver/chargingprofiles/nothing", body)
    assert (unknown.status, unknown.data["result"]) == (1000, "UNKNOWN_SESSION")
    other = await node.partner("fff", "DE*FFF/EMSP")
    await node.roam("DE*FFF", "CH*CCC")
    assert (await other.put(f"receiver/chargingprofiles/{known_as}", body)).data["result"] == "REJECTED"
    await cpo.put("receiver/sessions/CH/CCC/S1", session(status="COMPLETED", end_date_time=NOW))
    assert (await set_profile(charge)).data["result"] == "REJECTED"
    bad = await emsp.get(f"receiver/chargingprofiles/{known_as}?duration=soon&response_url=http://x")
    assert bad.status == 2001
    assert (await emsp.get(f"receiver/chargingprofiles/{known_as}?duration=60")).status == 2001
    assert not asked(cpo_peer, "PUT")


async def test_what_the_cpo_says_at_once_is_passed_on(node, charge):
    cpo_peer, _, _peer, _, _ = charge
    cpo_peer.answers[:0] = [says("PUT", "chargingprofiles", 200, 1000, {"result": "TOO_OFTEN", "timeout": 60})]
    assert (await set_profile(charge)).data == {"result": "TOO_OFTEN", "timeout": 60}


@pytest.mark.statement("OCPI-175")
async def test_in_the_profile_gireve_there_is_no_such_module(node, charge):
    cpo_peer, _, _peer, emsp, _known_as = charge

    async def listed():
        return {one["identifier"] for one in (await emsp.get("2.2.1")).data["endpoints"]}

    assert "chargingprofiles" in await listed()
    await node.change("eee", profile="gireve")
    assert "chargingprofiles" not in await listed()
    assert "commands" in await listed()
    assert (await set_profile(charge)).http == 404
    assert not asked(cpo_peer, "PUT")


# -- preferences -------------------------------------------------------------------------------------------------------

WISH = {"profile_type": "GREEN", "departure_time": "2026-03-14T18:00:00Z", "energy_need": 20.5}


async def prefer(charge, session_id: str = ""):
    _, _, _, emsp, known_as = charge
    return await emsp.put(f"sender/sessions/{session_id or known_as}/charging_preferences", WISH)


@pytest.mark.statement("OCPI-128", "OCPI-58")
async def test_what_a_driver_would_like_goes_to_the_cpo_under_its_own_id(node, charge):
    cpo_peer, _, _, _, _ = charge
    cpo_peer.answers.append(says("PUT", "/charging_preferences", 200, 1000, "DEPARTURE_REQUIRED"))
    answer = await prefer(charge)
    assert (answer.http, answer.status, answer.data) == (200, 1000, "DEPARTURE_REQUIRED")
    (sent,) = [one for one in cpo_peer.told("PUT") if "preferences" in one.path]
    assert sent.path == "/sender/sessions/S1/charging_preferences"
    assert json.loads(sent.raw) == WISH
    assert (sent.sender, sent.receiver) == ("DE*EEE", "CH*CCC")


@pytest.mark.statement("OCPI-128")
async def test_an_evse_that_takes_no_preferences_is_404_and_2001(node, charge):
    cpo_peer, cpo, _, _, _ = charge
    await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1")]))
    answer = await prefer(charge)
    assert (answer.http, answer.status) == (404, 2001)
    assert not [one for one in cpo_peer.told("PUT") if "preferences" in one.path]
    unknown = await prefer(charge, "nothing")
    assert (unknown.http, unknown.status) == (404, 2001)


@pytest.mark.statement("OCPI-128")
async def test_the_cpos_own_404_is_passed_on(node, charge):
    cpo_peer, _, _, _, _ = charge
    cpo_peer.answers.append(says("PUT", "/charging_preferences", 404, 2001))
    answer = await prefer(charge)
    assert (answer.http, answer.status) == (404, 2001)


@pytest.mark.statement("OCPI-128")
async def test_in_the_profile_gireve_preferences_are_not_offered(node, charge):
    cpo_peer, _, _, _, _ = charge
    await node.change("eee", profile="gireve")
    answer = await prefer(charge)
    assert (answer.http, answer.status) == (200, 2000)
    assert not [one for one in cpo_peer.told("PUT") if "preferences" in one.path]


@pytest.mark.statement("OCPI-128")
async def test_a_cpo_of_the_profile_gireve_is_not_asked_for_preferences(node, charge):
    cpo_peer, _, _, _, _ = charge
    cpo_peer.answers.append(says("PUT", "/charging_preferences", 200, 1000, "ACCEPTED"))
    await node.change("ccc", profile="gireve")
    answer = await prefer(charge)
    assert (answer.http, answer.status) == (404, 2001)
    assert not [one for one in cpo_peer.told("PUT") if "preferences" in one.path]


@pytest.mark.statement("OCPI-14", "OCPI-30")
async def test_whatever_is_asked_goes_on_with_its_parties_and_correlation_and_a_request_id_of_its_own(node, charge):
    cpo_peer, _, peer, emsp, known_as = charge
    cpo_peer.answers.append(says("POST", "/commands/", 200, 1000, ACCEPTED))
    cpo_peer.answers.append(says("PUT", "/charging_preferences", 200, 1000, "ACCEPTED"))
    cpo_peer.seen.clear()
    back = f"{peer.url}/callback/1"
    path = f"receiver/chargingprofiles/{known_as}"
    asks = [
        ("POST", "receiver/commands/STOP_SESSION", {"response_url": back, "session_id": known_as}),
        ("PUT", path, {"charging_profile": PROFILE, "response_url": back}),
        ("GET", f"{path}?duration=60&response_url={quote(back, safe='')}", None),
        ("DELETE", f"{path}?response_url={quote(back, safe='')}", None),
        ("PUT", f"sender/sessions/{known_as}/charging_preferences", WISH),
    ]
    for number, (method, where, body) in enumerate(asks):
        ids: dict[str, str | None] = {"X-Request-ID": f"r{number}", "X-Correlation-ID": f"c{number}"}
        assert (await emsp.call(method, where, body, ids)).status == 1000
    told = cpo_peer.told()
    assert [(one.method, one.headers["x-correlation-id"]) for one in told] == [
        (method, f"c{number}") for number, (method, _, _) in enumerate(asks)
    ]
    assert len({"r0", "r1", "r2", "r3", "r4", *(one.headers["x-request-id"] for one in told)}) == 10
    assert {(one.sender, one.receiver) for one in told} == {("DE*EEE", "CH*CCC")}
