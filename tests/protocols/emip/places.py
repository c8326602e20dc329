"""What CPOs upload, in few words: pools, stations, EVSEs and their statuses, sent to a platform by a partner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from interroam.core.keys import new_secret
from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, Purpose
from tests.protocols.ocpi.older import Voice

POOL, STATION, EVSE, CONNECTOR = "FR*C01*P1", "FR*C01*S1", "FR*C01*E1", "FR*C01*X1"
INSERT, UPDATE, DELETE = 1, 2, 3
PLACE = {
    1006: "Gare",
    1044: "12",
    1045: "Rue de la Gare",
    1043: "Lyon",
    1042: "69001",
    1041: "FR",
    1062: "45.76",
    1063: "4.84",
}


def at(**ago: float) -> str:
    """A moment, so long ago, as it is written."""
    return (datetime.now(UTC) - timedelta(**ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def attributes(values: dict) -> dict:
    """Attributes as they are written; a list of values repeats the number."""
    pairs = [(n, one) for n, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return {"attributeList": {"attribute": [{"attributeId": n, "attributeValue": v} for n, v in pairs]}}


async def describe(partner, node, level: str, id: str, action: int = INSERT, values=None, parent: str = "", **more):
    """Upload one element."""
    fields = {f"{level}IdType": "eMI3", f"{level}Id": id, "actionType": action}
    if parent:
        fields |= {"parentIdType": "eMI3", "parentId": parent}
    fields |= more
    if values is not None:
        fields |= attributes(values)
    return await partner.call(node.url, f"eMIP_ToIOP_Set{level}StaticData", fields)


async def build(partner, node, *, pool: str = POOL, evse: str = EVSE, place=None, values=None):
    """Upload a pool with one EVSE."""
    assert (await describe(partner, node, "ChargingPool", pool, values=place or PLACE)).status == 1
    answer = await describe(partner, node, "EVSE", evse, values=values or {3044: "22"}, parent=pool)
    assert answer.status == 1, answer.raw


async def availability(partner, node, code: int, when: str = "", *, level: str = "EVSE", id: str = EVSE, **more):
    """State whether an element is in service."""
    fields = {f"{level}IdType": "eMI3", f"{level}Id": id, "statusEventDate": when or at(), "availabilityStatus": code}
    return await partner.call(node.url, f"eMIP_ToIOP_Set{level}AvailabilityStatus", {**fields, **more})


async def busy(partner, node, code: int, when: str = "", *, id: str = EVSE, **more):
    """State whether an EVSE is used."""
    fields = {"EVSEIdType": "eMI3", "EVSEId": id, "statusEventDate": when or at(), "busyStatus": code}
    return await partner.call(node.url, "eMIP_ToIOP_SetEVSEBusyStatus", {**fields, **more})


def listed(value) -> list:
    """What may be there once, several times or not at all, as a list."""
    return value if isinstance(value, list) else [value] if value else []


async def join_ocpi(node, name: str, peer) -> Voice:
    """Register a platform of OCPI with a node."""
    ((country, code, role),) = peer.roles
    parties = (Party.parse(f"{country}*{code}/{role}"),)
    await node.book.put_partner(Partner(id=name, protocol="ocpi", parties=parties))
    secret = new_secret()
    made = Credential(node.book.keyring.fingerprint(secret), name, Purpose.REGISTRATION, node.clock.now())
    await node.book.admit(made)
    _, answer = await peer.post_credentials(node.url, secret)
    assert answer["status_code"] == 1000, answer
    peer.seen.clear()
    return Voice(node, peer)
