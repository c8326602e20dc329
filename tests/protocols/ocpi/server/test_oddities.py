"""The quality page of a partner nobody judges: what was odd in its messages, and what receivers refused of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from interroam.core.audit import LOCAL, Audit
from interroam.core.office.approving import Approving
from interroam.core.telling.oddities import MOST, Oddities
from tests.protocols.ocpi.server.messages import cdr, evse, location, session

AT = "receiver/locations/CH/CCC/L1"


@pytest.fixture
def page(node):
    approving = Approving(node.hub, Audit(node.store, node.clock, node.hub.ids))
    return lambda partner="ccc": {(one.field, one.what): one for one in approving.oddities(LOCAL, partner)}


async def test_a_field_that_is_read_all_the_same_stands_once_on_the_page_however_often_it_comes(node, cpo, page):
    odd = [evse("E1", capabilities=["TELEPATHY"]), evse("E2", evse_id="CH*CCC*E2", capabilities=["TELEPATHY"])]
    for number in range(3):
        at = f"2026-03-14T12:0{number}:00+01:00"
        assert (await cpo.put(AT, location(evses=odd, last_updated=at))).status == 1000
    word = page()["evses[].capabilities[]", "'TELEPATHY' is not known"]
    assert (word.count, word.message) == (6, "ocpi PUT locations")
    clock = page()["last_updated", "has an offset, UTC is expected"]
    assert (clock.count, clock.example) == (3, "CH*CCC-c3")
    assert clock.since <= clock.last


async def test_what_is_refused_for_its_form_stands_on_the_page_too(node, cpo, page):
    assert (await cpo.put(AT, location(name=["no", "text"]))).status == 2001
    ((field, what),) = page()
    assert field == "name"
    assert what.endswith(": refused")


async def test_a_clock_that_is_more_than_five_minutes_ahead_is_reported(node, cpo, page):
    await cpo.put(AT, location())
    for ahead, lines in ((4, 0), (6, 1)):
        at = (node.clock.now() + timedelta(minutes=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")
        change = {"status": "CHARGING", "last_updated": at}
        assert (await cpo.patch(f"{AT}/E1", change)).status == 1000
        assert len([field for field, what in page() if field == "last_updated" and "ahead" in what]) == lines


async def test_of_charges_too_a_clock_that_is_more_than_five_minutes_ahead_is_reported(node, cpo, emsp):
    for name, ahead, lines in (("1", 4, 0), ("2", 6, 1)):
        at = (node.clock.now() + timedelta(minutes=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for path, charge in (("sessions/CH/CCC/S" + name, session("S" + name)), ("cdrs", cdr("C" + name))):
            method = "POST" if path == "cdrs" else "PUT"
            told = await cpo.call(method, f"receiver/{path}", {**charge, "session_id": None, "last_updated": at})
            assert told.http == 201
        found = [one.message for one in node.hub.oddities.of("ccc") if "lies ahead" in one.what]
        assert sorted(found) == ["cdr", "session"][: 2 * lines]


async def test_a_change_of_what_is_not_here_is_kept_as_a_finding(node, cpo, page):
    assert (await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": "2026-03-14T12:00:00Z"})).status == 2003
    assert ("", "changes what is not here: fetched from its owner") in page()


async def test_what_a_receiver_refuses_stands_on_the_page_of_who_stated_it(node, cpo, provider, page):
    peer, _ = provider
    no = b'{"status_code":2001,"status_message":"not like this","timestamp":"2026-03-14T12:00:00Z"}'
    peer.answers.append(lambda seen: (200, no) if seen.method == "PUT" and "/locations/" in seen.path else None)
    await cpo.put(AT, location())
    await node.settled()
    assert [found for found in page() if "is refused by" in found[1]]
    assert not page("provider")


async def test_the_page_outlives_a_restart_and_keeps_the_newest_lines(node):
    first = Oddities(node.store, node.clock)
    for number in range(MOST + 5):
        first.note("ccc", "ocpi PUT locations", [(f"evses[{number}].field{number}", "is odd")], f"c{number}")
    await first.keep()
    again = Oddities(node.store, node.clock)
    await again.load()
    assert [one.field for one in again.of("ccc")] == [one.field for one in first.of("ccc")]
    fields = {one.field for one in again.of("ccc")}
    assert len(fields) == MOST
    assert f"evses[].field{MOST + 4}" in fields
    assert "evses[].field0" not in fields
    again.note("ccc", "ocpi PUT locations", [(f"evses[7].field{MOST}", "is odd")])
    assert {one.field: one.count for one in again.of("ccc")}[f"evses[].field{MOST}"] == 2
    await again.forget("ccc")
    assert await node.store.all("quality-oddity") == []


async def test_what_was_understood_is_passed_on_as_it_should_have_been_written_and_the_trace_keeps_what_came(
    node, cpo, provider
):
    peer, _ = provider
    sent = location(
        coordinates={"latitude": 47.38, "longitude": 8.54},
        last_updated="2026-03-14T13:01:00+01:00",
        custom=[1, "x"],
        parking_type="",
        evses=[evse("E1", status="charging", last_updated="2026-03-14T13:00+01:00")],
    )
    assert (await cpo.put(AT, sent, {"X-Correlation-ID": "ODD"})).status == 1000
    await node.settled()
    (told,) = [one.body for one in peer.seen if one.method == "PUT" and "locations" in one.path]
    assert told["coordinates"] == {"latitude": "47.38", "longitude": "8.54"}
    assert told["last_updated"] == "2026-03-14T12:01:00Z"
    assert told["custom"] == [1, "x"]
    (inner,) = told["evses"]
    assert (inner["status"], inner["last_updated"]) == ("CHARGING", "2026-03-14T12:00:00Z")
    assert "parking_type" not in told

    patched = {"status": "Available", "last_updated": "2026-03-14T13:05:00+01:00"}
    assert (await cpo.patch(f"{AT}/E1", patched)).status == 1000
    await node.settled()
    assert peer.seen[-1].body == {"status": "AVAILABLE", "last_updated": "2026-03-14T12:05:00Z"}
    came = [one for one in await node.traces("ODD") if one.inward]
    assert json.loads(came[0].request) == sent


async def test_a_time_zone_that_is_none_stands_on_the_page(node, cpo, page):
    assert (await cpo.put(AT, location(time_zone="Mars/Base"))).status == 1000
    assert ("time_zone", "is no time zone: tariffs are read as of UTC there") in page()
    assert (await cpo.put("receiver/locations/CH/CCC/L2", location("L2"))).status == 1000
    assert len(page()) == 1
