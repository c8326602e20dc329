"""A small world to charge in: a platform, a CPO with one pool, an eMSP; both play their parts over HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from interroam.model.facts import Fact, Origin
from interroam.model.ids import PartyId
from interroam.model.places import Availability, Busy, Connector, Coordinates, Evse, EvseStatus, Location
from interroam.model.tokens import Token, Whitelist
from tests.protocols.emip.nodes import Node, hub, partner_id
from tests.protocols.emip.partner import Answer, Partner

GET = "eMIP_ToIOP_GetServiceAuthorisation"
SET = "eMIP_ToIOP_SetServiceAuthorisation"
CDR = "eMIP_ToIOP_SetChargeDetailRecord"
FETCHED = "eMIP_ToIOP_GetChargeDetailRecord"
EVENT = "eMIP_ToIOP_SetSessionEventReport"
ACTION = "eMIP_ToIOP_SetSessionActionRequest"
ASKED = "eMIP_FromIOP_GetServiceAuthorisation"
STARTED = "eMIP_FromIOP_SetServiceAuthorisation"
ACTED = "eMIP_FromIOP_SetSessionActionRequest"
REPORTED = "eMIP_FromIOP_SetSessionEventReport"
HANDED = "eMIP_FromIOP_SetChargeDetailRecord"

EVSE = "FR*C01*E0042*1"
POOL = "FR*C01*P0042"
CARD = "04A1B2C3D4E5F6"
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
START, END = "2026-03-02T07:58:10Z", "2026-03-02T09:03:40Z"


def yes(session: str = "E01-ses-77", **more) -> dict:
    return {
        "authorisationValue": 1,
        "partnerServiceSessionId": session,
        "intermediateCDRRequested": 0,
        **more,
        "requestStatus": 1,
    }


def meter(kind: int, value: str, unit: str) -> dict:
    return {"meterTypeId": kind, "meterValue": value, "meterUnit": unit}


METERS = [meter(1, "65.50", "min"), meter(2, "18350", "Wh")]


def limits(*meters: dict) -> dict:
    return {"meterReport": list(meters)}


def record(session: str, nature: int = 1, *, meters: list | None = None, **more) -> dict:
    fields = {
        "CDRNature": nature,
        "serviceSessionId": session,
        "execPartnerSessionId": "C01-S-1",
        "requestedServiceId": 1,
        "EVSEIdType": "eMI3",
        "EVSEId": EVSE,
        "userIdType": "RFID-UID",
        "userId": CARD,
        "startTime": START,
        "endTime": END,
        "meterReportList": {"meterReport": METERS if meters is None else meters},
        **more,
    }
    return {"chargeDetailRecord": {name: value for name, value in fields.items() if value is not None}}


def reports(fields: dict) -> list[dict]:
    found = fields["chargeDetailRecord"]["meterReportList"]["meterReport"]
    return found if isinstance(found, list) else [found]


async def place(node: Node, partner: str, owner: str = "FR*C01", pool: str = POOL, evse: str = EVSE, **more) -> None:
    """State a pool with one EVSE in a CPO's name."""
    own = PartyId.parse(owner)
    location = Location(
        owner=own,
        id=pool,
        address="1 rue du Pont",
        city="Lyon",
        country="FRA",
        coordinates=Coordinates(Decimal("45.76"), Decimal("4.83")),
        last_updated=NOW,
    )
    plug = Connector(
        id="1", standard="IEC_62196_T2", format="SOCKET", power_type="AC_3_PHASE", voltage_v=230, amperage_a=32
    )
    fields = {
        "owner": own,
        "location_id": pool,
        "uid": evse,
        "evse_id": evse,
        "status": EvseStatus(word="AVAILABLE", availability=Availability.IN_SERVICE, busy=Busy.FREE),
        "capabilities": ("RFID_READER", "REMOTE_START_STOP_CAPABLE"),
        "connectors": (plug,),
        "last_updated": NOW,
    }
    told = Fact(location, parts=(Fact(Evse(**{**fields, **more})),))
    await node.hub.tell(Origin(partner), told)


async def listed(node: Node, uid: str = CARD, owner: str = "FR*E01", partner: str = "fr-e01", **more) -> None:
    """Put a card on the white list of an eMSP."""
    fields = {
        "owner": PartyId.parse(owner),
        "uid": uid,
        "type": "RFID",
        "contract_id": "FR-E01-C00000001",
        "issuer": "E01",
        "valid": True,
        "whitelist": Whitelist.ALLOWED,
        "last_updated": NOW,
    }
    await node.hub.tell(Origin(partner), Fact(Token(**{**fields, **more})))


@dataclass
class World:
    node: Node
    cpo: Partner
    emsp: Partner

    async def ask(self, evse: str = EVSE, card: str = CARD, session: str | None = "C01-S-1", **more) -> Answer:
        """The CPO asks whether a user may charge."""
        fields = {
            "EVSEIdType": "eMI3",
            "EVSEId": evse,
            "userIdType": "RFID-UID",
            "userId": card,
            "requestedServiceId": 1,
            "partnerServiceSessionId": session,
            **more,
        }
        return await self.cpo.call(self.node.url, GET, _present(fields))

    async def start(self, evse: str = EVSE, session: str | None = "E01-ses-9", **more) -> Answer:
        """The eMSP lets a user charge."""
        fields = {
            "EVSEIdType": "eMI3",
            "EVSEId": evse,
            "userIdType": "EMP-SPEC",
            "userId": "app-7",
            "requestedServiceId": 1,
            "partnerServiceSessionId": session,
            "authorisationValue": 1,
            "intermediateCDRRequested": 0,
            **more,
        }
        return await self.emsp.call(self.node.url, SET, _present(fields))

    async def allowed(self, **answer) -> str:
        """Let the user charge; returns the serviceSessionId."""
        self.emsp.answers[ASKED] = yes(**answer)
        given = await self.ask()
        assert given.fields["authorisationValue"] == "1", given.raw
        return given.fields["serviceSessionId"]

    async def bring(self, session: str, nature: int = 1, **more) -> Answer:
        """The CPO brings a record."""
        return await self.cpo.call(self.node.url, CDR, record(session, nature, **more))

    def records(self) -> list[dict]:
        """The records that the eMSP was handed."""
        return [one.fields["chargeDetailRecord"] for one in self.emsp.of("FromIOP_SetChargeDetailRecord")]

    async def fetch(self, **fields) -> Answer:
        """The eMSP fetches one record."""
        return await self.emsp.call(self.node.url, FETCHED, fields)

    async def report(self, session: str, nature: int = 3, caller: Partner | None = None, **event) -> Answer:
        said = {"sessionEventNature": nature, "sessionEventDateTime": START, **event}
        fields = {"serviceSessionId": session, "execPartnerSessionId": "C01-S-1", "sessionEvent": said}
        return await (caller or self.cpo).call(self.node.url, EVENT, fields)

    async def act(self, session: str, nature: int = 1, caller: Partner | None = None, **action) -> Answer:
        said = {"sessionActionNature": nature, "sessionActionDateTime": START, **action}
        fields = {"serviceSessionId": session, "salePartnerSessionId": "E01-ses-77", "sessionAction": said}
        # The operation is itself named a request.
        return await (caller or self.emsp).call(self.node.url, ACTION, fields)


def _present(fields: dict) -> dict:
    return {name: value for name, value in fields.items() if value is not None}


@asynccontextmanager
async def world(folder, *, agreed: bool = True, emsp: dict | None = None, cpo: dict | None = None, **more):
    """Open the doors of all three."""
    async with (
        hub(folder, **more) as node,
        Partner(partner_id("FR*C01"), "FR*C01") as one,
        Partner(partner_id("FR*E01"), "FR*E01") as other,
    ):
        await node.cpo("FR*C01", url=one.url, **(cpo or {}))
        await node.emsp("FR*E01", url=other.url, **(emsp or {}))
        await place(node, "fr-c01")
        if agreed:
            await node.agree("FR*E01", "FR*C01")
        await node.settled()
        yield World(node, one, other)
