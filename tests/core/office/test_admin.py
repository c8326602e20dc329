"""What operators may do: checked, made, audited."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from interroam.core.audit import LOCAL, Actor, Rank
from interroam.model.agreements import Terms
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Module, Party
from interroam.model.parties import PartnerState, Purpose
from tests.core.desk import open_office
from tests.core.objects import CPO_PARTY, EMSP_PARTY, agreement, partner

VIEWER, OPERATOR = Actor("vera", Rank.VIEWER), Actor("otto", Rank.OPERATOR)


@pytest.fixture
async def office(tmp_path):
    async with open_office(tmp_path) as (office, _):
        yield office


async def audited(office) -> list[str]:
    return [f"{line.actor} {line.action} {line.object}" for line in await office.audited(LOCAL)]


async def test_a_new_partner_gets_a_secret_that_is_recognized_and_good_for_registering_only(office):
    issued = await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
    assert (issued.purpose, issued.url) == (Purpose.REGISTRATION, "http://hub/ocpi/versions")
    known, credential = office.hub.book.recognize(issued.token)
    assert (known.id, known.state, credential.purpose) == ("cpo", PartnerState.PLANNED, Purpose.REGISTRATION)
    assert await audited(office) == ["local partner add cpo"]


async def test_a_new_secret_voids_the_unused_one_before(office):
    first = await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
    second = await office.admin.issue(LOCAL, "cpo")
    assert office.hub.book.recognize(first.token) is None
    assert office.hub.book.recognize(second.token) is not None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (partner("cpo", "FR*CPO/CPO"), Reason.CONFLICT),
        (partner("Röntgen & Co", "FR*XXX/CPO"), Reason.MALFORMED),
        (partner("new", "FR*XXX/CPO", protocol="smoke"), Reason.MALFORMED),
        (partner("new", "FR*XXX/CPO", profile="fancy"), Reason.MALFORMED),
        (partner("new", "FR*XXX/CPO", addresses=("somewhere",)), Reason.MALFORMED),
        (partner("new"), Reason.INCOMPLETE),
        (partner("new", "FR*107/CPO"), Reason.CONFLICT),
    ],
)
async def test_a_partner_that_could_not_work_is_not_added(office, wrong, reason):
    await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
    with pytest.raises(Refused) as no:
        await office.admin.add_partner(LOCAL, wrong)
    assert no.value.reason is reason
    assert [one.id for one in office.admin.partners(LOCAL)] == ["cpo"]


async def test_registering_wires_a_partner_and_suspending_and_resuming_keeps_the_wiring(office):
    await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
    with pytest.raises(Refused):
        await office.admin.register(LOCAL, "cpo", "https://cpo/versions", "wrong")
    assert office.admin.partner(LOCAL, "cpo").state is PartnerState.PLANNED
    await office.admin.register(LOCAL, "cpo", "https://cpo/versions", "right")
    await office.admin.suspend(OPERATOR, "cpo")
    assert office.admin.partner(LOCAL, "cpo").state is PartnerState.SUSPENDED
    back = await office.admin.resume(OPERATOR, "cpo")
    assert (back.state, back.wiring) == (PartnerState.CONNECTED, b"https://cpo/versions")
    with pytest.raises(Refused):
        await office.admin.resume(OPERATOR, "cpo")


async def test_amending_a_partner_keeps_its_wiring(office):
    await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
    await office.admin.register(LOCAL, "cpo", "https://cpo/versions", "right")
    amended = await office.admin.amend_partner(LOCAL, partner("cpo", "FR*CPO/CPO", "FR*CP2/CPO"))
    assert (len(amended.parties), amended.wiring) == (2, b"https://cpo/versions")


async def test_a_removed_partner_is_not_recognized_any_more(office):
    issued = await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
    await office.admin.remove_partner(LOCAL, "cpo")
    assert office.hub.book.recognize(issued.token) is None
    assert office.admin.partners(LOCAL) == []


async def test_an_agreement_starts_now_covers_its_pair_and_ends_when_told(office):
    def covering(module: Module):
        hub = office.hub
        return hub.book.routing.covering(CPO_PARTY.id, EMSP_PARTY.id, module, hub.clock.now())

    made = await office.admin.add_agreement(LOCAL, EMSP_PARTY, (CPO_PARTY,))
    assert covering(Module.CDRS) == made
    amended = await office.admin.amend_agreement(LOCAL, made.id[:34], {Module.CDRS: Terms(on=False)})
    assert (amended.version, covering(Module.CDRS), covering(Module.TOKENS)) == (2, None, amended)
    ended = await office.admin.end_agreement(LOCAL, made.id)
    assert (ended.version, covering(Module.TOKENS)) == (3, None)
    with pytest.raises(Refused):
        await office.admin.end_agreement(LOCAL, made.id)


@pytest.mark.parametrize(
    ("emsp", "cpos"),
    [("FR*CPO/CPO", ("FR*CPO/CPO",)), ("DE*MSP/EMSP", ()), ("DE*MSP/EMSP", ("DE*MSP/EMSP",))],
)
async def test_an_agreement_has_an_emsp_and_cpos(office, emsp, cpos):
    with pytest.raises(Refused):
        await office.admin.add_agreement(LOCAL, Party.parse(emsp), tuple(map(Party.parse, cpos)))


async def test_an_agreement_does_not_end_before_it_starts(office):
    wrong = agreement()
    with pytest.raises(Refused):
        await office.admin.add_agreement(LOCAL, wrong.emsp, wrong.cpos, wrong.starts, wrong.starts)


async def test_a_rank_is_asked_before_anything_is_done(office):
    for act in (
        office.admin.add_partner(OPERATOR, partner("cpo", "FR*CPO/CPO")),
        office.admin.add_agreement(OPERATOR, EMSP_PARTY, (CPO_PARTY,)),
        office.admin.suspend(VIEWER, "cpo"),
        office.upkeep.drop(VIEWER, [1]),
        office.upkeep.erase_driver(OPERATOR, "RFID", "1A2B3C4D"),
        office.upkeep.rotate_keys(OPERATOR),
        office.people.put(OPERATOR, "me", "correct horse battery", Rank.ADMIN, bodies=True),
        office.audited(OPERATOR),
    ):
        with pytest.raises(Refused) as no:
            await act
        assert no.value.reason is Reason.FORBIDDEN
    assert await audited(office) == []


async def test_what_was_added_is_there_after_a_restart(tmp_path):
    async with open_office(tmp_path) as (office, _):
        issued = await office.admin.add_partner(LOCAL, partner("cpo", "FR*CPO/CPO"))
        await office.admin.add_agreement(LOCAL, EMSP_PARTY, (CPO_PARTY,))
    async with open_office(tmp_path) as (office, _):
        known, _credential = office.hub.book.recognize(issued.token)
        assert known == replace(partner("cpo", "FR*CPO/CPO"), state=PartnerState.PLANNED, since=known.since)
        assert len(office.admin.agreements(LOCAL)) == 1
        assert await audited(office) == ["local partner add cpo", audited_agreement(office)]


def audited_agreement(office) -> str:
    return f"local agreement add {office.admin.agreements(LOCAL)[0].id}"
