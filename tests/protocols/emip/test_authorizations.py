"""The platform between a CPO that asks and an eMSP that answers (EMIP-66 to EMIP-75, EMIP-130)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.model.agreements import Terms, selection
from interroam.model.ids import Kind, Module
from tests.protocols.emip.charging import ASKED, CARD, EVSE, POOL, limits, listed, meter, place, world, yes
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Fault, Http, Partner, Silence


def services(emsp) -> list[str]:
    return [one.fields["requestedServiceId"] for one in emsp.of("FromIOP_GetServiceAuthorisation")]


@pytest.mark.statement("EMIP-97", "EMIP-118", "EMIP-70")
async def test_what_the_emsp_says_reaches_the_cpo_unchanged(here):
    await listed(here.node)
    most = [meter(2, "20000", "Wh"), meter(1077, "010.50", "min"), meter(9, "1", "odd")]
    here.emsp.answers[ASKED] = yes(
        intermediateCDRRequested=1,
        userContractIdAlias="alias-93b2",
        meterLimitList=limits(*most),
        parameter="IOP={a}CPO={b}",
    )

    answer = await here.ask()

    said = answer.fields
    assert (answer.status, said["authorisationValue"], said["salePartnerOperatorId"]) == (1, "1", "FR*E01")
    assert said["meterLimitList"] == {"meterReport": [{k: str(v) for k, v in one.items()} for one in most]}
    assert (said["intermediateCDRRequested"], said["parameter"]) == ("1", "IOP={a}CPO={b}")
    assert said["userContractIdAlias"] == "alias-93b2"
    assert b"C00000001" not in answer.raw  # the contract's own id goes nowhere
    (asked,) = here.emsp.of("FromIOP_GetServiceAuthorisation")
    assert asked.fields["serviceSessionId"] == said["serviceSessionId"]
    assert (asked.fields["EVSEId"], asked.fields["userId"]) == (EVSE, CARD)
    assert (asked.fields["operatorId"], asked.fields["targetOperatorId"]) == ("FR*C01", "FR*E01")


@pytest.mark.statement("EMIP-118")
async def test_no_alias_is_made_of_a_contract(here):
    await listed(here.node)
    here.emsp.answers[ASKED] = yes()

    answer = await here.ask()

    assert answer.fields["authorisationValue"] == "1"
    assert "userContractIdAlias" not in answer.fields
    assert b"C00000001" not in answer.raw
    await here.bring(answer.fields["serviceSessionId"])
    (handed,) = await here.emsp.until("FromIOP_SetChargeDetailRecord")
    assert "userContractIdAlias" not in handed.fields["chargeDetailRecord"]


@pytest.mark.statement("EMIP-68", "EMIP-72")
async def test_an_unknown_user_is_asked_about_with_service_0_first_which_makes_no_session(here):
    whose = yes(session="nothing", userContractIdAlias="not-this", intermediateCDRRequested=1)
    whose["meterLimitList"] = limits(meter(2, "1", "Wh"))
    here.emsp.answers[ASKED] = lambda one: whose if one.fields["requestedServiceId"] == "0" else yes("real")

    answer = await here.ask()

    assert services(here.emsp) == ["0", "1"]
    first, second = here.emsp.of("FromIOP_GetServiceAuthorisation")
    assert "serviceSessionId" not in first.fields
    assert second.fields["serviceSessionId"] == answer.fields["serviceSessionId"]
    assert answer.fields["intermediateCDRRequested"] == "0"
    assert "userContractIdAlias" not in answer.fields
    assert "meterLimitList" not in answer.fields
    known = await here.node.hub.authorization(answer.fields["serviceSessionId"])
    assert known.emsp_reference == "real"


@pytest.mark.statement("EMIP-68", "EMIP-72", "EMIP-69")
async def test_a_user_that_is_nobodys_is_asked_about_with_service_0_only(here):
    here.emsp.answers[ASKED] = {"authorisationValue": 2, "requestStatus": 1}

    answer = await here.ask()

    assert (answer.fields["authorisationValue"], answer.status) == ("2", 203)
    assert answer.fields["serviceSessionId"]
    assert services(here.emsp) == ["0"]
    assert await here.node.hub.authorization(answer.fields["serviceSessionId"]) is None


@pytest.mark.statement("EMIP-68")
async def test_the_provider_part_of_a_contract_says_whom_to_ask(here):
    async with Partner(partner_id("FR*E02"), "FR*E02") as other:
        await here.node.emsp("FR*E02", url=other.url)
        await here.node.agree("FR*E02", "FR*C01")
        here.emsp.answers[ASKED] = yes()

        answer = await here.ask(card="FR-E01-C12345678-X", userIdType="eMA")

        assert answer.fields["authorisationValue"] == "1"
        assert services(here.emsp) == ["1"]
        assert not other.asked


@pytest.mark.statement("EMIP-69", "EMIP-130", "EMIP-70")
async def test_without_an_agreement_the_answer_is_202_and_nobody_is_asked(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        await listed(here.node)
        here.emsp.answers[ASKED] = yes()

        answer = await here.ask()

        assert (answer.fields["authorisationValue"], answer.status) == ("2", 202)
        assert answer.fields["serviceSessionId"]
        assert not here.emsp.asked


@pytest.mark.parametrize(
    "limits", [selection(locations=[POOL]), selection(evses=[EVSE]), selection(evses=[EVSE.replace("*E", "e")])]
)
@pytest.mark.statement("EMIP-130")
async def test_an_agreement_may_be_limited_to_pools_or_evses(tmp_path, limits):
    async with world(tmp_path, agreed=False) as here:
        other, there = "FR*C01*P0099", "FR*C01*E0099*1"
        await place(here.node, "fr-c01", pool=other, evse=there)
        await here.node.agree("FR*E01", "FR*C01", selections=(limits,))
        await listed(here.node)
        here.emsp.answers[ASKED] = yes()

        inside, outside = await here.ask(), await here.ask(evse=there, session="C01-S-2")
        started = await here.start(evse=there)

        assert (inside.fields["authorisationValue"], inside.status) == ("1", 1)
        assert (outside.fields["authorisationValue"], outside.status) == ("2", 202)
        assert started.status == 202
        assert not here.cpo.asked


@pytest.mark.statement("EMIP-130")
async def test_an_agreement_holds_for_its_services(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        await here.node.agree("FR*E01", "FR*C01", services=frozenset({"7"}))
        await listed(here.node)
        here.emsp.answers[ASKED] = yes()

        charge, special = await here.ask(), await here.ask(requestedServiceId=7, session="C01-S-2")
        started = await here.start()

        assert (charge.fields["authorisationValue"], charge.status) == ("2", 202)
        assert (special.fields["authorisationValue"], special.status) == ("1", 1)
        assert services(here.emsp) == ["7"]
        assert started.status == 202


@pytest.mark.statement("EMIP-69", "EMIP-70")
async def test_an_evse_that_nobody_stated_has_no_cpo(here):
    answer = await here.ask(evse="FR*C01*E7777")
    assert (answer.fields["authorisationValue"], answer.status) == ("2", 201)
    assert answer.fields["serviceSessionId"]


@pytest.mark.statement("EMIP-20")
async def test_a_cpo_asks_for_evses_of_its_own_only(here):
    await here.node.cpo("FR*C02")
    await place(here.node, "fr-c02", owner="FR*C02", pool="FR*C02*P1", evse="FR*C02*E1")

    answer = await here.ask(evse="FR*C02*E1")

    assert (answer.fields["authorisationValue"], answer.status) == ("2", 19005)


@pytest.mark.statement("EMIP-71")
async def test_service_0_is_the_platforms_own(here):
    asked, started = await here.ask(requestedServiceId=0), await here.start(requestedServiceId="0")
    assert (asked.fields["authorisationValue"], asked.status) == ("2", 19003)
    assert started.status == 19003
    assert not here.emsp.asked
    assert not here.cpo.asked


async def test_a_user_id_type_that_nobody_knows_is_malformed(here):
    answer = await here.ask(userIdType="CARD")
    assert (answer.fields["authorisationValue"], answer.status) == ("2", 19001)


@pytest.mark.parametrize("value", [0, 2, 3, 11])
@pytest.mark.statement("EMIP-73", "EMIP-70")
async def test_whatever_is_not_1_is_a_refusal(here, value):
    await listed(here.node)
    here.emsp.answers[ASKED] = yes(authorisationValue=value, userContractIdAlias="alias")

    answer = await here.ask()

    assert (answer.fields["authorisationValue"], answer.status) == ("2", 1)
    assert answer.fields["serviceSessionId"]
    assert "userContractIdAlias" not in answer.fields


@pytest.mark.statement("EMIP-127")
async def test_a_yes_with_a_warning_is_a_yes(here):
    await listed(here.node)
    here.emsp.answers[ASKED] = yes() | {"requestStatus": 202}

    answer = await here.ask()

    assert (answer.fields["authorisationValue"], answer.status) == ("1", 1)


@pytest.mark.statement("EMIP-70", "EMIP-90", "EMIP-89")
async def test_a_yes_begins_a_session_that_knows_all_three_names(here):
    here.emsp.answers[ASKED] = yes()

    answer = await here.ask()

    reference = answer.fields["serviceSessionId"]
    permission = await here.node.hub.authorization(reference)
    assert (permission.cpo_session, permission.emsp_reference) == ("C01-S-1", "E01-ses-77")
    stored = await here.node.hub.session(reference)
    assert (stored.body.status, stored.body.id) == ("PENDING", "C01-S-1")
    assert stored.body.authorization_reference == reference


async def test_a_session_begun_goes_where_its_permission_says_unless_sessions_are_left_out(here):
    here.emsp.answers[ASKED] = yes()
    first = await here.node.hub.session((await here.ask()).fields["serviceSessionId"])
    (agreement,) = here.node.book.agreements.values()
    assert (first.receiver, first.agreement) == (agreement.emsp, agreement.id)
    entries = await here.node.store.entries(0)
    kinds = [one.key.kind for one in entries if one.key.kind in (Kind.AUTHORIZATION, Kind.SESSION)]
    assert kinds == [Kind.AUTHORIZATION, Kind.SESSION]
    await here.node.book.put_agreement(replace(agreement, terms={Module.SESSIONS: Terms(on=False)}))
    answer = await here.ask(session="C01-S-2")
    second = await here.node.hub.session(answer.fields["serviceSessionId"])
    assert second.key != first.key
    assert second.receiver is None


@pytest.mark.statement("EMIP-70")
async def test_each_question_has_a_session_id_of_its_own(here):
    here.emsp.answers[ASKED] = {"authorisationValue": 2, "requestStatus": 1}
    first, second = await here.ask(), await here.ask()
    assert first.fields["serviceSessionId"] != second.fields["serviceSessionId"]


async def test_a_session_without_a_name_of_the_cpos_has_ours(here):
    here.emsp.answers[ASKED] = yes()
    answer = await here.ask(session=None)
    stored = await here.node.hub.session(answer.fields["serviceSessionId"])
    assert stored.body.id == answer.fields["serviceSessionId"]


@pytest.mark.statement("EMIP-75")
async def test_a_card_is_written_padded_and_in_upper_case(here):
    await listed(here.node, uid="04A1B2C3")
    here.emsp.answers[ASKED] = yes()

    answer = await here.ask(card="4a1b2c3")

    assert answer.fields["authorisationValue"] == "1"
    assert services(here.emsp) == ["1"]  # it was found among those stated
    assert here.emsp.asked[-1].fields["userId"] == "04A1B2C3"


@pytest.mark.parametrize(
    "missing", [Silence(), Fault(), Fault(http=400, soap="Sender"), Http(200, b"<a/>"), Http(404, b"")]
)
@pytest.mark.statement("EMIP-66", "EMIP-132")
async def test_no_answer_is_10210_where_the_white_list_has_no_say(tmp_path, missing):
    async with world(tmp_path, emsp={"asking": "sync_only"}) as here:
        await listed(here.node)
        here.emsp.answers[ASKED] = missing

        answer = await here.ask()

        assert (answer.fields["authorisationValue"], answer.status) == ("2", 10210)
        assert answer.fields["serviceSessionId"]


@pytest.mark.parametrize(
    "missing", [Silence(), Fault(), Fault(http=400, soap="Sender"), Http(200, b"<a/>"), Http(404, b"")]
)
@pytest.mark.statement("EMIP-66", "EMIP-132")
async def test_synchronous_first_goes_by_the_white_list_where_no_answer_comes(here, missing):
    await listed(here.node)
    here.emsp.answers[ASKED] = missing

    answer = await here.ask()

    assert (answer.fields["authorisationValue"], answer.status) == ("1", 1)


@pytest.mark.statement("EMIP-66")
async def test_synchronous_first_with_nothing_on_the_list_is_10210(here):
    here.emsp.answers[ASKED] = Silence()
    answer = await here.ask()
    assert (answer.fields["authorisationValue"], answer.status) == ("2", 10210)


@pytest.mark.statement("EMIP-67")
async def test_an_explicit_refusal_is_final_and_so_is_an_error(here):
    await listed(here.node)
    here.emsp.answers[ASKED] = [
        {"authorisationValue": 2, "requestStatus": 1},
        {"authorisationValue": 2, "requestStatus": 19000},
    ]

    refused, failed = await here.ask(), await here.ask()

    assert (refused.fields["authorisationValue"], refused.status) == ("2", 1)
    assert (failed.fields["authorisationValue"], failed.status) == ("2", 10210)


@pytest.mark.statement("EMIP-66")
async def test_asynchronous_only_never_asks(tmp_path):
    async with world(tmp_path, emsp={"asking": "async_only"}) as here:
        await listed(here.node)

        listed_one, other = await here.ask(), await here.ask(card="00000001", session="C01-S-2")

        assert listed_one.fields["authorisationValue"] == "1"
        assert other.fields["authorisationValue"] == "2"
        assert not here.emsp.asked


@pytest.mark.statement("EMIP-66")
async def test_asynchronous_first_asks_about_those_of_whom_nothing_is_stated(tmp_path):
    async with world(tmp_path, emsp={"asking": "async_first"}) as here:
        await listed(here.node)
        here.emsp.answers[ASKED] = yes()

        first = await here.ask()
        asked = len(here.emsp.asked)
        second = await here.ask(card="00000001", session="C01-S-2")

        assert (first.fields["authorisationValue"], asked) == ("1", 0)
        assert second.fields["authorisationValue"] == "1"
        assert services(here.emsp) == ["0", "1"]


@pytest.mark.parametrize(("asking", "value"), [("async_only", "2"), ("async_first", "1"), ("sync_first", "1")])
@pytest.mark.statement("EMIP-66", "EMIP-132")
async def test_a_white_list_says_nothing_of_a_service_that_it_does_not_name(tmp_path, asking, value):
    async with world(tmp_path, agreed=False, emsp={"asking": asking}) as here:
        await here.node.agree("FR*E01", "FR*C01", services=frozenset({"1", "7"}))
        await listed(here.node, services=("7",))
        here.emsp.answers[ASKED] = yes()

        charge, asked = await here.ask(), len(here.emsp.asked)
        here.emsp.answers[ASKED] = Silence(60)
        special = await here.ask(requestedServiceId=7, session="C01-S-2")

        assert (charge.fields["authorisationValue"], asked) == (value, 0 if asking == "async_only" else 1)
        assert special.fields["authorisationValue"] == "1"


@pytest.mark.statement("EMIP-43", "EMIP-41")
async def test_a_cpo_is_answered_even_when_the_emsp_hangs(here):
    here.emsp.answers[ASKED] = Silence(60)
    answer = await here.ask()
    assert answer.http == 200
    assert answer.status == 10210


@pytest.mark.parametrize("stated", ["4A1B2C3", "4a1b2c3", "04a1b2c3", "04A1B2C3"])
@pytest.mark.statement("EMIP-75")
async def test_a_card_is_known_however_it_was_stated(tmp_path, stated):
    async with world(tmp_path, emsp={"asking": "async_only"}) as here:
        await listed(here.node, uid=stated)
        answer = await here.ask(card="04A1B2C3")
        assert (answer.fields["authorisationValue"], answer.status) == ("1", 1)


@pytest.mark.statement("EMIP-24", "EMIP-21")
async def test_whatever_the_platform_asks_has_a_transaction_of_its_own(here):
    here.emsp.answers[ASKED] = yes()
    session = (await here.ask()).fields["serviceSessionId"]
    await here.start()
    await here.act(session)
    await here.report(session)
    await here.bring(session)
    await here.node.settled()
    given = [one.fields.get("transactionId") for one in (*here.emsp.asked, *here.cpo.asked)]
    assert len(given) >= 6
    assert all(given)
    assert len(set(given)) == len(given)
