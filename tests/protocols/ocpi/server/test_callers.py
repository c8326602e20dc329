"""Who may come in, as whom, and what every answer carries."""

from __future__ import annotations

import base64

import aiohttp
import pytest
from structlog.testing import capture_logs

from interroam.model.ids import Party
from interroam.model.parties import PartnerState, Purpose
from tests.protocols.ocpi.server.messages import cdr, location, token

AT = "receiver/locations/CH/CCC/L1"


def plain(token: str) -> dict[str, str | None]:
    return {"Authorization": f"Token {token}"}


@pytest.mark.statement("OCPI-5")
@pytest.mark.parametrize("shown", [None, "Token bm90LWtub3du", "Basic Zm9vOmJhcg==", "Token", "Token a b"])
@pytest.mark.parametrize("path", [AT, "versions", "2.2.1", "2.2.1/credentials", "sender/locations", "nowhere/at/all"])
async def test_nobody_comes_in_without_a_known_token(node, cpo, path, shown):
    answer = await cpo.get(path, {"Authorization": shown})
    assert answer.http == 401
    assert answer.status == 2000
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.statement("OCPI-5")
@pytest.mark.parametrize("path", [AT, "versions", "2.2.1", "2.2.1/credentials"])
async def test_a_secret_of_another_protocol_opens_nothing_of_ocpi(node, path):
    office = await node.partner("office", "CH*OFF/CPO")
    await node.change("office", protocol="plain")
    assert [(await office.get(path)).http for _ in range(2)] == [401, 401]


@pytest.mark.statement("OCPI-6")
async def test_a_registration_token_opens_versions_and_nothing_else(node):
    guest = await node.partner("new", "CH*NEW/CPO", purpose=Purpose.REGISTRATION, state=PartnerState.PLANNED)
    assert (await guest.get("versions")).status == 1000
    assert (await guest.get("2.2.1")).status == 1000
    refused = await guest.get("receiver/locations/CH/NEW/L1")
    assert (refused.http, refused.status) == (401, 2000)
    assert (await guest.put("receiver/locations/CH/NEW/L1", location(party_id="NEW"))).http == 401
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-3")
async def test_a_token_is_read_base64_or_plain_as_the_connection_says(node, cpo):
    raw, encoded = plain(cpo.token), plain(base64.b64encode(cpo.token.encode()).decode())
    for encoding, refused in (("auto", [False, False]), ("base64", [True, False]), ("plain", [False, True])):
        await node.change("ccc", switches={"encoding": encoding})
        for path in (AT, "versions", "2.2.1/credentials"):
            got = [(await cpo.get(path, headers)).http == 401 for headers in (raw, encoded)]
            assert got == refused


@pytest.mark.statement("OCPI-8")
async def test_a_strange_address_is_refused_and_nothing_is_read(node, cpo):
    await node.change("ccc", addresses=("192.0.2.0/24",))
    refused = await cpo.put(AT, b"{ not even JSON")
    assert (refused.http, refused.status) == (403, 2000)
    assert "127.0.0.1" in refused.message
    assert (await cpo.get("versions")).http == 403
    await node.change("ccc", addresses=("192.0.2.0/24", "127.0.0.0/8"))
    assert (await cpo.put(AT, location())).http == 201


async def test_a_partner_that_asks_too_much_hears_when_to_come_back_and_its_neighbors_do_not_notice(node, cpo, emsp):
    await node.change("ccc", rate=0.2, body_bytes=5_000)
    assert [(await cpo.get(AT)).http for _ in range(2)] == [404, 404]  # there is none yet, which is an answer
    slower = await cpo.put(AT, location())
    assert (slower.http, slower.status) == (503, 3000)
    assert 1 <= int(slower.headers["Retry-After"]) <= 5
    assert "0.2 requests a second" in slower.message
    assert (await emsp.get("sender/locations")).http == 200
    await node.change("ccc", rate=0)
    large = await cpo.put(AT, location(name="x" * 5_000))
    assert (large.http, large.status) == (413, 2000)
    assert (await cpo.put(AT, location())).http in {200, 201}
    assert [one.code for one in await node.traces(partner="ccc")][-3:-1] == ["503/3000", "413/2000"]


@pytest.mark.statement("OCPI-8")
async def test_the_address_is_looked_at_with_every_request_and_a_refusal_is_logged(node, cpo):
    await node.change("ccc", addresses=("127.0.0.1",))
    assert (await cpo.put(AT, location())).http == 201
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    near, node.http = node.http, aiohttp.ClientSession(connector=elsewhere)
    with capture_logs() as lines:
        refused = [(await cpo.get(path)).http for path in (AT, "versions", "2.2.1/credentials")]
    await near.close()
    assert refused == [403, 403, 403]
    said = [
        (line["log_level"], line["partner"], line["client"]) for line in lines if line["event"] == "address_refused"
    ]
    assert said == [("warning", "ccc", "127.0.0.2")] * 3


async def test_a_suspended_partner_is_told_so(node, cpo):
    await node.book.set_state("ccc", PartnerState.SUSPENDED)
    refused = await cpo.put(AT, location())
    assert (refused.http, refused.status) == (403, 2000)
    assert "suspended" in refused.message


@pytest.mark.statement("OCPI-14", "OCPI-17")
async def test_a_platform_speaks_only_for_the_parties_configured_on_it(node, cpo):
    await node.partner("ddd", "CH*DDD/CPO")
    pretended = await cpo.put(AT, location(), {"OCPI-from-party-id": "DDD"})
    assert (pretended.http, pretended.status) == (403, 2000)
    assert "does not speak for CH*DDD" in pretended.message
    unknown = await cpo.put(AT, location(), {"OCPI-from-party-id": "XXX"})
    assert (unknown.http, unknown.status) == (403, 2000)
    assert node.store.head() == 0
    taken = await cpo.put(AT, location(), {"OCPI-from-country-code": "ch", "OCPI-from-party-id": "ccc"})
    assert taken.http == 201
    (entry,) = await node.store.entries(0)
    assert entry.origin == "ccc"


@pytest.mark.statement("OCPI-14")
async def test_from_says_who_looks_and_to_whose_places_whatever_platform_asks(node, cpo):
    other = await node.partner("ddd", "CH*DDD/CPO")
    platform = await node.partner("msps", "DE*EEE/EMSP", "DE*FFF/EMSP")
    await node.roam("DE*EEE", "CH*CCC", "CH*DDD")
    await node.roam("DE*FFF", "CH*DDD")
    await cpo.put(AT, location())
    await other.put("receiver/locations/CH/DDD/L2", location("L2", party_id="DDD"))

    async def seen(code: str, to: str) -> list[str]:
        named = {"OCPI-from-party-id": code, "OCPI-to-party-id": to}
        return [one["id"] for one in (await platform.get("sender/locations", named)).data]

    assert [await seen("EEE", to) for to in ("HUB", "CCC", "DDD")] == [["L1", "L2"], ["L1"], ["L2"]]
    assert [await seen("FFF", to) for to in ("HUB", "CCC", "DDD")] == [["L2"], [], ["L2"]]


@pytest.mark.statement("OCPI-16")
@pytest.mark.parametrize("header", ["OCPI-from-country-code", "OCPI-from-party-id"])
async def test_a_request_without_a_full_from_is_refused_by_naming_the_header(node, cpo, header):
    refused = await cpo.put(AT, location(), {header: None})
    assert (refused.http, refused.status) == (200, 2001)
    assert header in refused.message
    none = await cpo.put(AT, location(), {"OCPI-from-country-code": None, "OCPI-from-party-id": None})
    assert none.status == 2001
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-16")
async def test_to_must_be_there_where_the_connection_wants_it(node, cpo):
    absent: dict[str, str | None] = {"OCPI-to-country-code": None, "OCPI-to-party-id": None}
    assert (await cpo.put(AT, location(), absent)).status == 1000
    half = await cpo.put(AT, location(), {"OCPI-to-party-id": None})
    assert (half.status, "OCPI-to-party-id" in half.message) == (2001, True)
    await node.change("ccc", profile="gireve")
    refused = await cpo.put(AT, location(), absent)
    assert (refused.http, refused.status) == (200, 2001)
    assert "OCPI-to-country-code" in refused.message


@pytest.mark.statement("OCPI-16")
async def test_missing_routing_is_http_400_too_where_a_switch_says_so(node, cpo):
    await node.change("ccc", switches={"routing_is_400": True})
    refused = await cpo.put(AT, location(), {"OCPI-from-party-id": None})
    assert (refused.http, refused.status) == (400, 2001)
    assert "OCPI-from-party-id" in refused.message
    assert node.store.head() == 0


async def test_an_unknown_receiver_is_4001(node, cpo):
    answer = await cpo.put(AT, location(), {"OCPI-to-country-code": "XX", "OCPI-to-party-id": "YYY"})
    assert (answer.http, answer.status) == (200, 4001)


@pytest.mark.statement("OCPI-14")
async def test_answers_turn_the_routing_round(node, cpo, emsp):
    answer = await cpo.put(AT, location())
    names = ("OCPI-to-country-code", "OCPI-to-party-id", "OCPI-from-country-code", "OCPI-from-party-id")
    assert [answer.headers[name] for name in names] == ["CH", "CCC", "CH", "HUB"]
    direct = await emsp.get("sender/locations", {"OCPI-to-party-id": "CCC"})
    assert [direct.headers[name] for name in names] == ["DE", "EEE", "CH", "CCC"]


@pytest.mark.statement("OCPI-23")
async def test_a_role_uses_its_own_interfaces_only(node, cpo, emsp):
    for call in (
        emsp.post("receiver/cdrs", cdr()),
        emsp.put(AT, location()),
        emsp.get("sender/tokens"),
        cpo.get("sender/locations"),
        cpo.put("receiver/tokens/DE/EEE/0102030405060A", token()),
        cpo.post("receiver/commands/STOP_SESSION", {"response_url": "https://x.example", "session_id": "1"}),
    ):
        refused = await call
        assert (refused.http, refused.status) == (403, 2000)
        assert "EMSP" in refused.message or "CPO" in refused.message
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-24")
async def test_roles_come_from_our_configuration(node, cpo, emsp):
    assert (await emsp.put("receiver/locations/DE/EEE/L1", location(country_code="DE", party_id="EEE"))).http == 403
    await node.expect(
        "eee", "DE*EEE/EMSP", "DE*EEE/CPO", state=PartnerState.CONNECTED
    )  # nothing but the operator's word changes it
    taken = await emsp.put("receiver/locations/DE/EEE/L1", location(country_code="DE", party_id="EEE"))
    assert taken.http == 201


@pytest.mark.statement("OCPI-28", "OCPI-29")
async def test_both_ids_come_back_unchanged_whatever_happens(node, cpo):
    ids: dict[str, str | None] = {"X-Request-ID": "rR ü/1", "X-Correlation-ID": "cC-42"}
    broken = {"Authorization": "Token nobody"}
    for answer in (
        await cpo.put(AT, location(), ids),
        await cpo.get(AT, ids),
        await cpo.put(AT, b"{", ids),
        await cpo.put(AT, location(), {**ids, **broken}),
        await cpo.get("nowhere/at/all", ids),
        await cpo.call("POST", AT, {}, ids),
        await cpo.put(AT, location(), {**ids, "OCPI-from-party-id": "XXX"}),
    ):
        assert answer.headers["X-Correlation-ID"] == "cC-42"
        assert answer.headers["X-Request-ID"].encode("utf-8", "surrogateescape").decode() == "rR ü/1"


@pytest.mark.statement("OCPI-28")
async def test_missing_ids_are_minted_and_the_sender_is_told_about(node, cpo):
    answer = await cpo.put(AT, location(), {"X-Request-ID": None, "X-Correlation-ID": None})
    assert answer.status == 1000
    assert len(answer.headers["X-Request-ID"]) == 36
    assert len(answer.headers["X-Correlation-ID"]) == 36
    (trace,) = await node.traces(answer.headers["X-Correlation-ID"])
    assert "X-Request-ID" in trace.note


async def test_other_methods_and_paths_get_an_envelope(node, cpo):
    wrong = await cpo.delete(AT)
    assert (wrong.http, wrong.status) == (405, 2000)
    assert wrong.headers["Allow"] == "GET, PATCH, PUT"
    for path in ("receiver/locations/CH/CCC", "receiver/weather/CH/CCC/1", "sender/locations/a/b/c/d", "9.9/x/y"):
        nowhere = await cpo.get(path)
        assert (nowhere.http, nowhere.status) == (404, 2000)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"status":', b"[" * 10_000, b"nope"])
async def test_a_body_that_is_no_json_is_400(node, cpo, body):
    for method, path in (("PUT", AT), ("PATCH", f"{AT}/E1"), ("POST", "receiver/cdrs")):
        answer = await cpo.call(method, path, body)
        assert (answer.http, answer.status) == (400, 2001)
    await node.change("ccc", profile="gireve")
    answer = await cpo.put(AT, body)
    assert (answer.http, answer.status) == (200, 2001)


async def test_a_party_that_an_operator_switched_off_is_refused_in_every_call_and_its_neighbor_is_not(node):
    both = await node.partner("two", "CH*CCC/CPO", "CH*DDD/CPO")
    await both.put("receiver/locations/CH/CCC/L1", location())
    await node.hub.book.switch_party(Party.parse("CH*CCC/CPO"), on=False)
    mine = {"OCPI-from-party-id": "CCC"}
    for answer in (
        await both.put("receiver/locations/CH/CCC/L1", location(), mine),
        await both.get("receiver/locations/CH/CCC/L1", mine),
        await both.post("sender/tokens/AABBCCDD/authorize", {"location_id": "L1"}, mine),
    ):
        assert (answer.http, answer.status, answer.message) == (403, 2000, "CH*CCC/CPO is suspended")
    theirs = {"OCPI-from-party-id": "DDD"}
    assert (await both.put("receiver/locations/CH/DDD/L1", location(party_id="DDD"), theirs)).http == 201
    await node.hub.book.switch_party(Party.parse("CH*CCC/CPO"), on=True)
    assert (await both.get("receiver/locations/CH/CCC/L1", mine)).http == 200
