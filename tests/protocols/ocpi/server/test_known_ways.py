"""What is remembered of a request says nothing of the next one, where that differs or the book has changed since."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from interroam.model.parties import PartnerState
from tests.protocols.ocpi.server.conftest import Caller, Node
from tests.protocols.ocpi.server.messages import cdr, location, session, tariff, token

AT = "receiver/locations/CH/CCC/L1"


@pytest.fixture
async def known(node: Node, cpo: Caller) -> Caller:
    """A CPO that said the same before, and more than once."""
    for _ in range(3):
        assert (await cpo.put(AT, location())).status == 1000
        assert (await cpo.get(AT)).status == 1000
    return cpo


@pytest.fixture
async def elsewhere(node: Node) -> AsyncIterator[aiohttp.ClientSession]:
    """A client at another address."""
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


@pytest.mark.statement("OCPI-5")
@pytest.mark.parametrize("shown", [None, "Token bm90LWtub3du", "Token", "Basic Zm9vOmJhcg=="])
async def test_who_shows_no_known_token_is_nobody_although_all_else_was_said_before(known, shown):
    for answer in (
        await known.put(AT, location(), {"Authorization": shown}),
        await known.get(AT, {"Authorization": shown}),
    ):
        assert (answer.http, answer.status) == (401, 2000)


@pytest.mark.statement("OCPI-14", "OCPI-16", "OCPI-17")
async def test_another_from_is_another_party_although_all_else_was_said_before(node, known):
    for name, value, http, status in (
        ("OCPI-from-party-id", "XXX", 403, 2000),
        ("OCPI-from-country-code", "DE", 403, 2000),
        ("OCPI-from-party-id", None, 200, 2001),
        ("OCPI-from-country-code", None, 200, 2001),
        ("OCPI-to-party-id", "XXX", 200, 4001),
        ("OCPI-to-country-code", "DE", 200, 4001),
        ("OCPI-to-party-id", None, 200, 2001),
        ("OCPI-to-country-code", None, 200, 2001),
    ):
        answer = await known.get(AT, {name: value})
        assert (name, answer.http, answer.status) == (name, http, status)


@pytest.mark.statement("OCPI-15", "OCPI-16")
@pytest.mark.parametrize("path", ["sender/hubclientinfo", "versions", "2.2.1", "2.2.1/credentials"])
async def test_modules_of_configuration_need_no_parties_and_look_at_none(node, known, path):
    await node.change("ccc", switches={"require_to": True})
    for country, code in ((None, None), ("XX", "YYY"), ("DE", None), (None, "?")) * 2:
        named = {"OCPI-from-country-code": country, "OCPI-from-party-id": code}
        named |= {"OCPI-to-country-code": country, "OCPI-to-party-id": code}
        answer = await known.get(path, named)
        assert (answer.http, answer.status) == (200, 1000)
        assert not [name for name in answer.headers if name.lower().startswith("ocpi-")]


@pytest.mark.statement("OCPI-17", "OCPI-24")
async def test_nobody_states_what_is_another_partys_however_often_it_stated_its_own(node, known):
    other = await node.partner("ddd", "CH*DDD/CPO")
    theirs = "receiver/locations/CH/DDD/L1"
    assert (await other.put(theirs, location(party_id="DDD"))).status == 1000
    head = node.store.head()
    for method, path, said in (
        ("PUT", theirs, location(party_id="DDD", name="Neu")),
        ("PATCH", f"{theirs}/E1", {"status": "CHARGING", "last_updated": "2026-03-14T12:30:00Z"}),
        ("PUT", "receiver/sessions/CH/DDD/S1", session(party_id="DDD")),
        ("PUT", "receiver/tariffs/CH/DDD/T1", tariff(party_id="DDD")),
        ("POST", "receiver/cdrs", cdr(party_id="DDD")),
    ):
        answer = await known.call(method, path, said)
        assert (path, answer.http, 2000 <= answer.status < 3000) == (path, 200, True)
        assert "CH*DDD" in answer.message
    assert (await known.get(theirs)).http == 404
    assert node.store.head() == head


@pytest.mark.statement("OCPI-14")
async def test_the_same_words_of_another_platform_are_its_own(node, known):
    other = await node.partner("other", "DE*EEE/EMSP", "CH*CCC/EMSP")
    assert (await other.get(AT, {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"})).http == 403
    assert (await known.get(AT)).http == 200


@pytest.mark.statement("OCPI-23")
async def test_another_interface_or_module_is_judged_anew(known):
    assert (await known.get("receiver/tokens/CH/CCC/L1")).http == 403
    assert (await known.put("receiver/tokens/CH/CCC/L1", token())).http == 403
    assert (await known.get("sender/locations/L1/E1/1")).http == 403
    assert (await known.call("DELETE", AT)).http == 405
    assert (await known.get("receiver/locations/CH/CCC")).http == 404
    assert (await known.get(AT)).http == 200


@pytest.mark.statement("OCPI-8")
async def test_an_address_is_looked_at_although_the_same_was_said_from_another(node, known, elsewhere):
    near = node.http
    await node.change("ccc", addresses=("127.0.0.1",))
    for _ in range(2):
        assert (await known.get(AT)).http == 200
        node.http = elsewhere
        assert (await known.get(AT)).http == 403
        node.http = near


@pytest.mark.statement("OCPI-8")
async def test_an_address_list_that_is_new_holds_for_the_next_request(node, known):
    await node.change("ccc", addresses=("192.0.2.0/24",))
    assert [(await known.get(AT)).http, (await known.put(AT, location())).http] == [403, 403]


@pytest.mark.statement("OCPI-5", "OCPI-6")
async def test_a_token_that_was_withdrawn_opens_nothing_from_then_on(node, known):
    for credential in node.book.credentials_of("ccc"):
        await node.book.dismiss(credential)
    assert [(await known.get(AT)).http, (await known.put(AT, location())).http] == [401, 401]


@pytest.mark.statement("OCPI-17", "OCPI-24")
async def test_a_party_that_was_taken_away_or_given_another_role_speaks_no_more(node, known):
    await node.expect("ccc", "CH*CCC/EMSP", state=PartnerState.CONNECTED)
    assert [(await known.get(AT)).http, (await known.put(AT, location())).http] == [403, 403]
    await node.expect("ccc", "CH*DDD/CPO", state=PartnerState.CONNECTED)
    assert [(await known.get(AT)).http, (await known.put(AT, location())).http] == [403, 403]
    await node.expect("ccc", "CH*CCC/CPO", state=PartnerState.CONNECTED)
    assert (await known.get(AT)).http == 200


async def test_a_suspension_holds_for_the_next_request(node, known):
    await node.book.set_state("ccc", PartnerState.SUSPENDED)
    assert [(await known.get(AT)).http, (await known.put(AT, location())).http] == [403, 403]


@pytest.mark.statement("OCPI-28", "OCPI-29", "OCPI-33")
@pytest.mark.parametrize("absent", [("X-Request-ID",), ("X-Correlation-ID",), ("X-Request-ID", "X-Correlation-ID")])
async def test_ids_that_are_missing_are_minted_flagged_and_given_back_however_often_it_was_said(node, known, absent):
    seen = set()
    for _ in range(2):
        answer = await known.put(AT, location(), dict.fromkeys(absent))
        assert answer.status == 1000
        assert all(len(answer.headers[name]) == 36 for name in absent)
        seen |= {answer.headers[name] for name in absent}
        (trace,) = await node.traces(answer.headers["X-Request-ID"])
        assert "X-Request-ID, X-Correlation-ID: are not both there" in trace.note
    assert len(seen) == 2 * len(absent)


@pytest.mark.statement("OCPI-33")
@pytest.mark.parametrize("absent", ["X-Request-ID", "X-Correlation-ID"])
async def test_ids_that_are_missing_are_refused_where_the_connection_wants_them_however_often(node, known, absent):
    await node.change("ccc", switches={"require_ids": True})
    for _ in range(2):
        assert (await known.put(AT, location())).status == 1000
        refused = await known.put(AT, location(), {absent: None})
        assert (refused.http, refused.status) == (200, 2001)
        assert absent.lower() in refused.message


@pytest.mark.statement("OCPI-29")
async def test_ids_come_back_with_an_error_however_often_it_was_said(known):
    ids: dict[str, str | None] = {"X-Request-ID": "rR-1", "X-Correlation-ID": "cC-42"}
    for body, http in ((b"{", 400), (b"{}", 200), (b'{"id": "L2"}', 200)):
        answer = await known.put(AT, body, ids)
        assert (answer.http, answer.status) == (http, 2001)
        assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == ("rR-1", "cC-42")
