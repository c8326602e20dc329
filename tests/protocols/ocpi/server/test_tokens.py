"""Tokens, and the question whether one may charge."""

from __future__ import annotations

import pytest

from interroam.model.facts import Origin, Withdrawal
from interroam.model.ids import Kind, PartyId, location_key
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.messages import cdr, cdr_token, evse, location, session, token

AT = "receiver/tokens/DE/EEE/0102030405060A"
LATER = "2026-03-14T12:05:00Z"
ASK = "sender/tokens/0102030405060A/authorize"
HERE = {"location_id": "L1", "evse_uids": ["E1"]}


@pytest.fixture
async def place(cpo):
    evses = [
        evse("E1", capabilities=[], status="REMOVED"),
        evse("E2", capabilities=[]),
        evse("E3", status="CHARGING"),
        evse("E4"),
        evse("E5"),
    ]
    await cpo.put("receiver/locations/CH/CCC/L1", location(evses=evses))


def info(allowed: str = "ALLOWED", **fields) -> dict:
    return {"allowed": allowed, "token": token(), **fields}


@pytest.mark.statement("OCPI-60", "OCPI-108")
async def test_a_provider_states_its_tokens_and_reads_them_back(node, cpo, emsp):
    assert (await emsp.put(f"{AT}?type=RFID", token())).http == 201
    assert (await emsp.get(AT)).data == token()
    patched = await emsp.patch(AT, {"valid": False, "last_updated": "2026-03-14T13:00:00Z"})
    assert patched.status == 1000
    assert (await emsp.get(AT)).data == token(valid=False, last_updated="2026-03-14T13:00:00Z")
    app = token("app-1", type="APP_USER")
    assert (await emsp.put("receiver/tokens/DE/EEE/app-1?type=APP_USER", app)).http == 201
    assert (await emsp.get("receiver/tokens/DE/EEE/app-1")).http == 404
    assert (await emsp.get("receiver/tokens/DE/EEE/app-1?type=APP_USER")).data == app


@pytest.mark.parametrize(
    ("path", "body", "http", "status"),
    [
        (f"{AT}?type=APP_USER", token(), 200, 2001),
        (f"{AT}?type=FACE", token(), 200, 2001),
        (AT, token("99999999"), 200, 2001),
        (AT, token(party_id="FFF"), 200, 2001),
        (AT, token(whitelist="SOMETIMES"), 200, 2001),
        ("receiver/tokens/DE/FFF/0102030405060A", token(party_id="FFF"), 404, 2000),
    ],
)
async def test_a_bad_token_is_refused(node, cpo, emsp, path, body, http, status):
    answer = await emsp.put(path, body)
    assert (answer.http, answer.status) == (http, status)
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-92")
@pytest.mark.parametrize(
    ("uid", "status"),
    [
        ("0A0B0C0D", 1000),
        ("0a0B0c0D", 1000),
        ("0102030405060A", 1000),
        ("00000001", 1000),
        ("0A0B0C0", 2001),
        ("012345678", 2001),
        ("0A0B0C0D0E", 2001),
        ("0A0B0C0D0E0F", 2001),
        ("12345678901234567890", 2001),
        ("0A0B0C0G", 2001),
        ("0A0B0C0D0E0F0G", 2001),
    ],
)
async def test_a_card_number_has_4_or_7_bytes_where_the_profile_says_so(node, cpo, emsp, uid, status):
    path = f"receiver/tokens/DE/EEE/{uid}"
    assert (await emsp.put(f"{path}", token(uid))).status == 1000
    await node.change("eee", profile="gireve")
    assert (await emsp.put(path, token(uid, last_updated="2026-03-14T12:05:00Z"))).status == status


@pytest.mark.statement("OCPI-94")
async def test_a_card_number_is_judged_wherever_one_comes(node, cpo, emsp):
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    await node.change("eee", switches={"strict_uid": True})
    await node.change("ccc", switches={"strict_uid": True})
    odd = cdr_token(uid="012345678")
    command = {"token": token("012345678"), "location_id": "L1", "response_url": "https://eee.example/1"}
    booking = {**command, "reservation_id": "R1", "expiry_date": "2030-01-01T00:00:00Z"}
    refused = [
        await cpo.post("sender/tokens/012345678/authorize", {"location_id": "L1"}),
        await emsp.put("receiver/tokens/DE/EEE/012345678", token("012345678")),
        await emsp.patch("receiver/tokens/DE/EEE/012345678", {"valid": False, "last_updated": LATER}),
        await emsp.post("receiver/commands/START_SESSION", command),
        await emsp.post("receiver/commands/RESERVE_NOW", booking),
        await cpo.put("receiver/sessions/CH/CCC/S1", session(cdr_token=odd)),
        await cpo.patch("receiver/sessions/CH/CCC/S1", {"cdr_token": odd, "last_updated": LATER}),
        await cpo.post("receiver/cdrs", cdr(cdr_token=odd)),
    ]
    assert [(one.status, "RFID uid" in one.message) for one in refused] == [(2001, True)] * 8
    for kind in ("APP_USER", "AD_HOC_USER", "OTHER"):
        free = token("012345678", type=kind)
        assert (await emsp.put(f"receiver/tokens/DE/EEE/012345678?type={kind}", free)).status == 1000
        taken = await cpo.put(f"receiver/sessions/CH/CCC/{kind}", session(kind, cdr_token={**odd, "type": kind}))
        assert taken.status == 1000


@pytest.mark.statement("OCPI-96")
async def test_the_profile_gireve_shows_a_cpo_of_2_2_1_no_tokens(node, cpo, emsp):
    await emsp.put(AT, token())
    paths = ("sender/tokens", "sender/tokens/0102030405060A")
    assert [(await cpo.get(path)).status for path in paths] == [1000, 1000]
    await node.change("ccc", profile="gireve")
    for path in paths:
        answer = await cpo.get(path)
        assert (answer.http, answer.status, answer.data) == (200, 2000, None)


@pytest.mark.statement("OCPI-93")
async def test_card_numbers_are_stored_and_compared_in_capitals_lowest_byte_first(node, cpo, provider):
    peer, emsp = provider
    await node.change("eee", profile="gireve")
    await node.change("ccc", switches={"strict_uid": True})
    await emsp.put("receiver/tokens/DE/EEE/1a2b3c4d5e6f70", token("1a2b3c4d5e6f70"))
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    (shown,) = (await cpo.get("sender/tokens")).data
    assert shown["uid"] == "1A2B3C4D5E6F70"
    assert int(shown["uid"], 16) == 7365887390543728
    small = {"uid": "1a2b3c4d5e6f70", "visual_number": "7", "last_updated": LATER}
    assert (await emsp.patch("receiver/tokens/DE/EEE/1a2b3c4d5e6f70", small)).status == 1000
    (shown,) = (await cpo.get("sender/tokens")).data
    assert (shown["uid"], shown["visual_number"]) == ("1A2B3C4D5E6F70", "7")
    await cpo.post("sender/tokens/1A2b3C4d5E6f70/authorize", {"location_id": "L1"})
    (asked,) = peer.told("POST")
    assert asked.path == "/sender/tokens/1A2B3C4D5E6F70/authorize"
    await cpo.put("receiver/sessions/CH/CCC/S1", session())
    small = {"cdr_token": cdr_token(uid="1a2b3c4d5e6f70"), "last_updated": LATER}
    assert (await cpo.patch("receiver/sessions/CH/CCC/S1", small)).status == 1000
    assert (await cpo.get("receiver/sessions/CH/CCC/S1")).data["cdr_token"]["uid"] == "1A2B3C4D5E6F70"
    await cpo.post("receiver/cdrs", cdr(cdr_token=cdr_token(uid="1a2b3c4d5e6f70"), remark="kept"))
    (seen,) = (await emsp.get("sender/cdrs")).data
    assert (seen["cdr_token"]["uid"], seen["remark"]) == ("1A2B3C4D5E6F70", "kept")


@pytest.mark.statement("OCPI-98")
@pytest.mark.parametrize("body", [None, {}, {"location_id": None}, {"evse_uids": ["E1"]}])
async def test_authorize_without_a_location_is_2002(node, cpo, emsp, place, body):
    await emsp.put(AT, token())
    answer = await cpo.post(ASK, body)
    assert (answer.http, answer.status) == (200, 2002)


@pytest.mark.statement("OCPI-98")
@pytest.mark.parametrize("body", [{"location_id": "L9"}, {"location_id": "L1", "evse_uids": ["E9"]}])
async def test_authorize_at_an_unknown_place_is_2003(node, cpo, emsp, place, body):
    await emsp.put(AT, token())
    answer = await cpo.post(ASK, body)
    assert (answer.http, answer.status) == (200, 2003)


@pytest.mark.statement("OCPI-98", "OCPI-99")
@pytest.mark.parametrize("body", [{"location_id": "L2"}, HERE | {"location_id": "L2"}])
async def test_nobody_is_asked_about_a_place_without_an_evse_where_one_could_charge(node, cpo, provider, body):
    peer, emsp = provider
    await emsp.put(AT, token())
    path = "receiver/locations/CH/CCC/L2"
    for gone in ("PLANNED", "REMOVED"):
        await cpo.put(path, location("L2", evses=[evse("E1", status=gone)]))
        assert (await cpo.post(ASK, body)).status == 2003
    await cpo.patch(f"{path}/E1", {"status": "AVAILABLE", "last_updated": LATER})
    await node.hub.record(Origin("ccc"), Withdrawal(location_key(PartyId.parse("CH*CCC"), "L2"), node.clock.now()))
    assert (await cpo.post(ASK, body)).status == 2003
    assert peer.told("POST") == []


@pytest.mark.statement("OCPI-98")
async def test_a_place_that_was_never_stated_is_asked_about_where_the_cpos_switch_says_so(node, cpo, place, provider):
    peer, emsp = provider
    await emsp.put(AT, token())
    peer.answers.append(says("POST", "/authorize", 200, 1000, info()))
    at_home = {"location_id": "HOME", "evse_uids": ["H1", "H2"]}
    assert (await cpo.post(ASK, at_home)).status == 2003
    await node.change("ccc", switches={"unknown_places": True})
    answer = await cpo.post(ASK, at_home)
    assert (answer.status, answer.data["allowed"]) == (1000, "ALLOWED")
    assert [one.body for one in peer.told("POST")] == [{"location_id": "HOME", "evse_uids": ["H1"]}]
    assert (await cpo.post(ASK, {"location_id": "L1", "evse_uids": ["H1"]})).status == 2003  # L1 was stated without it


@pytest.mark.statement("OCPI-97")
@pytest.mark.parametrize("uids", [None, [], ["E2"], ["E9", "E4", "E2"]])
async def test_authorize_takes_one_location_and_any_number_of_evses(node, cpo, place, provider, uids):
    peer, emsp = provider
    await emsp.put(AT, token())
    peer.answers.append(says("POST", "/authorize", 200, 1000, info()))
    body = {"location_id": "L1"} | ({} if uids is None else {"evse_uids": uids})
    answer = await cpo.post(ASK, body)
    assert (answer.http, answer.status, answer.data["allowed"]) == (200, 1000, "ALLOWED")
    two = await cpo.post(ASK, [{"location_id": "L1"}, {"location_id": "L1"}])
    assert (two.http, two.status) == (200, 2001)


@pytest.mark.statement("OCPI-99")
@pytest.mark.parametrize(
    ("uids", "chosen"), [([], "E4"), (["E2"], "E2"), (["E9", "E3", "E2"], "E3"), (["E1", "E4"], "E4")]
)
async def test_the_provider_is_asked_about_exactly_one_evse(node, cpo, place, provider, uids, chosen):
    peer, emsp = provider
    await emsp.put(AT, token())
    peer.answers.append(says("POST", "/authorize", 200, 1000, info()))
    assert (await cpo.post(ASK, {"location_id": "L1", "evse_uids": uids})).status == 1000
    (asked,) = [one for one in peer.told("POST") if "authorize" in one.path]
    assert asked.body == {"location_id": "L1", "evse_uids": [chosen]}
    assert (asked.sender, asked.receiver) == ("CH*CCC", "DE*EEE")


@pytest.mark.statement("OCPI-101")
async def test_the_answer_has_the_whole_token_the_place_and_the_hubs_own_reference(node, cpo, place, provider):
    peer, emsp = provider
    await emsp.put(AT, token())
    given = info(location={"location_id": "L1", "evse_uids": ["E4"]}, authorization_reference="theirs-1")
    peer.answers.append(says("POST", "/authorize", 200, 1000, given))
    answer = await cpo.post(ASK, {"location_id": "L1", "evse_uids": ["E4", "E2"]}, {"X-Correlation-ID": "CARD"})
    assert answer.data["token"] == token()
    assert answer.data["location"] == {"location_id": "L1", "evse_uids": ["E4"]}
    reference = answer.data["authorization_reference"]
    assert reference != "theirs-1"
    assert len(reference) == 36
    (stored,) = await node.journal(Kind.AUTHORIZATION)
    assert (stored.body.reference, stored.body.emsp_reference) == (reference, "theirs-1")
    hops = await node.traces("CARD")
    assert sorted(hop.inward for hop in hops) == [False, True]
    for known_by in (reference, "theirs-1"):
        assert [hop.operation for hop in await node.traces(known_by) if hop.inward] == ["ocpi POST tokens"]


@pytest.mark.statement("OCPI-95")
async def test_who_does_not_accept_unknown_tokens_is_asked_about_them_by_name_alone(node, cpo, place, provider):
    peer, _ = provider
    peer.answers.append(says("POST", "/authorize", 200, 1000, info()))
    assert (await cpo.post(ASK, {"location_id": "L1"})).data["allowed"] == "ALLOWED"
    await node.change("eee", switches={"accepts_unknown": False})
    peer.seen.clear()
    assert (await cpo.post(ASK, {"location_id": "L1"})).status == 2004
    assert peer.told("POST") == []
    to = {"OCPI-to-country-code": "DE", "OCPI-to-party-id": "EEE"}
    assert (await cpo.post(ASK, {"location_id": "L1"}, to)).data["allowed"] == "ALLOWED"


@pytest.mark.statement("OCPI-42")
async def test_without_an_agreement_the_answer_is_no_and_says_why(node, cpo, place):
    stranger = await node.partner("ggg", "DE*GGG/EMSP")
    told = token("AABBCCDD", party_id="GGG", visual_number="DF000-2001", group_id="G1", language="de")
    await stranger.put("receiver/tokens/DE/GGG/AABBCCDD", told)
    answer = await cpo.post("sender/tokens/AABBCCDD/authorize", {"location_id": "L1"})
    assert (answer.http, answer.status) == (200, 1000)
    assert answer.data["allowed"] == "NOT_ALLOWED"
    assert "no agreement between CPO CH*CCC and eMSP DE*GGG" in answer.data["info"]["text"]
    assert answer.data["token"]["uid"] == answer.data["token"]["contract_id"] == "AABBCCDD"  # no more than it presented
    assert not {"visual_number", "group_id", "language"} & answer.data["token"].keys()
    assert token()["issuer"] not in answer.data["token"]["issuer"]
    assert "authorization_reference" not in answer.data
    assert "location" not in answer.data


@pytest.mark.statement("OCPI-42")
@pytest.mark.parametrize(
    ("asked", "to"),
    [("AABBCCDD/authorize", "DE*GGG"), ("DE-GGG-C12345678-X/authorize?type=APP_USER", "CH*HUB")],
)
async def test_without_an_agreement_a_provider_that_was_named_is_not_asked_and_the_answer_says_why(
    node, cpo, place, asked, to
):
    async with Peer((("DE", "GGG", "EMSP"),)) as peer:
        await node.connect("ggg", peer, "DE*GGG/EMSP")
        to_it = {"OCPI-to-country-code": to[:2], "OCPI-to-party-id": to[3:]}
        answer = await cpo.post(f"sender/tokens/{asked}", {"location_id": "L1"}, to_it)
        assert (answer.http, answer.status, answer.data["allowed"]) == (200, 1000, "NOT_ALLOWED")
        assert "no agreement between CPO CH*CCC and eMSP DE*GGG" in answer.data["info"]["text"]
        shown = answer.data["token"]
        assert (shown["country_code"], shown["party_id"], shown["valid"]) == ("DE", "GGG", False)
        assert shown["uid"] == asked.partition("/")[0]
        assert peer.told("POST") == []


async def test_a_token_nobody_knows_is_404_and_2004_without_data(node, cpo, place, provider):
    provider[0].answers.append(says("POST", "/authorize", 404, 2004))
    answer = await cpo.post("sender/tokens/FFFFFFFF/authorize", HERE | {"evse_uids": ["E4"]})
    assert (answer.http, answer.status, answer.data) == (404, 2004, None)


async def test_a_blocked_token_is_answered_with_1000(node, cpo, place, provider):
    peer, emsp = provider
    await emsp.put(AT, token())
    peer.answers.append(says("POST", "/authorize", 200, 1000, info("BLOCKED", authorization_reference="no")))
    answer = await cpo.post(f"{ASK}?type=RFID", {"location_id": "L1"})
    assert (answer.status, answer.data["allowed"]) == (1000, "BLOCKED")
    assert "authorization_reference" not in answer.data


@pytest.mark.parametrize(
    ("said", "http", "status"),
    [
        (says("POST", "/authorize", 200, 2003), 200, 2003),
        (says("POST", "/authorize", 500, None), 200, 4000),
        (says("POST", "/authorize", 200, 2004), 404, 2004),
        (says("POST", "/authorize", 200, 1000, {"allowed": "PERHAPS"}), 200, 4000),
    ],
)
async def test_what_the_provider_says_instead_is_passed_on(node, cpo, place, provider, said, http, status):
    peer, emsp = provider
    await emsp.put(AT, token())
    peer.answers.append(said)
    answer = await cpo.post(ASK, {"location_id": "L1"})
    assert (answer.http, answer.status) == (http, status)


async def test_other_paths_of_a_token_are_404(node, cpo, emsp):
    answer = await cpo.post("sender/tokens/0102030405060A/bless", {})
    assert (answer.http, answer.status) == (404, 2000)
    assert (await cpo.post(f"{ASK}?type=FACE", HERE)).status == 2001


async def test_a_card_that_is_refused_is_not_named_in_what_everybody_may_read(node, emsp):
    await node.change("eee", switches={"strict_uid": True})
    none = await emsp.put("receiver/tokens/DE/EEE/SECRET7CARD", token("SECRET7CARD"))
    other = await emsp.put("receiver/tokens/DE/EEE/0102030405060A", token("A1B2C3D4E5F607"))
    assert "is no RFID uid" in none.message
    assert "in the body" in other.message
    said = [one.note for one in await node.store.traces()] + [none.message, other.message]
    assert not [each for each in said for card in ("SECRET7CARD", "A1B2C3D4E5F607", "0102030405060A") if card in each]
