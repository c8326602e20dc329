"""Locations, EVSEs and connectors, stated over a socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from interroam.model.ids import Kind
from tests.protocols.ocpi.server.messages import NOW, cdr, connector, evse, location, session, tariff, token

AT = "receiver/locations/CH/CCC/L1"


def after(seconds: float) -> str:
    return (datetime(2026, 3, 14, 12, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@pytest.mark.statement("OCPI-60", "OCPI-84")
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


async def test_what_is_not_there_is_404(node, cpo):
    await cpo.put(AT, location())
    for path in ("receiver/locations/CH/CCC/L9", f"{AT}/E9", f"{AT}/E1/9"):
        answer = await cpo.get(path)
        assert (answer.http, answer.status) == (404, 2000)


async def test_a_status_is_patched_and_nothing_else_changes(node, cpo):
    await cpo.put(AT, location(evses=[evse("E1", custom=1)]))
    done = await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": after(60)})
    assert (done.http, done.status) == (200, 1000)
    back = (await cpo.get(AT)).data
    assert back["evses"] == [evse("E1", custom=1, status="CHARGING", last_updated=after(60))]
    assert back["last_updated"] == after(60)


@pytest.mark.statement("OCPI-36", "OCPI-37")
async def test_a_repeated_status_is_acknowledged_once_recorded_and_a_change_back_counts(node, cpo):
    await cpo.put(AT, location())
    before = node.store.head()
    for number, word in enumerate(["CHARGING", "CHARGING", "CHARGING", "AVAILABLE", "CHARGING"], 1):
        answer = await cpo.patch(f"{AT}/E1", {"status": word, "last_updated": after(number)})
        assert (answer.http, answer.status) == (200, 1000)
    assert node.store.head() - before == 3


@pytest.mark.statement("OCPI-38", "OCPI-39")
async def test_a_suppressed_status_still_refreshes_the_time_and_an_older_one_changes_nothing(node, cpo):
    await cpo.put(AT, location(evses=[evse("E1"), evse("E2")]))
    await cpo.patch(f"{AT}/E1", {"status": "AVAILABLE", "last_updated": after(100)})
    before = node.store.head()
    late = await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": after(50)})
    assert (late.http, late.status) == (200, 1000)
    other = await cpo.patch(f"{AT}/E2", {"status": "CHARGING", "last_updated": after(50)})
    assert other.status == 1000
    assert node.store.head() == before + 1
    first, second = (await cpo.get(AT)).data["evses"]
    assert (first["status"], first["last_updated"]) == ("AVAILABLE", after(100))
    assert second["status"] == "CHARGING"


@pytest.mark.statement("OCPI-187", "OCPI-186")
async def test_a_patch_leaves_out_what_it_does_not_name_and_null_removes_nothing(node, cpo):
    await cpo.put(AT, location(evses=[evse("E1", physical_reference="7", custom=True)]))
    patch = {"physical_reference": None, "status": None, "floor_level": "2", "new": [1], "last_updated": after(1)}
    assert (await cpo.patch(f"{AT}/E1", patch)).status == 1000
    wanted = evse("E1", physical_reference="7", custom=True, floor_level="2", new=[1], last_updated=after(1))
    assert (await cpo.get(f"{AT}/E1")).data == wanted
    assert (await cpo.patch(AT, {"name": "Neu", "postal_code": None, "last_updated": after(2)})).status == 1000
    whole = (await cpo.get(AT)).data
    assert (whole["name"], whole["postal_code"]) == ("Neu", "3000")


WHOLE = [
    (AT, location(name="Am Ring"), "name"),
    (f"{AT}/E1", evse(floor_level="1"), "floor_level"),
    (f"{AT}/E1/1", connector(terms_and_conditions="https://x.com"), "terms_and_conditions"),
    ("receiver/tariffs/CH/CCC/T1", tariff(type="REGULAR", max_price={"excl_vat": 9}), "max_price"),
    ("receiver/sessions/CH/CCC/S1", session(meter_id="M"), "meter_id"),
    ("receiver/tokens/DE/EEE/0102030405060A", token(visual_number="7"), "visual_number"),
]


@pytest.mark.statement("OCPI-187")
@pytest.mark.parametrize(("path", "body", "field"), WHOLE)
async def test_a_put_is_the_whole_object_and_what_it_leaves_out_is_gone(node, cpo, emsp, path, body, field):
    await cpo.put(AT, location())
    caller = emsp if "tokens" in path else cpo
    assert (await caller.put(path, body)).status == 1000
    assert (await caller.get(path)).data[field] == body[field]
    fewer = {name: value for name, value in body.items() if name != field} | {"last_updated": after(5)}
    assert (await caller.put(path, fewer)).status == 1000
    assert field not in (await caller.get(path)).data


@pytest.mark.statement("OCPI-187")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (AT, location("L2")),
        (AT, location(party_id="DDD")),
        (f"{AT}/E1", evse("E2")),
        (f"{AT}/E1/1", connector(id="2")),
        ("receiver/tariffs/CH/CCC/T1", tariff("T2")),
        ("receiver/tariffs/CH/CCC/T1", tariff(country_code="DE")),
        ("receiver/sessions/CH/CCC/S1", session("S2")),
        ("receiver/sessions/CH/CCC/S1", session(party_id="DDD")),
        ("receiver/tokens/DE/EEE/0102030405060A", token("0102030405060B")),
        ("receiver/tokens/DE/EEE/0102030405060A", token(party_id="FFF")),
        ("receiver/tokens/DE/EEE/0102030405060A?type=OTHER", token()),
    ],
)
async def test_an_object_that_is_another_than_its_url_says_is_2001_and_not_kept(node, cpo, emsp, path, body):
    await cpo.put(AT, location())
    before = node.store.head()
    answer = await (emsp if "tokens" in path else cpo).put(path, body)
    assert (answer.http, answer.status) == (200, 2001)
    assert "URL" in answer.message
    assert node.store.head() == before


@pytest.mark.statement("OCPI-187")
@pytest.mark.parametrize(
    ("path", "whole", "patch"),
    [
        ("receiver/sessions/CH/CCC/S1", session(), {"id": "S2"}),
        ("receiver/sessions/CH/CCC/S1", session(), {"country_code": "DE"}),
        ("receiver/sessions/CH/CCC/S1", session(), {"party_id": "DDD"}),
        ("receiver/tokens/DE/EEE/0102030405060A", token(), {"uid": "0102030405060B"}),
        ("receiver/tokens/DE/EEE/0102030405060A", token(), {"type": "OTHER"}),
        ("receiver/tokens/DE/EEE/0102030405060A", token(), {"party_id": "FFF"}),
    ],
)
async def test_a_patch_of_another_object_than_its_url_says_is_2001_too(node, cpo, emsp, path, whole, patch):
    caller = emsp if "tokens" in path else cpo
    await caller.put(path, whole)
    before = node.store.head()
    answer = await caller.patch(path, {**patch, "last_updated": after(9)})
    assert (answer.http, answer.status) == (200, 2001)
    assert "URL" in answer.message
    assert node.store.head() == before


@pytest.mark.statement("OCPI-187", "OCPI-182", "OCPI-193")
@pytest.mark.parametrize(
    ("path", "patch"),
    [
        (f"{AT}/E1", {"status": "CHARGING"}),
        (f"{AT}/E1", {"uid": "E2", "status": "CHARGING", "last_updated": after(9)}),
        (AT, {"id": "L2", "last_updated": after(9)}),
        (AT, {"country_code": "DE", "last_updated": after(9)}),
        (AT, {"party_id": "DDD", "name": "x", "last_updated": after(9)}),
        (f"{AT}/E1/1", {"id": "2", "last_updated": after(9)}),
        (f"{AT}/E1", {"status": "PARKED", "last_updated": after(9)}),
        (f"{AT}/E1", {"status": 7, "last_updated": after(9)}),
        (f"{AT}/E1", ["status"]),
        (f"{AT}/E1", {"status": "CHARGING", "last_updated": "yesterday"}),
    ],
)
async def test_a_patch_that_contradicts_itself_is_2001_and_changes_nothing(node, cpo, path, patch):
    await cpo.put(AT, location())
    before = node.store.head()
    answer = await cpo.patch(path, patch)
    assert (answer.http, answer.status) == (200, 2001)
    assert answer.message
    assert node.store.head() == before


@pytest.mark.statement("OCPI-182")
async def test_what_can_never_succeed_lets_the_queue_of_the_cpo_move_on(node, cpo):
    await node.partner("ddd", "CH*DDD/CPO")
    for path, body in (
        ("receiver/locations/CH/DDD/L1", location(party_id="DDD")),  # somebody else's
        ("receiver/locations/XYZ/DDD/L1", location(party_id="DDD")),
        (AT, location(party_id="DDD")),
        (AT, location(id="L2")),
        (AT, location(coordinates=None)),
        (AT, location(evses=[{"uid": "E1"}])),
        (AT, location(publish="maybe")),
        (f"{AT}/E1", evse("E2")),
        (f"{AT}/E1/1", connector(id="2")),
        ("receiver/locations/CH/CCC/L7/E1", evse()),  # of a location nobody stated
    ):
        answer = await cpo.put(path, body)
        assert answer.http == 200, path
        assert 2000 < answer.status < 3000
    assert node.store.head() == 0


async def test_a_change_of_what_we_do_not_have_is_2003_and_leaves_a_trace(node, cpo):
    unknown = await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": NOW}, {"X-Correlation-ID": "lost"})
    assert (unknown.http, unknown.status) == (200, 2003)
    assert (await cpo.patch(AT, {"name": "x", "last_updated": NOW})).status == 2003
    await cpo.put(AT, location())
    assert (await cpo.patch(f"{AT}/E9", {"status": "CHARGING", "last_updated": NOW})).status == 2003
    assert (await cpo.patch(f"{AT}/E1/9", {"max_amperage": 16, "last_updated": after(1)})).status == 2003
    (trace,) = await node.traces("lost")
    assert (trace.code, trace.operation, trace.partner) == ("200/2003", "ocpi PATCH locations", "ccc")
    assert {"L1", "E1"} <= set(trace.ids)
    assert b"CHARGING" in trace.request
    assert "PUT" in trace.note


async def test_connectors_are_stated_inside_their_evse(node, cpo):
    await cpo.put(AT, location())
    patched = await cpo.patch(f"{AT}/E1/1", {"tariff_ids": ["T2"], "last_updated": after(1)})
    assert patched.status == 1000
    added = await cpo.put(f"{AT}/E1/2", connector(id="2", custom=1, last_updated=after(2)))
    assert added.status == 1000
    back = (await cpo.get(f"{AT}/E1")).data
    assert back["connectors"] == [
        connector(tariff_ids=["T2"], last_updated=after(1)),
        connector(id="2", custom=1, last_updated=after(2)),
    ]
    assert back["last_updated"] == after(2)
    kinds = [entry.key.kind for entry in await node.store.entries(0)]
    assert kinds == [Kind.LOCATION, Kind.EVSE, Kind.EVSE]


async def test_an_evse_is_added_replaced_and_removed(node, cpo):
    await cpo.put(AT, location())
    assert (await cpo.put(f"{AT}/E2", evse("E2"))).http == 201
    assert (await cpo.put(f"{AT}/E2", evse("E2", status="BLOCKED", last_updated=after(1)))).http == 200
    await cpo.put(AT, location(evses=[evse("E2", status="BLOCKED", last_updated=after(1))], last_updated=after(2)))
    words = {each["uid"]: each["status"] for each in (await cpo.get(AT)).data["evses"]}
    assert words == {"E1": "REMOVED", "E2": "BLOCKED"}


async def test_a_patch_of_a_location_may_carry_evses(node, cpo):
    await cpo.put(AT, location())
    patch = {"name": "Neu", "evses": [evse("E1", status="CHARGING", last_updated=after(1))], "last_updated": after(1)}
    assert (await cpo.patch(AT, patch)).status == 1000
    back = (await cpo.get(AT)).data
    assert (back["name"], back["evses"][0]["status"]) == ("Neu", "CHARGING")


async def test_a_clock_in_the_future_neither_fails_nor_blocks_what_follows(node, cpo):
    await cpo.put(AT, location())
    far = "2099-01-01T00:00:00Z"
    assert (await cpo.patch(f"{AT}/E1", {"status": "CHARGING", "last_updated": far})).status == 1000
    assert (await cpo.get(f"{AT}/E1")).data["last_updated"] == far
    node.clock.ahead += timedelta(seconds=2)
    now = node.clock.now().isoformat().replace("+00:00", "Z")
    assert (await cpo.patch(f"{AT}/E1", {"status": "AVAILABLE", "last_updated": now})).status == 1000
    assert (await cpo.get(f"{AT}/E1")).data["status"] == "AVAILABLE"


async def test_ids_are_compared_without_case_and_may_hold_anything(node, cpo):
    odd = "L/1 ü%?*"
    path = "receiver/locations/ch/ccc/L%2F1%20%C3%BC%25%3F*"
    assert (await cpo.put(path, location(odd, evses=[evse("a/b")]))).http == 201
    assert (await cpo.patch(f"{path}/A%2FB", {"status": "CHARGING", "last_updated": after(1)})).status == 1000
    back = (await cpo.get(path.replace("ch/ccc", "CH/CCC/"))).data
    assert (back["id"], back["evses"][0]["uid"], back["evses"][0]["status"]) == (odd, "a/b", "CHARGING")


async def test_a_place_that_nobody_is_told_of_is_recorded_and_its_owner_hears_so_once(node, cpo, emsp):
    told = await cpo.put(AT, location())
    assert (told.status, told.message) == (1000, "Success")
    for one in list(node.book.agreements.values()):
        await node.book.put_agreement(replace(one, version=2, ends=one.starts))
    for path, sent, kind in (
        ("receiver/locations/CH/CCC/L2", location("L2"), "location"),
        ("receiver/tariffs/CH/CCC/T2", tariff("T2"), "tariff"),
    ):
        first = await cpo.put(path, sent)
        said = f"recorded, but no agreement in force says who is told of this {kind}"
        assert (first.http, first.status, first.message) == (201, 1000, said)
        assert (await cpo.put(path, sent)).message == "Success"


@pytest.mark.statement("OCPI-40")
async def test_points_go_out_with_as_many_characters_as_their_fields_have(node, cpo, emsp):
    """C28: a sign and seven decimals are taken and fit no field."""
    fine, long = ({"latitude": f"-46.947999{more}", "longitude": f"-107.448148{more}"} for more in ("", "1"))
    short = {"latitude": "46.9479991", "longitude": "-7.4481481"}
    around = {"related_locations": [{**long, "name": {"language": "en", "text": "Gate"}}, short]}
    place = location(coordinates=long, evses=[evse(coordinates=long), evse("E2", coordinates=short)], **around)
    assert (await cpo.put(AT, place)).status == 1000
    (seen,) = (await emsp.get("sender/locations")).data
    assert (seen["coordinates"], [one["coordinates"] for one in seen["evses"]]) == (fine, [fine, short])
    assert seen["related_locations"] == [{**fine, "name": {"language": "en", "text": "Gate"}}, short]
    longer = {name: f"{value}5" for name, value in fine.items()}
    north, south = ({**short, name: long[name]} for name in ("latitude", "longitude"))
    for uid, one in (("E1", north), ("E2", south)):  # one of the two is enough
        assert (await cpo.put(f"{AT}/{uid}", evse(uid, coordinates=one, floor_level="1"))).status == 1000
    (seen,) = (await emsp.get("sender/locations")).data
    assert [one["coordinates"] for one in seen["evses"]] == [
        {**short, "latitude": fine["latitude"]},
        {**short, "longitude": fine["longitude"]},
    ]
    for path in (AT, f"{AT}/E2"):
        assert (await cpo.patch(path, {"coordinates": longer, "last_updated": "2026-03-14T12:05:00Z"})).status == 1000
    (seen,) = (await emsp.get("sender/locations")).data
    rounded = {"latitude": "-46.948000", "longitude": "-107.448148"}
    assert (seen["coordinates"], seen["evses"][1]["coordinates"]) == (rounded, rounded)
    charge = cdr()
    charge["cdr_location"]["coordinates"] = long
    assert (await cpo.post("receiver/cdrs", charge)).status == 1000
    assert (await emsp.get("sender/cdrs")).data[0]["cdr_location"]["coordinates"] == fine


async def test_what_is_said_again_later_is_listed_with_its_newest_time(node, cpo, emsp):
    for minute in (0, 5, 5, 9):
        at = f"2026-03-14T12:0{minute}:00Z"
        assert (await cpo.put(AT, location(last_updated=at))).status == 1000
        (listed,) = (await emsp.get("sender/locations")).data
        (again,) = (await emsp.get("sender/locations")).data  # drawn, then remembered
        assert (listed["last_updated"], again["last_updated"]) == (at, at)
    assert node.store.head() == 1
