"""Two nodes without a hub: the same modules, both parties in the headers, nobody's ids rewritten."""

from __future__ import annotations

import json

import pytest

from interroam.core.ports import Query
from interroam.model.facts import Origin, Withdrawal
from interroam.model.ids import (
    Kind,
    Module,
    authorization_key,
    cdr_key,
    location_key,
    session_key,
    tariff_key,
    token_key,
)
from interroam.model.questions import Acknowledged, Authorize, StartSession, StopSession
from interroam.model.tokens import Allowed, Authorization
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, Roaming
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer
from tests.protocols.ocpi.server import messages

UID = "0102030405060A"
LATER = "2026-03-14T12:05:00Z"


def mouth(node: Node) -> Roaming:
    world = Roaming(node, None, None)
    world.origin = lambda partner="": Origin("office", correlation=world.correlation)
    return world


@pytest.fixture
async def pair(tmp_path):
    for name in ("cpo", "emsp"):
        (tmp_path / name).mkdir()
    async with (
        Node(tmp_path / "cpo", hub=None, hosts=("CH*CCC/CPO",)) as cpo,
        Node(tmp_path / "emsp", hub=None, hosts=("DE*EEE/EMSP",)) as emsp,
    ):
        await emsp.expect("them", "CH*CCC/CPO")
        there = await cpo.expect("them", "DE*EEE/EMSP")
        await cpo.room.register(there, f"{emsp.url}/ocpi/versions", await emsp.invite("them"))
        for node in (cpo, emsp):
            await node.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        yield cpo, emsp


async def settled(*nodes: Node) -> None:
    for _ in range(2):
        for node in nodes:
            await node.settled()


@pytest.mark.statement("OCPI-181")
async def test_a_whole_charge_goes_from_peer_to_peer_under_the_owners_own_ids(pair):
    cpo, emsp = pair
    owner, provider = mouth(cpo), mouth(emsp)
    await owner.tell("location", messages.location())
    await provider.tell("token", messages.token())
    await owner.patch_evse(status="CHARGING", last_updated=LATER)
    await settled(cpo, emsp)
    token = (await cpo.store.get(token_key(PROVIDER, "RFID", UID))).body
    emsp.office.answer = Authorization(allowed=Allowed.ALLOWED, token=token, emsp_reference="their-1")

    said = await cpo.hub.authorize(Origin("office"), Authorize(cpo=OWNER, uid=UID, location_id="L1"))
    assert said.reference == "their-1"
    await owner.tell("session", messages.session(authorization_reference="their-1"))
    await owner.tell("cdr", messages.cdr(authorization_reference="their-1"))
    await settled(cpo, emsp)

    place = json.loads((await emsp.store.get(location_key(OWNER, "L1"))).wire.data)
    assert "gireve_id" not in place
    assert (await emsp.store.get(session_key(OWNER, "S1"))).body.authorization_reference == "their-1"
    assert (await emsp.store.get(cdr_key(OWNER, "C1"))).body.session_id == "S1"
    assert (await emsp.store.get(authorization_key("their-1"))) is not None


@pytest.mark.statement("OCPI-181")
async def test_a_charge_is_started_and_stopped_from_peer_to_peer(pair):
    cpo, emsp = pair
    await mouth(cpo).tell("location", messages.location())
    await mouth(emsp).tell("token", messages.token())
    await mouth(cpo).tell("session", messages.session())
    await settled(cpo, emsp)
    cpo.office.answer = Acknowledged(result="ACCEPTED", within=30)
    token = (await emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    start = StartSession(emsp=PROVIDER, token=token, location_id="L1", evse_uid="E1", reference="mine", reply="r")
    assert (await emsp.hub.command(Origin("office"), start)).accepted
    assert (await emsp.hub.command(Origin("office"), StopSession(emsp=PROVIDER, session_id="S1", reply="r"))).accepted
    first, second = cpo.office.asked
    assert (first.reference, second.session_id) == ("mine", "S1")


@pytest.mark.statement("OCPI-181")
async def test_the_headers_name_the_two_parties(tmp_path):
    async with Peer((("DE", "EEE", "EMSP"),)) as them, Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as cpo:
        there = await cpo.expect("them", "DE*EEE/EMSP")
        await cpo.room.register(there, them.versions_url, "token-a")
        await cpo.agree("DE*EEE/EMSP", "CH*CCC/CPO")
        them.seen.clear()
        await mouth(cpo).tell("location", messages.location())
        await mouth(cpo).tell("session", messages.session())
        await settled(cpo)
        assert {(one.sender, one.receiver) for one in them.told()} == {("CH*CCC", "DE*EEE")}
        assert {one.path for one in them.told()} == {
            "/receiver/locations/CH/CCC/L1",
            "/receiver/sessions/CH/CCC/S1",
        }


@pytest.mark.statement("OCPI-181")
@pytest.mark.parametrize(
    ("theirs", "hosts", "taken"),
    [
        (("DE*EEE/EMSP",), ("CH*CCC/CPO",), True),
        (("DE*EEE/EMSP", "DE*FFF/EMSP"), ("CH*CCC/CPO",), False),
        (("DE*EEE/EMSP", "DE*EEE/CPO"), ("CH*CCC/CPO",), False),
        (("DE*EEE/EMSP",), ("CH*CCC/CPO", "CH*DDD/CPO"), False),
        (("DE*EEE/EMSP",), ("CH*CCC/CPO", "CH*CCC/EMSP"), False),
    ],
)
async def test_two_of_one_party_and_one_role_each_need_no_headers(tmp_path, theirs, hosts, taken):
    async with Peer((("DE", "EEE", "EMSP"),)) as them, Node(tmp_path, hub=None, hosts=hosts) as cpo:
        there = await cpo.expect("them", *theirs)
        await cpo.room.register(there, them.versions_url, "token-a")
        url = f"{cpo.url}/ocpi/2.2.1/receiver/tokens/DE/EEE/{UID}"
        status, answer = await them.call("PUT", url, them.given["token"], messages.token())
        assert (status in (200, 201), answer["status_code"]) == (True, 1000 if taken else 2001)


@pytest.mark.statement("OCPI-152", "OCPI-155", "OCPI-181")
async def test_a_peer_knows_one_description_of_a_tariff_its_own_and_not_whom_any_is_for(pair):
    cpo, emsp = pair
    owner = mouth(cpo)
    targets = {"": {}}
    for code in ("FFF", "EEE"):
        targets[code] = {"target_operator_country_code": "DE", "target_operator_party_id": code}

    async def known() -> list[float]:
        await settled(cpo, emsp)
        rows = [row for row in (await emsp.store.page(Query(kind=Kind.TARIFF))).items if not row.withdrawn]
        assert all(b"target_operator" not in row.wire.data and row.body.target is None for row in rows)
        return [float(row.body.elements[0].components[0].price) for row in rows]

    seen = []
    for code, price in (("", 0.4), ("FFF", 0.2), ("EEE", 0.3)):
        await owner.tell("tariff", messages.tariff(price=price, **targets[code]))
        seen.append(await known())
    await owner.tell("cdr", messages.cdr(tariffs=[messages.tariff(**targets["EEE"])]))
    await settled(cpo, emsp)
    (bill,) = (await emsp.store.page(Query(kind=Kind.CDR))).items
    assert b"target_operator" not in bill.wire.data
    await emsp.rounds.pulling.pull("them", Module.TARIFFS, whole=True)
    seen.append(await known())
    for target in (PROVIDER, None):
        await owner.state(Withdrawal(tariff_key(OWNER, "T1", target), cpo.clock.now()))
        seen.append(await known())
    assert seen == [[0.4], [0.4], [0.3], [0.3], [0.4], []]
