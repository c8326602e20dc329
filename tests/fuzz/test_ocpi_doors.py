"""Whatever comes to /ocpi is answered in OCPI's envelope, and the node lives on and keeps what it acknowledged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from interroam.protocols.ocpi.server.table import ROUTES
from tests.fuzz import campaign
from tests.fuzz.damage import Call, damaged, written
from tests.fuzz.world import FOREIGN, World, decoded, ocpi_headers
from tests.net.raw import Reply
from tests.protocols.ocpi.server.messages import NOW, cdr, connector, evse, location, session, tariff, token

AT = b"/ocpi/2.2.1"
LATER = {"last_updated": "2026-03-14T13:00:00Z"}
START = {"response_url": "http://127.0.0.1:1/7", "token": token(), "location_id": "L1", "evse_uid": "E1"}
CREDENTIALS = {
    "token": "t", "url": "http://127.0.0.1:1/versions",
    "roles": [{"role": "CPO", "party_id": "GGG", "country_code": "CH", "business_details": {"name": "G"}}],
}  # fmt: skip
HERE = {"location_id": "L1", "evse_uids": ["E1"]}
BACK = "http://127.0.0.1:1/10"
RESERVE = {**START, "reservation_id": "R1", "expiry_date": "2030-01-01T00:00:00Z"}
PROFILE = {
    "start_date_time": NOW, "duration": 900, "charging_rate_unit": "A", "min_charging_rate": 6.0,
    "charging_profile_period": [{"start_period": 0, "limit": 16.0}],
}  # fmt: skip
STANDING = {"country_code": "NL", "party_id": "XYZ", "role": "CPO", "status": "CONNECTED", "last_updated": NOW}
PREFERENCES = {"profile_type": "GREEN", "departure_time": "2026-03-14T18:00:00Z", "energy_need": 20}

GOOD: dict[tuple[str, str, str], list[tuple[str, str, Any]]] = {
    ("receiver", "locations", "PUT"): [
        ("cpo", "/CH/CCC/L1", location()),
        ("cpo", "/CH/CCC/L1/E1", evse()),
        ("cpo", "/CH/CCC/L1/E1/1", connector()),
    ],
    ("receiver", "locations", "PATCH"): [
        ("cpo", "/CH/CCC/L1", {"name": "New", **LATER}),
        ("cpo", "/CH/CCC/L1/E1", {"status": "CHARGING", **LATER}),
        ("cpo", "/CH/CCC/L1/E1/1", {"max_voltage": 400, **LATER}),
    ],
    ("receiver", "locations", "GET"): [("cpo", f"/CH/CCC/L1{tail}", None) for tail in ("", "/E1", "/E1/1")],
    ("sender", "locations", "GET"): [("emsp", tail, None) for tail in ("", "/L1", "/L1/E1", "/L1/E1/1")],
    ("receiver", "tariffs", "PUT"): [("cpo", "/CH/CCC/T1", tariff())],
    ("receiver", "tariffs", "GET"): [("cpo", "/CH/CCC/T1", None)],
    ("receiver", "tariffs", "DELETE"): [("cpo", "/CH/CCC/T1", None)],
    ("sender", "tariffs", "GET"): [("emsp", "", None)],
    ("receiver", "tokens", "PUT"): [("emsp", "/DE/EEE/0102030405060A", token())],
    ("receiver", "tokens", "PATCH"): [("emsp", "/DE/EEE/0102030405060A", {"valid": False, **LATER})],
    ("receiver", "tokens", "GET"): [("emsp", "/DE/EEE/0102030405060A", None)],
    ("sender", "tokens", "GET"): [("cpo", "", None), ("cpo", "/0102030405060A", None)],
    ("sender", "tokens", "POST"): [("cpo", "/0102030405060A/authorize", HERE)],
    ("receiver", "sessions", "PUT"): [("cpo", "/CH/CCC/S1", session(kwh=2.5))],
    ("receiver", "sessions", "PATCH"): [("cpo", "/CH/CCC/S1", {"kwh": 3.5, "status": "COMPLETED", **LATER})],
    ("receiver", "sessions", "GET"): [("cpo", "/CH/CCC/S1", None)],
    ("sender", "sessions", "GET"): [("emsp", "", None)],
    ("sender", "sessions", "PUT"): [("emsp", "/S1/charging_preferences", PREFERENCES)],
    ("receiver", "cdrs", "POST"): [("cpo", "", cdr())],
    ("receiver", "cdrs", "GET"): [("cpo", "/C1", None)],
    ("sender", "cdrs", "GET"): [("emsp", "", None)],
    ("receiver", "commands", "POST"): [
        ("emsp", "/START_SESSION", START),
        ("emsp", "/STOP_SESSION", {"response_url": "http://127.0.0.1:1/8", "session_id": "S1"}),
        ("emsp", "/RESERVE_NOW", RESERVE),
        ("emsp", "/CANCEL_RESERVATION", {"response_url": BACK, "reservation_id": "R1"}),
        ("emsp", "/UNLOCK_CONNECTOR", {**HERE, "response_url": "http://127.0.0.1:1/9", "connector_id": "1"}),
    ],
    ("sender", "commands", "POST"): [("cpo", "/START_SESSION/7", {"result": "ACCEPTED"})],
    ("receiver", "chargingprofiles", "PUT"): [("emsp", "/S1", {"charging_profile": PROFILE, "response_url": BACK})],
    ("receiver", "chargingprofiles", "GET"): [("emsp", "/S1", None)],
    ("receiver", "chargingprofiles", "DELETE"): [("emsp", "/S1", None)],
    ("sender", "chargingprofiles", "POST"): [("cpo", "/ACTIVE_CHARGING_PROFILE/7", {"result": "ACCEPTED"})],
    ("sender", "chargingprofiles", "PUT"): [
        ("cpo", "/S1", {"start_date_time": NOW, "charging_profile": PROFILE}),
    ],
    ("receiver", "hubclientinfo", "GET"): [("beyond", "/NL/XYZ", None)],
    ("receiver", "hubclientinfo", "PUT"): [("beyond", "/NL/XYZ", STANDING)],
    ("sender", "hubclientinfo", "GET"): [("emsp", "", None)],
}
CONFIGURATION = [
    ("guest", "GET", b"/ocpi/versions", None),
    ("guest", "GET", AT, None),
    *(("guest", method, AT + b"/credentials", CREDENTIALS) for method in ("POST", "PUT")),
    *(("guest", method, AT + b"/credentials", None) for method in ("GET", "DELETE")),
]
QUERIES = {
    "sessions": b"date_from=2026-01-01T00:00:00Z",
    "tokens": b"type=RFID",
    "chargingprofiles": b"duration=900&response_url=http%3A%2F%2F127.0.0.1%3A1%2F10",
}


def calls() -> list[tuple[Call, str, Any]]:
    """Every path with every method it offers: the call, who calls, and what its body says."""
    found = []
    for (side, module, method), rows in GOOD.items():
        for who, tail, value in rows:
            path = AT + f"/{side}/{module}{tail}".encode()
            query = QUERIES.get(module, b"")
            body = written(value) if value is not None else b""
            found.append((Call(f"{side} {module}", method, path, query, ocpi_headers(who), body), who, value))
    for who, method, path, value in CONFIGURATION:
        body = written(value) if value is not None else b""
        found.append((Call("configuration", method, path, b"", ocpi_headers(who), body), who, value))
    return found


CALLS = calls()


def test_the_campaign_knows_every_row_of_the_table():
    shown = {
        (side, module, method, tail.count("/")) for (side, module, method), rows in GOOD.items() for _, tail, _ in rows
    }
    table = {(*of, method, depth) for of, side in ROUTES.items() for method, depth in side.routes}
    assert table <= shown


@st.composite
def examples(draw: st.DrawFn) -> Call:
    good, _, value = draw(st.sampled_from(CALLS))
    return draw(damaged(good, value, FOREIGN))


class Trial:
    """Sends examples to one node and judges what comes back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: dict[int, int] = {}

    def __call__(self, call: Call) -> None:
        before = len(self.world.noted)
        reply = self.world.say(call)
        self.said[reply.status] = self.said.get(reply.status, 0) + 1
        self.judge(call, reply, len(self.world.noted) - before)
        if b"/credentials" in call.path:
            self.world.restore()
        self.lives()

    def judge(self, call: Call, reply: Reply, noted: int) -> None:
        assert reply.status < 500 or reply.status == 503, reply
        if reply.status == 503:
            assert int(reply.headers[b"retry-after"]) > 0
        if call.method == "HEAD" or reply.status == 204:
            return
        said = decoded(reply)
        assert reply.headers[b"content-type"].startswith(b"application/json")
        if "status_code" not in said:
            assert set(said) == {"error"}
            known = call.path.startswith((b"/ocpi/", b"/ocpi?")) or call.path == b"/ocpi"
            assert reply.status in (400, 431) or not known, (call, reply)  # before a door is known, or behind another
            return
        assert 1000 <= said["status_code"] < 5000, said
        assert said["timestamp"].endswith("Z")
        assert (said["status_code"] == 1000) == (200 <= reply.status < 300 and said["status_code"] < 2000)
        if reply.status not in (401, 413):
            assert noted, (call, reply)
            shown = reply.headers.get(b"x-correlation-id", b"").decode("latin-1")
            assert not shown or self.world.traced(shown), (call, reply)
        if reply.status == 201:
            key, receipt = self.world.recorded[-1]
            entry = self.world.entry(receipt.seq)
            assert entry is not None
            assert (entry.key, entry.created) == (key, True)

    def lives(self) -> None:
        """Ask for something good: it is recorded and acknowledged."""
        number = next(self.world.numbers)
        probe = session(id=f"good-{number}")
        path = AT + f"/receiver/sessions/CH/CCC/good-{number}".encode()
        reply = self.world.say(Call("probe", "PUT", path, b"", ocpi_headers("cpo", f"good-{number}"), written(probe)))
        assert (reply.status, decoded(reply)["status_code"]) == (201, 1000), reply
        key, receipt = self.world.recorded[-1]
        assert key.id == f"good-{number}"
        assert self.world.entry(receipt.seq).correlation == f"c-good-{number}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as made:
        for call, _, value in CALLS:
            if call.method == "PUT" and value is not None:
                made.say(call)
        yield made


@pytest.mark.parametrize("number", range(len(CALLS)), ids=[f"{call.method} {call.path.decode()}" for call, *_ in CALLS])
def test_an_undamaged_call_is_answered(world, number):
    Trial(world)(CALLS[number][0])


def test_a_body_that_is_too_large_is_refused_in_the_envelope(world):
    reply = world.say(Call("large", "PUT", AT + b"/receiver/tokens/x", b"", ocpi_headers("cpo"), b"x" * 1_000_001))
    assert (reply.status, decoded(reply)["status_code"]) == (413, 2000)


def test_damaged_calls_are_answered_in_the_envelope_and_nothing_acknowledged_is_lost(world):
    campaign.few(Trial(world), examples(), 120)
    assert world.lost() == []


@pytest.mark.fuzz
def test_very_many_damaged_calls_are_answered_in_the_envelope(world):
    trial = Trial(world)
    campaign.many(trial, examples(), "ocpi doors")
    campaign.say(f"ocpi doors: answers by status {dict(sorted(trial.said.items()))}, {len(world.recorded)} recorded")
    assert world.lost() == []
