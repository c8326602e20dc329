"""What a CPO's node asks a platform about users, and what it decides by the list it downloaded."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from interroam.core.audit import LOCAL
from interroam.core.rounds.pulling import PullTerms
from interroam.model.errors import Refused
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Module, PartyId
from interroam.model.parties import PartnerState
from interroam.model.questions import Authorize
from interroam.model.tokens import Token
from interroam.protocols.emip.cpo.whitelist import downloaded
from tests.protocols.emip.cpo_office import CARD, YES, charging, moment
from tests.protocols.emip.partner import Fault, Http, Silence
from tests.waiting import eventually

ASK, LIST = "ToIOP_GetServiceAuthorisation", "ToIOP_GetAuthenticationData"
GET = f"eMIP_{ASK}"
GET_LIST = f"eMIP_{LIST}"
HOURLY = "pull/iop/tokens"


def entry(uid=CARD, action=1, emsp="FR*E01", kind="RFID-UID", **more):
    return {
        "actionType": action,
        "userIdType": kind,
        "userId": uid,
        **more,
        "salePartnerOperatorIdType": "eMI3",
        "salePartnerOperatorId": emsp,
    }


def page(*entries, at, more=None):
    answer = {"currentTime": moment(at), "authenticationDataList": {"authenticationData": list(entries)}}
    return {**answer, **({} if more is None else {"moreData": more}), "requestStatus": 1}


async def download(cpo, *entries):
    """Have the list downloaded with these entries."""
    cpo.iop.answers[GET_LIST] = page(*entries, at=cpo.clock.now())
    return await cpo.node.app.office.rounds.pulling.pull("iop", Module.TOKENS)


@pytest.mark.statement("EMIP-74", "EMIP-89", "EMIP-71")
async def test_a_user_is_asked_about_with_service_1_and_a_session_id_of_our_own(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        status, answer = await cpo.authorize("4a1b2c3d4e5f6")
        assert (status, answer["allowed"], answer["reference"]) == (200, "ALLOWED", "iop-s-1")
        (asked,) = cpo.iop.of(ASK)
        assert asked.fields["requestedServiceId"] == "1"
        assert asked.fields["EVSEId"] == "FR*C01*E1"
        own = asked.fields["partnerServiceSessionId"]
        assert own
        await cpo.charge()
        await cpo.cdr()
        (record,) = await cpo.iop.until("ToIOP_SetChargeDetailRecord")
        sent = record.fields["chargeDetailRecord"]
        assert (sent["serviceSessionId"], sent["execPartnerSessionId"]) == ("iop-s-1", own)


@pytest.mark.statement("EMIP-75")
@pytest.mark.parametrize(("given", "written"), [("4a1b2c3", "04A1B2C3"), ("4a1b2c3d4e5f6", CARD)])
async def test_a_card_is_written_in_upper_case_with_its_leading_zeros(tmp_path, given, written):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        await cpo.authorize(given)
        (asked,) = cpo.iop.of(ASK)
        assert (asked.fields["userIdType"], asked.fields["userId"]) == ("RFID-UID", written)


@pytest.mark.statement("EMIP-73")
@pytest.mark.parametrize(("value", "status"), [(2, 1), (2, 203), (3, 1), (0, 1), (2, 10210)])
async def test_any_value_but_1_refuses_the_user(tmp_path, value, status):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        cpo.iop.answers[GET] = {**YES, "authorisationValue": value, "requestStatus": status}
        code, answer = await cpo.authorize()
        assert code == 200
        assert answer["allowed"] == "NOT_ALLOWED"
        assert not await cpo.node.hub.authorization("iop-s-1")


@pytest.mark.statement("EMIP-73")
async def test_a_yes_with_a_warning_is_a_yes(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        cpo.iop.answers[GET] = {**YES, "requestStatus": 900}
        assert (await cpo.authorize())[1]["allowed"] == "ALLOWED"


@pytest.mark.parametrize("missing", [Http(503), Silence(5)])
@pytest.mark.statement("EMIP-49")
async def test_a_question_that_nobody_answered_is_not_put_again(tmp_path, monkeypatch, missing):
    monkeypatch.setattr("interroam.protocols.emip.calls.TO_IOP_S", 0.5)
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        cpo.iop.answers[GET] = [missing, Fault(), dict(YES)]
        code, _ = await cpo.authorize()
        assert code >= 500
        await cpo.node.restart()
        cpo.clock.forward(minutes=10)
        await cpo.status("1", "CHARGING")
        await cpo.iop.until("ToIOP_SetEVSEBusyStatus", 3)
        assert len(cpo.iop.of(ASK)) == 1


@pytest.mark.statement("EMIP-42")
async def test_a_platform_that_takes_its_time_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("interroam.protocols.emip.calls.TO_IOP_S", 1.3)
    async with charging(tmp_path) as cpo:  # its deadline for partners is a second
        await cpo.furnish()

        cpo.iop.answers[GET] = Silence(30)
        began = time.monotonic()
        code, _ = await cpo.authorize()
        assert code >= 500
        assert 1.2 < time.monotonic() - began < 3


@pytest.mark.statement("EMIP-42")
def test_a_call_to_the_platform_has_15_seconds():
    from interroam.protocols.emip import calls

    assert calls.TO_IOP_S == 15.0


@pytest.mark.statement("EMIP-124")
async def test_by_default_the_platform_is_asked_whatever_the_list_says(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        await download(cpo, entry())
        cpo.iop.answers[GET] = {**YES, "authorisationValue": 2}
        assert (await cpo.authorize())[1]["allowed"] == "NOT_ALLOWED"
        cpo.iop.answers[GET] = Http(502)
        assert (await cpo.authorize())[0] >= 500
        assert len(cpo.iop.of(ASK)) == 2


@pytest.mark.statement("EMIP-124", "EMIP-75")
async def test_a_list_decides_instead_of_the_platform_for_white_and_black(tmp_path):
    async with charging(tmp_path, decide_locally="always") as cpo:
        await cpo.furnish()
        await download(cpo, entry(), entry("04AAAAAA", authorisationValue=2))
        assert (await cpo.authorize())[1]["allowed"] == "ALLOWED"
        assert (await cpo.authorize("4aaaaaa"))[1]["allowed"] == "BLOCKED"
        assert not cpo.iop.of(ASK)
        assert (await cpo.authorize("04BBBBBB"))[1]["allowed"] == "ALLOWED"  # on no list: asked
        assert len(cpo.iop.of(ASK)) == 1


@pytest.mark.parametrize(
    ("kind", "listed", "asked"),
    [
        ("eMA", "FR-E01-C12345678-X", {"uid": "FR-E01-C12345678-X", "type": "OTHER"}),
        ("EVCO", "FRE01C12345678X", {"uid": "FR-E01-C12345678-X", "type": "OTHER"}),
        ("EMP-SPEC", "FR-E01-C12345678-X", {"uid": "FRE01C12345678X", "type": "OTHER"}),
        ("EMP-SPEC", "user-42", {"uid": "user-42", "type": "OTHER"}),
        ("EMP-SPEC", "04AABBCCDDEEFF001122", {"uid": "04AABBCCDDEEFF001122", "type": "RFID"}),
    ],
)
async def test_a_list_knows_users_of_every_kind(tmp_path, kind, listed, asked):
    async with charging(tmp_path, decide_locally="always") as cpo:
        await cpo.furnish()
        await download(cpo, entry(listed, kind=kind))
        assert (await cpo.authorize(**asked))[1]["allowed"] == "ALLOWED"
        assert not cpo.iop.of(ASK)
        cpo.iop.answers[GET] = {**YES, "authorisationValue": 2}
        assert (await cpo.authorize(" "))[1]["allowed"] == "NOT_ALLOWED"  # no user at all


@pytest.mark.statement("EMIP-124")
async def test_a_list_says_nothing_of_another_service_nor_what_somebody_else_stated(tmp_path):
    async with charging(tmp_path, decide_locally="always") as cpo:
        await cpo.furnish()
        await download(cpo, entry(requestedServiceId=7))
        await cpo.node.platform("", party="DE*HUB", id="other")
        own = Token(
            owner=PartyId.parse("DE*EEE"),
            uid="04CCCCCC",
            type="RFID",
            contract_id="DE-EEE-C00000001",
            issuer="E",
            valid=True,
            expires=cpo.clock.now() + timedelta(days=1),
            last_updated=cpo.clock.now(),
        )
        await cpo.node.hub.tell(Origin("other"), Fact(own))
        cpo.iop.answers[GET] = {**YES, "authorisationValue": 2}
        assert (await cpo.authorize())[1]["allowed"] == "NOT_ALLOWED"
        assert (await cpo.authorize(service="7"))[1]["allowed"] == "ALLOWED"
        assert (await cpo.authorize("04CCCCCC"))[1]["allowed"] == "NOT_ALLOWED"
        assert [one.fields["userId"] for one in cpo.iop.of(ASK)] == [CARD, "04CCCCCC"]


@pytest.mark.statement("EMIP-82", "EMIP-83")
async def test_whom_a_whole_list_leaves_out_it_allows_no_more(tmp_path):
    async with charging(tmp_path, decide_locally="always") as cpo:
        await cpo.furnish()
        await download(cpo, entry(), entry("04AAAAAA"))
        cpo.clock.forward(hours=2)
        cpo.iop.answers[GET_LIST] = page(entry(), at=cpo.clock.now())
        report = await cpo.node.app.office.rounds.pulling.pull("iop", Module.TOKENS, whole=True)
        assert report.stage == "done", report
        cpo.iop.answers[GET] = {**YES, "authorisationValue": 2}
        assert [(await cpo.authorize(uid))[1]["allowed"] for uid in (CARD, "04AAAAAA")] == ["ALLOWED", "NOT_ALLOWED"]


@pytest.mark.statement("EMIP-124")
async def test_a_list_decides_where_the_platform_is_silent_and_only_there(tmp_path):
    async with charging(tmp_path, decide_locally="fallback") as cpo:
        await cpo.furnish()
        await download(cpo, entry(), entry("04AAAAAA", authorisationValue=2))
        cpo.iop.answers[GET] = {**YES, "authorisationValue": 2}
        assert (await cpo.authorize())[1]["allowed"] == "NOT_ALLOWED"
        cpo.iop.answers[GET] = Http(502)
        assert (await cpo.authorize())[1]["allowed"] == "ALLOWED"
        assert (await cpo.authorize("04AAAAAA"))[1]["allowed"] == "BLOCKED"
        assert (await cpo.authorize("04BBBBBB"))[0] >= 500


@pytest.mark.statement("EMIP-124")
@pytest.mark.parametrize(("mode", "asked"), [("fallback", 0), ("always", 0), ("never", 1)])
async def test_a_list_decides_where_the_platform_is_known_to_be_away(tmp_path, mode, asked):
    async with charging(tmp_path, decide_locally=mode) as cpo:
        await cpo.furnish()
        await download(cpo, entry())
        await cpo.node.change("iop", state=PartnerState.OFFLINE)
        cpo.iop.answers[GET] = Http(502)
        status, answer = await cpo.authorize()
        assert (answer["allowed"] == "ALLOWED") if mode != "never" else (status >= 500)
        assert len(cpo.iop.of(ASK)) == asked
        await cpo.node.change("iop", state=PartnerState.OFFLINE)
        cpo.iop.answers[GET] = YES  # it is back, and nobody has noticed
        assert (await cpo.authorize("04BBBBBB"))[1]["allowed"] == "ALLOWED"


@pytest.mark.statement("EMIP-124", "EMIP-82")
async def test_no_list_decides_where_the_platform_is_not_there_yet_or_no_more(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        await download(cpo, entry())
        await cpo.node.app.office.admin.unregister(LOCAL, "iop")
        for uid in (CARD, "04BBBBBB"):  # on the list, and on none
            code, answer = await cpo.authorize(uid)
            assert code >= 500, answer
            assert "iop has no address" in answer["error"]["message"], answer
        assert not cpo.iop.of(ASK)


@pytest.mark.statement("EMIP-82")
async def test_an_entry_holds_until_its_end_and_without_one_as_long_as_the_list_is_fresh(tmp_path):
    async with charging(tmp_path, decide_locally="always") as cpo:
        await cpo.furnish()
        now = cpo.clock.now()
        cpo.clock.forward(hours=30)
        late = moment(cpo.clock.now())
        cpo.clock.forward(hours=-30)
        assert cpo.clock.now() >= now
        await download(cpo, entry(expiryDate=late), entry("04AAAAAA"))
        cpo.iop.answers[GET] = {**YES, "authorisationValue": 2}
        cpo.iop.answers[GET_LIST] = Http(502)
        cpo.clock.forward(hours=23)
        assert [(await cpo.authorize(uid))[1]["allowed"] for uid in (CARD, "04AAAAAA")] == ["ALLOWED", "ALLOWED"]
        cpo.clock.forward(hours=2)  # the list is older than a day now
        assert [(await cpo.authorize(uid))[1]["allowed"] for uid in (CARD, "04AAAAAA")] == ["ALLOWED", "NOT_ALLOWED"]
        cpo.clock.forward(hours=6)
        assert (await cpo.authorize())[1]["allowed"] == "NOT_ALLOWED"


@pytest.mark.statement("EMIP-123")
async def test_a_charge_by_the_list_has_our_id_in_both_places_of_its_record(tmp_path):
    async with charging(tmp_path, decide_locally="always", reports_sessions=True) as cpo:
        await cpo.furnish()
        await download(cpo, entry())
        _, answer = await cpo.authorize()
        own = answer["reference"]
        await cpo.charge(own)
        await cpo.cdr(authorization_reference=own)
        _, found = await cpo.call("GET", "/cdrs")
        assert [one["auth_method"] for one in found["items"]] == ["WHITELIST"]
        (record,) = await cpo.iop.until("ToIOP_SetChargeDetailRecord")
        sent = record.fields["chargeDetailRecord"]
        assert sent["serviceSessionId"] == sent["execPartnerSessionId"] == own
        assert (sent["userIdType"], sent["userId"]) == ("RFID-UID", CARD)
        assert not cpo.iop.of("ToIOP_SetSessionEventReport")  # the platform knows nothing of it yet


@pytest.mark.statement("EMIP-81")
async def test_a_list_is_downloaded_in_changes_page_by_page_and_at_most_once_an_hour(tmp_path):
    async with charging(tmp_path, whitelist_hours=1) as cpo:
        await cpo.furnish()
        first, second = cpo.clock.now().replace(microsecond=0), None
        cpo.clock.forward(seconds=2)
        second = cpo.clock.now().replace(microsecond=0)
        cpo.iop.answers[GET_LIST] = [page(entry(), at=first, more=1), page(entry("04AAAAAA"), at=second, more=0)]
        pulling = cpo.node.app.office.rounds.pulling
        report = await pulling.pull("iop", Module.TOKENS)
        assert (report.stage, report.objects) == ("done", 2), report
        one, two = cpo.iop.of(LIST)
        assert "lastRequestDate" not in one.fields
        assert two.fields["lastRequestDate"] == moment(first)
        await pulling.pull("iop", Module.TOKENS)
        await pulling.pull("iop", Module.TOKENS, whole=True)
        cpo.clock.forward(minutes=55)
        await pulling.pull("iop", Module.TOKENS)
        await pulling.pull("iop", Module.TOKENS, whole=True)
        assert len(cpo.iop.of(LIST)) == 2, "within the hour"
        cpo.clock.forward(minutes=6)
        cpo.iop.answers[GET_LIST] = page(entry(action=3), at=cpo.clock.now())
        await cpo.node.restart()
        await cpo.node.app.office.rounds.pulling.pull("iop", Module.TOKENS)
        assert cpo.iop.of(LIST)[2].fields["lastRequestDate"] == moment(second)
        rows = await cpo.node.store.by_ref(f"token:rfid:{CARD.lower()}")
        assert [row.withdrawn for row in rows] == [True]


@pytest.mark.statement("EMIP-81")
@pytest.mark.parametrize(("hours", "early", "late"), [(0.1, 0.9, 1.1), (48, 23.9, 24.1)])
async def test_no_switch_has_a_list_downloaded_more_than_hourly_or_less_than_daily(tmp_path, hours, early, late):
    async with charging(tmp_path, whitelist_hours=hours) as cpo:
        await cpo.furnish()
        await download(cpo, entry())
        cpo.clock.forward(hours=early)
        await download(cpo)
        assert len(cpo.iop.of(LIST)) == 1
        cpo.clock.forward(hours=late - early)
        await download(cpo)
        assert len(cpo.iop.of(LIST)) == 2


@pytest.mark.statement("EMIP-81")
async def test_the_download_is_scheduled_and_happens_by_itself_every_day(tmp_path):
    async with charging(tmp_path, node={"pulls": PullTerms()}) as cpo:
        await cpo.furnish()
        cpo.iop.answers[GET_LIST] = page(entry(), at=cpo.clock.now())
        schedules = cpo.node.app.office.rounds.schedules
        await eventually(lambda: any(row.id == HOURLY for row in schedules.rows))
        cpo.clock.forward(hours=2)
        await eventually(lambda: downloaded(cpo.node.store, "iop", PartyId.parse("FR*C01")))
        count, before = len(cpo.iop.of(LIST)), cpo.clock.now()
        cpo.clock.forward(hours=2)
        await eventually(lambda: any(row.id == HOURLY and (row.last or before) > before for row in schedules.rows))
        assert len(cpo.iop.of(LIST)) == count  # every 12 hours
        cpo.clock.forward(hours=24)
        await cpo.iop.until(LIST, count + 1)


@pytest.mark.statement("EMIP-71")
async def test_service_0_is_never_asked_for(tmp_path):
    async with charging(tmp_path) as cpo:
        await cpo.furnish()
        question = Authorize(cpo=PartyId.parse("FR*C01"), uid=CARD, location_id="L1", evse_uids=("1",), service="0")
        with pytest.raises(Refused):
            await cpo.node.hub.authorize(Origin("office"), question)
        assert not cpo.iop.of(ASK)
        status, _ = await cpo.authorize(service="7")
        assert status == 200
        assert cpo.iop.of(ASK)[0].fields["requestedServiceId"] in {"7", "1"}
