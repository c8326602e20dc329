"""Whom requests toward a hub are addressed to, and to whom the hub hands what concerns one party only."""

from __future__ import annotations

import pytest

from interroam.model.facts import Origin
from interroam.model.ids import Party
from interroam.model.questions import Authorize, StopSession
from tests.protocols.ocpi.client.conftest import OWNER, PROVIDER, Roaming
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import Peer, says
from tests.protocols.ocpi.server import messages

HUB = "FR*107"


@pytest.fixture
async def hub():
    async with Peer((("FR", "107", "HUB"),)) as one:
        yield one


async def joined(node: Node, hub: Peer, profile: str) -> Roaming:
    there = await node.expect("hub", "FR*107/HUB", profile=profile)
    await node.room.register(there, hub.versions_url, "token-a")
    hub.seen.clear()
    world = Roaming(node, hub, hub)
    world.origin = lambda partner="": Origin("office", Party.parse("CH*CCC/CPO"), "c")
    return world


@pytest.mark.statement("OCPI-18")
async def test_a_cpo_addresses_every_request_to_the_hub(tmp_path, hub):
    async with Node(tmp_path, hub=None, hosts=("CH*CCC/CPO",)) as node:
        owner = await joined(node, hub, "gireve")
        await node.agree("FR*107/HUB", "CH*CCC/CPO")
        await owner.tell("location", messages.location())
        await owner.tell("tariff", messages.tariff())
        await owner.tell("session", messages.session())
        await owner.tell("cdr", messages.cdr())
        await owner.settled()
        hub.answers.append(says("POST", "/authorize", 200, 1000, {"allowed": "BLOCKED", "token": messages.token()}))
        await node.hub.authorize(owner.origin(), Authorize(cpo=OWNER, uid="04A1B2C3", location_id="L1"))
        assert len(hub.told()) == 5
        assert {one.receiver for one in hub.told()} == {HUB}


@pytest.mark.statement("OCPI-18")
async def test_an_emsp_addresses_its_commands_to_the_hub(tmp_path, hub):
    async with Node(tmp_path, hub=None, hosts=("DE*EEE/EMSP",)) as node:
        provider = await joined(node, hub, "gireve")
        await node.agree("DE*EEE/EMSP", "FR*107/HUB")
        provider.origin = lambda partner="": Origin("hub")
        await provider.tell("session", messages.session())
        hub.answers.append(says("POST", "/STOP_SESSION", 200, 1000, {"result": "ACCEPTED", "timeout": 3}))
        said = await node.hub.command(Origin("office"), StopSession(emsp=PROVIDER, session_id="S1", reply="r"))
        assert said.accepted
        assert [one.receiver for one in hub.told("POST")] == [HUB]
