"""Certificates that were revoked, over real TLS: refused at once, on connections that are open, after a restart too."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from cryptography import x509

from interroam.core.audit import LOCAL
from interroam.core.keys import new_secret
from interroam.core.office.authority import Cause
from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, Purpose
from interroam.settings import Tls
from tests.net.authority import Authority
from tests.protocols.emip.nodes import hub
from tests.protocols.emip.test_tls import beat, issued, showing

HEALTH = b"GET /health HTTP/1.1\r\nhost: here\r\n\r\n"


@pytest.fixture
async def node(tmp_path):
    """A platform over HTTPS whose own authority was used already."""
    folder = tmp_path / "world"
    folder.mkdir()
    server = Authority(folder, "world").issue("platform")
    async with hub(tmp_path, insecure=False, tls=Tls(certificate=server.certificate, key=server.key)) as one:
        await one.cpo("FR*C01", mutual_tls=True, certificate="cert-c01")
        await one.app.office.issuing.certificate(LOCAL)
        yield one


def serial(pem: str) -> str:
    return f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:x}"


async def revoke(node, pem: str) -> None:
    await node.app.office.issuing.revoke(LOCAL, serial(pem), Cause.KEY_COMPROMISE)


@pytest.mark.statement("EMIP-17", "EMIP-131")
async def test_a_revoked_certificate_is_refused_from_that_moment_and_after_a_restart(node, tmp_path):
    first, second = await issued(node), await issued(node, renew=True)
    old, new = showing(tmp_path, first, "old"), showing(tmp_path, second, "new")
    assert [(await beat(node, one)).status for one in (old, new)] == [1, 1]
    await revoke(node, first)
    for _ in range(2):
        assert (await beat(node, old)).fault == ("AUTHENTICATION_ERROR", "CERTIFICATE_MISMATCH")
        assert (await beat(node, new)).status == 1
        *_, refused, _ = await node.store.traces(partner="fr-c01")
        assert (refused.code, serial(first) in refused.note) == ("401", True)
        await node.restart()


async def test_a_connection_that_is_open_is_refused_and_closed_too(node, tmp_path):
    pem = await issued(node)
    host, port = node.app.url.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=showing(tmp_path, pem))
    writer.write(HEALTH)
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    await revoke(node, pem)
    writer.write(HEALTH)
    said = await asyncio.wait_for(reader.read(), 5)
    assert b"HTTP/1.1 401 " in said
    assert b"connection: close" in said
    writer.close()


async def test_a_stream_ends_when_its_certificate_is_revoked(node, tmp_path):
    await node.book.put_partner(Partner(id="office", protocol="plain", parties=(Party.parse("NL*EEE/EMSP"),)))
    secret = new_secret()
    mark = node.book.keyring.fingerprint(secret)
    await node.book.admit(Credential(mark, "office", Purpose.REGULAR, node.clock.now()))
    pem = await issued(node, "office")
    host, port = node.app.url.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=showing(tmp_path, pem))
    head = f"GET /api/v1/facts/stream HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {secret}\r\n\r\n"
    writer.write(head.encode())
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    await revoke(node, pem)
    with contextlib.suppress(ConnectionError):  # cut off, or ended in order
        async with asyncio.timeout(10):
            while await reader.read(1000):
                pass
    assert reader.at_eof() or reader.exception() is not None
    writer.close()
