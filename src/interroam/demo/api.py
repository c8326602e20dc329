"""How a back office or an operator calls a node: JSON over HTTP, or over the node's socket file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import msgspec

from interroam.net.client import Client
from interroam.net.socketfile import short

API = "/api/v1"
ADMIN = f"{API}/admin"
_DEADLINE_S = 30.0


class Answered(msgspec.Struct, frozen=True):
    """A status and the bytes of a body."""

    status: int
    body: bytes
    retry_after: float = 0.0


class ApiError(Exception):
    """The node said no: ``status``, and the ``reason`` and ``remedy`` it gave."""

    def __init__(self, what: str, answer: Answered) -> None:
        said = _said(answer.body)
        self.status = answer.status
        self.retry_after = answer.retry_after
        self.reason = str(said.get("reason", ""))
        self.remedy = str(said.get("remedy", ""))
        self.message = str(said.get("message", answer.body.decode("utf-8", "replace")))
        super().__init__(f"{what}: {answer.status} {self.message}" + (f" ({self.remedy})" if self.remedy else ""))


class Way(Protocol):
    """Carries one request to a node."""

    async def __call__(self, method: str, path: str, body: bytes, within: float) -> Answered:
        """Send and wait for the answer."""
        ...


class Api:
    """A node's API below one path, as one caller sees it."""

    def __init__(self, way: Way, base: str = API) -> None:
        self._way = way
        self._base = base

    async def get(self, *path: str, **query: object) -> Any:
        """Read; underscores at the end of a name are dropped (``from_``)."""
        asked = {name.rstrip("_"): value for name, value in query.items() if value is not None}
        return await self._call("GET", path, query=f"?{urlencode(asked)}" if asked else "")

    async def put(self, *path: str, body: object) -> Any:
        """State."""
        return await self._call("PUT", path, body)

    async def post(self, *path: str, body: object = None) -> Any:
        """Tell or ask."""
        return await self._call("POST", path, body)

    async def patch(self, *path: str, body: object) -> Any:
        """Change."""
        return await self._call("PATCH", path, body)

    async def delete(self, *path: str) -> Any:
        """Take away."""
        return await self._call("DELETE", path)

    async def _call(self, method: str, path: tuple[str, ...], body: object = None, query: str = "") -> Any:
        target = "/".join((self._base, *(quote(part, safe="") for part in path))) + query
        payload = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        answer = await self._way(method, target, payload, _DEADLINE_S)
        if not 200 <= answer.status < 300:
            raise ApiError(f"{method} {target}", answer)
        return msgspec.json.decode(answer.body) if answer.body else None


def over_http(client: Client, url: str, token: str = "") -> Way:
    """Call at an address, with the secret of a back office or of a log-in."""
    headers = [(b"content-type", b"application/json")]
    if token:
        headers.append((b"authorization", b"Bearer " + token.encode()))

    async def call(method: str, path: str, body: bytes, within: float) -> Answered:
        answer = await client.request(method, url + path, headers=headers, body=body, timeout=within)
        return Answered(answer.status, answer.body, float(answer.headers.get(b"retry-after", b"0")))

    return call


def over_socket(file: Path) -> Way:
    """Call at a node's socket file: whoever may open it is the administrator of this machine."""

    async def call(method: str, path: str, body: bytes, within: float) -> Answered:
        async with asyncio.timeout(within):
            with short(file) as way:
                reader, writer = await asyncio.open_unix_connection(way)
            try:
                head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
                await writer.drain()
                received = await reader.read()
            finally:
                writer.close()
        start, _, rest = received.partition(b"\r\n\r\n")
        return Answered(int(start[9:12]), rest)

    return call


def _said(body: bytes) -> dict[str, object]:
    try:
        said = msgspec.json.decode(body, type=dict[str, Any]).get("error", {})
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}
    return said if isinstance(said, dict) else {"message": said}
