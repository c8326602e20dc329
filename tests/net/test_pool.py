"""Places, waiters and time-outs of the client when calls fail or are given up."""

import asyncio

import pytest

from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.errors import NoAnswer, Unreachable
from interroam.net.http import Response
from interroam.net.limits import ClientLimits
from tests.net.misbehaving import OK, saying, server
from tests.net.raw import serving


@pytest.fixture
async def client():
    client = Client(ClientLimits(connections_per_origin=1))
    yield client
    await client.close()


async def slow_or_quick(request):
    if request.path == "/slow":
        await asyncio.sleep(5)
    return Response(200)


async def test_a_longer_time_out_after_a_shorter_one_holds(client):
    async with serving(Door("/", slow_or_quick)) as listener:
        await client.request("GET", listener.url, timeout=0.05)
        began = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(client.request("GET", listener.url + "/slow", timeout=0.2), 1)
        assert asyncio.get_running_loop().time() - began > 0.15


async def test_a_fresh_connection_that_ends_without_an_answer_is_not_tried_again(client):
    async with server(saying(b"")) as (url, connections):
        with pytest.raises(NoAnswer) as caught:
            await client.request("GET", url)
        assert caught.value.reached
        assert len(connections) == 1


async def test_a_call_given_up_frees_its_place_at_once(client):
    async with serving(Door("/", slow_or_quick)) as listener:
        slow = asyncio.create_task(client.request("GET", listener.url + "/slow"))
        await asyncio.sleep(0.03)
        slow.cancel()
        assert (await client.request("GET", listener.url, timeout=0.5)).status == 200


async def test_a_request_written_to_a_closing_connection_may_have_reached_somebody(client):
    async def leaving(number, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        listening.close()

    async def connected(reader, writer):
        await leaving(0, reader, writer)
        writer.transport.abort()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    await client.request("GET", url)
    with pytest.raises(Unreachable) as caught:
        await client.request("GET", url)
    assert caught.value.reached


async def test_those_who_wait_learn_at_once_that_nobody_listens(client):
    async with server(saying(OK)) as (url, _):
        pass
    results = await asyncio.wait_for(
        asyncio.gather(*(client.request("GET", url) for _ in range(5)), return_exceptions=True), 2
    )
    assert [type(result) for result in results] == [Unreachable] * 5


async def test_those_who_wait_get_the_place_of_a_connection_that_ended(client):
    async with server(saying(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) as (url, connections):
        answers = await asyncio.wait_for(asyncio.gather(*(client.request("GET", url) for _ in range(5))), 2)
        assert [answer.body for answer in answers] == [b"ok"] * 5
        assert len(connections) == 5
