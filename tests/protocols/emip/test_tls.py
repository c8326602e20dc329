"""Certificates in both directions, over real TLS: who may call a platform, and whom a node calls."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from interroam.core.audit import LOCAL
from interroam.core.office.authority import Authority as Own
from interroam.model.errors import Reason, Refused
from interroam.net.tls import TlsIdentity, server_context
from interroam.settings import Tls
from tests.net.authority import Authority
from tests.protocols.emip.nodes import cpo_node, hub
from tests.protocols.emip.partner import Partner

BEAT = "eMIP_ToIOP_HeartBeat"


@pytest.fixture
def world(tmp_path):
    """The well-known authority that signs the certificates of servers."""
    folder = tmp_path / "world"
    folder.mkdir()
    return Authority(folder, "world")


@pytest.fixture
async def node(tmp_path, world):
    """A platform over HTTPS whose own authority was used already."""
    server = world.issue("platform")
    async with hub(tmp_path, insecure=False, tls=Tls(certificate=server.certificate, key=server.key)) as one:
        await one.cpo("FR*C01", mutual_tls=True, certificate="cert-c01")
        await one.cpo("FR*C02", mutual_tls=True, certificate="cert-c02")
        await one.app.office.issuing.certificate(LOCAL)
        yield one


def showing(tmp_path, pem: str = "", name: str = "shown") -> ssl.SSLContext:
    """A client that trusts anybody and shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if pem:
        file = tmp_path / f"{name}.pem"
        file.write_text(pem)
        context.load_cert_chain(file)
    return context


async def issued(node, id="fr-c01", *, renew=False) -> str:
    pair, _ = await node.app.office.issuing.issue(LOCAL, id, renew=renew)
    return pair.certificate + pair.key


async def beat(node, context, **header):
    async with Partner("FR*P-C01", "FR*C01", shows=context) as cpo:
        return await cpo.call(node.url, BEAT, **header)


@pytest.mark.statement("EMIP-3", "EMIP-13", "EMIP-131")
async def test_who_shows_the_certificate_it_was_issued_is_let_in_and_nobody_else(node, tmp_path):
    assert node.url.startswith("https://")
    mine = showing(tmp_path, await issued(node))
    assert (await beat(node, mine)).status == 1
    none = await beat(node, showing(tmp_path))
    assert none.fault == ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH")
    others = showing(tmp_path, await issued(node, "fr-c02"), "other")
    assert (await beat(node, others)).fault == ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH")


@pytest.mark.statement("EMIP-12")
async def test_a_partner_without_addresses_may_not_call_unless_its_switch_says_from_anywhere(node, tmp_path):
    mine = showing(tmp_path, await issued(node))
    refused = ("AUTHENTICATION_ERROR", "IP_NOT_ALLOWED")
    await node.change("fr-c01", addresses=())
    assert (await beat(node, mine)).fault == refused
    await node.change("fr-c01", switches={"any_address": True})
    assert (await beat(node, mine)).status == 1
    await node.change("fr-c01", addresses=("192.0.2.0/24",))  # whatever the switch says, these are its addresses
    assert (await beat(node, mine)).fault == refused
    await node.change("fr-c01", addresses=("192.0.2.0/24", "127.0.0.1"), switches={"any_address": False})
    assert (await beat(node, mine)).status == 1


@pytest.mark.statement("EMIP-12")
async def test_in_a_test_without_tls_a_partner_without_addresses_may_call(tmp_path):
    async with hub(tmp_path) as node:
        await node.cpo("FR*C01")
        assert (await beat(node, None)).status == 1


@pytest.mark.statement("EMIP-3")
async def test_without_a_certificate_nothing_is_even_read(node, tmp_path):
    async with Partner("FR*P-C01", "FR*C01", shows=showing(tmp_path)) as cpo:
        answer = await cpo.post(f"{node.url}/emip", b"this is not XML")
        assert answer.fault == ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH")
        cpo.shows = showing(tmp_path, await issued(node))
        assert (await cpo.post(f"{node.url}/emip", b"this is not XML")).fault == ("INVALID_REQUEST", "MALFORMED_XML")


@pytest.mark.statement("EMIP-3")
async def test_a_platform_that_need_not_show_one_does_not_open_the_door_for_partners(node, tmp_path):
    await node.platform("", party="DE*HUB", id="other", mutual_tls=False)
    for name in ("FR*P-C01", "FR*XXX"):  # who it is, is not even asked
        none = await beat(node, showing(tmp_path), partnerId=name)
        assert none.fault == ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH")


@pytest.mark.statement("EMIP-3")
async def test_a_certificate_that_another_authority_signed_does_not_get_past_tls(node, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    forged = Authority(folder, "elsewhere").issue("cert-c01")
    context = showing(tmp_path)
    context.load_cert_chain(forged.certificate, forged.key)
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        await beat(node, context)


@pytest.mark.statement("EMIP-131")
async def test_an_expired_certificate_does_not_get_past_tls_and_a_renewed_one_does(node, tmp_path):
    now = datetime.now(UTC)
    own = Own(node.settings.data)
    old, known = own.issue("fr-c01", "cert-c01", now - timedelta(days=399))
    assert known.until < now
    with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
        await beat(node, showing(tmp_path, old.certificate + old.key, "old"))
    first = await issued(node)
    with pytest.raises(Refused) as twice:
        await issued(node)
    assert twice.value.reason is Reason.WRONG_STATE
    second = await issued(node, renew=True)
    for name, pem in (("first", first), ("second", second)):  # the former one holds until its own end
        assert (await beat(node, showing(tmp_path, pem, name))).status == 1
    certificates = [x509.load_pem_x509_certificate(pem.encode()) for pem in (first, second)]
    assert len({one.serial_number for one in certificates}) == 2
    assert len({one.subject for one in certificates}) == 1


@pytest.mark.statement("EMIP-131")
async def test_the_authority_is_made_at_first_use_and_its_key_is_for_the_node_alone(tmp_path, world):
    server = world.issue("platform")
    async with hub(tmp_path, insecure=False, tls=Tls(certificate=server.certificate, key=server.key)) as node:
        await node.cpo("FR*C01", mutual_tls=True, certificate="cert-c01")
        key = node.settings.data / "authority.key"
        assert not key.exists()
        mine = showing(tmp_path, await issued(node))  # from now on the door knows the authority
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        shown = await node.app.office.issuing.certificate(LOCAL)
        made = x509.load_pem_x509_certificate(shown.encode())
        assert isinstance(made.public_key(), ec.EllipticCurvePublicKey)
        assert made.public_key().curve.name == "secp256r1"
        assert (await beat(node, mine)).status == 1
        await node.restart()
        assert (await beat(node, mine)).status == 1
        assert await node.app.office.issuing.certificate(LOCAL) == shown
        with pytest.raises(Refused):
            await node.app.office.issuing.issue(LOCAL, "nobody")
        assert key.read_text() not in repr(await node.app.office.audited(LOCAL))


# -- a CPO before a platform -----------------------------------------------------------------------------------------


def serving(world, name: str, callers: Authority | None = None) -> ssl.SSLContext:
    return server_context(world.issue(name), callers.file if callers else None, required=callers is not None)


def pem_of(identity: TlsIdentity) -> str:
    return identity.certificate.read_text() + identity.key.read_text()


@pytest.mark.statement("EMIP-4")
async def test_a_cpo_verifies_the_platform_and_shows_its_own_certificate(tmp_path, world):
    folder = tmp_path / "their"
    folder.mkdir()
    theirs = Authority(folder, "their")
    tls = Tls(authorities=world.file)
    async with (
        cpo_node(tmp_path, insecure=False, tls=tls) as node,
        Partner("FR*107", "FR*107", tls=serving(world, "localhost", theirs)) as platform,
    ):
        await node.platform("")
        office = node.app.office
        with pytest.raises(Refused):  # without our certificate the platform hangs up
            await office.admin.register(LOCAL, "iop", platform.url, "")
        await office.certificates.show(LOCAL, "iop", pem_of(theirs.issue("cert-c01")))
        await office.admin.register(LOCAL, "iop", platform.url, "")
        (asked,) = platform.of("ToIOP_HeartBeat")
        assert dict(part[0] for part in asked.certificate["subject"])["commonName"] == "cert-c01"


@pytest.mark.statement("EMIP-4")
async def test_a_cpo_does_not_talk_to_a_platform_whose_certificate_nobody_it_trusts_has_signed(tmp_path, world):
    folder = tmp_path / "false"
    folder.mkdir()
    false = Authority(folder, "false")
    async with (
        cpo_node(tmp_path, insecure=False, tls=Tls(authorities=world.file)) as node,
        Partner("FR*107", "FR*107", tls=serving(false, "localhost")) as platform,
    ):
        await node.platform("")
        with pytest.raises(Refused) as no:
            await node.app.office.admin.register(LOCAL, "iop", platform.url, "")
        assert no.value.reason is Reason.PARTNER_UNUSABLE
        assert platform.asked == []


@pytest.mark.statement("EMIP-4")
async def test_a_cpo_does_not_talk_to_a_platform_that_shows_the_certificate_of_another_server(tmp_path, world):
    other = server_context(world.issue("elsewhere", elsewhere=True), None, required=False)
    async with (
        cpo_node(tmp_path, insecure=False, tls=Tls(authorities=world.file)) as node,
        Partner("FR*107", "FR*107", tls=other) as platform,
    ):
        await node.platform("")
        with pytest.raises(Refused) as no:
            await node.app.office.admin.register(LOCAL, "iop", platform.url, "")
        assert no.value.reason is Reason.PARTNER_UNUSABLE
        assert platform.asked == []


@pytest.mark.statement("EMIP-1")
async def test_no_partner_is_called_over_plain_http(tmp_path, world):
    async with (
        cpo_node(tmp_path, insecure=False, tls=Tls(authorities=world.file)) as node,
        Partner("FR*107") as platform,
    ):
        await node.platform("")
        with pytest.raises(Refused) as no:
            await node.app.office.admin.register(LOCAL, "iop", platform.url, "")
        assert "https" in no.value.message
        assert platform.asked == []


@pytest.mark.statement("EMIP-5")
@pytest.mark.parametrize("mutual", [True, False])
async def test_the_door_for_platforms_asks_for_certificates_or_not(tmp_path, world, mutual):
    server = world.issue("cpo")
    folder = tmp_path / "platforms"
    folder.mkdir()
    platforms = Authority(folder, "platforms")
    tls = Tls(certificate=server.certificate, key=server.key, callers=platforms.file)
    async with cpo_node(tmp_path, insecure=False, tls=tls) as node:
        await node.platform("", mutual_tls=mutual, certificate="iop-1")
        shown = showing(tmp_path, pem_of(platforms.issue("iop-1")), "right")
        other = showing(tmp_path, pem_of(platforms.issue("iop-2")), "other")
        answers = []
        for context in (shown, other, showing(tmp_path)):
            async with Partner("FR*107", "FR*107", shows=context) as platform:
                answer = await platform.call(node.url, "eMIP_FromIOP_HeartBeat", target="FR*C01")
                answers.append(answer.fault[1] if answer.fault else answer.status)
        mismatch = "CERTIFICATE_MISMATCH"
        assert answers == ([1, mismatch, mismatch] if mutual else [1, 1, 1])


@pytest.mark.statement("EMIP-5")
async def test_a_platform_shows_a_certificate_to_those_partners_that_want_one(tmp_path, world):
    async with (
        hub(tmp_path, tls=Tls(authorities=world.file)) as node,
        Partner("FR*P-C01", "FR*C01", tls=serving(world, "localhost", world)) as strict,
        Partner("FR*P-C02", "FR*C02", tls=serving(world, "c02")) as easy,
    ):
        await node.cpo("FR*C01", heartbeats=True)
        await node.cpo("FR*C02", heartbeats=True)
        office = node.app.office
        await office.certificates.show(LOCAL, "fr-c01", pem_of(world.issue("iop-1")))
        for name, partner in (("fr-c01", strict), ("fr-c02", easy)):
            await office.admin.register(LOCAL, name, partner.url, "")
        assert strict.of("FromIOP_HeartBeat")[0].certificate
        assert not easy.of("FromIOP_HeartBeat")[0].certificate
