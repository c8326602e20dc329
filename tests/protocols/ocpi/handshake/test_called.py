"""Registrations that a partner starts."""

import socket
from datetime import timedelta

import pytest

from interroam.model.errors import Reason, Refused
from interroam.model.parties import PartnerState
from interroam.protocols.ocpi.wiring import wiring_of
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.older import OldPeer
from tests.protocols.ocpi.partners import Peer, basic, says


@pytest.fixture
async def token_a(node):
    await node.expect("peer", "DE*EEE/EMSP")
    return await node.invite("peer")


@pytest.fixture
async def token_c(node, emsp, token_a):
    status, answer = await emsp.post_credentials(node.url, token_a)
    assert (status, answer["status_code"]) == (200, 1000)
    return answer["data"]["token"]


@pytest.mark.statement("OCPI-164", "OCPI-20")
async def test_a_partner_registers_and_is_called_back_before_the_answer(node, emsp, token_a):
    await node.expect("other", "FR*CCC/CPO")

    _, answer = await emsp.post_credentials(node.url, token_a)

    looked = [(one.path, one.headers["authorization"]) for one in emsp.seen]
    assert looked == [("/versions", basic(emsp.token)), ("/v/2.2.1", basic(emsp.token))]
    roles = [(one["country_code"], one["party_id"], one["role"]) for one in answer["data"]["roles"]]
    assert roles == [("FR", "107", "HUB")]
    assert answer["data"]["url"] == f"{node.url}/ocpi/versions"
    partner = node.book.partners["peer"]
    assert partner.state is PartnerState.CONNECTED
    assert node.book.keyring.open(wiring_of(partner).token_out) == emsp.token
    assert wiring_of(partner).endpoint("tokens", "SENDER") == f"{emsp.url}/sender/tokens"


@pytest.mark.statement("OCPI-24", "OCPI-25")
async def test_what_a_partner_declares_is_kept_for_information_only(node, token_a):
    async with Peer((("DE", "EEE", "EMSP"), ("NL", "XXX", "CPO"))) as peer:
        await peer.post_credentials(node.url, token_a)

    partner = node.book.partners["peer"]
    assert wiring_of(partner).declared == ("DE*EEE/EMSP", "NL*XXX/CPO")
    assert [str(party) for party in partner.parties] == ["DE*EEE/EMSP"]


@pytest.mark.statement("OCPI-5", "OCPI-6")
async def test_a_token_to_register_opens_versions_and_credentials_only(node, emsp, token_a):
    async def status(path, token=token_a):
        return (await emsp.call("GET", f"{node.url}/ocpi/{path}", token))[0]

    assert [await status(path) for path in ("versions", "2.2.1", "2.2.1/credentials")] == [200, 200, 200]
    assert [await status(path) for path in ("2.2.1/sender/locations", "2.2.1/receiver/cdrs")] == [401, 401]
    assert [await status(path, "another") for path in ("versions", "2.2.1", "2.2.1/credentials")] == [401, 401, 401]
    async with emsp.session.get(f"{node.url}/ocpi/versions") as answer:
        assert (answer.status, (await answer.json())["status_code"]) == (401, 2000)

    _, answer = await emsp.post_credentials(node.url, token_a)
    assert [await status(path) for path in ("versions", "2.2.1", "2.2.1/credentials")] == [401, 401, 401]
    assert (await emsp.call("DELETE", f"{node.url}/ocpi/2.2.1/credentials", token_a))[0] == 401
    assert await status("versions", answer["data"]["token"]) == 200
    assert await status("versions") == 401


@pytest.mark.statement("OCPI-19", "OCPI-20")
@pytest.mark.parametrize("own", ["FR*107", "FR*007", "CH*0X9"])
async def test_the_party_of_the_hub_is_the_one_configured_digits_or_not(tmp_path, emsp, own):
    async with Node(tmp_path, hub=own) as hub:
        await hub.expect("peer", "DE*EEE/EMSP")
        _, answer = await emsp.post_credentials(hub.url, await hub.invite("peer"))
        names = {"OCPI-to-country-code": own[:2], "OCPI-to-party-id": own[3:]}
        names |= {"OCPI-from-country-code": "DE", "OCPI-from-party-id": "EEE"}
        url = f"{hub.url}/ocpi/2.2.1/sender/locations"
        assert (await emsp.call("GET", url, answer["data"]["token"], **names))[1]["status_code"] == 1000

    roles = [(one["country_code"], one["party_id"], one["role"]) for one in answer["data"]["roles"]]
    assert roles == [(own[:2], own[3:], "HUB")]


@pytest.mark.statement("OCPI-29")
async def test_the_ids_of_a_message_come_back_unchanged_also_with_an_error(node, emsp, token_a):
    for token in (token_a, "another"):
        headers = {"Authorization": basic(token), "X-Request-ID": "r-1", "X-Correlation-ID": "c-1"}
        async with emsp.session.get(f"{node.url}/ocpi/versions", headers=headers) as answer:
            assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == ("r-1", "c-1")


@pytest.mark.statement("OCPI-33", "OCPI-31")
async def test_ids_that_are_missing_in_2_2_1_are_minted_and_marked_whatever_is_asked(node, emsp, token_a):
    async def asked(path, **sent):
        async with emsp.session.get(
            f"{node.url}/ocpi/{path}", headers={"Authorization": basic(token_a), **sent}
        ) as got:
            return got.headers.get("X-Request-ID"), got.headers.get("X-Correlation-ID")

    assert await asked("versions") == (None, None)
    minted = await asked("2.2.1")
    assert [len(one) for one in minted] == [36, 36]
    request, correlation = await asked("2.2.1/credentials", **{"X-Correlation-ID": "c"})
    assert (len(request), correlation) == (36, "c")
    notes = [one.note for one in await node.store.traces(partner="peer") if one.inward]
    assert ["minted" in note for note in notes] == [False, True, True]
    await emsp.post_credentials(node.url, token_a)
    (posted,) = [one for one in await node.store.traces(partner="peer") if one.operation == "POST credentials"]
    assert {one.headers["x-correlation-id"] for one in emsp.seen} == {posted.correlation}


@pytest.mark.statement("OCPI-8")
async def test_a_partner_is_heard_from_its_own_addresses_only(node, emsp):
    await node.expect("peer", "DE*EEE/EMSP", addresses=("192.0.2.0/24",))
    elsewhere = await node.invite("peer")
    await node.expect("near", "NL*NNN/EMSP", addresses=("127.0.0.0/8",))
    near = await node.invite("near")

    assert await statuses(emsp, node, elsewhere) == 403
    assert await statuses(emsp, node, near) == 200


@pytest.mark.statement("OCPI-6")
async def test_the_token_that_registered_is_dead_once_its_successor_was_used(node, emsp, token_a, token_c):
    assert await statuses(emsp, node, token_a) == 401
    assert await statuses(emsp, node, token_c) == 200
    assert (await emsp.post_credentials(node.url, token_a))[0] == 401


async def test_a_post_whose_answer_was_lost_may_be_repeated(node, emsp, token_a, token_c):
    status, answer = await emsp.post_credentials(node.url, token_a)

    assert (status, answer["status_code"]) == (200, 1000)
    assert await statuses(emsp, node, token_c) == 401
    assert await statuses(emsp, node, answer["data"]["token"]) == 200


@pytest.mark.statement("OCPI-6")
async def test_a_post_is_not_repeated_for_ever(node, emsp, token_a, token_c):
    node.clock.ahead = timedelta(minutes=11)

    assert (await emsp.post_credentials(node.url, token_a))[0] == 401
    assert await statuses(emsp, node, token_c) == 200


@pytest.mark.statement("OCPI-167")
async def test_post_when_registered_and_put_or_delete_when_not_are_not_allowed(node, emsp, token_a):
    assert (await emsp.post_credentials(node.url, token_a, "PUT"))[0] == 405
    assert (await emsp.call("DELETE", f"{node.url}/ocpi/2.2.1/credentials", token_a))[0] == 405
    _, answer = await emsp.post_credentials(node.url, token_a)
    assert (await emsp.post_credentials(node.url, answer["data"]["token"]))[0] == 405


@pytest.mark.statement("OCPI-168")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"answers": [says("GET", "/versions", 500, None)]}, 3001),
        ({"answers": [says("GET", "/versions", 200, 2000)]}, 3001),
        ({"answers": [says("GET", "/v/2.2.1", 404, 2000)]}, 3001),
        ({"versions": ("2.1.1", "2.3.0")}, 3002),
        ({"endpoints": [("locations", "RECEIVER")]}, 3003),
    ],
)
async def test_a_partner_that_cannot_be_used_gets_no_token_and_stays_as_it_was(node, token_a, wrong, code):
    before = node.book.partners["peer"], node.book.credentials_of("peer")
    async with Peer((("DE", "EEE", "EMSP"),), **wrong) as peer:
        _, answer = await peer.post_credentials(node.url, token_a)

    assert answer["status_code"] == code
    assert "data" not in answer
    assert (node.book.partners["peer"], node.book.credentials_of("peer")) == before


@pytest.mark.statement("OCPI-168")
async def test_a_partner_whose_versions_nobody_answers_gets_no_token(node, emsp, token_a):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/versions"
    before = node.book.partners["peer"], node.book.credentials_of("peer")
    given = {**emsp.credentials(), "url": nowhere}
    _, answer = await emsp.call("POST", f"{node.url}/ocpi/2.2.1/credentials", token_a, given)
    assert (answer["status_code"], answer.get("data")) == (3001, None)
    assert (node.book.partners["peer"], node.book.credentials_of("peer")) == before


@pytest.mark.statement("OCPI-168")
async def test_an_update_that_fails_leaves_the_registration_as_it_was(node, emsp, token_c):
    assert await statuses(emsp, node, token_c) == 200
    before = node.book.partners["peer"], node.book.credentials_of("peer")
    emsp.endpoints.remove(("tokens", "SENDER"))

    _, answer = await emsp.post_credentials(node.url, token_c, "PUT")

    assert (answer["status_code"], answer.get("data")) == (3003, None)
    assert (node.book.partners["peer"], node.book.credentials_of("peer")) == before
    assert await statuses(emsp, node, token_c) == 200


@pytest.mark.statement("OCPI-170")
async def test_the_version_in_force_is_that_of_the_credentials_that_were_called(node, token_a):
    async with OldPeer((("DE", "EEE", "EMSP"),), versions=("2.1.1", "2.2.1")) as peer:
        _, answer = await peer.post_credentials(node.url, token_a)

        assert answer["status_code"] == 1000
        assert wiring_of(node.book.partners["peer"]).version == "2.1.1"

    async with Peer((("DE", "EEE", "EMSP"),), token=peer.token) as same:
        _, answer = await same.post_credentials(node.url, answer["data"]["token"], "PUT")

    assert answer["status_code"] == 1000
    assert wiring_of(node.book.partners["peer"]).version == "2.2.1"


@pytest.mark.statement("OCPI-2")
async def test_a_partner_without_https_is_refused_unless_the_test_switch_allows_it(tmp_path, emsp):
    async with Node(tmp_path, insecure=False) as strict:
        await strict.expect("peer", "DE*EEE/EMSP")
        _, answer = await emsp.post_credentials(strict.url, await strict.invite("peer"))

    assert answer["status_code"] == 3001
    assert emsp.seen == []


@pytest.mark.statement("OCPI-13")
@pytest.mark.parametrize("platform", [Peer, OldPeer])
@pytest.mark.parametrize("token", ["a" * 65, "a b", "a\r\nEvil: 1", "é", "a\n", ""])
async def test_a_partner_that_gives_a_token_no_header_can_carry_is_refused(node, token_a, platform, token):
    class Odd(platform):
        def credentials(self):
            return {**super().credentials(), "token": token}

    async with Odd((("DE", "EEE", "EMSP"),)) as peer:
        status, answer = await peer.post_credentials(node.url, token_a)
    assert (status, answer["status_code"]) == (200, 2001)
    assert "token" in answer["status_message"]
    assert peer.seen == []
    with pytest.raises(Refused, match="64 printable"):
        await node.room.register(node.book.partners["peer"], peer.versions_url, token)


@pytest.mark.statement("OCPI-13")
@pytest.mark.parametrize("platform", [Peer, OldPeer])
async def test_a_token_of_sixty_four_odd_characters_is_taken_and_used(node, token_a, platform):
    token = "!~" * 32

    class Odd(platform):
        def credentials(self):
            return {**super().credentials(), "token": token}

    async with Odd((("DE", "EEE", "EMSP"),)) as peer:
        assert (await peer.post_credentials(node.url, token_a))[1]["status_code"] == 1000
    shown = basic(token) if platform is Peer else f"Token {token}"
    assert {one.headers["authorization"] for one in peer.seen} == {shown}


@pytest.mark.statement("OCPI-166")
async def test_a_put_swaps_the_secrets_and_reads_the_endpoints_again(node, emsp, token_c):
    emsp.endpoints.remove(("cdrs", "RECEIVER"))

    status, answer = await emsp.post_credentials(node.url, token_c, "PUT")

    fresh = answer["data"]["token"]
    assert (status, answer["status_code"]) == (200, 1000)
    assert fresh != token_c
    assert await statuses(emsp, node, fresh) == 200
    assert await statuses(emsp, node, token_c) == 401
    wiring = wiring_of(node.book.partners["peer"])
    assert wiring.endpoint("cdrs", "RECEIVER") is None
    assert node.book.keyring.open(wiring.token_out) == emsp.token


@pytest.mark.statement("OCPI-169", "OCPI-165")
async def test_after_delete_the_token_is_dead_at_once(node, emsp, token_c):
    status, _ = await emsp.call("DELETE", f"{node.url}/ocpi/2.2.1/credentials", token_c)

    assert status == 200
    assert await statuses(emsp, node, token_c) == 401
    assert node.book.partners["peer"].state is PartnerState.PLANNED
    emsp.seen.clear()
    node.clock.ahead = timedelta(days=40)
    await node.rounds.tick()
    await node.rounds.announcing.announce()
    assert await node.hub.liveness.check() == 0
    assert emsp.seen == []


@pytest.mark.statement("OCPI-171")
async def test_credentials_are_listed_once_whatever_role_the_partner_gives_them(node, emsp, token_c):
    details = await emsp.get(f"{node.url}/ocpi/2.2.1", token_c)

    listed = [(one["identifier"], one["role"]) for one in details["data"]["endpoints"]]
    assert [one for one in listed if one[0] == "credentials"] == [("credentials", "SENDER")]
    assert {("locations", "SENDER"), ("locations", "RECEIVER"), ("commands", "SENDER")} <= set(listed)
    assert wiring_of(node.book.partners["peer"]).endpoint("credentials", "SENDER") == f"{emsp.url}/credentials"


@pytest.mark.statement("OCPI-171")
@pytest.mark.parametrize("role", ["SENDER", "RECEIVER", "BOTH", ""])
async def test_no_role_of_credentials_keeps_a_partner_from_registering(node, token_a, role):
    async with Peer((("DE", "EEE", "EMSP"),), calls_its_side=role) as peer:
        _, answer = await peer.post_credentials(node.url, token_a)

        assert answer["status_code"] == 1000
        assert wiring_of(node.book.partners["peer"]).endpoint("credentials", "SENDER") == f"{peer.url}/credentials"


async def test_get_credentials_echoes_the_token_presented(node, emsp, token_c):
    _, answer = await emsp.call("GET", f"{node.url}/ocpi/2.2.1/credentials", token_c)

    assert answer["data"]["token"] == token_c


@pytest.mark.statement("OCPI-165", "OCPI-166")
async def test_the_profile_gireve_lets_nobody_register_change_or_leave_by_itself(node, emsp):
    await node.expect("peer", "DE*EEE/EMSP", profile="gireve")
    assert (await emsp.post_credentials(node.url, await node.invite("peer")))[0] == 405

    partner = await node.room.register(node.book.partners["peer"], emsp.versions_url, "token-a")

    token = emsp.given["token"]
    assert (await emsp.post_credentials(node.url, token, "PUT"))[0] == 405
    assert (await emsp.call("DELETE", f"{node.url}/ocpi/2.2.1/credentials", token))[0] == 405
    assert await statuses(emsp, node, token) == 200
    with pytest.raises(Refused, match="no PUT") as refusal:
        await node.room.rotate(partner)
    assert refusal.value.reason is Reason.NOT_OFFERED
    assert "PUT" not in {one.method for one in emsp.seen}


@pytest.mark.statement("OCPI-166")
async def test_in_profile_gireve_a_partner_of_211_may_put_and_the_hub_never_does(node):
    async with OldPeer((("DE", "EEE", "EMSP"),)) as peer:
        await node.expect("peer", "DE*EEE/EMSP", profile="gireve")
        await node.room.register(node.book.partners["peer"], peer.versions_url, "token-a")
        before = peer.given["token"]

        status, answer = await peer.post_credentials(node.url, before, "PUT")

        assert (status, answer["status_code"]) == (200, 1000)
        assert answer["data"]["token"] != before
        with pytest.raises(Refused, match="no PUT"):
            await node.room.rotate(node.book.partners["peer"])


async def test_no_trace_holds_a_secret(node, emsp, token_a, token_c):
    await node.store.close()
    await node.store.open()
    traces = await node.store.traces(partner="peer")

    secrets = [token_a.encode(), token_c.encode(), emsp.token.encode()]
    assert {"GET versions", "POST credentials"} <= {one.operation for one in traces}
    assert not [one for one in traces for secret in secrets if secret in one.request + one.response]


async def statuses(peer, node, token) -> int:
    return (await peer.call("GET", f"{node.url}/ocpi/versions", token))[0]
