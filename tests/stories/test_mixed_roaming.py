"""A hub for everything but sessions and commands: these go from peer to peer, and the CDR by the hub joins them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.model.agreements import Agreement, Mode, Terms
from interroam.model.facts import Origin
from interroam.model.ids import Kind, Module, Party, Role, cdr_key, session_key, token_key
from interroam.model.questions import Acknowledged, Authorize, StartSession, StopSession
from interroam.model.tokens import Allowed, Authorization
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER
from tests.protocols.ocpi.nodes import LONG_AGO
from tests.protocols.ocpi.row import in_a_row
from tests.protocols.ocpi.server import messages

UID = "0102030405060A"
DIRECT = (Module.SESSIONS, Module.COMMANDS)
BY_HUB = {module: Terms(on=module not in DIRECT, mode=Mode.MIXED) for module in Module}
BY_PEER = {module: Terms(on=module in DIRECT, mode=Mode.MIXED) for module in Module}


@pytest.fixture
async def mixed(tmp_path):
    async with in_a_row(tmp_path) as row:
        for node in (row.cpo, row.emsp):
            (by_hub,) = node.book.agreements.values()
            await node.book.put_agreement(replace(by_hub, terms=BY_HUB))
            await node.book.put_agreement(
                Agreement(
                    id="direct",
                    emsp=Party(PROVIDER, Role.EMSP),
                    cpos=(Party(OWNER, Role.CPO),),
                    starts=LONG_AGO,
                    terms=BY_PEER,
                )
            )
        hub = row.hub.book.partners["cpo"]
        for name in ("cpo", "emsp"):
            await row.hub.book.put_partner(
                replace(row.hub.book.partners[name], switches={**hub.switches, "send_hub_reference": True})
            )
        await row.emsp.expect("peer", "CH*CCC/CPO")
        there = await row.cpo.expect("peer", "DE*EEE/EMSP")
        await row.cpo.room.register(there, f"{row.emsp.url}/ocpi/versions", await row.emsp.invite("peer"))
        await row.owner.tell("location", messages.location())
        await row.provider.tell("token", messages.token())
        await row.settled()
        yield row


async def origins(node, kind: Kind) -> set[str]:
    return {one.origin for one in await node.store.entries(0, 10_000) if one.key.kind is kind}


async def test_a_card_is_asked_about_by_the_hub_its_session_is_direct_and_its_cdr_comes_by_the_hub(mixed):
    token = (await mixed.emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    mixed.emsp.office.answer = Authorization(allowed=Allowed.ALLOWED, token=token)
    said = await mixed.cpo.hub.authorize(Origin("office"), Authorize(cpo=OWNER, uid=UID, location_id="L1"))
    assert await origins(mixed.hub, Kind.AUTHORIZATION) == {"cpo"}
    assert await origins(mixed.emsp, Kind.AUTHORIZATION) == {"hub"}
    await mixed.owner.tell("session", messages.session(authorization_reference=said.reference))
    await mixed.owner.tell("cdr", messages.cdr(authorization_reference=said.reference))
    await mixed.settled()

    assert await origins(mixed.hub, Kind.SESSION) == set()
    assert await origins(mixed.hub, Kind.CDR) == {"cpo"}
    assert await origins(mixed.emsp, Kind.SESSION) == {"peer"}
    assert await origins(mixed.emsp, Kind.CDR) == {"hub"}
    there = (await mixed.emsp.store.get(session_key(OWNER, "S1"))).body
    bill = (await mixed.emsp.store.get(cdr_key(OWNER, "C1"))).body
    assert there.authorization_reference == bill.authorization_reference == said.reference


async def test_commands_go_from_peer_to_peer(mixed):
    mixed.cpo.office.answer = Acknowledged(result="ACCEPTED", within=30)
    await mixed.owner.tell("session", messages.session())
    await mixed.settled()
    token = (await mixed.emsp.store.get(token_key(PROVIDER, "RFID", UID))).body
    start = StartSession(emsp=PROVIDER, token=token, location_id="L1", evse_uid="E1", reference="mine", reply="r")
    assert (await mixed.emsp.hub.command(Origin("office"), start)).accepted
    assert (
        await mixed.emsp.hub.command(Origin("office"), StopSession(emsp=PROVIDER, session_id="S1", reply="r"))
    ).accepted
    assert [one.reference for one in mixed.cpo.office.asked[:1]] == ["mine"]
    assert await origins(mixed.hub, Kind.COMMAND) == set()
