"""How places are told to eMSPs: whole when they are new, EVSE by EVSE when they change, REMOVED when they go."""

import json
from datetime import UTC, datetime

import pytest

from interroam.core.ports import Query
from interroam.model.facts import Withdrawal
from interroam.model.ids import Kind, Party, evse_key, location_key
from interroam.protocols.ocpi import translate
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.wire import locations as wire
from interroam.protocols.ocpi.wire import read
from tests.protocols.ocpi.client.conftest import OWNER
from tests.protocols.ocpi.server import messages

LATER = "2026-03-14T12:05:00Z"
LATEST = "2026-03-14T12:10:00Z"
PATH = "/receiver/locations/CH/CCC/L1"


@pytest.mark.statement("OCPI-87")
async def test_a_place_is_pushed_whole_when_it_is_new_and_by_its_evses_when_they_change(roaming, node):
    async def pushed():
        await roaming.settled()
        told = [(one.method, one.path.removeprefix(PATH), one.body.get("status")) for one in roaming.emsp.told()]
        roaming.emsp.seen.clear()
        return told

    await roaming.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    assert await pushed() == [("PUT", "", None)]
    await roaming.tell_evse(messages.evse("E1", floor_level="2", last_updated=LATER))
    assert await pushed() == [("PUT", "/E1", "AVAILABLE")]
    plug = messages.connector(max_amperage=16, last_updated=LATER)
    raw, path = json.dumps(plug).encode(), (OWNER, "L1", "E2")
    await roaming.state(translate.connector_fact(read(wire.Connector, raw)[0], raw, *path))
    assert await pushed() == [("PUT", "/E2", "AVAILABLE")]
    some = json.dumps({"max_amperage": 8, "last_updated": LATEST}).encode()
    await roaming.state(translate.connector_change(read(wire.ConnectorPatch, some)[0], some, *path, "1"))
    assert await pushed() == [("PUT", "/E2", "AVAILABLE")]
    await node.hub.tell(roaming.origin(), Withdrawal(location_key(OWNER, "L1"), datetime.now(UTC)))
    assert await pushed() == [("PATCH", "/E1", "REMOVED"), ("PATCH", "/E2", "REMOVED")]


@pytest.mark.statement("OCPI-80")
async def test_a_place_that_is_not_published_goes_to_2_2_1_with_its_flag_and_whom_it_is_for(roaming):
    allowed = [{"uid": "0102030405060A", "type": "RFID"}]
    await roaming.tell("location", messages.location(publish=False, publish_allowed_to=allowed))
    await roaming.settled()

    (seen,) = roaming.emsp.told()
    assert (seen.method, seen.body["publish"], seen.body["publish_allowed_to"]) == ("PUT", False, allowed)
    page = await roaming.node.store.page(Query(kind=Kind.LOCATION))
    views, viewer = roaming.node.room.views, Party.parse("DE*EEE/EMSP")
    (listed,) = map(json.loads, await views.render(page.items, viewer, Switches()))
    assert listed == seen.body


@pytest.mark.statement("OCPI-87", "OCPI-91")
async def test_an_evse_that_its_location_left_out_is_told_removed(roaming):
    await roaming.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    await roaming.settled()
    roaming.emsp.seen.clear()

    await roaming.tell("location", messages.location(last_updated=LATER))
    await roaming.settled()

    gone, whole = roaming.emsp.told()
    assert (gone.method, gone.path, gone.body["status"]) == ("PATCH", f"{PATH}/E2", "REMOVED")
    assert (whole.method, [one["uid"] for one in whole.body["evses"]]) == ("PUT", ["E1"])


@pytest.mark.statement("OCPI-91")
async def test_an_evse_that_is_withdrawn_is_told_removed(roaming, node):
    await roaming.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    await roaming.state(Withdrawal(evse_key(OWNER, "L1", "E2"), node.clock.now()))
    await roaming.settled()

    gone = roaming.emsp.told()[-1]
    assert (gone.method, gone.path, gone.body["status"]) == ("PATCH", f"{PATH}/E2", "REMOVED")


async def test_a_location_that_is_withdrawn_takes_its_evses_with_it(roaming, node):
    await roaming.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    await roaming.settled()
    roaming.emsp.seen.clear()

    await roaming.state(Withdrawal(location_key(OWNER, "L1"), node.clock.now()))
    await roaming.settled()

    assert [(one.method, one.path) for one in roaming.emsp.told()] == [("PATCH", f"{PATH}/E1"), ("PATCH", f"{PATH}/E2")]
    assert {one.body["status"] for one in roaming.emsp.told()} == {"REMOVED"}
