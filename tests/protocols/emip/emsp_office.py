"""An eMSP's node with its back office on the plain API, before a scripted platform: real sockets, a real file.

async with selling(tmp_path) as emsp:
    await emsp.token("04A1B2C3")               # stated, and uploaded
    answer = await emsp.authorize("04A1B2C3")  # as the platform asks
    assert answer.fields["authorisationValue"] == "1"
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from interroam.settings import Part
from tests.protocols.emip.back_office import BackOffice, let_in
from tests.protocols.emip.nodes import PLATFORM, Node
from tests.protocols.emip.partner import Asked, Partner
from tests.waiting import eventually

OPERATOR, CPO = "FR*E01", "FR*C01"
CARD = "04A1B2C3D4E5F6"
CONTRACT = "FR-E01-C00001234-X"
EVSE = "FR*C01*E0042*1"
QUESTIONS = ("authorize", "report")


class Emsp(BackOffice):
    """An eMSP's node and its back office."""

    operator = OPERATOR

    async def webhook(self, *questions: str) -> None:
        await self.put("/webhook", {"url": self.hook, "questions": questions})

    async def token(self, uid: str = CARD, kind: str = "RFID", contract: str = CONTRACT, **more: Any) -> None:
        body = {"contract_id": contract, "issuer": "Eee", "valid": True, "whitelist": "ALLOWED", **more}
        await self.put(f"/tokens/{OPERATOR}/{kind}/{uid}", body)

    async def start(self, **more: Any) -> tuple[int, Any]:
        body = {
            "party": OPERATOR,
            "token": {"uid": CARD, "type": "RFID", "contract_id": CONTRACT},
            "cpo": CPO,
            "location_id": "L1",
            "evse_uid": EVSE,
            "reference": "own-1",
            **more,
        }
        return await self.call("POST", "/commands/start", body)

    async def told(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Wait until the back office was told of an object of a kind; returns the newest one that fits."""

        def newest() -> dict[str, Any] | None:
            bodies = (one.get("object") or {} for one in reversed(self.facts) if one["kind"] == kind)
            return next((body for body in bodies if wanted.items() <= body.items()), None)

        return await eventually(newest)

    # -- the platform ------------------------------------------------------------------------------------------------

    async def authorize(self, uid: str = CARD, *, service: str = "1", session: str = "iop-s-1", **more: Any):
        fields = {
            "EVSEIdType": "eMI3",
            "EVSEId": EVSE,
            "userIdType": more.pop("kind", "RFID-UID"),
            "userId": uid,
            "requestedServiceId": service,
        }
        if service != "0":
            fields["serviceSessionId"] = session
        return await self.ask("GetServiceAuthorisation", fields, **more)

    async def record(self, *, header: dict[str, Any] | None = None, **more: Any):
        return await self.ask("SetChargeDetailRecord", {"chargeDetailRecord": record(**more)}, **(header or {}))

    def calls(self, operation: str) -> list[Asked]:
        """What the platform was asked."""
        return [one for one in self.iop.asked if one.name == f"eMIP_ToIOP_{operation}"]

    async def until(self, operation: str, count: int = 1) -> list[Asked]:
        """Wait until the platform was asked this so often."""
        return await self.iop.until(f"ToIOP_{operation}", count)

    def uploaded(self) -> list[dict[str, Any]]:
        """The entries of all uploads."""
        return [entry for one in self.calls("SetAuthenticationData") for entry in entries(one)]


def entries(asked: Asked) -> list[dict[str, Any]]:
    said = asked.fields.get("authenticationDataList") or {}
    found = said.get("authenticationData", []) if isinstance(said, dict) else []
    return found if isinstance(found, list) else [found]


def record(
    nature: int = 1,
    session: str = "iop-s-1",
    end: str = "2026-03-02T09:03:40Z",
    energy: str = "18350",
    cost: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A record of a charge."""
    meters = [("1", "65.5", "min"), ("2", energy, "Wh"), *([("3", cost, "EUR")] if cost else [])]
    names = ("meterTypeId", "meterValue", "meterUnit")
    return {
        "CDRNature": nature,
        "serviceSessionId": session,
        "execPartnerSessionId": "C01-S-1",
        "execPartnerOperatorIdType": "eMI3",
        "execPartnerOperatorId": CPO,
        "requestedServiceId": "1",
        "EVSEIdType": "eMI3",
        "EVSEId": EVSE,
        "userIdType": "RFID-UID",
        "userId": CARD,
        "startTime": "2026-03-02T07:58:10Z",
        "endTime": end,
        "meterReportList": {"meterReport": [dict(zip(names, one, strict=True)) for one in meters]},
        **more,
    }


@asynccontextmanager
async def office(folder: Path, *, node: dict[str, Any] | None = None):
    """Run an eMSP's node with a back office and no platform."""
    async with (
        Node(folder / "emsp", party=OPERATOR, part=Part.EMSP, **(node or {})) as one,
        aiohttp.ClientSession() as http,
    ):
        emsp = Emsp(one, Partner(PLATFORM, CPO, iop=True), http)
        emsp.answers["authorize"] = {"allowed": "ALLOWED", "reference": "own-1"}
        async with let_in(emsp, "EMSP"):
            await emsp.webhook(*QUESTIONS)
            yield emsp


@asynccontextmanager
async def selling(folder: Path, *, node: dict[str, Any] | None = None, **switches: Any):
    """Run an eMSP's node with a back office before a scripted platform."""
    switches.setdefault("whitelist_hours", 0)
    async with office(folder, node=node) as emsp, emsp.iop:
        started = {"serviceSessionId": "iop-s-1", "execPartnerOperatorId": CPO, "requestStatus": 1}
        emsp.iop.answers["eMIP_ToIOP_SetServiceAuthorisation"] = started
        acted = {"serviceSessionId": "iop-s-1", "sessionActionId": "a-1", "requestStatus": 1}
        emsp.iop.answers["eMIP_ToIOP_SetSessionActionRequest"] = acted
        await emsp.node.platform(emsp.iop.url, **switches)
        await emsp.node.agree(OPERATOR, f"{PLATFORM}/HUB")
        await emsp.node.settled()
        yield emsp
