"""A node that is no hub: it hosts parties, and a hub or a peer calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.protocols.ocpi.server.conftest import Node
from tests.protocols.ocpi.server.messages import cdr, evse, location, session, token

AT = "receiver/locations/CH/CCC/L1"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """The node of DE*EEE, an eMSP."""
    async with Node(tmp_path, hub=None, hosts=("DE*EEE/EMSP",)) as made:
        yield made


async def test_a_peer_states_what_is_its_own(node):
    cpo = await node.partner("ccc", "CH*CCC/CPO", to="DE*EEE")
    answer = await cpo.put(AT, location())
    assert (answer.http, answer.status) == (201, 1000)
    names = ("OCPI-to-country-code", "OCPI-to-party-id", "OCPI-from-country-code", "OCPI-from-party-id")
    assert [answer.headers[name] for name in names] == ["CH", "CCC", "DE", "EEE"]
    foreign = await cpo.put("receiver/locations/CH/DDD/L1", location(party_id="DDD"))
    assert (foreign.http, foreign.status) == (200, 2001)


async def test_only_hosted_parties_can_be_addressed(node):
    cpo = await node.partner("ccc", "CH*CCC/CPO", to="DE*XXX")
    assert (await cpo.put(AT, location())).status == 4001
    open_routed = await node.partner("ddd", "CH*DDD/CPO", to=None)
    taken = await open_routed.put("receiver/locations/CH/DDD/L1", location(party_id="DDD"))
    assert taken.status == 1000


@pytest.mark.statement("OCPI-40")
async def test_a_hub_speaks_for_whoever_stands_behind_it(node):
    hub = await node.partner("hub", "FR*107/HUB", to="DE*EEE")
    broadcast = await hub.put(AT, location(gireve_id="g-1"))
    assert broadcast.http == 201
    relayed = {"OCPI-from-country-code": "CH", "OCPI-from-party-id": "CCC"}
    patched = await hub.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": "2026-03-14T12:01:00Z"}, relayed)
    assert patched.status == 1000
    assert (await hub.put("receiver/sessions/CH/CCC/S1", session(), relayed)).status == 1000
    assert (await hub.post("receiver/cdrs", cdr(), relayed)).status == 1000
    wanted = location(
        gireve_id="g-1",
        evses=[evse(status="CHARGING", last_updated="2026-03-14T12:01:00Z")],
        last_updated="2026-03-14T12:01:00Z",
    )
    assert (await hub.get(AT)).data == wanted


async def test_a_hub_may_not_speak_for_a_party_that_is_connected_itself(node):
    hub = await node.partner("hub", "FR*107/HUB", to="DE*EEE")
    await node.partner("ccc", "CH*CCC/CPO")
    assert (await hub.put(AT, location())).status == 2001
    assert (await hub.put("receiver/tokens/DE/EEE/0102030405060A", token())).http == 404
