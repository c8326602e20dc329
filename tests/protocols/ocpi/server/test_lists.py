"""Lists in pages: what a partner may see, oldest first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from interroam.model.facts import Origin, Withdrawal
from interroam.model.ids import Kind, Party, PartyId, evse_key, location_key
from tests.protocols.ocpi.server.conftest import Caller, Node
from tests.protocols.ocpi.server.messages import cdr, cdr_token, connector, evse, location, session, tariff, token

LIST = "sender/locations"
OWNER = PartyId.parse("CH*CCC")


async def fill(cpo, count: int, start: int = 0) -> None:
    await asyncio.gather(
        *(
            cpo.put(
                f"receiver/locations/CH/CCC/L{number}",
                location(
                    f"L{number}",
                    evses=[evse(last_updated=f"2026-03-14T12:00:{number % 60:02}Z")],
                    last_updated=f"2026-03-14T12:00:{number % 60:02}Z",
                ),
            )
            for number in range(start, start + count)
        )
    )


async def crawl(caller, path: str) -> list[list[str]]:
    pages = []
    while path:
        page = await caller.get(path)
        assert page.status == 1000
        pages.append([each["id"] for each in page.data])
        path = page.headers["Link"].removeprefix("<").partition(">")[0] if "Link" in page.headers else ""
    return pages


@pytest.mark.statement("OCPI-43", "OCPI-44", "OCPI-48")
async def test_a_list_is_paged_even_when_nobody_asks_for_it(node, cpo, emsp):
    await fill(cpo, 103)
    first = await emsp.get(LIST)
    assert len(first.data) == 100
    assert (first.headers["X-Limit"], first.headers["X-Total-Count"]) == ("100", "103")
    pages = await crawl(emsp, LIST)
    assert [len(page) for page in pages] == [100, 3]
    last = await emsp.get(f"{LIST}?offset=100")
    assert (last.headers["X-Limit"], last.headers["X-Total-Count"]) == ("100", "103")
    assert "Link" not in last.headers


@pytest.mark.statement("OCPI-44")
async def test_each_module_has_its_own_largest_page(node, cpo, emsp):
    for path, most in (("sender/cdrs", "20"), ("sender/tariffs", "100"), (LIST, "100")):
        assert (await emsp.get(path)).headers["X-Limit"] == most
    assert (await cpo.get("sender/tokens")).headers["X-Limit"] == "1000"


@pytest.mark.statement("OCPI-46")
async def test_the_largest_pages_can_be_set_and_are_a_hundred_where_nothing_is_published(node, cpo, emsp):
    lists = ("sender/sessions?date_from=2026-01-01T00:00:00Z", "sender/hubclientinfo", "sender/tariffs", LIST)

    async def limits(more: str = "") -> list[str]:
        return [(await emsp.get(one + more)).headers["X-Limit"] for one in lists]

    await fill(cpo, 3)
    assert await limits() == ["100"] * 4
    await node.change("eee", switches={"pages": "sessions=7 hubclientinfo=8 tariffs=250 locations=2"})
    assert await limits() == ["7", "8", "250", "2"]
    assert [len(page) for page in await crawl(emsp, f"{LIST}?limit=9")] == [2, 1]


@pytest.mark.statement("OCPI-43", "OCPI-48", "OCPI-49")
async def test_every_list_is_paged_and_leads_on_to_its_end(node, cpo, emsp):
    for code in ("DDD", "FFF"):
        await node.partner(code, f"CH*{code}/CPO")
    await node.roam("DE*EEE", "CH*CCC", "CH*DDD", "CH*FFF")
    for number in range(3):
        await cpo.put(f"receiver/tariffs/CH/CCC/T{number}", tariff(f"T{number}"))
        await cpo.put(f"receiver/sessions/CH/CCC/S{number}", session(f"S{number}"))
        await cpo.post("receiver/cdrs", cdr(f"C{number}"))
        await emsp.put(f"receiver/tokens/DE/EEE/0000000{number}", token(f"0000000{number}"))
    await fill(cpo, 3)
    await node.hub.standings.follow()
    for name in ("ccc", "eee"):
        modules = ("locations", "tariffs", "sessions", "cdrs", "tokens", "hubclientinfo")
        await node.change(name, switches={"pages": " ".join(f"{module}=2" for module in modules)})
    for module in modules:
        viewer = cpo if module == "tokens" else emsp
        path, seen = f"sender/{module}?date_from=2020-01-01T00:00:00Z", []
        while path:
            page = await viewer.get(path)
            seen.append(len(page.data))
            assert (page.headers["X-Limit"], page.headers["X-Total-Count"]) == ("2", "3")
            link = page.headers.get("Link", "")
            path = link.removeprefix("<").partition(">")[0]
            if link:
                assert link.startswith(f"<{node.url}/ocpi/2.2.1/sender/{module}?")
                assert {"offset=2", "limit=2"} <= set(path.partition("?")[2].split("&"))
                assert "date_from=2020-01-01T00" in path
        assert (module, seen) == (module, [2, 1])


@pytest.mark.statement("OCPI-51")
@pytest.mark.parametrize("module", ["tariffs", "sessions", "cdrs", "tokens"])
async def test_the_window_is_the_same_in_every_list(node, cpo, emsp, module):
    stamps = [f"2026-03-14T12:00:0{second}Z" for second in range(4)]
    for number, stamp in enumerate(stamps):
        match module:
            case "tariffs":
                await cpo.put(f"receiver/tariffs/CH/CCC/T{number}", tariff(f"T{number}", last_updated=stamp))
            case "sessions":
                await cpo.put(f"receiver/sessions/CH/CCC/S{number}", session(f"S{number}", last_updated=stamp))
            case "cdrs":
                await cpo.post("receiver/cdrs", cdr(f"C{number}", last_updated=stamp))
            case _:
                await emsp.put(f"receiver/tokens/DE/EEE/0000000{number}", token(f"0000000{number}", last_updated=stamp))
    viewer = cpo if module == "tokens" else emsp
    page = await viewer.get(f"sender/{module}?date_from={stamps[1]}&date_to={stamps[3]}")
    assert [one["last_updated"] for one in page.data] == stamps[1:3]
    assert page.headers["X-Total-Count"] == "2"


@pytest.mark.statement("OCPI-51")
async def test_the_window_is_the_same_in_the_list_of_clients(node, cpo, emsp):
    since = datetime(2026, 3, 14, 12, tzinfo=UTC)
    for one in node.book.agreements.values():
        await node.book.put_agreement(replace(one, starts=since))
    node.clock.now = lambda: since
    await node.hub.standings.follow()
    (known,) = (await emsp.get("sender/hubclientinfo")).data
    at = known["last_updated"]
    for window, total in ((f"date_from={at}", "1"), (f"date_to={at}", "0"), (f"date_from={at}&date_to={at}", "0")):
        assert (await emsp.get(f"sender/hubclientinfo?{window}")).headers["X-Total-Count"] == total


@pytest.mark.statement("OCPI-47", "OCPI-49")
async def test_the_link_repeats_filters_and_the_limit_that_was_applied(node, cpo, emsp):
    await fill(cpo, 25)
    assert (await emsp.get(f"{LIST}?limit=1000")).headers["X-Limit"] == "100"
    asked = f"{LIST}?limit=10&date_from=2026-03-14T12:00:03Z&date_to=2026-03-14T13:00:00Z"
    first = await emsp.get(asked)
    link = first.headers["Link"]
    assert link.startswith(f"<{node.url}/ocpi/2.2.1/sender/locations?")
    assert link.endswith('>; rel="next"')
    for part in ("limit=10", "offset=10", "date_from=2026-03-14T12", "date_to=2026-03-14T13"):
        assert part in link
    assert first.headers["X-Total-Count"] == "22"
    pages = await crawl(emsp, asked)
    assert [len(page) for page in pages] == [10, 10, 2]
    assert "L2" not in {each for page in pages for each in page}


@pytest.mark.statement("OCPI-48", "OCPI-50")
async def test_the_total_counts_what_this_client_may_see_in_the_window_in_the_order_of_creation(node, cpo, emsp):
    other = await node.partner("ddd", "CH*DDD/CPO")
    for number in (4, 2, 3, 1):
        await fill(cpo, 1, number)
    await other.put("receiver/locations/CH/DDD/L9", location("L9", party_id="DDD"))
    window = "date_from=2026-03-14T12:00:02Z"
    for query, total, seen in (
        ("", "4", ["L4", "L2", "L3", "L1"]),
        ("?limit=1&offset=2", "4", ["L3"]),
        ("?offset=7", "4", []),
        (f"?{window}", "3", ["L4", "L2", "L3"]),
        (f"?{window}&limit=1&offset=1", "3", ["L2"]),
    ):
        page = await emsp.get(LIST + query)
        assert (page.headers["X-Total-Count"], [one["id"] for one in page.data]) == (total, seen)


@pytest.mark.statement("OCPI-50")
async def test_what_is_created_during_a_crawl_comes_last_and_changes_move_nothing(node, cpo, emsp):
    for number in range(6):
        await fill(cpo, 1, number)
    first = await emsp.get(f"{LIST}?limit=2")
    await fill(cpo, 1, 6)
    await cpo.patch("receiver/locations/CH/CCC/L0", {"name": "neu", "last_updated": "2026-03-14T14:00:00Z"})
    link = first.headers["Link"].removeprefix("<").partition(">")[0]
    rest = [each for page in await crawl(emsp, link) for each in page]
    assert [each["id"] for each in first.data] == ["L0", "L1"]
    assert rest == ["L2", "L3", "L4", "L5", "L6"]


@pytest.mark.statement("OCPI-51")
async def test_date_from_includes_and_date_to_excludes(node, cpo, emsp):
    await fill(cpo, 4)
    window = "date_from=2026-03-14T12:00:01Z&date_to=2026-03-14T12:00:03Z"
    assert sorted((await crawl(emsp, f"{LIST}?{window}"))[0]) == ["L1", "L2"]
    await cpo.patch("receiver/locations/CH/CCC/L0/E1", {"status": "CHARGING", "last_updated": "2026-03-14T12:00:02Z"})
    assert sorted((await crawl(emsp, f"{LIST}?{window}"))[0]) == ["L0", "L1", "L2"]
    for same in (
        "date_from=2026-03-14T14:00:01%2B02:00",
        "date_from=2026-03-14T12:00:01",
        "date_from=2026-03-14T12:00:00.9",
    ):
        assert (await emsp.get(f"{LIST}?{same}&date_to=2026-03-14T12:00:03Z")).headers["X-Total-Count"] == "3"


@pytest.mark.statement("OCPI-85", "OCPI-91")
async def test_what_is_gone_is_told_to_who_asks_for_changes_and_to_nobody_else(node, cpo, emsp):
    at, changes = "receiver/locations/CH/CCC/L0", f"{LIST}?date_from=2026-03-14T12:00:00Z"
    plugs = [connector(), connector(id="2")]
    await cpo.put(at, location("L0", evses=[evse("E1", connectors=plugs), evse("E2")]))
    await cpo.put("receiver/locations/CH/CCC/L1", location("L1", evses=[]))

    async def seen(path):
        page = await emsp.get(path)
        assert page.headers["X-Total-Count"] == str(len(page.data))
        return {each["id"]: {one["uid"]: one["status"] for one in each.get("evses", [])} for each in page.data}

    await cpo.put(f"{at}/E1", evse("E1", last_updated="2026-03-14T12:01:00Z"))
    (place, _) = (await emsp.get(changes)).data
    assert [one["id"] for one in place["evses"][0]["connectors"]] == ["1"]
    await cpo.patch(f"{at}/E1", {"status": "REMOVED", "last_updated": "2026-03-14T12:02:00Z"})
    assert await seen(LIST) == {"L0": {"E2": "AVAILABLE"}, "L1": {}}
    assert (await seen(changes))["L0"] == {"E1": "REMOVED", "E2": "AVAILABLE"}
    await cpo.put(at, location("L0", evses=[], last_updated="2026-03-14T12:03:00Z"))
    assert await seen(LIST) == {"L1": {}}
    assert (await seen(changes))["L0"] == {"E1": "REMOVED", "E2": "REMOVED"}
    assert (await cpo.get(at)).data["evses"][0]["status"] == "REMOVED"
    for method in ("POST", "DELETE"):
        assert (await cpo.call(method, at)).http == 405
        assert (await cpo.call(method, f"{at}/E1")).http == 405
    await cpo.put(f"{at}/E3", evse("E3", last_updated="2026-03-14T12:04:00Z"))
    assert await seen(LIST) == {"L0": {"E3": "AVAILABLE"}, "L1": {}}


@pytest.mark.statement("OCPI-85")
async def test_a_place_that_was_withdrawn_is_told_removed_to_who_asks_for_changes(node, cpo, emsp):
    await fill(cpo, 2)
    at = datetime(2026, 3, 15, tzinfo=UTC)
    await node.hub.tell(Origin("ccc"), Withdrawal(location_key(OWNER, "L0"), at))
    await node.hub.tell(Origin("ccc"), Withdrawal(evse_key(OWNER, "L1", "E1"), at))

    assert [one["id"] for one in (await emsp.get(LIST)).data] == []
    changes = (await emsp.get(f"{LIST}?date_from=2026-03-15T00:00:00Z")).data
    assert [one["id"] for one in changes] == ["L0", "L1"]
    for place in changes:
        assert [(one["status"], one["last_updated"]) for one in place["evses"]] == [("REMOVED", "2026-03-15T00:00:00Z")]
        assert place["last_updated"] == "2026-03-15T00:00:00Z"
    assert (await emsp.get(f"{LIST}?date_from=2026-03-16T00:00:00Z")).data == []
    assert (await emsp.get(f"{LIST}/L0")).http == 404


@pytest.mark.parametrize("query", ["limit=x", "limit=0", "offset=-1", "date_from=monday", "limit=%FF"])
async def test_a_parameter_that_cannot_be_read_is_2001(node, cpo, emsp, query):
    answer = await emsp.get(f"{LIST}?{query}")
    assert (answer.http, answer.status) == (200, 2001)


@pytest.mark.statement("OCPI-56", "OCPI-58")
async def test_a_place_carries_the_one_id_the_hub_gave_it_and_is_found_by_it(node, cpo, emsp):
    await fill(cpo, 2)
    listed = {each["id"]: each["gireve_id"] for each in (await emsp.get(LIST)).data}
    assert len(set(listed.values())) == 2
    for own_id, hub_id in listed.items():
        by_own = await emsp.get(f"{LIST}/{own_id}", {"OCPI-to-party-id": "CCC"})
        by_hub = await emsp.get(f"{LIST}/{hub_id}")
        assert by_own.data == by_hub.data
        assert by_own.data["gireve_id"] == hub_id
    await cpo.put("receiver/locations/CH/CCC/L0", location("L0", name="neu", last_updated="2026-03-14T15:00:00Z"))
    assert (await emsp.get(f"{LIST}/{listed['L0']}")).data["name"] == "neu"
    assert "gireve_id" not in (await cpo.get("receiver/locations/CH/CCC/L0")).data


@pytest.mark.statement("OCPI-58", "OCPI-38")
async def test_ids_and_the_last_status_survive_a_restart(tmp_path):
    at = "receiver/locations/CH/CCC/L0/E1"
    async with Node(tmp_path, hub="CH*HUB") as node:
        cpo = await node.partner("ccc", "CH*CCC/CPO")
        emsp = await node.partner("eee", "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        await fill(cpo, 1)
        await cpo.patch(at, {"status": "CHARGING", "last_updated": "2026-03-14T13:00:00Z"})
        (before,) = (await emsp.get(LIST)).data
    async with Node(tmp_path, hub="CH*HUB") as node:
        cpo, emsp = Caller(node, cpo.token, "CH*CCC"), Caller(node, emsp.token, "DE*EEE")
        head = node.store.head()
        again = await cpo.patch(at, {"status": "CHARGING", "last_updated": "2026-03-14T14:00:00Z"})
        assert (again.http, again.status) == (200, 1000)
        assert node.store.head() == head
        (after,) = (await emsp.get(LIST)).data
        assert after["gireve_id"] == before["gireve_id"]
        assert (await emsp.get(f"{LIST}/{before['gireve_id']}")).data == after


@pytest.mark.statement("OCPI-42")
async def test_without_an_agreement_nothing_is_seen_or_counted(node, cpo, emsp):
    stranger = await node.partner("ggg", "DE*GGG/EMSP")
    other = await node.partner("ddd", "CH*DDD/CPO")
    await fill(cpo, 2)
    await other.put("receiver/locations/CH/DDD/L0", location("L0", party_id="DDD"))
    await other.put("receiver/tariffs/CH/DDD/T1", tariff(party_id="DDD"))
    seen = await emsp.get(LIST)
    assert (len(seen.data), seen.headers["X-Total-Count"]) == (2, "2")
    nothing = await stranger.get(LIST)
    assert (nothing.data, nothing.headers["X-Total-Count"]) == ([], "0")
    assert (await emsp.get(LIST, {"OCPI-to-party-id": "DDD"})).data == []
    assert (await emsp.get(f"{LIST}/L0", {"OCPI-to-party-id": "DDD"})).http == 404
    assert (await stranger.get(f"{LIST}/L0")).http == 404
    assert (await emsp.get("sender/tariffs")).data == []


async def test_an_id_of_two_owners_needs_an_address(node, cpo, emsp):
    other = await node.partner("ddd", "CH*DDD/CPO")
    await node.roam("DE*EEE", "CH*CCC", "CH*DDD")
    await cpo.put("receiver/locations/CH/CCC/L1", location())
    await other.put("receiver/locations/CH/DDD/L1", location(party_id="DDD"))
    ambiguous = await emsp.get(f"{LIST}/L1")
    assert (ambiguous.http, ambiguous.status) == (200, 2001)
    assert (await emsp.get(f"{LIST}/L1", {"OCPI-to-party-id": "DDD"})).data["party_id"] == "DDD"
    assert (await emsp.get(f"{LIST}/L1/E1/1", {"OCPI-to-party-id": "DDD"})).data["id"] == "1"
    assert (await emsp.get(f"{LIST}/L1/E9", {"OCPI-to-party-id": "DDD"})).http == 404


async def test_what_is_removed_is_told_to_who_asks_for_changes_only(node, cpo, emsp):
    await cpo.put("receiver/locations/CH/CCC/L1", location(evses=[evse("E1"), evse("E2", status="REMOVED")]))
    (whole,) = (await emsp.get(LIST)).data
    assert [each["uid"] for each in whole["evses"]] == ["E1"]
    (delta,) = (await emsp.get(f"{LIST}?date_from=2020-01-01T00:00:00Z")).data
    assert [each["uid"] for each in delta["evses"]] == ["E1", "E2"]


async def test_sessions_and_cdrs_are_listed_to_the_one_they_concern(node, cpo, emsp):
    other = await node.partner("fff", "DE*FFF/EMSP")
    await node.roam("DE*FFF", "CH*CCC")
    await cpo.put("receiver/sessions/CH/CCC/S1", session())
    await cpo.put("receiver/sessions/CH/CCC/S2", session("S2", cdr_token=cdr_token(party_id="FFF")))
    await cpo.post("receiver/cdrs", cdr())
    missing = await emsp.get("sender/sessions")
    assert (missing.http, missing.status) == (200, 2001)
    assert "date_from" in missing.message
    for caller, total in ((emsp, "1"), (other, "1")):
        listed = await caller.get("sender/sessions?date_from=2026-01-01T00:00:00Z")
        assert listed.headers["X-Total-Count"] == total
    assert [each["id"] for each in (await emsp.get("sender/cdrs")).data] == ["C1"]
    assert (await other.get("sender/cdrs")).data == []


@pytest.mark.statement("OCPI-138")
async def test_cdrs_are_owed_to_the_provider_of_the_token_alone_and_pulled_twenty_a_page(node, cpo, emsp):
    other = await node.partner("fff", "DE*FFF/EMSP")
    await node.roam("DE*FFF", "CH*CCC")
    for number in range(21):
        await cpo.post("receiver/cdrs", cdr(f"C{number}"))
    assert [len(page) for page in await crawl(emsp, "sender/cdrs?limit=50")] == [20, 1]
    assert (await other.get("sender/cdrs")).data == []
    owed = [entry.receiver for entry in await node.store.entries(0) if entry.key.kind is Kind.CDR]
    assert owed == [Party.parse("DE*EEE/EMSP")] * 21


async def test_tokens_are_shown_to_cpos_in_agreement(node, cpo, emsp):
    await emsp.put("receiver/tokens/DE/EEE/0102030405060A", token())
    assert (await cpo.get("sender/tokens")).data == [token()]
    assert (await cpo.get("sender/tokens/0102030405060a?type=RFID")).data == token()
    assert (await cpo.get("sender/tokens/0102030405060A?tokenType=APP_USER")).http == 404
    stranger = await node.partner("ddd", "CH*DDD/CPO")
    assert (await stranger.get("sender/tokens")).data == []
    await node.change("ccc", profile="gireve")
    off = await cpo.get("sender/tokens")
    assert (off.http, off.status) == (200, 2000)
