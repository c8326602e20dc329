"""Registrations that we start."""

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from interroam.core.keys import Keyring, new_secret
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.parties import PartnerState
from interroam.protocols.ocpi.wiring import wired, wiring_of
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer, basic, says


async def register(node, peer, token="token-a"):
    partner = await node.expect("peer", "DE*EEE/EMSP")
    return await node.room.register(partner, peer.versions_url, token)


@pytest.mark.statement("OCPI-163", "OCPI-170", "OCPI-3")
async def test_we_register_with_a_partner(node, emsp):
    partner = await register(node, emsp)

    calls = [(one.method, one.path, one.headers["authorization"]) for one in emsp.seen]
    assert calls == [
        ("GET", "/versions", basic("token-a")),
        ("GET", "/v/2.2.1", basic("token-a")),
        ("POST", "/credentials", basic("token-a")),
    ]
    assert "locations" in str(emsp.details)
    assert emsp.given["url"] == f"{node.url}/ocpi/versions"
    assert partner == node.book.partners["peer"]
    assert partner.state is PartnerState.CONNECTED
    wiring = wiring_of(partner)
    assert (wiring.version, node.book.keyring.open(wiring.token_out)) == ("2.2.1", emsp.token)
    assert emsp.token.encode() not in partner.wiring
    assert node.book.recognize(emsp.given["token"])[0].id == "peer"


@pytest.mark.statement("OCPI-28")
async def test_the_calls_of_a_registration_carry_both_ids_too(node, emsp):
    await register(node, emsp)

    requests = {one.headers["x-request-id"] for one in emsp.seen}
    (correlation,) = {one.headers["x-correlation-id"] for one in emsp.seen}
    assert (len(requests), len(correlation)) == (3, 36)
    await node.links["peer"].probe()
    assert len(emsp.seen[-1].headers["x-correlation-id"]) == 36


@pytest.mark.statement("OCPI-24", "OCPI-25")
async def test_the_roles_a_partner_answers_with_are_kept_and_change_nothing(node):
    async with Peer((("DE", "EEE", "EMSP"), ("NL", "XXX", "CPO"))) as peer:
        partner = await register(node, peer)

    assert wiring_of(partner).declared == ("DE*EEE/EMSP", "NL*XXX/CPO")
    assert [str(party) for party in node.book.partners["peer"].parties] == ["DE*EEE/EMSP"]


@pytest.mark.statement("OCPI-214")
@pytest.mark.parametrize(
    ("role", "module", "interface"),
    [("EMSP", "tokens", "SENDER"), ("CPO", "locations", "SENDER"), ("CPO", "commands", "RECEIVER")],
)
async def test_a_partner_without_what_we_need_is_not_sent_our_credentials(node, emsp, role, module, interface):
    emsp.endpoints.remove((module, interface))
    partner = await node.expect("peer", f"DE*EEE/{role}")

    with capture_logs() as lines, pytest.raises(Refused, match=f"{module} {interface}") as refusal:
        await node.room.register(partner, emsp.versions_url, "token-a")

    assert refusal.value.reason is Reason.ENDPOINTS_MISSING
    assert [one.method for one in emsp.seen] == ["GET", "GET"]
    (line,) = [one for one in lines if one["event"] == "registration_stopped"]
    assert (line["log_level"], line["partner"], f"{module} {interface}" in line["message"]) == ("error", "peer", True)


@pytest.mark.statement("OCPI-214")
async def test_a_partner_without_credentials_of_its_own_is_not_called_for_them(node, emsp):
    listed = [{"identifier": "tokens", "role": "SENDER", "url": f"{emsp.url}/sender/tokens"}]
    emsp.answers.append(says("GET", "/v/2.2.1", 200, 1000, {"version": "2.2.1", "endpoints": listed}))

    with pytest.raises(Refused, match="credentials") as refusal:
        await register(node, emsp)

    assert refusal.value.reason is Reason.ENDPOINTS_MISSING
    assert [one.method for one in emsp.seen] == ["GET", "GET"]


@pytest.mark.statement("OCPI-163")
async def test_what_a_partner_was_invited_with_is_dead_once_we_registered_with_it(node, emsp):
    partner = await node.expect("peer", "DE*EEE/EMSP")
    invitation = await node.invite("peer")
    await node.room.register(partner, emsp.versions_url, "token-a")
    assert node.book.recognize(invitation) is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (says("POST", "/credentials", 200, 3001), Reason.PARTNER_UNUSABLE),
        (says("POST", "/credentials", 200, 3002), Reason.VERSION_UNSUPPORTED),
        (says("POST", "/credentials", 405, 2000), Reason.WRONG_STATE),
        (says("POST", "/credentials", 200, 1000, {"token": "x"}), Reason.PARTNER_UNUSABLE),
        (says("POST", "/credentials", 502, None), Reason.BAD_ANSWER),
    ],
)
async def test_a_registration_that_fails_leaves_nothing_behind(node, emsp, said, reason):
    emsp.answers.append(said)

    with pytest.raises((Refused, Unavailable)) as failure:
        await register(node, emsp)

    assert failure.value.reason is reason
    assert node.book.credentials_of("peer") == []
    assert node.book.partners["peer"].state is PartnerState.PLANNED


@pytest.mark.statement("OCPI-2")
async def test_we_call_no_partner_without_https(tmp_path, emsp):
    async with Node(tmp_path, insecure=False) as strict:
        with pytest.raises(Refused, match="no https"):
            await register(strict, emsp)

    assert emsp.seen == []


async def test_whoever_is_registered_is_not_registered_again(node, emsp):
    partner = await register(node, emsp)

    with pytest.raises(Refused, match="already"):
        await node.room.register(partner, emsp.versions_url, "token-b")


@pytest.mark.statement("OCPI-166")
async def test_rotating_swaps_both_secrets(node, emsp):
    partner = await register(node, emsp)
    ours, theirs = emsp.given["token"], emsp.token

    partner = await node.room.rotate(partner)

    assert emsp.seen[-1].method == "PUT"
    assert emsp.seen[-1].headers["authorization"] == basic(theirs)
    assert node.book.recognize(ours) is None
    assert node.book.recognize(emsp.given["token"]) is not None
    assert node.book.keyring.open(wiring_of(partner).token_out) == emsp.token != theirs


@pytest.mark.statement("OCPI-165", "OCPI-169")
async def test_leaving_ends_both_sides(node, emsp):
    partner = await register(node, emsp)
    ours = emsp.given["token"]

    partner = await node.room.unregister(partner)

    assert (emsp.seen[-1].method, emsp.given) == ("DELETE", None)
    assert node.book.recognize(ours) is None
    assert partner.state is PartnerState.PLANNED
    with pytest.raises(Unavailable):
        node.links["peer"]._connected()


@pytest.mark.statement("OCPI-165")
async def test_whom_the_partner_did_not_let_go_is_still_registered(node, emsp):
    partner = await register(node, emsp)
    for http, status in ((500, None), (200, 3000)):
        emsp.answers[:] = [says("DELETE", "/credentials", http, status)]
        with pytest.raises((Refused, Unavailable)):
            await node.room.unregister(partner)
        assert node.book.recognize(emsp.given["token"]) is not None
        assert node.book.partners["peer"].state is PartnerState.CONNECTED

    emsp.answers[:] = [says("DELETE", "/credentials", 405, 2000)]  # it has forgotten us already
    assert (await node.room.unregister(partner)).state is PartnerState.PLANNED


async def test_two_nodes_register_rotate_and_part(tmp_path):
    (tmp_path / "hub").mkdir()
    (tmp_path / "cpo").mkdir()
    async with Node(tmp_path / "hub") as hub, Node(tmp_path / "cpo", hub=None, hosts=("FR*CCC/CPO",)) as cpo:
        await hub.expect("cpo", "FR*CCC/CPO")
        invited = await hub.invite("cpo")
        there = await cpo.expect("hub", "FR*107/HUB")

        there = await cpo.room.register(there, f"{hub.url}/ocpi/versions", invited)

        assert wiring_of(hub.book.partners["cpo"]).declared == ("FR*CCC/CPO",)
        assert wiring_of(there).declared == ("FR*107/HUB",)
        assert wiring_of(hub.book.partners["cpo"]).endpoint("locations", "RECEIVER") is None
        there = await cpo.room.rotate(there)
        here = await hub.room.rotate(hub.book.partners["cpo"])
        await hub.room.unregister(here)
        assert [one.state for one in (hub.book.partners["cpo"], cpo.book.partners["hub"])] == [PartnerState.PLANNED] * 2
        assert hub.book.credentials_of("cpo") == cpo.book.credentials_of("hub") == []


async def test_a_node_without_a_party_of_its_own_has_nobody_to_register(tmp_path, emsp):
    async with Node(tmp_path, hub=None, hosts=("FR*CCC/CPO",)) as cpo:
        await cpo.book.remove_partner("office")

        with pytest.raises(Refused, match="hosts no party"):
            await register(cpo, emsp)


@pytest.mark.statement("OCPI-3")
async def test_a_partner_that_wants_its_token_plain_gets_it_plain(node):
    async with Peer((("DE", "EEE", "EMSP"),), looks=False) as peer:
        partner = await node.expect("peer", "DE*EEE/EMSP", switches={"encoding": "plain"})
        secret = new_secret()
        await node.room.register(partner, peer.versions_url, secret)

    assert {one.headers["authorization"] for one in peer.seen} == {f"Token {secret}"}


async def test_a_secret_that_another_nodes_key_sealed_is_named_as_the_fault(node, emsp):
    partner = await register(node, emsp)
    sealed = replace(wiring_of(partner), token_out=Keyring.fresh().seal(emsp.token))

    with pytest.raises(Refused, match="another node's key"):
        node.room.link(wired(partner, sealed))
