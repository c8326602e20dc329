"""A driver of an eMSP that speaks eMIP charges at a CPO that speaks OCPI: card, app, stop, events, record, dossier."""

from __future__ import annotations

import asyncio

import pytest

from interroam.core.audit import Actor, Rank
from tests.protocols.emip import charging
from tests.protocols.emip.charging import ASKED, CARD
from tests.protocols.ocpi import older
from tests.protocols.ocpi.partners import says
from tests.protocols.ocpi.server import messages
from tests.stories.emip_and_ocpi import THERE, AtOcpi, ocpi_world
from tests.waiting import eventually

LOCAL = Actor("the test", Rank.ADMIN)


@pytest.fixture(params=["2.2.1", "2.1.1"])
async def at_ocpi(tmp_path, request):
    async with ocpi_world(tmp_path, request.param) as one:
        yield one


@pytest.mark.statement("EMIP-92", "EMIP-103", "EMIP-91")
async def test_a_card_of_an_emip_emsp_charges_at_a_cpo_of_ocpi(at_ocpi):
    here = at_ocpi

    reference = await here.authorized(intermediateCDRRequested=1)
    await here.put(reference, kwh=0)
    await here.put(reference, kwh=1.5, last_updated="2026-03-14T12:10:00Z")
    await here.put(reference, kwh=2, status="COMPLETED", last_updated="2026-03-14T13:00:00Z")
    await here.bill(reference)
    await here.node.settled()

    first, second = here.emsp.of("FromIOP_GetServiceAuthorisation")
    assert (first.fields["requestedServiceId"], second.fields["requestedServiceId"]) == ("0", "1")
    assert (second.fields["EVSEId"], second.fields["userId"]) == (THERE, CARD)
    assert here.events() == ["3", "1"]
    for event in here.emsp.of("FromIOP_SetSessionEventReport"):
        assert event.fields["serviceSessionId"] == second.fields["serviceSessionId"]
        assert event.fields["salePartnerSessionId"] == "E01-ses-77"
    intermediate, final = here.records()
    assert (intermediate["CDRNature"], final["CDRNature"]) == ("2", "1")
    meters = charging.reports({"chargeDetailRecord": intermediate})
    assert [(one["meterTypeId"], one["meterValue"], one["meterUnit"]) for one in meters] == [
        ("1", "10", "min"),
        ("2", "1500", "Wh"),
    ]
    meters = charging.reports({"chargeDetailRecord": final})
    assert [(one["meterTypeId"], one["meterValue"], one["meterUnit"]) for one in meters] == [
        ("1", "60", "min"),
        ("2", "10500", "Wh"),
        ("3", "4.2", "CHF"),
    ]
    assert (final["salePartnerSessionId"], final["salePartnerOperatorId"]) == ("E01-ses-77", "FR*E01")
    assert (final["execPartnerSessionId"], final["execPartnerOperatorId"]) == ("S1", "CH*CCC")
    assert final["serviceSessionId"] == second.fields["serviceSessionId"]
    assert (final["EVSEId"], final["userIdType"], final["userId"]) == (THERE, "RFID-UID", CARD)


@pytest.mark.statement("EMIP-103")
async def test_an_emip_emsp_gets_no_intermediate_records_that_it_did_not_want(at_ocpi):
    here = at_ocpi
    reference = await here.authorized()
    await here.put(reference, kwh=1.5)
    await here.bill(reference)
    await here.node.settled()
    assert [one["CDRNature"] for one in here.records()] == ["1"]


@pytest.mark.statement("EMIP-102", "EMIP-94")
async def test_an_emip_emsp_fetches_the_record_of_a_charge_at_a_cpo_of_ocpi(at_ocpi):
    here = at_ocpi
    await here.node.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
    await here.bill(await here.authorized())
    await here.node.settled()
    assert here.records() == []
    answer = await here.emsp.call(
        here.node.url, "eMIP_ToIOP_GetChargeDetailRecord", {"salePartnerSessionId": "E01-ses-77"}
    )
    assert answer.fields["chargeDetailRecord"]["execPartnerOperatorId"] == "CH*CCC"
    assert charging.reports(answer.fields)[1]["meterValue"] == "10500"


@pytest.mark.parametrize("pushed", [True, False])
async def test_a_credit_cannot_be_said_in_emip_and_the_shelf_says_what_to_do(at_ocpi, pushed):
    here = at_ocpi
    if here.old:
        pytest.skip("OCPI 2.1.1 has no credits")
    if not pushed:
        await here.node.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
    reference = await here.authorized()
    await here.bill(reference)
    await here.bill(reference, id="C2", credit=True, credit_reference_id="C1", total_cost={"excl_vat": -4.2})
    await here.node.settled()
    assert len(here.records()) == int(pushed)
    (shelved,) = await here.node.store.shelf()
    assert shelved.message == (
        "CDR C2 is a credit of -4.2 CHF for CDR C1, and eMIP has no credits; "
        "settle it with FR*E01 without eMIP, by a credit note or an invoice; then drop this entry"
    )
    (record,) = await fetched(here)
    assert charging.reports({"chargeDetailRecord": record})[2]["meterValue"] == "4.2"


@pytest.mark.parametrize("pushed", [True, False])
@pytest.mark.statement("EMIP-104")
async def test_a_cdr_after_the_final_one_is_not_taken_for_told(at_ocpi, pushed):
    here = at_ocpi
    if not pushed:
        await here.node.change("fr-e01", switches={"services": "-FromIOP_SetChargeDetailRecord"})
    reference = await here.authorized()
    await here.bill(reference)
    await here.bill(reference, id="C3")
    await here.node.settled()
    assert len(here.records()) == int(pushed)
    (shelved,) = await here.node.store.shelf()
    assert shelved.message.startswith("CDR C3, 4.2")
    assert "drop this entry" in shelved.message
    assert len(await fetched(here)) == 1


async def test_a_cdr_that_was_refused_may_be_followed_by_a_better_one(at_ocpi):
    here = at_ocpi
    here.emsp.answers[charging.HANDED] = [{"requestStatus": 19006}, {"requestStatus": 1}]
    reference = await here.authorized()
    await here.bill(reference)
    await here.node.settled()
    await here.bill(reference, id="C3")
    await here.node.settled()
    assert len(here.records()) == 2
    assert len(await here.node.store.shelf()) == 1


async def fetched(here: AtOcpi) -> list[dict]:
    """The records that the eMSP finds when it comes for them: one of its session, and all in the list."""
    one = await here.emsp.call(
        here.node.url, "eMIP_ToIOP_GetChargeDetailRecord", {"salePartnerSessionId": "E01-ses-77"}
    )
    several = await here.emsp.call(here.node.url, "eMIP_ToIOP_GetChargeDetailRecordList", {})
    found = several.fields["chargeDetailRecordList"]["chargeDetailRecord"]
    records = found if isinstance(found, list) else [found]
    assert one.fields["chargeDetailRecord"] == records[0]
    return records


@pytest.mark.statement("EMIP-62", "EMIP-85")
@pytest.mark.parametrize("order", ["new first", "old first"])
async def test_an_evse_that_was_given_another_uid_lives_on_under_its_id(at_ocpi, order):
    here = at_ocpi
    site = ("" if here.old else "receiver/") + "locations/CH/CCC/L1"
    since = (await changed(here, "Static"))[1]
    new = (older.old_evse if here.old else messages.evse)("E9", evse_id=THERE)
    said = [
        ("PUT", f"{site}/E9", new),
        ("PATCH", f"{site}/E1", {"status": "REMOVED", "last_updated": "2026-03-14T12:30:00Z"}),
    ]
    for method, path, body in said if order == "new first" else said[::-1]:
        assert (await here.say(method, path, body))["status_code"] == 1000

    assert [one["actionType"] for one in (await changed(here, "Static", since))[0]] == ["1"]
    (status,) = (await changed(here, "Dynamic", since))[0]
    assert (status["EVSEId"], status["availabilityStatus"], status["busyStatus"]) == (THERE, "2", "1")
    here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": "REJECTED", "timeout": 30}))
    await here.start(evse=THERE)
    assert (await here.commanded("START_SESSION"))["evse_uid"] == "E9"


async def changed(here: AtOcpi, kind: str, since: str | None = None) -> tuple[list[dict], str]:
    """What the eMSP is told of changes since a date, and the next date."""
    asked = {} if since is None else {"lastRequestDate": since}
    answer = await here.emsp.call(here.node.url, f"eMIP_ToIOP_GetEVSE{kind}DataChanges", asked)
    found = (answer.fields[f"EVSE{kind}DataChangeList"] or {}).get(f"EVSE{kind}DataChange", [])
    return found if isinstance(found, list) else [found], answer.fields["currentTime"]


async def started(here: AtOcpi, result: str | None, ack: str = "ACCEPTED", after: float = 0.1):
    """Start a charge from afar, which the CPO acknowledges and, when it says so, brings to an end."""
    here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": ack, "timeout": 30}))
    asked = asyncio.create_task(here.start(evse=THERE))
    if result is not None:
        body = await here.commanded("START_SESSION")
        await asyncio.sleep(after)
        assert (await here.say("POST", body["response_url"], {"result": result}))["status_code"] == 1000
    return await asked


@pytest.mark.parametrize(
    ("result", "status"),
    [("ACCEPTED", 1), ("REJECTED", 10201), ("EVSE_OCCUPIED", 205), ("TIMEOUT", 206)],
)
@pytest.mark.statement("EMIP-85")
async def test_a_remote_authorisation_is_answered_with_the_outcome(at_ocpi, result, status):
    here = at_ocpi
    if here.old and result == "EVSE_OCCUPIED":
        pytest.skip("OCPI 2.1.1 has no such result")

    answer = await started(here, result)
    await here.node.settled()

    assert answer.status == status
    assert here.events() == []
    asked = await here.commanded("START_SESSION")
    assert asked["token"]["uid"] == "app-7"
    assert asked["location_id"] == "L1"
    if not here.old:
        assert asked["evse_uid"] == "E1"
        assert asked["authorization_reference"] == answer.fields["serviceSessionId"]
        assert (asked["token"]["country_code"], asked["token"]["party_id"]) == ("FR", "E01")


@pytest.mark.statement("EMIP-85", "EMIP-43")
async def test_without_an_outcome_in_time_the_acknowledgment_is_the_answer_and_a_contrary_outcome_an_event(at_ocpi):
    here = at_ocpi

    answer = await started(here, None)
    body = await here.commanded("START_SESSION")
    await here.say("POST", body["response_url"], {"result": "REJECTED"})
    await here.emsp.until("FromIOP_SetSessionEventReport")

    assert answer.status == 1
    (event,) = here.emsp.of("FromIOP_SetSessionEventReport")
    assert event.fields["sessionEvent"]["sessionEventNature"] == "1"
    assert "REJECTED" in event.fields["sessionEvent"]["sessionEventParameter"]
    assert event.fields["salePartnerSessionId"] == "E01-ses-9"
    assert event.fields["serviceSessionId"] == answer.fields["serviceSessionId"]


async def test_an_outcome_that_says_what_was_answered_makes_no_event(at_ocpi):
    here = at_ocpi
    answer = await started(here, None)
    body = await here.commanded("START_SESSION")
    await here.say("POST", body["response_url"], {"result": "ACCEPTED"})
    await here.node.settled()
    assert answer.status == 1
    assert here.events() == []


async def test_a_charge_that_began_is_not_ended_by_an_outcome_that_never_came(at_ocpi):
    here = at_ocpi
    answer = await started(here, None)
    reference = answer.fields["serviceSessionId"]
    if here.old:
        reference = (await here.commanded("START_SESSION"))["authorization_id"]
    await here.put(reference)
    here.node.clock.forward(minutes=10)  # the sweeper says TIMEOUT

    async def is_said() -> bool:
        return any("result" in row.fields for row in await here.node.store.entries(0, 500))

    await eventually(is_said)
    await here.node.settled()
    assert here.events() == ["3"]


@pytest.mark.statement("EMIP-85")
async def test_a_cpo_of_ocpi_that_is_silent_is_10207(at_ocpi):
    here = at_ocpi
    here.peer.delay = 3.0
    assert (await here.start(evse=THERE)).status == 10207
    here.peer.delay = 0.0


@pytest.mark.statement("EMIP-88", "EMIP-109")
@pytest.mark.parametrize("nature", [1, 0])
async def test_an_emip_emsp_stops_a_charge_at_a_cpo_of_ocpi(at_ocpi, nature):
    here = at_ocpi
    reference = await here.authorized()
    await here.put(reference)
    await here.node.settled()
    session = here.emsp.of("FromIOP_GetServiceAuthorisation")[-1].fields["serviceSessionId"]
    here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": "ACCEPTED", "timeout": 30}))

    asked = asyncio.create_task(here.act(session, nature))
    body = await here.commanded("STOP_SESSION")
    await here.say("POST", body["response_url"], {"result": "ACCEPTED"})
    answer, other = await asked, await here.act(session, 2)

    assert (answer.status, body["session_id"]) == (1, "S1")
    assert other.status == 10506  # OCPI cannot suspend


async def test_one_dossier_tells_all_of_a_charge_at_a_cpo_of_ocpi(tmp_path):
    async with ocpi_world(tmp_path, "2.2.1") as here:
        reference = await here.authorized(intermediateCDRRequested=1)
        await here.put(reference)
        await here.put(reference, kwh=1.5, last_updated="2026-03-14T12:10:00Z")
        await here.node.settled()
        session = here.emsp.of("FromIOP_GetServiceAuthorisation")[-1].fields["serviceSessionId"]
        here.peer.answers.append(says("POST", "commands", 200, 1000, {"result": "ACCEPTED", "timeout": 30}))
        asked = asyncio.create_task(here.act(session, 1))
        body = await here.commanded("STOP_SESSION")
        await here.say("POST", body["response_url"], {"result": "ACCEPTED"})
        assert (await asked).status == 1
        await here.put(reference, kwh=2, status="COMPLETED", last_updated="2026-03-14T13:00:00Z")
        await here.bill(reference)
        await here.node.settled()

        for name in (session, "E01-ses-77", "S1", "C1"):
            dossier = await here.node.app.office.dossier(LOCAL, name)
            told = {(one.partner, one.operation) for one in dossier.story if one.what in ("in", "out")}
            assert {
                ("ccc", "ocpi POST tokens"),
                ("fr-e01", ASKED),
                ("fr-e01", "eMIP_FromIOP_SetSessionEventReport"),
                ("fr-e01", "eMIP_ToIOP_SetSessionActionRequest"),
                ("ccc", "POST STOP_SESSION"),
                ("fr-e01", "eMIP_FromIOP_SetChargeDetailRecord"),
            } <= told, told
            kinds = [piece.key.partition("/")[0] for piece in dossier.pieces]
            assert sorted(set(kinds)) == ["authorization", "cdr", "command", "session"]
