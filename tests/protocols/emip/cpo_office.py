"""A CPO's node with its back office on the plain API, before a scripted platform: real sockets, a real file.

async with charging(tmp_path, reports_sessions=True) as cpo:
    await cpo.furnish()                       # a location with two EVSEs
    await cpo.status("1", "CHARGING")
    (busy,) = await cpo.iop.until("ToIOP_SetEVSEBusyStatus")
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from interroam.model.ids import Party
from interroam.model.parties import Credential, PartnerState, Purpose
from interroam.model.parties import Partner as Known
from interroam.settings import Part
from tests.protocols.emip.nodes import LONG_AGO, PLATFORM, Node
from tests.protocols.emip.partner import Partner

OPERATOR = "FR*C01"
YES = {
    "salePartnerOperatorIdType": "eMI3",
    "salePartnerOperatorId": "FR*E01",
    "authorisationValue": 1,
    "serviceSessionId": "iop-s-1",
    "intermediateCDRRequested": 0,
    "requestStatus": 1,
}
CARD = "04A1B2C3D4E5F6"
STATIC = ("ChargingPool", "ChargingStation", "EVSE", "ChargingConnector")
QUESTIONS = ("start", "stop", "act")


def evse(uid: str, status: str = "AVAILABLE", **more: Any) -> dict[str, Any]:
    connector = {"id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
    connector |= {"voltage_v": 230, "amperage_a": 32}
    return {"uid": uid, "evse_id": f"FR*C01*E{uid}", "status": status, "connectors": [connector], **more}


def location(*evses: dict[str, Any], **more: Any) -> dict[str, Any]:
    place = {"name": "Depot", "address": "Rue 1", "city": "Lyon", "country": "FRA"}
    return {**place, "coordinates": {"latitude": "45.764", "longitude": "4.8357"}, "evses": list(evses), **more}


@dataclass
class Cpo:
    """A node, its back office and the platform before it."""

    node: Node
    iop: Partner
    http: aiohttp.ClientSession
    asked: list[dict[str, Any]] = field(default_factory=list)
    """What the back office was asked."""
    answers: dict[str, Any] = field(default_factory=dict)
    hook: str = ""

    @property
    def clock(self):
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

    async def furnish(self, *evses: dict[str, Any], **more: Any) -> None:
        """State a location L1, by default with the EVSEs 1 and 2, and wait until the platform knows."""
        await self.put(f"/locations/{OPERATOR}/L1", location(*(evses or (evse("1"), evse("2"))), **more))
        await self.node.settled()

    async def status(self, uid: str, word: str, **more: Any) -> None:
        body = [{"party": OPERATOR, "location_id": "L1", "uid": uid, "status": word, **more}]
        status, answer = await self.call("POST", "/statuses", body)
        assert status == 200, answer
        assert "error" not in answer["lines"][0], answer

    async def authorize(self, uid: str = CARD, **more: Any) -> tuple[int, Any]:
        body = {"party": OPERATOR, "uid": uid, "location_id": "L1", "evse_uid": "1", **more}
        return await self.call("POST", "/authorize", body)

    async def charge(self, reference: str = "iop-s-1", **more: Any) -> Any:
        """State a session S1 at EVSE 1."""
        body = {
            "status": "ACTIVE",
            "starts": moment(self.clock.now()),
            "energy_kwh": "1.5",
            "location_id": "L1",
            "evse_uid": "1",
            "connector_id": "1",
            "currency": "EUR",
            "authorization_reference": reference,
            **more,
        }
        return await self.put(f"/sessions/{OPERATOR}/S1", body)

    async def cdr(self, id: str = "C1", **more: Any) -> tuple[int, Any]:
        """State the record of session S1."""
        body = {
            "party": OPERATOR,
            "id": id,
            "session_id": "S1",
            "authorization_reference": "iop-s-1",
            "starts": "2026-03-02T07:58:10Z",
            "ends": "2026-03-02T09:03:40Z",
            "location_id": "L1",
            "evse_uid": "1",
            "connector_id": "1",
            "currency": "EUR",
            "total_cost": {"excl_vat": "10.10"},
            "total_energy_kwh": "18.350",
            **more,
        }
        return await self.call("POST", "/cdrs", {name: value for name, value in body.items() if value is not None})

    async def shelf(self) -> list[Any]:
        return await self.node.store.shelf()

    async def ask(self, operation: str, fields: dict[str, Any], **more: Any):
        """Ask the node as the platform does."""
        more.setdefault("target", OPERATOR)
        return await self.iop.call(self.node.url, f"eMIP_FromIOP_{operation}", fields, **more)

    async def take(self, request: web.Request) -> web.Response:
        said = await request.json()
        if "question" not in said:
            return web.Response(status=204)
        self.asked.append(said)
        answer = self.answers.get(said["question"], {"result": "ACCEPTED"})
        if callable(answer):
            answer = await answer(said)
        return web.json_response(answer)

    @staticmethod
    async def eventually(holds: Any, within: float = 5.0) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(within):
            while True:
                found = holds()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.01)

    async def until(self, question: str, within: float = 5.0) -> dict[str, Any]:
        """Wait until the back office was asked this."""
        async with asyncio.timeout(within):
            while True:
                for one in self.asked:
                    if one["question"] == question:
                        return one
                await asyncio.sleep(0.01)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@asynccontextmanager
async def bare(folder: Path, **more: Any):
    """Run a CPO's node with a back office and no platform."""
    async with Node(folder / "cpo", party=OPERATOR, part=Part.CPO, **more) as node, aiohttp.ClientSession() as http:
        parties = (Party.parse(f"{OPERATOR}/CPO"),)
        await node.book.put_partner(Known(id="office", protocol="plain", parties=parties, state=PartnerState.CONNECTED))
        secret = node.book.keyring.fingerprint("office")
        await node.book.admit(Credential(secret, "office", Purpose.REGULAR, LONG_AGO))
        iop = Partner(PLATFORM, "FR*E01", iop=True)
        cpo = Cpo(node, iop, http)
        app = web.Application()
        app.router.add_post("/hook", cpo.take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        cpo.hook = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"
        await cpo.put("/webhook", {"url": cpo.hook, "questions": QUESTIONS, "facts": False})
        yield cpo
        await runner.cleanup()


@asynccontextmanager
async def charging(folder: Path, *, node: dict[str, Any] | None = None, **switches: Any):
    """Run a CPO's node with a back office before a scripted platform."""
    async with bare(folder, **(node or {})) as cpo, cpo.iop:
        cpo.iop.answers["eMIP_ToIOP_GetServiceAuthorisation"] = dict(YES)
        cpo.iop.answers["eMIP_ToIOP_SetChargeDetailRecord"] = {"serviceSessionId": "iop-s-1", "requestStatus": 1}
        cpo.iop.answers["eMIP_ToIOP_SetSessionEventReport"] = {
            "serviceSessionId": "iop-s-1",
            "sessionActionId": "x",
            "requestStatus": 1,
        }
        await cpo.node.platform(cpo.iop.url, **switches)
        await cpo.node.agree(f"{PLATFORM}/HUB", OPERATOR)
        yield cpo
