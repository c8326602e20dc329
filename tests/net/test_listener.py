"""Requests in, answers out, in order, whatever the caller does."""

import asyncio
import gc

import pytest

from interroam.net.doors import Door
from interroam.net.http import Request, Response, Stream
from interroam.net.limits import Limits
from tests.net.raw import GET, calling, echo, serving


@pytest.mark.statement("OCPI-5")
async def test_a_request_arrives_whole_and_its_answer_leaves():
    seen: list[Request] = []

    async def note(request):
        seen.append(request)
        return Response(201, [(b"x-a", b"1"), (b"x-a", b"2")], b"done")

    async with serving(Door("/", note)) as listener, calling(listener) as caller:
        await caller.say(
            b"PUT /a%2Fb/c%20d?x=1&y=%20 HTTP/1.1\r\nHost: h\r\nAUTHORIZATION: one\r\nAuthorization: two\r\n"
            b"X-Many: 1\r\nX-Many: 2\r\nContent-Length: 4\r\n\r\nbody"
        )
        reply = await caller.reply()
    assert (reply.status, reply.body, reply.headers[b"content-length"]) == (201, b"done", b"4")
    request = seen[0]
    assert (request.method, request.path, request.raw_path) == ("PUT", "/a/b/c d", b"/a%2Fb/c%20d")
    assert (request.query, request.body, request.client) == (b"x=1&y=%20", b"body", "127.0.0.1")
    assert request.headers[b"authorization"] == b"one"
    assert request.headers[b"x-many"] == b"1, 2"
    assert request.certificate is None


async def test_ten_thousand_requests_pass_one_connection():
    async with serving(Door("/", echo)) as listener, calling(listener) as caller:
        for number in range(100):
            await caller.say(GET * 100)
            for _ in range(100):
                reply = await caller.reply()
                assert reply.status == 200, number


async def test_requests_one_after_the_other_keep_their_connection():
    async with serving() as listener, calling(listener) as caller:
        for number in range(1000):
            body = b"%d" % number
            await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            assert (await caller.reply()).body == body


async def test_pipelined_requests_are_answered_in_order_one_at_a_time():
    at_work = 0

    async def slow_first(request):
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        await asyncio.sleep(0.05 if request.path == "/0" else 0)
        at_work -= 1
        return Response(200, [], request.path.encode() + request.body)

    async with serving(Door("/", slow_first)) as listener, calling(listener) as caller:
        await caller.say(
            b"".join(b"PUT /%d HTTP/1.1\r\nContent-Length: 2\r\n\r\n%02d" % (number, number) for number in range(50))
        )
        assert [(await caller.reply()).body for _ in range(50)] == [b"/%d%02d" % (n, n) for n in range(50)]


async def test_pipelined_requests_of_a_handler_without_await_are_answered_too():
    async with (
        serving(Door("/", lambda request: Response(200, [], request.path.encode()))) as listener,
        calling(listener) as caller,
    ):
        await caller.say(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(5000)))
        assert [(await caller.reply()).body for _ in range(5000)] == [b"/%d" % n for n in range(5000)]


async def test_a_bad_request_behind_a_slow_one_does_not_overtake_its_answer():
    async def slow(request):
        await asyncio.sleep(0.05)
        return Response(200, [], b"first")

    async with serving(Door("/", slow), limits=Limits(linger_seconds=0.1)) as listener, calling(listener) as caller:
        await caller.say(GET + b"nonsense\r\n\r\n")
        assert (await caller.reply()).body == b"first"
        assert (await caller.reply()).status == 400
        assert await caller.rest() == b""


async def test_a_request_in_single_bytes_is_understood():
    async with serving() as listener, calling(listener) as caller:
        head = b"PUT /echo?a=b HTTP/1.1\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"
        for byte in head + b"3\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n":
            await caller.say(bytes([byte]))
            await asyncio.sleep(0)
        reply = await caller.reply()
        assert (reply.body, reply.headers[b"x-query"]) == (b"abcde", b"a=b")
        await caller.say(GET)
        assert (await caller.reply()).status == 200


async def test_trailers_do_not_become_headers():
    seen = []

    async def note(request):
        seen.append(request.headers)
        return Response(200)

    async with serving(Door("/", note)) as listener, calling(listener) as caller:
        await caller.say(
            b"PUT / HTTP/1.1\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\na\r\n0\r\nX-A: 2\r\nAuthorization: me\r\n\r\n"
        )
        await caller.reply()
    assert seen == [{b"x-a": b"1", b"transfer-encoding": b"chunked"}]


async def test_a_caller_that_asks_first_is_told_to_go_on():
    async with serving() as listener, calling(listener) as caller:
        await caller.say(b"PUT /echo HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert (await caller.reply()).status == 100
        await caller.say(b"body")
        assert (await caller.reply()).body == b"body"


async def test_the_word_to_go_on_waits_for_the_answer_before_it():
    async def slow(request):
        await asyncio.sleep(0.05)
        return Response(200, [], request.body)

    async with serving(Door("/", slow)) as listener, calling(listener) as caller:
        await caller.say(GET + b"PUT / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert [(await caller.reply()).status, (await caller.reply()).status] == [200, 100]
        await caller.say(b"body")
        assert (await caller.reply()).body == b"body"


async def test_head_is_answered_without_the_body_and_with_its_length():
    async with (
        serving(Door("/", lambda request: Response(200, [], b"12345"))) as listener,
        calling(listener) as caller,
    ):
        await caller.say(b"HEAD / HTTP/1.1\r\n\r\n" + GET)
        reply = await caller.reply(bare=True)
        assert reply.headers[b"content-length"] == b"5"
        assert (await caller.reply()).body == b"12345"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_speaks_of_none(status):
    async with (
        serving(Door("/", lambda request: Response(status, [], b"dropped"))) as listener,
        calling(listener) as caller,
    ):
        await caller.say(GET + GET)
        for _ in range(2):
            reply = await caller.reply()
            assert (reply.status, reply.headers, reply.body) == (status, {}, b"")


@pytest.mark.parametrize(
    "said",
    [
        b"GET /echo HTTP/1.0\r\n\r\n",
        b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n" + GET,
        b"GET /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_the_last_request_of_a_connection_is_answered_and_the_connection_closed(said):
    async with serving() as listener, calling(listener) as caller:
        await caller.say(said)
        reply = await caller.reply()
        assert (reply.status, reply.headers[b"connection"]) == (200, b"close")
        assert await caller.rest() == b""


async def test_an_answer_to_head_ends_with_its_headers():
    async with serving(Door("/", lambda request: Response(200, [], b"12345"))) as listener, calling(listener) as caller:
        await caller.say(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await caller.rest()).endswith(b"\r\n\r\n")


async def test_nothing_behind_the_last_request_is_handled():
    seen = []
    async with serving(Door("/", lambda request: seen.append(request) or Response(200))) as listener:
        for last in (b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"):
            async with calling(listener) as caller:
                await caller.say(last + GET)
                await caller.rest()
    assert len(seen) == 2


async def test_a_target_in_absolute_form_is_understood():
    async with serving() as listener, calling(listener) as caller:
        await caller.say(b"GET http://example.org/a/b?c=d HTTP/1.1\r\n\r\n")
        reply = await caller.reply()
        assert (reply.headers[b"x-path"], reply.headers[b"x-query"]) == (b"/a/b", b"c=d")


async def test_a_half_closed_caller_still_gets_its_answer():
    async def slow(request):
        await asyncio.sleep(0.05)
        return Response(200, [], b"late")

    async with serving(Door("/", slow)) as listener, calling(listener) as caller:
        await caller.say(GET)
        caller.writer.write_eof()
        assert (await caller.reply()).body == b"late"
        assert await caller.rest() == b""


async def test_a_handler_whose_caller_left_ends_in_peace():
    began, ended = asyncio.Event(), asyncio.Event()

    async def slow(request):
        began.set()
        await asyncio.sleep(0.05)
        ended.set()
        return Response(200)

    async with serving(Door("/", slow)) as listener:
        async with calling(listener) as caller:
            await caller.say(GET)
            await began.wait()
        gc.collect()
        await asyncio.wait_for(ended.wait(), 1)


async def test_a_handler_that_fails_is_answered_with_500_and_the_connection_lives_on():
    async def failing(request):
        raise RuntimeError("secret")

    def failing_at_once(request):
        raise RuntimeError("secret")

    def broken(request):
        return Response(200, [(b"x", b"a\r\nset-cookie: b")])

    async def silent(request):
        return None

    doors = [Door("/a", failing), Door("/b", failing_at_once), Door("/c", broken), Door("/d", silent), Door("/", echo)]
    async with serving(*doors) as listener, calling(listener) as caller:
        for path in (b"/a", b"/b", b"/c", b"/d"):
            await caller.say(b"GET %b HTTP/1.1\r\n\r\n" % path)
            reply = await caller.reply()
            assert reply.status == 500
            assert b"secret" not in reply.body
            assert b"set-cookie" not in reply.headers
        await caller.say(GET)
        assert (await caller.reply()).status == 200


async def test_a_handler_that_is_cancelled_takes_only_its_own_connection_along():
    async def cancelled(request):
        raise asyncio.CancelledError

    async with serving(Door("/cancelled", cancelled), Door("/", echo)) as listener, calling(listener) as other:
        async with calling(listener) as caller:
            await caller.say(b"GET /cancelled HTTP/1.1\r\n\r\n")
            assert await caller.rest() == b""
        await other.say(GET)
        assert (await other.reply()).status == 200


async def test_a_stream_leaves_in_pieces_and_the_connection_lives_on():
    async def pieces():
        for number in range(3):
            yield b"%d" % number
            await asyncio.sleep(0)
        yield b""

    async def stream(request):
        return Stream(200, [(b"content-type", b"text/event-stream")], pieces())

    async with serving(Door("/", stream)) as listener:
        async with calling(listener) as caller:
            await caller.say(GET + GET)
            assert [(await caller.reply()).body for _ in range(2)] == [b"012", b"012"]
        async with calling(listener) as caller:
            await caller.say(b"GET / HTTP/1.0\r\n\r\n")
            assert (await caller.rest()).endswith(b"\r\n\r\n012")


async def test_a_stream_ends_when_its_caller_leaves():
    ended = asyncio.Event()

    async def endless():
        try:
            yield b"first"
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with serving(Door("/", lambda request: Stream(200, [], endless()))) as listener:
        async with calling(listener) as caller:
            await caller.say(GET)
            await caller.reader.readuntil(b"first")
        await asyncio.wait_for(ended.wait(), 1)


async def test_a_stream_goes_no_faster_than_its_caller_reads():
    made = 0

    async def many():
        nonlocal made
        for _ in range(300):
            made += 1
            yield b"a" * 100_000

    async with (
        serving(Door("/", lambda request: Stream(200, [], many()))) as listener,
        calling(listener, limit=1024) as caller,
    ):
        caller.writer.transport.pause_reading()
        await caller.say(GET)
        await asyncio.sleep(0.1)
        assert made < 200
        caller.writer.transport.resume_reading()
        assert len((await caller.reply()).body) == 30_000_000


async def test_a_stream_that_breaks_does_not_look_complete():
    async def breaking():
        yield b"some"
        raise RuntimeError

    async with (
        serving(Door("/", lambda request: Stream(200, [], breaking()))) as listener,
        calling(listener) as caller,
    ):
        await caller.say(GET)
        assert not (await caller.rest()).endswith(b"0\r\n\r\n")


async def test_closing_lets_requests_in_flight_finish_and_turns_new_ones_away():
    async def slow(request):
        await asyncio.sleep(0.1)
        return Response(200, [], b"finished")

    async with serving(Door("/", slow)) as listener:
        async with calling(listener) as busy, calling(listener) as idle:
            await busy.say(GET)
            await asyncio.sleep(0.02)
            closing = asyncio.create_task(listener.close(2))
            reply = await busy.reply()
            assert (reply.body, reply.headers[b"connection"]) == (b"finished", b"close")
            assert await idle.rest() == b""
            await asyncio.wait_for(closing, 1)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", listener.port)


async def test_closing_does_not_wait_longer_than_its_grace():
    async def endless(request):
        await asyncio.sleep(60)

    async with serving(Door("/", endless)) as listener, calling(listener) as caller:
        await caller.say(GET)
        await asyncio.sleep(0.02)
        await asyncio.wait_for(listener.close(0.1), 1)
        assert await caller.rest() == b""


async def test_the_date_is_stated_where_it_is_wanted():
    async with serving(date=lambda: b"Thu, 01 Jan 2026 00:00:00 GMT") as listener, calling(listener) as caller:
        await caller.say(GET)
        assert (await caller.reply()).headers[b"date"] == b"Thu, 01 Jan 2026 00:00:00 GMT"


async def test_many_callers_at_once_are_all_answered():
    async def one(listener, number):
        async with calling(listener) as caller:
            for _ in range(5):
                await caller.say(b"GET /%d HTTP/1.1\r\n\r\n" % number)
                assert (await caller.reply()).headers[b"x-path"] == b"/%d" % number

    async with serving() as listener:
        await asyncio.gather(*(one(listener, number) for number in range(100)))
