"""Every limit of the listener, shown on a raw socket."""

import asyncio
import json
from time import perf_counter

import pytest

from interroam.net.doors import Door, Doorway
from interroam.net.http import Response
from interroam.net.limits import Limits
from interroam.net.reader import Message, Reader
from tests.net.raw import GET, calling, echo, serving

QUICK = Limits(
    head_seconds=0.15,
    body_seconds=0.15,
    idle_seconds=0.15,
    write_seconds=0.15,
    linger_seconds=0.15,
    body_bytes_per_second=1_000_000,
)


async def refused(caller, status):
    reply = await caller.reply()
    assert reply.status == status
    assert reply.headers[b"connection"] == b"close"
    assert "error" in json.loads(reply.body)
    assert await caller.rest() == b""
    return reply


async def test_a_head_of_16_kib_passes_and_one_byte_more_is_refused_with_431():
    # "/echo" and two headers, four bytes more for each: see Reader._head_size
    room = 16 * 1024 - len(b"/echo") - len(b"host") - len(b"x") - 4 - len(b"x-long") - 4
    async with serving() as listener:
        async with calling(listener) as caller:
            await caller.say(b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (room - 25) + b"\r\n\r\n")
            assert (await caller.reply()).status == 200
        async with calling(listener) as caller:
            await caller.say(b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * (room + 1) + b"\r\n\r\n")
            await refused(caller, 431)


@pytest.mark.parametrize(
    "start",
    [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n"],
    ids=["target", "value", "headers"],
)
async def test_a_head_that_never_ends_is_refused_before_it_fills_the_memory(start):
    async with serving() as listener, calling(listener) as caller:
        await caller.say(start)
        for _ in range(40):
            await caller.say(b"a" * 1000 if start[-2:] != b"\r\n" else b"x-header: some value\r\n" * 40)
            await asyncio.sleep(0)
        await refused(caller, 431)


async def test_one_huge_head_in_one_piece_is_refused():
    async with serving() as listener, calling(listener) as caller:
        await caller.say(GET + b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n" + GET)
        assert (await caller.reply()).status == 200
        await refused(caller, 431)


async def test_a_repeated_single_header_counts_too():
    async with serving() as listener, calling(listener) as caller:
        await caller.say(b"GET / HTTP/1.1\r\n" + b"Authorization: aaaaaaaaaaaaaaaaaa\r\n" * 700 + b"\r\n")
        await refused(caller, 431)


async def test_a_silent_caller_is_refused_with_408():
    async with serving(limits=QUICK) as listener, calling(listener) as caller:
        began = perf_counter()
        await refused(caller, 408)
        assert 0.1 < perf_counter() - began < 1


async def test_a_head_dripping_in_slowly_is_refused_with_408():
    async with serving(limits=QUICK) as listener, calling(listener) as caller:
        began = perf_counter()
        for byte in b"GET / HTTP/1.1\r\nX-Slow: ":
            await caller.say(bytes([byte]))
            await asyncio.sleep(0.02)
            if perf_counter() - began > 0.3:
                break
        await refused(caller, 408)


async def test_the_head_after_an_answered_request_has_its_own_time():
    async with serving(limits=QUICK) as listener, calling(listener) as caller:
        await caller.say(GET)
        assert (await caller.reply()).status == 200
        await caller.say(b"GET / HT")
        await refused(caller, 408)


async def test_an_idle_connection_is_closed_without_a_word():
    async with serving(limits=QUICK) as listener, calling(listener) as caller:
        await caller.say(GET)
        assert (await caller.reply()).status == 200
        assert await caller.rest() == b""


async def test_a_body_that_stops_is_refused_with_408():
    async with serving(limits=QUICK) as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nhal")
        await refused(caller, 408)


async def test_a_longer_body_has_more_time():
    limits = Limits(body_seconds=0.1, body_bytes_per_second=1000, linger_seconds=0.1)
    async with serving(limits=limits) as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + b"a" * 500)
        await asyncio.sleep(0.3)
        await caller.say(b"a" * 500)
        assert (await caller.reply()).body == b"a" * 1000


async def test_an_announced_body_too_large_is_refused_before_it_is_read():
    async with serving(limits=Limits(body_bytes=100, linger_seconds=0.1)) as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n")
        await refused(caller, 413)


async def test_a_chunked_body_too_large_is_refused_while_it_comes():
    async with serving(limits=Limits(body_bytes=100, linger_seconds=0.1)) as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            await caller.say(b"28\r\n" + b"a" * 40 + b"\r\n")
        await refused(caller, 413)


@pytest.mark.parametrize("rest", [b"0\r\n\r\n", b"no chunk", b"1\r\na\r\n" * 1000, b""])
def test_a_chunk_too_many_is_refused_whatever_comes_with_it(rest):
    chunks = b"28\r\n" + b"a" * 40 + b"\r\n"
    read: list[Message] = []
    door = Door("/", lambda request: Response(200))
    reader = Reader(Doorway([door]), Limits(body_bytes=100), read.append, lambda: None)
    reader.feed(b"PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks * 3 + rest)
    assert [one.refusal.status for one in read if one.refusal is not None] == [413]
    assert reader.received == 120  # nothing of what follows is kept


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_may_be_as_large_as_its_limit_and_no_byte_larger(size, status, chunked):
    async with serving(limits=Limits(body_bytes=100, linger_seconds=0.1)) as listener, calling(listener) as caller:
        if chunked:
            body = b"Transfer-Encoding: chunked\r\n\r\n3c\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n"
            body %= (b"a" * 60, size - 60, b"a" * (size - 60))
        else:
            body = b"Content-Length: %d\r\n\r\n%b" % (size, b"a" * size)
        await caller.say(b"PUT /echo HTTP/1.1\r\n" + body)
        assert (await caller.reply()).status == status


async def test_trailers_without_end_are_refused():
    async with serving(limits=Limits(body_bytes=100, linger_seconds=0.1)) as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        for _ in range(100):
            await caller.say(b"a" * 1000)
            await asyncio.sleep(0)
        await refused(caller, 413)


async def test_many_short_trailers_are_refused():
    async with serving() as listener, calling(listener) as caller:
        await caller.say(
            b"PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 4000 + b"\r\n"
        )
        assert (await caller.reply()).status == 431


async def test_a_head_is_not_charged_for_the_requests_before_it():
    async with serving() as listener, calling(listener) as caller:
        await caller.say(GET * 600 + GET[:10])
        for _ in range(600):
            assert (await caller.reply()).status == 200
        await caller.say(GET[10:])
        assert (await caller.reply()).status == 200


async def test_the_time_of_a_head_begins_with_it_and_not_with_the_pause_before():
    limits = Limits(head_seconds=0.15, idle_seconds=2, linger_seconds=0.1)
    async with serving(limits=limits) as listener, calling(listener) as caller:
        await caller.say(GET)
        await caller.reply()
        await asyncio.sleep(0.2)
        await caller.say(GET[:10])
        await asyncio.sleep(0.06)
        await caller.say(GET[10:])
        assert (await caller.reply()).status == 200


async def test_a_door_may_take_larger_bodies_than_the_others_and_refuse_in_its_own_words():
    large = Door("/large", echo, refusal=lambda status, text: Response(status, [], b"too much, dear"), body_bytes=200)
    async with serving(large, Door("/", echo), limits=Limits(body_bytes=100, linger_seconds=0.1)) as listener:
        async with calling(listener) as caller:
            await caller.say(b"PUT /large HTTP/1.1\r\nContent-Length: 150\r\n\r\n" + b"a" * 150)
            assert (await caller.reply()).status == 200
            await caller.say(b"PUT /large HTTP/1.1\r\nContent-Length: 201\r\n\r\n")
            reply = await caller.reply()
            assert (reply.status, reply.body) == (413, b"too much, dear")
        async with calling(listener) as caller:
            await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: 150\r\n\r\n")
            await refused(caller, 413)


async def test_the_caller_of_a_large_body_reads_its_refusal_although_it_goes_on_sending():
    async with serving(limits=Limits(body_bytes=100, linger_seconds=0.3)) as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n")
        for _ in range(30):
            await caller.say(b"a" * 100_000)
        assert (await caller.reply()).status == 413


async def test_connections_of_one_address_are_counted():
    async with serving(limits=Limits(connections_per_address=2, linger_seconds=0.1)) as listener:
        async with calling(listener) as first, calling(listener) as second:
            for caller in (first, second):
                await caller.say(GET)
                assert (await caller.reply()).status == 200
            async with calling(listener) as third:
                await refused(third, 503)
            await first.say(GET)
            assert (await first.reply()).status == 200
        await asyncio.sleep(0.05)
        async with calling(listener) as caller:
            await caller.say(GET)
            assert (await caller.reply()).status == 200


async def test_connections_of_all_addresses_are_counted():
    async with (
        serving(limits=Limits(connections=1, linger_seconds=0.1), proxies=["127.0.0.1"]) as listener,
        calling(listener) as first,
        calling(listener) as second,
    ):
        await refused(second, 503)
        await first.say(GET)
        assert (await first.reply()).status == 200


@pytest.mark.parametrize(
    "said",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n : c\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"CONNECT example.org:80 HTTP/1.1\r\n\r\n",
        b"GET nowhere HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused_with_400(said):
    async with serving(limits=Limits(linger_seconds=0.1)) as listener, calling(listener) as caller:
        await caller.say(said)
        await refused(caller, 400)


async def test_nothing_behind_a_refused_message_is_taken_for_a_request():
    seen = []

    async def note(request):
        seen.append(request.path)
        return Response(200)

    async with serving(Door("/", note), limits=Limits(linger_seconds=0.1)) as listener, calling(listener) as caller:
        await caller.say(b"PUT /a HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
        await caller.say(b"GET /smuggled HTTP/1.1\r\n\r\n")
        await refused(caller, 413)
    assert seen == []


async def test_refusals_before_a_door_is_known_are_the_doorways():
    doorway = Doorway([Door("/", echo)], refusal=lambda status, text: Response(status, [], b"mine"))
    from interroam.net.listener import Listener

    listener = Listener(doorway, limits=QUICK)
    await listener.start()
    async with calling(listener) as caller:
        await caller.say(b"hello\r\n\r\n")
        assert (await caller.reply()).body == b"mine"
    await listener.close(0.1)


async def test_a_caller_that_does_not_read_its_answer_is_cut_off():
    async def large(request):
        return Response(200, [], b"a" * 30_000_000)

    async with serving(Door("/", large), limits=QUICK) as listener, calling(listener, limit=1024) as caller:
        caller.writer.transport.pause_reading()
        await caller.say(GET)
        await asyncio.sleep(0.1)
        assert listener._desk._connections
        await asyncio.sleep(0.4)
        assert not listener._desk._connections


async def test_a_caller_that_reads_slowly_but_steadily_gets_all():
    async def large(request):
        return Response(200, [(b"connection", b"x")], b"a" * 8_000_000)

    async with serving(Door("/", large), limits=QUICK) as listener, calling(listener, limit=1024) as caller:
        await caller.say(GET)
        received = 0
        began = perf_counter()
        while received < 8_000_000 and (piece := await caller.reader.read(400_000)):
            received += len(piece)
            await asyncio.sleep(0.005)
        assert received >= 8_000_000
        assert perf_counter() - began < 10
