"""A node: one per store, with doors for health and figures, links that follow its partners."""

from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from interroam.app import Node
from interroam.core.audit import LOCAL
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party
from interroam.model.parties import Partner
from interroam.net.client import Client
from interroam.net.tls import client_context
from interroam.settings import Settings, load
from tests.net.authority import Authority
from tests.waiting import eventually


def settings(path, **given) -> Settings:
    return load(env={}, given={"data": str(path / "data"), "insecure_http": True, **given})


@pytest.fixture
async def node(tmp_path):
    async with Node(settings(tmp_path)) as node:
        yield node


@pytest.fixture
async def client():
    client = Client()
    yield client
    await client.close()


def a_partner(name: str = "cpo", **fields) -> Partner:
    return replace(Partner(id=name, protocol="ocpi", parties=(Party.parse("CH*CCC/CPO"),)), **fields)


async def test_a_second_node_on_the_same_file_is_refused_with_a_word_on_what_to_do(node, tmp_path):
    second = Node(settings(tmp_path))
    with pytest.raises(Refused) as no:
        await second.start()
    assert no.value.reason is Reason.WRONG_STATE
    assert "interroam.db belongs to a running node" in no.value.message
    assert no.value.remedy


async def test_a_stopped_node_leaves_its_file_to_the_next(tmp_path):
    for _ in range(2):
        async with Node(settings(tmp_path)):
            pass


async def test_a_node_says_that_it_is_well(node, client):
    answer = await client.request("GET", f"{node.url}/health")
    said = json.loads(answer.body)
    assert (answer.status, said["status"], said["parts"]) == (200, "ok", ["hub"])


async def test_its_figures_name_exchanges_couriers_and_the_journal(node, client):
    await node.office.admin.add_partner(LOCAL, a_partner())
    issued = await node.office.admin.issue(LOCAL, "cpo")
    header = (b"authorization", f"Token {issued.token}".encode())
    assert (await client.request("GET", issued.url, headers=[header])).status == 200
    text = (await client.request("GET", f"{node.url}/metrics")).body.decode()
    assert 'interroam_exchanges_total{code="200/1000",direction="in"' in text
    assert 'room="ocpi"} 1.0' in text
    assert "interroam_exchange_seconds_bucket" in text
    assert "interroam_journal_head 0.0" in text
    assert 'interroam_partners{state="planned"} 1.0' in text


async def test_figures_are_for_the_networks_that_may_read_them(tmp_path, client):
    for given in ({"metrics": False}, {"metrics_from": ["192.0.2.0/24"]}):
        async with Node(settings(tmp_path, **given)) as node:
            assert (await client.request("GET", f"{node.url}/metrics")).status == 404


async def test_a_link_follows_its_partner(node):
    await node.office.admin.add_partner(LOCAL, a_partner())
    first = node.links["cpo"]
    await node.office.admin.amend_partner(LOCAL, a_partner(switches={"encoding": "plain"}))
    second = node.links["cpo"]
    assert second is not first
    await node.office.admin.suspend(LOCAL, "cpo")
    assert "cpo" not in node.links
    await node.office.admin.resume(LOCAL, "cpo")
    assert "cpo" in node.links
    await node.office.admin.remove_partner(LOCAL, "cpo")
    assert node.links == {}


async def test_a_node_with_an_unusable_partner_starts_all_the_same(tmp_path):
    async with Node(settings(tmp_path)) as node:
        await node.office.admin.add_partner(LOCAL, a_partner())
        await node.book.put_partner(a_partner(profile="of another release"))
    async with Node(settings(tmp_path)) as node:
        assert "cpo" not in node.links


async def test_two_nodes_register_with_each_other(tmp_path):
    cpo_settings = settings(tmp_path / "cpo", party="CH*CCC", parts=["cpo"])
    async with Node(settings(tmp_path / "hub", party="FR*107")) as hub, Node(cpo_settings) as cpo:
        issued = await hub.office.admin.add_partner(LOCAL, a_partner())
        await cpo.office.admin.add_partner(LOCAL, a_partner("back-office", protocol="plain"))
        await cpo.office.admin.add_partner(LOCAL, a_partner("hub", parties=(Party.parse("FR*107/HUB"),)))
        connected = await cpo.office.admin.register(LOCAL, "hub", issued.url, issued.token)
        assert (connected.state, hub.book.partners["cpo"].state) == ("connected", "connected")


async def test_a_node_without_the_hub_part_has_no_hub_party(tmp_path):
    node = Node(settings(tmp_path, party="CH*CCC", parts=["cpo"]))
    assert (node.hub.is_hub, node.book.hub) == (False, None)


async def test_what_was_asked_before_a_stop_is_answered(tmp_path):
    async with Node(settings(tmp_path)) as node:
        lines = [await asyncio.open_connection("127.0.0.1", node.port) for _ in range(20)]
        await eventually(lambda: len(node._listener._desk._connections) == len(lines))
        for _, writer in lines:  # nobody else has had a turn when the stop begins
            writer.write(b"GET /health HTTP/1.1\r\nhost: node\r\n\r\n")
    for reader, writer in lines:
        head, body = (await reader.read()).split(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert json.loads(body)["status"] == "stopping"
        writer.close()


async def test_the_files_of_a_node_are_its_owners_alone(node):
    data = node.settings.data
    modes = {path.name: path.stat().st_mode & 0o777 for path in (data, node.settings.key_file)}
    assert modes == {"data": 0o700, "interroam.key": 0o600}
    assert node.settings.socket_file.stat().st_mode & 0o777 == 0o600


async def test_renewed_certificates_are_used_from_the_next_connection_on_and_bad_ones_change_nothing(tmp_path):
    authority = Authority(tmp_path, "authority")
    identity = authority.issue("node")
    tls = {"certificate": str(identity.certificate), "key": str(identity.key)}
    async with Node(settings(tmp_path, tls=tls)) as node:
        assert node.url.startswith("https://127.0.0.1:")
        first = await _serial(node, authority)
        authority.issue("node")
        node.renew_certificates_soon()
        await asyncio.sleep(0.1)
        second = await _serial(node, authority)
        identity.certificate.write_text("nonsense")
        await node.renew_certificates()
        assert first != second == await _serial(node, authority)


async def _serial(node: Node, authority: Authority) -> str:
    trusting = client_context(authority.file)
    _, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=trusting, server_hostname="localhost")
    serial = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    return serial


async def test_who_is_turned_away_before_a_door_or_at_it_leaves_a_trace(node, client):
    async def said(sent: bytes) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writer.write(sent)
        line = await reader.readline()
        writer.close()
        return line.split()[1].decode()

    assert await said(b"GET /ocpi/versions HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 20_000 + b"\r\n\r\n") == "431"
    assert await said(b"nothing at all\r\n\r\n") == "400"
    head = b"PUT /ocpi/2.2.1/locations/FR/CPO/L1 HTTP/1.1\r\nHost: h\r\nX-Request-ID: r1\r\nContent-Length: 99999999999"
    assert await said(head + b"\r\n\r\n") == "413"
    assert await said(head.replace(b"locations/FR/CPO/L1", b"tokens/FR/MSP/04CAFE01") + b"\r\n\r\n") == "413"
    await client.request("GET", f"{node.url}/api/v1/locations", headers=[(b"authorization", b"Bearer nobody")])
    traces = await node.store.traces()
    assert [(one.partner, one.operation, one.code) for one in traces] == [
        ("", "refused at the door", "431"),
        ("", "refused at the door", "400"),
        ("", "refused at the door", "413"),
        ("", "refused at the door", "413"),
        ("", "plain GET", "401"),
    ]
    assert traces[2].note.endswith("127.0.0.1, who asked for PUT /ocpi/2.2.1/locations/FR/CPO/L1")
    assert traces[3].note.endswith("/tokens/…")
    assert [one.code for one in await node.store.traces(ids=["r1"])] == ["413", "413"]
    page = (await client.request("GET", f"{node.url}/metrics")).body.decode()
    assert 'code="431",direction="in",operation="refused at the door"' in page
