"""Charge detail records that the platform takes from no CPO, and those it finds a session for."""

from __future__ import annotations

import pytest

from interroam.model.facts import Origin, Withdrawal
from interroam.model.ids import PartyId, token_key
from interroam.model.tokens import Whitelist
from tests.protocols.emip.charging import (
    ASKED,
    CARD,
    EVSE,
    METERS,
    NOW,
    START,
    listed,
    meter,
    place,
    world,
    yes,
)
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Partner


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
    assert not here.records()


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
    assert [record["CDRNature"] for record in here.records()] == ["2", "1"]


@pytest.mark.statement("EMIP-104")
async def test_a_second_final_record_is_not_passed_on(here):
    session = await here.allowed()
    assert (await here.bring(session)).status == 1
    same, other = await here.bring(session), await here.bring(session, meters=[METERS[0], meter(2, "1", "Wh")])
    await here.node.settled()
    assert (same.status, other.status) == (1, 19006)
    assert same.fields["serviceSessionId"] == session
    assert len(here.records()) == 1


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
    (record,) = here.records()
    assert (record["serviceSessionId"], record["execPartnerSessionId"]) == (session, "C01-own-1")
    permission = await here.node.hub.authorization(session)
    assert permission.agreement == "FR*E01-FR*C01"


@pytest.mark.statement("EMIP-107")
async def test_all_records_of_a_user_on_the_white_list_are_of_one_session(here):
    await listed(here.node)
    own = {"execPartnerSessionId": "C01-own-1"}

    first = await here.bring("C01-own-1", 2, endTime="2026-03-02T08:10:00Z", **own)
    await here.node.restart()
    final = await here.bring("C01-own-1", **own)

    assert (first.status, final.status) == (1, 1)
    assert first.fields["serviceSessionId"] == final.fields["serviceSessionId"] != "C01-own-1"


@pytest.mark.statement("EMIP-107", "EMIP-79")
async def test_a_user_that_was_taken_off_the_white_list_is_unknown(here):
    await listed(here.node)
    key = token_key(PartyId.parse("FR*E01"), "RFID", CARD)
    await here.node.hub.tell(Origin("fr-e01"), Withdrawal(key, here.node.clock.now()))
    assert (await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")).status == 10501


@pytest.mark.statement("EMIP-91")
async def test_the_cpo_s_name_of_a_session_may_come_with_its_records(here):
    here.emsp.answers[ASKED] = yes()
    session = (await here.ask(session=None)).fields["serviceSessionId"]

    assert (await here.bring(session, 2, execPartnerSessionId="C01-late")).status == 1
    await here.node.restart()
    await here.act(session)
    await here.report(session)

    (acted,) = here.cpo.of("FromIOP_SetSessionActionRequest")
    assert (acted.fields["serviceSessionId"], acted.fields["execPartnerSessionId"]) == (session, "C01-late")
    (told,) = here.emsp.of("FromIOP_SetSessionEventReport")
    assert told.fields["salePartnerSessionId"] == "E01-ses-77"


@pytest.mark.parametrize(
    "token",
    [None, {"valid": False}, {"whitelist": Whitelist.NEVER}, {"expires": NOW}, {"uid": "04FFFFFFFFFFFF"}],
)
@pytest.mark.statement("EMIP-107", "EMIP-79")
async def test_a_record_of_an_unknown_session_and_user_is_10501(here, token):
    if token is not None:
        await listed(here.node, **token)
    answer = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")
    await here.node.settled()
    assert answer.status == 10501
    assert not here.records()


@pytest.mark.statement("EMIP-107")
async def test_a_session_id_that_is_not_the_cpos_own_is_not_matched(here):
    await listed(here.node)
    assert (await here.bring("iop-unknown")).status == 10501


@pytest.mark.statement("EMIP-107", "EMIP-130")
async def test_a_white_list_helps_nobody_without_an_agreement(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        await listed(here.node)
        assert (await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")).status == 10501
