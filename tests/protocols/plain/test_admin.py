"""Administration over HTTP: a log-in for people elsewhere, none for the owner of the socket file, one document."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from openapi_spec_validator import validate

from interroam.app import Node
from interroam.core.audit import LOCAL, Rank
from interroam.model.ids import Kind, Party
from interroam.model.parties import Partner
from interroam.net.client import Client
from interroam.settings import load
from tests.clocks import ClockAhead

PASSWORD = "correct horse battery"
CPO = {"id": "cpo", "parties": ["CH*CCC/CPO"]}
CPO_PARTY = Party.parse("CH*CCC/CPO")
TARIFF = {
    "party": "CH*CCC",
    "id": "T1",
    "currency": "CHF",
    "elements": [{"components": [{"dimension": "ENERGY", "price": "0.50"}]}],
}


class People:
    """Calls the administration of one node."""

    def __init__(self, node: Node, client: Client) -> None:
        self.node = node
        self.client = client
        self.token = ""

    async def __call__(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        headers = [(b"authorization", f"Bearer {self.token}".encode())] if self.token else []
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        url = f"{self.node.url}/api/v1/admin{path}"
        answer = await self.client.request(method, url, headers=headers, body=payload)
        return answer.status, json.loads(answer.body) if answer.body else None

    async def log_in(self, name: str) -> None:
        await self.node.office.people.put(LOCAL, name, PASSWORD, Rank(name), bodies=False)
        _, answer = await self("POST", "/login", {"name": name, "password": PASSWORD})
        self.token = answer["token"]


@pytest.fixture
async def people(tmp_path):
    settings = load(env={}, given={"data": str(tmp_path), "insecure_http": True})
    async with Node(settings) as node:
        client = Client()
        yield People(node, client)
        await client.close()


async def test_nobody_gets_in_without_a_log_in(people):
    for token in ("", "nonsense"):
        people.token = token
        status, answer = await people("GET", "/partners")
        assert (status, answer["error"]["reason"]) == (401, "unauthenticated")
        assert answer["error"]["remedy"]
    assert (await people("POST", "/login", {"name": "admin", "password": "a wrong password"}))[0] == 401


@pytest.mark.statement("OCPI-12")
async def test_a_log_in_ends_after_twenty_minutes_without_use_and_another_is_needed(tmp_path):
    clock = ClockAhead()
    settings = load(env={}, given={"data": str(tmp_path), "insecure_http": True})
    async with Node(settings, clock) as node:
        person = People(node, Client())
        assert (await person("GET", "/partners"))[0] == 401
        await person.log_in("admin")
        for minutes, status in ((0, 200), (19, 200), (19, 200), (20, 401), (0, 401)):
            clock.ahead += timedelta(minutes=minutes)
            assert (await person("GET", "/partners"))[0] == status
        await person.log_in("admin")
        assert (await person("GET", "/partners"))[0] == 200
        await person.client.close()


async def test_who_logs_out_is_out_and_the_audit_says_so(people):
    await people.log_in("admin")
    left = people.token
    assert await people("POST", "/logout") == (204, None)
    for method, path in (("GET", "/partners"), ("POST", "/logout")):
        assert (await people(method, path))[0] == 401
    await people.log_in("admin")
    assert people.token != left
    _, log = await people("GET", "/audit")
    assert [line["action"] for line in log["audit"] if line["actor"] == "admin"] == ["log in", "log out", "log in"]


async def test_a_partner_is_added_listed_suspended_and_removed(people):
    await people.log_in("admin")
    status, issued = await people("POST", "/partners", CPO)
    assert (status, issued["purpose"], issued["url"]) == (201, "registration", f"{people.node.url}/ocpi/versions")
    assert (await people("POST", "/partners", CPO))[0] == 409
    assert (await people("POST", "/partners/cpo/suspend"))[1]["state"] == "suspended"
    assert [one["id"] for one in (await people("GET", "/partners"))[1]["partners"]] == ["cpo"]
    assert await people("DELETE", "/partners/cpo") == (204, None)
    assert (await people("GET", "/partners/cpo"))[0] == 404


@pytest.mark.parametrize(
    ("rank", "method", "path", "body", "status"),
    [
        ("viewer", "GET", "/couriers", None, 200),
        ("viewer", "POST", "/shelf/drop", {"ids": [1]}, 403),
        ("operator", "POST", "/shelf/drop", {"ids": []}, 204),
        ("operator", "POST", "/shelf/drop", {"ids": [1]}, 404),
        ("operator", "POST", "/partners", CPO, 403),
        ("operator", "GET", "/users", None, 403),
        ("admin", "GET", "/audit", None, 200),
    ],
)
async def test_a_rank_decides_what_a_person_may_do(people, rank, method, path, body, status):
    await people.log_in(rank)
    assert (await people(method, path, body))[0] == status


async def test_agreements_are_added_explained_and_ended(people):
    await people.log_in("admin")
    await people("POST", "/partners", CPO)
    await people("POST", "/partners", {"id": "emsp", "parties": ["NL*EEE/EMSP"]})
    status, made = await people("POST", "/agreements", {"emsp": "NL*EEE/EMSP", "cpos": ["CH*CCC/CPO"]})
    assert (status, made["in_force"]) == (201, True)
    _, said = await people("GET", "/explain?card=NL-EEE-C1&cpo=CH*CCC")
    assert (said["accepted"], said["steps"][-1]["message"]) == (False, "partner emsp is planned")
    _, ended = await people("POST", f"/agreements/{made['id']}/end", {})
    assert ended["in_force"] is False


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/partners", {"id": "x"}, 422),
        ("POST", "/partners", {"id": "x", "parties": ["nobody"]}, 422),
        ("GET", "/journal?limit=many", None, 422),
        ("GET", "/journal?what=ever", None, 422),
        ("GET", "/dossiers/nothing", None, 404),
        ("PATCH", "/partners", None, 405),
        ("GET", "/nowhere", None, 404),
        ("POST", "/couriers/pause", {"party": "NL*EEE/EMSP", "lane": "charges"}, 404),
        ("POST", "/couriers/tickle", {"party": "NL*EEE/EMSP", "lane": "charges"}, 404),
        ("POST", "/partners", b'{"id": "\xff"}', 400),
        ("POST", "/partners", b'{"a":' * 3_000, 400),
        ("POST", "/shelf/drop", {"ids": [2**63]}, 422),
        ("GET", f"/shelf?limit={2**63}", None, 422),
        ("GET", "/traces?limit=-1", None, 422),
        ("GET", "/dossiers/nothing?at=0001-01-01T00:00:00Z", None, 404),
        ("GET", "/dossiers/nothing?at=9999-12-31T00:00:00Z", None, 404),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_reason(people, method, path, body, status):
    await people.log_in("admin")
    found, answer = await people(method, path, body)
    assert (found, bool(answer["error"]["message"])) == (status, True)


async def test_every_change_leaves_a_line_with_who_did_it(people):
    await people.log_in("admin")
    await people("POST", "/partners", CPO)
    _, log = await people("GET", "/audit")
    assert [(line["actor"], line["action"]) for line in log["audit"]][-2:] == [
        ("admin", "log in"),
        ("admin", "partner add"),
    ]
    assert PASSWORD not in json.dumps(log)


async def test_the_document_lists_administration_and_is_valid(people):
    answer = await people.client.request("GET", f"{people.node.url}/api/v1/openapi.json")
    document = json.loads(answer.body)
    validate(document)
    assert "/api/v1/admin/partners" in document["paths"]
    removing = document["paths"]["/api/v1/admin/partners/{id}"]["delete"]["responses"]
    assert {"204", "404"} <= set(removing)
    assert "200" not in removing
    assert {"404", "409"} <= set(document["paths"]["/api/v1/admin/partners/{id}"]["put"]["responses"])


async def test_stating_for_a_back_office_needs_an_operator_and_leaves_a_line(people):
    await people.node.office.admin.add_partner(LOCAL, Partner(id="office", protocol="plain", parties=(CPO_PARTY,)))
    line = json.dumps({"kind": "tariff", "object": TARIFF}).encode()
    await people.log_in("viewer")
    assert (await people("POST", "/partners/office/import", line))[0] == 403
    await people.log_in("operator")
    status, batch = await people("POST", "/partners/office/import", line)
    assert (status, batch["counts"]) == (200, {"recorded": 1})
    (audited,) = [one for one in await people.node.office.audit.lines() if one.action == "partner import"]
    assert (audited.actor, audited.object, audited.detail["recorded"]) == ("operator", "office", "1")
    entries = await people.node.store.entries(0, kinds=[Kind.TARIFF], correlation=audited.detail["correlation"])
    assert [entry.origin for entry in entries] == ["office"]
    await people.node.office.admin.suspend(LOCAL, "office")
    assert (await people("POST", "/partners/office/import", line))[0] == 409
