"""Charge detail records: from the CPO to the platform, from there to the eMSP (EMIP-93 to 107, 123)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from interroam.model.agreements import Prices
from interroam.model.ids import Kind, PartyId
from interroam.model.tariffs import PriceComponent, Tariff, TariffElement
from tests.protocols.emip.charging import (
    ASKED,
    CARD,
    END,
    EVSE,
    HANDED,
    METERS,
    NOW,
    STARTED,
    meter,
    reports,
    world,
    yes,
)
from tests.protocols.emip.partner import Fault, Http, Silence


@pytest.mark.statement("EMIP-101", "EMIP-91", "EMIP-92")
async def test_a_final_record_reaches_the_emsp_with_its_own_name_of_the_session(here):
    session = await here.allowed()

    answer = await here.bring(session)
    await here.emsp.until("FromIOP_SetChargeDetailRecord")

    assert (answer.status, answer.fields["serviceSessionId"]) == (1, session)
    assert answer.fields["salePartnerOperatorId"] == "FR*E01"
    (record,) = here.records()
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

    assert reports({"chargeDetailRecord": here.records()[0]}) == [{k: str(v) for k, v in m.items()} for m in meters]
    kept = await here.fetch(serviceSessionId=session)
    assert reports(kept.fields) == reports({"chargeDetailRecord": here.records()[0]})


@pytest.mark.statement("EMIP-118")
async def test_the_alias_of_the_permission_is_on_the_record(here):
    session = await here.allowed(userContractIdAlias="alias-9")
    await here.bring(session, userContractIdAlias="")
    await here.emsp.until("FromIOP_SetChargeDetailRecord")
    assert here.records()[0]["userContractIdAlias"] == "alias-9"


@pytest.mark.statement("EMIP-103")
async def test_intermediate_records_go_only_where_they_were_wanted(here):
    silent = await here.allowed()
    assert (await here.bring(silent, 2)).status == 1
    here.emsp.answers[ASKED] = yes("E01-2", intermediateCDRRequested=1)
    wanted = (await here.ask(session="C01-S-2")).fields["serviceSessionId"]
    assert (await here.bring(wanted, 2, execPartnerSessionId="C01-S-2")).status == 1
    await here.node.settled()

    assert [(record["serviceSessionId"], record["CDRNature"]) for record in here.records()] == [(wanted, "2")]
    assert here.records()[0]["salePartnerSessionId"] == "E01-2"


@pytest.mark.parametrize("asked", [1, 0])
@pytest.mark.statement("EMIP-103", "EMIP-118", "EMIP-126")
async def test_what_a_remote_authorisation_wanted_holds_for_its_records(here, asked):
    here.cpo.answers[STARTED] = {"partnerServiceSessionId": "C01-S-1", "requestStatus": 1}
    started = await here.start(intermediateCDRRequested=asked, userContractIdAlias="alias-93b2")
    session = started.fields["serviceSessionId"]
    user = {"userIdType": "EMP-SPEC", "userId": "app-7"}
    for nature in (2, 1):
        assert (await here.bring(session, nature, **user)).status == 1
    await here.node.settled()

    assert [record["CDRNature"] for record in here.records()] == (["2", "1"] if asked else ["1"])
    for record in here.records():
        assert record["userContractIdAlias"] == "alias-93b2"
        assert (record["execPartnerSessionId"], record["salePartnerSessionId"]) == ("C01-S-1", "E01-ses-9")


@pytest.mark.parametrize("asked", [1, 0])
@pytest.mark.statement("EMIP-93", "EMIP-103")
async def test_a_session_ends_with_its_final_record_not_with_the_event_of_its_end(here, asked):
    session = await here.allowed(intermediateCDRRequested=asked)
    early, late = "2026-03-02T08:10:00Z", "2026-03-02T08:50:00Z"
    assert (await here.bring(session, 2, endTime=early)).status == 1
    assert (await here.report(session, 1)).status == 1
    for _ in range(2):
        assert (await here.bring(session, 2, endTime=late, meters=[METERS[0], meter(2, "18000", "Wh")])).status == 1
    await here.node.settled()
    newest = await here.fetch(serviceSessionId=session)
    row = await here.node.hub.session(session)
    assert (await here.bring(session)).status == 1
    assert (await here.bring(session, 2)).status == 19006
    await here.node.settled()

    told = [(record["CDRNature"], record["endTime"]) for record in here.records()]
    assert told == ([("2", early), ("2", late), ("1", END)] if asked else [("1", END)])
    assert newest.fields["chargeDetailRecord"]["endTime"] == late
    assert row.body.status == "COMPLETED"


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
    await here.node.settled()

    ends = [(record["CDRNature"], record["endTime"]) for record in here.records()]
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
    assert here.records()[0]["serviceSessionId"] == session


@pytest.mark.parametrize("known", [10701, 701])
@pytest.mark.statement("EMIP-104")
async def test_that_the_emsp_knows_it_already_ends_the_retry(here, known):
    session = await here.allowed()
    here.emsp.answers[HANDED] = {"requestStatus": known}

    await here.bring(session)
    await here.node.settled()

    assert len(here.records()) == 1
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
    assert len(here.records()) == 1
    assert (await here.node.store.shelf() == []) is taken


# -- what the hub makes of it ------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-106")
async def test_the_platform_adds_no_price_of_its_own(here):
    session = await here.allowed()
    await here.bring(session)
    await here.emsp.until("FromIOP_SetChargeDetailRecord")
    assert [each["meterTypeId"] for each in reports({"chargeDetailRecord": here.records()[0]})] == ["1", "2"]
    (row,) = await here.node.store.by_ref(f"cdr:{session}", Kind.CDR)
    assert row.body.total_cost.excl_vat == 0


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
        (record,) = here.records()
        told = reports({"chargeDetailRecord": record})
        assert told[:3] == [{name: str(value) for name, value in one.items()} for one in meters]
        assert told[3:] == [{"meterTypeId": "3", "meterValue": "9", "meterUnit": "EUR"}]
        assert record["userContractIdAlias"] == "alias"


@pytest.mark.statement("EMIP-95", "EMIP-96", "EMIP-103")
async def test_a_price_of_the_hub_stands_beside_the_meters_of_an_intermediate_record_until_its_cpo_says_one(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        per_kwh = TariffElement((PriceComponent("ENERGY", Decimal("0.50")),))
        tariff = Tariff(owner=PartyId.parse("FR*C01"), id="T1", currency="EUR", elements=(per_kwh,), last_updated=NOW)
        await here.node.agree("FR*E01", "FR*C01", prices=Prices((tariff,), clearing=True))
        session = await here.allowed(intermediateCDRRequested=1)
        meters = [meter(1, "010.50", "min"), meter(2, "08000.0", "Wh"), meter(4711, "1.0", "odd")]
        ours, own = meter(3, "4", "EUR"), meter(3, "7.420", "EUR")

        await here.bring(session, 2, endTime="2026-03-02T08:10:00Z", meters=meters)
        await here.node.settled()
        await here.bring(session, 2, endTime="2026-03-02T08:20:00Z", meters=[*meters, own])
        await here.node.settled()

        told = [reports({"chargeDetailRecord": one}) for one in here.records()]
        assert told == [[{k: str(v) for k, v in one.items()} for one in (*meters, cost)] for cost in (ours, own)]


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
