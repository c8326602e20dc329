"""A node with an OCPI door on a real socket and a real store, and the partners that call it."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from interroam.core.book import Book
from interroam.core.hub import Deadlines, Hub
from interroam.core.keys import Keyring
from interroam.core.ports import Link
from interroam.core.uuid7 import Uuid7
from interroam.model.agreements import Agreement, Terms
from interroam.model.facts import Exchange
from interroam.model.ids import Module, Party
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.net.doors import Door
from interroam.net.http import Request, Response
from interroam.net.listener import Listener
from interroam.protocols.ocpi.server import OcpiServer
from interroam.protocols.ocpi.views import Views
from interroam.store import SqliteStore

START = datetime(2026, 3, 14, 12, 30, tzinfo=UTC)
HUB = Party.parse("CH*HUB/HUB")
RECEIVER, SENDER = "receiver", "sender"


class Clock:
    """A clock that a test sets; it rests for real."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


class NoConfiguration:
    """The part of the door that the tests of the handshake look at."""

    def answers(self, path: str) -> bool:
        return path == "/ocpi/versions"

    async def answer(self, request: Request) -> Response:
        return Response(200, [], b"{}")

    async def used(self, partner: Partner) -> None:
        pass


class Reply(NamedTuple):
    """What came back."""

    http: int
    status: int
    data: Any
    headers: Any
    message: str


class Caller:
    """One platform, calling as one of its parties."""

    def __init__(self, node: Node, token: str, party: str, to: str | None) -> None:
        self._node = node
        self.token = token
        self.party = party
        self.to = to
        self._numbers = itertools.count(1)

    def headers(self, **changed: str | None) -> dict[str, str]:
        number = next(self._numbers)
        given = {
            "Authorization": "Token " + base64.b64encode(self.token.encode()).decode(),
            "X-Request-ID": f"{self.party}-r{number}",
            "X-Correlation-ID": f"{self.party}-c{number}",
            "OCPI-from-country-code": self.party[:2],
            "OCPI-from-party-id": self.party[3:],
        }
        if self.to:
            given |= {"OCPI-to-country-code": self.to[:2], "OCPI-to-party-id": self.to[3:]}
        given |= {name.replace("_", "-"): value for name, value in changed.items() if value is not None}
        return {name: value for name, value in given.items() if changed.get(name.replace("-", "_"), "") is not None}

    async def call(self, method: str, path: str, body: Any = None, **changed: str | None) -> Reply:
        url = path if path.startswith("http") else f"{self._node.url}/ocpi/2.2.1/{path}"
        sent: dict[str, Any] = {"json": body} if not isinstance(body, bytes) else {"data": body}
        if body is None:
            sent = {}
        elif isinstance(body, bytes):
            changed = {"Content_Type": "application/json", **changed}
        async with self._node.http.request(method, url, headers=self.headers(**changed), **sent) as answer:
            read = await answer.json(content_type=None)
            return Reply(
                answer.status, read["status_code"], read.get("data"), answer.headers, read.get("status_message", "")
            )

    async def put(self, path: str, body: Any, **changed: str | None) -> Reply:
        return await self.call("PUT", path, body, **changed)

    async def patch(self, path: str, body: Any, **changed: str | None) -> Reply:
        return await self.call("PATCH", path, body, **changed)

    async def post(self, path: str, body: Any, **changed: str | None) -> Reply:
        return await self.call("POST", path, body, **changed)

    async def get(self, path: str, **changed: str | None) -> Reply:
        return await self.call("GET", path, **changed)


class Node:
    """A hub between CH*CCC, CH*DDD (CPOs) and DE*EEE, DE*FFF (eMSPs)."""

    def __init__(self, folder: Path, own: Party = HUB, *, hub: bool = True) -> None:
        self.clock = Clock()
        self.store = SqliteStore(folder / "node.db")
        self.ids = Uuid7(self.clock)
        self.book = Book(self.store, Keyring.fresh(), own if hub else None)
        self.links: dict[str, Link] = {}
        self.hub = Hub(self.store, self.book, self.links, self.clock, self.ids, Deadlines(partner=2.0, door=4.0))
        self.server = OcpiServer(self.hub, NoConfiguration(), lambda: self.url, own.id, Views(self.hub))
        self.listener = Listener([Door("/ocpi", self.server.handle)])
        self.http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.listener.url

    async def start(self) -> None:
        await self.store.open()
        await self.book.load()
        await self.listener.start()
        self.http = aiohttp.ClientSession()

    async def stop(self) -> None:
        await self.http.close()
        await self.listener.close(1.0)
        await self.store.close()

    async def partner(
        self, name: str, *parties: str, purpose: Purpose = Purpose.REGULAR, to: str | None = "CH*HUB", **fields: Any
    ) -> Caller:
        """Add a partner with a token, and return it as one that calls for its first party."""
        spoken = tuple(Party.parse(party) for party in parties)
        state = fields.pop("state", PartnerState.CONNECTED)
        await self.book.put_partner(Partner(id=name, protocol="ocpi", parties=spoken, state=state, **fields))
        token = f"secret-of-{name}"
        fingerprint = self.book.keyring.fingerprint(token)
        await self.book.admit(Credential(fingerprint, name, purpose, START))
        return Caller(self, token, parties[0].partition("/")[0], to)

    async def agree(self, emsp: str, *cpos: str, ends: datetime | None = None, off: tuple[Module, ...] = ()) -> None:
        terms = {module: Terms(on=False) for module in off}
        await self.book.put_agreement(
            Agreement(
                id=self.ids.new(),
                emsp=Party.parse(f"{emsp}/EMSP"),
                cpos=tuple(Party.parse(f"{cpo}/CPO") for cpo in cpos),
                starts=START - timedelta(days=1),
                ends=ends,
                terms=terms,
            )
        )

    async def traces(self, *ids: str, partner: str | None = None) -> list[Exchange]:
        return await self.store.traces(ids=ids, partner=partner)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    made = Node(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def cpo(node: Node) -> Caller:
    return await node.partner("ccc", "CH*CCC/CPO")


@pytest.fixture
async def emsp(node: Node, cpo: Caller) -> Caller:
    made = await node.partner("eee", "DE*EEE/EMSP")
    await node.agree("DE*EEE", "CH*CCC")
    return made
