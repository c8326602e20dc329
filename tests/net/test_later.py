"""Answers that somebody gives once he has them, without a task that waits."""

import asyncio

from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.http import Later, Response
from tests.net.raw import calling, serving


async def test_an_answer_given_later_reaches_its_caller():
    owed = []

    def handler(_request):
        owed.append(Later())
        return owed[-1]

    async with serving(Door("/", handler)) as listener:
        client = Client()
        asked = asyncio.ensure_future(client.request("GET", listener.url))
        while not owed:
            await asyncio.sleep(0)
        assert not asked.done()
        owed[0].give(Response(200, [], b"now"))
        assert (await asked).body == b"now"
        await client.close()


async def test_an_answer_that_was_there_already_is_taken_at_once():
    later, taken = Later(), []
    later.give(Response(200))
    later.then(taken.append)
    assert [answer.status for answer in taken] == [200]


async def test_pipelined_callers_get_their_answers_in_order_whoever_knows_his_first():
    owed = {}

    def handler(request):
        owed[request.path] = Later()
        return owed[request.path]

    async with serving(Door("/", handler)) as listener, calling(listener) as caller:
        await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        while "/1" not in owed:
            await asyncio.sleep(0.001)
        assert "/2" not in owed  # its turn comes after the answer before it
        owed["/1"].give(Response(200, [], b"first"))
        while "/2" not in owed:
            await asyncio.sleep(0.001)
        owed["/2"].give(Response(200, [], b"second"))
        assert [(await caller.reply()).body, (await caller.reply()).body] == [b"first", b"second"]


async def test_an_answer_for_a_caller_who_left_is_thrown_away():
    owed = []

    def handler(_request):
        owed.append(Later())
        return owed[-1]

    async with serving(Door("/", handler)) as listener:
        async with calling(listener) as caller:
            await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
            while not owed:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        owed[0].give(Response(200, [], b"late"))
