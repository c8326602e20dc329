"""Questions: who is asked, what is durable before the answer, and what a refusal says."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from interroam.model.agreements import Terms
from interroam.model.charges import CommandState, Outcome
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import SELF, Fact, Verdict
from interroam.model.ids import Kind, Module, PartyId, authorization_key, command_key, session_key
from interroam.model.places import Availability
from interroam.model.questions import Acknowledged, StartSession, StopSession
from interroam.model.tokens import Allowed, Authorization
from tests.core.asking.hubs import ASKS, OTHER, hub_with, origin
from tests.core.objects import (
    CPO,
    EMSP,
    EMSP_PARTY,
    HUB_PARTY,
    agreement,
    at,
    evse,
    location,
    partner,
    session,
    token,
)
from tests.core.roundabout import Inbox, Roundabout, running

# -- authorize ---------------------------------------------------------------------------------------------------------


@pytest.mark.statement("OCPI-101")
async def test_a_yes_carries_the_hubs_reference_and_is_durable_before_it_is_given(hub):
    core, _ = hub
    answer = await core.hub.authorize(origin(), ASKS)
    assert answer.allowed is Allowed.ALLOWED
    assert answer.token == token()
    assert answer.reference not in ("", "theirs")
    kept = await core.store.get(authorization_key(answer.reference))
    assert kept.body.emsp_reference == "theirs"
    assert kept.body.agreement == agreement().id
    assert kept.receiver == EMSP_PARTY


@pytest.mark.statement("OCPI-99")
async def test_exactly_one_evse_goes_on_to_the_provider(hub):
    core, inboxes = hub
    asked = inboxes["DE*MSP"].asked
    await core.hub.authorize(origin(), ASKS)
    assert asked[-1].evse_uids == ("2",)  # the first that reads cards
    await core.hub.authorize(origin(), replace(ASKS, evse_uids=("1", "2")))
    assert asked[-1].evse_uids == ("1",)


async def test_an_evse_that_is_gone_is_not_picked(hub):
    core, _ = hub
    gone = evse("1", when=at(9))
    status = replace(gone.status, word="REMOVED", availability=Availability.REMOVED)
    await core.tell("cpo", Fact(replace(gone, status=status)))
    with pytest.raises(Refused) as no:
        await core.hub.authorize(origin(), replace(ASKS, evse_uids=("1",)))
    assert no.value.reason is Reason.UNKNOWN_LOCATION


@pytest.mark.statement("OCPI-98")
async def test_a_question_without_a_place_or_with_an_unknown_one_is_refused(hub):
    core, inboxes = hub
    for asked, reason in (
        (replace(ASKS, location_id=None), Reason.INCOMPLETE),
        (replace(ASKS, location_id="nowhere"), Reason.UNKNOWN_LOCATION),
    ):
        with pytest.raises(Refused) as no:
            await core.hub.authorize(origin(), asked)
        assert no.value.reason is reason
    assert inboxes["DE*MSP"].asked == []


@pytest.mark.statement("OCPI-42")
async def test_a_card_without_agreement_is_refused_and_told_why(hub):
    core, inboxes = hub
    await core.agree(agreement(ends=core.clock.now()))
    answer = await core.hub.authorize(origin(), ASKS)
    assert answer.allowed is Allowed.NOT_ALLOWED
    assert "FR*CPO" in answer.info
    assert "DE*MSP" in answer.info
    assert inboxes["DE*MSP"].asked == []


async def test_a_no_is_an_answer_and_leaves_no_authorization(hub):
    core, inboxes = hub
    inboxes["DE*MSP"].answer = Authorization(allowed=Allowed.BLOCKED, info="lost card")
    answer = await core.hub.authorize(origin(), ASKS)
    assert answer.allowed is Allowed.BLOCKED
    assert answer.info == "lost card"
    assert (await core.store.counts()).get("authorization", 0) == 0


async def test_a_provider_that_does_not_answer_is_a_time_out_and_nothing_is_queued(hub):
    core, inboxes = hub
    inboxes["DE*MSP"].answer = None
    with pytest.raises(Unavailable) as later:
        await core.hub.authorize(origin(), ASKS)
    assert later.value.reached
    assert all(entry.key.kind is Kind.LOCATION for entry in inboxes["DE*MSP"].taken)


async def test_an_unknown_card_is_asked_around_and_the_first_who_knows_it_wins(tmp_path):
    core, inboxes = await hub_with(tmp_path, "DE*MSP", "NL*MP2", "BE*MP3")
    inboxes["DE*MSP"].answer = Refused(Reason.UNKNOWN_TOKEN, "no")
    inboxes["NL*MP2"].answer = Authorization(allowed=Allowed.ALLOWED, token=token(owner=OTHER))
    inboxes["BE*MP3"].delay = 5.0
    answer = await core.hub.authorize(origin(), ASKS)
    assert answer.emsp == OTHER
    assert (await core.hub.authorization(answer.reference)).receiver.id == OTHER
    await core.dispatch.stop()
    await core.store.close()


async def test_a_card_nobody_knows_is_unknown_and_a_silent_provider_is_not_taken_for_a_no(tmp_path):
    core, inboxes = await hub_with(tmp_path, "DE*MSP", "NL*MP2")
    for inbox in inboxes.values():
        inbox.answer = Refused(Reason.UNKNOWN_TOKEN, "no")
    with pytest.raises(Refused) as no:
        await core.hub.authorize(origin(), ASKS)
    assert no.value.reason is Reason.UNKNOWN_TOKEN
    inboxes["NL*MP2"].answer = None
    with pytest.raises(Unavailable):
        await core.hub.authorize(origin(), ASKS)
    await core.dispatch.stop()
    await core.store.close()


async def test_a_partner_may_not_ask_for_another_cpo(hub):
    core, _ = hub
    with pytest.raises(Refused) as no:
        await core.hub.authorize(origin(), replace(ASKS, cpo=PartyId.of("FR", "OTH")))
    assert no.value.reason is Reason.FORBIDDEN


# -- commands ----------------------------------------------------------------------------------------------------------

START = StartSession(emsp=EMSP, token=token(), location_id="L1", evse_uid="1", reference="theirs", reply="https://back")


async def pending(core: Roundabout, inboxes: dict[str, Inbox], within: int = 30) -> str:
    inboxes["cpo"].answer = Acknowledged(result="ACCEPTED", within=within)
    acknowledged = await core.hub.command(origin("DE*MSP"), START)
    assert acknowledged.accepted
    return inboxes["cpo"].asked[-1].reply


async def test_a_start_is_pending_and_its_permission_durable_when_it_is_acknowledged(hub):
    core, inboxes = hub
    command = await pending(core, inboxes)
    asked = inboxes["cpo"].asked[-1]
    assert asked.reference != "theirs"
    kept = (await core.store.get(command_key(command))).body
    assert kept.state is CommandState.PENDING
    assert kept.reply == "https://back"
    permission = (await core.store.get(authorization_key(asked.reference))).body
    assert permission.emsp_reference == "theirs"
    assert permission.cpo == CPO


async def test_the_outcome_reaches_the_asker_once(hub):
    core, inboxes = hub
    command = await pending(core, inboxes)
    outcome = Outcome(command=command, result="ACCEPTED", at=core.clock.now())
    assert (await core.tell("cpo", outcome)).verdict is Verdict.RECORDED
    assert (await core.tell("cpo", replace(outcome, result="FAILED"))).verdict is Verdict.STALE
    await core.drained()
    told = [entry for entry in inboxes["DE*MSP"].taken if entry.key.kind is Kind.COMMAND]
    assert [entry.fields for entry in told] == [{"state", "result"}]
    assert (await core.store.get(command_key(command))).body.result == "ACCEPTED"


@pytest.mark.statement("OCPI-115")
async def test_a_command_without_result_times_out_once_and_a_late_result_is_not_relayed(hub):
    core, inboxes = hub
    command = await pending(core, inboxes, within=1)
    assert await core.hub.sweep() == 0
    core.clock.forward(seconds=1.1)
    assert await core.hub.sweep() == 1
    assert await core.hub.sweep() == 0
    late = await core.tell("cpo", Outcome(command=command, result="ACCEPTED", at=core.clock.now()))
    assert late.verdict is Verdict.STALE
    await core.drained()
    assert (await core.store.get(command_key(command))).body.result == "TIMEOUT"
    assert len([entry for entry in inboxes["DE*MSP"].taken if entry.key.kind is Kind.COMMAND]) == 1


@pytest.mark.statement("OCPI-115")
async def test_a_cpo_that_names_no_time_has_the_configured_one(hub):
    core, inboxes = hub
    await pending(core, inboxes, within=0)
    assert await core.hub.sweep() == 0
    core.clock.forward(seconds=core.hub.deadlines.command - 1)
    assert await core.hub.sweep() == 0
    core.clock.forward(seconds=1.1)
    assert await core.hub.sweep() == 1


async def test_a_result_that_comes_after_a_restart_finds_its_command(tmp_path):
    core, inboxes = await hub_with(tmp_path)
    command = await pending(core, inboxes)
    await core.dispatch.stop()
    await core.store.close()
    async with running(tmp_path, HUB_PARTY) as again:
        again.links |= {"cpo": Inbox(), "DE*MSP": Inbox()}
        await again.dispatch.start()
        await again.tell("cpo", Outcome(command=command, result="ACCEPTED", at=again.clock.now()))
        await again.drained()
        assert Kind.COMMAND in [entry.key.kind for entry in again.links["DE*MSP"].taken]


async def test_only_the_target_may_say_what_became_of_a_command(hub):
    core, inboxes = hub
    command = await pending(core, inboxes)
    with pytest.raises(Refused) as no:
        await core.tell("DE*MSP", Outcome(command=command, result="ACCEPTED", at=core.clock.now()))
    assert no.value.reason is Reason.FOREIGN
    with pytest.raises(Refused):
        await core.tell(SELF, Outcome(command="never", result="ACCEPTED", at=core.clock.now()))


@pytest.mark.statement("OCPI-119")
async def test_a_provider_starts_with_its_own_tokens_only(hub):
    core, inboxes = hub
    with pytest.raises(Refused):
        await core.hub.command(origin("DE*MSP"), replace(START, token=token(owner=OTHER)))
    with pytest.raises(Refused):
        await core.hub.command(origin("DE*MSP"), replace(START, emsp=OTHER, token=token(owner=OTHER)))
    assert inboxes["cpo"].asked == []


async def test_a_start_without_agreement_is_rejected_with_the_reason(hub):
    core, inboxes = hub
    await core.agree(agreement(terms={Module.COMMANDS: Terms(on=False)}))
    answer = await core.hub.command(origin("DE*MSP"), START)
    assert answer.result == "REJECTED"
    assert "commands" in answer.message
    assert inboxes["cpo"].asked == []


async def test_two_cpos_with_the_same_location_id_are_told_apart_by_address(hub):
    core, inboxes = hub
    twin = PartyId.of("FR", "TWN")
    inboxes["twin"] = await core.admit(partner("twin", "FR*TWN/CPO"))
    await core.agree(agreement(cpos=("FR*TWN/CPO",)))
    await core.tell("twin", Fact(location(owner=twin), parts=(Fact(evse(owner=twin)),)))
    with pytest.raises(Refused) as no:
        await core.hub.command(origin("DE*MSP"), START)
    assert no.value.reason is Reason.AMBIGUOUS
    inboxes["twin"].answer = Acknowledged(result="ACCEPTED")
    assert (await core.hub.command(origin("DE*MSP"), replace(START, cpo=twin))).accepted
    assert inboxes["cpo"].asked == []
    await core.tell("twin", Fact(evse(owner=twin, uid="T9")))
    assert (await core.hub.command(origin("DE*MSP"), replace(START, evse_uid="T9"))).accepted  # one of them has it (C3)
    assert [one.cpo for one in inboxes["twin"].asked] == [twin, twin]


async def test_a_cpo_that_does_not_answer_leaves_no_pending_command(hub):
    core, inboxes = hub
    with pytest.raises(Unavailable):
        await core.hub.command(origin("DE*MSP"), START)
    core.clock.forward(seconds=200)
    assert await core.hub.sweep() == 0
    await core.drained()
    assert inboxes["cpo"].asked != []
    assert not [entry for entry in inboxes["DE*MSP"].taken if entry.key.kind is Kind.COMMAND]


@pytest.mark.statement("OCPI-121")
async def test_a_stop_goes_to_the_cpo_under_its_own_session_id(hub):
    core, inboxes = hub
    receipt = await core.tell("cpo", Fact(session()))
    inboxes["cpo"].answer = Acknowledged(result="ACCEPTED", within=5)
    stop = StopSession(emsp=EMSP, session_id=receipt.hub_id, reply="https://back")
    assert (await core.hub.command(origin("DE*MSP"), stop)).accepted
    assert inboxes["cpo"].asked[-1].session_id == "S1"
    assert (await core.hub.command(origin("DE*MSP"), replace(stop, session_id="none"))).result == "UNKNOWN_SESSION"
    other = await core.admit(partner("other", "NL*MP2/EMSP"))
    answer = await core.hub.command(origin("other"), replace(stop, emsp=OTHER))
    assert answer.result == "REJECTED"
    assert other.asked == []


async def test_a_session_that_is_over_is_not_stopped_again(hub):
    core, inboxes = hub
    receipt = await core.tell("cpo", Fact(session(status="COMPLETED")))
    stop = StopSession(emsp=EMSP, session_id=receipt.hub_id)
    assert (await core.hub.command(origin("DE*MSP"), stop)).result == "REJECTED"
    assert inboxes["cpo"].asked == []
    kept = (await core.store.get(session_key(CPO, "S1"))).body
    assert replace(kept, site=None) == session(status="COMPLETED")


async def test_many_questions_at_once_each_get_their_own_answer(hub):
    core, _ = hub
    answers = await asyncio.gather(*(core.hub.authorize(origin(), ASKS) for _ in range(50)))
    assert len({answer.reference for answer in answers}) == 50
