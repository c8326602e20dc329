"""Whatever comes to /api/v1 and its administration: an answer as documented comes, and the node lives on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.fuzz import campaign
from tests.fuzz.damage import Call, damaged, written
from tests.fuzz.drawn import Drawer
from tests.fuzz.world import FOREIGN, World, decoded
from tests.net.raw import Reply
from tests.protocols.plain.node import CDR, LOCATION, SESSION, TARIFF, TOKEN

ADMIN = "/api/v1/admin"
SECRETS = ("depot", "depot", "cards", "cards", "cpo")
LINES = [{"kind": "cdr", "object": CDR}, {"kind": "location", "object": {"party": "CH*PPP", "id": "L9", **LOCATION}}]
GOOD: dict[str, tuple[str, str, Any]] = {
    "put_location": ("depot", "/locations/CH*PPP/L1", LOCATION),
    "put_evse": ("depot", "/locations/CH*PPP/L1/evses/1", {**LOCATION["evses"][0], "status": "CHARGING"}),
    "put_tariff": ("depot", "/tariffs/CH*PPP/T1", TARIFF),
    "put_token": ("cards", "/tokens/DE*QQQ/RFID/card1", TOKEN),
    "put_session": ("depot", "/sessions/CH*PPP/S1", {**SESSION, "token": {**SESSION["token"], "party": "DE*QQQ"}}),
    "patch_session": ("depot", "/sessions/CH*PPP/S1", {"energy_kwh": 3}),
    "post_cdr": ("depot", "/cdrs", {**CDR, "party": "CH*PPP"}),
    "authorize": ("depot", "/authorize", {"party": "CH*PPP", "uid": "card1", "location_id": "L1"}),
    "start": (
        "cards",
        "/commands/start",
        {"party": "DE*QQQ", "token": {"uid": "card1", "type": "RFID"}, "location_id": "L1"},
    ),
    "post_statuses": (
        "depot",
        "/statuses",
        [{"party": "CH*PPP", "location_id": "L1", "uid": "1", "status": "CHARGING"}],
    ),
}


class Door:
    """The routes of a node as its document lists them."""

    def __init__(self, world: World) -> None:
        self.world = world
        headers = ((b"authorization", b"Bearer depot"),)
        reply = world.say(Call("get_document", "GET", b"/api/v1/openapi.json", b"", headers, b""))
        self.document = decoded(reply)
        self.drawer = Drawer(self.document)
        self.routes = [
            (path, method.upper(), operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
        ]
        self.answers = {operation["operationId"]: set(operation["responses"]) for _, _, operation in self.routes}

    def headers(self, path: str, secret: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return who calls: an administrator where one is needed."""
        shown = self.world.ticket if path.startswith(ADMIN) else secret
        return ((b"authorization", f"Bearer {shown}".encode()), (b"content-type", b"application/json"))

    def examples(self, *, admin: bool) -> st.SearchStrategy[Call]:
        """Return calls of every route on one side, most of them damaged."""
        return st.sampled_from([one for one in self.routes if one[0].startswith(ADMIN) is admin]).flatmap(self._call)

    def _call(self, route: tuple[str, str, dict[str, Any]]) -> st.SearchStrategy[Call]:
        path, method, operation = route
        parameters = operation.get("parameters", [])
        drawer, name = self.drawer, operation["operationId"]

        @st.composite
        def made(draw: st.DrawFn) -> Call:
            contents = operation.get("requestBody", {}).get("content", {})
            media = next(iter(contents), "")
            value = draw(drawer.value(contents[media]["schema"])) if media else None
            target = draw(drawer.path(path, parameters))
            secret = draw(st.sampled_from(SECRETS))
            if name in GOOD and draw(st.booleans()):
                secret, tail, value = GOOD[name]
                target = b"/api/v1" + tail.encode()
            body = written(value) if value is not None else b""
            if "ndjson" in media:
                body = b"\n".join(map(written, [value, *LINES]))
            call = Call(name, method, target, draw(drawer.query(parameters)), self.headers(path, secret), body)
            return draw(damaged(call, None if "ndjson" in media else value, FOREIGN))

        return made()


class Trial:
    """Sends examples to one node and judges what comes back."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.world = door.world
        self.said: dict[int, int] = {}

    def __call__(self, call: Call) -> None:
        reply = self.world.say(call)
        self.said[reply.status] = self.said.get(reply.status, 0) + 1
        self.judge(call, reply)
        self.lives()

    def judge(self, call: Call, reply: Reply) -> None:
        assert reply.status < 500 or reply.status in (502, 503, 504), (call, reply)
        if reply.status == 503:
            assert int(reply.headers[b"retry-after"]) > 0, (call, reply)
        if call.whole and reply.status not in (400, 413, 431):
            assert str(reply.status) in self.door.answers[call.name], (call, reply)
        shown = reply.headers.get(b"x-correlation-id", b"").decode()
        assert not shown or call.name == "get_document" or self.world.traced(shown), (call, reply)
        if call.method == "HEAD" or reply.status == 204 or reply.headers[b"content-type"] == b"text/event-stream":
            return
        said = decoded(reply)
        if reply.status >= 400:
            assert set(said) == {"error"}, (call, reply)
            assert isinstance(said["error"], str) or said["error"]["reason"], (call, reply)
        elif isinstance(said, dict):
            self.kept([said, *said.get("lines", ())])

    def kept(self, told: list[Any]) -> None:
        """See that what was acknowledged as recorded is in the journal."""
        for one in told:
            if isinstance(one, dict) and one.get("verdict") == "recorded" and one.get("seq"):
                assert self.world.entry(one["seq"]) is not None

    def lives(self) -> None:
        """Ask for something good: it is recorded and acknowledged."""
        number = next(self.world.numbers)
        headers = ((b"authorization", b"Bearer depot2"),)
        tail = f"/sessions/CH*PP2/good-{number}".encode()
        body = json.dumps(GOOD["put_session"][2]).encode()
        reply = self.world.say(Call("probe", "PUT", b"/api/v1" + tail, b"", headers, body))
        said = decoded(reply)
        assert (reply.status, said.get("verdict")) == (200, "recorded"), reply
        assert self.world.entry(said["seq"]).key.id == f"good-{number}"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as world:
        made = Door(world)
        for name, (secret, tail, value) in GOOD.items():
            method = next(method for _, method, one in made.routes if one["operationId"] == name)
            call = Call(name, method, b"/api/v1" + tail.encode(), b"", made.headers("", secret), written(value))
            assert world.say(call).status == 200, call
        yield made


def test_damaged_calls_of_back_offices_are_answered_as_documented(door):
    campaign.few(Trial(door), door.examples(admin=False), 120)
    assert door.world.lost() == []


def test_damaged_calls_of_administrators_are_answered_as_documented(door):
    campaign.few(Trial(door), door.examples(admin=True), 80)
    assert door.world.lost() == []


@pytest.mark.fuzz
@pytest.mark.parametrize("side", ["back offices", "administration"])
def test_very_many_damaged_calls_are_answered_as_documented(door, side):
    trial = Trial(door)
    campaign.many(trial, door.examples(admin=side == "administration"), side, share=0.5)
    campaign.say(f"{side}: answers by status {dict(sorted(trial.said.items()))}, {len(door.world.recorded)} recorded")
    assert door.world.lost() == []
