"""Partners and parties that an operator switched off: nothing is asked of them, said for them or allowed for them."""

from __future__ import annotations

import pytest

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact
from interroam.model.ids import Party
from interroam.model.parties import PartnerState
from interroam.model.tokens import Allowed, Whitelist
from tests.core.asking.hubs import ASKS, origin
from tests.core.objects import EMSP_PARTY, at, evse, location, partner, token
from tests.core.roundabout import Inbox
from tests.waiting import eventually

CPO_PARTY = Party.parse("FR*CPO/CPO")


async def unanswered(core) -> Unavailable:
    with pytest.raises(Unavailable) as nothing:
        await core.hub.authorize(origin(), ASKS)
    return nothing.value


@pytest.mark.statement("OCPI-215")
@pytest.mark.parametrize("whitelist", list(Whitelist))
async def test_no_card_of_a_suspended_partner_is_allowed_without_asking(hub, whitelist):
    core, inboxes = hub
    await core.tell("DE*MSP", Fact(token(when=at(1), whitelist=whitelist)))
    await core.book.set_state("DE*MSP", PartnerState.SUSPENDED)
    core.links.pop("DE*MSP")  # as a node does with those it has nothing to say to
    nothing = await unanswered(core)
    assert (nothing.reason, nothing.message) == (Reason.NOT_CONNECTED, "partner DE*MSP is suspended")
    assert inboxes["DE*MSP"].asked == []
    assert (await core.store.counts()).get("authorization", 0) == 0


@pytest.mark.statement("OCPI-215")
async def test_nothing_is_asked_of_a_suspended_party_though_its_partner_is_there(hub):
    core, inboxes = hub
    await core.book.switch_party(EMSP_PARTY, on=False)
    assert (await unanswered(core)).message == "DE*MSP/EMSP is suspended"
    assert inboxes["DE*MSP"].asked == []
    await core.book.switch_party(EMSP_PARTY, on=True)
    assert (await core.hub.authorize(origin(), ASKS)).allowed is Allowed.ALLOWED


async def test_nobody_states_or_asks_for_a_suspended_party(hub):
    core, _ = hub
    await core.book.switch_party(CPO_PARTY, on=False)
    for act in (core.tell("cpo", Fact(location(when=at(1), city="Elsewhere"))), core.hub.authorize(origin(), ASKS)):
        with pytest.raises(Refused) as no:
            await act
        assert (no.value.reason, no.value.message) == (Reason.FORBIDDEN, "FR*CPO/CPO is suspended")


async def test_what_a_suspended_party_is_owed_waits_for_it(hub):
    core, inboxes = hub
    await core.drained()
    before = len(inboxes["DE*MSP"].taken)
    await core.book.switch_party(EMSP_PARTY, on=False)
    await core.tell("cpo", Fact(evse("1", word="CHARGING", when=at(2))))
    await eventually(lambda: any(one.cursor.failures for one in core.dispatch.couriers))
    assert len(inboxes["DE*MSP"].taken) == before
    await core.book.switch_party(EMSP_PARTY, on=True)
    await eventually(lambda: len(inboxes["DE*MSP"].taken) > before)


@pytest.mark.statement("OCPI-174")
async def test_a_suspended_party_is_shown_as_suspended(hub):
    core, _ = hub
    for on, state in ((False, PartnerState.SUSPENDED), (True, PartnerState.CONNECTED)):
        await core.book.switch_party(EMSP_PARTY, on=on)
        await core.hub.standings.follow()
        assert core.hub.standings.of(EMSP_PARTY).state is state


async def test_a_question_goes_to_the_next_platform_where_nothing_reached_the_first(hub):
    core, inboxes = hub
    backup = core.links["backup"] = Inbox()
    await core.book.put_partner(partner("backup", "DE*MSP/EMSP"))
    backup.answer = inboxes["DE*MSP"].answer
    inboxes["DE*MSP"].answer = Unavailable(Reason.NOT_CONNECTED, "refused")
    assert (await core.hub.authorize(origin(), ASKS)).allowed is Allowed.ALLOWED
    assert len(backup.asked) == 1
    inboxes["DE*MSP"].answer = Unavailable(Reason.TIMED_OUT, "silent", reached=True)
    await unanswered(core)
    assert len(backup.asked) == 1
