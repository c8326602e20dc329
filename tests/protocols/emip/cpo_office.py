"""A CPO's node with its back office on the plain API, before a scripted platform: real sockets, a real file.

async with charging(tmp_path, reports_sessions=True) as cpo:
    await cpo.furnish()                       # a location with two EVSEs
    await cpo.status("1", "CHARGING")
    (busy,) = await cpo.iop.until("ToIOP_SetEVSEBusyStatus")
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from interroam.settings import Part
from tests.protocols.emip.back_office import BackOffice, let_in
from tests.protocols.emip.nodes import PLATFORM, Node
from tests.protocols.emip.partner import Partner
from tests.waiting import eventually

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


class Cpo(BackOffice):
    """A CPO's node and its back office."""

    operator = OPERATOR

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

    async def until(self, question: str, within: float = 5.0) -> dict[str, Any]:
        """Wait until the back office was asked this."""
        return await eventually(lambda: next((one for one in self.asked if one["question"] == question), None), within)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@asynccontextmanager
async def bare(folder: Path, **more: Any):
    """Run a CPO's node with a back office and no platform."""
    async with Node(folder / "cpo", party=OPERATOR, part=Part.CPO, **more) as node, aiohttp.ClientSession() as http:
        cpo = Cpo(node, Partner(PLATFORM, "FR*E01", iop=True), http)
        async with let_in(cpo, "CPO"):
            await cpo.put("/webhook", {"url": cpo.hook, "questions": QUESTIONS, "facts": False})
            yield cpo


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
