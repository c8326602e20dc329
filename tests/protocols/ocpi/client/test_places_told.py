"""How places are told to eMSPs: whole when they are new, EVSE by EVSE when they change, REMOVED when they go."""

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from interroam.core.ports import Query
from interroam.model.facts import Fact, Withdrawal
from interroam.model.ids import Kind, Party, evse_key, location_key
from interroam.protocols.ocpi import translate
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.wire import locations as wire
from interroam.protocols.ocpi.wire import read
from tests.protocols.ocpi.client.conftest import OWNER
from tests.protocols.ocpi.partners import says
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


@pytest.fixture
async def known(roaming):
    """An eMSP that knows a place with two EVSEs; returns what it is told next."""

    async def told():
        await roaming.settled()
        seen, roaming.emsp.seen[:] = roaming.emsp.told(), []
        return [(one.method, one.path.removeprefix(PATH), one.body) for one in seen]

    await roaming.tell("location", messages.location(evses=[messages.evse("E1"), messages.evse("E2")]))
    await told()
    return told


def stated(*evses, **fields):
    return messages.location(evses=list(evses) or [messages.evse("E1"), messages.evse("E2")], **fields)


@pytest.mark.statement("OCPI-87")
async def test_a_place_stated_again_goes_by_its_evses_and_what_is_new_of_itself_goes_before(roaming, known):
    await roaming.tell("location", stated(name="Am Markt", facilities=["CAFE"], last_updated=LATER))
    own, *evses = await known()
    assert own == ("PATCH", "", {"name": "Am Markt", "facilities": ["CAFE"], "last_updated": LATER})
    assert evses == [("PUT", "/E1", messages.evse("E1")), ("PUT", "/E2", messages.evse("E2"))]


@pytest.mark.statement("OCPI-87")
async def test_of_a_place_stated_again_only_the_evses_go_that_changed(roaming, known):
    moved, added = messages.evse("E2", floor_level="2", last_updated=LATER), messages.evse("E3", last_updated=LATER)
    await roaming.tell("location", stated(messages.evse("E1"), moved, added, last_updated=LATER))
    assert await known() == [("PUT", "/E2", moved), ("PUT", "/E3", added)]
    plugged = messages.evse("E1", connectors=[messages.connector(max_amperage=16)], last_updated=LATEST)
    await roaming.tell("location", stated(plugged, moved, last_updated=LATEST))
    (gone, changed) = await known()
    assert gone == ("PATCH", "/E3", {"status": "REMOVED", "last_updated": LATEST})
    assert changed == ("PUT", "/E1", plugged)
    await roaming.tell("location", stated(plugged, moved, last_updated="2026-03-14T12:15:00Z"))
    assert await known() == []


@pytest.mark.statement("OCPI-87")
async def test_a_change_of_the_place_itself_brings_each_of_its_evses_but_those_that_are_gone(roaming, known):
    await roaming.patch_evse(uid="E2", status="REMOVED", last_updated=LATER)
    await known()
    await roaming.patch_location(name="Am Markt", evses=[messages.evse("E1")], last_updated=LATER)
    assert await known() == [
        ("PATCH", "", {"name": "Am Markt", "last_updated": LATER}),
        ("PUT", "/E1", messages.evse("E1")),
    ]


@pytest.mark.statement("OCPI-87")
async def test_what_was_taken_away_from_a_place_is_said_by_the_place_whole_since_no_patch_says_it(roaming, known):
    bare = stated(name="Am Markt", last_updated=LATER)
    del bare["postal_code"]
    await roaming.tell("location", bare)
    ((method, path, body),) = await known()
    assert (method, path, "postal_code" in body, body["name"]) == ("PUT", "", False, "Am Markt")
    assert [one["uid"] for one in body["evses"]] == ["E1", "E2"]


@pytest.mark.statement("OCPI-87", "OCPI-39")
async def test_what_is_late_of_a_place_stays_unsaid_though_its_evse_is_news(roaming, known):
    await roaming.patch_location(name="Am Markt", last_updated=LATEST)
    await known()
    moved = messages.evse("E2", floor_level="2", last_updated=LATER)
    await roaming.tell("location", stated(messages.evse("E1"), moved, last_updated=LATER))
    assert await known() == [("PUT", "/E2", moved)]


@pytest.mark.parametrize(("http", "status"), [(200, 2003), (405, 2000)])
async def test_who_lacks_the_place_or_takes_no_patch_is_given_all_of_it_once(roaming, known, http, status):
    roaming.emsp.answers += [says("PATCH", PATH, http, status), says("GET", PATH, 404, 2003)]
    await roaming.tell("location", stated(name="Am Markt", last_updated=LATER))
    told = await known()
    assert [(method, path) for method, path, _ in told if method != "GET"] == [("PATCH", ""), ("PUT", "")]
    assert [one["uid"] for one in told[-1][2]["evses"]] == ["E1", "E2"]


@pytest.mark.statement("OCPI-87")
async def test_what_was_taken_before_a_delivery_broke_off_is_not_said_again(roaming, known):
    failing = iter([200, 503, 503])
    fails = says("PUT", f"{PATH}/E2", 503, 3000)
    roaming.emsp.answers.append(
        lambda seen: fails(seen) if seen.path.endswith("E2") and next(failing, 200) == 503 else None
    )
    moved = [messages.evse(uid, floor_level="2", last_updated=LATER) for uid in ("E1", "E2")]
    await roaming.tell("location", stated(*moved, name="Am Markt", last_updated=LATER))
    await known()
    moved[1]["floor_level"] = "3"
    moved[1]["last_updated"] = LATEST
    await roaming.tell("location", stated(*moved, name="Am Ring", last_updated=LATEST))
    told = [(method, path) for method, path, _ in await known()]
    assert told == [("PATCH", ""), ("PUT", "/E1"), *[("PUT", "/E2")] * 3]


@pytest.mark.statement("OCPI-87")
async def test_an_evse_that_is_refused_keeps_nothing_from_the_others(roaming, known, node):
    refuses = says("PUT", PATH, 200, 2001)
    roaming.emsp.answers.append(lambda seen: None if seen.path.endswith("E2") else refuses(seen))
    moved = [messages.evse(uid, floor_level="2", last_updated=LATER) for uid in ("E1", "E2")]
    await roaming.tell("location", stated(*moved, last_updated=LATER))
    assert [path for _, path, _ in await known()] == ["/E1", "", "/E2"]
    assert len(await node.store.shelf()) == 1


@pytest.mark.statement("OCPI-87")
async def test_a_place_that_was_stated_in_another_room_goes_by_its_evses_too(roaming, node):
    async def told():
        await roaming.settled()
        seen, roaming.emsp.seen[:] = roaming.emsp.told(), []
        return [(one.method, one.path.removeprefix(PATH), one.body) for one in seen]

    async def state(name, last_updated, **fields):
        raw = json.dumps(messages.location(name=name, last_updated=last_updated)).encode()
        fact = translate.location_fact(read(wire.Location, raw)[0], raw)
        evse = Fact(fact.parts[0].body)
        await roaming.state(Fact(replace(fact.body, **fields), parts=(evse,)))
        return await told()

    assert [(method, path) for method, path, _ in await state("A", messages.NOW)] == [("PUT", "")]
    own, part = await state("B", LATER)
    assert (own[:2], own[2]["name"], own[2]["address"], "evses" in own[2]) == (("PATCH", ""), "B", "Ring 1", False)
    assert (part[:2], part[2]["uid"]) == (("PUT", "/E1"), "E1")
    ((method, path, body),) = await state("B", LATEST, postal_code=None)
    assert (method, path, "postal_code" in body) == ("PUT", "", False)
    more = messages.location(name="C", facilities=["CAFE"], last_updated="2026-03-14T12:15:00Z")
    await roaming.tell("location", more)  # its words are not those of the model
    ((method, path, body),) = await told()
    assert (method, path, body["facilities"]) == ("PUT", "", ["CAFE"])


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

    (gone,) = roaming.emsp.told()
    assert (gone.method, gone.path, gone.body["status"]) == ("PATCH", f"{PATH}/E2", "REMOVED")


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
