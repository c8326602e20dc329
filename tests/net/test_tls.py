"""TLS in process: optional certificates of callers, verification both ways, new certificates without a restart."""

import asyncio
import socket
import ssl
import warnings

import pytest

from interroam.model.errors import Unavailable
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.errors import Unreachable
from interroam.net.http import Response
from interroam.net.limits import Limits
from interroam.net.tls import client_context, server_context
from tests.net.authority import Authority, der
from tests.net.raw import GET, calling, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ours(folder):
    return Authority(folder, "ours")


@pytest.fixture(scope="module")
def others(folder):
    return Authority(folder, "others")


@pytest.fixture(scope="module")
def hub(ours):
    return ours.issue("hub")


@pytest.fixture(scope="module")
def partner(ours):
    return ours.issue("partner")


def shown(request):
    """Answer with the certificate the caller showed."""
    return Response(200, [], request.certificate or b"none")


async def called(client, listener, **options):
    return (await client.request("GET", listener.url, **options)).body


async def test_a_caller_with_a_certificate_is_known_by_it_and_one_without_is_served_too(ours, hub, partner):
    async with serving(Door("/", shown), tls=server_context(hub, ours.file)) as listener:
        client = Client(tls=client_context(ours.file))
        known = client_context(ours.file, partner)
        assert await called(client, listener) == b"none"
        for _ in range(3):
            assert await called(client, listener, tls=known) == der(partner)
        assert await called(client, listener) == b"none"
        await client.close()


async def test_a_certificate_of_an_unknown_authority_is_refused_and_no_request_is_read(ours, others, hub):
    seen = []
    async with serving(
        Door("/", lambda r: seen.append(r) or Response(200)), tls=server_context(hub, ours.file)
    ) as there:
        client = Client()
        with pytest.raises(Unavailable):
            await client.request("GET", there.url, tls=client_context(ours.file, others.issue("stranger")))
        await client.close()
    assert seen == []


async def test_a_server_that_says_why_it_refuses_our_certificate_was_not_reached(ours, others, hub):
    def refuse():
        connection, _ = listening.accept()
        tls = server_context(hub, ours.file).wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with tls:
            with pytest.raises(ssl.SSLError):  # asyncio would hang up without a word, most servers send an alert
                tls.do_handshake()
            tls.shutdown(socket.SHUT_WR)
            while tls.recv(65_536):
                pass  # closing with data unread would reset the connection before the alert is read

    client = Client()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        refusing = asyncio.create_task(asyncio.to_thread(refuse))
        with pytest.raises(Unreachable) as caught:
            await client.request("GET", url, tls=client_context(ours.file, others.issue("stranger")))
        assert not caught.value.reached
        await refusing
    await client.close()


async def test_where_a_certificate_is_required_nobody_passes_without(ours, hub, partner):
    async with serving(Door("/", shown), tls=server_context(hub, ours.file, required=True)) as listener:
        client = Client()
        with pytest.raises(Unavailable):
            await client.request("GET", listener.url, tls=client_context(ours.file))
        assert await called(client, listener, tls=client_context(ours.file, partner)) == der(partner)
        await client.close()


async def test_a_server_we_cannot_verify_is_not_talked_to(others, hub):
    async with serving(Door("/", shown), tls=server_context(hub)) as listener:
        client = Client()
        for context in (None, client_context(others.file)):
            with pytest.raises(Unreachable) as caught:
                await client.request("GET", listener.url, tls=context)
            assert not caught.value.reached
        await client.close()


async def test_a_server_of_another_name_is_not_talked_to(ours, hub):
    async with serving(Door("/", shown), host="127.0.0.2", tls=server_context(hub)) as listener:
        client = Client(tls=client_context(ours.file))
        with pytest.raises(Unreachable):
            await client.request("GET", listener.url)
        await client.close()


async def test_tls_older_than_1_2_is_refused(ours, hub):
    async with serving(Door("/", shown), tls=server_context(hub)) as listener:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(ours.file)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", listener.port, ssl=old, server_hostname="localhost")


async def test_certificates_are_renewed_without_cutting_anybody_off(ours, others, hub):
    async with serving(Door("/", shown), tls=server_context(hub)) as listener:
        old, new = Client(tls=client_context(ours.file)), Client(tls=client_context(others.file))
        assert await called(old, listener) == b"none"
        await listener.reload(server_context(others.issue("renewed")))
        assert await called(new, listener) == b"none"
        assert await called(old, listener) == b"none"  # on its connection of before
        stranger = Client(tls=client_context(ours.file))
        with pytest.raises(Unreachable):
            await called(stranger, listener)
        for client in (old, new, stranger):
            await client.close()


async def test_limits_hold_behind_tls(ours, hub):
    limits = Limits(head_seconds=0.2, linger_seconds=0.1, body_bytes=10)
    trusting = client_context(ours.file)
    async with serving(Door("/", shown), tls=server_context(hub), limits=limits) as listener:
        for said, status in (
            (b"", 408),
            (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000, 431),
            (b"PUT / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 413),
            (b"hello\r\n\r\n", 400),
        ):
            async with calling(listener, ssl=trusting, server_hostname="localhost") as caller:
                await caller.say(said)
                assert (await caller.reply()).status == status
                assert await caller.rest() == b""


async def test_a_handshake_that_never_ends_is_cut_off(hub):
    async with (
        serving(tls=server_context(hub), limits=Limits(head_seconds=0.2)) as listener,
        calling(listener) as caller,
    ):
        await caller.say(b"\x16\x03\x01")
        assert await caller.rest() == b""


async def test_a_listener_behind_tls_closes_in_time(ours, hub):
    async with (
        serving(Door("/", shown), tls=server_context(hub)) as listener,
        calling(listener, ssl=client_context(ours.file), server_hostname="localhost") as caller,
    ):
        await caller.say(GET)
        assert (await caller.reply()).status == 200
        await asyncio.wait_for(listener.close(0.2), 1)
        assert await caller.rest() == b""
