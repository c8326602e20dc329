"""Places across the bridge, as far as it takes a hub."""

import json

import pytest
from msgspec.structs import replace

from interroam.model.errors import Refused
from interroam.protocols.ocpi.v211 import connector_name
from tests.protocols.ocpi import older
from tests.protocols.ocpi.older import OldPeer
from tests.protocols.ocpi.server import messages

LATER = "2026-03-15T12:00:00Z"
PLACE = "receiver/locations/CH/CCC/L1"
OWN = "locations/CH/CCC/L1"


async def ids(world):
    location, evse = await world.hub_id("L1"), await world.hub_id("L1", "E1")
    return location, evse, connector_name(evse, "1")


@pytest.mark.statement("OCPI-61", "OCPI-55")
async def test_an_emsp_reads_lists_places_and_parts_of_them_by_the_hubs_ids(old_emsp):
    location, evse, plug = await ids(old_emsp)

    whole = (await old_emsp.ask("GET", f"locations/{location}"))["data"]
    part = (await old_emsp.ask("GET", f"locations/{location}/{evse}"))["data"]
    last = (await old_emsp.ask("GET", f"locations/{location}/{evse}/{plug}"))["data"]

    assert (await old_emsp.ask("GET", "locations"))["data"] == [whole]
    assert (whole["id"], whole["evses"], part["connectors"]) == (location, [part], [last])
    assert (part["uid"], last["id"]) == (evse, plug)
    await old_emsp.say("PATCH", f"{PLACE}/E1", {"status": "CHARGING", "last_updated": LATER})
    await old_emsp.settled()
    put, patch = (one for one in old_emsp.emsp.told() if "locations" in one.path)
    assert (put.path, put.body) == (f"/old/locations/CH/CCC/{location}", whole)
    assert patch.path == f"/old/locations/CH/CCC/{location}/{evse}"
    assert (await old_emsp.ask("GET", "locations/nothing"))["status_code"] == 2000


@pytest.mark.statement("OCPI-62", "OCPI-63")
async def test_whatever_refers_to_something_names_it_as_the_emsp_knows_it_in_36_characters(old_emsp):
    location, evse, plug = await ids(old_emsp)
    long = "C" * 39
    await old_emsp.say("PUT", "receiver/sessions/CH/CCC/S1", messages.session())
    await old_emsp.say("POST", "receiver/cdrs", messages.cdr(long, tariffs=[messages.tariff()]))

    (tariff,) = (await old_emsp.ask("GET", "tariffs"))["data"]
    (session,) = (await old_emsp.ask("GET", "sessions?date_from=2020-01-01T00:00:00Z"))["data"]
    (cdr,) = (await old_emsp.ask("GET", "cdrs"))["data"]
    (place,) = (await old_emsp.ask("GET", "locations"))["data"]

    for at in (session["location"], cdr["location"]):
        (point,) = at["evses"]
        assert (at["id"], point["uid"], point["connectors"][0]["id"]) == (location, evse, plug)
    assert place["evses"][0]["connectors"][0]["tariff_id"] == tariff["id"] == cdr["tariffs"][0]["id"]
    for name in (tariff["id"], session["id"], cdr["id"], location, evse, plug):
        assert len(name) == 36
    assert {"T1", "S1", "C1", long}.isdisjoint({tariff["id"], session["id"], cdr["id"]})


@pytest.mark.statement("OCPI-80")
async def test_a_place_that_is_not_published_is_neither_pushed_nor_listed(old_emsp):
    await old_emsp.say("PUT", "receiver/locations/CH/CCC/L2", messages.location("L2", publish=False))
    status = {"status": "CHARGING", "last_updated": LATER}
    await old_emsp.say("PATCH", "receiver/locations/CH/CCC/L2/E1", status)
    await old_emsp.settled()

    location = await old_emsp.hub_id("L2")
    assert not [one for one in old_emsp.emsp.told() if location in one.path]
    assert [one["id"] for one in (await old_emsp.ask("GET", "locations"))["data"]] == [await old_emsp.hub_id("L1")]
    assert (await old_emsp.ask("GET", f"locations/{location}"))["status_code"] == 2000


@pytest.mark.statement("OCPI-81")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_place_that_is_published_no_more_is_gone_and_one_that_is_again_comes_whole(old_emsp, method):
    await old_emsp.settled()
    location, evse, _ = await ids(old_emsp)
    old_emsp.emsp.seen.clear()

    async def publish(value, at, name="Am Ring"):
        whole = messages.location(publish=value, name=name, last_updated=at)
        some = {"publish": value, "name": name, "last_updated": at}
        await old_emsp.say(method, PLACE, whole if method == "PUT" else some)
        await old_emsp.settled()

    await publish(value=False, at=LATER)
    (gone,) = old_emsp.emsp.told()
    assert (gone.method, gone.path) == ("PATCH", f"/old/locations/CH/CCC/{location}/{evse}")
    assert gone.body["status"] == "REMOVED"
    await publish(value=False, at="2026-03-15T12:30:00Z", name="Renamed")
    assert old_emsp.emsp.told() == [gone]
    await publish(value=True, at="2026-03-15T13:00:00Z")
    whole = old_emsp.emsp.told()[-1]
    assert (whole.method, whole.path) == ("PUT", f"/old/locations/CH/CCC/{location}")
    assert whole.body["evses"][0]["status"] == "AVAILABLE"
    await publish(value=False, at="2026-03-15T13:30:00Z")
    again = old_emsp.emsp.told()[-1]
    assert (again.path, again.body["status"]) == (gone.path, "REMOVED")


@pytest.mark.statement("OCPI-86")
async def test_a_status_alone_does_not_make_a_place_appear_in_a_delta(old_emsp):
    async def delta():
        return (await old_emsp.ask("GET", "locations?date_from=2026-03-15T00:00:00Z"))["data"]

    await old_emsp.settled()
    await old_emsp.say("PATCH", f"{PLACE}/E1", {"status": "CHARGING", "last_updated": LATER})
    await old_emsp.settled()
    assert old_emsp.emsp.told("PATCH")[-1].body["status"] == "CHARGING"
    assert await delta() == []
    await old_emsp.say("PATCH", f"{PLACE}/E1", {"floor_level": "2", "last_updated": "2026-03-15T13:00:00Z"})
    assert [one["evses"][0]["status"] for one in await delta()] == ["CHARGING"]


@pytest.mark.statement("OCPI-86")
@pytest.mark.parametrize("whole", [True, False])
async def test_a_status_alone_makes_no_place_appear_though_all_of_it_is_stated_again(old_emsp, whole):
    async def delta():
        return (await old_emsp.ask("GET", "locations?date_from=2026-03-15T00:00:00Z"))["data"]

    async def state(minute, **fields):
        at = f"2026-03-15T12:{minute:02}:00Z"
        point = messages.evse(**fields, connectors=[messages.connector(last_updated=at)], last_updated=at)
        if whole:
            await old_emsp.say("PUT", PLACE, messages.location(evses=[point], last_updated=at))
        else:
            await old_emsp.say("PUT", f"{PLACE}/E1", point)

    await old_emsp.settled()
    old_emsp.emsp.seen.clear()
    for minute, status in enumerate(("AVAILABLE", "CHARGING", "CHARGING", "AVAILABLE")):
        await state(minute, status=status)
        await old_emsp.settled()
        assert await delta() == []
    said = [
        {"status": word, "last_updated": f"2026-03-15T12:{minute:02}:00Z"}
        for minute, word in ((1, "CHARGING"), (3, "AVAILABLE"))
    ]
    assert [(one.method, one.body) for one in old_emsp.emsp.told()] == [("PATCH", one) for one in said]
    await old_emsp.say("PATCH", f"{PLACE}/E1", {"status": "BLOCKED", "last_updated": "2026-03-15T12:05:00Z"})
    assert await delta() == []
    await old_emsp.say("PATCH", f"{PLACE}/E1", {"floor_level": "1", "last_updated": "2026-03-15T12:06:00Z"})
    assert [one["evses"][0]["floor_level"] for one in await delta()] == ["1"]
    await state(10, status="AVAILABLE", floor_level="2")
    assert [one["evses"][0]["floor_level"] for one in await delta()] == ["2"]
    since = (await old_emsp.ask("GET", "locations?date_from=2026-03-15T12:11:00Z"))["data"]
    await state(12, status="CHARGING", floor_level="2")
    assert since == (await old_emsp.ask("GET", "locations?date_from=2026-03-15T12:11:00Z"))["data"] == []
    gone = messages.evse("E2", last_updated="2026-03-15T12:20:00Z")
    await old_emsp.say("PUT", f"{PLACE}/E2", gone)
    assert len((await old_emsp.ask("GET", "locations?date_from=2026-03-15T12:11:00Z"))["data"]) == 1


@pytest.mark.statement("OCPI-86")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("was", ["PLANNED", "REMOVED"])
async def test_an_evse_that_comes_to_be_there_makes_its_place_appear(old_emsp, was, method):
    absent = messages.evse("E2", status=was, last_updated="2026-03-14T13:00:00Z")
    await old_emsp.say("PUT", f"{PLACE}/E2", absent)
    there = {"status": "AVAILABLE", "last_updated": LATER}
    await old_emsp.say(method, f"{PLACE}/E2", absent | there if method == "PUT" else there)
    (place,) = (await old_emsp.ask("GET", "locations?date_from=2026-03-15T00:00:00Z"))["data"]
    assert [one["status"] for one in place["evses"]] == ["AVAILABLE", "AVAILABLE"]
    again = "locations?date_from=2026-03-15T12:30:00Z"
    await old_emsp.say("PATCH", f"{PLACE}/E2", {"status": "CHARGING", "last_updated": "2026-03-15T13:00:00Z"})
    assert (await old_emsp.ask("GET", again))["data"] == []


@pytest.mark.statement("OCPI-86", "OCPI-85")
@pytest.mark.parametrize(
    ("tail", "fields", "status"),
    [
        ("", {"name": "New"}, "AVAILABLE"),
        ("/E1", {"status": "REMOVED"}, "REMOVED"),
        ("/E1", {"status": "BLOCKED"}, None),
    ],
)
async def test_a_delta_holds_places_that_changed_or_went(old_emsp, tail, fields, status):
    await old_emsp.say("PATCH", f"{PLACE}{tail}", {**fields, "last_updated": LATER})
    delta = (await old_emsp.ask("GET", "locations?date_from=2026-03-15T00:00:00Z"))["data"]
    assert [one["evses"][0]["status"] for one in delta] == ([status] if status else [])
    all_of_it = (await old_emsp.ask("GET", "locations"))["data"]
    assert len(all_of_it) == (status != "REMOVED")


@pytest.mark.statement("OCPI-88")
async def test_the_operators_name_gives_way_to_its_id_on_every_way(old_emsp):
    await old_emsp.settled()
    (listed,) = (await old_emsp.ask("GET", "locations"))["data"]
    pushed = next(one.body for one in old_emsp.emsp.told("PUT") if "locations" in one.path)
    assert listed["operator"] == pushed["operator"] == {"name": "CH*CCC"}
    said = {"operator": {"name": "CCC AG", "website": "https://ccc.example"}, "last_updated": LATER}
    await old_emsp.say("PATCH", PLACE, said)
    await old_emsp.settled()
    assert old_emsp.emsp.told("PATCH")[-1].body["operator"] == {"name": "CH*CCC", "website": "https://ccc.example"}
    await old_emsp.say("PATCH", PLACE, {"name": "Am Platz", "last_updated": "2026-03-15T12:01:00Z"})
    await old_emsp.settled()
    assert old_emsp.emsp.told("PATCH")[-1].body == {"name": "Am Platz", "last_updated": "2026-03-15T12:01:00Z"}
    again = messages.location(operator={"name": "Other"}, name="Am Platz", last_updated="2026-03-15T12:02:00Z")
    await old_emsp.say("PUT", PLACE, again)
    await old_emsp.settled()
    assert old_emsp.emsp.told("PUT")[-1].path.count("/") > 5
    assert old_emsp.emsp.told("PATCH")[-1].body["operator"] == {"name": "CH*CCC"}


@pytest.mark.statement("OCPI-87")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_place_that_changed_goes_by_its_evses_under_the_hubs_ids(old_emsp, method):
    location, evse, plug = await ids(old_emsp)
    path = f"/old/locations/CH/CCC/{location}"
    await old_emsp.settled()
    old_emsp.emsp.seen.clear()

    async def said(at, **fields):
        await old_emsp.say(method, PLACE, {**(messages.location() if method == "PUT" else {}), **fields, **at})
        await old_emsp.settled()
        told, old_emsp.emsp.seen[:] = old_emsp.emsp.told(), []
        return told

    own, part = await said({"last_updated": LATER}, parking_type="ON_STREET")
    assert (own.method, own.path, own.body) == ("PATCH", path, {"type": "ON_STREET", "last_updated": LATER})
    assert (part.method, part.path) == ("PUT", f"{path}/{evse}")
    assert (part.body["uid"], part.body["connectors"][0]["id"]) == (evse, plug)
    # 2.1.1 has no word for a state: the EVSEs go, and nobody is told that they are gone.
    more = {"parking_type": "ON_STREET"} if method == "PUT" else {}
    (part,) = await said({"last_updated": "2026-03-15T12:01:00Z"}, state="BE", **more)
    assert (part.method, part.path, part.body["status"]) == ("PUT", f"{path}/{evse}", "AVAILABLE")
    if method == "PUT":  # also those of which it says nothing new but the status
        used = messages.evse(status="CHARGING", last_updated="2026-03-15T12:02:00Z")
        more |= {"state": "BE", "name": "Am Markt", "evses": [used]}
        _, part = await said({"last_updated": "2026-03-15T12:02:00Z"}, **more)
        assert (part.method, part.path, part.body["status"]) == ("PUT", f"{path}/{evse}", "CHARGING")


@pytest.mark.statement("OCPI-197")
@pytest.mark.parametrize(("profile", "name", "floor"), [("gireve", "Am Ring", None), ("spec", "Moved", "2")])
async def test_what_an_old_cpo_pushes_is_taken_as_its_profile_says(make, profile, name, floor):
    async with make("cpo", profile=profile, takes_old_places=True) as world:
        await world.say("PUT", "locations/CH/CCC/L1", older.old_location())
        partner = world.node.book.partners["cpo"]
        kept = {each: getattr(partner, each) for each in partner.__struct_fields__}
        await world.node.book.put_partner(type(partner)(**{**kept, "switches": {}}))

        evse = older.old_evse(status="CHARGING", floor_level="2", last_updated=LATER)
        evse["connectors"][0] |= {"tariff_id": "T9", "last_updated": LATER}
        moved = older.old_location(name="Moved", evses=[evse], last_updated=LATER)
        answer = await world.say("PUT", "locations/CH/CCC/L1", moved)
        unknown = await world.say("PUT", "locations/CH/CCC/L2", older.old_location("L2"))

        seen = (await world.say("GET", "locations/CH/CCC/L1"))["data"]
        assert (answer["status_code"], unknown["http"], unknown["status_code"]) == (1000, 200, 1000)
        assert (seen["name"], seen["evses"][0].get("floor_level")) == (name, floor)
        assert (seen["evses"][0]["status"], seen["evses"][0]["connectors"][0]["tariff_id"]) == ("CHARGING", "T9")
        there = (await world.say("GET", "locations/CH/CCC/L2"))["status_code"]
        assert there == (2000 if profile == "gireve" else 1000)


async def test_what_a_conversion_costs_stands_in_the_trace(old_emsp):
    old_emsp.emsp.seen.clear()
    await old_emsp.say("PUT", PLACE, messages.location(address="x" * 60, last_updated=LATER))
    await old_emsp.settled()

    traces = await old_emsp.node.store.traces(partner="emsp")
    (told,) = [one for one in traces if one.operation == "PATCH locations" and "xx" in one.request.decode()]
    assert "address (cut at 45 characters)" in told.note
    (seen,) = old_emsp.emsp.told("PATCH")
    assert json.loads(told.request) == seen.body  # in this form nothing else holds it


@pytest.mark.statement("OCPI-60")
@pytest.mark.parametrize("length", [2, 36, 39])
async def test_an_old_cpo_reads_its_places_by_its_own_ids_and_is_shown_them(old_cpo, length):
    place, uid = "L" * length, "E" * length
    sent = older.old_location(place, evses=[older.old_evse(uid)])
    at = f"locations/CH/CCC/{place}"
    assert (await old_cpo.say("PUT", at, sent))["status_code"] == 1000

    assert (await old_cpo.say("GET", at))["data"] == sent
    assert (await old_cpo.say("GET", f"{at}/{uid}"))["data"] == sent["evses"][0]
    assert (await old_cpo.say("GET", f"{at}/{uid}/1"))["data"] == sent["evses"][0]["connectors"][0]


async def test_ids_that_are_too_long_are_shortened_and_told_back_in_full(old_cpo):
    long = "L" * 39
    old_cpo.cpo.answers.append(lambda seen: None)
    put = await old_cpo.say("PUT", f"locations/CH/CCC/{long}", older.old_location(long))
    await old_cpo.settled()
    pushed = old_cpo.emsp.told("PUT")[-1].body
    start = {
        "response_url": f"{old_cpo.emsp.url}/callback/1",
        "token": messages.token(),
        "location_id": pushed["id"],
        "evse_uid": "E1",
    }
    await old_cpo.ask("POST", "receiver/commands/START_SESSION", start)

    assert (put["status_code"], len(pushed["id"])) == (1000, 36)
    assert old_cpo.cpo.told("POST")[-1].body["location_id"] == long


@pytest.mark.statement("OCPI-197")
@pytest.mark.parametrize(("profile", "taken"), [("gireve", False), ("spec", True)])
async def test_of_what_an_old_cpo_patches_its_profile_takes_status_and_tariff_at_least(make, profile, taken):
    async with make("cpo", profile=profile, takes_old_places=True) as world:
        await world.say("PUT", OWN, older.old_location())
        partner = world.node.book.partners["cpo"]
        await world.node.book.put_partner(replace(partner, switches={}))
        for path, patch in (
            ("", {"name": "Moved"}),
            ("/E1", {"status": "CHARGING", "floor_level": "2"}),
            ("/E1/1", {"tariff_id": "T9", "amperage": 16}),
        ):
            answer = await world.say("PATCH", f"{OWN}{path}", {**patch, "last_updated": LATER})
            assert (answer["http"], answer["status_code"]) == (200, 1000)
        seen = (await world.say("GET", OWN))["data"]
        (evse,) = seen["evses"]
        (plug,) = evse["connectors"]
        assert (evse["status"], plug["tariff_id"]) == ("CHARGING", "T9")
        assert (seen["name"], evse.get("floor_level"), plug["amperage"]) == (
            ("Moved", "2", 16) if taken else ("Am Ring", None, 32)
        )


@pytest.mark.statement("OCPI-187")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (OWN, older.old_location("L2")),
        (f"{OWN}/E1", older.old_evse("E2")),
        (f"{OWN}/E1/1", older.old_connector(id="2")),
        ("tariffs/CH/CCC/T1", older.old_tariff("T2")),
        ("sessions/CH/CCC/S1", older.old_session("S2")),
    ],
)
async def test_an_old_object_that_is_another_than_its_url_says_is_2001_and_not_kept(old_cpo, path, body):
    partner, before = old_cpo.node.book.partners["cpo"], old_cpo.node.store.head()
    for taken in (True, False):
        await old_cpo.node.book.put_partner(replace(partner, switches={"takes_old_places": taken}))
        answer = await old_cpo.say("PUT", path, body)
        assert (answer["http"], answer["status_code"]) == (200, 2001)
        assert old_cpo.node.store.head() == before


@pytest.mark.statement("OCPI-168", "OCPI-214")
async def test_an_old_partner_without_what_its_role_requires_is_not_registered(node, monkeypatch):
    monkeypatch.setattr(older, "MODULES", tuple(one for one in older.MODULES if one != "tokens"))
    async with OldPeer((("DE", "EEE", "EMSP"),)) as peer:
        partner = await node.expect("peer", "DE*EEE/EMSP")
        _, answer = await peer.post_credentials(node.url, await node.invite("peer"))
        assert (answer["status_code"], answer.get("data")) == (3003, None)
        peer.seen.clear()
        with pytest.raises(Refused, match="tokens SENDER"):
            await node.room.register(partner, peer.versions_url, "token-a")
        assert [one.method for one in peer.seen] == ["GET", "GET"]


@pytest.mark.statement("OCPI-36", "OCPI-39")
async def test_a_status_of_an_old_cpo_is_passed_on_once_whatever_its_time_and_not_when_it_is_older(old_cpo):
    await old_cpo.settled()
    old_cpo.emsp.seen.clear()
    for said in (
        {"status": "CHARGING", "last_updated": LATER},
        {"status": "CHARGING", "last_updated": LATER},
        {"status": "CHARGING"},
        {"status": "AVAILABLE", "last_updated": "2026-03-15T11:59:59Z"},
    ):
        assert (await old_cpo.say("PATCH", f"{OWN}/E1", said))["status_code"] == 1000
    await old_cpo.settled()
    assert [one.body for one in old_cpo.emsp.told()] == [{"status": "CHARGING", "last_updated": LATER}]


@pytest.mark.statement("OCPI-40", "OCPI-41")
async def test_what_an_old_cpo_states_keeps_its_codes_and_its_time(old_cpo):
    await old_cpo.settled()
    old_cpo.emsp.seen.clear()
    exact = "2026-03-15T12:00:00.125Z"
    await old_cpo.say("PUT", "locations/CH/CCC/L2", older.old_location("L2", last_updated=exact))
    await old_cpo.say("PUT", "sessions/CH/CCC/S1", older.old_session(last_updated=exact))
    await old_cpo.say("POST", "cdrs", older.old_cdr(last_updated=exact))
    await old_cpo.settled()
    told = {one.path.split("/")[2]: one for one in old_cpo.emsp.told()}
    assert sorted(told) == ["cdrs", "locations", "sessions"]
    assert {one.body["last_updated"] for one in told.values()} == {exact}
    assert {(one.body["country_code"], one.body["party_id"]) for one in told.values()} == {("CH", "CCC")}
    assert {tuple(one.path.split("/")[3:5]) for name, one in told.items() if name != "cdrs"} == {("CH", "CCC")}
