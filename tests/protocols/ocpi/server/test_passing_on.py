"""What the hub passes on, to whom, how often, and under which codes, ids and times."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from interroam.model.agreements import Policy, Terms
from interroam.model.ids import Module
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server.conftest import Caller
from tests.protocols.ocpi.server.messages import cdr, connector, evse, location, period, session, tariff, token

AT = "receiver/locations/CH/CCC/L1"
TOKEN = "receiver/tokens/DE/EEE/0102030405060A"


def at(minute: int, fraction: str = "") -> str:
    return f"2026-03-14T12:{minute:02}:00{fraction}Z"


class Both(NamedTuple):
    """A CPO and an eMSP in agreement, each with its platform."""

    operator: Peer
    cpo: Caller
    provider: Peer
    emsp: Caller


@pytest.fixture
async def both(node, operator):
    there, cpo = operator
    async with Peer((("DE", "EEE", "EMSP"),)) as provider:
        emsp = await node.connect("eee", provider, "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        yield Both(there, cpo, provider, emsp)


async def all_that_can_be_said(both: Both) -> None:
    cpo = both.cpo
    await both.emsp.put(TOKEN, token())
    await both.emsp.patch(TOKEN, {"valid": True, "visual_number": "7", "last_updated": at(1, ".120")})
    await cpo.put("receiver/tariffs/CH/CCC/T1", tariff())
    await cpo.put(AT, location(last_updated=at(2, ".5")))
    await cpo.put(f"{AT}/E2", evse("E2", last_updated=at(3)))
    await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": at(4, ".125")})
    await cpo.put("receiver/sessions/CH/CCC/S1", session(last_updated=at(5, ".250")))
    grown = {"kwh": 1.5, "charging_periods": [period(1.5)], "last_updated": at(6, ".001")}
    await cpo.patch("receiver/sessions/CH/CCC/S1", grown)
    await cpo.post("receiver/cdrs", cdr(last_updated=at(7, ".750")))


# -- whose, and since when ---------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-40", "OCPI-41")
async def test_whatever_is_passed_on_keeps_the_codes_of_its_owner_and_the_time_it_was_given(node, both):
    await all_that_can_be_said(both)
    await node.settled()

    told = [(one.method, one.path.split("/")[2:5], one.body) for one in both.provider.told()]
    assert {tuple(path[1:]) for _, path, _ in told if path[0] != "cdrs"} == {("CH", "CCC")}
    assert [body["last_updated"] for _, path, body in told if path[0] == "locations"] == [
        at(2, ".5"),
        at(3),
        at(4, ".125"),
    ]
    charges = [body for _, path, body in told if path[0] in ("sessions", "cdrs")]
    assert [body["last_updated"] for body in charges] == [at(5, ".250"), at(6, ".001"), at(7, ".750")]
    whole = [body for method, path, body in told if method != "PATCH" and "uid" not in body]
    assert {(body["country_code"], body["party_id"]) for body in whole} == {("CH", "CCC")}
    assert len(whole) == 4
    tokens = [one for one in both.operator.told() if "/tokens/" in one.path]
    assert {one.path for one in tokens} == {"/receiver/tokens/DE/EEE/0102030405060A"}
    assert [one.body["last_updated"] for one in tokens] == [token()["last_updated"], at(1, ".120")]
    assert (tokens[0].body["country_code"], tokens[0].body["party_id"]) == ("DE", "EEE")


@pytest.mark.statement("OCPI-40", "OCPI-41")
async def test_lists_show_the_codes_of_the_owner_and_the_time_it_gave(both):
    await all_that_can_be_said(both)

    async def listed(who: Caller, module: str) -> list[tuple[Any, ...]]:
        found = (await who.get(f"sender/{module}?date_from=2020-01-01T00:00:00Z")).data
        return [(one["country_code"], one["party_id"], one["last_updated"]) for one in found]

    assert await listed(both.emsp, "locations") == [("CH", "CCC", at(4, ".125"))]
    assert await listed(both.emsp, "sessions") == [("CH", "CCC", at(6, ".001"))]
    assert await listed(both.emsp, "cdrs") == [("CH", "CCC", at(7, ".750"))]
    assert await listed(both.emsp, "tariffs") == [("CH", "CCC", tariff()["last_updated"])]
    assert await listed(both.cpo, "tokens") == [("DE", "EEE", at(1, ".120"))]


# -- how often ---------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-36", "OCPI-39")
async def test_a_status_is_passed_on_once_however_it_is_said_again_and_not_when_it_is_older(node, both):
    cpo = both.cpo
    await cpo.put(AT, location())
    await node.settled()
    both.provider.seen.clear()
    for minute in (1, 2, 3):
        assert (await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": at(minute)})).status == 1000

    def again(minute: int, **fields: Any) -> dict[str, Any]:
        plug = connector(last_updated=at(minute))
        return evse("E1", **{"status": "CHARGING", "last_updated": at(minute), "connectors": [plug], **fields})

    for path, body in (
        (f"{AT}/E1", again(4)),
        (AT, location(evses=[again(5)], last_updated=at(5))),
        (f"{AT}/E1", again(2, status="BLOCKED")),
        (AT, location(evses=[again(0, status="AVAILABLE")])),
    ):
        assert (await cpo.put(path, body)).status == 1000
    for method, said in (("PATCH", {"tariff_ids": ["T1"]}), ("PUT", connector())):
        body = {**said, "last_updated": at(8)}
        assert (await cpo.call(method, f"{AT}/E1/1", body)).status == 1000
    late = await cpo.patch(f"{AT}/E1", {"status": "AVAILABLE", "last_updated": at(4)})
    assert late.status == 1000
    await node.settled()

    assert [(one.method, one.body.get("status")) for one in both.provider.told()] == [("PATCH", "CHARGING")]
    assert (await cpo.get(f"{AT}/E1")).data["status"] == "CHARGING"


@pytest.mark.statement("OCPI-39")
async def test_of_what_comes_late_the_status_is_not_passed_on_and_the_rest_is_where_that_is_new(node, both):
    cpo = both.cpo
    await cpo.put(AT, location(evses=[evse("E1", custom=1), evse("E2")]))
    await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": at(10)})
    await node.settled()
    both.provider.seen.clear()

    async def told() -> list[tuple[Any, ...]]:
        await node.settled()
        seen = [one.body for one in both.provider.told()]
        both.provider.seen.clear()
        inner = [next(iter(body.get("evses", [body]))) for body in seen]
        return [(one.get("status"), one.get("floor_level")) for one in inner]

    late = evse("E1", status="BLOCKED", floor_level="2", custom=2, last_updated=at(5))
    assert (await cpo.put(f"{AT}/E1", late)).status == 1000
    assert await told() == [("CHARGING", "2")]
    assert (await cpo.get(f"{AT}/E1")).data == {**late, "status": "CHARGING", "last_updated": at(10)}
    inner = [evse("E1", status="BLOCKED", floor_level="3", custom=3, last_updated=at(6)), evse("E2")]
    assert (await cpo.put(AT, location(evses=inner, last_updated=at(6)))).status == 1000
    assert await told() == [("CHARGING", "3")]
    some = {"status": "BLOCKED", "floor_level": "4", "last_updated": at(7)}
    assert (await cpo.patch(f"{AT}/E1", some)).status == 1000
    assert await told() == [("CHARGING", "4")]
    late = evse("E1", status="BLOCKED", floor_level="5", last_updated=at(1))
    assert (await cpo.put(f"{AT}/E1", late)).status == 1000
    assert (await cpo.patch(AT, {"evses": [late], "last_updated": at(1)})).status == 1000
    assert (await cpo.put(AT, location(evses=[late, evse("E2")]))).status == 1000
    assert await told() == []
    await cpo.patch(f"{AT}/E1", {"floor_level": "6", "last_updated": at(20)})
    await told()
    half = evse("E1", status="BLOCKED", floor_level="7", last_updated=at(15))
    assert (await cpo.put(f"{AT}/E1", half)).status == 1000
    assert await told() == [("BLOCKED", "6")]
    half = {"status": "RESERVED", "floor_level": "8", "last_updated": at(16)}
    assert (await cpo.patch(f"{AT}/E1", half)).status == 1000
    assert await told() == [("RESERVED", "6")]
    assert (await cpo.get(f"{AT}/E1")).data["custom"] == 3
    same_time = {"status": "AVAILABLE", "last_updated": at(16)}
    assert (await cpo.patch(f"{AT}/E1", same_time)).status == 1000
    assert await told() == [("AVAILABLE", None)]


@pytest.mark.statement("OCPI-39")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("quality", ["off", "automatic"])
async def test_a_location_that_comes_late_removes_no_evse(node, both, method, quality):
    await node.change("ccc", switches={"quality": quality})
    cpo = both.cpo
    await cpo.put(AT, location(evses=[evse("E1"), evse("E2"), evse("E3")]))
    await cpo.patch(f"{AT}/E2", {"status": "CHARGING", "last_updated": at(20)})
    renamed = {"name": "Neu", "last_updated": at(15)}
    await cpo.call(method, AT, renamed if method == "PATCH" else {**(await cpo.get(AT)).data, **renamed})
    await node.settled()
    both.provider.seen.clear()
    late = location(evses=[evse("E1")], last_updated=at(10))
    assert (await cpo.put(AT, late)).status == 1000
    await node.settled()

    assert both.provider.told() == []
    place = (await cpo.get(AT)).data
    assert {one["uid"]: one["status"] for one in place["evses"]} == {
        "E1": "AVAILABLE",
        "E2": "CHARGING",
        "E3": "AVAILABLE",
    }
    assert place["name"] == "Neu"
    assert (await cpo.put(AT, {**late, "last_updated": at(30)})).status == 1000
    gone = [one["uid"] for one in (await cpo.get(AT)).data["evses"] if one["status"] == "REMOVED"]
    assert gone == ["E2", "E3"]


@pytest.mark.parametrize("quality", ["off", "automatic"])
async def test_an_evse_that_a_location_left_out_comes_back_with_all_it_was_known_by(node, both, quality):
    await node.change("ccc", switches={"quality": quality})
    cpo, whole = both.cpo, evse("E2", floor_level="2", custom=7)
    await cpo.put(AT, location(evses=[evse("E1"), whole]))
    await cpo.put(AT, location(evses=[evse("E1")], last_updated=at(1)))
    assert (await cpo.get(f"{AT}/E2")).data == {**whole, "status": "REMOVED", "last_updated": at(1)}
    await cpo.put(AT, location(evses=[], last_updated=at(2)))
    back = {"status": "AVAILABLE", "last_updated": at(3)}
    assert (await cpo.patch(f"{AT}/E2", back)).status == 1000
    assert (await cpo.get(f"{AT}/E2")).data == {**whole, **back}


@pytest.mark.statement("OCPI-38", "OCPI-39")
async def test_a_change_of_other_fields_says_nothing_of_how_old_a_status_is(node, both):
    cpo = both.cpo
    await cpo.put(AT, location())
    await cpo.patch(f"{AT}/E1", {"floor_level": "1", "last_updated": at(20)})
    await cpo.patch(f"{AT}/E1/1", {"max_amperage": 16, "last_updated": at(21)})
    await cpo.patch(AT, {"name": "Neu", "last_updated": at(22)})
    await node.settled()
    both.provider.seen.clear()
    for word, minute in (("CHARGING", 10), ("BLOCKED", 9), ("CHARGING", 15), ("AVAILABLE", 12)):
        assert (await cpo.patch(f"{AT}/E1", {"status": word, "last_updated": at(minute)})).status == 1000
    await cpo.patch(f"{AT}/E1", {"status": "BLOCKED", "last_updated": at(16)})
    await node.settled()
    assert [(one.body["status"], one.body["last_updated"]) for one in both.provider.told()] == [
        ("CHARGING", at(10)),
        ("BLOCKED", at(16)),
    ]
    stored = (await cpo.get(f"{AT}/E1")).data
    assert (stored["status"], stored["floor_level"], stored["last_updated"]) == ("BLOCKED", "1", at(21))


@pytest.mark.statement("OCPI-36")
async def test_a_status_in_other_letters_is_the_same_status_and_goes_out_as_ocpi_spells_it(node, both):
    cpo = both.cpo
    await cpo.put(AT, location(evses=[evse("E1", status="charging")]))
    await cpo.patch(f"{AT}/E1", {"status": "Charging", "last_updated": at(1)})
    await cpo.put(f"{AT}/E1", evse("E1", status="CHARGING", last_updated=at(2)))
    await cpo.patch(f"{AT}/E1", {"status": "blocked", "last_updated": at(3)})
    await cpo.put(f"{AT}/E1", evse("E1", status="Blocked", last_updated=at(4)))
    await node.settled()

    put, patch = both.provider.told()
    assert (put.body["evses"][0]["status"], patch.body["status"]) == ("CHARGING", "BLOCKED")
    assert [one["status"] for one in (await both.emsp.get("sender/locations")).data[0]["evses"]] == ["BLOCKED"]


@pytest.mark.statement("OCPI-37")
async def test_a_status_that_goes_and_comes_back_is_passed_on_every_time(node, both):
    await both.cpo.put(AT, location())
    await node.settled()
    both.provider.seen.clear()
    words = ["CHARGING", "AVAILABLE", "CHARGING"]
    for minute, word in enumerate(words, 1):
        await both.cpo.patch(f"{AT}/E1", {"status": word, "last_updated": at(minute)})
        await node.settled()

    assert [one.body["status"] for one in both.provider.told()] == words


@pytest.mark.statement("OCPI-37")
async def test_an_agreement_may_want_every_change_even_of_a_receiver_that_is_slow(node, both):
    every = {Module.LOCATIONS: Terms(policy=Policy.FIFO)}
    for one in node.book.agreements.values():
        await node.book.put_agreement(replace(one, terms=every))
    await both.cpo.put(AT, location())
    await node.settled()
    both.provider.seen.clear()
    both.provider.delay = 0.1
    words = ["CHARGING", "AVAILABLE", "CHARGING"]
    for minute, word in enumerate(words, 1):
        await both.cpo.patch(f"{AT}/E1", {"status": word, "last_updated": at(minute)})
    await node.settled()

    assert [one.body["status"] for one in both.provider.told()] == words


@pytest.mark.statement("OCPI-35", "OCPI-38")
async def test_no_status_of_one_evse_takes_the_place_of_anothers_where_the_receiver_is_slow(node, both):
    await both.cpo.put(AT, location(evses=[evse("E1"), evse("E2"), evse("E3")]))
    await node.settled()
    both.provider.seen.clear()
    both.provider.delay = 0.1
    for minute, uid in enumerate(("E1", "E2", "E3"), 1):
        await both.cpo.patch(f"{AT}/{uid}", {"status": "CHARGING", "last_updated": at(minute)})
    await node.settled()

    seen = [(one.path.rpartition("/")[2], one.body["last_updated"]) for one in both.provider.told()]
    assert seen == [("E1", at(1)), ("E2", at(2)), ("E3", at(3))]


# -- under which ids ---------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-30", "OCPI-31")
async def test_all_that_one_call_causes_carries_its_correlation_and_the_caller_gets_its_own_ids_back(node, both):
    async with Peer((("NL", "NNN", "EMSP"),)) as other:
        await node.connect("nnn", other, "NL*NNN/EMSP")
        await node.roam("NL*NNN", "CH*CCC")
        await both.cpo.put(AT, location())
        await node.settled()
        both.provider.seen.clear()
        other.seen.clear()
        failing = says("PATCH", "/locations/", 503, None)
        both.provider.answers.append(failing)
        ids: dict[str, str | None] = {"X-Request-ID": "Mine-1", "X-Correlation-ID": "Mine-2"}
        answer = await both.cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": at(1)}, ids)
        assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == ("Mine-1", "Mine-2")
        await both.provider.until(lambda: both.provider.told("PATCH"))
        both.provider.answers.remove(failing)
        await both.provider.until(lambda: len(both.provider.told("PATCH")) > 1)
        await node.settled()
        told = both.provider.told("PATCH") + other.told("PATCH")

    assert len(told) >= 3
    assert {one.headers["x-correlation-id"] for one in told} == {"Mine-2"}
    requests = [one.headers["x-request-id"] for one in told]
    assert len({*requests, "Mine-1"}) == len(told) + 1


@pytest.mark.statement("OCPI-31")
async def test_what_is_fetched_because_of_a_change_is_fetched_under_its_correlation(both):
    unknown = {"status": "CHARGING", "last_updated": at(1)}
    assert (await both.cpo.patch(f"{AT}/E1", unknown, {"X-Correlation-ID": "Lost"})).status == 2003

    async with asyncio.timeout(5):
        await both.operator.until(lambda: both.operator.told("GET"))
    assert {(one.path, one.headers["x-correlation-id"]) for one in both.operator.told("GET")} == {
        ("/sender/locations/L1", "Lost")
    }


# -- and what not ------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-42")
@pytest.mark.parametrize("to", ["HUB", "CCC", None])
async def test_every_command_to_a_cpo_without_an_agreement_is_rejected_by_a_message_that_names_it(node, both, to):
    await both.cpo.put(AT, location())
    stranger = await node.partner("ggg", "DE*GGG/EMSP")
    whose = token(party_id="GGG")
    place = {"response_url": "http://ggg.example/1", "location_id": "L1", "evse_uid": "E1"}
    named = {"OCPI-to-country-code": "CH" if to else None, "OCPI-to-party-id": to}
    for name, more in (
        ("START_SESSION", {"token": whose}),
        ("RESERVE_NOW", {"token": whose, "expiry_date": "2040-01-01T00:00:00Z", "reservation_id": "R1"}),
        ("UNLOCK_CONNECTOR", {"connector_id": "1"}),
    ):
        answer = await stranger.post(f"receiver/commands/{name}", {**place, **more}, named)
        assert (answer.http, answer.status, answer.data["result"]) == (200, 1000, "REJECTED")
        assert answer.data["message"][0]["text"] == "no agreement between CPO CH*CCC and eMSP DE*GGG"
    assert both.operator.told("POST") == []


@pytest.mark.statement("OCPI-38")
async def test_the_same_word_of_another_evse_or_another_owner_is_no_repetition(node, both):
    other = await node.partner("ddd", "CH*DDD/CPO")
    await node.roam("DE*EEE", "CH*CCC", "CH*DDD")
    await both.cpo.put(AT, location(evses=[evse("E1"), evse("E2")]))
    await other.put("receiver/locations/CH/DDD/L1", location(party_id="DDD"))
    await node.settled()
    both.provider.seen.clear()
    said = {"status": "CHARGING", "last_updated": at(1)}
    for who, path in ((both.cpo, f"{AT}/E1"), (both.cpo, f"{AT}/E2"), (other, "receiver/locations/CH/DDD/L1/E1")) * 2:
        assert (await who.patch(path, said)).status == 1000
    await node.settled()
    paths = sorted(one.path.removeprefix("/receiver/locations/") for one in both.provider.told())
    assert paths == ["CH/CCC/L1/E1", "CH/CCC/L1/E2", "CH/DDD/L1/E1"]
