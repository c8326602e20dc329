"""Who is there and who is not: watched by a hub, shown to its partners, heeded by them (HubClientInfo)."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.model.errors import Reason, Unavailable
from interroam.model.facts import Origin
from interroam.model.ids import Party, Role
from interroam.model.parties import PartnerState
from interroam.model.questions import Authorize
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, Roaming, join
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import BOTH, Peer, basic, says
from tests.protocols.ocpi.server import messages
from tests.waiting import eventually

INFO = "/receiver/hubclientinfo"
LIST = "/ocpi/2.2.1/sender/hubclientinfo"
TOLD = [*BOTH, ("hubclientinfo", "RECEIVER")]
ROUTING = {"ocpi-from-country-code", "ocpi-from-party-id", "ocpi-to-country-code", "ocpi-to-party-id"}
SILENT = timedelta(minutes=6)


async def announced(node: Node) -> None:
    await asyncio.sleep(0)
    await node.rounds.announcing.announce()


def news(peer: Peer) -> list[tuple[str, str, str]]:
    return [(one.path, one.body["role"], one.body["status"]) for one in peer.seen if one.path.startswith(INFO)]


@pytest.fixture
async def watched(node):
    """A hub, a CPO and an eMSP in agreement, both of whom want to be told."""
    async with (
        Peer((("CH", "CCC", "CPO"),), endpoints=TOLD) as cpo,
        Peer((("DE", "EEE", "EMSP"),), endpoints=TOLD) as emsp,
    ):
        await join(node, "cpo", cpo, "CH*CCC/CPO")
        await join(node, "emsp", emsp, "DE*EEE/EMSP")
        await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        await announced(node)
        yield node, cpo, emsp


async def listed(node: Node, peer: Peer, query: str = ""):
    headers = {"Authorization": basic(peer.given["token"])}
    async with peer.session.get(f"{node.url}{LIST}{query}", headers=headers) as answer:
        return answer, await answer.json()


@pytest.mark.statement("OCPI-172")
async def test_each_change_of_state_is_put_to_those_who_roam_with_the_party(watched):
    node, cpo, emsp = watched
    assert news(cpo) == [(f"{INFO}/DE/EEE", "EMSP", "CONNECTED")]
    assert news(emsp) == [(f"{INFO}/CH/CCC", "CPO", "CONNECTED")]
    await node.book.set_state("emsp", PartnerState.SUSPENDED)
    await announced(node)
    await node.book.set_state("emsp", PartnerState.CONNECTED)
    await announced(node)
    assert [status for *_, status in news(cpo)] == ["CONNECTED", "SUSPENDED", "CONNECTED"]
    assert [status for *_, status in news(emsp)] == ["CONNECTED"]
    assert all(not ROUTING & one.headers.keys() for one in cpo.seen if one.path.startswith(INFO))  # C7


@pytest.mark.statement("OCPI-172")
async def test_the_list_is_paged_and_needs_no_routing_headers(watched):
    node, cpo, _ = watched
    for number in range(1, 4):
        await node.expect(f"other-{number}", f"DE*EE{number}/EMSP")
        await node.agree(f"DE*EE{number}/EMSP", "CH*CCC/CPO")
    await announced(node)
    answer, said = await listed(node, cpo, "?limit=3")
    assert [(one["party_id"], one["role"], one["status"]) for one in said["data"]] == [
        ("EEE", "EMSP", "CONNECTED"),
        ("EE1", "EMSP", "PLANNED"),
        ("EE2", "EMSP", "PLANNED"),
    ]
    assert (answer.headers["X-Total-Count"], answer.headers["X-Limit"]) == ("4", "3")
    assert 'hubclientinfo?offset=3&limit=3>; rel="next"' in answer.headers["Link"]
    assert (await listed(node, cpo, "?offset=3&limit=3"))[1]["data"][0]["party_id"] == "EE3"


@pytest.mark.statement("OCPI-172")
async def test_in_profile_gireve_there_is_no_such_module(watched):
    node, cpo, _ = watched
    details = f"{node.url}/ocpi/2.2.1"
    shown = {one["identifier"] for one in (await cpo.get(details, cpo.given["token"]))["data"]["endpoints"]}
    assert "hubclientinfo" in shown
    partner = node.book.partners["cpo"]
    await node.book.put_partner(replace(partner, profile="gireve"))
    hidden = {one["identifier"] for one in (await cpo.get(details, cpo.given["token"]))["data"]["endpoints"]}
    assert hidden == shown - {"hubclientinfo", "chargingprofiles"}
    assert (await listed(node, cpo))[0].status == 404
    cpo.seen.clear()
    await node.book.set_state("emsp", PartnerState.SUSPENDED)
    await announced(node)
    assert news(cpo) == []


@pytest.mark.statement("OCPI-173")
async def test_a_partner_that_is_silent_is_asked_for_its_versions_and_shown_as_offline(watched):
    node, cpo, emsp = watched
    await node.hub.liveness.check()
    assert [one for one in emsp.seen if one.path == "/versions"] == []  # heard a moment ago
    node.clock.ahead += SILENT
    emsp.answers.append(says("GET", "/versions", 503, None))
    await node.hub.liveness.check()
    await announced(node)
    assert len([one for one in emsp.seen if one.path == "/versions"]) == 1
    assert (node.book.partners["emsp"].state, node.book.partners["cpo"].state) == (
        PartnerState.OFFLINE,
        PartnerState.CONNECTED,
    )
    assert [status for *_, status in news(cpo)] == ["CONNECTED", "OFFLINE"]

    await listed(node, emsp)  # it is heard again
    await asyncio.sleep(0.05)
    await announced(node)
    assert [status for *_, status in news(cpo)] == ["CONNECTED", "OFFLINE", "CONNECTED"]


@pytest.mark.statement("OCPI-173")
async def test_who_answers_or_calls_is_not_asked(watched):
    node, cpo, emsp = watched
    node.clock.ahead += SILENT
    await Roaming(node, emsp, cpo).tell("location", messages.location())
    await node.settled()  # the eMSP has answered
    await listed(node, cpo)  # the CPO has called
    await node.hub.liveness.check()
    assert [one for peer in (cpo, emsp) for one in peer.seen if one.path == "/versions"] == []


async def test_one_that_is_offline_comes_back_when_its_versions_are_there_again(watched):
    node, _, emsp = watched
    node.clock.ahead += SILENT
    emsp.answers.append(says("GET", "/versions", 503, None))
    assert await node.hub.liveness.check() == 1
    emsp.answers.clear()
    assert await node.hub.liveness.check() == 0  # not before its time
    assert node.book.partners["emsp"].state is PartnerState.OFFLINE
    node.clock.ahead += SILENT
    await node.hub.liveness.check()
    await asyncio.sleep(0.05)
    assert node.book.partners["emsp"].state is PartnerState.CONNECTED


@pytest.mark.statement("OCPI-174")
async def test_planned_connected_offline_and_suspended_mean_what_they_say(watched):
    node, cpo, _ = watched
    await node.expect("soon", "DE*SOO/EMSP")
    await node.agree("DE*SOO/EMSP", "CH*CCC/CPO")
    await announced(node)
    await node.book.set_state("emsp", PartnerState.OFFLINE)
    await announced(node)
    assert {one["party_id"]: one["status"] for one in (await listed(node, cpo))[1]["data"]} == {
        "EEE": "OFFLINE",
        "SOO": "PLANNED",
    }
    await node.book.remove_partner("emsp")  # never just left out
    await announced(node)
    assert {one["party_id"]: one["status"] for one in (await listed(node, cpo))[1]["data"]}["EEE"] == "SUSPENDED"
    assert news(cpo)[-1] == (f"{INFO}/DE/EEE", "EMSP", "SUSPENDED")


@pytest.mark.statement("OCPI-174")
@pytest.mark.parametrize("first", [True, False])
async def test_a_party_with_two_platforms_is_connected_as_long_as_one_of_them_is(watched, first):
    node, cpo, _ = watched
    async with Peer((("DE", "EEE", "EMSP"),)) as backup:
        await join(node, "backup", backup, "DE*EEE/EMSP")
        states = []
        for name in ("emsp", "backup") if first else ("backup", "emsp"):
            await node.book.set_state(name, PartnerState.OFFLINE)
            await announced(node)
            states.append((await listed(node, cpo))[1]["data"][0]["status"])
        assert states == ["CONNECTED", "OFFLINE"]


@pytest.mark.statement("OCPI-172")
async def test_the_list_is_of_what_changed_in_a_window_of_time(watched):
    node, cpo, _ = watched
    (one,) = (await listed(node, cpo))[1]["data"]
    at = one["last_updated"]
    asked = {
        query: [each["party_id"] for each in (await listed(node, cpo, f"?{query}"))[1]["data"]]
        for query in (
            f"date_from={at}",
            f"date_to={at}",
            "date_from=2099-01-01T00:00:00Z",
            "date_to=2099-01-01T00:00:00Z",
        )
    }
    assert list(asked.values()) == [["EEE"], [], [], ["EEE"]]


@pytest.mark.statement("OCPI-174")
async def test_an_agreement_to_come_shows_a_party_as_planned_and_strangers_are_not_shown(watched):
    node, cpo, _ = watched
    async with Peer((("DE", "LAT", "EMSP"),)) as later, Peer((("DE", "XXX", "EMSP"),)) as stranger:
        await join(node, "later", later, "DE*LAT/EMSP")
        await join(node, "stranger", stranger, "DE*XXX/EMSP")
        agreement = await node.agree("DE*LAT/EMSP", "CH*CCC/CPO")
        starts = node.clock.now() + timedelta(days=1)
        await node.book.put_agreement(replace(agreement, starts=starts))
        await announced(node)
        assert {one["party_id"]: one["status"] for one in (await listed(node, cpo))[1]["data"]} == {
            "EEE": "CONNECTED",
            "LAT": "PLANNED",
        }
        node.clock.ahead += timedelta(days=2)
        await announced(node)
        assert news(cpo)[-1] == (f"{INFO}/DE/LAT", "EMSP", "CONNECTED")


@pytest.mark.statement("OCPI-174")
async def test_a_party_only_named_so_far_is_planned_and_one_whose_agreement_ended_is_suspended(watched):
    node, cpo, _ = watched
    ended = await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
    await node.agree("DE*FAR/EMSP", "CH*CCC/CPO")  # a party that nobody speaks for yet
    await node.book.put_agreement(replace(ended, ends=node.clock.now()))
    await announced(node)
    assert {one["party_id"]: one["status"] for one in (await listed(node, cpo))[1]["data"]} == {
        "EEE": "SUSPENDED",
        "FAR": "PLANNED",
    }


async def test_what_a_partner_could_not_be_told_it_is_told_later_and_only_once(watched, tmp_path):
    node, cpo, _ = watched
    cpo.answers.append(says("PUT", "hubclientinfo", 503, None))
    await node.book.set_state("emsp", PartnerState.OFFLINE)
    await announced(node)
    cpo.answers.clear()
    cpo.seen.clear()
    await announced(node)
    await announced(node)
    assert news(cpo) == [(f"{INFO}/DE/EEE", "EMSP", "OFFLINE")]


# -- the side that is told ---------------------------------------------------------------------------------------------


@pytest.fixture
async def told(tmp_path):
    """A CPO's node, and a hub behind which stands an eMSP that the node delivers to."""
    async with Peer((("FR", "107", "HUB"),)) as hub, Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
        there = await node.expect("hub", "FR*107/HUB", "DE*EEE/EMSP")
        await node.room.register(there, hub.versions_url, "token-a")
        await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        hub.seen.clear()
        yield node, hub


async def tell(node, hub, role="EMSP", status="OFFLINE", at=messages.NOW, method="PUT"):
    body = {"country_code": "DE", "party_id": "EEE", "role": role, "status": status, "last_updated": at}
    url = f"{node.url}/ocpi/2.2.1{INFO}/DE/EEE"
    return await hub.call(method, url, hub.given["token"], body if method == "PUT" else None)


@pytest.mark.statement("OCPI-215")
@pytest.mark.parametrize("status", ["OFFLINE", "PLANNED", "SUSPENDED"])
async def test_a_party_that_is_away_is_asked_nothing_and_nothing_is_queued_for_it(told, status):
    node, hub = told
    office = Roaming(node, hub, hub)
    office.origin = lambda partner="": Origin("office")
    assert (await tell(node, hub, status=status))[1]["status_code"] == 1000
    await office.tell("location", messages.location())
    await node.settled()
    with pytest.raises(Unavailable) as away:
        await node.hub.authorize(Origin("office"), Authorize(cpo=OWNER, uid="04A2", location_id="L1", emsp=PROVIDER))
    assert (away.value.reason, status.lower() in away.value.message) == (Reason.NOT_CONNECTED, True)

    assert await node.store.shelf() == []

    await tell(node, hub, status="CONNECTED", at="2026-03-14T12:05:00Z")
    await office.patch_evse(status="CHARGING", last_updated="2026-03-14T12:06:00Z")
    await node.settled()
    assert [(one.method, one.path) for one in hub.told()] == [("PATCH", "/receiver/locations/CH/CCC/L1/E1")]


@pytest.mark.statement("OCPI-215")
@pytest.mark.parametrize("status", ["OFFLINE", "PLANNED", "SUSPENDED"])
async def test_a_charge_is_not_sent_to_a_party_that_is_away_but_is_not_lost_either(told, status):
    node, hub = told
    office = Roaming(node, hub, hub)
    office.origin = lambda partner="": Origin("office")
    await tell(node, hub, status=status)
    await office.tell("session", messages.session())
    await office.tell("cdr", messages.cdr())
    await eventually(lambda: any(one.cursor.failures > 1 for one in node.dispatch.couriers))  # and not only once
    assert hub.told() == []

    await tell(node, hub, status="CONNECTED", at="2026-03-14T12:05:00Z")
    await node.settled()
    assert {(one.method, one.path) for one in hub.told()} == {
        ("PUT", "/receiver/sessions/CH/CCC/S1"),
        ("POST", "/receiver/cdrs"),
    }
    assert await node.store.shelf() == []


@pytest.mark.statement("OCPI-215")
async def test_objects_of_a_party_that_comes_back_are_taken(told):
    node, hub = told
    await tell(node, hub)
    await tell(node, hub, status="CONNECTED", at="2026-03-14T12:05:00Z")
    parties = {"OCPI-from-country-code": "DE", "OCPI-from-party-id": "EEE"}
    parties |= {"OCPI-to-country-code": "CH", "OCPI-to-party-id": "CCC"}
    url = f"{node.url}/ocpi/2.2.1/receiver/tokens/DE/EEE/0102030405060A"
    _, answer = await hub.call("PUT", url, hub.given["token"], messages.token(), **parties)
    assert answer["status_code"] == 1000


async def test_one_url_holds_a_party_in_each_of_its_roles(told):
    node, hub = told
    await tell(node, hub)
    await tell(node, hub, role="CPO", status="CONNECTED", at="2026-03-14T12:05:00Z")
    await tell(node, hub, role="CPO", status="PLANNED", at="2026-03-14T12:04:00Z")  # overtaken
    found = {role: node.hub.standings.of(Party.parse(f"DE*EEE/{role}")).state for role in ("CPO", "EMSP")}
    assert found == {"CPO": PartnerState.CONNECTED, "EMSP": PartnerState.OFFLINE}
    assert (await tell(node, hub, method="GET"))[1]["data"]["role"] == "CPO"
    other = f"{node.url}/ocpi/2.2.1{INFO}/DE/EEE?role=EMSP"
    assert (await hub.call("GET", other, hub.given["token"]))[1]["data"]["status"] == "OFFLINE"
    unknown = f"{node.url}/ocpi/2.2.1{INFO}/DE/XXX"
    assert (await hub.call("GET", unknown, hub.given["token"]))[0] == 404


async def test_what_hubs_said_survives_a_restart(tmp_path):
    async with Peer((("FR", "107", "HUB"),)) as hub:
        async with Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
            there = await node.expect("hub", "FR*107/HUB")
            await node.room.register(there, hub.versions_url, "token-a")
            await tell(node, hub)
        async with Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
            assert node.hub.standings.away(Party.parse("DE*EEE/EMSP"), "hub").state is PartnerState.OFFLINE


@pytest.mark.statement("OCPI-215")
async def test_only_a_hub_says_how_others_are(node, cpo):
    await join(node, "cpo", cpo, "CH*CCC/CPO")
    assert (await tell(node, cpo))[0] == 403


@pytest.mark.statement("OCPI-172")
async def test_who_registers_anew_is_told_everything_again(watched):
    node, cpo, _ = watched
    await node.room.unregister(node.book.partners["cpo"])
    cpo.seen.clear()
    assert (await cpo.post_credentials(node.url, await node.invite("cpo")))[1]["status_code"] == 1000
    await announced(node)
    assert news(cpo) == [(f"{INFO}/DE/EEE", "EMSP", "CONNECTED")]


@pytest.mark.statement("OCPI-172", "OCPI-173", "OCPI-215")
async def test_a_provider_whose_node_dies_is_not_asked_by_a_cpos_node_until_it_is_back(row):
    await row.hub.rounds.announcing.announce()
    provider = Party(PROVIDER, Role.EMSP)
    assert row.cpo.hub.standings.of(provider).state is PartnerState.CONNECTED
    await row.owner.tell("location", messages.location())
    await row.settled()

    await row.emsp.listener.close(0)
    row.hub.clock.ahead += SILENT
    await row.hub.hub.liveness.check()
    await row.hub.rounds.announcing.announce()
    question = Authorize(cpo=OWNER, uid="04A2", location_id="L1", emsp=PROVIDER)
    asked = len(await row.hub.store.traces(partner="cpo"))
    with pytest.raises(Unavailable) as away:
        await row.cpo.hub.put(question, provider, Party.parse("FR*107/HUB"), Origin("office"), Party(OWNER, Role.CPO))
    assert away.value.reason is Reason.NOT_CONNECTED
    assert len(await row.hub.store.traces(partner="cpo")) == asked

    row.hub.hub.liveness.answered("emsp")
    await asyncio.sleep(0.05)
    await row.hub.rounds.announcing.announce()
    assert row.cpo.hub.standings.of(provider).state is PartnerState.CONNECTED
