"""Charge detail records that the platform keeps for eMSPs that fetch them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from interroam.core.ports import Query
from interroam.model.ids import Kind
from tests.protocols.emip.charging import (
    ASKED,
    yes,
)
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Partner

GET_LIST = "eMIP_ToIOP_GetChargeDetailRecordList"


async def several(here, **fields):
    answer = await here.emsp.call(here.node.url, GET_LIST, fields)
    found = answer.fields["chargeDetailRecordList"] or {"chargeDetailRecord": []}
    records = found["chargeDetailRecord"]
    return answer, records if isinstance(records, list) else [records]


async def charged(here, number: int) -> str:
    """A whole charge; returns its serviceSessionId."""
    here.emsp.answers[ASKED] = yes(f"E01-{number}")
    answer = await here.ask(session=f"C01-S-{number}")
    session = answer.fields["serviceSessionId"]
    ended = await here.bring(session, execPartnerSessionId=f"C01-S-{number}")
    assert ended.status == 1, ended.raw
    return session


@pytest.mark.statement("EMIP-102", "EMIP-105", "EMIP-122")
async def test_who_takes_no_push_finds_its_records_here(here):
    await here.node.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
    session = await charged(here, 1)
    await here.node.settled()

    assert not here.records()
    ours, own = await here.fetch(serviceSessionId=session), await here.fetch(salePartnerSessionId="E01-1")
    assert ours.fields["chargeDetailRecord"]["serviceSessionId"] == session
    assert own.fields["chargeDetailRecord"] == ours.fields["chargeDetailRecord"]
    assert own.fields["chargeDetailRecord"]["salePartnerSessionId"] == "E01-1"


@pytest.mark.statement("EMIP-102")
async def test_the_final_record_is_shown_else_the_newest_intermediate_one(here):
    session = await here.allowed(intermediateCDRRequested=1)
    none = await here.fetch(serviceSessionId=session)
    await here.bring(session, 2, endTime="2026-03-02T08:10:00Z")
    await here.bring(session, 2, endTime="2026-03-02T08:20:00Z")
    newest = await here.fetch(serviceSessionId=session)
    await here.bring(session)
    final, early = await here.fetch(serviceSessionId=session), await here.fetch(serviceSessionId=session, CDRNature=2)

    assert (none.status, "chargeDetailRecord" in none.fields) == (1, False)
    assert newest.fields["chargeDetailRecord"]["endTime"] == "2026-03-02T08:20:00Z"
    assert final.fields["chargeDetailRecord"]["CDRNature"] == "1"
    assert (early.status, "chargeDetailRecord" in early.fields) == (1, False)


@pytest.mark.statement("EMIP-102")
async def test_a_record_of_others_is_unknown(here):
    session = await charged(here, 1)
    await here.node.emsp("FR*E02")
    here.emsp = Partner(partner_id("FR*E02"), "FR*E02")
    assert (await here.fetch(serviceSessionId=session)).status == 10501
    assert (await here.fetch(salePartnerSessionId="E01-1")).status == 10501
    for kind in (Kind.SESSION, Kind.CDR):
        (row,) = (await here.node.store.page(Query(kind=kind))).items
        assert (await here.fetch(serviceSessionId=row.hub_id)).status == 10501
    assert (await here.fetch(serviceSessionId="no-such")).status == 10501
    assert (await here.fetch()).status == 19001
    assert (await several(here))[1] == []


@pytest.mark.statement("EMIP-102", "EMIP-128")
async def test_the_list_goes_on_where_it_ended(here, monkeypatch):
    monkeypatch.setattr("interroam.protocols.emip.server.charges._PAGE", 1)
    sessions = []
    for number in range(3):
        sessions.append(await charged(here, number))
        here.node.clock.forward(seconds=2)

    first, one_of = await several(here, maxCount=2)
    second, rest = await several(here, maxCount=2, lastRequestDate=first.fields["currentTime"])
    here.node.clock.forward(seconds=2)
    third, none = await several(here, lastRequestDate=second.fields["currentTime"])
    late = await charged(here, 3)
    _, new = await several(here, lastRequestDate=third.fields["currentTime"])

    assert [each["serviceSessionId"] for each in one_of] == sessions[:2]
    assert (first.fields["moreData"], second.fields["moreData"]) == ("1", "0")
    assert [each["serviceSessionId"] for each in rest] == sessions[2:]
    assert none == []
    assert [each["serviceSessionId"] for each in new] == [late]


@pytest.mark.statement("EMIP-102")
async def test_what_came_within_one_second_stays_together(here):
    clock = here.node.clock
    clock.ahead += timedelta(microseconds=1_000_000 - clock.now().microsecond)  # a second begins
    sessions = [await charged(here, number) for number in range(2)]
    clock.forward(seconds=3)
    later = await charged(here, 3)

    first, found = await several(here, maxCount=1)
    second, rest = await several(here, maxCount=1, lastRequestDate=first.fields["currentTime"])

    assert [each["serviceSessionId"] for each in found] == sessions
    assert [each["serviceSessionId"] for each in rest] == [later]
    assert (first.fields["moreData"], second.fields["moreData"]) == ("1", "0")


async def test_a_list_ends_before_its_end_date(here):
    session = await charged(here, 1)
    here.node.clock.forward(minutes=2)
    await charged(here, 2)
    end = (here.node.clock.now() - timedelta(minutes=1)).isoformat()
    _, found = await several(here, endDate=end)
    assert [each["serviceSessionId"] for each in found] == [session]
