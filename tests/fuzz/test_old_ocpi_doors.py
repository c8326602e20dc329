"""Whatever comes to the doors of OCPI 2.1.1 is answered in its envelope, through the bridge and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from tests.fuzz import campaign
from tests.fuzz.damage import Call, damaged, written
from tests.fuzz.test_ocpi_doors import BACK, CALLS, HERE, Trial
from tests.fuzz.world import World, decoded
from tests.protocols.ocpi import older

LATER = {"last_updated": "2026-06-14T13:00:00Z"}
START = {"response_url": BACK, "token": older.old_token(), "location_id": "L1", "evse_uid": "E1"}
RESERVE = {**START, "reservation_id": 1, "expiry_date": "2030-01-01T00:00:00Z"}
UNLOCK = {"response_url": BACK, "location_id": "L1", "evse_uid": "E1", "connector_id": "1"}

GOOD: list[tuple[str, str, str, Any]] = [
    ("cpo", "PUT", "locations/CH/CCC/L1", older.old_location()),
    ("cpo", "PUT", "locations/CH/CCC/L1/E1", older.old_evse()),
    ("cpo", "PUT", "locations/CH/CCC/L1/E1/1", older.old_connector()),
    ("cpo", "PATCH", "locations/CH/CCC/L1", {"name": "New", **LATER}),
    ("cpo", "PATCH", "locations/CH/CCC/L1/E1", {"status": "CHARGING", **LATER}),
    ("cpo", "PATCH", "locations/CH/CCC/L1/E1/1", {"voltage": 400, **LATER}),
    ("cpo", "GET", "locations/CH/CCC/L1/E1/1", None),
    ("cpo", "PUT", "tariffs/CH/CCC/T1", older.old_tariff()),
    ("cpo", "PATCH", "tariffs/CH/CCC/T1", older.old_tariff(currency="CHF")),
    ("cpo", "DELETE", "tariffs/CH/CCC/T1", None),
    ("cpo", "PUT", "sessions/CH/CCC/S1", older.old_session()),
    ("cpo", "PATCH", "sessions/CH/CCC/S1", {"kwh": 3.5, **LATER}),
    ("cpo", "POST", "cdrs", older.old_cdr()),
    ("cpo", "GET", "cdrs/C1", None),
    ("cpo", "GET", "tokens", None),
    ("cpo", "POST", "tokens/0102030405060A/authorize", HERE),
    ("cpo", "POST", "commands/START_SESSION/7", {"result": "ACCEPTED"}),
    ("emsp", "PUT", "tokens/DE/EEE/0102030405060A", older.old_token()),
    ("emsp", "PATCH", "tokens/DE/EEE/0102030405060A", {"valid": False, **LATER}),
    ("emsp", "GET", "tokens/DE/EEE/0102030405060A", None),
    ("emsp", "GET", "locations", None),
    ("emsp", "GET", "locations/L1/E1/1", None),
    ("emsp", "GET", "tariffs", None),
    ("emsp", "GET", "sessions", None),
    ("emsp", "GET", "cdrs", None),
    ("emsp", "POST", "commands/START_SESSION", START),
    ("emsp", "POST", "commands/STOP_SESSION", {"response_url": BACK, "session_id": "S1"}),
    ("emsp", "POST", "commands/RESERVE_NOW", RESERVE),
    ("emsp", "POST", "commands/UNLOCK_CONNECTOR", UNLOCK),
]
FACES = {"cpo": b"emsp", "emsp": b"cpo"}
"""Which face a party calls: that of the other side."""
QUERIES = {"sessions": b"date_from=2026-01-01T00:00:00Z", "tokens": b"type=RFID"}
FOREIGN = (
    b"", b"Token", b"Token emsp", b"Token Y3Bv", b"Token depot", b"Token \xff", b"Bearer cpo", b"Token " + b"A" * 8_000,
)  # fmt: skip


def _call(who: str, method: str, path: str, value: Any) -> Call:
    headers = (
        (b"authorization", b"Token " + who.encode()),
        (b"content-type", b"application/json"),
        (b"x-request-id", b"r-0"),
        (b"x-correlation-id", b"c-0"),
    )
    query = QUERIES.get(path, b"") if method == "GET" else b""
    body = written(value) if value is not None else b""
    return Call(path, method, b"/ocpi/%b/2.1.1/%b" % (FACES[who], path.encode()), query, headers, body)


OLD_CALLS = [(_call(*row), row[3]) for row in GOOD]


@st.composite
def examples(draw: st.DrawFn) -> Call:
    good, value = draw(st.sampled_from(OLD_CALLS))
    return draw(damaged(good, value, FOREIGN))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as made:
        for call, _, value in CALLS:
            if call.method == "PUT" and value is not None:
                made.say(call)
        yield made


@pytest.mark.parametrize(
    "call", [call for call, _ in OLD_CALLS], ids=[f"{one.method} {one.name}" for one, _ in OLD_CALLS]
)
def test_an_undamaged_call_is_answered(world, call):
    Trial(world)(call)


def test_a_place_stated_in_the_old_version_is_taken(world):
    said = decoded(world.say(_call("cpo", "PUT", "locations/CH/CCC/L9", older.old_location(id="L9"))))
    assert said["status_code"] == 1000


def test_damaged_calls_are_answered_and_nothing_acknowledged_is_lost(world):
    campaign.few(Trial(world), examples(), 120)
    assert world.lost() == []


@pytest.mark.fuzz
def test_very_many_damaged_calls_are_answered(world):
    trial = Trial(world)
    campaign.many(trial, examples(), "old ocpi doors")
    campaign.say(
        f"old ocpi doors: answers by status {dict(sorted(trial.said.items()))}, {len(world.recorded)} recorded"
    )
    assert world.lost() == []
