"""Small back offices: outsiders that know a node by its API, its webhooks and its stream, and by nothing else."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from interroam.demo.api import Api
from interroam.net.doors import Door
from interroam.net.http import JSON, Request, Response
from interroam.net.listener import Listener

T = TypeVar("T")
Json = dict[str, Any]
_AGAIN_S = 0.2


class Office:
    """A back office: what it was told, and what it answers when it is asked."""

    def __init__(self, api: Api, answer: Callable[[Json], Awaitable[Json]] | None = None) -> None:
        self.api = api
        self.facts: list[Json] = []
        self.asked: list[Json] = []
        self.forged = 0
        """Webhooks whose signature was wrong."""
        self._seen: set[int] = set()
        self._answer = answer
        self._secret = ""
        self._rung = asyncio.Event()
        self._listener = Listener([Door("/hook", self._hook)])
        self._streaming: asyncio.Task[None] | None = None

    async def open(self, *, facts: bool, questions: tuple[str, ...]) -> None:
        """Set the webhook: where facts go, and which questions are answered."""
        await self._listener.start()
        wanted = {"url": f"{self._listener.url}/hook", "facts": facts, "questions": questions}
        self._secret = (await self.api.put("webhook", body=wanted))["secret"]

    def follow(self, url: str, token: str) -> None:
        """Follow the stream of facts for good; a broken one is resumed where it broke."""
        self._streaming = asyncio.create_task(self._stream(url, token))

    async def close(self) -> None:
        """Answer no more."""
        if self._streaming is not None:
            self._streaming.cancel()
            await asyncio.gather(self._streaming, return_exceptions=True)
        await self._listener.close(0.1)

    async def hears(self, what: Callable[[Json], T | None], within: float = 10.0) -> T:
        """Return what the first fact that fits says; TimeoutError, with what came instead, when none does."""
        try:
            async with asyncio.timeout(within):
                while True:
                    self._rung.clear()
                    for fact in self.facts:
                        found = what(fact)
                        if found is not None and found is not False:
                            return found
                    await self._rung.wait()
        except TimeoutError:
            last = msgspec.json.encode(self.facts[-1:]).decode()
            raise TimeoutError(f"nothing of the kind was heard in {within:.0f} s; the last fact was {last}") from None

    # -- webhooks --------------------------------------------------------------------------------------------------

    async def _hook(self, request: Request) -> Response:
        signature = request.headers.get(b"interroam-signature", b"").decode("latin-1")
        if not _genuine(self._secret, signature, request.body):
            self.forged += 1
            return Response(401)
        said = msgspec.json.decode(request.body)
        if "question" not in said:
            self._take(said)
            return Response(200)
        self.asked.append(said)
        if self._answer is None:
            return Response(501)
        return Response(200, [JSON], msgspec.json.encode(await self._answer(said)))

    def _take(self, fact: Json) -> None:
        """Take a fact; one that comes twice carries the same number."""
        seq = fact["seq"]
        if seq and seq in self._seen:
            return
        self._seen.add(seq)
        self.facts.append(fact)
        self._rung.set()

    # -- the stream ------------------------------------------------------------------------------------------------

    async def _stream(self, url: str, token: str) -> None:
        host = urlsplit(url)
        reached = ""
        while True:
            with suppress(OSError, EOFError):
                reader, writer = await asyncio.open_connection(host.hostname, host.port)
                try:
                    # HTTP/1.0, so that the pieces come as they are.
                    head = f"GET /api/v1/facts/stream HTTP/1.0\r\nhost: {host.netloc}\r\nauthorization: Bearer {token}"
                    writer.write(f"{head}\r\nlast-event-id: {reached or 0}\r\n\r\n".encode())
                    reached = await self._events(reader, reached)
                finally:
                    writer.close()
            await asyncio.sleep(_AGAIN_S)

    async def _events(self, reader: asyncio.StreamReader, reached: str) -> str:
        lines: deque[bytes] = deque()
        with suppress(OSError):
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    reached = line[4:].decode().strip()
                elif line.startswith(b"data: "):
                    lines.append(line[6:])
                elif not line.strip():
                    while lines:
                        self._take(msgspec.json.decode(lines.popleft()))
        return reached


def _genuine(secret: str, signature: str, body: bytes) -> bool:
    """Whether a webhook is signed with our secret and fresh: what every receiver does."""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    moment, given = parts.get("t", ""), parts.get("v1", "")
    if not moment.isdigit() or abs(time.time() - int(moment)) > 300:
        return False
    return hmac.compare_digest(given, hmac.new(secret.encode(), moment.encode() + b"." + body, "sha256").hexdigest())
