"""The quality gate: what is static waits for approval, what is dynamic goes through at once."""

from __future__ import annotations

import pytest

from interroam.core.audit import LOCAL, Actor, Audit, Rank
from interroam.core.office.approving import Approving
from interroam.core.ports import Query
from interroam.model.errors import Refused
from interroam.model.ids import Kind
from interroam.protocols.ocpi.profiles import PROFILES
from tests.protocols.ocpi.server.messages import connector, evse, location
from tests.protocols.ocpi.server.messages import location as whole

AT = "receiver/locations/CH/CCC/L1"
LATER = "2026-03-14T12:05:00Z"
LATEST = "2026-03-14T12:10:00Z"


def status(word: str, at: str = LATER) -> dict:
    return {"status": word, "last_updated": at}


@pytest.fixture
async def approving(node):
    return Approving(node.hub, Audit(node.store, node.clock, node.hub.ids))


@pytest.fixture
async def watched(node, provider):
    """What an eMSP is told of a CPO whose static data are looked at by an operator."""
    await node.change("ccc", profile="gireve", switches={"quality": "manual"})
    return provider[0]


async def heard(node, peer):
    await node.settled()
    return [(one.method, one.path.rpartition("/receiver/")[2], one.body) for one in peer.told() if "/loc" in one.path]


async def shown(emsp):
    return (await emsp.get("sender/locations")).data


@pytest.mark.statement("OCPI-66", "OCPI-67")
@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("owner.name", location(owner=None)),
        ("operator.name", location(operator=None)),
        ("evses.capabilities", location(evses=[evse(capabilities=[])])),
        ("evses.connectors.tariff_ids", location(evses=[evse(connectors=[connector(tariff_ids=[])])])),
    ],
)
async def test_what_the_standard_misses_is_answered_noted_and_not_shown_until_it_is_mended(
    node, cpo, emsp, approving, field, sent
):
    await node.change("ccc", profile="gireve")
    taken = await cpo.put(AT, sent)
    assert (taken.http, taken.status) == (201, 1000)
    assert f"{field} is missing" in taken.message
    (found,) = await approving.findings(LOCAL, "ccc")
    assert [(one.field, one.severe) for one in found.defects] == [(field, True)]
    assert [one for place in await shown(emsp) for one in place.get("evses", [])] == []
    mended = await cpo.put(AT, location(last_updated=LATER, evses=[evse(last_updated=LATER)]))
    assert (mended.status, mended.message) == (1000, "Success")
    (place,) = await shown(emsp)
    assert [one["uid"] for one in place["evses"]] == ["E1"]
    assert await approving.findings(LOCAL, "ccc") == []
    assert await approving.waiting(LOCAL) == []


@pytest.mark.statement("OCPI-67", "OCPI-196")
async def test_which_fields_are_mandatory_and_whether_their_lack_is_refused_is_set_per_partner(node, cpo, emsp):
    await node.change("ccc", profile="gireve", switches={"mandatory": "postal_code", "quality": "reject"})
    assert (await cpo.put(AT, location(owner=None, evses=[evse(capabilities=[])]))).http == 201
    bad = await cpo.put("receiver/locations/CH/CCC/L2", location("L2", postal_code=None))
    assert (bad.http, bad.status) == (200, 2001)
    assert "postal_code" in bad.message
    assert len(await shown(emsp)) == 1
    with pytest.raises(Refused, match="cannot be made mandatory"):
        await node.change("ccc", switches={"mandatory": "beauty"})


@pytest.mark.statement("OCPI-68")
async def test_a_new_location_is_taken_at_once_and_shown_when_it_is_approved(node, cpo, watched, provider, approving):
    taken = await cpo.put(AT, location())
    assert (taken.http, taken.status) == (201, 1000)
    assert await heard(node, watched) == []
    assert await shown(provider[1]) == []
    (place, inner) = await approving.waiting(LOCAL, "ccc")
    assert (place.object, inner.object, place.new) == ("location/ch*ccc/l1", "evse/ch*ccc/l1/e1", True)
    assert await approving.approve(LOCAL, place.object) == 2
    ((method, path, body),) = await heard(node, watched)
    assert (method, path) == ("PUT", "locations/CH/CCC/L1")
    assert [one["uid"] for one in body["evses"]] == ["E1"]
    assert len(await shown(provider[1])) == 1
    assert await approving.waiting(LOCAL) == []


@pytest.mark.statement("OCPI-68", "OCPI-87")
async def test_a_changed_location_is_told_when_it_is_approved_by_what_is_new_and_by_its_evses(
    node, cpo, watched, approving
):
    await cpo.put(AT, location(evses=[evse(), evse("E2")]))
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    await node.settled()
    watched.seen.clear()
    moved = evse("E2", floor_level="2", last_updated=LATER)
    await cpo.put(AT, location(images=[], facilities=["CAFE"], evses=[evse(), moved], last_updated=LATER))
    assert await heard(node, watched) == []
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    own, *evses = await heard(node, watched)
    said = {"facilities": ["CAFE"], "images": [], "last_updated": LATER}
    assert own == ("PATCH", "locations/CH/CCC/L1", said)
    assert {path for _, path, _ in evses} == {"locations/CH/CCC/L1/E1", "locations/CH/CCC/L1/E2"}
    assert evses[-1] == ("PUT", "locations/CH/CCC/L1/E2", moved)


@pytest.mark.statement("OCPI-71", "OCPI-87")
async def test_a_changed_location_is_told_by_what_is_new_though_one_of_its_evses_waits(node, cpo, provider):
    await node.change("ccc", profile="gireve")
    await cpo.put(AT, location())
    await node.settled()
    provider[0].seen.clear()
    await cpo.put(AT, location(facilities=["CAFE"], evses=[evse(), evse("E2", capabilities=[])], last_updated=LATER))
    assert await heard(node, provider[0]) == [
        ("PATCH", "locations/CH/CCC/L1", {"facilities": ["CAFE"], "last_updated": LATER}),
        ("PUT", "locations/CH/CCC/L1/E1", evse()),
    ]


@pytest.mark.statement("OCPI-84")
async def test_the_owner_reads_what_waits_and_an_approved_place_as_others_see_it(
    node, cpo, watched, provider, approving
):
    await cpo.put(AT, location())
    assert (await cpo.get(AT)).data == location()
    assert (await cpo.get(f"{AT}/E1/1")).data == connector()
    assert (await provider[1].get("sender/locations/L1")).http == 404
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    await cpo.put(f"{AT}/E2", evse("E2"))
    assert [one["uid"] for one in (await cpo.get(AT)).data["evses"]] == ["E1", "E2"]
    assert (await cpo.get(f"{AT}/E2")).data == evse("E2")
    assert [one["uid"] for one in (await shown(provider[1]))[0]["evses"]] == ["E1"]
    await cpo.patch(AT, {"name": "Am Platz", "last_updated": LATER})
    assert (await cpo.get(AT)).data["name"] == "Am Ring"
    stranger = await node.partner("ddd", "CH*DDD/CPO")
    assert [(await stranger.get(path)).http for path in (AT, f"{AT}/E2", f"{AT}/E1/1")] == [404] * 3


@pytest.mark.statement("OCPI-68")
async def test_a_change_of_an_approved_location_shows_the_old_one_until_it_is_approved(
    node, cpo, watched, provider, approving
):
    await cpo.put(AT, location())
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    assert (await cpo.patch(AT, {"name": "Am Platz", "last_updated": LATER})).status == 1000
    assert (await shown(provider[1]))[0]["name"] == "Am Ring"
    assert (await cpo.put(AT, location(name="Am Markt", last_updated=LATEST))).status == 1000
    assert (await shown(provider[1]))[0]["name"] == "Am Ring"
    assert await approving.approve(LOCAL, "location/ch*ccc/l1") == 1
    assert (await shown(provider[1]))[0]["name"] == "Am Markt"


@pytest.mark.statement("OCPI-69", "OCPI-70")
async def test_a_status_goes_through_at_once_unless_it_says_that_the_evse_is_not_there(node, cpo, watched, approving):
    await cpo.put(AT, location())
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    await cpo.patch(f"{AT}/E1", status("CHARGING"))
    assert (await heard(node, watched))[-1] == ("PATCH", "locations/CH/CCC/L1/E1", status("CHARGING"))
    before = len(await heard(node, watched))
    for word in ("REMOVED", "PLANNED"):
        assert (await cpo.patch(f"{AT}/E1", status(word, LATEST))).status == 1000
    assert len(await heard(node, watched)) == before
    await approving.approve(LOCAL, "evse/ch*ccc/l1/e1")
    assert (await heard(node, watched))[-1][2]["status"] == "PLANNED"
    back = status("AVAILABLE", "2026-03-14T12:20:00Z")
    assert (await cpo.patch(f"{AT}/E1", back)).status == 1000
    assert len(await heard(node, watched)) == before + 1
    await approving.approve(LOCAL, "evse/ch*ccc/l1/e1")
    assert (await heard(node, watched))[-1][2]["status"] == "AVAILABLE"


@pytest.mark.statement("OCPI-69")
async def test_what_is_dynamic_of_a_whole_evse_goes_through_and_leaves_nothing_waiting(
    node, cpo, watched, provider, approving
):
    await cpo.put(AT, location())
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    for word, tariff, at in (("CHARGING", "T1", LATER), ("CHARGING", "T2", LATEST)):
        plug = connector(tariff_ids=[tariff], last_updated=at)
        assert (await cpo.put(f"{AT}/E1", evse(status=word, connectors=[plug], last_updated=at))).message == "Success"
        (seen,) = (await shown(provider[1]))[0]["evses"]
        assert (seen["status"], seen["connectors"][0]["tariff_ids"]) == (word, [tariff])
        assert (await heard(node, watched))[-1][2]["last_updated"] == at
    assert await approving.waiting(LOCAL) == []


@pytest.mark.statement("OCPI-69", "OCPI-77")
async def test_tariffs_of_the_first_connector_go_through_at_once_and_those_of_others_are_ignored(
    node, cpo, watched, provider, approving
):
    plugs = [connector(), connector(id="2", tariff_ids=["T9"])]
    await cpo.put(AT, location(evses=[evse(connectors=plugs)]))
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    (place,) = await shown(provider[1])
    assert [one.get("tariff_ids") for one in place["evses"][0]["connectors"]] == [["T1"], None]
    assert (await cpo.patch(f"{AT}/E1/1", {"tariff_ids": ["T2"], "last_updated": LATER})).status == 1000
    ((plug, _),) = [one["connectors"] for one in (await shown(provider[1]))[0]["evses"]]
    assert (plug["tariff_ids"], plug["last_updated"]) == (["T2"], LATER)
    assert await approving.waiting(LOCAL) == []
    both = [connector(tariff_ids=["T2"]), connector(id="2", tariff_ids=["T8"])]
    assert (await cpo.patch(f"{AT}/E1", {"connectors": both, "last_updated": LATEST})).status == 1000
    ((first, second),) = [one["connectors"] for one in (await shown(provider[1]))[0]["evses"]]
    assert (first["tariff_ids"], "tariff_ids" in second) == (["T2"], False)
    assert await approving.waiting(LOCAL) == []
    assert (await heard(node, watched))[-1][2]["connectors"][0]["tariff_ids"] == ["T2"]


@pytest.mark.statement("OCPI-78")
async def test_tariffs_of_another_connector_change_nothing_and_are_answered_1000(node, cpo, provider):
    await node.change("ccc", profile="gireve")
    await cpo.put(AT, location(evses=[evse(connectors=[connector(), connector(id="2", tariff_ids=[])])]))
    told = len(await heard(node, provider[0]))
    head = node.store.head()
    answer = await cpo.patch(f"{AT}/E1/2", {"tariff_ids": ["T7"], "last_updated": LATER})
    assert (answer.http, answer.status) == (200, 1000)
    assert node.store.head() == head
    assert len(await heard(node, provider[0])) == told
    assert (await cpo.patch(f"{AT}/E1/1", {"tariff_ids": ["T7"], "last_updated": LATER})).status == 1000
    assert node.store.head() == head + 1


@pytest.mark.statement("OCPI-71", "OCPI-77")
async def test_a_push_of_both_kinds_is_split(node, cpo, watched, provider, approving):
    await cpo.put(AT, location())
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    both = evse(status="CHARGING", physical_reference="7", custom="kept", last_updated=LATER)
    assert (await cpo.put(f"{AT}/E1", both)).status == 1000
    assert (await heard(node, watched))[-1] == ("PATCH", "locations/CH/CCC/L1/E1", status("CHARGING"))
    (seen,) = (await shown(provider[1]))[0]["evses"]
    assert (seen["status"], seen.get("physical_reference")) == ("CHARGING", None)
    await approving.approve(LOCAL, "evse/ch*ccc/l1/e1")
    (seen,) = (await shown(provider[1]))[0]["evses"]
    assert (seen["status"], seen["physical_reference"], seen["custom"]) == ("CHARGING", "7", "kept")
    plugs = [connector(tariff_ids=["T2"]), connector(id="2")]
    await cpo.patch(f"{AT}/E1", {"connectors": plugs, "floor_level": "1", "last_updated": LATEST})
    (seen,) = (await shown(provider[1]))[0]["evses"]
    assert [(one["id"], one["tariff_ids"]) for one in seen["connectors"]] == [("1", ["T2"])]
    assert "floor_level" not in seen


@pytest.mark.statement("OCPI-71")
async def test_a_whole_location_of_both_kinds_is_split(node, cpo, watched, provider, approving):
    await cpo.put(AT, location(evses=[evse(), evse("E2"), evse("E3")]))
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    inner = [evse(status="BLOCKED", last_updated=LATER), evse("E2", evse_id="CH*CCC*OTHER", last_updated=LATER)]
    await cpo.put(AT, location(evses=inner, last_updated=LATER))
    seen = {one["uid"]: one for one in (await shown(provider[1]))[0]["evses"]}
    assert {uid: one["status"] for uid, one in seen.items()} == {
        "E1": "BLOCKED",
        "E2": "AVAILABLE",
        "E3": "AVAILABLE",
    }
    assert seen["E2"]["evse_id"] == "CH*CCC*E2"
    assert [one.object[-2:] for one in await approving.waiting(LOCAL)] == ["e2", "e3"]
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    seen = {one["uid"]: one for one in (await shown(provider[1]))[0]["evses"]}
    assert (list(seen), seen["E2"]["evse_id"]) == (["E1", "E2"], "CH*CCC*OTHER")


@pytest.mark.statement("OCPI-72")
async def test_a_status_of_what_is_not_approved_yet_is_kept_and_holds_on_approval(
    node, cpo, watched, provider, approving
):
    await cpo.put(AT, location())
    answer = await cpo.patch(f"{AT}/E1", status("CHARGING"))
    assert (answer.http, answer.status) in [(200, 1000), (201, 1000)]
    assert await heard(node, watched) == []
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    ((_, _, body),) = await heard(node, watched)
    assert [(one["status"], one["last_updated"]) for one in body["evses"]] == [("CHARGING", LATER)]


@pytest.mark.statement("OCPI-72")
async def test_a_status_of_an_evse_of_which_a_change_waits_goes_through_and_holds_on_approval(
    node, cpo, watched, provider, approving
):
    await cpo.put(AT, location())
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    await cpo.patch(f"{AT}/E1", {"floor_level": "2", "last_updated": LATER})
    await cpo.patch(f"{AT}/E1", status("CHARGING", LATEST))
    assert (await heard(node, watched))[-1][2]["status"] == "CHARGING"
    await approving.approve(LOCAL, "evse/ch*ccc/l1/e1")
    (seen,) = (await shown(provider[1]))[0]["evses"]
    assert (seen["status"], seen["floor_level"], seen["last_updated"]) == ("CHARGING", "2", LATEST)


@pytest.mark.statement("OCPI-73", "OCPI-74", "OCPI-75")
@pytest.mark.parametrize(
    ("evse_id", "fits"),
    [
        ("CH*CCC*E1", True),
        ("chcccE1", True),
        ("CH*CCCE1", True),
        ("DE*CCC*E1", False),
        ("CH*CCD*E1", False),
        (None, False),
    ],
)
async def test_an_evse_id_begins_with_its_operators(node, cpo, emsp, approving, evse_id, fits):
    await node.change("ccc", profile="gireve")
    sent = location(evses=[evse(evse_id=evse_id), evse("E2"), evse("E3", status="REMOVED", evse_id=None)])
    assert (await cpo.put(AT, sent)).status == 1000
    (place,) = await shown(emsp)
    assert [one["uid"] for one in place["evses"]] == (["E1", "E2"] if fits else ["E2"])
    assert [one.field for found in await approving.findings(LOCAL, "ccc") for one in found.defects] == (
        [] if fits else ["evses.evse_id"]
    )


@pytest.mark.statement("OCPI-76")
async def test_an_emsp_takes_whatever_evse_id_comes(node, cpo, emsp):
    assert (await cpo.put(AT, location(evses=[evse(evse_id="plug 7, left")]))).http == 201
    assert (await shown(emsp))[0]["evses"][0]["evse_id"] == "plug 7, left"
    assert PROFILES["spec"].quality == "off"


@pytest.mark.statement("OCPI-195")
async def test_an_operator_completes_a_location_for_good(node, cpo, emsp, approving):
    await node.change("ccc", profile="gireve")
    await cpo.put(AT, location(owner=None))
    assert await shown(emsp) == []
    await approving.complete(LOCAL, "location/ch*ccc/l1", b'{"owner": {"name": "City"}, "facilities": ["CAFE"]}')
    (place,) = await shown(emsp)
    assert (place["owner"], place["facilities"], len(place["evses"])) == ({"name": "City"}, ["CAFE"], 1)
    await cpo.put(AT, location(owner=None, name="Neu", last_updated=LATER))
    (place,) = await shown(emsp)
    assert (place["owner"], place["name"], place["last_updated"]) == ({"name": "City"}, "Neu", LATER)
    with pytest.raises(Refused):
        await approving.complete(LOCAL, "location/ch*ccc/l1", b'{"publish": "maybe"}')


@pytest.mark.statement("OCPI-194")
@pytest.mark.parametrize(("publish", "odd"), [(True, True), (False, False)])
async def test_whom_a_published_place_is_for_is_noted_as_a_contradiction(node, cpo, emsp, approving, publish, odd):
    await node.change("ccc", profile="gireve")
    await cpo.put(AT, location(publish=publish, publish_allowed_to=[{"issuer": "City"}]))
    found = [one.field for each in await approving.findings(LOCAL, "ccc") for one in each.defects]
    assert found == (["publish_allowed_to"] if odd else [])
    assert (await shown(emsp))[0]["publish"] is publish


async def test_what_was_rejected_is_dropped_and_its_sender_told_why(node, cpo, watched, provider, approving):
    await cpo.put(AT, location())
    assert await approving.reject(LOCAL, "location/ch*ccc/l1", "no such street") == 2
    assert await approving.waiting(LOCAL) == []
    found = await approving.findings(LOCAL, "ccc")
    assert {one.message for each in found for one in each.defects} == {"rejected: no such street"}
    assert (await cpo.patch(f"{AT}/E1", status("CHARGING"))).status == 2003
    with pytest.raises(Refused, match="nothing of"):
        await approving.approve(LOCAL, "location/ch*ccc/l1")
    with pytest.raises(Refused, match="operator"):
        await approving.reject(Actor("eve", Rank.VIEWER), "location/ch*ccc/l1")


async def test_what_waits_survives_a_restart_and_is_released_when_the_rules_change(node, cpo, emsp, approving):
    await node.change("ccc", profile="gireve")
    await cpo.put(AT, location(owner=None))
    again = type(node.hub.gate)(node.hub)
    await again.drafts.load()
    assert [str(one.key) for one in again.drafts.all()] == ["location/ch*ccc/l1", "evse/ch*ccc/l1/e1"]
    assert len(await again.findings.of("ccc")) == 1
    assert await approving.recheck(LOCAL, "ccc") == 0
    await node.change("ccc", switches={"mandatory": ""})
    assert await approving.recheck(LOCAL, "ccc") == 2
    assert len((await shown(emsp))[0]["evses"]) == 1


async def test_saying_again_what_is_approved_needs_no_approval(node, cpo, watched, approving):
    await cpo.put(AT, location())
    await approving.approve(LOCAL, "location/ch*ccc/l1")
    head = node.store.head()
    await cpo.put(AT, whole(last_updated=LATER, evses=[evse(last_updated=LATER)]))
    assert await approving.waiting(LOCAL) == []
    assert node.store.head() == head
    await cpo.patch(AT, {"name": "Elsewhere", "last_updated": LATEST})
    await cpo.patch(AT, {"name": "Am Ring", "last_updated": "2026-03-14T12:15:00Z"})
    assert await approving.waiting(LOCAL) == []
    page = await node.store.page(Query(kind=Kind.LOCATION))
    assert page.items[0].body.name == "Am Ring"
