"""Partners of an operator that are away: nobody waits for them, and another one is tried (EMIP-38, EMIP-44)."""

from __future__ import annotations

import pytest

from interroam.model.parties import PartnerState
from tests.protocols.emip.charging import ASKED, STARTED, listed, yes
from tests.protocols.emip.nodes import partner_id
from tests.protocols.emip.partner import Http, Partner, Silence


async def away(node, *names: str) -> None:
    for name in names:
        await node.change(name, state=PartnerState.OFFLINE)


@pytest.mark.statement("EMIP-38")
async def test_a_start_at_a_cpo_whose_partners_are_all_offline_is_10207_and_not_attempted(here):
    async with Partner(partner_id("FR*C01") + "-B", "FR*C01") as backup:
        await here.node.cpo("FR*C01", id="second", partner_id=backup.partner_id, url=backup.url)
        await away(here.node, "fr-c01", "second")
        assert (await here.start()).status == 10207
        assert not here.cpo.asked
        assert not backup.asked
        await here.node.change("second", state=PartnerState.CONNECTED)
        assert (await here.start()).status == 1
        assert not here.cpo.asked
        assert len(backup.of("FromIOP_SetServiceAuthorisation")) == 1


@pytest.mark.statement("EMIP-38")
async def test_events_and_actions_for_a_side_that_is_offline_are_10504_and_not_attempted(here):
    session = await here.allowed()
    here.emsp.asked.clear()
    await away(here.node, "fr-e01")
    assert (await here.report(session)).status == 10504
    assert not here.emsp.asked
    await here.node.change("fr-e01", state=PartnerState.CONNECTED)
    await away(here.node, "fr-c01")
    assert (await here.act(session)).status == 10504
    assert not here.cpo.asked


@pytest.mark.statement("EMIP-38")
async def test_an_emsp_that_is_offline_is_not_asked_and_its_white_list_decides(here):
    await listed(here.node)
    here.emsp.answers[ASKED] = yes()
    await away(here.node, "fr-e01")
    known, other = await here.ask(), await here.ask(card="00000001", session="C01-S-2")
    assert (known.fields["authorisationValue"], known.status) == ("1", 1)
    assert (other.fields["authorisationValue"], other.status) == ("2", 10210)
    assert not here.emsp.asked


@pytest.mark.statement("EMIP-44")
async def test_the_next_partner_of_an_emsp_is_asked_where_the_first_gives_no_answer(here):
    async with Partner(partner_id("FR*E01") + "-B", "FR*E01") as backup:
        await here.node.emsp("FR*E01", id="second", partner_id=backup.partner_id, url=backup.url)
        here.emsp.answers[ASKED] = Http(502)
        backup.answers[ASKED] = yes()
        answer = await here.ask()
        assert answer.fields["authorisationValue"] == "1"
        session = answer.fields["serviceSessionId"]
        await here.emsp.stop()
        assert (await here.report(session)).status == 1
        assert len(backup.of("FromIOP_SetSessionEventReport")) == 1


@pytest.mark.statement("EMIP-44")
@pytest.mark.parametrize(("silence", "count"), [(Silence(20), 0), (None, 1)])
async def test_a_start_goes_to_the_next_partner_only_where_the_first_cannot_have_heard_it(here, silence, count):
    async with Partner(partner_id("FR*C01") + "-B", "FR*C01") as backup:
        await here.node.cpo("FR*C01", id="second", partner_id=backup.partner_id, url=backup.url)
        here.cpo.answers[STARTED] = silence
        if silence is None:
            await here.cpo.stop()
        assert (await here.start()).status == (1 if count else 10207)
        assert len(backup.of("FromIOP_SetServiceAuthorisation")) == count  # nobody wants to be started twice
