"""A node to say what is wrong to, and messages that may be wrong; of the CPO's, but where an eMSP speaks."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.protocols.emip import charging
from tests.protocols.emip.charging import ACTION, CARD, EVSE, SET, START, World
from tests.protocols.emip.partner import Answer, write

BEAT = "eMIP_ToIOP_HeartBeat"
AVAILABLE = "eMIP_ToIOP_SetEVSEAvailabilityStatus"
BUSY = "eMIP_ToIOP_SetEVSEBusyStatus"
SEARCH = "eMIP_ToIOP_SearchEVSE"
USERS = "eMIP_ToIOP_SetAuthenticationData"
LIST = "eMIP_ToIOP_GetAuthenticationData"
RECORDS = "eMIP_ToIOP_GetChargeDetailRecordList"
RECORD = "eMIP_ToIOP_GetChargeDetailRecord"
CHANGES = "eMIP_ToIOP_GetEVSEDynamicDataChanges"
POOL = "eMIP_ToIOP_SetChargingPoolStaticData"
STATION = "eMIP_ToIOP_SetChargingStationStaticData"
FOREIGN = "FR*C02*E0001"
HUGE = "9" * 400
EMSPS = frozenset({SET, ACTION, SEARCH, USERS, RECORDS, RECORD, CHANGES, "eMIP_ToIOP_GetEVSEStaticDataChanges"})


@dataclass
class Bad:
    """A node, its partners, and how it takes what is wrong."""

    world: World
    session: str

    @property
    def node(self):
        return self.world.node

    async def says(self, body: bytes, **more: Any) -> Answer:
        return await self.world.cpo.post(f"{self.node.url}{more.pop('path', '/emip')}", body, **more)

    async def refuses(self, body: bytes, code: str, **more: Any) -> Answer:
        """Say it, and look that it is refused so, traced so and forgotten."""
        head, count = self.node.store.head(), len(await self.node.traces(limit=10_000))
        answer = await self.says(body, **more)
        assert _code(answer) == code, answer.raw
        if code[0] == "4":
            assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"
        traces = await self.node.traces(limit=10_000)
        assert len(traces) == count + 1
        assert traces[-1].code == code
        assert self.node.store.head() == head
        await self.lives()
        return answer

    async def lives(self) -> None:
        answer = await self.world.cpo.call(self.node.url, BEAT)
        assert (answer.http, answer.status) == (200, 1)


def _code(answer: Answer) -> str:
    return f"{answer.http}/{':'.join(answer.fault)}" if answer.fault else f"{answer.http}/{answer.status}"


@asynccontextmanager
async def standing(folder):
    """One node for all: none of this may change it."""
    async with charging.world(folder) as world:
        await world.node.cpo("FR*C02")
        await charging.place(world.node, "fr-c02", "FR*C02", "FR*C02*P0001", FOREIGN)
        session = await world.allowed()
        await world.node.settled()
        yield Bad(world, session)


def message(operation: str, fields: dict[str, Any] | None = None, **header: Any) -> bytes:
    """A message of the CPO's, or where ``operatorId`` says so of another; what is None is left out."""
    caller = "E01" if operation in EMSPS else "C01"
    known = {"transactionId": "t-1", "partnerIdType": "eMI3", "partnerId": f"FR*P-{caller}"}
    known |= {"operatorIdType": "eMI3", "operatorId": f"FR*{caller}", **header, **(fields or {})}
    return write(f"{operation}Request", {name: value for name, value in known.items() if value is not None})


def available(**more: Any) -> dict[str, Any]:
    fields = {"EVSEIdType": "eMI3", "EVSEId": EVSE, "statusEventDate": START, "availabilityStatus": 2}
    return {**fields, **more}


def asked(**more: Any) -> dict[str, Any]:
    fields = {"EVSEIdType": "eMI3", "EVSEId": EVSE, "userIdType": "RFID-UID", "userId": CARD, "requestedServiceId": 1}
    return {**fields, **more}


def started(**more: Any) -> dict[str, Any]:
    return asked(**{"authorisationValue": 1, "intermediateCDRRequested": 0, **more})


def around(**more: Any) -> dict[str, Any]:
    return {"latitude": "45.76", "longitude": "4.83", "radius": 10, **more}


def users(count: int, **more: Any) -> dict[str, Any]:
    entry = {"actionType": 1, "userIdType": "EMP-SPEC", **more}
    return {"authenticationDataList": {"authenticationData": [{"userId": f"U{one}", **entry} for one in range(count)]}}


def described(level: str, name: str, *attributes: tuple[int, str], **more: Any) -> dict[str, Any]:
    rows = [{"attributeId": number, "attributeValue": value} for number, value in attributes]
    return {f"{level}IdType": "eMI3", f"{level}Id": name, "actionType": 1, **more, "attributeList": {"attribute": rows}}
