"""A hub on a real socket and a real store, and the partners that call it."""

from __future__ import annotations

import base64
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp
import pytest

from interroam.model.agreements import Agreement
from interroam.model.facts import Entry, Exchange
from interroam.model.ids import Kind, Party
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from tests.protocols.ocpi import nodes
from tests.protocols.ocpi.nodes import LONG_AGO
from tests.protocols.ocpi.partners import Peer
from tests.waiting import eventually

HUB = "CH*HUB"


class Reply(NamedTuple):
    """What came back."""

    http: int
    status: int
    data: Any
    headers: Any
    message: str


class Caller:
    """One platform, calling as one of its parties."""

    def __init__(self, node: Node, token: str, party: str, to: str | None = HUB) -> None:
        self._node = node
        self.token = token
        self.party = party
        self.to = to
        self._numbers = itertools.count(1)

    def headers(self, changed: dict[str, str | None]) -> dict[str, str]:
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
        return {name: value for name, value in {**given, **changed}.items() if value is not None}

    async def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str | None] | None = None
    ) -> Reply:
        """Call; a header that is None is left out, bytes are sent as they are."""
        url = path if path.startswith("http") else f"{self._node.url}/ocpi/{path}"
        if not path.startswith(("http", "versions", "2.2.1")):
            url = f"{self._node.url}/ocpi/2.2.1/{path}"
        changed = dict(headers or {})
        sent: dict[str, Any] = {}
        if isinstance(body, bytes):
            sent = {"data": body}
            changed.setdefault("Content-Type", "application/json")
        elif body is not None:
            sent = {"json": body}
        async with self._node.http.request(method, url, headers=self.headers(changed), **sent) as answer:
            read = await answer.json(content_type=None)
            return Reply(
                answer.status, read["status_code"], read.get("data"), answer.headers, read.get("status_message", "")
            )

    async def put(self, path: str, body: Any, headers: dict[str, str | None] | None = None) -> Reply:
        return await self.call("PUT", path, body, headers)

    async def patch(self, path: str, body: Any, headers: dict[str, str | None] | None = None) -> Reply:
        return await self.call("PATCH", path, body, headers)

    async def post(self, path: str, body: Any, headers: dict[str, str | None] | None = None) -> Reply:
        return await self.call("POST", path, body, headers)

    async def get(self, path: str, headers: dict[str, str | None] | None = None) -> Reply:
        return await self.call("GET", path, None, headers)

    async def delete(self, path: str, body: Any = None) -> Reply:
        return await self.call("DELETE", path, body)


class Node(nodes.Node):
    """A node whose partners call as a test tells them."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.close()
        await super().__aexit__(*error)

    async def partner(
        self, name: str, *parties: str, purpose: Purpose = Purpose.REGULAR, to: str | None = HUB, **fields: Any
    ) -> Caller:
        """Add a partner with a token, and return it as one that calls for its first party."""
        state = fields.pop("state", PartnerState.CONNECTED)
        await self.expect(name, *parties, state=state, **fields)
        token = f"secret-of-{name}"
        fingerprint = self.book.keyring.fingerprint(token)
        await self.book.admit(Credential(fingerprint, name, purpose, self.clock.now()))
        return Caller(self, token, parties[0].partition("/")[0], to)

    async def change(self, name: str, **fields: Any) -> None:
        partner = self.book.partners[name]
        kept = {field: getattr(partner, field) for field in partner.__struct_fields__}
        await self.book.put_partner(Partner(**{**kept, **fields}))

    async def connect(self, name: str, peer: Peer, *parties: str, **fields: Any) -> Caller:
        """Let a platform register, and return it as a caller."""
        await self.expect(name, *parties, **fields)
        await peer.post_credentials(self.url, await self.invite(name))
        assert peer.given is not None
        return Caller(self, peer.given["token"], parties[0].partition("/")[0])

    async def roam(self, emsp: str, *cpos: str) -> None:
        """Let an eMSP and CPOs roam, whoever of them can be reached."""
        parties = tuple(Party.parse(f"{cpo}/CPO") for cpo in cpos)
        await self.book.put_agreement(
            Agreement(id=f"{emsp}-{'-'.join(cpos)}", emsp=Party.parse(f"{emsp}/EMSP"), cpos=parties, starts=LONG_AGO)
        )

        def goes_on() -> bool:
            return any(one.cursor.seeds and not one.cursor.failures for one in self.dispatch.couriers)

        await eventually(lambda: not goes_on())  # what is there already goes first, as far as it can be sent

    async def journal(self, kind: Kind) -> list[Entry]:
        return [entry for entry in await self.store.entries(0) if entry.key.kind is kind]

    async def traces(self, *ids: str, partner: str | None = None) -> list[Exchange]:
        if ids:
            return await self.store.traces(ids=ids)
        return await self.store.traces(partner=partner)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with Node(tmp_path, hub=HUB) as made:
        yield made


@pytest.fixture
async def cpo(node: Node) -> Caller:
    return await node.partner("ccc", "CH*CCC/CPO")


@pytest.fixture
async def emsp(node: Node, cpo: Caller) -> Caller:
    made = await node.partner("eee", "DE*EEE/EMSP")
    await node.roam("DE*EEE", "CH*CCC")
    return made


@pytest.fixture
async def provider(node: Node, cpo: Caller) -> AsyncIterator[tuple[Peer, Caller]]:
    """An eMSP that can be called back, in agreement with the CPO."""
    async with Peer((("DE", "EEE", "EMSP"),)) as peer:
        caller = await node.connect("eee", peer, "DE*EEE/EMSP")
        await node.roam("DE*EEE", "CH*CCC")
        yield peer, caller


@pytest.fixture
async def operator(node: Node) -> AsyncIterator[tuple[Peer, Caller]]:
    """A CPO that can be called back."""
    async with Peer((("CH", "CCC", "CPO"),)) as peer:
        yield peer, await node.connect("ccc", peer, "CH*CCC/CPO")
