"""Answers that somebody gives once he has them, without a task that waits."""

import asyncio

from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.http import LATER, Response
from tests.net.raw import calling, serving


class Owing:
    """A handler that owes every answer."""

    def __init__(self):
        self.owed = asyncio.Queue()

    def __call__(self, request):
        self.owed.put_nowait(request)
        return LATER


def give(request, body):
    request.taker.take(request, Response(200, [], body))


async def test_an_answer_given_later_reaches_its_caller():
    owing = Owing()
    async with serving(Door("/", owing)) as listener:
        client = Client()
        asked = asyncio.ensure_future(client.request("GET", listener.url))
        request = await owing.owed.get()
        assert not asked.done()
        give(request, b"now")
        assert (await asked).body == b"now"
        await client.close()


async def test_an_answer_that_is_there_already_is_sent_at_once():
    def hasty(request):
        give(request, b"already")
        return LATER

    async with serving(Door("/", hasty)) as listener, calling(listener) as caller:
        await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [(await caller.reply()).body, (await caller.reply()).body] == [b"already", b"already"]


async def test_a_request_is_answered_once_however_often_its_answer_is_given():
    owing = Owing()
    async with serving(Door("/", owing)) as listener, calling(listener) as caller:
        await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        first = await owing.owed.get()
        give(first, b"first")
        give(first, b"again")
        give(await owing.owed.get(), b"second")
        assert [(await caller.reply()).body, (await caller.reply()).body] == [b"first", b"second"]


async def test_pipelined_callers_get_their_answers_in_order():
    owing = Owing()
    async with serving(Door("/", owing)) as listener, calling(listener) as caller:
        await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        first = await owing.owed.get()
        await asyncio.sleep(0.01)
        assert owing.owed.empty()  # its turn comes after the answer before it
        give(first, b"first")
        give(await owing.owed.get(), b"second")
        assert [(await caller.reply()).body, (await caller.reply()).body] == [b"first", b"second"]


async def test_an_answer_for_a_caller_who_left_is_thrown_away():
    owing = Owing()
    async with serving(Door("/", owing)) as listener:
        async with calling(listener) as caller:
            await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
            request = await owing.owed.get()
        await asyncio.sleep(0.01)
        give(request, b"late")
        assert not listener._desk.busy
