"""What one hears when something is wrong."""

import base64
import json
import re
import time
from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.model.errors import Reason
from interroam.model.parties import Credential, Partner, Purpose
from interroam.protocols.plain.rules import STATUS
from tests.protocols.plain.node import CDR, LOCATION, SESSION, START, TARIFF, TOKEN


def test_every_reason_has_a_status():
    assert set(STATUS) == set(Reason)
    assert all(400 <= status < 600 for status in STATUS.values())


@pytest.mark.parametrize("header", [None, "Bearer nobody", "Bearer", "Basic " + base64.b64encode(b"cpo:cpo").decode()])
async def test_a_stranger_is_refused(node, header):
    headers = {"Authorization": header} if header else {}
    status, answer = await node.call(None, "GET", "/locations", headers=headers)
    assert (status, answer["error"]["reason"]) == (401, "unauthenticated")
    assert answer["error"]["remedy"]


async def test_a_token_for_something_else_is_no_token_here(node):
    book = node.hub.book
    await book.put_partner(Partner(id="ocpi", protocol="ocpi"))
    await book.admit(Credential(book.keyring.fingerprint("t1"), "ocpi", Purpose.REGULAR, START))
    await book.admit(Credential(book.keyring.fingerprint("t2"), "cpo", Purpose.REGISTRATION, START))
    assert (await node.call("t1", "GET", "/locations"))[0] == 403
    assert (await node.call("t2", "GET", "/locations"))[0] == 403


async def test_a_partner_with_addresses_calls_from_these_only(node):
    book = node.hub.book
    await book.put_partner(replace(book.partners["cpo"], addresses=("192.0.2.0/24",)))
    status, answer = await node.call("cpo", "GET", "/locations")
    assert (status, answer["error"]["reason"]) == (403, "forbidden")
    await book.put_partner(replace(book.partners["cpo"], addresses=("127.0.0.0/8",)))
    assert (await node.call("cpo", "GET", "/locations"))[0] == 200


MISSING = {name: value for name, value in LOCATION.items() if name != "city"}
NO_UID = {**LOCATION, "evses": [{"status": "AVAILABLE"}]}
TWICE = {**LOCATION, "evses": [{"uid": "a"}, {"uid": "A"}]}
DEEP = {**LOCATION, "evses": [{"uid": "a", "connectors": [{"id": "1", "standard": 5}]}]}
HUGE = {**CDR, "total_energy_kwh": 1e300}
NAN = {**CDR, "total_cost": {"excl_vat": "NaN"}}


MISTAKES = [
    ("PUT", "/locations/CH*CCC/L1", MISSING, 422, "malformed", "city"),
    ("PUT", "/locations/CH*CCC/L1", NO_UID, 422, "malformed", "evses[0].uid"),
    ("PUT", "/locations/CH*CCC/L1", TWICE, 422, "malformed", "evses"),
    ("PUT", "/locations/CH*CCC/L1", DEEP, 422, "malformed", "evses[0].connectors[0].standard"),
    ("PUT", "/locations/CH*CCC/L1", {**LOCATION, "id": "L2"}, 422, "malformed", "id"),
    ("PUT", "/locations/CH*CCC/L1", {**LOCATION, "party": "CH*CCD"}, 422, "malformed", "party"),
    ("PUT", "/locations/nobody/L1", LOCATION, 422, "malformed", "party"),
    ("PUT", "/locations/CH*CCC/L1", b"{", 400, "not_json", ""),
    ("PUT", "/locations/CH*CCC/L1", b"", 400, "not_json", ""),
    ("PUT", "/locations/CH*XXX/L1", LOCATION, 403, "foreign", ""),
    ("PUT", "/tokens/CH*CCC/RFID/x", TOKEN, 403, "foreign", ""),
    ("PUT", "/tokens/CH*EEE/STONE/x", TOKEN, 422, "malformed", "type"),
    ("PUT", "/sessions/CH*CCC/S1", {**SESSION, "status": "RUNNING"}, 422, "malformed", "status"),
    ("PUT", "/tariffs/CH*CCC/T1", {**TARIFF, "target": "x"}, 422, "malformed", "target"),
    ("PUT", "/tariffs/CH*CCC/T1", {**TARIFF, "elements": []}, 422, "malformed", "elements"),
    ("POST", "/cdrs", {**CDR, "token": None}, 422, "malformed", "token"),
    ("POST", "/cdrs", HUGE, 422, "malformed", "total_energy_kwh"),
    ("POST", "/cdrs", NAN, 422, "malformed", "total_cost.excl_vat"),
    ("POST", "/authorize", {"party": "CH*CCC"}, 422, "malformed", "uid"),
    ("POST", "/authorize", {"party": "CH*CCC", "uid": "x"}, 422, "incomplete", ""),
    ("PUT", "/tariffs/CH*CCC/%00", TARIFF, 422, "malformed", "path"),
    ("PUT", "/tariffs/CH*CCC/%FF", TARIFF, 422, "malformed", "path"),
    ("PUT", "/tariffs/CH*CCC/" + 300 * "x", TARIFF, 422, "malformed", "path"),
    ("GET", "/nothing", None, 404, "unknown_object", ""),
    ("GET", "/", None, 404, "unknown_object", ""),
    ("POST", "/locations", {}, 405, "not_offered", ""),
]


async def test_a_back_office_is_kept_to_its_pace_and_size(node):
    book = node.hub.book
    await book.put_partner(replace(book.partners["cpo"], rate=0.1, body_bytes=5_000))
    assert (await node.call("cpo", "GET", "/locations"))[0] == 200
    status, answer = await node.call("cpo", "GET", "/locations")
    assert (status, answer["error"]["reason"]) == (503, "overloaded")
    node.clock.forward(seconds=11)
    status, answer = await node.call("cpo", "PUT", "/locations/CH*CCC/L1", {**LOCATION, "name": "x" * 5_000})
    assert (status, answer["error"]["reason"]) == (413, "too_large")


async def test_a_mistake_is_named_with_its_field(node):
    for method, path, body, *wanted in MISTAKES:
        status, answer = await node.call("cpo", method, path, body)
        error = answer["error"]
        assert (path, status, error["reason"], error["field"]) == (path, *wanted)
        assert error["message"]


async def test_a_method_not_offered_says_which_are(node):
    async with node.http.patch(f"{node.url}/api/v1/webhook") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, PUT")


async def test_sloppy_values_are_read_and_said_so(node):
    sloppy = {
        **SESSION,
        "starts": "2026-03-01T11:00:00",
        "ends": "2026-03-01T13:00:00+01:00",
        "energy_kwh": "1.50",
        "status": "active",
        "color": "blue",
    }
    _, told = await node.call("cpo", "PUT", "/sessions/ch-ccc/S1", sloppy)
    assert [one["field"] for one in told["findings"]] == ["starts", "color"]
    _, found = await node.call("cpo", "GET", "/sessions/CH*CCC/s1")
    assert (found["starts"], found["ends"]) == ("2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z")
    assert (found["status"], found["energy_kwh"]) == ("ACTIVE", 1.5)


async def test_a_slip_of_the_pen_deep_inside_is_found(node):
    evse = {"uid": "1", "connector": [], "connectors": [{**LOCATION["evses"][0]["connectors"][0], "plug": "T2"}]}
    body = {**LOCATION, "evses": [evse], "town": "Bern"}
    _, told = await node.call("cpo", "PUT", "/locations/CH*CCC/L1", body)
    slips = {one["field"] for one in told["findings"] if "no field" in one["message"]}
    assert slips == {"town", "evses[0].connector", "evses[0].connectors[0].plug"}
    line = json.dumps({"kind": "tariff", "object": {**TARIFF, "party": "CH*CCC", "id": "T1", "prize": 1}})
    _, answer = await node.call("cpo", "POST", "/import", line.encode())
    assert answer["lines"][0]["findings"][0]["field"] == "prize"


async def test_a_body_too_large_is_refused_in_the_form_of_this_api(node):
    status, answer = await node.call("cpo", "POST", "/import", b" " * (17 * 1024 * 1024))
    assert (status, answer["error"]["reason"]) == (413, "too_large")


async def test_an_answer_carries_the_correlation_it_was_given_or_a_new_one(node):
    url, headers = f"{node.url}/api/v1/facts", {"Authorization": "Bearer cpo"}
    async with node.http.get(url, headers={**headers, "X-Correlation-ID": "mine"}) as answer:
        assert answer.headers["X-Correlation-ID"] == "mine"
    async with node.http.get(url, headers=headers) as answer:
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Correlation-ID"])


async def test_a_refused_body_is_in_the_trace(node):
    await node.call("cpo", "PUT", "/locations/CH*CCC/L1", MISSING, headers={"X-Correlation-ID": "c9"})
    (trace,) = await node.hub.store.traces(ids=["c9"])
    assert (trace.operation, trace.code, trace.inward) == ("PUT /locations/{party}/{id}", "422", True)
    assert json.loads(trace.request) == MISSING
    assert b"city" in trace.response
    assert timedelta(0) <= timedelta(microseconds=trace.latency_us) < timedelta(seconds=time.perf_counter())


async def test_no_registration_is_offered(node):
    partner = node.hub.book.partners["cpo"]
    for refusing in (
        node.room.register(partner, "http://x/", "t"),
        node.room.unregister(partner),
        node.room.rotate(partner),
    ):
        with pytest.raises(Exception, match="no registration") as caught:
            await refusing
        assert caught.value.reason is Reason.NOT_OFFERED


async def test_a_word_that_a_field_does_not_take_is_answered_with_those_it_does(node):
    _, answer = await node.call("cpo", "PUT", "/webhook", {"url": "https://x.example/", "questions": ["banana"]})
    assert answer["error"]["field"] == "questions[0]"
    assert answer["error"]["message"].startswith("'banana' is none of authorize, start, stop")
