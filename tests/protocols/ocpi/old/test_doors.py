"""The doors of 2.1.1: versions, tokens, parties, headers, pages."""

import pytest
from msgspec.structs import replace

from interroam.model.errors import Refused
from interroam.model.ids import Module, Party
from interroam.model.parties import Partner
from interroam.protocols.ocpi.wiring import wiring_of
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer, old_location
from tests.protocols.ocpi.partners import Peer, basic, says
from tests.protocols.ocpi.server import messages


async def seen_by(world, peer, path):
    return await peer.get(f"{world.node.url}/ocpi/{path}", peer.given["token"])


@pytest.mark.statement("OCPI-1", "OCPI-170")
async def test_both_versions_are_offered_and_no_older_one_and_the_highest_in_common_is_spoken(old_cpo):
    node = old_cpo.node
    assert [one["version"] for one in (await seen_by(old_cpo, old_cpo.cpo, "versions"))["data"]] == ["2.1.1", "2.2.1"]
    assert [one["version"] for one in (await seen_by(old_cpo, old_cpo.emsp, "versions"))["data"]] == ["2.1.1", "2.2.1"]
    spoken = {name: wiring_of(node.book.partners[name]).version for name in ("cpo", "emsp")}
    assert spoken == {"cpo": "2.1.1", "emsp": "2.2.1"}
    assert "2.1.1" in old_cpo.emsp.versions


async def test_each_face_lists_its_own_endpoints_without_sides(old_cpo, old_emsp_details):
    own = (await seen_by(old_cpo, old_cpo.cpo, "emsp/2.1.1"))["data"]
    for details, face in ((own, "emsp"), (old_emsp_details, "cpo")):
        urls = {one["identifier"]: one["url"] for one in details["endpoints"]}
        assert sorted(urls) == ["cdrs", "commands", "credentials", "locations", "sessions", "tariffs", "tokens"]
        assert all(f"/ocpi/{face}/2.1.1/{name}" in url for name, url in urls.items())
        assert all(one.keys() == {"identifier", "url"} for one in details["endpoints"])


@pytest.fixture
async def old_emsp_details(tmp_path_factory):
    async with Node(tmp_path_factory.mktemp("other")) as node, OldPeer((("DE", "EEE", "EMSP"),)) as emsp:
        await node.expect("emsp", "DE*EEE/EMSP")
        await emsp.post_credentials(node.url, await node.invite("emsp"))
        assert emsp.given["url"] == f"{node.url}/ocpi/cpo/versions"
        assert (emsp.given["country_code"], emsp.given["party_id"]) == ("FR", "107")
        yield (await emsp.get(f"{node.url}/ocpi/cpo/2.1.1", emsp.given["token"]))["data"]


async def test_the_hub_registers_with_an_old_partner_that_knows_raw_tokens_only(make):
    async with make("emsp", profile="gireve") as world:
        assert wiring_of(world.node.book.partners["emsp"]).version == "2.1.1"
        assert (await world.ask("GET", "locations"))["status_code"] == 1000


@pytest.mark.statement("OCPI-4")
async def test_the_token_is_sent_as_it_stands_in_both_directions(old_cpo):
    await old_cpo.settled()
    url = f"{old_cpo.node.url}/ocpi/emsp/2.1.1/tokens"
    token = old_cpo.cpo.given["token"]
    assert (await old_cpo.cpo.call("GET", url, token))[0] == 200
    assert (await old_cpo.cpo.call("GET", url, token, Authorization=basic(token)))[0] == 401
    assert {one.headers["authorization"] for one in old_cpo.cpo.told()} == {f"Token {old_cpo.cpo.token}"}
    assert old_cpo.cpo.told()


@pytest.mark.statement("OCPI-5", "OCPI-6")
async def test_the_doors_of_2_1_1_open_to_no_unknown_token_and_to_a_new_one_for_registering_only(tmp_path):
    async with Node(tmp_path) as node, OldPeer((("CH", "CCC", "CPO"),)) as peer:
        await node.expect("cpo", "CH*CCC/CPO")
        invited = await node.invite("cpo")
        starting = ["emsp/versions", "emsp/2.1.1", "emsp/2.1.1/credentials"]
        others = ["emsp/2.1.1/tokens", "emsp/2.1.1/cdrs", "emsp/2.1.1/locations/CH/CCC/L1", "emsp/2.1.1/nowhere"]

        async def statuses(token, paths):
            return [(await peer.call("GET", f"{node.url}/ocpi/{path}", token))[0] for path in paths]

        assert await statuses("unknown", starting + others) == [401] * 7
        assert await statuses("", starting + others) == [401] * 7
        assert await statuses(invited, starting) == [200] * 3
        assert await statuses(invited, others) == [401] * 4
        given = (await peer.post_credentials(node.url, invited))[1]["data"]["token"]
        assert await statuses(invited, starting + others) == [401] * 7
        assert await statuses(given, ["emsp/versions", "emsp/2.1.1/tokens"]) == [200, 200]
        assert (await peer.post_credentials(node.url, invited))[0] == 401


@pytest.mark.statement("OCPI-4")
async def test_a_registration_of_2_1_1_knows_raw_tokens_only_whoever_starts_it(tmp_path):
    async with (
        Node(tmp_path) as node,
        OldPeer((("DE", "EEE", "EMSP"),)) as ours,
        OldPeer((("CH", "CCC", "CPO"),)) as its,
    ):
        partner = await node.expect("ours", "DE*EEE/EMSP")
        await node.room.register(partner, ours.versions_url, "their+token/0")
        shown = {one.path: one.headers["authorization"] for one in ours.seen}
        assert shown["/v/2.1.1"] == shown["/credentials"] == "Token their+token/0"

        await node.expect("its", "CH*CCC/CPO", switches={"encoding": "base64"})
        invited = await node.invite("its")
        url = f"{node.url}/ocpi/emsp/2.1.1/credentials"
        assert (await its.call("GET", url, invited, Authorization=basic(invited)))[0] == 401
        assert (await its.post_credentials(node.url, invited))[1]["status_code"] == 1000
        assert {one.headers["authorization"] for one in its.seen} == {f"Token {its.token}"}
        await node.links["its"].probe()
        assert its.seen[-1].headers["authorization"] == f"Token {its.token}"


@pytest.mark.statement("OCPI-22")
async def test_a_connection_is_one_party_in_one_role(old_cpo):
    assert (await old_cpo.say("GET", f"{old_cpo.node.url}/ocpi/cpo/2.1.1/locations"))["http"] == 403
    partner = old_cpo.node.book.partners["cpo"]
    known = {name: getattr(partner, name) for name in partner.__struct_fields__}
    more = {**known, "parties": (*partner.parties, Party.parse("CH*DDD/CPO"))}

    await old_cpo.node.book.put_partner(Partner(**more))

    answer = await old_cpo.say("GET", "tokens")
    assert (answer["http"], answer["status_code"]) == (403, 2000)
    assert "2 parties" in answer["status_message"]


@pytest.mark.statement("OCPI-22")
async def test_three_operations_of_one_platform_are_three_connections_and_three_tokens(tmp_path):
    async with Node(tmp_path) as node, OldPeer((("CH", "CCC", "CPO"),)) as platform:
        await node.expect("all", "CH*CCC/CPO", "CH*DDD/CPO", "CH*EEE/CPO")
        refused = (await platform.post_credentials(node.url, await node.invite("all")))[1]
        assert refused["status_code"] != 1000
        assert "data" not in refused
        with pytest.raises(Refused, match="3 parties"):
            await node.room.register(node.book.partners["all"], platform.versions_url, "token-a")
        await node.book.remove_partner("all")

        tokens = {}
        for code in ("CCC", "DDD", "EEE"):
            platform.roles = (("CH", code, "CPO"),)
            await node.expect(code, f"CH*{code}/CPO")
            tokens[code] = (await platform.post_credentials(node.url, await node.invite(code)))[1]["data"]["token"]
        assert len(set(tokens.values())) == 3
        place = f"{node.url}/ocpi/emsp/2.1.1/locations/CH/%s/L1"
        for code, token in tokens.items():
            told = {other: await platform.call("PUT", place % other, token, old_location()) for other in tokens}
            assert [other for other, (_, answer) in told.items() if answer["status_code"] == 1000] == [code]
        for face, http in (("emsp", 200), ("cpo", 403)):
            for tail in ("versions", "2.1.1", "2.1.1/credentials"):
                assert (await platform.call("GET", f"{node.url}/ocpi/{face}/{tail}", tokens["CCC"]))[0] == http


@pytest.mark.statement("OCPI-26")
async def test_routing_headers_are_ignored_but_for_whose_tokens_and_places_are_listed(old_emsp):
    async def listed(path, **to):
        answer = await old_emsp.ask("GET", path, **to)
        assert answer["status_code"] == 1000
        return len(answer["data"])

    here = {"OCPI-to-country-code": "CH", "OCPI-to-party-id": "CCC"}
    elsewhere = {"OCPI-to-country-code": "CH", "OCPI-to-party-id": "DDD"}
    foreign = {"OCPI-from-country-code": "XX", "OCPI-from-party-id": "XXX"}
    hub = {"OCPI-to-country-code": "fr", "OCPI-to-party-id": "107"}
    half = {"OCPI-to-country-code": "CH"}
    odd = {"OCPI-from-country-code": "DEU", "OCPI-from-party-id": "?"}
    every = ({}, here, elsewhere, foreign, hub, half, odd, odd | here, odd | elsewhere)
    assert [await listed("locations", **each) for each in every] == [1, 1, 0, 1, 1, 1, 1, 1, 0]
    assert [await listed("tariffs", **each) for each in ({}, here, elsewhere)] == [1, 1, 1]
    await old_emsp.settled()
    assert not any(name.startswith("ocpi-") for one in old_emsp.emsp.told() for name in one.headers)


@pytest.mark.statement("OCPI-26")
async def test_the_tokens_that_an_old_cpo_lists_are_narrowed_to_one_emsp(old_cpo):
    async def listed(**to):
        answer = await old_cpo.say("GET", "tokens", **to)
        return answer["status_code"], len(answer["data"])

    async with Peer((("NL", "NNN", "EMSP"),)) as other:
        await old_cpo.node.expect("other", "NL*NNN/EMSP")
        await other.post_credentials(old_cpo.node.url, await old_cpo.node.invite("other"))
        await old_cpo.node.agree("NL*NNN/EMSP", "CH*CCC/CPO")
        own = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "NNN"}
        for uid in ("AABBCC01", "AABBCC02"):
            body = messages.token(uid, country_code="NL", party_id="NNN", contract_id="NL-NNN-C00000001-1")
            url = f"{old_cpo.node.url}/ocpi/2.2.1/receiver/tokens/NL/NNN/{uid}"
            assert (await other.call("PUT", url, other.given["token"], body, **own))[1]["status_code"] == 1000
        await old_cpo.settled()

    named = [
        {"OCPI-to-country-code": name[:2], "OCPI-to-party-id": name[3:]} for name in ("DE*EEE", "nl*nnn", "FR*107")
    ]
    assert [await listed(**to) for to in ({}, *named)] == [(1000, 3), (1000, 1), (1000, 2), (1000, 3)]


@pytest.mark.statement("OCPI-26")
async def test_what_is_fetched_from_an_old_partner_is_asked_without_routing_headers(old_cpo):
    await old_cpo.node.rounds.pulling.pull("cpo", Module.LOCATIONS)
    (asked,) = [one for one in old_cpo.cpo.told("GET") if one.path == "/old/locations"]
    assert not [name for name in asked.headers if name.startswith("ocpi-")]


@pytest.mark.statement("OCPI-34")
async def test_ids_are_echoed_if_sent_and_minted_for_those_who_want_them(old_cpo):
    await old_cpo.say("GET", "tokens")
    assert not any(name.lower().startswith("x-") and name.lower().endswith("-id") for name in old_cpo.cpo.heard)
    await old_cpo.say("GET", "tokens", **{"X-Request-ID": "r", "X-Correlation-ID": "c"})
    assert (old_cpo.cpo.heard["X-Request-ID"], old_cpo.cpo.heard["X-Correlation-ID"]) == ("r", "c")

    old_cpo.emsp.seen.clear()
    await old_cpo.say("PATCH", "locations/CH/CCC/L1/E1", {"status": "BLOCKED"})
    await old_cpo.say("PATCH", "locations/CH/CCC/L1/E1", {"status": "CHARGING"}, **{"X-Correlation-ID": "mine"})
    await old_cpo.settled()
    minted, given = (one.headers["x-correlation-id"] for one in old_cpo.emsp.told("PATCH"))
    assert len(minted) == 36
    assert given == "mine"
    for correlation in (minted, given):
        hops = await old_cpo.node.store.traces(ids=[correlation])
        assert sorted((one.partner, one.inward) for one in hops) == [("cpo", True), ("emsp", False)]


@pytest.mark.statement("OCPI-31", "OCPI-40")
async def test_a_copy_for_2_1_1_goes_under_the_owners_codes_and_the_correlation_of_its_cause(old_emsp):
    await old_emsp.settled()
    old_emsp.emsp.seen.clear()
    mine = {"X-Request-ID": "r-0", "X-Correlation-ID": "cause"}
    status = {"status": "CHARGING", "last_updated": "2026-03-14T13:00:00Z"}
    await old_emsp.say("PATCH", "receiver/locations/CH/CCC/L1/E1", status, **mine)
    await old_emsp.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session(), **mine)
    await old_emsp.settled()
    told = old_emsp.emsp.told()
    assert {one.headers["x-correlation-id"] for one in told} == {"cause"}
    assert len({"r-0", *(one.headers["x-request-id"] for one in told)}) == len(told) + 1
    owners = [one.path.split("/")[2:5] for one in told]
    assert sorted(owners) == [["locations", "CH", "CCC"], ["sessions", "CH", "CCC"]]


@pytest.mark.statement("OCPI-45")
async def test_a_page_has_at_most_twenty_locations(old_emsp):
    for number in range(2, 23):
        await old_emsp.say("PUT", f"receiver/locations/CH/CCC/L{number}", messages.location(f"L{number}"))

    first = await old_emsp.ask("GET", "locations?limit=100")
    heard = old_emsp.emsp.heard
    assert (len(first["data"]), heard["X-Limit"], heard["X-Total-Count"]) == (20, "20", "22")
    following = heard["Link"].partition("<")[2].partition(">")[0]
    assert following.startswith(f"{old_emsp.node.url}/ocpi/cpo/2.1.1/locations?")
    rest = await old_emsp.ask("GET", following)
    assert len({one["id"] for one in first["data"] + rest["data"]}) == 22


@pytest.mark.statement("OCPI-45")
async def test_the_largest_pages_of_tokens_cdrs_and_tariffs_are_as_published(make):
    async with make(("cpo", "emsp")) as world:
        assert (await world.say("GET", "tokens?limit=5000"))["status_code"] == 1000
        assert world.cpo.heard["X-Limit"] == "1000"
        for path, most in (("cdrs", "20"), ("tariffs", "100")):
            assert (await world.ask("GET", f"{path}?limit=5000"))["status_code"] == 1000
            assert world.emsp.heard["X-Limit"] == most
        known = world.node.book.partners["emsp"]
        await world.node.book.put_partner(replace(known, switches={"pages": "locations=5"}))
        await world.ask("GET", "locations")
        assert world.emsp.heard["X-Limit"] == "5"


async def test_codes_that_211_does_not_have_become_those_it_has(old_cpo):
    asked = {"location_id": "L1", "evse_uids": ["E1"]}
    old_cpo.emsp.answers.append(says("POST", "authorize", 404, 2004))
    answer = await old_cpo.say("POST", "tokens/99999999/authorize", asked)
    assert (answer["http"], answer["status_code"]) == (404, 2000)
