"""When things go wrong on our side, or on nobody's: an answer in the envelope, a trace, and never a surprise."""

from __future__ import annotations

import inspect
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interroam.net.http import Request
from interroam.store import writer
from tests.protocols.ocpi.server import messages
from tests.protocols.ocpi.server.conftest import Caller, Node

AT = "receiver/locations/CH/CCC/L1"
TARGETS = [
    ("PUT", AT, messages.location()),
    ("PATCH", AT, {"name": "x", "evses": [messages.evse()], "last_updated": messages.NOW}),
    ("PUT", f"{AT}/E1", messages.evse()),
    ("PATCH", f"{AT}/E1", {"status": "CHARGING", "connectors": [messages.connector()], "last_updated": messages.NOW}),
    ("PUT", f"{AT}/E1/1", messages.connector()),
    ("PATCH", f"{AT}/E1/1", {"tariff_ids": ["1"], "last_updated": messages.NOW}),
    ("PUT", "receiver/sessions/CH/CCC/S1", messages.session(charging_periods=[messages.period(1)])),
    ("PATCH", "receiver/sessions/CH/CCC/S1", {"charging_periods": [messages.period(1)], "last_updated": messages.NOW}),
    ("POST", "receiver/cdrs", messages.cdr(tariffs=[messages.tariff()])),
    ("PUT", "receiver/tariffs/CH/CCC/T1", messages.tariff()),
    ("DELETE", "receiver/tariffs/CH/CCC/T1", {"target_operator_country_code": "DE"}),
    ("POST", "sender/tokens/0102030405060A/authorize", {"location_id": "L1", "evse_uids": ["E1"]}),
    ("POST", "sender/commands/START_SESSION/1", {"result": "ACCEPTED", "message": [{"language": "en", "text": "x"}]}),
]
ODD = st.sampled_from(
    [
        None, True, 0, -1, 1.5, 1e300, 10**40, "", "x", "\x00", "é" * 300, "2026-13-45T99:00:00Z",
        "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", [], [None], [[]], {}, {"a": None}, "\ud83d\ude00",
        "E1/../..", "null", [{}, None],
    ]
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a message."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = changed(value[path[0]], path[1:], new)
    return copied


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, bytes]:
    method, path, body = draw(st.sampled_from(TARGETS))
    for _ in range(draw(st.integers(1, 3))):
        body = changed(body, draw(st.sampled_from(places(body))), draw(ODD))
    raw = json.dumps(body).encode()
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=3)) + raw[at + draw(st.integers(0, 3)) :]
    return method, path, raw


@pytest.mark.statement("OCPI-182")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=damaged())
async def test_no_body_however_damaged_is_our_failure(node: Node, cpo: Caller, emsp: Caller, sent):
    method, path, raw = sent
    answer = await cpo.call(method, path, raw)
    assert answer.http < 500, (method, path, raw, answer.message)
    assert answer.status < 3000 or answer.status >= 4000
    if answer.http == 200 and answer.status == 1000 and method in ("PUT", "PATCH"):
        back = await cpo.get(path)
        assert back.http in (200, 404)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=40), query=st.binary(max_size=20), value=st.binary(max_size=20))
async def test_no_path_query_or_header_however_odd_is_our_failure(
    node: Node, cpo: Caller, emsp: Caller, tail, query, value
):
    for start in (
        b"/ocpi/2.2.1/receiver/locations/",
        b"/ocpi/2.2.1/sender/tokens",
        b"/ocpi/",
        b"/ocpi/2.2.1/sender/cdrs",
    ):
        raw = start + tail
        headers = {name.lower().encode(): text.encode() for name, text in cpo.headers({}).items()}
        headers[b"ocpi-to-party-id"] = value
        request = Request(
            "GET", raw.decode("latin-1"), raw, query, headers, b"", "127.0.0.1", None, time.perf_counter()
        )
        answer = node.room.handler(request)
        answer = await answer if inspect.isawaitable(answer) else answer
        assert answer.status < 500


@pytest.mark.statement("OCPI-182")
async def test_what_cannot_be_stored_now_is_5xx_so_that_it_is_sent_again(node, cpo, monkeypatch):
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    busy = await cpo.put(AT, messages.location())
    assert (busy.http, busy.status) == (503, 3000)
    assert int(busy.headers["Retry-After"]) >= 1
    monkeypatch.undo()
    assert (await cpo.put(AT, messages.location())).http == 201
    await node.store._writer.close()
    closed = await cpo.put(AT, messages.location(name="neu"))
    assert (closed.http, closed.status) == (500, 3000)


async def test_an_error_of_our_own_is_told_as_such_without_its_inside(node, cpo, monkeypatch, capsys):
    async def broken(*_: object) -> None:
        raise RuntimeError("the cellar is flooded")

    monkeypatch.setattr(node.hub, "tell", broken)
    answer = await cpo.put(AT, messages.location(), {"X-Correlation-ID": "WET"})
    assert (answer.http, answer.status) == (500, 3000)
    assert "cellar" not in answer.message
    (trace,) = await node.traces("WET")
    assert "cellar" in trace.note
    assert cpo.token not in capsys.readouterr().out


async def test_nothing_is_kept_of_what_strangers_send(node, cpo):
    await cpo.put(AT, messages.location(), {"Authorization": "Token x", "X-Correlation-ID": "WHO"})
    (trace,) = await node.traces("WHO")
    assert (trace.code, trace.partner, trace.request) == ("401/2000", "", b"")


@pytest.mark.statement("OCPI-169")
async def test_a_withdrawn_token_is_dead_at_once(node, cpo):
    assert (await cpo.put(AT, messages.location())).http == 201
    for credential in node.book.credentials_of("ccc"):
        await node.book.dismiss(credential)
    assert (await cpo.get(AT)).http == 401


async def test_a_clock_that_runs_ahead_is_reported_nowhere_as_an_error(node, cpo):
    later = (node.clock.now().replace(microsecond=0) + timedelta(days=400)).isoformat().replace("+00:00", "Z")
    answer = await cpo.put(AT, messages.location(last_updated=later, evses=[messages.evse(last_updated=later)]))
    assert (answer.http, answer.status) == (201, 1000)
    assert (await cpo.get(AT)).data["last_updated"] == later


@pytest.mark.parametrize(("method", "path", "body"), TARGETS[:2])
async def test_a_null_character_is_refused_for_not_every_store_can_keep_it(node, cpo, method, path, body):
    answer = await cpo.call(method, path, json.dumps({**body, "name": "a\x00b"}).encode())
    assert (answer.http, answer.status) == (200, 2001)
    assert node.store.head() == 0


@pytest.mark.statement("OCPI-182")
async def test_what_nobody_foresaw_is_5xx_so_that_it_is_sent_again(node, cpo, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("interroam.protocols.ocpi.server.places.location_fact", broken)
    for _ in range(2):  # found, then known
        answer = await cpo.put(AT, messages.location())
        assert (answer.http, answer.status) == (500, 3000)
    monkeypatch.undo()
    assert (await cpo.put(AT, messages.location())).status == 1000
