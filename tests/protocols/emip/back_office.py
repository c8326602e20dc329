"""A back office on the plain API of a node that stands before a scripted platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import aiohttp
from aiohttp import web

from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from tests.clocks import ClockAhead
from tests.protocols.emip.nodes import LONG_AGO, Node
from tests.protocols.emip.partner import Partner as Platform


@dataclass
class BackOffice:
    """A node, its back office and the platform before it."""

    operator: ClassVar[str]
    node: Node
    iop: Platform
    http: aiohttp.ClientSession
    asked: list[dict[str, Any]] = field(default_factory=list)
    """What the back office was asked."""
    facts: list[dict[str, Any]] = field(default_factory=list)
    """What it was told."""
    answers: dict[str, Any] = field(default_factory=dict)
    hook: str = ""

    @property
    def clock(self) -> ClockAhead:
        return self.node.clock

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": "Bearer office"}
        async with self.http.request(method, f"{self.node.url}/api/v1{path}", json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, (await answer.json()) if text else None

    async def put(self, path: str, body: Any) -> Any:
        status, answer = await self.call("PUT", path, body)
        assert status == 200, answer
        return answer

    async def take(self, request: web.Request) -> web.Response:
        said = await request.json()
        if "question" not in said:
            self.facts.append(said)
            return web.Response(status=204)
        self.asked.append(said)
        answer = self.answers.get(said["question"], {"result": "ACCEPTED"})
        if callable(answer):
            answer = await answer(said)
        return web.json_response(answer)

    async def ask(self, operation: str, fields: Any, **more: Any) -> Any:
        """Ask the node as the platform does."""
        more.setdefault("target", self.operator)
        return await self.iop.call(self.node.url, f"eMIP_FromIOP_{operation}", fields, **more)


@asynccontextmanager
async def let_in(office: BackOffice, role: str) -> AsyncIterator[None]:
    """Let a back office in that speaks for its operator in this role, and run its webhook."""
    book, parties = office.node.book, (Party.parse(f"{office.operator}/{role}"),)
    await book.put_partner(Partner(id="office", protocol="plain", parties=parties, state=PartnerState.CONNECTED))
    await book.admit(Credential(book.keyring.fingerprint("office"), "office", Purpose.REGULAR, LONG_AGO))
    app = web.Application()
    app.router.add_post("/hook", office.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    office.hook = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"
    yield
    await runner.cleanup()
