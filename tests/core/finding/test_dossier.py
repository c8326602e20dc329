"""The dossier: every id leads to the one story, and only those who may read bodies read cards."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from interroam.core.audit import LOCAL, Actor, Rank
from interroam.core.finding.retelling import Dossier
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Exchange, Fact
from interroam.model.ids import session_key
from interroam.model.money import Price
from interroam.model.questions import Authorize
from interroam.model.tariffs import PriceComponent, Tariff, TariffElement
from interroam.model.tokens import Allowed, Authorization
from tests.core.desk import open_office
from tests.core.objects import CPO, PartyId, agreement, at, cdr, evse, location, partner, session, token

VIEWER = Actor("vera", Rank.VIEWER)
OTHER = PartyId.of("FR", "CP2")


@pytest.fixture
async def charged(tmp_path):
    async with open_office(tmp_path) as (office, core):
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        await core.admit(partner("cpo2", "FR*CP2/CPO"))
        inbox = await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.agree(agreement(cpos=("FR*CPO/CPO", "FR*CP2/CPO")))
        inbox.answer = Authorization(allowed=Allowed.ALLOWED, emsp_reference="theirs")
        await core.tell("cpo", Fact(location(), parts=(Fact(evse()),)))
        await core.tell("emsp", Fact(token()))
        origin = msgspec.structs.replace(_origin("cpo"), correlation="asked")
        question = Authorize(cpo=CPO, uid="1A2B3C4D", location_id="L1", evse_uids=("1",))
        yes = await core.hub.authorize(origin, question)
        core.store.note(_exchange("cpo", "asked", "POST authorize", at(1)))
        core.store.note(_exchange("emsp", "asked", "POST authorize", at(2), inward=False))
        await core.tell("cpo", Fact(session(authorization_reference=yes.reference)), "put1")
        core.store.note(_exchange("cpo", "put1", "PUT session", at(3), ids=("S1",)))
        core.store.note(_exchange("cpo2", "put2", "PUT session", at(4), ids=("S1",)))
        await core.tell("cpo2", Fact(session(owner=OTHER)), "put2")
        await core.tell("cpo", Fact(cdr(authorization_reference=yes.reference)), "cdr1")
        yield office, core, yes


def _origin(name: str):
    from interroam.model.facts import Origin

    return Origin(name)


def _exchange(name, correlation, operation, when, ids=(), *, inward=True) -> Exchange:
    return Exchange(
        at=when,
        partner=name,
        inward=inward,
        operation=operation,
        code="200/1000",
        latency_us=1200,
        correlation=correlation,
        ids=ids,
        request=b'{"uid": "1A2B3C4D"}',
    )


async def test_every_id_leads_to_the_same_story(charged):
    office, core, yes = charged
    stored = await core.store.get(session_key(CPO, "S1"))
    ids = ["C1", yes.reference, "theirs", stored.hub_id, "asked", "cdr1"]
    stories = [await office.dossier(LOCAL, one) for one in ids]
    assert {story.summary["CDR"] for story in stories} == {"C1"}
    assert len({msgspec.json.encode(story.story) for story in stories}) == 1
    kinds = {piece.key.split("/")[0] for piece in stories[0].pieces}
    assert kinds == {"authorization", "session", "cdr"}


async def test_the_story_holds_every_message_and_fact_in_order_of_time_and_nothing_foreign(charged):
    office, _, _ = charged
    story = (await office.dossier(LOCAL, "C1")).story
    said = [(line.what, line.partner, line.operation) for line in story]
    for expected in (
        ("in", "cpo", "POST authorize"),
        ("out", "emsp", "POST authorize"),
        ("fact", "cpo", "authorization made"),
        ("fact", "cpo", "session made"),
        ("in", "cpo", "PUT session"),
        ("fact", "cpo", "cdr made"),
    ):
        assert expected in said
    assert all(line.partner != "cpo2" for line in story)
    assert [line.at for line in story] == sorted(line.at for line in story)


async def test_an_id_that_two_charges_share_is_ambiguous_and_both_are_named(charged):
    office, _, _ = charged
    with pytest.raises(Refused) as no:
        await office.dossier(LOCAL, "S1")
    assert no.value.reason is Reason.AMBIGUOUS
    assert "session/fr*cpo/s1" in no.value.message
    assert "session/fr*cp2/s1" in no.value.message


async def test_a_card_or_an_evse_with_a_time_lead_to_the_charge_too(charged):
    office, _, _ = charged
    assert (await office.dossier(LOCAL, "FR*CPO*E1", at(5))).summary["CPO"] == "FR*CPO"
    charges = await office.archive.charges("1A2B3C4D")
    assert len(charges) == 2


async def test_an_unknown_id_is_refused_with_what_could_be_asked(charged):
    office, _, _ = charged
    with pytest.raises(Refused) as no:
        await office.dossier(LOCAL, "nothing")
    assert (no.value.reason, bool(no.value.remedy)) == (Reason.UNKNOWN_OBJECT, True)


async def test_without_the_right_to_read_bodies_neither_messages_nor_cards_are_shown(charged):
    office, _, _ = charged
    seen = msgspec.json.encode(await office.dossier(VIEWER, "C1"))
    assert b"1A2B3C4D" not in seen
    assert b"3C4D" in seen
    assert b"1A2B3C4D" in msgspec.json.encode(await office.dossier(LOCAL, "C1"))


async def test_the_price_is_computed_again_by_the_tariff_stated_here(charged):
    office, core, _ = charged
    held = (await office.dossier(LOCAL, "C1")).price
    assert (held.outcome, held.computed) == ("hold", None)
    elements = (TariffElement((PriceComponent("ENERGY", Decimal("0.336")),)),)
    await core.tell("cpo", Fact(Tariff(owner=CPO, id="T", currency="EUR", last_updated=at(0), elements=elements)))
    price = (await office.dossier(LOCAL, "C1")).price
    assert (price.outcome, price.stated, price.computed) == ("pass", Decimal("4.20"), Decimal("4.20"))


async def test_a_dossier_is_one_json_file_that_reads_back(charged):
    office, _, _ = charged
    dossier = await office.dossier(LOCAL, "C1")
    assert msgspec.json.decode(msgspec.json.encode(dossier), type=Dossier).summary == dossier.summary


async def test_the_bill_of_a_charge_is_its_cdr_and_not_the_credit_that_took_it_back(charged):
    office, core, yes = charged
    back = cdr(
        "C1-C", authorization_reference=yes.reference, credit=True, credit_of="C1", total_cost=Price(Decimal(-9))
    )
    await core.tell("cpo", Fact(back))
    story = await office.dossier(LOCAL, "C1")
    assert (story.summary["CDR"], story.summary["credit"]) == ("C1", "C1-C, -9 EUR")
    assert not story.summary["cost"].startswith("-")


async def test_a_charge_rests_on_the_permission_it_names_though_its_provider_gave_others_the_same_reference(charged):
    office, core, yes = charged
    question = Authorize(cpo=CPO, uid="1A2B3C4D", location_id="L1", evse_uids=("1",))
    later = await core.hub.authorize(_origin("cpo"), question)
    assert later.emsp_reference == yes.emsp_reference
    story = await office.dossier(LOCAL, "C1")
    assert story.summary["authorization"] == yes.reference
    assert [piece.key for piece in story.pieces if piece.key.startswith("authorization")] == [
        f"authorization/{yes.reference}"
    ]
    with pytest.raises(Refused) as both:
        await office.dossier(LOCAL, "theirs")
    assert both.value.reason is Reason.AMBIGUOUS
