"""A CPO's own node: when a card's provider is asked, and what holds when nobody answers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.core.rules.statuses import from_word
from interroam.model.errors import Reason, Unavailable
from interroam.model.facts import Fact, Origin
from interroam.model.ids import authorization_key
from interroam.model.questions import Authorize
from interroam.model.tokens import Allowed, Authorization, Whitelist
from tests.core.objects import CPO, EMSP, HUB_PARTY, agreement, at, evse, location, partner, token
from tests.core.roundabout import running

ASKS = Authorize(cpo=CPO, uid="1A2B3C4D", location_id="L1")
YES = Authorization(allowed=Allowed.ALLOWED, emsp_reference="theirs")
NO = Authorization(allowed=Allowed.NO_CREDIT)
OFFLINE = Unavailable(Reason.TIMED_OUT, "silent", reached=True)


@pytest.fixture
async def node(tmp_path):
    """A CPO's node behind a hub, which told it of a token."""
    async with running(tmp_path) as core:
        await core.admit(partner("office", "FR*CPO/CPO"))
        await core.admit(partner("hub", str(HUB_PARTY)))
        await core.agree(agreement(emsp=str(HUB_PARTY)))
        await core.tell("office", Fact(location(), parts=(Fact(evse("1")),)))
        yield core


async def answered(core, given, **fields) -> tuple[Allowed | str, int]:
    """Ask about a token that the hub told of, and say what came of it and how often the hub was asked."""
    await core.tell("hub", Fact(token(when=at(5), **fields)))
    hub = core.links["hub"]
    hub.answer = given
    try:
        answer = await core.hub.authorize(Origin("office"), ASKS)
    except Unavailable:
        return "nothing", len(hub.asked)
    return answer.allowed, len(hub.asked)


@pytest.mark.statement("OCPI-111")
@pytest.mark.parametrize(
    ("whitelist", "online", "offline"),
    [
        (Whitelist.ALWAYS, (Allowed.ALLOWED, 0), (Allowed.ALLOWED, 0)),
        (Whitelist.ALLOWED, (Allowed.NO_CREDIT, 1), (Allowed.ALLOWED, 1)),
        (Whitelist.ALLOWED_OFFLINE, (Allowed.NO_CREDIT, 1), (Allowed.ALLOWED, 1)),
        (Whitelist.NEVER, (Allowed.NO_CREDIT, 1), ("nothing", 1)),
    ],
)
@pytest.mark.parametrize("reached", [True, False])
async def test_the_whitelist_says_whether_a_provider_is_asked_and_what_holds_offline(
    node, whitelist, online, offline, reached
):
    expected, given = (online, NO) if reached else (offline, OFFLINE)
    assert await answered(node, given, whitelist=whitelist) == expected


@pytest.mark.statement("OCPI-111")
async def test_a_token_that_is_not_valid_is_asked_about_and_never_allowed_offline(node):
    assert await answered(node, YES, whitelist=Whitelist.ALLOWED, valid=False) == (Allowed.ALLOWED, 1)
    assert await answered(node, OFFLINE, whitelist=Whitelist.ALLOWED, valid=False) == ("nothing", 2)


@pytest.mark.statement("OCPI-111")
async def test_a_hub_always_asks(tmp_path):
    async with running(tmp_path, HUB_PARTY) as core:
        await core.admit(partner("office", "FR*CPO/CPO"))
        await core.admit(partner("hub", "DE*MSP/EMSP"))
        await core.agree(agreement())
        await core.tell("office", Fact(location(), parts=(Fact(evse("1")),)))
        assert await answered(core, NO, whitelist=Whitelist.ALWAYS) == (Allowed.NO_CREDIT, 1)
        assert await answered(core, OFFLINE, whitelist=Whitelist.ALLOWED_OFFLINE) == ("nothing", 2)


@pytest.mark.parametrize(
    ("whitelist", "given", "expected"),
    [
        (Whitelist.ALWAYS, NO, (Allowed.NO_CREDIT, 1)),
        (Whitelist.ALLOWED, OFFLINE, ("nothing", 1)),
    ],
)
async def test_what_was_stated_holds_for_its_services_only(node, whitelist, given, expected):
    assert await answered(node, given, whitelist=whitelist, services=("7",)) == expected


@pytest.mark.parametrize(("services", "may"), [((), True), (("1",), True), (("7", "1"), True), (("7",), False)])
async def test_who_cannot_be_asked_has_said_which_services_its_drivers_may_use(tmp_path, services, may):
    async with running(tmp_path, HUB_PARTY) as core:
        await core.admit(partner("office", "FR*CPO/CPO"))
        provider = await core.admit(partner("hub", "DE*MSP/EMSP"))
        provider.answers = False
        await core.agree(agreement(services=frozenset({"1", "7"})))
        await core.tell("office", Fact(location(), parts=(Fact(evse("1")),)))
        await core.tell("hub", Fact(token(services=services)))
        answer = await core.hub.authorize(Origin("office"), ASKS)
        assert answer.allowed is (Allowed.ALLOWED if may else Allowed.NOT_ALLOWED)
        other = await core.hub.authorize(Origin("office"), replace(ASKS, service="7"))
        assert other.allowed is (Allowed.ALLOWED if "7" in services else Allowed.NOT_ALLOWED)


@pytest.mark.statement("OCPI-95")
async def test_a_cpo_without_tokens_asks_its_hub_and_gets_the_whole_token(node):
    hub = node.links["hub"]
    hub.answer = replace(YES, token=token())
    answer = await node.hub.authorize(Origin("office"), ASKS)
    assert (answer.allowed, answer.token, len(hub.asked)) == (Allowed.ALLOWED, token(), 1)
    assert hub.asked[0].uid == ASKS.uid


@pytest.mark.statement("OCPI-103")
async def test_an_emsps_node_gives_a_reference_with_every_yes_its_office_forgot_it_or_not(tmp_path):
    async with running(tmp_path) as core:
        office = await core.admit(partner("office", "DE*MSP/EMSP"))
        await core.admit(partner("hub", str(HUB_PARTY)))
        await core.agree(agreement(cpos=(str(HUB_PARTY),)))
        await core.tell("office", Fact(token()))
        for given in ("theirs", None):
            office.answer = replace(YES, emsp_reference=given)
            answer = await core.hub.authorize(Origin("hub"), ASKS)
            assert answer.reference == (given or answer.reference) != ""
            assert (await core.store.get(authorization_key(answer.reference))).body.emsp == EMSP


@pytest.mark.statement("OCPI-110")
@pytest.mark.parametrize("word", ["AVAILABLE", "OUTOFORDER", "INOPERATIVE", "CHARGING", "BLOCKED", "PLANNED"])
async def test_an_emsps_node_answers_whatever_the_status_and_the_hours_of_the_place(tmp_path, word):
    async with running(tmp_path) as core:
        office = await core.admit(partner("office", "DE*MSP/EMSP"))
        office.answers = False
        await core.admit(partner("hub", str(HUB_PARTY)))
        await core.agree(agreement(cpos=(str(HUB_PARTY),)))
        await core.tell("office", Fact(token()))
        status = from_word(word)
        place = location(always_open=False)
        await core.tell("hub", Fact(place, parts=(Fact(replace(evse("1"), status=status)),)))
        for uids in ((), ("1",)):
            answer = await core.hub.authorize(Origin("hub"), replace(ASKS, evse_uids=uids))
            assert answer.allowed is Allowed.ALLOWED
