"""The life of an agreement: offered, accepted by all it binds, amended, ended, and kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from interroam.core.audit import LOCAL, Actor, Rank
from interroam.model.agreements import Agreement, Network, Prices, Terms, selection
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Module, Party, PartyId
from interroam.model.tariffs import PriceComponent, Tariff, TariffElement
from tests.core.desk import open_office
from tests.core.objects import CPO, CPO_PARTY, EMSP_PARTY, NOW, agreement, partner

DAY = timedelta(days=1)
SECOND = Party.parse("FR*CP2/CPO")


def tariff(price: str = "0.30") -> Tariff:
    element = TariffElement((PriceComponent("ENERGY", Decimal(price), 1),))
    return Tariff(owner=CPO, id="T1", currency="EUR", elements=(element,), last_updated=NOW)


def draft(**fields) -> Agreement:
    return replace(agreement(), **fields)


@pytest.fixture
async def office(tmp_path):
    async with open_office(tmp_path) as (office, _):
        yield office


def holds(office, module: Module = Module.TOKENS) -> Agreement | None:
    hub = office.hub
    return hub.book.routing.covering(CPO, EMSP_PARTY.id, module, hub.clock.now())


async def test_an_offer_holds_when_both_have_accepted_each_by_its_own_partner(office):
    offer = await office.notary.offer(LOCAL, draft())
    assert holds(office) is None
    cpo, emsp = partner("cpo", "FR*CPO/CPO"), partner("emsp", "DE*MSP/EMSP")
    half = await office.notary.accept_for(emsp, offer.id)
    assert (holds(office), office.notary.waiting(half)) == (None, [CPO_PARTY])
    with pytest.raises(Refused):
        await office.notary.accept_for(emsp, offer.id)
    with pytest.raises(Refused):
        await office.notary.accept_for(partner("other", "NL*MP2/EMSP"), offer.id)
    done = await office.notary.accept_for(cpo, offer.id)
    assert holds(office) == done
    assert [(one.party, one.by) for one in done.accepted] == [(EMSP_PARTY, "emsp"), (CPO_PARTY, "cpo")]
    assert office.notary.offers(LOCAL) == []


@pytest.mark.statement("OCPI-209")
async def test_prices_in_an_agreement_change_only_when_both_accept_an_amendment(office):
    made = await office.notary.offer(LOCAL, draft(prices=Prices((tariff(),))))
    first = await office.notary.accept(LOCAL, made.id)
    offer = await office.notary.amend(LOCAL, first, replace(first, prices=Prices((tariff("0.50"),))))
    await office.notary.accept(LOCAL, offer.id, CPO_PARTY)
    assert holds(office).prices.tariffs == (tariff(),)
    await office.admin.amend_agreement(LOCAL, made.id, {})  # what an operator may change by itself holds no prices
    assert holds(office).prices.tariffs == (tariff(),)
    offer = await office.notary.amend(LOCAL, holds(office), replace(first, prices=Prices((tariff("0.50"),))))
    await office.notary.accept(LOCAL, offer.id, CPO_PARTY)
    await office.notary.accept(LOCAL, offer.id, EMSP_PARTY)
    assert holds(office).prices.tariffs == (tariff("0.50"),)
    assert holds(office, Module.TARIFFS) is None  # the tariffs module is not used (OCPI-144)


@pytest.mark.statement("OCPI-209")
async def test_an_amendment_of_what_has_changed_since_is_accepted_by_nobody(office):
    first = await office.notary.accept(LOCAL, (await office.notary.offer(LOCAL, draft(prices=Prices((tariff(),))))).id)
    offer = await office.notary.amend(LOCAL, first, replace(first, prices=Prices((tariff("0.50"),))))
    await office.notary.accept(LOCAL, offer.id, CPO_PARTY)
    assert [one.version for one in office.notary.offers(LOCAL)] == [2]
    ended = await office.admin.end_agreement(LOCAL, first.id)
    assert office.notary.offers(LOCAL) == []
    for whom in (EMSP_PARTY, None):
        with pytest.raises(Refused, match="at version 2") as refusal:
            await office.notary.accept(LOCAL, offer.id, whom)
        assert refusal.value.reason is Reason.WRONG_STATE
    assert office.hub.book.agreements[first.id] == ended
    assert holds(office) is None


async def test_every_version_is_kept_and_who_accepted_it_is_audited(office):
    made = await office.notary.accept(LOCAL, (await office.notary.offer(LOCAL, draft())).id)
    amended = await office.notary.amend(LOCAL, made, replace(made, selections=(selection(CPO, ("L1",)),)))
    await office.notary.accept(LOCAL, amended.id)
    await office.admin.end_agreement(LOCAL, made.id)
    versions = await office.notary.versions(LOCAL, made.id)
    assert [(one.version, bool(one.selections), one.ends is None) for one in versions] == [
        (1, False, True),
        (2, True, True),
        (3, True, False),
    ]
    assert [line.action for line in await office.audited(LOCAL)] == [
        "agreement offer",
        "agreement accept",
        "agreement amendment",
        "agreement accept",
        "agreement end",
    ]


@pytest.mark.statement("OCPI-179")
async def test_the_owner_of_a_network_accepts_for_it_and_its_members_change_without_a_new_version(office):
    await office.notary.put_network(LOCAL, Network("alps", SECOND, (CPO_PARTY,)))
    offer = await office.notary.offer(LOCAL, draft(cpos=(), networks=("alps",)))
    assert office.notary.needed(offer) == [EMSP_PARTY, SECOND]
    made = await office.notary.accept(LOCAL, offer.id)
    assert holds(office).id == made.id
    await office.notary.put_network(LOCAL, Network("alps", SECOND, (SECOND,)))
    assert holds(office) is None
    routing, now = office.hub.book.routing, office.hub.clock.now()
    assert routing.covering(SECOND.id, EMSP_PARTY.id, Module.CDRS, now).version == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"networks": ("nowhere",)},
        {"selections": (selection(),)},
        {"selections": (selection(PartyId.of("FR", "CP2"), ("L1",)),)},
        {"prices": Prices(tolerance=Decimal(-1))},
        {"cpos": ()},
    ],
)
async def test_an_offer_that_could_not_work_is_refused(office, wrong):
    with pytest.raises(Refused):
        await office.notary.offer(LOCAL, draft(**wrong))


async def test_offers_survive_a_restart_and_may_be_taken_back(tmp_path):
    async with open_office(tmp_path) as (office, _):
        offer = await office.notary.offer(LOCAL, draft())
    async with open_office(tmp_path) as (office, _):
        assert office.notary.offers(LOCAL) == [offer]
        await office.notary.take_back(LOCAL, offer.id[:20])
        assert office.notary.offers(LOCAL) == []


async def test_a_viewer_accepts_nothing(office):
    offer = await office.notary.offer(LOCAL, draft())
    with pytest.raises(Refused) as no:
        await office.notary.accept(Actor("vera", Rank.VIEWER), offer.id)
    assert no.value.reason is Reason.FORBIDDEN


async def agreed(office, **fields) -> Agreement:
    return await office.notary.accept(LOCAL, (await office.notary.offer(LOCAL, draft(**fields))).id)


async def refused(office, **fields) -> str:
    with pytest.raises(Refused) as no:
        await office.notary.offer(LOCAL, draft(**fields))
    assert no.value.reason is Reason.CONFLICT
    assert office.notary.offers(LOCAL) == []
    return no.value.message


async def test_what_is_agreed_is_not_agreed_a_second_time_in_whatever_order_it_is_said(office):
    terms = {Module.TARIFFS: Terms(on=False)}
    places = (selection(CPO, ("L1",)), selection(SECOND.id, (), ("fast",)))
    said = {"cpos": (CPO_PARTY, SECOND), "terms": terms, "selections": places, "prices": Prices((tariff(),))}
    first = await agreed(office, **said)
    again = {
        "cpos": (SECOND, CPO_PARTY, SECOND),
        "terms": {Module.CDRS: Terms(), **terms},
        "selections": places[::-1],
        "prices": Prices((replace(tariff(), last_updated=NOW + DAY),)),
        "starts": NOW + DAY,
        "ends": NOW + 2 * DAY,
    }
    assert await refused(office, **again) == f"agreement {first.id} says the same, from {first.starts:%Y-%m-%d}"
    assert office.admin.agreements(LOCAL) == [first]


async def test_an_offer_is_not_made_twice_until_it_is_taken_back_not_even_at_once(office):
    both = await asyncio.gather(*(office.notary.offer(LOCAL, draft()) for _ in range(2)), return_exceptions=True)
    (offer,) = office.notary.offers(LOCAL)
    assert [one for one in both if not isinstance(one, Refused)] == [offer]
    with pytest.raises(Refused, match=f"offer {offer.id} says the same and waits"):
        await office.notary.offer(LOCAL, draft())
    await office.notary.take_back(LOCAL, offer.id)
    assert (await office.notary.offer(LOCAL, draft())).id != offer.id


async def test_what_has_ended_or_ends_before_may_be_agreed_again(office):
    first = await agreed(office, ends=NOW + DAY)
    await refused(office, starts=NOW + DAY / 2)
    later = await agreed(office, starts=NOW + DAY)
    for one in (first, later):
        await office.admin.end_agreement(LOCAL, one.id, NOW)
    assert await agreed(office)


@pytest.mark.parametrize(
    "other",
    [
        {"cpos": (CPO_PARTY, SECOND)},
        {"terms": {Module.CDRS: Terms(on=False)}},
        {"selections": (selection(CPO, ("L1",)),)},
        {"prices": Prices((tariff(),))},
        {"services": frozenset({"1", "7"})},
    ],
)
async def test_another_agreement_of_the_same_parties_holds_beside_the_first_and_each_names_the_other(office, other):
    first, second = await agreed(office), await agreed(office, **other)
    assert office.notary.beside(first) == [second.id]
    assert office.notary.beside(second) == [first.id]
    third = await agreed(office, cpos=(Party.parse("FR*CP3/CPO"),))
    assert office.notary.beside(third) == []


async def test_no_amendment_makes_of_an_agreement_what_another_says(office):
    first = await agreed(office)
    second = await agreed(office, terms={Module.CDRS: Terms(on=False)})
    with pytest.raises(Refused, match=f"agreement {first.id} says the same"):
        await office.notary.amend(LOCAL, second, replace(second, terms={}))
    with pytest.raises(Refused, match=f"agreement {first.id} says the same"):
        await office.admin.amend_agreement(LOCAL, second.id, {Module.CDRS: Terms()})
    assert await office.notary.amend(LOCAL, second, replace(second, services=frozenset({"7"})))


async def test_an_amendment_nobody_can_accept_any_more_stands_in_nobodys_way(office):
    first = await agreed(office)
    await office.notary.amend(LOCAL, first, replace(first, services=frozenset({"7"})))
    await office.admin.end_agreement(LOCAL, first.id)
    assert await agreed(office, services=frozenset({"7"}))
