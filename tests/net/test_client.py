"""The outgoing client against our own listener and against servers that misbehave."""

import asyncio

import pytest

from interroam.model.errors import Reason, Unavailable
from interroam.net.addresses import Addresses
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.errors import NoAnswer, Unreachable
from interroam.net.http import Response, Stream
from interroam.net.limits import ClientLimits
from tests.net.misbehaving import OK, saying, server
from tests.net.raw import echo, serving


@pytest.fixture
async def client():
    client = Client()
    yield client
    await client.close()


async def test_a_request_goes_out_whole_and_its_answer_comes_back(client):
    seen = []

    async def note(request):
        seen.append(request)
        return Response(201, [(b"X-Two", b"1"), (b"x-two", b"2")], b"made")

    async with serving(Door("/", note)) as listener:
        answer = await client.request(
            "PUT", listener.url + "/a/ü b?x=%20&y=é#z", headers=[(b"Authorization", b"Token t")], body=b"{}"
        )
    assert (answer.status, answer.body, answer.headers[b"x-two"]) == (201, b"made", b"1, 2")
    request = seen[0]
    assert (request.method, request.path, request.query) == ("PUT", "/a/ü b", b"x=%20&y=%C3%A9")
    assert (request.headers[b"authorization"], request.body) == (b"Token t", b"{}")
    assert request.headers[b"host"] == listener.url.removeprefix("http://").encode()


async def test_one_connection_serves_requests_that_follow_each_other(client):
    async with server(saying(OK, OK, OK)) as (url, connections):
        for _ in range(3):
            assert (await client.request("GET", url)).body == b"ok"
        assert len(connections) == 1


async def test_requests_at_once_share_a_limited_number_of_connections():
    async def slow(request):
        await asyncio.sleep(0.001)
        return Response(200, [], request.body)

    client = Client(ClientLimits(connections_per_origin=4))
    async with serving(Door("/", slow)) as listener:
        answers = await asyncio.gather(
            *(client.request("POST", listener.url + "/", body=b"%d" % number) for number in range(100))
        )
        assert [answer.body for answer in answers] == [b"%d" % number for number in range(100)]
        assert len(listener._desk._connections) == 4
        await client.close()


async def test_who_waits_for_a_connection_gets_it_in_turn():
    order = []

    async def note(request):
        order.append(request.path)
        await asyncio.sleep(0.002)
        return Response(200)

    client = Client(ClientLimits(connections_per_origin=1))
    async with serving(Door("/", note)) as listener:
        await asyncio.gather(*(client.request("GET", f"{listener.url}/{number}") for number in range(20)))
        await client.close()
    assert order == [f"/{number}" for number in range(20)]


async def test_waiting_for_a_connection_too_long_reaches_nobody():
    async def slow(request):
        await asyncio.sleep(0.3)
        return Response(200)

    client = Client(ClientLimits(connections_per_origin=1))
    async with serving(Door("/", slow)) as listener:
        first = asyncio.create_task(client.request("GET", listener.url))
        await asyncio.sleep(0.05)
        with pytest.raises(Unreachable) as caught:
            await client.request("GET", listener.url, timeout=0.05)
        assert not caught.value.reached
        assert (await first).status == 200
        assert (await client.request("GET", listener.url)).status == 200
        await client.close()


async def test_a_waiter_that_gave_up_does_not_lose_the_connection():
    client = Client(ClientLimits(connections_per_origin=1))

    async def slow(request):
        await asyncio.sleep(0.05)
        return Response(200)

    async with serving(Door("/", slow)) as listener:
        first = asyncio.create_task(client.request("GET", listener.url))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(client.request("GET", listener.url))
        third = asyncio.create_task(client.request("GET", listener.url))
        await asyncio.sleep(0.01)
        second.cancel()
        assert (await first).status == (await third).status == 200
        await client.close()


async def test_a_cancelled_request_leaves_nothing_for_the_next(client):
    async def by_path(request):
        await asyncio.sleep(0.1 if request.path == "/slow" else 0)
        return Response(200, [], request.path.encode())

    async with serving(Door("/", by_path)) as listener:
        slow = asyncio.create_task(client.request("GET", listener.url + "/slow"))
        await asyncio.sleep(0.03)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        for _ in range(3):
            assert (await client.request("GET", listener.url + "/quick")).body == b"/quick"


async def test_a_connection_closed_between_two_requests_is_made_anew(client):
    async with server(saying(OK)) as (url, connections):
        assert (await client.request("GET", url)).status == 200
        await asyncio.sleep(0.02)
        assert (await client.request("GET", url)).status == 200
        assert len(connections) == 2


async def closing_under_the_second(number, reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)
    if number == 0:
        await reader.readuntil(b"\r\n\r\n")  # the next request meets a closing door
    else:
        await reader.read()


async def test_a_request_that_meets_a_closing_connection_is_sent_once_more(client):
    async with server(closing_under_the_second) as (url, connections):
        assert (await client.request("GET", url)).status == 200
        assert (await client.request("GET", url)).status == 200
        assert len(connections) == 2


async def test_what_must_not_be_sent_twice_is_not(client):
    async with server(closing_under_the_second) as (url, connections):
        await client.request("GET", url)
        with pytest.raises(NoAnswer) as caught:
            await client.request("POST", url, again=False)
        assert caught.value.reached
        assert len(connections) == 1


async def test_a_request_is_never_sent_a_third_time(client):
    async def once(number, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if number == 0:
            writer.write(OK)
            await reader.readuntil(b"\r\n\r\n")

    async with server(once) as (url, connections):
        await client.request("GET", url)
        with pytest.raises(NoAnswer) as caught:
            await client.request("GET", url)
        assert caught.value.reached
        assert len(connections) == 2


async def test_an_answer_begun_is_not_asked_for_again(client):
    async def partly(number, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK[:-1])

    async with server(partly) as (url, connections):
        await client.request("GET", url)
        with pytest.raises(NoAnswer):
            await client.request("GET", url)
        assert len(connections) == 1


async def test_many_connections_gone_stale_together_do_no_harm(client):
    async with serving(Door("/", echo)) as listener:
        await asyncio.gather(*(client.request("GET", listener.url) for _ in range(32)))
        port = listener.port
    async with serving(Door("/", echo), port=port) as listener:
        answers = await asyncio.gather(*(client.request("GET", listener.url) for _ in range(64)))
        assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://nobody.invalid/",
        "ftp://example.org/",
        "http://user@127.0.0.1/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "nonsense",
        "",
    ],
)
async def test_what_cannot_be_called_was_not_reached(client, url):
    with pytest.raises(Unavailable) as caught:
        await client.request("GET", url, timeout=2)
    assert not caught.value.reached
    assert caught.value.reason == Reason.NOT_CONNECTED


async def test_silence_is_no_answer_but_may_have_reached_somebody(client):
    async def silent(request):
        await asyncio.sleep(5)

    async with serving(Door("/", silent)) as listener:
        began = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer) as caught:
            await client.request("GET", listener.url, timeout=0.1)
        assert asyncio.get_running_loop().time() - began < 0.5
        assert (caught.value.reached, caught.value.reason) == (True, Reason.TIMED_OUT)


async def test_a_shorter_time_out_on_a_warm_connection_holds(client):
    async def by_path(request):
        if request.path == "/slow":
            await asyncio.sleep(5)
        return Response(200)

    async with serving(Door("/", by_path)) as listener:
        await client.request("GET", listener.url, timeout=60)
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(client.request("GET", listener.url + "/slow", timeout=0.05), 1)


async def test_the_time_out_covers_a_dripping_answer(client):
    async def drip(number, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for byte in OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    async with server(drip) as (url, _):
        with pytest.raises(NoAnswer):
            await client.request("GET", url, timeout=0.1)


async def test_a_connection_unused_for_long_is_closed():
    client = Client(ClientLimits(idle_seconds=0.05))
    async with serving() as listener:
        await client.request("GET", listener.url, timeout=0.1)
        assert len(listener._desk._connections) == 1
        await asyncio.sleep(0.25)
        assert not listener._desk._connections
        assert (await client.request("GET", listener.url)).status == 200
        await client.close()


async def test_a_line_break_in_a_header_or_address_never_leaves(client):
    seen = []
    async with serving(Door("/", lambda request: seen.append(request) or Response(200))) as listener:
        with pytest.raises(ValueError):
            await client.request("GET", listener.url, headers=[(b"x", b"a\r\nb: c")])
        await client.request("GET", listener.url + "/a\r\nb: c")
    assert [(request.path, b"b" in request.headers) for request in seen] == [("/a\r\nb: c", False)]


async def test_addresses_that_are_forbidden_are_not_called():
    client = Client(forbidden=Addresses(["127.0.0.0/8"]))
    seen = []
    async with serving(Door("/", lambda request: seen.append(request) or Response(200))) as listener:
        with pytest.raises(Unreachable):
            await client.request("GET", listener.url)
        with pytest.raises(Unreachable):
            await client.request("GET", listener.url)
    assert seen == []


async def test_a_closed_client_fails_what_is_awaited_and_calls_nobody():
    async def silent(request):
        await asyncio.sleep(5)

    client = Client()
    async with serving(Door("/", silent)) as listener:
        waiting = asyncio.create_task(client.request("GET", listener.url))
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(Unavailable):
            await waiting
        with pytest.raises(Unreachable):
            await client.request("GET", listener.url)


async def test_a_huge_answer_comes_whole(client):
    async def huge():
        for _ in range(200):
            yield b"a" * 100_000

    async with serving(Door("/", lambda request: Stream(200, [], huge()))) as listener:
        assert len((await client.request("GET", listener.url, timeout=10)).body) == 20_000_000


async def test_ten_thousand_requests_pass_one_connection(client):
    async with serving(Door("/", lambda request: Response(200, [], request.body))) as listener:
        for number in range(10_000):
            answer = await client.request("POST", listener.url, body=b"%d" % number)
            assert answer.body == b"%d" % number
        assert len(listener._desk._connections) == 1
