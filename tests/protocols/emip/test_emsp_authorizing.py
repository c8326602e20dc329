"""May this user charge? An eMSP's node answers the platform, and its back office has the last word."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web

from tests.protocols.emip.emsp_office import CARD, CONTRACT, EVSE, selling

LIMITS = [{"type": "energy", "value": "20000", "unit": "Wh"}, {"type": "cost", "value": "12.50", "unit": "EUR"}]


@pytest.fixture
async def emsp(tmp_path):
    async with selling(tmp_path) as one:
        await one.token()
        await one.node.settled()
        yield one


@pytest.mark.statement("EMIP-90", "EMIP-125")
async def test_a_user_that_the_back_office_allows_may_charge_under_its_own_session_id(emsp):
    answer = await emsp.authorize()
    assert (answer.http, answer.status) == (200, 1)
    assert answer.fields["authorisationValue"] == "1"
    assert answer.fields["partnerServiceSessionId"] == "own-1"
    (asked,) = emsp.asked
    assert (asked["question"], asked["uid"], asked["asker"]) == ("authorize", CARD, "FR*C01")
    for name in ("iop-s-1", "own-1"):
        known = await emsp.node.hub.authorization(name)
        assert (known.reference, known.emsp_reference) == ("iop-s-1", "own-1")


@pytest.mark.statement("EMIP-90")
async def test_an_id_is_made_where_the_back_office_gives_none(emsp):
    emsp.answers["authorize"] = {"allowed": "ALLOWED"}
    answer = await emsp.authorize()
    own = answer.fields["partnerServiceSessionId"]
    assert own not in ("", "iop-s-1")
    assert (await emsp.node.hub.authorization(own)).reference == "iop-s-1"


@pytest.mark.statement("EMIP-72")
async def test_service_0_says_whose_user_it_is_and_begins_nothing(emsp):
    await emsp.token("0A0B0C0F", valid=False)
    await emsp.node.settled()
    head = emsp.node.store.head()
    emsp.answers["authorize"] = {"allowed": "UNKNOWN"}
    blocked = await emsp.authorize("0A0B0C0F", service="0")
    assert (blocked.status, blocked.fields["authorisationValue"]) == (1, "1")  # a user of its own, if a blocked one
    assert (await emsp.authorize(service="0")).fields["authorisationValue"] == "1"
    emsp.answers["authorize"] = {"allowed": "UNKNOWN"}
    answer = await emsp.authorize("0A0B0C0D", service="0")
    assert (answer.status, answer.fields["authorisationValue"]) == (1, "2")
    for word in ("ALLOWED", "BLOCKED"):  # it is a user, if a blocked one
        emsp.answers["authorize"] = {"allowed": word}
        answer = await emsp.authorize("0A0B0C0E", service="0")
        assert answer.fields["authorisationValue"] == "1"
    assert emsp.asked[-1]["service"] == "0"
    assert "partnerServiceSessionId" not in answer.fields
    assert emsp.node.store.head() == head


@pytest.mark.statement("EMIP-125")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"valid": False}, {"allowed": "ALLOWED"}),
        ({"expires": "2026-01-01T00:00:00Z"}, {"allowed": "ALLOWED"}),
        ({}, {"allowed": "NO_CREDIT"}),
        ({}, {"allowed": "UNKNOWN"}),
    ],
)
async def test_a_user_that_is_not_active_or_has_no_credit_may_not(emsp, change, said):
    await emsp.token(**change)
    emsp.answers["authorize"] = said
    answer = await emsp.authorize()
    assert (answer.status, answer.fields["authorisationValue"]) == (1, "2")
    assert await emsp.node.hub.authorization("iop-s-1") is None
    assert await emsp.node.hub.session("iop-s-1") is None


@pytest.mark.statement("EMIP-125", "EMIP-74")
async def test_without_a_back_office_that_is_asked_only_known_users_may_charge_and_nothing_else(emsp):
    await emsp.webhook()
    assert (await emsp.authorize()).fields["authorisationValue"] == "1"
    assert (await emsp.authorize("0A0B0C0D", session="2")).fields["authorisationValue"] == "2"
    assert (await emsp.authorize(service="7", session="3")).fields["authorisationValue"] == "2"


@pytest.mark.statement("EMIP-125")
async def test_another_service_is_for_the_back_office_to_allow(emsp):
    assert (await emsp.authorize(service="7")).fields["authorisationValue"] == "1"
    assert emsp.asked[-1]["service"] == "7"
    assert (await emsp.node.hub.authorization("iop-s-1")).service == "7"


@pytest.mark.statement("EMIP-125")
async def test_a_card_is_good_for_the_services_that_its_back_office_stated(emsp):
    await emsp.token(services=["7"])
    assert (await emsp.authorize()).fields["authorisationValue"] == "2"
    assert not emsp.asked
    assert (await emsp.authorize(service="7", session="2")).fields["authorisationValue"] == "1"
    await emsp.webhook()
    assert (await emsp.authorize(service="7", session="3")).fields["authorisationValue"] == "1"


@pytest.mark.statement("EMIP-75")
@pytest.mark.parametrize("spelled", ["4a1b2c3", "04A1B2C3", "004a1b2c3"])
@pytest.mark.parametrize("stated", ["04A1B2C3", "4A1B2C3", "04a1b2c3"])
async def test_a_badge_is_known_in_whatever_letters_and_zeros(emsp, stated, spelled):
    await emsp.webhook()
    await emsp.token(stated)
    assert (await emsp.authorize(spelled)).fields["authorisationValue"] == "1"


async def test_a_contract_is_known_with_and_without_hyphens(emsp):
    await emsp.webhook()
    for number, spelled in enumerate((CONTRACT, CONTRACT.replace("-", ""))):
        answer = await emsp.authorize(spelled, kind="eMA", session=f"s-{number}")
        assert answer.fields["authorisationValue"] == "1"


async def test_a_card_that_is_no_badge_of_emip_is_known_as_it_was_uploaded(emsp):
    await emsp.token("04AABBCCDDEEFF001122")
    answer = await emsp.authorize("04AABBCCDDEEFF001122", kind="EMP-SPEC")
    assert answer.fields["authorisationValue"] == "1"


@pytest.mark.statement("EMIP-126")
async def test_limits_and_the_wish_for_records_go_with_a_yes(emsp):
    emsp.answers["authorize"] = {"allowed": "ALLOWED", "limits": LIMITS[:1], "interim": True, "parameter": "CPO={x}"}
    answer = await emsp.authorize()
    meter = {"meterTypeId": "2", "meterValue": "20000", "meterUnit": "Wh"}
    assert answer.fields["meterLimitList"]["meterReport"] == meter
    assert answer.fields["intermediateCDRRequested"] == "1"
    assert answer.fields["parameter"] == "CPO={x}"
    emsp.answers["authorize"] = {"allowed": "ALLOWED"}
    plain = await emsp.authorize(session="2")
    assert plain.fields["intermediateCDRRequested"] == "0"
    assert "meterLimitList" not in plain.fields


@pytest.mark.statement("EMIP-126")
async def test_records_are_wanted_of_every_charge_where_the_switch_says_so(tmp_path):
    async with selling(tmp_path, wants_intermediate=True) as emsp:
        await emsp.token()
        answer = await emsp.authorize()
        await emsp.start(reference="own-2")
        (asked,) = emsp.calls("SetServiceAuthorisation")
        assert answer.fields["intermediateCDRRequested"] == asked.fields["intermediateCDRRequested"] == "1"


@pytest.mark.statement("EMIP-118")
async def test_the_contract_goes_out_under_an_alias_only(emsp):
    answer = await emsp.authorize()
    alias = answer.fields["userContractIdAlias"]
    assert alias
    assert CONTRACT.encode() not in answer.raw
    assert (await emsp.authorize(session="2")).fields["userContractIdAlias"] == alias
    emsp.clock.forward(days=31)
    assert (await emsp.authorize(session="3")).fields["userContractIdAlias"] != alias
    await emsp.token("0A0B0C0D", contract="FR-E01-C00009999-X")
    assert (await emsp.authorize("0A0B0C0D", session="4")).fields["userContractIdAlias"] != alias


@pytest.mark.statement("EMIP-118")
async def test_an_alias_of_the_back_office_is_taken_as_it_is(emsp):
    emsp.answers["authorize"] = {"allowed": "ALLOWED", "alias": "alias-93b2"}
    assert (await emsp.authorize()).fields["userContractIdAlias"] == "alias-93b2"


@pytest.mark.statement("EMIP-40")
async def test_a_platform_is_answered_in_time_though_the_back_office_is_not(emsp):
    async def slowly(_said):
        await asyncio.sleep(3)
        return {"allowed": "ALLOWED"}

    emsp.answers["authorize"] = slowly
    await emsp.token(whitelist="NEVER")
    began = time.perf_counter()
    answer = await emsp.authorize()
    assert time.perf_counter() - began < emsp.node.hub.deadlines.partner
    assert answer.fault[0] == "SERVICE_UNAVAILABLE"  # no answer, so that the platform may go by its white list
    await asyncio.sleep(0.3)
    assert await emsp.node.hub.authorization("iop-s-1") is None


@pytest.mark.statement("EMIP-132")
@pytest.mark.parametrize("service", ["1", "0"])
async def test_a_back_office_that_fails_is_a_missing_answer_and_no_refusal(emsp, service):
    async def fails(_said):
        raise web.HTTPInternalServerError

    emsp.answers["authorize"] = fails
    answer = await emsp.authorize("0A0B0C0D", service=service)
    assert (answer.http, answer.fault) == (503, ("SERVICE_UNAVAILABLE", "OVERLOADED"))
    assert await emsp.node.hub.authorization("iop-s-1") is None


@pytest.mark.statement("EMIP-40")
def test_a_platform_is_answered_within_five_seconds_by_default():
    from interroam.core.hub import Deadlines

    assert Deadlines().partner <= 5


@pytest.mark.statement("EMIP-117")
async def test_an_operator_that_is_not_ours_is_no_target(emsp):
    answer = await emsp.authorize(target="FR*E99")
    assert answer.status == 19010
    assert not emsp.asked


@pytest.mark.statement("EMIP-21")
async def test_the_transaction_comes_back_as_it_came(emsp):
    answer = await emsp.authorize(transaction="iop-t-77")
    assert answer.fields["transactionId"] == "iop-t-77"
    assert [one for one in await emsp.node.traces("iop-t-77") if one.inward]


async def test_a_user_id_that_is_none_is_refused(emsp):
    answer = await emsp.authorize("XYZ")
    assert (answer.status, answer.fields["authorisationValue"]) == (19001, "2")


@pytest.mark.statement("EMIP-90")
async def test_what_was_allowed_is_known_after_a_restart(tmp_path):
    async with selling(tmp_path) as emsp:
        await emsp.token()
        await emsp.authorize()
        await emsp.node.restart()
        known = await emsp.node.hub.authorization("iop-s-1")
        assert (known.emsp_reference, known.evse_uids) == ("own-1", ("FRC01E0042*1",))
        assert EVSE not in known.evse_uids
