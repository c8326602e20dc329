"""Platforms that speak OCPI 2.1.1 and nothing newer, and a small world in which they meet those that speak 2.2.1."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field

from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer, Seen
from tests.protocols.ocpi.server import messages

MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands")
FACE = {"CPO": "emsp", "EMSP": "cpo"}
"""Which face of a node a party in this role calls."""


@dataclass
class OldPeer(Peer):
    """Sends its token as it stands, is one party in one role, and names no sides."""

    versions: tuple[str, ...] = ("2.0", "2.1.1")

    async def answer_to(self, seen: Seen, request):
        if request.path == "/v/2.1.1":
            listed = [{"identifier": one, "url": f"{self.url}/old/{one}"} for one in MODULES]
            listed.append({"identifier": "credentials", "url": f"{self.url}/credentials"})
            return self.ok({"version": "2.1.1", "endpoints": listed})
        return await super().answer_to(seen, request)

    async def exchange(self, seen: Seen):
        if seen.method == "DELETE":
            return self.ok(None)
        versions = await self.get(seen.body["url"], seen.body["token"])
        mine = next(one for one in versions["data"] if one["version"] == "2.1.1")
        self.details = (await self.get(mine["url"], seen.body["token"]))["data"]
        self.given = seen.body
        self.token = uuid.uuid4().hex
        return self.ok(self.credentials())

    def credentials(self) -> dict:
        ((country, code, _),) = self.roles
        details = {"name": "Old peer"}
        about = {"country_code": country, "party_id": code, "business_details": details}
        return {"token": self.token, "url": self.versions_url, **about}

    def told(self, *methods: str) -> list[Seen]:
        return [one for one in self.seen if one.path.startswith("/old/") and (not methods or one.method in methods)]

    async def get(self, url: str, token: str):
        return (await self.call("GET", url, token))[1]

    async def call(self, method: str, url: str, token: str, body=None, **headers):
        shown = {"Authorization": f"Token {token}", **headers}
        async with self.session.request(method, url, headers=shown, json=body) as answer:
            self.heard = answer.headers
            return answer.status, await answer.json()

    async def post_credentials(self, node_url: str, token: str, method: str = "POST"):
        url = f"{node_url}/ocpi/{FACE[self.roles[0][2]]}/2.1.1/credentials"
        self.token = uuid.uuid4().hex
        status, answer = await self.call(method, url, token, self.credentials())
        if answer.get("status_code") == 1000:
            self.given = answer["data"]
        return status, answer


@dataclass
class Voice:
    """A registered platform as it calls the node: ``old`` ones at their face, others as their party."""

    node: Node
    peer: Peer
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    @property
    def old(self) -> bool:
        return isinstance(self.peer, OldPeer)

    async def __call__(self, method: str, path: str, body=None, **headers) -> dict:
        """Call; returns the envelope with the HTTP status in ``http``."""
        ((country, code, role),) = self.peer.roles
        if path.startswith("http"):
            url = path
        elif self.old:
            url = f"{self.node.url}/ocpi/{FACE[role]}/2.1.1/{path}"
        else:
            url = f"{self.node.url}/ocpi/2.2.1/{path}"
        if not self.old:
            number = next(self.numbers)
            ids = {"X-Request-ID": f"r{number}", "X-Correlation-ID": f"c{number}"}
            routing = {"OCPI-from-country-code": country, "OCPI-from-party-id": code}
            to = {"OCPI-to-country-code": "FR", "OCPI-to-party-id": "107"}
            headers = {**ids, **routing, **to, **headers}
        status, answer = await self.peer.call(method, url, self.peer.given["token"], body, **headers)
        return {**answer, "http": status}


@dataclass
class World:
    """A hub, a CPO and an eMSP in agreement; either may be old."""

    node: Node
    cpo: Peer
    emsp: Peer

    def __post_init__(self) -> None:
        self.say = Voice(self.node, self.cpo)
        self.ask = Voice(self.node, self.emsp)

    async def join(self, profile: str = "spec", **switches) -> None:
        """Register both, and let them agree; the switches are those of whoever is old."""
        for name, peer in (("cpo", self.cpo), ("emsp", self.emsp)):
            old = isinstance(peer, OldPeer)
            ((country, code, role),) = peer.roles
            more = {"profile": profile, "switches": switches} if old else {}
            await self.node.expect(name, f"{country}*{code}/{role}", **more)
            if profile == "gireve" and old:
                await self.node.room.register(self.node.book.partners[name], peer.versions_url, peer.token)
            else:
                _, answer = await peer.post_credentials(self.node.url, await self.node.invite(name))
                assert answer["status_code"] == 1000, answer
            peer.seen.clear()
        await self.node.agree("DE*EEE/EMSP", "CH*CCC/CPO")

    async def hub_id(self, *ids: str) -> str:
        """Return the hub's id of a location or an EVSE of the CPO."""
        from interroam.model.ids import PartyId, evse_key, location_key

        owner = PartyId.parse("CH*CCC")
        stored = await self.node.store.get((evse_key if len(ids) > 1 else location_key)(owner, *ids))
        return stored.hub_id

    async def settled(self) -> None:
        await self.node.settled()


# -- messages ----------------------------------------------------------------------------------------------------------


def old_connector(**fields) -> dict:
    plug = messages.connector()
    for gone in ("max_voltage", "max_amperage", "tariff_ids"):
        del plug[gone]
    return {**plug, "voltage": 230, "amperage": 32, "tariff_id": "T1", **fields}


def old_evse(uid: str = "E1", **fields) -> dict:
    return messages.evse(uid, connectors=[old_connector()], **fields)


def old_location(id: str = "L1", **fields) -> dict:
    place = messages.location(id, evses=[old_evse()])
    for gone in ("country_code", "party_id", "publish"):
        del place[gone]
    return {**place, "type": "ON_STREET", **fields}


def old_token(uid: str = "0102030405060A", **fields) -> dict:
    token = messages.token(uid)
    for gone in ("country_code", "party_id", "contract_id", "energy_contract"):
        del token[gone]
    return {**token, "auth_id": "DE-EEE-C00000001-1", **fields}


def old_session(id: str = "S1", **fields) -> dict:
    return {
        "id": id,
        "start_datetime": messages.NOW,
        "kwh": 0,
        "auth_id": "DE-EEE-C00000001-1",
        "auth_method": "WHITELIST",
        "location": old_location(),
        "currency": "CHF",
        "status": "ACTIVE",
        "last_updated": messages.NOW,
        **fields,
    }


def old_cdr(id: str = "C1", **fields) -> dict:
    return {
        "id": id,
        "start_date_time": messages.NOW,
        "stop_date_time": "2026-03-14T13:00:00Z",
        "auth_id": "DE-EEE-C00000001-1",
        "auth_method": "WHITELIST",
        "location": old_location(),
        "currency": "CHF",
        "charging_periods": [messages.period(10.5)],
        "total_cost": 4.2,
        "total_energy": 10.5,
        "total_time": 1,
        "last_updated": "2026-03-14T13:00:00Z",
        **fields,
    }


def old_tariff(id: str = "T1", **fields) -> dict:
    tariff = messages.tariff(id)
    for gone in ("country_code", "party_id", "type"):
        del tariff[gone]
    return {**tariff, **fields}
