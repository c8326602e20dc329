"""What the client takes for an answer, and what it does not."""

import pytest

from interroam.model.errors import Reason
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.errors import BadAnswer
from interroam.net.http import Response
from interroam.net.limits import ClientLimits
from tests.net.misbehaving import OK, saying, server
from tests.net.raw import serving


@pytest.fixture
async def client():
    client = Client()
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", b"a"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", b"a"),
    ],
    ids=["chunked", "continue", "hints", "not modified", "to the end", "close"],
)
async def test_every_shape_of_an_answer_is_understood(client, answer, body):
    async with server(saying(answer)) as (url, _):
        for _ in range(2):
            assert (await client.request("GET", url)).body == body


async def test_an_answer_to_head_ends_with_its_headers(client):
    async with serving(Door("/", lambda request: Response(200, [], b"12345"))) as listener:
        answer = await client.request("HEAD", listener.url)
        assert (answer.headers[b"content-length"], answer.body) == (b"5", b"")
        assert (await client.request("GET", listener.url)).body == b"12345"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"a" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + b"a" * 1024 + b"\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
    ],
    ids=["ssh", "length", "upgrade", "head", "endless head", "body", "chunks", "trailers"],
)
async def test_what_is_no_answer_or_too_much_of_one_is_a_bad_answer(answer):
    client = Client(ClientLimits(body_bytes=1024))
    async with server(saying(answer)) as (url, _):
        with pytest.raises(BadAnswer) as caught:
            await client.request("GET", url, timeout=1)
        assert (caught.value.reached, caught.value.reason) == (True, Reason.BAD_ANSWER)
        await client.close()


async def test_an_answer_nobody_asked_for_is_never_taken_for_one(client):
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    for length in (len(poison), 20):
        async with server(saying(OK + poison[:length], OK, OK)) as (url, connections):
            assert (await client.request("GET", url)).body == b"ok"
            assert (await client.request("GET", url)).body == b"ok"
            assert len(connections) == 2
