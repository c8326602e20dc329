"""What is said of a charge live, what it is called, and what came with its permission."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from interroam.core.audit import LOCAL
from interroam.core.finding.dossier import Archive
from interroam.model.charges import CommandState, Outcome
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact, Origin, Verdict
from interroam.model.ids import Kind, authorization_key, command_key, session_key
from interroam.model.parties import PartnerState
from interroam.model.questions import Acknowledged, Act, Authorize, Done, Live, Report, StartSession, StopSession
from interroam.model.tokens import Allowed, Authorization, Limit
from tests.core.objects import CPO, EMSP, EMSP_PARTY, HUB_PARTY, agreement, evse, location, partner, session, token
from tests.core.roundabout import Inbox, Roundabout, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Follower(Inbox):
    """A partner that follows charges live."""

    def __init__(self) -> None:
        super().__init__()
        self.skips_offline = self.tries_next = True

    def takes(self, live: Live) -> bool:
        return True


START = StartSession(
    emsp=EMSP,
    token=token(),
    location_id="L1",
    evse_uid="1",
    reference="theirs",
    limits=(Limit("2", "5000", "Wh"),),
    interim=True,
    alias="A-1",
    parameter="p",
)


@pytest.fixture
async def core(tmp_path) -> AsyncIterator[Roundabout]:
    async with running(tmp_path, HUB_PARTY) as core:
        for name, party in (("cpo", "FR*CPO/CPO"), ("emsp", str(EMSP_PARTY)), ("other", "NL*MP2/EMSP")):
            await core.book.put_partner(partner(name, party))
            core.links[name] = Follower()
        await core.agree(agreement())
        await core.tell("cpo", Fact(location(), parts=(Fact(evse("1")),)))
        await core.tell("emsp", Fact(token()))
        yield core


async def charge(core: Roundabout, **fields) -> str:
    """Authorize a charge and let its CPO state the session, as it will be when it begins."""
    core.links["emsp"].answer = Authorization(allowed=Allowed.ALLOWED, emsp_reference="theirs")
    asked = Authorize(cpo=CPO, uid=token().uid, location_id="L1", cpo_session="cs-1")
    answer = await core.hub.authorize(Origin("cpo", correlation="corr"), asked)
    fields = {"status": "PENDING", "authorization_reference": answer.reference} | fields
    await core.tell("cpo", Fact(session("cs-1", when=core.clock.now(), **fields)))
    return answer.reference


def act(core: Roundabout, name: str, nature: str = "STOP", **fields) -> Act:
    return replace(Act(emsp=EMSP, session_id=name, nature=nature, id="a-1", at=core.clock.now()), **fields)


def report(core: Roundabout, name: str, nature: str, **fields) -> Report:
    return replace(Report(cpo=CPO, session_id=name, nature=nature, id="e-1", at=core.clock.now()), **fields)


async def refused(asking) -> Reason:
    with pytest.raises(Refused) as no:
        await asking
    return no.value.reason


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-91")
async def test_a_charge_is_found_by_each_of_its_three_names(core):
    reference = await charge(core)
    for name in (reference, "theirs", "CS-1"):
        assert (await core.hub.authorization(name)).reference == reference
        assert (await core.hub.session(name)).body.id == "cs-1"
        dossier = await Archive(core.store, core.book).dossier(LOCAL, name, core.clock.now())
        assert len(dossier.pieces) == 2
    assert await core.hub.authorization("cs-1", EMSP) is None
    assert await core.hub.session("nobody's") is None


async def test_a_name_that_comes_later_is_noted_once_and_nothing_else_of_a_permission_changes(core):
    await core.book.set_state("cpo", PartnerState.CONNECTED)
    core.links["cpo"].answer = Acknowledged(result="ACCEPTED")
    started = await core.hub.command(Origin("emsp"), START)
    named = await core.hub.identify(Origin("cpo"), started.reference, cpo_session="cs-9")
    assert named.cpo_session == "cs-9"
    assert (await core.hub.identify(Origin("cpo"), "cs-9", cpo_session="cs-10")).cpo_session == "cs-9"
    assert await core.hub.identify(Origin("cpo"), "nothing", cpo_session="x") is None
    kept = (await core.store.get(authorization_key(started.reference))).body
    assert (kept.cpo_session, kept.emsp_reference, kept.limits) == ("cs-9", "theirs", START.limits)


# -- start -------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-97")
async def test_a_start_takes_limits_along_and_keeps_them(core):
    core.links["cpo"].answer = Acknowledged(result="ACCEPTED", session_id="cs-7")
    answer = await core.hub.command(Origin("emsp"), START)
    asked = core.links["cpo"].asked[-1]
    assert (asked.limits, asked.interim, asked.alias, asked.parameter) == (START.limits, True, "A-1", "p")
    kept = (await core.store.get(authorization_key(answer.reference))).body
    assert (kept.limits, kept.interim, kept.alias, kept.parameter) == (START.limits, True, "A-1", "p")
    assert kept.cpo_session == "cs-7"
    assert (await core.hub.authorization("cs-7")).reference == asked.reference == answer.reference


async def test_a_start_that_is_final_has_its_outcome_at_once(core):
    core.links["cpo"].answer = Acknowledged(result="ACCEPTED", final=True)
    answer = await core.hub.command(Origin("emsp"), START)
    assert (await core.hub.outcome(answer.command, 0.5)).result == "ACCEPTED"
    core.links["cpo"].answer = Acknowledged(result="REJECTED", code="205", message="broken")
    answer = await core.hub.command(Origin("emsp"), START)
    assert (answer.result, answer.code) == ("REJECTED", "205")
    assert (await core.hub.outcome(answer.command, 0.5)).result == "REJECTED"


async def test_an_outcome_is_awaited_as_long_as_asked(core):
    core.links["cpo"].answer = Acknowledged(result="ACCEPTED")
    answer = await core.hub.command(Origin("emsp"), START)
    assert await core.hub.outcome(answer.command, 0.05) is None
    assert await core.hub.outcome("none", 0.05) is None
    waiting = asyncio.ensure_future(core.hub.outcome(answer.command, 5))
    await asyncio.sleep(0.02)
    await core.tell("cpo", Outcome(command=answer.command, result="FAILED", message="no", at=core.clock.now()))
    assert (await asyncio.wait_for(waiting, 1)).result == "FAILED"


async def test_a_start_is_not_put_to_a_second_partner_when_the_first_may_have_acted(core):
    second = core.links["second"] = Follower()
    await core.book.put_partner(partner("second", "FR*CPO/CPO"))
    second.answer = Acknowledged(result="ACCEPTED")
    core.links["cpo"].answer = Unavailable(Reason.TIMED_OUT, "silent", reached=True)
    with pytest.raises(Unavailable):
        await core.hub.command(Origin("emsp"), START)
    assert second.asked == []
    core.links["cpo"].answer = Unavailable(Reason.NOT_CONNECTED, "refused")
    assert (await core.hub.command(Origin("emsp"), START)).accepted


# -- acts --------------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-109", "EMIP-110", "EMIP-115")
@pytest.mark.parametrize("name", ["reference", "theirs"])
async def test_an_act_goes_to_the_cpo_under_the_cpos_name_and_with_an_id(core, name):
    reference = await charge(core)
    core.links["cpo"].answer = Done("a-1", "1")
    done = await core.hub.act(Origin("emsp"), act(core, reference if name == "reference" else name, "77", id=""))
    asked = core.links["cpo"].asked[-1]
    assert (asked.session_id, asked.cpo_session, asked.nature) == (reference, "cs-1", "77")
    assert asked.id
    assert done == Done("a-1", "1")


@pytest.mark.statement("EMIP-111", "EMIP-20")
async def test_only_a_party_of_a_charge_may_speak_of_it(core):
    reference = await charge(core)
    stranger = act(core, reference, emsp=partner("other", "NL*MP2/EMSP").parties[0].id)
    assert await refused(core.hub.act(Origin("other"), stranger)) is Reason.FOREIGN
    assert await refused(core.hub.act(Origin("other"), act(core, reference))) is Reason.FOREIGN
    assert await refused(core.hub.act(Origin("cpo"), act(core, reference, emsp=CPO))) is Reason.FOREIGN
    assert await refused(core.hub.report(Origin("emsp"), report(core, reference, "ENDED", cpo=EMSP))) is Reason.FOREIGN
    assert await refused(core.hub.act(Origin("emsp"), act(core, "nothing"))) is Reason.UNKNOWN_SESSION
    assert await refused(core.hub.report(Origin("cpo"), report(core, "no", "ENDED"))) is Reason.UNKNOWN_SESSION
    await core.book.remove_partner("cpo")
    assert await refused(core.hub.act(Origin("emsp"), act(core, reference))) is Reason.UNKNOWN_PARTY
    assert core.links["cpo"].asked == []


@pytest.mark.statement("EMIP-112")
async def test_trouble_with_the_other_side_is_told_as_it_is(core):
    reference = await charge(core)
    no = Refused(Reason.UNKNOWN_NATURE, "what?", code="10506")
    for trouble in (no, Unavailable(Reason.TIMED_OUT, "silent", reached=True)):
        core.links["cpo"].answer = trouble
        with pytest.raises(type(trouble)) as told:
            await core.hub.act(Origin("emsp"), act(core, reference))
        assert told.value is trouble


@pytest.fixture
def commanded(core) -> Roundabout:
    """A core whose CPO takes commands, and no acts."""
    core.links["cpo"] = Inbox()
    core.links["cpo"].answer = Acknowledged(result="ACCEPTED", within=30)
    return core


async def outcome_of_stop(core: Roundabout, result: str) -> None:
    await core.until(lambda: any(isinstance(one, StopSession) for one in core.links["cpo"].asked))
    stop = core.links["cpo"].asked[-1]
    assert (stop.session_id, stop.cpo) == ("cs-1", CPO)
    await core.tell("cpo", Outcome(command=stop.reply, result=result, message="so", at=core.clock.now()))


@pytest.mark.statement("EMIP-88")
@pytest.mark.parametrize("nature", ["STOP", "EMERGENCY_STOP"])
async def test_a_cpo_that_takes_commands_is_told_to_stop_and_its_outcome_is_the_answer(commanded, nature):
    core = commanded
    reference = await charge(core, status="ACTIVE")
    stopping = asyncio.ensure_future(core.hub.act(Origin("emsp"), act(core, reference, nature)))
    await outcome_of_stop(core, "ACCEPTED")
    assert (await stopping).id == "a-1"
    row = await core.store.get(command_key(core.links["cpo"].asked[-1].reply))
    assert row.body.state is CommandState.SETTLED
    stopping = asyncio.ensure_future(core.hub.act(Origin("emsp"), act(core, reference, nature)))
    core.links["cpo"].asked.clear()
    await outcome_of_stop(core, "FAILED")
    assert await refused(stopping) is Reason.REJECTED


async def test_a_cpo_that_takes_commands_can_be_told_to_stop_and_no_more(commanded):
    core = commanded
    reference = await charge(core, status="ACTIVE")
    assert await refused(core.hub.act(Origin("emsp"), act(core, reference, "SUSPEND"))) is Reason.UNKNOWN_NATURE
    for result, reason in (
        ("NOT_SUPPORTED", Reason.NOT_OFFERED),
        ("UNKNOWN_SESSION", Reason.UNKNOWN_SESSION),
        ("REJECTED", Reason.REJECTED),
    ):
        core.links["cpo"].answer = Acknowledged(result=result)
        assert await refused(core.hub.act(Origin("emsp"), act(core, reference))) is reason


# -- reports -----------------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-108", "EMIP-110")
async def test_a_report_goes_to_the_provider_under_its_own_name_and_moves_the_session(core):
    reference = await charge(core)
    core.links["emsp"].answer = Done("e-1")
    done = await core.hub.report(Origin("cpo"), report(core, reference, "STARTED", id="", caused_by="a-1"))
    asked = core.links["emsp"].asked[-1]
    assert (asked.session_id, asked.emsp_reference, asked.emsp) == (reference, "theirs", EMSP)
    assert asked.id
    assert (done, asked.caused_by) == (Done("e-1"), "a-1")
    kept = (await core.store.get(session_key(CPO, "cs-1"))).body
    assert (kept.status, kept.starts) == ("ACTIVE", asked.at)


async def test_a_session_goes_on_with_reports_and_never_back(core):
    reference = await charge(core)
    core.links["emsp"].answer = Done("e")
    statuses = []
    for nature in ("CHARGE_STARTED", "SUSPENDED", "STARTED", "CHARGE_ENDED", "99", "ENDED", "STARTED"):
        last = report(core, reference, nature)
        await core.hub.report(Origin("cpo"), last)
        statuses.append((await core.store.get(session_key(CPO, "cs-1"))).body.status)
    assert statuses == ["ACTIVE"] * 5 + ["COMPLETED"] * 2
    assert (await core.store.get(session_key(CPO, "cs-1"))).body.ends is not None


async def test_a_provider_that_takes_no_reports_is_told_of_the_session(core):
    core.links["emsp"] = Inbox()
    reference = await charge(core)
    await core.dispatch.start()
    await core.drained()
    asked = len(core.links["emsp"].asked)
    for nature in ("STARTED", "SUSPENDED", "ENDED"):
        assert (await core.hub.report(Origin("cpo"), report(core, reference, nature))).id == "e-1"
    await core.drained()
    told = [entry.fields for entry in core.links["emsp"].taken if entry.key.kind is Kind.SESSION and entry.fields]
    assert told == [{"status"}, {"status"}]
    assert len(core.links["emsp"].asked) == asked


async def test_a_report_that_comes_late_still_moves_a_session_that_waits(core):
    reference = await charge(core)
    core.links["emsp"].answer = Done("e")
    early = replace(report(core, reference, "STARTED"), at=core.clock.now().replace(year=2026, month=1))
    await core.hub.report(Origin("cpo"), early)
    row = await core.store.get(session_key(CPO, "cs-1"))
    assert row.body.status == "ACTIVE"
    assert row.body.last_updated > early.at
    late = await core.tell("cpo", Fact(replace(row.body, last_updated=early.at)))
    assert late.verdict in (Verdict.STALE, Verdict.UNCHANGED)
