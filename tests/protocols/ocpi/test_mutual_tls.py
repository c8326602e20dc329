"""Mutual TLS partner by partner: who calls shows its own certificate, and so do we where a partner wants one."""

from __future__ import annotations

import json
import ssl
from contextlib import asynccontextmanager, nullcontext

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from interroam.core.audit import LOCAL, Audit
from interroam.core.office.certificates import Certificates, Pair, issue
from interroam.model.errors import Refused, Unavailable
from interroam.model.parties import Credential, PartnerState, Purpose
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.http import Response
from interroam.net.listener import Listener
from interroam.net.shown import Shown
from interroam.net.tls import client_context, server_context, shown_context
from interroam.protocols.ocpi.calls import Address, Call, Calls
from tests.net.authority import Authority, der
from tests.protocols.ocpi.partners import basic

TOKEN = "secret-of-ccc"
HEADERS = {
    "ocpi-from-country-code": "CH",
    "ocpi-from-party-id": "CCC",
    "ocpi-to-country-code": "FR",
    "ocpi-to-party-id": "107",
}


@pytest.fixture
def ours(tmp_path):
    return Authority(tmp_path, "ours")


@pytest.fixture
async def door(node, ours):
    """The hub behind TLS that asks callers for a certificate and serves those without one, too."""
    await node.expect("ccc", "CH*CCC/CPO", state=PartnerState.CONNECTED)
    mark = node.book.keyring.fingerprint(TOKEN)
    await node.book.admit(Credential(mark, "ccc", Purpose.REGULAR, node.clock.now()))
    doors = [Door("/ocpi", node.room.handler, node.room.refusal)]
    listener = Listener(doors, tls=server_context(ours.issue("hub"), ours.file))
    await listener.start()
    yield listener
    await listener.close(0)


@pytest.fixture
def certificates(node):
    return Certificates(node.hub, Audit(node.store, node.clock, node.hub.ids))


async def codes(door, context: ssl.SSLContext, token: str = TOKEN) -> list[int]:
    """Call a module and the versions, with a token."""
    fields = [(name.encode(), value.encode()) for name, value in (HEADERS | {"authorization": basic(token)}).items()]
    client = Client()
    urls = (f"{door.url}/ocpi/2.2.1/receiver/locations/CH/CCC/L1", f"{door.url}/ocpi/versions")
    found = [(await client.request("GET", url, headers=fields, tls=context)).status for url in urls]
    await client.close()
    return found


@pytest.mark.statement("OCPI-9", "OCPI-10")
async def test_a_partner_bound_to_a_certificate_is_let_in_with_that_one_only(door, ours, certificates, node):
    own, foreign = ours.issue("ccc"), ours.issue("ddd")
    without = client_context(ours.file)
    assert await codes(door, without) == [404, 200]
    await certificates.accept(LOCAL, "ccc", own.certificate.read_text())
    assert await codes(door, client_context(ours.file, own)) == [404, 200]
    assert await codes(door, without) == [401, 401]
    assert await codes(door, client_context(ours.file, foreign)) == [401, 401]
    both = own.certificate.read_text() + foreign.certificate.read_text()
    await certificates.accept(LOCAL, "ccc", both)  # while it is renewed
    assert await codes(door, client_context(ours.file, foreign)) == [404, 200]
    await certificates.accept(LOCAL, "ccc", "")
    assert await codes(door, without) == [404, 200]


@pytest.mark.statement("OCPI-9")
async def test_the_hub_issues_the_certificate_that_a_partner_uses(door, ours, certificates, node, tmp_path):
    key = ours.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    pair = issue("ccc", Pair(ours.file.read_text(), key), node.clock.now())
    await certificates.accept(LOCAL, "ccc", pair.certificate)
    assert await codes(door, shown_context(pair.certificate + pair.key, ours.file)) == [404, 200]
    assert await codes(door, client_context(ours.file)) == [401, 401]
    with pytest.raises(Refused, match="authority"):
        issue("ccc", Pair("no", "no"), node.clock.now())


@asynccontextmanager
async def wary(ours):
    """A partner's platform that turns away whoever shows no certificate, and says which one was shown."""
    seen = []

    def answer(request):
        seen.append(request.certificate)
        return Response(200, [], json.dumps({"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"}).encode())

    tls = server_context(ours.issue("platform"), ours.file, required=True)
    listener = Listener([Door("/", answer)], tls=tls)
    await listener.start()
    yield listener, seen
    await listener.close(0)


@pytest.mark.statement("OCPI-9")
async def test_a_partner_is_shown_the_certificate_it_gave_us_and_nobody_else_is(node, ours, certificates):
    await node.expect("ccc", "CH*CCC/CPO")
    await node.expect("ddd", "CH*DDD/CPO")
    given = ours.issue("hub-at-ccc")
    pem = given.certificate.read_text() + given.key.read_text()
    await certificates.show(LOCAL, "ccc", pem)
    assert pem.encode() not in node.book.partners["ccc"].identity
    client = Client(tls=client_context(ours.file))
    shown = Shown(node.book, ours.file)
    calls = Calls(client, node.store, node.clock, node.hub.ids, shown=shown.to)
    async with wary(ours) as (platform, seen):
        wanted = Call(method="GET", url=f"{platform.url}/versions", operation="GET versions")
        assert (await calls.call(Address.of("ccc", "t", "base64"), wanted)).taken
        assert seen == [der(given)]
        with pytest.raises(Unavailable):
            await calls.call(Address.of("ddd", "t", "base64"), wanted)
        await certificates.show(LOCAL, "ccc", "")
        with pytest.raises(Unavailable):
            await calls.call(Address.of("ccc", "t", "base64"), wanted)
    await client.close()


async def test_what_is_no_certificate_or_has_another_key_is_refused(node, ours, certificates):
    await node.expect("ccc", "CH*CCC/CPO")
    one, other = ours.issue("one"), ours.issue("other")
    for pem in ("nothing", one.certificate.read_text(), one.certificate.read_text() + other.key.read_text()):
        with pytest.raises(Refused):
            await certificates.show(LOCAL, "ccc", pem)
    with pytest.raises(Refused, match="no certificate"):
        await certificates.accept(LOCAL, "ccc", "nothing")
    with pytest.raises(Refused, match="no partner"):
        await certificates.accept(LOCAL, "none", "")


@pytest.mark.statement("OCPI-11")
@pytest.mark.parametrize(("version", "welcome"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
async def test_the_wire_is_tls_1_2_or_newer_and_every_message_names_its_sender(door, ours, version, welcome):
    context = client_context(ours.file)
    with pytest.warns(DeprecationWarning, match="TLSv1_1") if not welcome else nullcontext():
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    context.set_ciphers("ALL:@SECLEVEL=0")
    if welcome:
        assert await codes(door, context) == [404, 200]
        assert await codes(door, context, "somebody else's") == [401, 401]
    else:
        with pytest.raises(Unavailable):
            await codes(door, context)


@pytest.mark.statement("OCPI-11")
def test_neither_side_of_us_speaks_less_than_tls_1_2_and_we_call_nobody_unproven(ours):
    serving = server_context(ours.issue("hub"), ours.file)
    own = ours.issue("ccc")
    showing = shown_context(own.certificate.read_text() + own.key.read_text(), ours.file)
    calling = client_context(ours.file)
    assert [one.minimum_version for one in (serving, showing, calling)] == [ssl.TLSVersion.TLSv1_2] * 3
    assert [(one.verify_mode, one.check_hostname) for one in (showing, calling)] == [(ssl.CERT_REQUIRED, True)] * 2
