"""What a hub fetches from partners: pages followed as given, judged like pushes, nothing deleted by itself."""

import json
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from interroam.core.audit import LOCAL
from interroam.core.ports import Query
from interroam.core.rounds.pulling import Stage
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Kind, Module, cdr_key, location_key, session_key, tariff_key, token_key
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, Roaming, join
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.shops import Shop


def places(*names: str) -> list[dict]:
    return [messages.location(name, evses=[messages.evse(f"E-{name}")]) for name in names]


@pytest.fixture
async def cpo(node):
    async with Shop((("CH", "CCC", "CPO"),)) as one:
        one.shelves["locations"] = places("L1", "L2", "L3", "L4", "L5")
        await join(node, "cpo", one, "CH*CCC/CPO")
        yield one


async def names(node, kind=Kind.LOCATION) -> list[str]:
    page = await node.store.page(Query(kind=kind))
    return [one.body.id for one in page.items if not one.withdrawn]


@pytest.mark.statement("OCPI-53", "OCPI-83")
async def test_pages_are_followed_to_the_end_by_the_link_as_given(node, cpo):
    def odd(seen):
        leap = {"/sender/locations": (0, "/odd?p=%7Bx%7D&k=1"), "/odd": (1, "rest;v=2"), "/rest;v=2": (4, "")}.get(
            seen.path
        )
        if leap is None:
            return None
        ends = {0: 1, 1: 4, 4: 5}[leap[0]]
        cpo.headers = {"X-Total-Count": "5", "X-Limit": "100"}
        if leap[1]:
            cpo.headers["Link"] = f'<{leap[1]}>; rel="next"'
        body = {"status_code": 1000, "timestamp": messages.NOW, "data": shelf[leap[0] : ends]}
        return 200, json.dumps(body).encode()

    cpo.answers.append(odd)
    shelf = cpo.shelves.pop("locations")  # so that all is answered by hand
    report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert (report.stage, report.pages, report.recorded) == (Stage.DONE, 3, 5)
    assert await names(node) == ["L1", "L2", "L3", "L4", "L5"]
    asked = [(one.path, one.query) for one in cpo.seen if one.method == "GET"]
    assert asked == [("/sender/locations", {}), ("/odd", {"p": "{x}", "k": "1"}), ("/rest;v=2", {})]


@pytest.mark.statement("OCPI-53", "OCPI-15")
async def test_the_page_size_is_the_partners(node, cpo):
    report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    first, *_ = asked = cpo.fetched("locations")
    assert (report.pages, report.total, first.query) == (3, 5, {})
    assert {(one.sender, one.receiver) for one in asked} == {("FR*107", "CH*CCC")}


@pytest.mark.statement("OCPI-52")
async def test_a_list_without_pages_is_ignored_and_reported(node, cpo):
    cpo.paged = False
    report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert report.stage is Stage.FAILED
    assert "without pages" in report.message
    assert await names(node) == []


@pytest.mark.statement("OCPI-54")
async def test_good_objects_of_a_page_count_and_bad_ones_are_logged(node, cpo):
    cpo.shelves["locations"][1] = {"country_code": "CH", "party_id": "CCC", "id": "L2", "last_updated": messages.NOW}
    cpo.shelves["locations"][2] = messages.location("L3", party_id="XXX")
    with capture_logs() as lines:
        report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert (report.stage, report.objects, report.refused) == (Stage.DONE, 4, 2)
    assert await names(node) == ["L1", "L4", "L5"]
    said = [finding for line in lines if line["event"] == "pull_findings" for finding in line["findings"]]
    assert [one.split(":")[0] for one in said] == ["location/ch*ccc/l2", "location/ch*xxx/l3"]


@pytest.mark.statement("OCPI-54")
async def test_what_is_no_object_at_all_costs_the_rest_of_its_page_nothing(node, cpo):
    cpo.shelves["locations"][0:3] = ["text", None, {"id": 7}]
    cpo.limit = 3
    with capture_logs() as lines:
        report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert (report.stage, report.pages, report.refused) == (Stage.DONE, 2, 3)
    assert await names(node) == ["L4", "L5"]
    assert [len(line["findings"]) for line in lines if line["event"] == "pull_findings"] == [3]


@pytest.mark.statement("OCPI-52")
async def test_tokens_without_pages_are_ignored_and_reported_too(node):
    async with Shop((("DE", "EEE", "EMSP"),)) as emsp:
        emsp.shelves["tokens"] = [messages.token()]
        emsp.paged = False
        await join(node, "emsp", emsp, "DE*EEE/EMSP")
        report = await node.rounds.pulling.pull("emsp", Module.TOKENS)
        assert (report.stage, "without pages" in report.message) == (Stage.FAILED, True)
        assert (await node.store.page(Query(kind=Kind.TOKEN))).items == ()
        emsp.paged = True
        assert (await node.rounds.pulling.pull("emsp", Module.TOKENS)).recorded == 1


@pytest.mark.statement("OCPI-191")
async def test_when_the_total_falls_the_page_before_is_fetched_again_from_one_less(node, cpo):
    def leave(shop, seen):
        if seen.query.get("offset") == "4" and len(shop.shelves["locations"]) == 5:
            del shop.shelves["locations"][0]  # all that follows moves to the page before

    cpo.before = leave
    await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert [one.query.get("offset") for one in cpo.fetched("locations")] == [None, "2", "4", "1", "3"]
    assert await names(node) == ["L1", "L2", "L3", "L4", "L5"]


@pytest.mark.statement("OCPI-191")
async def test_when_the_total_rises_the_crawl_goes_on(node, cpo):
    def come(shop, seen):
        if seen.query.get("offset") == "4":
            shop.shelves["locations"] = places("L1", "L2", "L3", "L4", "L5", "L6", "L7")

    cpo.before = come
    await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert [one.query.get("offset") for one in cpo.fetched("locations")] == [None, "2", "4", "6"]
    assert len(await names(node)) == 7


async def test_a_link_that_leads_in_a_circle_ends_the_crawl_and_all_is_asked_for_again(node, cpo):
    cpo.answers.append(lambda seen: _circle(cpo) if seen.path == "/sender/locations" else None)
    cpo.shelves = {}
    report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    assert (report.stage, report.pages) == (Stage.FAILED, 1)
    assert "again" in report.message
    assert (await node.rounds.pulling.pull("cpo", Module.LOCATIONS)).since is None


@pytest.mark.statement("OCPI-192")
async def test_a_list_that_ends_before_its_total_takes_nothing_for_absent(node, cpo):
    await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    first = cpo.shelves.pop("locations")[:2]

    def without_link(seen):
        if seen.path != "/sender/locations":
            return None
        cpo.headers = {"X-Total-Count": "5", "X-Limit": "2"}
        return 200, json.dumps({"status_code": 1000, "timestamp": messages.NOW, "data": first}).encode()

    cpo.answers.append(without_link)
    report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
    assert (report.absent, report.message) == (0, "not compared: 2 of 5 objects came")


def _circle(cpo):
    cpo.headers = {"X-Total-Count": "5", "X-Limit": "1", "Link": f'<{cpo.url}/sender/locations>; rel="next"'}
    return 200, b'{"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z", "data": []}'


# -- changes and wholes ------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-83")
async def test_the_second_pull_asks_for_what_changed_since_the_first_with_an_overlap(node, cpo):
    cpo.before = lambda *_: setattr(node.clock, "ahead", node.clock.ahead + timedelta(hours=1))
    first = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    cpo.before = None
    node.clock.ahead += timedelta(days=1)
    cpo.answers.append(says("GET", "/locations", 200, 3000))
    shelf = cpo.shelves.pop("locations")
    assert (await node.rounds.pulling.pull("cpo", Module.LOCATIONS)).stage is Stage.FAILED
    cpo.shelves["locations"] = shelf
    node.clock.ahead += timedelta(days=1)
    again = await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    since = datetime.fromisoformat(cpo.fetched("locations")[-1].query["date_from"])
    assert since == (first.started - timedelta(minutes=10)).replace(microsecond=0)
    assert again.recorded == 0


@pytest.mark.statement("OCPI-192")
async def test_what_a_whole_list_leaves_out_is_reported_and_goes_when_an_operator_says_so(node, cpo):
    pulling = node.rounds.pulling
    await pulling.pull("cpo", Module.LOCATIONS)
    del cpo.shelves["locations"][1:3]
    changes = await pulling.pull("cpo", Module.LOCATIONS)
    assert changes.absent == 0  # a list of changes says nothing of the others

    with capture_logs() as lines:
        report = await pulling.pull("cpo", Module.LOCATIONS, whole=True)
    assert (report.absent, report.withdrawn) == (2, 0)
    assert [line["count"] for line in lines if line["event"] == "objects_absent"] == [2]
    assert len(await names(node)) == 5

    (absence,) = await node.rounds.absences(LOCAL)
    assert absence.keys == (location_key(OWNER, "L2"), location_key(OWNER, "L3"))
    assert await node.rounds.withdraw(LOCAL, "cpo", Module.LOCATIONS) == 2
    assert await names(node) == ["L1", "L4", "L5"]
    assert await node.rounds.absences(LOCAL) == []

    gone = Roaming(node, None, None)
    await gone.patch_evse("E-L4", "L4", status="REMOVED", last_updated="2026-03-15T12:00:00Z")
    del cpo.shelves["locations"][1]
    assert (await pulling.pull("cpo", Module.LOCATIONS, whole=True)).absent == 0  # no list shows what is gone


@pytest.mark.statement("OCPI-192")
async def test_a_setting_lets_a_share_go_by_itself_and_no_more(node, cpo):
    absences = node.rounds.pulling.absences
    absences._share = 0.25
    await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    del cpo.shelves["locations"][0]
    few = await node.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
    del cpo.shelves["locations"][0:2]
    many = await node.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
    assert (few.absent, few.withdrawn, many.absent, many.withdrawn) == (1, 1, 2, 0)
    assert await names(node) == ["L2", "L3", "L4", "L5"]


@pytest.mark.statement("OCPI-192")
async def test_what_cannot_be_read_or_was_stated_since_is_not_taken_for_absent(node, cpo):
    await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    later = "2026-03-14T12:30:00Z"
    cpo.shelves["locations"][0] = {"country_code": "CH", "party_id": "CCC", "id": "L1"}
    gone = cpo.shelves["locations"].pop()
    assert (await node.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)).absent == 1
    world = Roaming(node, cpo, cpo)
    await world.tell("location", {**gone, "name": "Back", "last_updated": later})
    assert await node.rounds.withdraw(LOCAL, "cpo", Module.LOCATIONS) == 0

    cpo.shelves["locations"][0] = {"nameless": True}
    report = await node.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
    assert (report.absent, "not compared" in report.message) == (0, True)


# -- modules -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-207")
async def test_a_cdr_that_is_pushed_and_pulled_is_stored_and_delivered_once(node, cpo, emsp):
    await join(node, "emsp", emsp, "DE*EEE/EMSP")
    await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
    await Roaming(node, emsp, cpo).tell("cdr", messages.cdr("C1"))
    cpo.shelves["cdrs"] = [messages.cdr("C1"), messages.cdr("C2")]
    for whole in (True, False):
        await node.rounds.pulling.pull("cpo", Module.CDRS, whole=whole)
    await node.settled()

    assert [one.body["id"] for one in emsp.told("POST")] == ["C1", "C2"]
    assert len([one for one in await node.store.entries(0) if one.key.kind is Kind.CDR]) == 2
    assert (await node.store.get(cdr_key(OWNER, "C2"))).receiver.id == PROVIDER


@pytest.mark.statement("OCPI-206")
async def test_sessions_are_pulled_with_a_date_even_when_all_are_wanted(node, cpo):
    cpo.shelves["sessions"] = [messages.session("S1"), messages.session("S2", kwh=3.0)]
    report = await node.rounds.pulling.pull("cpo", Module.SESSIONS, whole=True)
    assert [one.query["date_from"] for one in cpo.fetched("sessions")] == ["1970-01-01T00:00:00Z"]
    assert report.recorded == 2
    assert (await node.store.get(session_key(OWNER, "S2"))).body.energy_kwh == 3


@pytest.mark.statement("OCPI-211")
async def test_tariffs_are_pulled_with_their_variants(node, cpo):
    own = {"target_operator_country_code": "DE", "target_operator_party_id": "EEE"}
    cpo.shelves["tariffs"] = [messages.tariff(), messages.tariff(**own, price=0.3)]
    report = await node.rounds.pulling.pull("cpo", Module.TARIFFS)
    assert report.recorded == 2
    stored = await node.store.get(tariff_key(OWNER, "T1", PROVIDER))
    assert stored is not None


@pytest.mark.statement("OCPI-108")
async def test_tokens_are_pulled_in_pages_and_taken_by_push_as_well(node):
    async with Shop((("DE", "EEE", "EMSP"),)) as emsp:
        emsp.shelves["tokens"] = [messages.token(f"0102030405060{digit}") for digit in "ABC"]
        await join(node, "emsp", emsp, "DE*EEE/EMSP")
        report = await node.rounds.pulling.pull("emsp", Module.TOKENS)
        assert (report.pages, report.recorded) == (2, 3)
        url = f"{node.url}/ocpi/2.2.1/receiver/tokens/DE/EEE/0102030405060A"
        parties = {"OCPI-from-country-code": "DE", "OCPI-from-party-id": "EEE"}
        changed = {"valid": False, "last_updated": "2026-03-14T12:05:00Z"}
        assert (await emsp.call("PATCH", url, emsp.given["token"], changed, **parties))[1]["status_code"] == 1000
        assert (await emsp.call("GET", url, emsp.given["token"], **parties))[1]["data"]["valid"] is False
        put = messages.token(valid=True, last_updated="2026-03-14T12:06:00Z")
        assert (await emsp.call("PUT", url, emsp.given["token"], put, **parties))[1]["status_code"] == 1000
    assert (await node.store.get(token_key(PROVIDER, "RFID", "0102030405060A"))).body.valid


@pytest.mark.statement("OCPI-93", "OCPI-94")
async def test_pulled_card_numbers_are_judged_and_kept_in_capitals_where_pushed_ones_are(node):
    async with Shop((("DE", "EEE", "EMSP"),)) as emsp:
        odd, app = messages.token("0a0b0c0d0e"), messages.token("a1", type="APP_USER")
        emsp.shelves["tokens"] = [messages.token("0a0b0c0d"), odd, app]
        await join(node, "emsp", emsp, "DE*EEE/EMSP", switches={"strict_uid": True})
        report = await node.rounds.pulling.pull("emsp", Module.TOKENS)
    assert report.recorded == 2
    assert any("RFID uid" in one for one in report.findings)
    rows = (await node.store.page(Query(kind=Kind.TOKEN))).items
    assert [row.body.uid for row in rows] == ["0A0B0C0D", "a1"]
    assert json.loads(rows[0].wire.data)["uid"] == "0A0B0C0D"


@pytest.mark.statement("OCPI-89")
async def test_an_emsps_copies_are_never_read(node, cpo):
    async with Shop((("DE", "EEE", "EMSP"),)) as emsp:
        emsp.shelves = {module: [] for module in ("locations", "tariffs", "tokens", "sessions", "cdrs")}
        await join(node, "emsp", emsp, "DE*EEE/EMSP")
        await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        await node.rounds.pulling.pull("cpo", Module.LOCATIONS)
        await node.rounds.pulling.pull("cpo", Module.LOCATIONS, whole=True)
        await node.rounds.pull(LOCAL, "emsp", None)
        with pytest.raises(Refused) as no:
            await node.rounds.pull(LOCAL, "emsp", Module.LOCATIONS)
        assert no.value.reason is Reason.FORBIDDEN
        await node.settled()
        assert {one.method for one in emsp.seen if "locations" in one.path} <= {"PUT", "PATCH"}
        assert {one.path for one in emsp.seen if one.method == "GET" and "sender" in one.path} <= {"/sender/tokens"}


# -- one object --------------------------------------------------------------------------------------------------------


async def test_a_change_to_an_unknown_place_has_it_fetched_once_an_hour(node, cpo):
    parties = {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"}
    url = f"{node.url}/ocpi/2.2.1/receiver/locations/CH/CCC/L2/E-L2"
    changed = {"status": "CHARGING", "last_updated": "2026-03-14T12:05:00Z"}
    single = "/sender/locations/L2"
    cpo.shelves["locations"], kept = [], cpo.shelves["locations"]
    for _ in range(2):
        _, answer = await cpo.call("PATCH", url, cpo.given["token"], changed, **parties)
        assert answer["status_code"] == 2003
    await cpo.until(lambda: any(one.path == single for one in cpo.seen))
    cpo.shelves["locations"] = kept
    node.clock.ahead += timedelta(minutes=61)
    await cpo.call("PATCH", url, cpo.given["token"], changed, **parties)
    await cpo.until(lambda: sum(one.path == single for one in cpo.seen) == 2)
    for _ in range(100):
        if await names(node):
            break
        await node.clock.sleep(0.02)
    assert await names(node) == ["L2"]
    _, answer = await cpo.call("PATCH", url, cpo.given["token"], changed, **parties)
    assert answer["status_code"] == 1000
    assert sum(one.path == single for one in cpo.seen) == 2


async def test_a_change_to_an_unknown_session_has_it_fetched_from_the_list(node, cpo):
    parties = {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"}
    cpo.shelves["sessions"] = [messages.session("S1"), messages.session("S2")]
    url = f"{node.url}/ocpi/2.2.1/receiver/sessions/CH/CCC/S2"
    _, answer = await cpo.call("PATCH", url, cpo.given["token"], {"kwh": 1, "last_updated": messages.NOW}, **parties)
    assert answer["status_code"] == 2001
    for _ in range(100):
        if await names(node, Kind.SESSION):
            break
        await node.clock.sleep(0.02)
    assert await names(node, Kind.SESSION) == ["S2"]
    assert cpo.fetched("sessions")[0].query == {"date_from": messages.NOW}
