"""A caller that says exactly what it is told to, byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from interroam.net.doors import Door
from interroam.net.http import Request, Response
from interroam.net.limits import Limits
from interroam.net.listener import Listener

GET = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"


class Reply(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Caller:
    """One raw connection."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def say(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, *, bare=False):
        """Read one answer."""
        start = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = start[:-4].split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines)
        body = b""
        pieces = []
        if headers.get(b"transfer-encoding") == b"chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                pieces.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
            body = b"".join(pieces)
        elif not bare:
            body = await self.reader.readexactly(int(headers.get(b"content-length", b"0")))
        return Reply(int(first.split()[1]), headers, body)

    async def rest(self):
        """Read to the end of the connection, which must come."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5)
        except ConnectionResetError:
            return b""


async def echo(request: Request) -> Response:
    """Answer with what arrived."""
    return Response(200, [(b"x-path", request.path.encode()), (b"x-query", request.query)], request.body)


@asynccontextmanager
async def serving(*doors: Door, limits: Limits | None = None, **options) -> AsyncIterator[Listener]:
    listener = Listener(doors or [Door("/", echo)], limits=limits, **options)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.close(0.2)


@asynccontextmanager
async def calling(listener: Listener, **options) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, **options)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()
