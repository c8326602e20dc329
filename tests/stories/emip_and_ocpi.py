"""Two worlds to charge in, in which the CPO speaks the one protocol and the eMSP the other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass

from interroam.protocols.ocpi.translate.places import NOT_KNOWN
from tests.protocols.emip import charging
from tests.protocols.emip.charging import ASKED, CARD, World, yes
from tests.protocols.emip.nodes import hub, partner_id
from tests.protocols.emip.partner import Partner as Emip
from tests.protocols.emip.places import join_ocpi
from tests.protocols.ocpi import older
from tests.protocols.ocpi.older import OldPeer, Voice
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server import messages

THERE = "CH*CCC*E1"
"""The EVSE of the CPO that speaks OCPI."""


def peer_of(version: str, country: str, code: str, role: str) -> Peer:
    return (OldPeer if version == "2.1.1" else Peer)(((country, code, role),))


def is_old(peer: Peer) -> bool:
    return isinstance(peer, OldPeer)


@dataclass
class AtEmip(World):
    """The eMSP speaks OCPI."""

    peer: Peer | None = None
    say: Voice | None = None

    def told(self, *methods: str, part: str) -> list:
        return [one for one in self.peer.told(*methods) if part in one.path]

    async def command(self, name: str, body: dict) -> dict:
        url = f"{self.peer.url}/{'old' if is_old(self.peer) else 'receiver'}/callback/{name}"
        path = f"commands/{name}" if is_old(self.peer) else f"receiver/commands/{name}"
        return (await self.say("POST", path, {"response_url": url, **body})).get("data")

    async def outcomes(self, name: str, count: int = 1) -> list[str]:
        await self.peer.until(lambda: len(self.told("POST", part=f"callback/{name}")) >= count)
        return [one.body["result"] for one in self.told("POST", part=f"callback/{name}")]


@asynccontextmanager
async def emip_world(folder, version: str):
    async with (
        hub(folder) as node,
        Emip(partner_id("FR*C01"), "FR*C01") as cpo,
        peer_of(version, "DE", "EEE", "EMSP") as peer,
    ):
        await node.cpo("FR*C01", url=cpo.url)
        say = await join_ocpi(node, "eee", peer)
        await charging.place(node, "fr-c01")
        await node.agree("DE*EEE", "FR*C01")
        await node.settled()
        one = AtEmip(node, cpo, None, peer, say)
        if is_old(peer):
            await say("PUT", f"tokens/DE/EEE/{CARD}", older.old_token(CARD))
        else:
            await say("PUT", f"receiver/tokens/DE/EEE/{CARD}", messages.token(CARD))
        yield one


@dataclass
class AtOcpi(World):
    """The CPO speaks OCPI."""

    peer: Peer | None = None
    say: Voice | None = None

    @property
    def old(self) -> bool:
        return is_old(self.peer)

    async def authorized(self, **answer) -> str:
        """Let a card charge; returns the reference."""
        self.emsp.answers[ASKED] = yes(**answer)
        path = f"tokens/{CARD}/authorize" if self.old else f"sender/tokens/{CARD}/authorize"
        given = (await self.say("POST", path, {"location_id": "L1", "evse_uids": ["E1"]}))["data"]
        assert given["allowed"] == "ALLOWED", given
        return given["authorization_id" if self.old else "authorization_reference"]

    def session(self, reference: str, **fields) -> dict:
        token = messages.cdr_token(country_code="FR", party_id="E01", uid=CARD, contract_id=NOT_KNOWN)
        own = {"auth_method": "AUTH_REQUEST"}
        if self.old:
            return older.old_session(authorization_id=reference, auth_id="FR-E01-C00000001", **own, **fields)
        return messages.session(authorization_reference=reference, cdr_token=token, **own, **fields)

    async def put(self, reference: str, **fields) -> None:
        path = "sessions/CH/CCC/S1" if self.old else "receiver/sessions/CH/CCC/S1"
        answer = await self.say("PUT", path, self.session(reference, **fields))
        assert answer["status_code"] == 1000, answer

    async def bill(self, reference: str, **fields) -> None:
        token = messages.cdr_token(country_code="FR", party_id="E01", uid=CARD, contract_id=NOT_KNOWN)
        if self.old:
            body = older.old_cdr(authorization_id=reference, auth_id="FR-E01-C00000001", **fields)
        else:
            body = messages.cdr(authorization_reference=reference, cdr_token=token, **fields)
        answer = await self.say("POST", "cdrs" if self.old else "receiver/cdrs", body)
        assert answer["status_code"] == 1000, answer

    async def commanded(self, name: str) -> dict:
        await self.peer.until(lambda: [one for one in self.peer.told("POST") if name in one.path])
        return next(one.body for one in reversed(self.peer.told("POST")) if name in one.path)

    def events(self) -> list[str]:
        told = self.emsp.of("FromIOP_SetSessionEventReport")
        return [one.fields["sessionEvent"]["sessionEventNature"] for one in told]

    def records(self) -> list[dict]:
        return [one.fields["chargeDetailRecord"] for one in self.emsp.of("FromIOP_SetChargeDetailRecord")]


@asynccontextmanager
async def ocpi_world(folder, version: str):
    async with (
        hub(folder) as node,
        Emip(partner_id("FR*E01"), "FR*E01") as emsp,
        peer_of(version, "CH", "CCC", "CPO") as peer,
    ):
        await node.emsp("FR*E01", url=emsp.url)
        say = await join_ocpi(node, "ccc", peer)
        await node.agree("FR*E01", "CH*CCC")
        if is_old(peer):
            put = await say("PUT", "locations/CH/CCC/L1", older.old_location())
        else:
            put = await say("PUT", "receiver/locations/CH/CCC/L1", messages.location())
        assert put["status_code"] == 1000, put
        await node.settled()
        yield AtOcpi(node, None, emsp, peer, say)
