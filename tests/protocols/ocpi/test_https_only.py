"""No address is published or called that is not https."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest

from interroam.core.keys import new_secret
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Kind
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.http import Response
from interroam.net.listener import Listener
from interroam.net.premises import Premises
from interroam.net.tls import client_context, server_context
from interroam.protocols.ocpi.client.pushes import Push
from interroam.protocols.ocpi.room import OcpiRoom
from interroam.protocols.ocpi.wiring import wiring_of
from tests.net.authority import Authority
from tests.protocols.ocpi.nodes import Node
from tests.protocols.ocpi.partners import BOTH

PLAIN = "http://platform.example"


@pytest.fixture
def ours(tmp_path):
    return Authority(tmp_path, "ours")


@asynccontextmanager
async def platform(ours, *, details="", endpoint="", credentials=""):
    """A partner behind TLS; what is given instead of its own address is where it publishes a part of itself."""
    seen = []

    def data(path):
        here = listener.url
        if path == "/versions":
            return [{"version": "2.2.1", "url": f"{details or here}/2.2.1"}]
        if path == "/2.2.1":
            listed = [{"identifier": "credentials", "role": "SENDER", "url": f"{here}/credentials"}]
            listed += [{"identifier": name, "role": role, "url": f"{here}/{role}/{name}"} for name, role in BOTH]
            listed[-1]["url"] = f"{endpoint or here}/last"
            return {"version": "2.2.1", "endpoints": listed}
        role = {"role": "EMSP", "party_id": "EEE", "country_code": "DE", "business_details": {"name": "E"}}
        return {"token": "theirs", "url": f"{credentials or here}/versions", "roles": [role]}

    def answer(request):
        seen.append(request.path)
        if request.path == "/SENDER/tokens":
            paging = (b"x-total-count", b"9"), (b"x-limit", b"1"), (b"link", f'<{PLAIN}/2>; rel="next"'.encode())
            return Response(200, list(paging), b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z","data":[]}')
        said = {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z", "data": data(request.path)}
        return Response(200, [], json.dumps(said).encode())

    listener = Listener([Door("/", answer)], tls=server_context(ours.issue("platform")))
    await listener.start()
    yield listener, seen
    await listener.close(0)


@pytest.fixture
async def strict(tmp_path, ours):
    """A node without the test switch, whose own address is https."""
    client = Client(tls=client_context(ours.file))
    async with Node(tmp_path, insecure=False) as node:
        premises = Premises(url="https://hub.example", own=node.own, client=client)
        node.room = OcpiRoom(node.hub, premises)
        yield node
    await client.close()


@pytest.mark.statement("OCPI-2")
@pytest.mark.parametrize("part", ["details", "endpoint"])
async def test_a_partner_that_publishes_one_http_address_is_not_registered_with(strict, ours, part):
    partner = await strict.expect("peer", "DE*EEE/EMSP")
    async with platform(ours, **{part: PLAIN}) as (there, seen):
        with pytest.raises(Refused, match="no https") as refusal:
            await strict.room.register(partner, f"{there.url}/versions", new_secret())
    assert refusal.value.reason is Reason.PARTNER_UNUSABLE
    assert "/credentials" not in seen
    assert strict.book.credentials_of("peer") == []


@pytest.mark.statement("OCPI-2")
async def test_a_partner_whose_addresses_are_all_https_is_registered_and_keeps_the_one_that_works(strict, ours):
    partner = await strict.expect("peer", "DE*EEE/EMSP")
    async with platform(ours, credentials=PLAIN) as (there, seen):
        partner = await strict.room.register(partner, f"{there.url}/versions", new_secret())
    assert seen == ["/versions", "/2.2.1", "/credentials"]
    assert wiring_of(partner).versions_url == f"{there.url}/versions"


@pytest.mark.statement("OCPI-2")
async def test_a_node_that_is_not_reached_by_https_gives_no_credentials(strict, ours):
    premises = Premises(url="http://hub.example", own=strict.own, client=strict.room._premises.client)
    partner = await strict.expect("peer", "DE*EEE/EMSP")
    async with platform(ours) as (there, seen):
        with pytest.raises(Refused, match="would publish http://hub") as refusal:
            await OcpiRoom(strict.hub, premises).register(partner, f"{there.url}/versions", new_secret())
    assert "public_url" in refusal.value.remedy
    assert "/credentials" not in seen


@pytest.mark.statement("OCPI-2")
async def test_no_http_address_is_called_that_comes_later_in_a_link_or_a_command(strict, ours):
    partner = await strict.expect("peer", "DE*EEE/EMSP")
    async with platform(ours) as (there, seen):
        link = strict.room.link(await strict.room.register(partner, f"{there.url}/versions", new_secret()))
        owner = partner.parties[0]
        with pytest.raises(Refused, match=f"{PLAIN}/2 is no https"):
            async for _ in link.pull(Kind.TOKEN, None, asker=strict.own, owner=owner, correlation="c"):
                pass
    assert seen[-1] == "/SENDER/tokens"
    with pytest.raises(Refused, match=f"{PLAIN}/callback is no https"):
        link._url(Push(method="POST", module="commands", url=f"{PLAIN}/callback", owner=owner.id), owner)
