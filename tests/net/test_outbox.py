"""What is written in one turn of the loop leaves when the turn is over."""

import asyncio

from interroam.net.outbox import Outbox
from tests.net.misbehaving import OK, saying, server


async def test_what_is_put_in_one_turn_leaves_with_the_next_but_not_to_who_hung_up():
    async with server(saying(OK)) as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        pairs = [await asyncio.open_connection(host, int(port.strip("/"))) for _ in range(3)]
        outbox = Outbox()
        for _, writer in pairs:
            outbox.put(writer.transport, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        pairs[2][1].transport.abort()
        answers = [await asyncio.wait_for(reader.read(64), 5) for reader, _ in pairs]
        assert [bool(answer) for answer in answers] == [True, True, False]
        for _, writer in pairs:
            writer.transport.abort()
