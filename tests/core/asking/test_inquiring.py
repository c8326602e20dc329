"""When a provider is asked about a token, what holds when it does not answer, and how it is found at all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from interroam.core.asking.putting import put
from interroam.core.hub import Deadlines
from interroam.core.manners import Asking
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Party, PartyId, Role, authorization_key, provider_of
from interroam.model.parties import PartnerState
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization, Limit, Whitelist
from tests.core.objects import CPO, EMSP, EMSP_PARTY, HUB_PARTY, agreement, evse, location, partner, token
from tests.core.roundabout import Inbox, Roundabout, running

ASKS = Authorize(cpo=CPO, uid="1A2B3C4D", location_id="L1", evse_uids=("1",))
YES = Authorization(allowed=Allowed.ALLOWED, emsp_reference="theirs")
NO = Authorization(allowed=Allowed.NOT_ALLOWED)
MISSING = Unavailable(Reason.BAD_ANSWER, "a fault", reached=True)
SILENT = Unavailable(Reason.TIMED_OUT, "silent", reached=True)
OTHER = PartyId.of("NL", "MP2")


class Eager(Inbox):
    """A partner whose providers are asked in a way of their own."""

    def __init__(self, asking: Asking = Asking.SYNC_ONLY) -> None:
        super().__init__()
        self.wants = asking
        self.skips_offline = True
        self.tries_next = True

    def asking(self, _provider: PartyId) -> Asking:
        return self.wants


@pytest.fixture
async def core(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        await core.tell("cpo", Fact(location(), parts=(Fact(evse("1")),)))
        yield core


async def admit(core: Roundabout, name: str, *parties: str, asking: Asking = Asking.SYNC_ONLY) -> Eager:
    await core.book.put_partner(partner(name, *parties))
    core.links[name] = Eager(asking)
    for party in parties:
        await core.agree(agreement(emsp=party))
    return core.links[name]


async def asked(core: Roundabout, question: Authorize = ASKS) -> str:
    try:
        return (await core.hub.authorize(Origin("cpo", correlation="c"), question)).allowed.value
    except Unavailable:
        return "nothing"
    except Refused as no:
        return no.reason.value


async def stated(core: Roundabout, how: str) -> None:
    """Let the provider state the token: as white, black, out of time, or not at all."""
    if how != "absent":
        ends = core.clock.now() - timedelta(seconds=1) if how == "expired" else None
        said = token(valid=how != "black", expires=ends, whitelist=Whitelist.ALLOWED)
        await core.tell("emsp", Fact(said))


SYNC, FIRST, LISTED, LIST_FIRST = Asking.SYNC_ONLY, Asking.SYNC_FIRST, Asking.ASYNC_ONLY, Asking.ASYNC_FIRST


@pytest.mark.statement("EMIP-66", "EMIP-67", "EMIP-132")
@pytest.mark.parametrize(
    ("asking", "how", "answers", "expected", "times"),
    [
        (SYNC, "white", YES, "ALLOWED", 1),
        (SYNC, "white", NO, "NOT_ALLOWED", 1),
        (SYNC, "white", SILENT, "nothing", 1),
        (SYNC, "absent", YES, "ALLOWED", 1),
        (FIRST, "white", YES, "ALLOWED", 1),
        (FIRST, "black", YES, "ALLOWED", 1),
        (FIRST, "white", NO, "NOT_ALLOWED", 1),
        (FIRST, "white", SILENT, "ALLOWED", 1),
        (FIRST, "white", MISSING, "ALLOWED", 1),
        (FIRST, "black", SILENT, "BLOCKED", 1),
        (FIRST, "expired", SILENT, "nothing", 1),
        (FIRST, "absent", SILENT, "nothing", 1),
        (LISTED, "white", NO, "ALLOWED", 0),
        (LISTED, "black", YES, "BLOCKED", 0),
        (LISTED, "expired", YES, "EXPIRED", 0),
        (LISTED, "absent", YES, "unknown_token", 0),
        (LIST_FIRST, "white", NO, "ALLOWED", 0),
        (LIST_FIRST, "black", YES, "BLOCKED", 0),
        (LIST_FIRST, "expired", YES, "ALLOWED", 1),
        (LIST_FIRST, "expired", SILENT, "nothing", 1),
        (LIST_FIRST, "absent", NO, "NOT_ALLOWED", 1),
    ],
)
async def test_the_way_of_asking_decides(core, asking, how, answers, expected, times):
    emsp = await admit(core, "emsp", str(EMSP_PARTY), asking=asking)
    await stated(core, how)
    emsp.answer = answers
    assert (await asked(core), len(emsp.asked)) == (expected, times)


@pytest.mark.parametrize(
    ("asking", "answers", "listed"),
    [(SYNC, YES, False), (FIRST, YES, False), (FIRST, SILENT, True), (LISTED, NO, True)],
)
async def test_a_permission_says_whether_a_list_gave_it(core, asking, answers, listed):
    emsp = await admit(core, "emsp", str(EMSP_PARTY), asking=asking)
    await stated(core, "white")
    emsp.answer = answers
    given = await core.hub.authorize(Origin("cpo", correlation="c"), ASKS)
    assert (given.allowed, given.listed) == (Allowed.ALLOWED, listed)


@pytest.mark.statement("EMIP-79")
async def test_an_entry_past_its_end_allows_nobody_and_one_without_end_goes_on(core):
    await admit(core, "emsp", str(EMSP_PARTY), asking=LISTED)
    await core.tell("emsp", Fact(token(expires=core.clock.now() + timedelta(seconds=3))))
    assert await asked(core) == "ALLOWED"
    core.clock.forward(seconds=4)
    assert await asked(core) == "EXPIRED"
    await core.tell("emsp", Fact(token(when=core.clock.now())))
    core.clock.forward(seconds=60)
    assert await asked(core) == "ALLOWED"


async def test_a_partner_that_answers_no_questions_is_served_from_its_list(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY), asking=SYNC)
    emsp.answers = False
    await stated(core, "white")
    assert (await asked(core), emsp.asked) == ("ALLOWED", [])


# -- whose token it is -------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-68")
async def test_a_provider_is_found_by_what_was_stated_then_by_the_contract_then_by_asking(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY))
    other = await admit(core, "other", "NL*MP2/EMSP")
    emsp.answer = other.answer = Refused(Reason.UNKNOWN_TOKEN, "no")
    contract = replace(ASKS, uid="NL-MP2-C12345678-X", type="OTHER", type_word="eMA")
    other.answer = YES
    answer = await core.hub.authorize(Origin("cpo"), contract)
    assert (answer.emsp, answer.token.uid) == (OTHER, contract.uid)
    assert (len(emsp.asked), [one.known for one in other.asked]) == (0, [True])
    await core.tell("emsp", Fact(token(contract.uid, type="OTHER")))
    emsp.answer = YES
    assert (await core.hub.authorize(Origin("cpo"), contract)).emsp == EMSP
    assert (emsp.asked[-1].known, len(other.asked)) == (True, 1)
    emsp.delay = other.delay = 0.1
    emsp.answer = Refused(Reason.UNKNOWN_TOKEN, "no")
    assert (await core.hub.authorize(Origin("cpo"), replace(ASKS, uid="04A1B2C3"))).emsp == OTHER
    assert (emsp.asked[-1].known, other.asked[-1].known) == (False, False)


@pytest.mark.statement("EMIP-69")
async def test_a_contract_of_a_provider_without_agreement_is_refused_and_nobody_is_asked(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY))
    await core.admit(partner("other", "NL*MP2/EMSP"))
    answer = await core.hub.authorize(Origin("cpo"), replace(ASKS, uid="NLMP2C12345678", type="OTHER", reference="R"))
    assert (answer.allowed, answer.why, answer.emsp) == (Allowed.NOT_ALLOWED, Reason.NO_AGREEMENT, OTHER)
    assert (answer.reference, emsp.asked) == ("R", [])
    emsp.answer = Refused(Reason.UNKNOWN_TOKEN, "no")
    assert await asked(core, replace(ASKS, uid="BEXYZC12345678", type="OTHER")) == "unknown_token"


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("FR-EMP-C12345678-X", "FR*EMP"),
        ("fr-emp-C12345678", "FR*EMP"),
        ("FREMPC12345678", "FR*EMP"),
        ("FR*EMP*123456*7", "FR*EMP"),
        ("FREMP123456", "FR*EMP"),
        ("FR-EMP-12345678", None),
        ("FREMPC1234567", None),
        ("04A1B2C3", None),
        ("driver@example.com", None),
    ],
)
def test_a_contract_names_its_provider(text, provider):
    assert provider_of(text) == (PartyId.parse(provider) if provider else None)


# -- what a yes keeps --------------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-70", "EMIP-97", "EMIP-118")
async def test_a_yes_keeps_what_came_with_it_and_names_no_contract_beside_an_alias(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY))
    await stated(core, "white")
    limits = (Limit("2", "10000.50", "Wh"), Limit("99", "1", "x"))
    emsp.answer = replace(YES, limits=limits, interim=True, alias="A-1", parameter="IOP={}")
    answer = await core.hub.authorize(Origin("cpo"), replace(ASKS, reference="R1", cpo_session="C1", service="1"))
    assert emsp.asked[-1].reference == answer.reference == "R1"
    kept = (await core.store.get(authorization_key("R1"))).body
    assert kept == answer
    assert (kept.limits, kept.interim, kept.alias, kept.parameter) == (limits, True, "A-1", "IOP={}")
    assert (kept.cpo_session, kept.emsp_reference, kept.token.contract_id) == ("C1", "theirs", "A-1")
    emsp.answer = replace(NO, emsp_reference="theirs")
    assert (await core.hub.authorize(Origin("cpo"), replace(ASKS, reference="R2"))).reference == "R2"


async def test_a_yes_for_a_token_nobody_described_is_durable_all_the_same(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY))
    emsp.answer = YES
    answer = await core.hub.authorize(Origin("cpo"), ASKS)
    kept = (await core.store.get(authorization_key(answer.reference))).body
    assert (kept.emsp, kept.token.uid, kept.receiver) == (EMSP, ASKS.uid, EMSP_PARTY)


@pytest.mark.statement("EMIP-90")
async def test_a_provider_asked_by_a_hub_names_the_charge_itself_and_keeps_the_hubs_name(tmp_path):
    async with running(tmp_path) as node:
        await node.admit(partner("office", str(EMSP_PARTY)))
        await node.admit(partner("hub", str(HUB_PARTY)))
        await node.agree(agreement(cpos=(str(HUB_PARTY),)))
        await node.tell("office", Fact(token()))
        node.links["office"].answer = Authorization(allowed=Allowed.ALLOWED)
        answer = await node.hub.authorize(Origin("hub"), replace(ASKS, reference="S1"))
        assert answer.reference == "S1"
        assert answer.emsp_reference
        assert (await node.hub.authorization(answer.emsp_reference)).reference == "S1"


# -- partners that are away --------------------------------------------------------------------------------------------


@pytest.mark.statement("EMIP-38")
async def test_nothing_is_asked_of_a_party_whose_partners_are_all_offline(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY), asking=FIRST)
    emsp.answer = NO
    await core.book.set_state("emsp", PartnerState.OFFLINE)
    assert (await asked(core), emsp.asked) == ("nothing", [])
    await stated(core, "white")
    assert (await asked(core), emsp.asked) == ("ALLOWED", [])
    emsp.skips_offline = False
    assert (await asked(core), len(emsp.asked)) == ("NOT_ALLOWED", 1)
    emsp.skips_offline = True
    await core.book.set_state("emsp", PartnerState.CONNECTED)
    assert await asked(core) == "NOT_ALLOWED"


@pytest.mark.statement("EMIP-36", "EMIP-38")
async def test_who_is_heard_again_is_asked_from_that_moment_on(core):
    emsp = await admit(core, "emsp", str(EMSP_PARTY))
    emsp.answer = YES
    await core.book.set_state("emsp", PartnerState.OFFLINE)
    core.hub.liveness.hear(core.book.partners["emsp"], core.clock.now())
    assert core.book.partners["emsp"].state is PartnerState.OFFLINE  # until that is written
    answer = await put(core.hub, ASKS, EMSP_PARTY, EMSP_PARTY, Origin("cpo"), Party(CPO, Role.CPO))
    assert answer == YES


class Hanging(Eager):
    """Says nothing for as long as it is waited for."""

    async def ask(self, question, to, origin_party, correlation, within):
        await asyncio.sleep(within)
        raise Unavailable(Reason.TIMED_OUT, "no answer", reached=True)


@pytest.mark.statement("EMIP-43", "EMIP-66")
async def test_the_list_decides_in_time_though_all_partners_of_a_provider_hang(core):
    await admit(core, "emsp", str(EMSP_PARTY))
    await core.book.put_partner(partner("second", str(EMSP_PARTY)))
    await stated(core, "white")
    core.links["emsp"], core.links["second"] = Hanging(FIRST), Hanging(FIRST)
    core.hub.deadlines = Deadlines(partner=0.5, door=1.0)
    async with asyncio.timeout(0.97):
        assert await asked(core) == "ALLOWED"


@pytest.mark.statement("EMIP-44")
async def test_the_next_partner_is_tried_when_the_first_fails(core):
    first = await admit(core, "emsp", str(EMSP_PARTY))
    second = core.links["second"] = Eager()
    await core.book.put_partner(partner("second", str(EMSP_PARTY)))
    await stated(core, "white")
    second.answer = YES
    for trouble in (SILENT, MISSING, Unavailable(Reason.NOT_CONNECTED, "refused")):
        first.answer = trouble
        assert await asked(core) == "ALLOWED"
    assert (len(first.asked), len(second.asked)) == (3, 3)
    first.answer = NO  # an answer is an answer
    assert (await asked(core), len(second.asked)) == ("NOT_ALLOWED", 3)
    first.answer, first.tries_next = SILENT, False
    assert (await asked(core), len(second.asked)) == ("nothing", 3)
    await core.book.set_state("emsp", PartnerState.OFFLINE)
    assert (await asked(core), len(first.asked)) == ("ALLOWED", 5)
