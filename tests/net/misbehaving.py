"""Servers that say exactly what they are told to."""

import asyncio
from contextlib import asynccontextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def server(talk):
    """Run a server that does whatever ``talk(number, reader, writer)`` does, number counting connections from 0."""
    connections = []

    async def connected(reader, writer):
        connections.append(writer)
        try:
            await talk(len(connections) - 1, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", connections
    finally:
        listening.close()
        for writer in connections:
            writer.transport.abort()


def saying(*answers):
    """Answer each request of a connection with the next of these."""

    async def talk(number, reader, writer):
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return talk
