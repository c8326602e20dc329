"""However the bytes are cut and whenever callers leave, every request is answered once and in order."""

import asyncio
import random
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interroam.net.client import Client
from interroam.net.doors import Door, Doorway
from interroam.net.errors import Unavailable
from interroam.net.http import Response
from interroam.net.limits import ClientLimits, Limits
from interroam.net.reader import Message, Reader
from tests.net.raw import calling, serving

bodies = st.lists(st.binary(max_size=300), min_size=1, max_size=6)


def written(number, body, *, chunked):
    start = b"PUT /%d?n HTTP/1.1\r\nHost: h\r\nX-Number: %d\r\n" % (number, number)
    if not chunked:
        return start + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    half = len(body) // 2
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part]
    return start + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks) + b"0\r\nX-Trailer: t\r\n\r\n"


@given(bodies, st.lists(st.booleans(), min_size=6, max_size=6), st.lists(st.integers(0, 3000), max_size=12))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_requests_are_read_alike_however_they_are_cut(sent, chunked, cuts):
    read: list[Message] = []
    reader = Reader(Doorway([Door("/", lambda request: Response(200))]), Limits(), read.append, lambda: None)
    data = b"".join(
        written(number, body, chunked=how) for number, (body, how) in enumerate(zip(sent, chunked, strict=False))
    )
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in pairwise(edges):
        reader.feed(data[start:end])
    assert [message.request.body for message in read] == sent
    assert [message.request.path for message in read] == [f"/{number}" for number in range(len(sent))]
    assert all(message.keep for message in read)


@given(st.binary(max_size=400), st.integers(0, 400))
@settings(max_examples=500, deadline=None)
def test_no_bytes_break_the_reader(junk, cut):
    read: list[Message] = []
    reader = Reader(Doorway([Door("/", lambda request: Response(200))]), Limits(), read.append, lambda: None)
    for start in (b"", b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"):
        read.clear()
        reader = Reader(Doorway([Door("/", lambda request: Response(200))]), Limits(), read.append, lambda: None)
        reader.feed(start + junk[:cut])
        reader.feed(junk[cut:])
        assert sum(message.refusal is not None for message in read) <= 1
        assert all(message.refusal is None for message in read[:-1])


async def test_callers_that_leave_at_any_moment_disturb_nobody():
    chance = random.Random(7)

    async def answer(request):
        await asyncio.sleep(chance.random() / 100)
        return Response(200, [], request.body)

    async def rude(listener):
        async with calling(listener) as caller:
            data = written(1, b"a" * chance.randrange(200), chunked=False) * chance.randrange(1, 5)
            await caller.say(data[: chance.randrange(len(data))])
            await asyncio.sleep(chance.random() / 50)

    async def polite(client, listener, number):
        for turn in range(20):
            body = b"%d-%d" % (number, turn)
            assert (await client.request("PUT", listener.url, body=body)).body == body

    async with serving(Door("/", answer)) as listener:
        client = Client(ClientLimits(connections_per_origin=8))
        await asyncio.gather(
            *(rude(listener) for _ in range(100)), *(polite(client, listener, number) for number in range(16))
        )
        await client.close()
        await asyncio.sleep(0.05)
        assert not listener._desk._connections
        assert not listener._desk._places
        assert not listener._desk.busy


async def test_calls_given_up_at_any_moment_never_mix_answers():
    chance = random.Random(11)

    async def answer(request):
        await asyncio.sleep(chance.random() / 50)
        return Response(200, [], request.body)

    async def call(client, listener, number):
        body = b"%d" % number
        try:
            patience = 20 if number % 50 else 0.01  # some wait, however slow the machine is
            async with asyncio.timeout(chance.random() / patience):
                reply = await client.request("PUT", listener.url, body=body, timeout=chance.random() / patience)
        except (TimeoutError, Unavailable):
            return 0
        assert reply.body == body
        return 1

    async with serving(Door("/", answer)) as listener:
        client = Client(ClientLimits(connections_per_origin=8))
        answered = await asyncio.gather(*(call(client, listener, number) for number in range(400)))
        assert sum(answered) > 0
        origin = next(iter(client._origins.values()))
        assert (await client.request("PUT", listener.url, body=b"last")).body == b"last"
        assert origin._connecting == 0
        assert len(origin._lines) <= 8
        await client.close()
