"""What back offices tell, and what they hear of it."""

import json

import pytest

from interroam.model.ids import PartyId, location_key
from tests.protocols.plain.node import CDR, LOCATION, SESSION, TARIFF, TOKEN


async def test_a_location_is_recorded_once_and_its_numbers_come_back(node):
    status, first = await node.call("cpo", "PUT", "/locations/CH*CCC/L1", LOCATION)
    assert (status, first["verdict"], first["created"]) == (200, "recorded", True)
    assert first["seq"] > 0
    assert first["hub_id"]
    _, again = await node.call("cpo", "PUT", "/locations/CH*CCC/L1", LOCATION)
    assert (again["verdict"], again["seq"]) == ("unchanged", 0)


async def test_an_amount_is_kept_to_its_last_digit_whether_number_or_text(furnished):
    _, found = await furnished.call("cpo", "GET", "/locations/CH*CCC/L1")
    assert found["coordinates"] == {"latitude": 46.9481, "longitude": 7.4474}
    async with furnished.http.get(
        f"{furnished.url}/api/v1/locations/CH*CCC/L1", headers={"Authorization": "Bearer cpo"}
    ) as answer:
        assert '"longitude":7.4474' in await answer.text()


async def test_an_evse_left_out_of_a_list_is_removed_and_stays_without_a_list(furnished):
    one = {**LOCATION, "evses": LOCATION["evses"][:1], "last_updated": "2026-03-01T12:00:01Z"}
    await furnished.call("cpo", "PUT", "/locations/CH*CCC/L1", one)
    _, found = await furnished.call("cpo", "GET", "/locations/CH*CCC/L1/evses/2")
    assert found["status"] == "REMOVED"
    bare = {name: value for name, value in one.items() if name != "evses"}
    bare |= {"city": "Biel", "last_updated": "2026-03-01T12:00:02Z"}
    await furnished.call("cpo", "PUT", "/locations/CH*CCC/L1", bare)
    _, found = await furnished.call("cpo", "GET", "/locations/CH*CCC/L1")
    assert (found["city"], [evse["status"] for evse in found["evses"]]) == ("Biel", ["AVAILABLE", "REMOVED"])


async def test_each_status_of_a_batch_has_its_own_verdict(furnished):
    batch = [
        {"party": "CH*CCC", "location_id": "L1", "uid": "1", "status": "charging", "at": "2026-03-01T12:00:01Z"},
        {"party": "CH*CCC", "location_id": "L1", "uid": "9", "status": "AVAILABLE"},
        {"party": "CH*XXX", "location_id": "L1", "uid": "1", "status": "AVAILABLE"},
        {"party": "CH*CCC", "location_id": "L1", "uid": "1", "status": "AVAILABLE", "at": "2026-03-01T11:00:00Z"},
        {"party": "CH*CCC", "location_id": "L1", "uid": "2", "status": "FLYING", "at": "2026-03-01T12:00:01Z"},
        {"party": "switzerland", "location_id": "L1", "uid": "2", "status": "AVAILABLE"},
    ]
    status, answer = await furnished.call("cpo", "POST", "/statuses", batch)
    assert status == 200
    assert answer["counts"] == {"recorded": 2, "refused": 3, "stale": 1}
    said = [line.get("verdict") or line["error"]["reason"] for line in answer["lines"]]
    assert said == ["recorded", "unknown_object", "foreign", "stale", "recorded", "malformed"]
    assert "no status of OCPI" in answer["lines"][4]["findings"][0]["message"]
    _, found = await furnished.call("cpo", "GET", "/locations/CH*CCC/L1/evses/1")
    assert (found["status"], found["status_at"]) == ("CHARGING", "2026-03-01T12:00:01Z")


async def test_statuses_of_a_batch_keep_their_order(furnished):
    words = ["CHARGING", "AVAILABLE"] * 200 + ["BLOCKED"]
    batch = [{"party": "CH*CCC", "location_id": "L1", "uid": "1", "status": word} for word in words]
    furnished.clock.forward(seconds=1)
    _, answer = await furnished.call("cpo", "POST", "/statuses", batch)
    numbers = [line["seq"] for line in answer["lines"]]
    assert numbers == sorted(numbers)
    _, found = await furnished.call("cpo", "GET", "/locations/CH*CCC/L1/evses/1")
    assert found["status"] == "BLOCKED"


async def test_a_number_larger_than_anything_can_hold_is_refused_by_its_field(node):
    steps = {"components": [{"dimension": "ENERGY", "price": 0.45, "step": 2**64}]}
    status, answer = await node.call("cpo", "PUT", "/tariffs/CH*CCC/T1", {**TARIFF, "elements": [steps]})
    assert (status, answer["error"]["field"]) == (422, "elements[0].components[0].step")


async def test_a_tariff_comes_and_goes(node):
    _, told = await node.call("cpo", "PUT", "/tariffs/CH*CCC/T1", {**TARIFF, "target": "CH*EEE"})
    assert told["verdict"] == "recorded"
    assert (await node.call("cpo", "GET", "/tariffs/CH*CCC/T1"))[0] == 404
    _, found = await node.call("cpo", "GET", "/tariffs/CH*CCC/T1?target=CH*EEE")
    assert found["elements"][0]["components"][0] == {"dimension": "ENERGY", "price": 0.45, "vat": 8.1}
    assert (await node.call("cpo", "DELETE", "/tariffs/CH*CCC/T1?target=CH*EEE"))[1]["verdict"] == "recorded"
    status, gone = await node.call("cpo", "DELETE", "/tariffs/CH*CCC/T1?target=CH*EEE")
    assert (status, gone["error"]["reason"]) == (404, "unknown_object")


async def test_a_session_grows_by_changes_until_it_is_over(furnished):
    _, told = await furnished.call("cpo", "PUT", "/sessions/CH*CCC/S1", SESSION)
    assert (told["verdict"], told["findings"]) == ("recorded", [])
    furnished.clock.forward(minutes=1)
    ended = {"status": "completed", "energy_kwh": "2.50", "ends": "2026-03-01T12:01:00+01:00"}
    assert (await furnished.call("cpo", "PATCH", "/sessions/CH*CCC/S1", ended))[1]["verdict"] == "recorded"
    _, found = await furnished.call("emsp", "GET", "/sessions/CH*CCC/S1")
    assert (found["status"], found["energy_kwh"], found["ends"]) == ("COMPLETED", 2.50, "2026-03-01T11:01:00Z")
    status, refused = await furnished.call("cpo", "PATCH", "/sessions/CH*CCC/S1", {"energy_kwh": 3})
    assert (status, refused["error"]["reason"]) == (409, "conflict")
    assert (await furnished.call("cpo", "PATCH", "/sessions/CH*CCC/S9", {"energy_kwh": 3}))[0] == 404
    assert (await furnished.call("cpo", "PATCH", "/sessions/CH*CCC/S1", {}))[0] == 422


async def test_a_cdr_told_twice_is_recorded_once_and_never_changes(furnished):
    _, first = await furnished.call("cpo", "POST", "/cdrs", CDR)
    assert (first["verdict"], first["findings"]) == ("recorded", [])
    assert (await furnished.call("cpo", "POST", "/cdrs", CDR))[1]["verdict"] == "unchanged"
    status, other = await furnished.call("cpo", "POST", "/cdrs", {**CDR, "total_energy_kwh": 1})
    assert (status, other["error"]["reason"]) == (409, "conflict")
    _, found = await furnished.call("emsp", "GET", "/cdrs/CH*CCC/C1")
    assert (found["evse_id"], found["total_time_h"], found["total_energy_kwh"]) == ("CH*CCC*E1", 1, 22.4444)


@pytest.mark.statement("OCPI-134")
async def test_the_time_of_a_cdr_leaves_out_when_its_evse_was_out_of_order(furnished):
    hours = (("09:00", "TIME", 40), ("09:40", "TIME", 0), ("10:10", "TIME", 20), ("10:30", "PARKING_TIME", 30))
    periods = [
        {"starts": f"2026-03-01T{at}:00Z", "dimensions": [{"type": kind, "volume": round(minutes / 60, 4)}]}
        for at, kind, minutes in hours
    ]
    times = {"starts": "2026-03-01T09:00:00Z", "ends": "2026-03-01T11:00:00Z"}
    await furnished.call("cpo", "POST", "/cdrs", {**CDR, **times, "periods": periods})
    assert (await furnished.call("emsp", "GET", "/cdrs/CH*CCC/C1"))[1]["total_time_h"] == 1.5
    await furnished.call("cpo", "POST", "/cdrs", {**CDR, **times, "id": "C2"})
    assert (await furnished.call("emsp", "GET", "/cdrs/CH*CCC/C2"))[1]["total_time_h"] == 2
    stated = {**CDR, **times, "id": "C3", "periods": periods, "total_time_h": 1.25}
    await furnished.call("cpo", "POST", "/cdrs", stated)
    assert (await furnished.call("emsp", "GET", "/cdrs/CH*CCC/C3"))[1]["total_time_h"] == 1.25


async def test_a_fact_that_nobody_will_hear_of_is_recorded_with_a_finding(node):
    _, told = await node.call("cpo", "PUT", "/tariffs/CH*CCD/T1", TARIFF)
    assert told["verdict"] == "recorded"
    assert "no agreement" in told["findings"][0]["message"]
    _, told = await node.call("cpo", "POST", "/cdrs", {**CDR, "party": "CH*CCD"})
    assert any("no agreement" in one["message"] for one in told["findings"])


async def test_an_import_judges_each_line(node):
    lines = [
        {"kind": "location", "object": {"party": "CH*CCC", "id": "L1", **LOCATION}},
        {"kind": "status", "object": {"party": "CH*CCC", "location_id": "L1", "uid": "1", "status": "CHARGING"}},
        {"kind": "tariff", "object": {"party": "CH*CCC", "id": "T1", **TARIFF}},
        {"kind": "tariff", "object": {"id": "T2", **TARIFF}},
        {"kind": "token", "object": {"party": "CH*EEE", "type": "RFID", "uid": "card1", **TOKEN}},
        {"kind": "session", "object": {"party": "CH*CCC", "id": "S1", **SESSION}},
        {"kind": "session", "object": {"party": "CH*CCC", "id": "S1", **SESSION, "energy_kwh": 2}},
        {"kind": "cdr", "object": CDR},
        {"kind": "evse", "object": {"party": "CH*CCC", "location_id": "L1", "uid": "3"}},
        {"kind": "cat", "object": {}},
    ]
    text = b"\n".join(json.dumps(line).encode() for line in lines) + b"\n\n{nonsense\n"
    status, answer = await node.call("cpo", "POST", "/import", text)
    assert status == 200
    said = [line.get("verdict") or line["error"]["reason"] for line in answer["lines"]]
    told = ["recorded", "recorded", "recorded", "malformed", "foreign", *["recorded"] * 4, "malformed", "not_json"]
    assert said == told
    assert answer["lines"][3]["error"]["field"] == "party"
    assert answer["lines"][-1]["line"] == 12
    _, found = await node.call("cpo", "GET", "/locations/CH*CCC/L1")
    assert [evse["status"] for evse in found["evses"]] == ["CHARGING", "AVAILABLE", "UNKNOWN"]


async def test_an_id_may_hold_a_slash(node):
    assert (await node.call("cpo", "PUT", "/tariffs/CH*CCC/a%2Fb", TARIFF))[0] == 200
    _, found = await node.call("cpo", "GET", "/tariffs")
    assert found["items"][0]["id"] == "a/b"


async def test_the_picture_holds_our_model_and_no_wire(furnished):
    row = await furnished.hub.store.get(location_key(PartyId.parse("CH*CCC"), "L1"))
    assert (row.body.name, row.wire) == ("Depot", None)


async def test_an_evse_needs_its_location(node):
    status, answer = await node.call("cpo", "PUT", "/locations/CH*CCC/L9/evses/1", {"status": "AVAILABLE"})
    assert (status, answer["error"]["reason"]) == (404, "unknown_location")
    assert answer["error"]["remedy"] == "state the location first"


async def test_lines_that_cannot_be_read_are_refused_alone(node):
    good = json.dumps({"kind": "tariff", "object": {"party": "CH*CCC", "id": "T1", **TARIFF}}).encode()
    bad = (
        b'{"kind": "\xff"}',
        b'{"kind": "cdr", "object": ' + b"[" * 3_000,
        b'{"kind": "cdr", "object": {"id": "\xff"}}',
    )
    status, answer = await node.call("cpo", "POST", "/import", b"\n".join((*bad, good)))
    assert status == 200
    assert [line["error"]["reason"] for line in answer["lines"][:3]] == ["not_json"] * 3
    assert answer["lines"][3]["verdict"] == "recorded"


async def test_a_body_of_bottomless_depth_is_no_json(node):
    status, answer = await node.call("cpo", "PUT", "/tariffs/CH*CCC/T1", b'{"a":' * 3_000)
    assert (status, answer["error"]["reason"]) == (400, "not_json")


async def test_a_field_that_nobody_reads_must_be_readable_too(node):
    body = json.dumps(TARIFF).encode()[:-1] + b', "more": "\xff"}'
    status, answer = await node.call("cpo", "PUT", "/tariffs/CH*CCC/T1", body)
    assert (status, answer["error"]["reason"]) == (400, "not_json")


async def test_what_names_no_time_changed_at_a_millisecond_that_every_protocol_has_room_for(furnished):
    furnished.clock.forward(microseconds=101_390)
    before = furnished.hub.store.head()
    statements = [
        (
            "cpo",
            "PUT",
            "/locations/CH*CCC/L2",
            {name: held for name, held in LOCATION.items() if name != "last_updated"},
        ),
        ("cpo", "PUT", "/tariffs/CH*CCC/T9", {name: held for name, held in TARIFF.items() if name != "last_updated"}),
        *(("emsp", "PUT", f"/tokens/CH*EEE/RFID/0A0B0C0{n}", TOKEN) for n in range(3)),
    ]
    for who, method, path, body in statements:
        assert (await furnished.call(who, method, path, body))[0] == 200
    told = [entry.body for entry in await furnished.hub.store.entries(before, 100) if entry.body is not None]
    assert len(told) == len(statements)
    assert {one.last_updated.microsecond for one in told} == {101_000}
