"""A hub between a CPO that states facts and eMSPs that are told of them."""

import json
from dataclasses import dataclass, field

import pytest

from interroam.model.facts import Origin
from interroam.model.ids import PartyId
from interroam.protocols.ocpi import translate
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.locations import Evse, EvsePatch, Location, LocationPatch
from interroam.protocols.ocpi.wire.sessions import Session, SessionPatch
from interroam.protocols.ocpi.wire.tariffs import Tariff
from interroam.protocols.ocpi.wire.tokens import Token, TokenPatch
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer

OWNER = PartyId.parse("CH*CCC")
PROVIDER = PartyId.parse("DE*EEE")
FACTS = {
    "location": (Location, translate.location_fact, "cpo"),
    "tariff": (Tariff, translate.tariff_fact, "cpo"),
    "session": (Session, translate.session_fact, "cpo"),
    "cdr": (Cdr, translate.cdr_fact, "cpo"),
    "token": (Token, translate.token_fact, "emsp"),
}


@dataclass
class Roaming:
    """One hub, its CPO and one eMSP in agreement; ``tell_*`` states as a room does at its door."""

    node: Node
    emsp: Peer
    cpo: Peer
    correlation: str = "c-1"
    receipts: list = field(default_factory=list)

    def origin(self, partner="cpo") -> Origin:
        return Origin(partner, correlation=self.correlation)

    async def tell(self, kind: str, message: dict, origin: str = "") -> None:
        shape, make, partner = FACTS[kind]
        raw = json.dumps(message).encode()
        await self.state(make(read(shape, raw)[0], raw), origin or partner)

    async def tell_evse(self, message: dict, location="L1") -> None:
        raw = json.dumps(message).encode()
        await self.state(translate.evse_fact(read(Evse, raw)[0], raw, OWNER, location))

    async def patch_evse(self, uid="E1", location="L1", **fields) -> None:
        raw = json.dumps(fields).encode()
        await self.state(translate.evse_change(read(EvsePatch, raw)[0], raw, OWNER, location, uid))

    async def patch_location(self, location="L1", **fields) -> None:
        raw = json.dumps(fields).encode()
        await self.state(translate.location_change(read(LocationPatch, raw)[0], raw, OWNER, location))

    async def patch_session(self, session="S1", **fields) -> None:
        raw = json.dumps(fields).encode()
        await self.state(translate.session_change(read(SessionPatch, raw)[0], raw, OWNER, session))

    async def patch_token(self, uid="0102030405060A", **fields) -> None:
        raw = json.dumps(fields).encode()
        await self.state(translate.token_change(read(TokenPatch, raw)[0], raw, PROVIDER, uid, "RFID"), "emsp")

    async def state(self, statement, partner="cpo") -> None:
        self.receipts.append(await self.node.hub.tell(self.origin(partner), statement))

    async def settled(self) -> None:
        await self.node.settled()


async def join(node: Node, name: str, peer: Peer, *parties: str, **more) -> None:
    """Register a peer as this partner."""
    await node.expect(name, *parties, **more)
    _, answer = await peer.post_credentials(node.url, await node.invite(name))
    assert answer["status_code"] == 1000
    peer.seen.clear()


@pytest.fixture
async def roaming(node, emsp, cpo):
    await join(node, "emsp", emsp, "DE*EEE/EMSP")
    await join(node, "cpo", cpo, "CH*CCC/CPO")
    await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
    return Roaming(node, emsp, cpo)
