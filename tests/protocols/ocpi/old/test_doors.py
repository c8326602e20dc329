"""The doors of 2.1.1: versions, tokens, parties, headers, pages."""

import pytest

from interroam.model.ids import Party
from interroam.model.parties import Partner
from interroam.protocols.ocpi.wiring import wiring_of
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer
from tests.protocols.ocpi.partners import basic, says
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


@pytest.mark.statement("OCPI-26")
async def test_routing_headers_are_ignored_but_for_whose_tokens_and_places_are_listed(old_emsp):
    async def listed(path, **to):
        answer = await old_emsp.ask("GET", path, **to)
        assert answer["status_code"] == 1000
        return len(answer["data"])

    here = {"OCPI-to-country-code": "CH", "OCPI-to-party-id": "CCC"}
    elsewhere = {"OCPI-to-country-code": "CH", "OCPI-to-party-id": "DDD"}
    foreign = {"OCPI-from-country-code": "XX", "OCPI-from-party-id": "XXX"}
    assert [await listed("locations", **each) for each in ({}, here, elsewhere, foreign)] == [1, 1, 0, 1]
    assert [await listed("tariffs", **each) for each in ({}, here, elsewhere)] == [1, 1, 1]
    await old_emsp.settled()
    assert not any(name.startswith("ocpi-") for one in old_emsp.emsp.told() for name in one.headers)


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


async def test_codes_that_211_does_not_have_become_those_it_has(old_cpo):
    asked = {"location_id": "L1", "evse_uids": ["E1"]}
    old_cpo.emsp.answers.append(says("POST", "authorize", 404, 2004))
    answer = await old_cpo.say("POST", "tokens/99999999/authorize", asked)
    assert (answer["http"], answer["status_code"]) == (404, 2000)
