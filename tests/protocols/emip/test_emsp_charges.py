"""Records and events of charges, as a platform hands them to an eMSP's node and its back office hears of them."""

from __future__ import annotations

import asyncio

import pytest

from interroam.model.ids import Kind
from interroam.protocols.emip.translate.charges import record_of
from tests.protocols.emip.emsp_office import CONTRACT, EVSE, record, selling
from tests.protocols.emip.partner import Fault

LATER = "2026-03-02T09:10:00Z"
EVENT = {"sessionEventNature": 11, "sessionEventId": "e-1", "sessionEventDateTime": "2026-03-02T08:00:00Z"}


@pytest.fixture
async def emsp(tmp_path):
    async with selling(tmp_path) as one:
        await one.token()
        await one.authorize()
        yield one


async def cdrs(emsp):
    _, answer = await emsp.call("GET", "/cdrs")
    return answer["items"]


async def test_a_permission_shows_as_a_session_that_has_not_begun(emsp):
    session = await emsp.told("session", status="PENDING")
    assert (session["id"], session["authorization_reference"]) == ("iop-s-1", "own-1")
    assert session["token"]["contract_id"] == CONTRACT


@pytest.mark.statement("EMIP-51")
async def test_a_final_record_is_a_cdr_and_the_end_of_its_session(emsp):
    answer = await emsp.record(salePartnerSessionId="own-1")
    assert answer.status == 1
    assert answer.fields["partnerServiceSessionId"] == "own-1"
    told = await emsp.told("cdr")
    assert (told["id"], told["session_id"], told["authorization_reference"]) == ("iop-s-1", "iop-s-1", "own-1")
    assert float(told["total_energy_kwh"]) == 18.35
    assert (told["party"], told["evse_id"]) == ("FR*C01", EVSE)
    assert told["token"]["contract_id"] == CONTRACT
    assert (await emsp.told("session", status="COMPLETED"))["id"] == "iop-s-1"


@pytest.mark.statement("EMIP-51")
async def test_a_record_that_comes_again_is_acknowledged_and_told_once(emsp):
    for number in range(3):
        answer = await emsp.record(header={"transaction": f"t-{number}"})
        assert answer.status == 1
    await emsp.node.settled()
    assert len([one for one in emsp.facts if one["kind"] == "cdr"]) == 1
    assert len(await cdrs(emsp)) == 1


@pytest.mark.statement("EMIP-51")
async def test_a_record_that_comes_again_after_a_restart_is_known(emsp):
    assert (await emsp.record()).status == 1
    await emsp.told("cdr")
    await emsp.node.restart()
    assert (await emsp.record(header={"transaction": "again"})).status == 1
    await emsp.node.settled()
    assert len([one for one in emsp.facts if one["kind"] == "cdr"]) == 1


@pytest.mark.statement("EMIP-51", "EMIP-105")
async def test_another_final_record_of_a_session_is_not_taken_but_kept(emsp):
    assert (await emsp.record()).status == 1
    answer = await emsp.record(end=LATER, energy="99999")
    assert answer.status == 10701
    (known,) = await cdrs(emsp)
    assert float(known["total_energy_kwh"]) == 18.35
    (trace,) = [one for one in await emsp.node.traces("iop-s-1") if one.code == "200/10701"]
    assert b"<meterValue>99999</meterValue>" in trace.request


async def test_two_final_records_at_once_are_one(emsp):
    answers = await asyncio.gather(
        *(emsp.record(end=f"2026-03-02T09:0{number}:00Z", energy=f"{number}000") for number in range(1, 6))
    )
    assert sorted(one.status for one in answers) == [1, 10701, 10701, 10701, 10701]
    assert len(await cdrs(emsp)) == 1


@pytest.mark.statement("EMIP-51", "EMIP-105")
async def test_intermediate_records_move_the_session_and_every_version_is_kept(emsp):
    ends = ["2026-03-02T08:13:00Z", "2026-03-02T08:28:00Z"]
    for number, (end, energy) in enumerate(zip(ends, (1.5005, 2.5005), strict=True), 1):
        assert (await emsp.record(nature=2, end=end, energy=f"{number}500.50")).status == 1
        await emsp.told("session", energy_kwh=energy, status="ACTIVE")
    assert (await emsp.record(nature=2, end=ends[0], energy="1500.50", header={"transaction": "again"})).status == 1
    assert (await emsp.record()).status == 1
    entries = await emsp.node.store.entries(0, kinds={Kind.SESSION, Kind.CDR})
    kept = [record_of(entry.wire) for entry in entries if entry.wire is not None]
    versions = [(one.cdr_nature, one.meter_report_list[1].meter_value) for one in kept]
    assert versions == [(2, "1500.50"), (2, "2500.50"), (1, "18350"), (1, "18350")]


@pytest.mark.statement("EMIP-105")
def test_records_are_kept_for_more_than_a_year():
    from interroam.store.retention import Retention

    kept, hasty = Retention(), Retention(session=1, cdr=1)
    assert kept.days(Kind.CDR) >= 10 * 365
    assert min(kept.days(Kind.SESSION), kept.traces, kept.authorization) > 366
    assert min(hasty.days(Kind.SESSION), hasty.days(Kind.CDR)) > 366


async def test_a_record_of_a_charge_that_nobody_asked_for_is_the_user_s(emsp):
    assert (await emsp.record(session="iop-s-9")).status == 1
    told = await emsp.told("cdr", id="iop-s-9")
    assert (told["token"]["contract_id"], told["auth_method"]) == (CONTRACT, "WHITELIST")
    alias = (await emsp.authorize(session="x")).fields["userContractIdAlias"]
    other = {"session": "iop-s-10", "userIdType": "EMP-SPEC", "userId": "unknown", "userContractIdAlias": alias}
    assert (await emsp.record(**other)).status == 1
    assert (await emsp.told("cdr", id="iop-s-10"))["token"]["contract_id"] == CONTRACT  # the way back of an alias


@pytest.mark.parametrize(
    "wrong",
    [
        {"meterReportList": {"meterReport": {"meterTypeId": 2, "meterValue": 1, "meterUnit": "Wh"}}},
        {"end": "2026-03-02T07:00:00Z"},
        {"nature": 3},
    ],
)
async def test_a_record_that_lacks_what_it_must_have_is_refused(emsp, wrong):
    assert (await emsp.record(**wrong)).status == 19006
    assert await cdrs(emsp) == []


@pytest.mark.statement("EMIP-117")
async def test_a_record_for_another_operator_is_not_taken(emsp):
    assert (await emsp.record(header={"target": "FR*E99"})).status == 19010
    assert await cdrs(emsp) == []


# -- events ------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-114", "EMIP-116")
async def test_an_event_goes_to_the_back_office_moves_the_session_and_leaves_a_trace(emsp):
    event = {**EVENT, "relatedSessionActionId": "a-7", "sessionEventParameter": "x"}
    fields = {"serviceSessionId": "iop-s-1", "salePartnerSessionId": "own-1", "sessionEvent": event}
    answer = await emsp.ask("SetSessionEventReport", fields, transaction="t-e")
    assert answer.status == 1
    (report,) = [one for one in emsp.asked if one["question"] == "report"]
    assert (report["nature"], report["id"], report["caused_by"]) == ("CHARGE_STARTED", "e-1", "a-7")
    assert (report["session_id"], report["parameter"]) == ("own-1", "x")
    assert (await emsp.told("session", status="ACTIVE"))["id"] == "iop-s-1"
    (trace,) = [one for one in await emsp.node.traces("e-1") if one.inward]
    assert trace.correlation == "t-e"


@pytest.mark.statement("EMIP-114")
async def test_a_back_office_that_follows_no_charges_need_not_take_events(emsp):
    await emsp.webhook("authorize")
    answer = await emsp.ask("SetSessionEventReport", {"serviceSessionId": "iop-s-1", "sessionEvent": EVENT})
    assert answer.status == 1
    assert [one for one in await emsp.node.traces("e-1") if one.inward]
    assert not [one for one in emsp.asked if one["question"] == "report"]


@pytest.mark.statement("EMIP-114")
async def test_an_event_of_a_session_that_nobody_knows_is_said_to_be_so(emsp):
    answer = await emsp.ask("SetSessionEventReport", {"serviceSessionId": "nobody", "sessionEvent": EVENT})
    assert answer.status == 10501


# -- limits of price ---------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-126", "EMIP-88")
async def test_a_charge_that_reaches_its_limit_of_price_is_stopped(emsp):
    limits = [{"type": "cost", "value": "12.50", "unit": "EUR"}]
    emsp.answers["authorize"] = {"allowed": "ALLOWED", "reference": "own-2", "limits": limits}
    permitted = await emsp.authorize(session="iop-s-2")
    assert permitted.fields["intermediateCDRRequested"] == "1"  # else nobody would know
    said = {"nature": 2, "session": "iop-s-2"}
    assert (await emsp.record(**said, end="2026-03-02T08:13:00Z", cost="12.49")).status == 1
    await emsp.node.settled()
    await asyncio.sleep(0.05)
    assert not emsp.calls("SetSessionActionRequestRequest")
    emsp.iop.answers["eMIP_ToIOP_SetSessionActionRequest"] = [
        Fault(),
        {"serviceSessionId": "iop-s-2", "sessionActionId": "a-1", "requestStatus": 1},
    ]
    assert (await emsp.record(**said, end="2026-03-02T08:28:00Z", cost="12.50")).status == 1
    (stop,) = await stops(emsp, 1)
    assert stop.fields["serviceSessionId"] == "iop-s-2"
    assert stop.fields["salePartnerSessionId"] == "own-2"
    assert stop.fields["sessionAction"]["sessionActionNature"] == "1"
    assert (await emsp.record(**said, end="2026-03-02T08:43:00Z", cost="14")).status == 1
    assert len(await stops(emsp, 2)) == 2  # the first one failed


@pytest.mark.statement("EMIP-126")
async def test_a_charge_that_was_started_from_afar_keeps_its_limit_of_price_too(emsp):
    started = {"serviceSessionId": "iop-s-5", "requestStatus": 1}
    emsp.iop.answers["eMIP_ToIOP_SetServiceAuthorisation"] = started
    await emsp.start(limits=[{"type": "cost", "value": "5", "unit": "EUR"}], reference="own-5")
    said = {"nature": 2, "session": "iop-s-5", "end": "2026-03-02T08:13:00Z"}
    assert (await emsp.record(**said, cost="5.00")).status == 1
    (stop,) = await stops(emsp, 1)
    assert stop.fields["salePartnerSessionId"] == "own-5"


async def stops(emsp, count):
    return await emsp.until("SetSessionActionRequest", count)


def test_a_record_of_the_tests_is_what_it_says():
    assert record(cost="1")["meterReportList"]["meterReport"][2]["meterUnit"] == "EUR"
