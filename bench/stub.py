"""Cheap eMSPs: they take what is sent, allow every card, count what came, and cost as little as Python can.

Run as ``python -m bench.stub PORT …``, one port for each; ``GET /count`` answers how many facts came.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import httptools
import uvloop

from bench.messages import EMSPS, encoded, token, when

_OK = b'{"status_code":1000,"status_message":"Success","timestamp":"2025-01-01T00:00:00Z"}'


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


_TAKEN = _answer(_OK)
_ALLOWED = {
    str(card["uid"]).encode(): _answer(
        encoded(
            {
                "status_code": 1000,
                "timestamp": when(),
                "data": {"allowed": "ALLOWED", "token": card, "authorization_reference": f"REF{number}"},
            }
        )
    )
    for emsp in EMSPS
    for number in range(64)
    for card in (token(emsp, number),)
}


class _Counter:
    taken = 0


class _Line(asyncio.Protocol):
    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_message_complete(self) -> None:
        url, transport = self._url, cast("asyncio.Transport", self._transport)
        if b"/authorize" in url:
            transport.write(_ALLOWED[url.split(b"/authorize", 1)[0].rsplit(b"/", 1)[1]])
        elif url == b"/count":
            transport.write(_answer(json.dumps({"taken": _Counter.taken}).encode()))
        else:
            _Counter.taken += 1
            transport.write(_TAKEN)


async def main(ports: list[int]) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(_Line, "127.0.0.1", port) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    uvloop.run(main([int(port) for port in sys.argv[1:]]))
