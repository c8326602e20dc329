"""Answers that somebody gives once he has them, without a task that waits."""

import asyncio

from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.http import Later, Response
from tests.net.raw import calling, serving


class Owing:
    """A handler that owes every answer."""

    def __init__(self):
        self.owed = asyncio.Queue()

    def __call__(self, _request):
        later = Later()
        self.owed.put_nowait(later)
        return later


async def test_an_answer_given_later_reaches_its_caller():
    owing = Owing()
    async with serving(Door("/", owing)) as listener:
        client = Client()
        asked = asyncio.ensure_future(client.request("GET", listener.url))
        later = await owing.owed.get()
        assert not asked.done()
        later.give(Response(200, [], b"now"))
        assert (await asked).body == b"now"
        await client.close()


async def test_an_answer_that_was_there_already_is_taken_at_once():
    later, taken = Later(), []
    later.give(Response(200))
    later.then(taken.append)
    assert [answer.status for answer in taken] == [200]


async def test_pipelined_callers_get_their_answers_in_order():
    owing = Owing()
    async with serving(Door("/", owing)) as listener, calling(listener) as caller:
        await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        first = await owing.owed.get()
        await asyncio.sleep(0.01)
        assert owing.owed.empty()  # its turn comes after the answer before it
        first.give(Response(200, [], b"first"))
        (await owing.owed.get()).give(Response(200, [], b"second"))
        assert [(await caller.reply()).body, (await caller.reply()).body] == [b"first", b"second"]


async def test_an_answer_for_a_caller_who_left_is_thrown_away():
    owing = Owing()
    async with serving(Door("/", owing)) as listener:
        async with calling(listener) as caller:
            await caller.say(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
            later = await owing.owed.get()
        await asyncio.sleep(0.01)
        later.give(Response(200, [], b"late"))
