"""Locations, EVSEs and connectors, stated over a socket."""

from __future__ import annotations

import pytest

from tests.protocols.ocpi.server.messages import connector, evse, location

AT = "receiver/locations/CH/CCC/L1"


async def test_a_location_is_recorded_and_read_back_as_it_was_sent(node, cpo):
    sent = location(custom={"a": [1, None]}, evses=[evse("E1", floor_level="-1"), evse("E2")])
    first = await cpo.put(AT, sent)
    assert (first.http, first.status) == (201, 1000)
    assert first.data is None
    back = await cpo.get(AT)
    assert back.data == sent
    assert (await cpo.get(f"{AT}/E2")).data == sent["evses"][1]
    assert (await cpo.get(f"{AT}/E2/1")).data == sent["evses"][1]["connectors"][0]
    again = await cpo.put(AT, location(name="Am Ring 1"))
    assert (again.http, again.status) == (200, 1000)


async def test_a_status_is_patched_and_nothing_else_changes(node, cpo):
    sent = location(evses=[evse("E1", custom=1)])
    await cpo.put(AT, sent)
    at = "2026-03-14T12:01:00Z"
    done = await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": at})
    assert (done.http, done.status) == (200, 1000)
    back = (await cpo.get(AT)).data
    assert back["evses"] == [evse("E1", custom=1, status="CHARGING", last_updated=at)]
    assert back["last_updated"] == at
