"""Whom the platform asks about a user, and what it answers where nobody is to be asked (EMIP-68 to EMIP-70)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from interroam.core.hub import Deadlines
from interroam.model.agreements import selection
from interroam.model.ids import Party
from tests.protocols.emip.charging import ASKED, CARD, POOL, listed, place, world, yes
from tests.protocols.emip.nodes import LONG_AGO, partner_id
from tests.protocols.emip.partner import Partner, Silence

NO = {"authorisationValue": 2, "requestStatus": 1}


def asked(partner: Partner) -> list[str]:
    return [one.fields["requestedServiceId"] for one in partner.of("FromIOP_GetServiceAuthorisation")]


@pytest.mark.statement("EMIP-68", "EMIP-43")
async def test_nobody_waits_for_a_candidate_that_hangs(tmp_path):
    patient = Deadlines(partner=4.0, door=6.0, command=6.0)
    async with world(tmp_path, deadlines=patient) as here, Partner(partner_id("FR*E02"), "FR*E02") as slow:
        await here.node.emsp("FR*E02", url=slow.url)
        await here.node.agree("FR*E02", "FR*C01", id="0-first")
        slow.answers[ASKED] = Silence()
        here.emsp.answers[ASKED] = yes()

        began = time.monotonic()
        answer = await here.ask()

        assert answer.fields["salePartnerOperatorId"] == "FR*E01"
        assert time.monotonic() - began < 3.5
        assert asked(slow) == ["0"]


@pytest.mark.statement("EMIP-68", "EMIP-69")
async def test_only_emsps_in_contract_with_the_cpo_are_asked(here_and_another):
    here, other = here_and_another
    await here.node.cpo("FR*C02")
    await here.node.agree("FR*E02", "FR*C02")
    await here.node.agree("FR*E02", "FR*C01", id="over", ends=LONG_AGO + timedelta(days=1))
    here.emsp.answers[ASKED] = NO

    answer = await here.ask()

    assert (answer.fields["authorisationValue"], answer.status) == ("2", 203)
    assert (asked(here.emsp), asked(other)) == (["0"], [])


@pytest.mark.statement("EMIP-130", "EMIP-69")
async def test_where_nobody_roams_with_a_cpo_any_user_is_202(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        for _ in range(2):
            answer = await here.ask(card="00000001")
            assert (answer.fields["authorisationValue"], answer.status) == ("2", 202)
            await here.node.agree("FR*E01", "FR*C01", services=frozenset({"7"}))  # nor has anybody this service
        assert not here.emsp.asked


@pytest.mark.statement("EMIP-68", "EMIP-130")
async def test_only_emsps_with_the_service_are_asked_and_all_of_them_at_the_same_time(here_and_another):
    here, other = here_and_another
    async with Partner(partner_id("FR*E03"), "FR*E03") as third:
        await here.node.emsp("FR*E03", url=third.url)
        seven = frozenset({"1", "7"})
        await here.node.agree("FR*E02", "FR*C01", services=seven)
        await here.node.agree("FR*E03", "FR*C01", services=seven)
        other.answers[ASKED] = Silence()
        third.answers[ASKED] = yes()

        answer = await here.ask(requestedServiceId=7)

        assert (answer.fields["authorisationValue"], answer.fields.get("salePartnerOperatorId")) == ("1", "FR*E03")
        assert (asked(here.emsp), asked(other), asked(third)) == ([], ["0"], ["0", "7"])


@pytest.mark.statement("EMIP-68", "EMIP-130")
async def test_the_white_list_says_whose_a_user_is_also_where_services_differ(here_and_another):
    here, other = here_and_another
    await here.node.agree("FR*E02", "FR*C01", id="0-first", services=frozenset({"7"}))
    await here.node.agree("FR*E01", "FR*C01", id="seven", services=frozenset({"7"}))
    await listed(here.node)
    here.emsp.answers[ASKED] = yes()

    answer = await here.ask(requestedServiceId=7)

    assert (answer.fields["authorisationValue"], answer.fields.get("salePartnerOperatorId")) == ("1", "FR*E01")
    assert (asked(here.emsp), asked(other)) == (["7"], [])


@pytest.mark.statement("EMIP-69", "EMIP-130")
async def test_a_user_whose_emsp_has_the_service_elsewhere_only_is_202(here_and_another):
    here, other = here_and_another
    await here.node.agree("FR*E02", "FR*C01", services=frozenset({"7"}))
    await listed(here.node)

    answer = await here.ask(requestedServiceId=7)

    assert (answer.fields["authorisationValue"], answer.status) == ("2", 202)
    assert (asked(here.emsp), asked(other)) == ([], [])


@pytest.mark.statement("EMIP-130")
async def test_outside_an_agreement_s_pools_a_white_list_lets_nobody_charge(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        other = "FR*C01*E0042*2"
        await place(here.node, "fr-c01", pool="FR*C01*P0043", evse=other)
        await here.node.agree("FR*E01", "FR*C01", selections=(selection(locations=[POOL]),))
        await listed(here.node)

        inside = await here.bring("C01-own-1", execPartnerSessionId="C01-own-1")
        outside = await here.bring("C01-own-2", execPartnerSessionId="C01-own-2", EVSEId=other)

        assert (inside.status, outside.status) == (1, 10501)


@pytest.mark.statement("EMIP-130", "EMIP-69")
async def test_where_another_emsp_may_be_asked_a_user_of_one_that_has_no_such_pool_is_202(tmp_path):
    async with world(tmp_path, agreed=False) as here:
        elsewhere = (selection(locations=["FR*C01*P0043"]),)
        await here.node.emsp("FR*E02")
        await here.node.agree("FR*E02", "FR*C01")
        await here.node.agree("FR*E01", "FR*C01", selections=elsewhere)
        await listed(here.node)
        here.emsp.answers[ASKED] = yes()

        answer = await here.ask()

        assert (answer.fields["authorisationValue"], answer.status) == ("2", 202)
        assert asked(here.emsp) == []


@pytest.mark.statement("EMIP-70")
async def test_what_is_refused_at_the_door_has_a_session_id_as_well(tmp_path):
    async with world(tmp_path) as here:
        await here.node.change("fr-c01", switches={"services": "-ToIOP_GetServiceAuthorisation"})
        await here.node.change("fr-e01", switches={"services": "-ToIOP_SetServiceAuthorisation"})
        answers = [await here.ask(), await here.start(), await here.ask()]
        assert [one.status for one in answers] == [19007] * 3
        given = {one.fields["serviceSessionId"] for one in answers}
        assert len(given) == 3
        assert "" not in given


@pytest.mark.parametrize("off", ["-FromIOP_GetServiceAuthorisation", "-FR*E01:FromIOP_GetServiceAuthorisation"])
@pytest.mark.statement("EMIP-122", "EMIP-66")
async def test_an_emsp_for_which_the_question_is_off_is_never_asked(tmp_path, off):
    async with world(tmp_path, emsp={"services": off}) as here:
        await listed(here.node)

        known, unknown = await here.ask(), await here.ask(card="00000001", session="C01-S-2")

        assert (known.fields["authorisationValue"], known.status) == ("1", 1)
        assert (unknown.fields["authorisationValue"], unknown.status) == ("2", 203)
        assert not here.emsp.asked


@pytest.mark.statement("EMIP-132", "EMIP-79")
@pytest.mark.parametrize(("mode", "value", "count"), [("async_first", "1", 1), ("async_only", "2", 0)])
async def test_an_entry_past_its_date_is_none(tmp_path, mode, value, count):
    async with world(tmp_path, emsp={"asking": mode}) as here:
        await listed(here.node, expires=LONG_AGO)
        here.emsp.answers[ASKED] = yes()

        answer = await here.ask()

        assert answer.fields["authorisationValue"] == value
        assert len(asked(here.emsp)) == count


@pytest.mark.statement("EMIP-132", "EMIP-79")
async def test_an_entry_past_its_date_does_not_stand_in_for_a_missing_answer(tmp_path):
    async with world(tmp_path) as here:
        await listed(here.node, expires=LONG_AGO)
        here.emsp.answers[ASKED] = Silence()
        answer = await here.ask()
        assert (answer.fields["authorisationValue"], answer.status) == ("2", 10210)


@pytest.mark.statement("EMIP-66")
async def test_two_emsps_behind_one_partner_are_asked_in_ways_of_their_own(tmp_path):
    asking = "async_only fr-e02:sync_first"
    async with world(tmp_path, agreed=False, emsp={"asking": asking}) as here:
        await here.node.change("fr-e01", parties=(Party.parse("FR*E01/EMSP"), Party.parse("FR*E02/EMSP")))
        for emsp in ("FR*E01", "FR*E02"):
            await here.node.agree(emsp, "FR*C01")
        await listed(here.node)
        await listed(here.node, "00000002", owner="FR*E02")
        here.emsp.answers[ASKED] = {"authorisationValue": 2, "requestStatus": 1}

        by_list, by_answer = await here.ask(), await here.ask(card="00000002", session="C01-S-2")
        somebody = await here.ask(card="00000003", session="C01-S-3")

        assert [one.fields["authorisationValue"] for one in (by_list, by_answer, somebody)] == ["1", "2", "2"]
        assert {one.fields["targetOperatorId"] for one in here.emsp.of("FromIOP_GetServiceAuthorisation")} == {"FR*E02"}


@pytest.mark.statement("EMIP-66")
@pytest.mark.parametrize(
    ("mode", "known", "unknown"), [("sync_only", ("2", 10210), ("2", 10210)), ("sync_first", ("1", 1), ("2", 203))]
)
async def test_where_an_emsp_has_no_address_its_list_decides_unless_only_its_answer_counts(
    tmp_path, mode, known, unknown
):
    async with world(tmp_path) as here:
        await here.node.emsp("FR*E01", asking=mode)  # it has no address any more
        await listed(here.node)
        for card, told in ((CARD, known), ("00000001", unknown)):
            answer = await here.ask(card=card, session=f"C01-{card}")
            assert (answer.fields["authorisationValue"], answer.status) == told


@pytest.mark.statement("EMIP-66", "EMIP-122")
@pytest.mark.parametrize("whose", ["", "FR*E01:"])
async def test_of_an_emsp_that_serves_no_question_the_list_alone_says_all(tmp_path, whose):
    async with world(tmp_path, emsp={"services": f"-{whose}FromIOP_GetServiceAuthorisation"}) as here:
        for mode in ("sync_only", "sync_first", "async_first"):
            await here.node.change("fr-e01", switches={"asking": mode})
            await listed(here.node)
            known, unknown = await here.ask(), await here.ask(card="00000001", session="C01-S-2")
            assert (known.fields["authorisationValue"], known.status) == ("1", 1)
            assert (unknown.fields["authorisationValue"], unknown.status) == ("2", 203)
        assert not here.emsp.asked


@pytest.fixture
async def here_and_another(tmp_path):
    async with world(tmp_path) as here, Partner(partner_id("FR*E02"), "FR*E02") as other:
        await here.node.emsp("FR*E02", url=other.url)
        yield here, other
