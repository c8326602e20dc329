"""A crawl of a whole list by its Links, page after page on one connection."""

from __future__ import annotations

import re
import socket
import time
from urllib.parse import urlsplit

import httptools

from bench.load import Failed
from bench.messages import Door, request

_NEXT = re.compile(rb'<([^>]+)>; *rel="?next"?')


class Crawl:
    """One connection that reads pages."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._socket = socket.create_connection((door.host, door.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = httptools.HttpResponseParser(self)
        self._complete = False
        self._link = b""
        self._head = b""

    def page(self, limit: int) -> None:
        """Read the first page."""
        self._ask(request(self._door, "GET", f"{self._door.sender}/locations?limit={limit}"))

    def whole(self, limit: int) -> list[float]:
        """Read the whole list; the seconds each page took."""
        took: list[float] = []
        path = f"{self._door.sender}/locations?limit={limit}"
        while path:
            wanted = request(self._door, "GET", path)
            began = time.perf_counter()
            self._ask(wanted)
            took.append(time.perf_counter() - began)
            found = _NEXT.search(self._link)
            parts = urlsplit(found[1].decode()) if found else None
            path = f"{parts.path}?{parts.query}" if parts else ""
        return took

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _ask(self, wanted: bytes) -> None:
        self._complete, self._link, self._head = False, b"", b""
        self._socket.sendall(wanted)
        while not self._complete:
            data = self._socket.recv(1 << 20)
            if not data:
                raise Failed("the server hung up")
            self._parser.feed_data(data)
        if self._parser.get_status_code() != 200:
            raise Failed(f"HTTP {self._parser.get_status_code()}: {self._head[:300]!r}")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the Link."""
        if name.lower() == b"link":
            self._link = value

    def on_body(self, piece: bytes) -> None:
        """Keep the beginning."""
        self._head = self._head or piece

    def on_message_complete(self) -> None:
        """Note the end."""
        self._complete = True
