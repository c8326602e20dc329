"""A node with two back offices, on real sockets and a real file; and a back office's webhook."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from interroam.core.delivering.dispatch import Dispatch
from interroam.core.hub import Deadlines, Hub
from interroam.core.keys import Keyring
from interroam.core.parties.book import Book
from interroam.core.uuid7 import Uuid7
from interroam.model.agreements import Agreement
from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, Purpose
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.listener import Listener
from interroam.net.premises import Premises
from interroam.protocols.plain.room import PlainRoom
from interroam.protocols.plain.rules import verify
from interroam.store import SqliteStore
from tests.clocks import StillClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HUB = Party.parse("CH*HUB/HUB")


@dataclass
class Node:
    """What a test sees of a node."""

    hub: Hub
    room: PlainRoom
    clock: StillClock
    url: str
    http: aiohttp.ClientSession

    async def call(self, who, method, path, body=None, **more):
        """Call the API as ``who``; returns status and decoded body."""
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {who}"} if who else {})
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with self.http.request(method, f"{self.url}/api/v1{path}", data=data, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None


@asynccontextmanager
async def running(folder, *, hub=HUB, insecure=True):
    """Run a node with the partners of ``PARTIES``; CH*EEE and CH*CCC roam."""
    clock = StillClock(START)
    store = SqliteStore(folder / "node.db")
    await store.open()
    book = Book(store, Keyring.fresh(), hub)
    links = {}
    core = Hub(store, book, links, clock, Uuid7(clock), Deadlines(partner=1.0))
    client = Client()
    room = PlainRoom(core, Premises(url="", own=HUB.id, client=client, insecure_http=insecure))
    book.on_change(lambda: [links.setdefault(one.id, room.link(one)) for one in book.partners.values()])
    await book.load()
    for name, parties in PARTIES.items():
        await book.put_partner(Partner(id=name, protocol="plain", parties=tuple(map(Party.parse, parties))))
        await book.admit(Credential(book.keyring.fingerprint(name), name, Purpose.REGULAR, START))
    await book.put_agreement(
        Agreement(
            id="a1",
            emsp=Party.parse("CH*EEE/EMSP"),
            cpos=(Party.parse("CH*CCC/CPO"),),
            starts=START - timedelta(days=1),
        )
    )
    dispatch = Dispatch(core)
    await dispatch.start()
    listener = Listener([Door(room.prefix, room.handler, room.refusal)])
    await listener.start()
    async with aiohttp.ClientSession() as http:
        yield Node(core, room, clock, listener.url, http)
    await listener.close(0.1)
    await dispatch.stop()
    await client.close()
    await store.close()


PARTIES = {
    "cpo": ("CH*CCC/CPO", "CH*CCD/CPO"),
    "emsp": ("CH*EEE/EMSP",),
    "other": ("CH*OOO/EMSP",),
    "smart": ("CH*SCP/SCSP",),
}


@dataclass
class Receiver:
    """A back office's own server: keeps what it gets, answers what it is told to."""

    url: str = ""
    secret: str = ""
    clock: StillClock | None = None
    facts: list = field(default_factory=list)
    questions: list = field(default_factory=list)
    forged: int = 0
    answers: dict = field(default_factory=dict)
    status: int = 200
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request):
        body = await request.read()
        if not verify(self.secret, request.headers["Interroam-Signature"], body, self.clock.now()):
            self.forged += 1
            return web.Response(status=401)
        said = json.loads(body)
        if self.status != 200:
            return web.json_response({"error": {"reason": "conflict", "message": "no"}}, status=self.status)
        if "question" in said:
            self.questions.append(said)
            return web.json_response(self.answers[said["question"]])
        self.facts.append(said)
        self.came.set()
        return web.Response(status=204)

    async def fact(self, kind):
        """Wait for a fact of this kind."""
        async with asyncio.timeout(5):
            while True:
                for one in self.facts:
                    if one["kind"] == kind:
                        return one
                self.came.clear()
                await self.came.wait()


@asynccontextmanager
async def receiving(node, who, *questions, facts=True):
    """Run a webhook for a partner."""
    receiver = Receiver(clock=node.clock)
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    wanted = {"url": receiver.url, "questions": questions, "facts": facts}
    status, answer = await node.call(who, "PUT", "/webhook", wanted)
    assert status == 200, answer
    receiver.secret = answer["secret"]
    yield receiver
    await runner.cleanup()


LOCATION = {
    "name": "Depot",
    "address": "Weg 1",
    "city": "Bern",
    "country": "CHE",
    "coordinates": {"latitude": 46.948100, "longitude": "7.4474"},
    "evses": [
        {
            "uid": uid,
            "evse_id": f"CH*CCC*E{uid}",
            "status": "AVAILABLE",
            "capabilities": ["RFID_READER"],
            "connectors": [
                {
                    "id": "1",
                    "standard": "IEC_62196_T2",
                    "format": "SOCKET",
                    "power_type": "AC_3_PHASE",
                    "voltage_v": 230,
                    "amperage_a": 32,
                }
            ],
        }
        for uid in ("1", "2")
    ],
}
TOKEN = {"contract_id": "CH-EEE-C0001", "issuer": "Eee", "valid": True, "whitelist": "ALLOWED"}
TARIFF = {
    "currency": "CHF",
    "elements": [{"components": [{"dimension": "ENERGY", "price": 0.45, "step": 1, "vat": "8.1"}]}],
}
SESSION = {
    "status": "ACTIVE",
    "starts": "2026-03-01T11:00:00Z",
    "energy_kwh": 1.25,
    "token": {"party": "CH*EEE", "uid": "card1", "contract_id": "CH-EEE-C0001"},
    "location_id": "L1",
    "evse_uid": "1",
    "connector_id": "1",
    "currency": "CHF",
}
CDR = {
    "party": "CH*CCC",
    "id": "C1",
    "session_id": "S1",
    "starts": "2026-03-01T10:00:00Z",
    "ends": "2026-03-01T11:00:00Z",
    "token": SESSION["token"],
    "location_id": "L1",
    "evse_uid": "1",
    "connector_id": "1",
    "currency": "CHF",
    "total_cost": {"excl_vat": 10.10, "incl_vat": 10.92},
    "total_energy_kwh": 22.4444,
}
