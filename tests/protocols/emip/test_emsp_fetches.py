"""What an eMSP's node hears of EVSEs, pushed and fetched, and the records it looks for where none are pushed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from interroam.core.audit import Actor, Rank
from interroam.core.rounds.pulling import Stage
from interroam.model.ids import Module
from interroam.protocols.emip.emsp.fetches import SHELF, Polled
from tests.protocols.emip.emsp_office import CARD, CPO, EVSE, OPERATOR, record, selling
from tests.protocols.emip.nodes import LONG_AGO
from tests.protocols.emip.partner import Fault

AT = "2026-03-02T08:00:00Z"
LATER, LAST = "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"
ME = Actor("test", Rank.ADMIN)


@pytest.fixture
async def emsp(tmp_path):
    async with selling(tmp_path) as one:
        yield one


def description(evse: str = EVSE, **more):
    return {
        "EVSEIdType": "eMI3",
        "EVSEId": evse,
        "chargingStationId": "FR*C01*S1",
        "chargingPoolId": "FR*C01*P1",
        "chargingPoolName": "Gare",
        "chargingPoolAddress": {"StreetNumber": "3", "StreetName": "rue X", "PostCode": "69002", "City": "Lyon"},
        "entrancelatitude": "45.75",
        "entrancelongitude": "4.85",
        "connectorType": [1, 2],
        "power": "22",
        **more,
    }


def described(evse: str = EVSE, action: int = 1, at: str = AT, **more):
    said = description(evse, **more) if action != 3 else {"EVSEIdType": "eMI3", "EVSEId": evse}
    return {"actionType": action, "changeDateTime": at, "EVSEDescrip": said}


def stated(evse: str = EVSE, availability: int = 2, busy: int = 1, at: str = LATER):
    return {
        "EVSEIdType": "eMI3",
        "EVSEId": evse,
        "availabilityStatusEventDate": at,
        "availabilityStatus": availability,
        "busyStatusEventDate": at,
        "busyStatus": busy,
    }


async def push_static(emsp, *changes):
    return await emsp.ask(
        "SetEVSEStaticDataChanges", {"EVSEStaticDataChangeList": {"EVSEStaticDataChange": [*changes]}}
    )


async def push_dynamic(emsp, *changes):
    said = {"EVSEDynamicDataChangeList": {"EVSEDynamicDataChange": [*changes]}}
    return await emsp.ask("SetEVSEDynamicDataChanges", said)


async def evses(emsp):
    _, answer = await emsp.call("GET", "/locations")
    return {one["evse_id"]: one for place in answer["items"] for one in place["evses"]}


# -- pushed ------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-64")
async def test_descriptions_that_are_pushed_are_places_of_the_back_office(emsp):
    assert (await push_static(emsp, described(), described("FR*C01*E0042*2"))).status == 1
    _, answer = await emsp.call("GET", "/locations")
    (place,) = answer["items"]
    assert (place["party"], place["name"], place["address"], place["city"]) == (CPO, "Gare", "3 rue X", "Lyon")
    assert {one["evse_id"] for one in place["evses"]} == {EVSE, "FR*C01*E0042*2"}
    assert {one["connectors"][0]["power_w"] for one in place["evses"]} == {22000}


@pytest.mark.statement("EMIP-64")
async def test_statuses_that_are_pushed_are_those_of_the_back_office_the_newest_of_each(emsp):
    await push_static(emsp, described())
    assert (await push_dynamic(emsp, stated(busy=2))).status == 1
    assert (await evses(emsp))[EVSE]["status"] == "CHARGING"
    assert (await push_dynamic(emsp, stated(busy=1, at=AT))).status == 1
    assert (await evses(emsp))[EVSE]["status"] == "CHARGING"  # that was before
    assert (await push_dynamic(emsp, stated(availability=1, at=LAST))).status == 1
    assert (await evses(emsp))[EVSE]["status"] in ("OUTOFORDER", "INOPERATIVE")


@pytest.mark.statement("EMIP-64")
async def test_a_description_that_changes_leaves_the_status_and_one_that_goes_removes_the_evse(emsp):
    await push_static(emsp, described())
    await push_dynamic(emsp, stated(busy=2))
    await push_static(emsp, described(action=2, at=LAST, power="50", chargingPoolName="Gare Nord"))
    known = (await evses(emsp))[EVSE]
    assert (known["status"], known["connectors"][0]["power_w"]) == ("CHARGING", 50000)
    await push_static(emsp, described(action=3, at="2026-03-02T11:00:00Z"))
    assert (await evses(emsp)).get(EVSE, {"status": "REMOVED"})["status"] == "REMOVED"


async def test_an_evse_is_only_where_it_was_described_last(emsp):
    async def standing():
        _, answer = await emsp.call("GET", "/locations")
        return [(place["name"], one["status"]) for place in answer["items"] for one in place["evses"]]

    await push_static(emsp, described())
    await push_dynamic(emsp, stated(busy=2))
    elsewhere = {"chargingPoolId": "FR*C01*P2", "chargingPoolName": "Port"}
    assert (await push_static(emsp, described(at=LAST, **elsewhere))).status == 1
    assert await standing() == [("Gare", "REMOVED"), ("Port", "CHARGING")]
    await push_dynamic(emsp, stated(busy=1, at="2026-03-02T11:00:00Z"))
    assert await standing() == [("Gare", "REMOVED"), ("Port", "AVAILABLE")]


async def test_two_evses_whose_ids_differ_by_a_separator_are_two(emsp):
    one, other = "FR*C01*E1*23", "FR*C01*E12*3"
    await push_static(emsp, described(one), described(other))
    await push_dynamic(emsp, stated(other, busy=2))
    assert {name: known["status"] for name, known in (await evses(emsp)).items()} == {one: "UNKNOWN", other: "CHARGING"}


async def test_a_status_of_an_evse_that_nobody_described_is_a_remark(emsp):
    assert (await push_dynamic(emsp, stated("FR*C01*E9"))).status == 900
    assert (await push_static(emsp, described("nonsense"), described())).status == 900
    assert EVSE in await evses(emsp)


# -- flows -------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-64")
async def test_flows_are_turned_on_once_and_off_again(emsp):
    await emsp.node.change("iop", switches={"follows_places": True})
    await emsp.until("ActivateEVSEDynamicDataChangesFlow")
    assert len(emsp.calls("ActivateEVSEStaticDataChangesFlow")) == 1
    await emsp.node.restart()
    emsp.clock.forward(seconds=5)
    await emsp.node.change("iop", switches={"follows_places": False})
    await emsp.until("DeActivateEVSEDynamicDataChangesFlow")
    assert len(emsp.calls("DeActivateEVSEStaticDataChangesFlow")) == 1
    assert len(emsp.calls("ActivateEVSEDynamicDataChangesFlow")) == 1


# -- fetched -----------------------------------------------------------------------------------------------------------


async def pull(emsp, module, **more):
    rounds = emsp.node.app.office.rounds
    return await rounds.pulling.pull("iop", module, **more)


async def test_places_are_fetched_page_by_page_and_then_since_the_last_time(emsp):
    second = "FR*C01*E0042*2"
    emsp.iop.answers["eMIP_ToIOP_GetEVSEStaticDataChanges"] = [
        changes("Static", LATER, described(), more=1),
        changes("Static", LAST, described(second), described("FR*C01*E3", action=3)),
        changes("Static", LAST),
    ]
    emsp.iop.answers["eMIP_ToIOP_GetEVSEDynamicDataChanges"] = changes("Dynamic", LAST, stated(busy=2))
    report = await pull(emsp, Module.LOCATIONS)
    assert (report.stage, report.findings) == (Stage.DONE, ())
    assert {name: one["status"] for name, one in (await evses(emsp)).items()} == {EVSE: "CHARGING", second: "UNKNOWN"}
    first, more = emsp.calls("GetEVSEStaticDataChanges")
    assert "lastRequestDate" not in first.fields
    assert more.fields["lastRequestDate"] == LATER
    assert (await pull(emsp, Module.LOCATIONS)).stage is Stage.DONE
    assert emsp.calls("GetEVSEStaticDataChanges")[2].fields["lastRequestDate"] > LAST


async def test_places_are_fetched_by_schedule(emsp):
    rounds = emsp.node.app.office.rounds
    await rounds.plans.renew()
    assert "pull/iop/locations" in {row.id for row in rounds.schedules.rows}


async def test_places_are_searched_for_where_the_operator_says_so(emsp):
    await emsp.node.change("iop", switches={"search_around": "45.75, 4.85, 10"})
    found = [("requestStatus", 1), ("EVSEDescrip", description(availabilityStatus=2, busyStatus=3))]
    emsp.iop.answers["eMIP_ToIOP_SearchEVSE"] = [("transactionId", "t"), *found]
    assert (await pull(emsp, Module.LOCATIONS)).stage is Stage.DONE
    (asked,) = emsp.calls("SearchEVSE")
    said = [asked.fields[name] for name in ("latitude", "longitude", "radius", "searchAlgo", "maxCount")]
    assert said == ["45.75", "4.85", "10", "1", "200"]
    assert (await evses(emsp))[EVSE]["status"] == "RESERVED"


async def noted(emsp, at: str) -> None:
    """Wait until the node has noted how far it has read."""
    async with asyncio.timeout(5):
        while (body := await emsp.node.store.load(SHELF, f"iop/{OPERATOR}")) is None or polled(body) != at:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def polled(body: bytes) -> str:
    return msgspec.msgpack.decode(body, type=Polled).since.isoformat().replace("+00:00", "Z")


# -- records -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-128")
async def test_records_are_looked_for_regularly_where_none_are_pushed(tmp_path):
    async with selling(tmp_path) as emsp:
        await emsp.token()
        emsp.iop.answers["eMIP_ToIOP_GetChargeDetailRecordList"] = [
            records(LATER, record(session="s-1"), record(session="s-2", nature=2), more=1),
            records(LAST, record(session="s-3")),
            records("2026-03-02T11:00:00Z", record(session="s-3"), record(session="s-4")),
        ]
        await emsp.node.change("iop", switches={"polls_cdrs_minutes": 30})
        emsp.clock.forward(seconds=2)
        first, second = await emsp.until("GetChargeDetailRecordList", 2)
        assert "lastRequestDate" not in first.fields
        assert second.fields["lastRequestDate"] == LATER
        assert first.fields["operatorId"] == OPERATOR
        await emsp.told("cdr", id="s-3")
        await noted(emsp, LAST)
        await emsp.node.restart()
        emsp.clock.forward(minutes=20)
        await asyncio.sleep(0.1)
        assert len(emsp.calls("GetChargeDetailRecordList")) == 2
        emsp.clock.forward(minutes=11)
        third = (await emsp.until("GetChargeDetailRecordList", 3))[2]
        assert third.fields["lastRequestDate"] == LAST  # the platform's own time, kept over the restart
        await emsp.told("cdr", id="s-4")
        await emsp.node.settled()
        told = {one["seq"]: one["object"]["id"] for one in emsp.facts if one["kind"] == "cdr"}  # some again: a restart
        assert sorted(told.values()) == ["s-1", "s-3", "s-4"]
        assert (await emsp.told("session", id="s-2"))["status"] == "ACTIVE"


@pytest.mark.statement("EMIP-128")
async def test_nobody_looks_for_records_that_are_pushed_and_one_look_that_failed_is_made_again(tmp_path):
    async with selling(tmp_path) as emsp:
        emsp.clock.forward(hours=1)
        await asyncio.sleep(0.1)
        assert emsp.calls("GetChargeDetailRecordList") == []
        emsp.iop.answers["eMIP_ToIOP_GetChargeDetailRecordList"] = [Fault(), records(LAST, record(session="s-1"))]
        await emsp.node.change("iop", switches={"polls_cdrs_minutes": 30})
        await emsp.until("GetChargeDetailRecordList", 1)
        emsp.clock.forward(minutes=2)
        await emsp.until("GetChargeDetailRecordList", 2)
        await emsp.told("cdr", id="s-1")


async def test_records_can_be_looked_for_at_once(emsp):
    await emsp.token()
    emsp.iop.answers["eMIP_ToIOP_GetChargeDetailRecordList"] = records(LAST, record(session="s-1"))
    assert (await pull(emsp, Module.CDRS)).stage is Stage.DONE
    assert (await emsp.told("cdr"))["id"] == "s-1"


async def test_one_record_is_fetched_by_its_session(emsp):
    await emsp.token()
    link = emsp.node.links["iop"]
    emsp.iop.answers["eMIP_ToIOP_GetChargeDetailRecord"] = [
        {"chargeDetailRecord": record(session="s-1"), "requestStatus": 1},
        {"requestStatus": 10501},
    ]
    key = await emsp_cdr_key("s-1")
    wanted = {"asker": party(OPERATOR), "owner": emsp.node.book.partners["iop"].parties[0], "correlation": "c"}
    fact = await link.fetch(key, "s-1", LONG_AGO, **wanted)
    assert (fact.body.id, fact.body.token.uid) == ("s-1", CARD)
    assert emsp.calls("GetChargeDetailRecord")[0].fields["serviceSessionId"] == "s-1"
    assert await link.fetch(key, "s-1", LONG_AGO, **wanted) is None


async def emsp_cdr_key(name):
    from interroam.model.ids import cdr_key

    return cdr_key(party(CPO), name)


def party(text):
    from interroam.model.ids import PartyId

    return PartyId.parse(text)


def changes(kind, now, *said, more=0):
    found = {f"EVSE{kind}DataChange": [*said]}
    return {"currentTime": now, f"EVSE{kind}DataChangeList": found, "moreData": more, "requestStatus": 1}


def records(now, *said, more=0):
    found = {"chargeDetailRecord": [*said]}
    return {"currentTime": now, "chargeDetailRecordList": found, "moreData": more, "requestStatus": 1}
