"""Charge detail records: from the CPO to the platform, from there to the eMSP, or kept for it (EMIP-93 to 107, 123)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from interroam.model.agreements import Prices
from interroam.model.ids import Kind, PartyId
from interroam.model.tariffs import PriceComponent, Tariff, TariffElement
from interroam.model.tokens import Whitelist
from tests.protocols.emip.charging import (
    ASKED,
    CARD,
    EVSE,
    HANDED,
    METERS,
    NOW,
    START,
    listed,
    meter,
    place,
    reports,
    world,
    yes,
)
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Fault, Http, Partner, Silence

GET_ONE = "eMIP_ToIOP_GetChargeDetailRecord"
GET_LIST = "eMIP_ToIOP_GetChargeDetailRecordList"


@pytest.fixture
async def here(tmp_path):
    async with world(tmp_path) as one:
        yield one


def handed(here) -> list[dict]:
    return [one.fields["chargeDetailRecord"] for one in here.emsp.of("FromIOP_SetChargeDetailRecord")]


async def one(here, **fields):
    return await here.emsp.call(here.node.url, GET_ONE, fields)


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


# -- relayed -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-101", "EMIP-91", "EMIP-92")
async def test_a_final_record_reaches_the_emsp_with_its_own_name_of_the_session(here):
    session = await here.allowed()

    answer = await here.bring(session)
    await here.emsp.until("FromIOP_SetChargeDetailRecord")

    assert (answer.status, answer.fields["serviceSessionId"]) == (1, session)
    assert answer.fields["salePartnerOperatorId"] == "FR*E01"
    (record,) = handed(here)
    assert (record["CDRNature"], record["serviceSessionId"]) == ("1", session)
    assert (record["execPartnerSessionId"], record["execPartnerOperatorId"]) == ("C01-S-1", "FR*C01")
    assert (record["salePartnerSessionId"], record["salePartnerOperatorId"]) == ("E01-ses-77", "FR*E01")
    assert (record["EVSEId"], record["userIdType"], record["userId"]) == (EVSE, "RFID-UID", CARD)
    (asked,) = here.emsp.of("FromIOP_SetChargeDetailRecord")
    assert (asked.fields["operatorId"], asked.fields["targetOperatorId"]) == ("FR*C01", "FR*E01")


@pytest.mark.statement("EMIP-95", "EMIP-96")
async def test_meters_pass_digit_for_digit_also_those_nobody_knows(here):
    session = await here.allowed()
    meters = [
        meter(1, "065.500", "min"),
        meter(2, "18350.0", "Wh"),
        meter(41, "12.10", "Wh"),
        meter(41, "0.0", "Wh"),
        meter(4711, "1.2300", "furlong"),
    ]

    assert (await here.bring(session, meters=meters)).status == 1
    await here.emsp.until("FromIOP_SetChargeDetailRecord")

    assert reports({"chargeDetailRecord": handed(here)[0]}) == [{k: str(v) for k, v in m.items()} for m in meters]
    kept = await one(here, serviceSessionId=session)
    assert reports(kept.fields) == reports({"chargeDetailRecord": handed(here)[0]})


@pytest.mark.statement("EMIP-118")
async def test_the_alias_of_the_permission_is_on_the_record(here):
    session = await here.allowed(userContractIdAlias="alias-9")
    await here.bring(session, userContractIdAlias="")
    await here.emsp.until("FromIOP_SetChargeDetailRecord")
    assert handed(here)[0]["userContractIdAlias"] == "alias-9"


@pytest.mark.statement("EMIP-103")
async def test_intermediate_records_go_only_where_they_were_wanted(here):
    silent = await here.allowed()
    assert (await here.bring(silent, 2)).status == 1
    here.emsp.answers[ASKED] = yes("E01-2", intermediateCDRRequested=1)
    wanted = (await here.ask(session="C01-S-2")).fields["serviceSessionId"]
    assert (await here.bring(wanted, 2, execPartnerSessionId="C01-S-2")).status == 1
    await here.node.settled()

    assert [(record["serviceSessionId"], record["CDRNature"]) for record in handed(here)] == [(wanted, "2")]
    assert handed(here)[0]["salePartnerSessionId"] == "E01-2"


@pytest.mark.statement("EMIP-51")
async def test_records_of_a_session_arrive_in_order_also_over_trouble_and_a_restart(here):
    here.emsp.answers[ASKED] = yes(intermediateCDRRequested=1)
    session = (await here.ask()).fields["serviceSessionId"]
    here.emsp.answers[HANDED] = Http(503)
    for minute in (10, 20):
        await here.bring(session, 2, endTime=f"2026-03-02T08:{minute}:00Z")
    await here.emsp.until("FromIOP_SetChargeDetailRecord")
    await here.node.restart()
    await here.bring(session)
    here.emsp.answers[HANDED] = {"requestStatus": 1}
    here.emsp.asked.clear()
    await here.node.settled(15)

    ends = [(record["CDRNature"], record["endTime"]) for record in handed(here)]
    assert ends == [
        ("2", "2026-03-02T08:10:00Z"),
        ("2", "2026-03-02T08:20:00Z"),
        ("1", "2026-03-02T09:03:40Z"),
    ]


@pytest.mark.parametrize("missing", [Fault(), Http(502), Silence(0.1), {"requestStatus": -9999990}])
@pytest.mark.statement("EMIP-50", "EMIP-133")
async def test_a_record_is_handed_over_until_it_is_answered_under_one_transaction(here, missing):
    session = await here.allowed()
    here.emsp.answers[HANDED] = [missing, missing, {"requestStatus": 1}]

    await here.bring(session)
    await here.emsp.until("FromIOP_SetChargeDetailRecord", 3, within=15)
    await here.node.settled()

    asked = here.emsp.of("FromIOP_SetChargeDetailRecord")
    assert len(asked) == 3
    assert len({each.fields["transactionId"] for each in asked}) == 1


@pytest.mark.statement("EMIP-50")
async def test_a_record_is_handed_over_after_a_restart(here):
    session = await here.allowed()
    await here.emsp.stop()
    await here.bring(session)
    await here.node.restart()
    await here.emsp.start()
    await here.emsp.until("FromIOP_SetChargeDetailRecord", within=10)
    assert handed(here)[0]["serviceSessionId"] == session


@pytest.mark.parametrize("known", [10701, 701])
@pytest.mark.statement("EMIP-104")
async def test_that_the_emsp_knows_it_already_ends_the_retry(here, known):
    session = await here.allowed()
    here.emsp.answers[HANDED] = {"requestStatus": known}

    await here.bring(session)
    await here.node.settled()

    assert len(handed(here)) == 1
    assert await here.node.store.shelf() == []


async def test_a_record_that_the_emsp_refuses_lies_on_the_shelf(here):
    session = await here.allowed()
    here.emsp.answers[HANDED] = {"requestStatus": 19001}
    await here.bring(session)
    await here.node.settled()
    (shelved,) = await here.node.store.shelf()
    assert "19001" in shelved.message


@pytest.mark.parametrize(("status", "taken"), [(1, True), (900, True), (9999, True), (10000, False), (12345, False)])
@pytest.mark.statement("EMIP-30")
async def test_what_is_below_10000_was_done(here, status, taken):
    session = await here.allowed()
    here.emsp.answers[HANDED] = {"requestStatus": status}
    await here.bring(session)
    await here.node.settled()
    assert len(handed(here)) == 1
    assert (await here.node.store.shelf() == []) is taken


# -- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "meters",
    [
        [],
        METERS[:1],
        METERS[1:],
        [meter(1, "1", "Minutes"), METERS[1]],
        [METERS[0], meter(2, "1", "kWh")],
    ],
)
@pytest.mark.statement("EMIP-94")
async def test_a_record_lacks_no_meter_and_no_unit(here, meters):
    session = await here.allowed()
    answer = await here.bring(session, meters=meters)
    await here.node.settled()
    assert answer.status in (19006, 19001)
    if meters:
        assert answer.status == 19006
    assert not handed(here)


@pytest.mark.statement("EMIP-94")
async def test_a_record_does_not_end_before_it_starts(here):
    session = await here.allowed()
    assert (await here.bring(session, endTime="2026-03-02T07:58:09Z")).status == 19006
    assert (await here.bring(session, endTime=START)).status == 1


@pytest.mark.statement("EMIP-93")
async def test_after_the_final_record_no_intermediate_one_is_taken(here):
    session = await here.allowed(intermediateCDRRequested=1)
    assert (await here.bring(session, 2)).status == 1
    assert (await here.bring(session)).status == 1
    assert (await here.bring(session, 2)).status == 19006
    await here.node.settled()
    assert [record["CDRNature"] for record in handed(here)] == ["2", "1"]


@pytest.mark.statement("EMIP-104")
async def test_a_second_final_record_is_not_passed_on(here):
    session = await here.allowed()
    assert (await here.bring(session)).status == 1
    same, other = await here.bring(session), await here.bring(session, meters=[METERS[0], meter(2, "1", "Wh")])
    await here.node.settled()
    assert (same.status, other.status) == (1, 19006)
    assert same.fields["serviceSessionId"] == session
    assert len(handed(here)) == 1


@pytest.mark.statement("EMIP-20")
async def test_a_cpo_brings_records_of_its_own_only(here):
    session = await here.allowed()
    await here.node.cpo("FR*C02")
    await place(here.node, "fr-c02", owner="FR*C02", pool="FR*C02*P1", evse="FR*C02*E1")
    here.cpo = Partner(partner_id("FR*C02"), "FR*C02")

    assert (await here.bring(session)).status == 10508
    assert (await here.bring(session, EVSEId="FR*C02*E1")).status == 10508
    assert (await here.bring("own", EVSEId=EVSE, execPartnerSessionId="own")).status == 19005
    assert (await here.bring("own", EVSEId="FR*C02*E9", execPartnerSessionId="own")).status == 10601


# -- without a session -------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-107", "EMIP-123")
async def test_a_record_of_a_user_on_the_white_list_gets_a_session(here):
    await listed(here.node)

    first = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")
    again = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")
    await here.emsp.until("FromIOP_SetChargeDetailRecord")
    await here.node.settled()

    session = first.fields["serviceSessionId"]
    assert (first.status, first.fields["salePartnerOperatorId"]) == (1, "FR*E01")
    assert session != "C01-own-1"
    assert (again.status, again.fields["serviceSessionId"]) == (1, session)
    (record,) = handed(here)
    assert (record["serviceSessionId"], record["execPartnerSessionId"]) == (session, "C01-own-1")
    permission = await here.node.hub.authorization(session)
    assert permission.agreement == "FR*E01-FR*C01"


@pytest.mark.parametrize(
    "token",
    [None, {"valid": False}, {"whitelist": Whitelist.NEVER}, {"expires": NOW}, {"uid": "04FFFFFFFFFFFF"}],
)
@pytest.mark.statement("EMIP-107")
async def test_a_record_of_an_unknown_session_and_user_is_10501(here, token):
    if token is not None:
        await listed(here.node, **token)
    answer = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")
    await here.node.settled()
    assert answer.status == 10501
    assert not handed(here)


@pytest.mark.statement("EMIP-107")
async def test_a_session_id_that_is_not_the_cpos_own_is_not_matched(here):
    await listed(here.node)
    assert (await here.bring("iop-unknown")).status == 10501


@pytest.mark.statement("EMIP-107", "EMIP-130")
async def test_a_white_list_helps_nobody_without_an_agreement(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        await listed(here.node)
        assert (await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")).status == 10501


# -- kept --------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-102", "EMIP-105")
async def test_who_takes_no_push_finds_its_records_here(here):
    await here.node.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
    session = await charged(here, 1)
    await here.node.settled()

    assert not handed(here)
    ours, own = await one(here, serviceSessionId=session), await one(here, salePartnerSessionId="E01-1")
    assert ours.fields["chargeDetailRecord"]["serviceSessionId"] == session
    assert own.fields["chargeDetailRecord"] == ours.fields["chargeDetailRecord"]
    assert own.fields["chargeDetailRecord"]["salePartnerSessionId"] == "E01-1"


async def test_the_final_record_is_shown_else_the_newest_intermediate_one(here):
    session = await here.allowed(intermediateCDRRequested=1)
    none = await one(here, serviceSessionId=session)
    await here.bring(session, 2, endTime="2026-03-02T08:10:00Z")
    await here.bring(session, 2, endTime="2026-03-02T08:20:00Z")
    newest = await one(here, serviceSessionId=session)
    await here.bring(session)
    final, early = await one(here, serviceSessionId=session), await one(here, serviceSessionId=session, CDRNature=2)

    assert (none.status, "chargeDetailRecord" in none.fields) == (1, False)
    assert newest.fields["chargeDetailRecord"]["endTime"] == "2026-03-02T08:20:00Z"
    assert final.fields["chargeDetailRecord"]["CDRNature"] == "1"
    assert early.status == 1


async def test_a_record_of_others_is_unknown(here):
    session = await charged(here, 1)
    await here.node.emsp("FR*E02")
    here.emsp = Partner(partner_id("FR*E02"), "FR*E02")
    assert (await one(here, serviceSessionId=session)).status == 10501
    assert (await one(here, serviceSessionId="no-such")).status == 10501
    assert (await one(here)).status == 19001
    assert (await several(here))[1] == []


@pytest.mark.statement("EMIP-102", "EMIP-128")
async def test_the_list_goes_on_where_it_ended(here):
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


# -- what the hub makes of it ------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-106")
async def test_the_platform_adds_no_price_of_its_own(here):
    session = await here.allowed()
    await here.bring(session)
    await here.emsp.until("FromIOP_SetChargeDetailRecord")
    assert [each["meterTypeId"] for each in reports({"chargeDetailRecord": handed(here)[0]})] == ["1", "2"]


@pytest.mark.statement("EMIP-95", "EMIP-96")
async def test_a_price_that_an_agreement_has_the_hub_make_stands_beside_the_meters(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        per_kwh = TariffElement((PriceComponent("ENERGY", Decimal("0.50")),))
        tariff = Tariff(owner=PartyId.parse("FR*C01"), id="T1", currency="EUR", elements=(per_kwh,), last_updated=NOW)
        await here.node.agree("FR*E01", "FR*C01", prices=Prices((tariff,), clearing=True))
        here.emsp.answers[ASKED] = yes(userContractIdAlias="alias")
        session = (await here.ask()).fields["serviceSessionId"]
        meters = [meter(1, "065.50", "min"), meter(2, "18000.0", "Wh"), meter(4711, "1.0", "odd")]

        first, again = await here.bring(session, meters=meters), await here.bring(session, meters=meters)
        await here.emsp.until("FromIOP_SetChargeDetailRecord")
        await here.node.settled()

        assert (first.status, again.status) == (1, 1)
        (record,) = handed(here)
        told = reports({"chargeDetailRecord": record})
        assert told[:3] == [{name: str(value) for name, value in one.items()} for one in meters]
        assert told[3:] == [{"meterTypeId": "3", "meterValue": "9", "meterUnit": "EUR"}]
        assert record["userContractIdAlias"] == "alias"


async def test_a_record_is_in_the_picture_as_a_cdr_of_the_model(here):
    session = await here.allowed()
    await here.bring(session, meters=[*METERS, meter(3, "7.42", "EUR"), meter(5, "60", "min")])
    (row,) = await here.node.store.by_ref(f"cdr:{session}", Kind.CDR)
    cdr = row.body
    assert (str(cdr.total_energy_kwh), str(cdr.total_time_h), str(cdr.total_parking_time_h)) == (
        "18.35",
        "1.0917",
        "0.0917",
    )
    assert (str(cdr.total_cost.excl_vat), cdr.currency, cdr.session_id) == ("7.42", "EUR", "C01-S-1")
