"""What becomes of a CDR by its price: passed, remarked upon, held until something explains it, or priced here."""

from __future__ import annotations

import asyncio
import sqlite3
from decimal import Decimal

import pytest
from msgspec.structs import replace

from interroam.core.audit import LOCAL
from interroam.core.ports import CourierKey, Cursor, Query, Shelved
from interroam.core.rules.pricing import Outcome
from interroam.model.agreements import Beyond, Prices
from interroam.model.charges import Dimension, Period
from interroam.model.errors import Refused
from interroam.model.facts import Change, Fact, Verdict
from interroam.model.ids import Kind, Lane, session_key
from interroam.model.money import Price
from interroam.model.tariffs import PriceComponent, Restrictions, Tariff, TariffElement
from tests.core.desk import open_office
from tests.core.objects import CPO, EMSP_PARTY, NOW, agreement, at, cdr, connector, evse, location, partner, session
from tests.core.roundabout import Roundabout

HOLDING = Prices(beyond=Beyond.HOLD)


def tariff(price: str, **fields) -> Tariff:
    element = TariffElement((PriceComponent("ENERGY", Decimal(price), vat=Decimal(20)),))
    return replace(Tariff(owner=CPO, id="T1", currency="EUR", elements=(element,), last_updated=NOW), **fields)


def charge(total: str, **fields):
    """10 kWh."""
    periods = (Period(NOW, (Dimension("ENERGY", Decimal(10)), Dimension("TIME", Decimal(1)))),)
    base = cdr(total_cost=Price(Decimal(total)), total_energy_kwh=Decimal(10), periods=periods, tariff_ids=("T1",))
    return replace(base, session_id=None, **fields)


@pytest.fixture
async def both(tmp_path):
    async with open_office(tmp_path) as (office, core):
        await begin(core)
        yield office, core


async def begin(core: Roundabout, prices: Prices = HOLDING) -> None:
    await core.admit(partner("cpo", "FR*CPO/CPO"))
    await core.admit(partner("emsp", "DE*MSP/EMSP"))
    await core.agree(agreement(prices=prices))
    await core.tell("cpo", Fact(location(), parts=()))


async def listed(core: Roundabout) -> list[str]:
    return [row.key.id for row in (await core.hub.find(EMSP_PARTY, Query(kind=Kind.CDR))).items]


def told(core: Roundabout) -> list[str]:
    return [entry.key.id for entry in core.links["emsp"].taken if entry.key.kind is Kind.CDR]


async def test_a_cdr_as_agreed_passes_and_one_that_is_not_is_recorded_and_held(both):
    office, core = both
    await core.tell("cpo", Fact(tariff("0.50")))
    assert (await core.tell("cpo", Fact(charge("5.00", id="GOOD")))).verdict is Verdict.RECORDED
    assert (await core.tell("cpo", Fact(charge("7.00", id="DEAR")))).verdict is Verdict.RECORDED
    await core.drained()
    assert told(core) == await listed(core) == ["good"]
    (held,) = office.upkeep.weighed(LOCAL, held=True)
    assert (held.id, held.outcome, held.stated, held.computed) == ("DEAR", Outcome.HOLD, Decimal(7), Decimal(5))
    row = await core.store.get(held.key)
    assert not await core.hub.sight.sees(EMSP_PARTY, row)


async def test_an_operator_lets_a_held_cdr_go_once(both):
    office, core = both
    await core.tell("cpo", Fact(tariff("0.50")))
    await core.tell("cpo", Fact(charge("7.00")))
    await core.drained()
    await office.upkeep.release(LOCAL, CPO, "C1")
    await core.until(lambda: told(core) == ["c1"])
    assert await listed(core) == ["c1"]
    await core.drained()
    with pytest.raises(Refused):
        await office.upkeep.release(LOCAL, CPO, "C1")
    assert (await core.tell("cpo", Fact(charge("7.00")))).verdict is Verdict.UNCHANGED
    assert office.upkeep.weighed(LOCAL, held=True) == []
    assert (await office.audited(LOCAL))[-1].action == "cdr release"


async def test_a_tariff_that_explains_the_price_lets_a_cdr_go(both):
    office, core = both
    await core.tell("cpo", Fact(charge("5.00")))  # its tariff is not known yet
    await core.drained()
    assert told(core) == []
    await core.tell("cpo", Fact(tariff("0.50")))
    await core.until(lambda: told(core) == ["c1"])
    assert office.upkeep.weighed(LOCAL)[0].released == "rule"


async def test_what_is_held_is_held_after_a_restart(tmp_path):
    async with open_office(tmp_path) as (_, core):
        await begin(core)
        await core.tell("cpo", Fact(charge("7.00")))
    async with open_office(tmp_path) as (office, core):
        await core.admit(partner("emsp", "DE*MSP/EMSP"))
        await core.drained()
        assert await listed(core) == told(core) == []
        await office.upkeep.release(LOCAL, CPO, "C1")
        await core.until(lambda: told(core) == ["c1"])


async def test_prices_in_the_agreement_count_and_not_those_of_the_module(tmp_path):
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices((tariff("0.50"),), beyond=Beyond.HOLD))
        await core.tell("cpo", Fact(tariff("0.70")))
        await core.tell("cpo", Fact(charge("5.00", id="AGREED")))
        await core.tell("cpo", Fact(charge("7.00", id="MODULE")))
        await core.drained()
        assert told(core) == ["agreed"]


@pytest.mark.parametrize(("tolerance", "found"), [("3", []), ("0.01", [Outcome.REMARK])])
async def test_an_agreement_that_only_remarks_delivers_and_notes_what_exceeds_its_tolerance(tmp_path, tolerance, found):
    async with open_office(tmp_path) as (office, core):
        await begin(core, Prices(tolerance=Decimal(tolerance), clearing=True))
        await core.tell("cpo", Fact(tariff("0.50")))
        await core.tell("cpo", Fact(charge("7.00")))
        await core.until(lambda: told(core) == ["c1"])
        await core.until(lambda: [one.outcome for one in office.upkeep.weighed(LOCAL)] == found)


@pytest.mark.statement("OCPI-129", "OCPI-185")
@pytest.mark.parametrize("agreed", [(), (tariff("0.50"),)])
async def test_a_cdr_without_a_price_gets_one_without_vat_for_those_who_subscribed(tmp_path, agreed):
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices(agreed, clearing=True))
        await core.tell("cpo", Fact(tariff("0.50")))
        await core.tell("cpo", Fact(charge("0")))
        await core.until(lambda: told(core) == ["c1"])
        sent = next(one.body for one in core.links["emsp"].taken if one.key.kind is Kind.CDR)
        parts = (sent.fixed_cost, sent.time_cost, sent.parking_cost, sent.reservation_cost)
        assert all(one is not None and one.incl_vat is None for one in parts)
        assert (sent.total_cost, sent.energy_cost) == (Price(Decimal("5.00")), Price(Decimal("5.00")))
        assert sent.cleared
        assert (await core.tell("cpo", Fact(charge("0")))).verdict is Verdict.UNCHANGED


@pytest.mark.statement("OCPI-185")
async def test_a_price_that_the_cpo_states_stays_its_own(tmp_path):
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices((tariff("0.50"),), clearing=True))
        await core.tell("cpo", Fact(charge("7.00")))
        await core.until(lambda: told(core) == ["c1"])
        sent = next(one.body for one in core.links["emsp"].taken if one.key.kind is Kind.CDR)
        assert (sent.total_cost, sent.cleared) == (Price(Decimal("7.00")), False)


@pytest.mark.statement("OCPI-185")
async def test_a_credit_of_nothing_is_not_given_a_price(tmp_path):
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices((tariff("0.50"),), clearing=True))
        await core.tell("cpo", Fact(charge("0", credit=True, credit_of="C0")))
        await core.until(lambda: told(core) == ["c1"])
        sent = next(one.body for one in core.links["emsp"].taken if one.key.kind is Kind.CDR)
        assert (sent.total_cost, sent.cleared) == (Price(Decimal(0)), False)


@pytest.mark.statement("OCPI-185")
@pytest.mark.parametrize("prices", [Prices(), Prices((tariff("0.50"),))])
async def test_nobody_who_did_not_subscribe_gets_a_price_of_ours(both, prices):
    _, core = both
    await core.agree(agreement(version=2, prices=prices))
    await core.agree(agreement(id="other", emsp="NL*MP2/EMSP", prices=Prices(clearing=True)))
    await core.tell("cpo", Fact(tariff("0.50")))
    await core.tell("cpo", Fact(charge("0")))
    await core.until(lambda: told(core) == ["c1"])
    sent = next(one.body for one in core.links["emsp"].taken if one.key.kind is Kind.CDR)
    assert sent.total_cost == Price(Decimal(0))


def under_way(kwh: str, when: int = 3600, **fields):
    periods = (Period(NOW, (Dimension("ENERGY", Decimal(kwh)), Dimension("TIME", Decimal(1)))),)
    return session(when=at(when), energy_kwh=Decimal(kwh), periods=periods, **fields)


def grown(kwh: str, when: int, **stated) -> Change:
    after = under_way(kwh, when)

    def merge(old, wire):
        fields = {"energy_kwh": after.energy_kwh, "periods": after.periods, "last_updated": after.last_updated}
        return replace(old, **fields, **stated), wire

    return Change(after.key, frozenset({"kwh", "charging_periods", *stated}), after.last_updated, merge)


async def kept(core: Roundabout):
    return (await core.store.get(session_key(CPO, "S1"))).body


@pytest.mark.statement("OCPI-185", "OCPI-129")
async def test_a_session_without_a_cost_is_priced_as_it_grows_until_its_cpo_states_one(tmp_path):
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices((tariff("0.50"),), clearing=True))
        assert (await core.tell("cpo", Fact(under_way("4")))).verdict is Verdict.RECORDED
        one = await kept(core)
        assert (one.total_cost, one.cleared) == (Price(Decimal("2.00")), True)
        assert (await core.tell("cpo", Fact(under_way("4")))).verdict is Verdict.UNCHANGED
        await core.tell("cpo", grown("10", 3700))
        one = await kept(core)
        assert (one.total_cost, one.cleared) == (Price(Decimal("5.00")), True)
        await core.drained()
        sent = [entry.fields for entry in core.links["emsp"].taken if entry.key.kind is Kind.SESSION]
        assert "total_cost" in sent[-1]
        await core.tell("cpo", grown("12", 3800, total_cost=Price(Decimal(9))))
        await core.tell("cpo", grown("13", 3900))
        one = await kept(core)
        assert (one.total_cost, one.cleared) == (Price(Decimal(9)), False)


@pytest.mark.statement("OCPI-185")
async def test_a_session_is_priced_by_the_tariff_of_its_connector_however_that_is_spelled(tmp_path):
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices(clearing=True))
        for name, price in (("T2", "0.90"), ("T1", "0.50")):
            await core.tell("cpo", Fact(tariff(price, id=name)))
        plugs = (connector(id="A", tariff_ids=("T1",)), connector(id="B", tariff_ids=("T2",)))
        await core.tell("cpo", Fact(evse(connectors=plugs)))
        for name, cost in (("A", "2.00"), ("b", "3.60")):
            await core.tell("cpo", Fact(replace(under_way("4"), id=name, connector_id=name)))
            row = await core.store.get(session_key(CPO, name))
            assert row.body.total_cost == Price(Decimal(cost))


@pytest.mark.parametrize(("agreed", "total"), [(True, "5.5000"), (False, "5.0000")])
async def test_steps_round_in_each_element_where_the_tariff_of_an_agreement_says_so(tmp_path, agreed, total):
    def per(price: str, **limits) -> TariffElement:
        return TariffElement((PriceComponent("ENERGY", Decimal(price), step=1000),), Restrictions(**limits))

    both_ways = tariff("1", elements=(per("0.50", max_kwh=Decimal("4.5")), per("0.50")), steps_by_element=True)
    async with open_office(tmp_path) as (_, core):
        await begin(core, Prices((both_ways,) if agreed else (), clearing=True))
        await core.tell("cpo", Fact(both_ways))
        await core.tell("cpo", Fact(charge("0")))  # 4.5 and 5.5 kWh: 5 and 6, or 10 together
        await core.until(lambda: told(core) == ["c1"])
        sent = next(one.body for one in core.links["emsp"].taken if one.key.kind is Kind.CDR)
        assert sent.total_cost == Price(Decimal(total))


@pytest.mark.statement("OCPI-185")
@pytest.mark.parametrize(
    ("prices", "fields"),
    [
        (Prices((tariff("0.50"),)), {}),
        (Prices((tariff("0.50"),), clearing=True), {"total_cost": Price(Decimal(7))}),
        (Prices((tariff("0.50", currency="CHF"),), clearing=True), {}),
        (Prices(clearing=True), {}),
    ],
)
async def test_a_session_stays_as_stated_where_the_cost_is_not_ours_to_say_or_not_known(tmp_path, prices, fields):
    async with open_office(tmp_path) as (_, core):
        await begin(core, prices)
        await core.agree(agreement(id="other", emsp="NL*MP2/EMSP", prices=Prices(clearing=True)))
        await core.tell("cpo", Fact(under_way("4", **fields)))
        await core.tell("cpo", grown("10", 3700))
        one = await kept(core)
        assert (one.total_cost, one.cleared) == (fields.get("total_cost"), False)


async def test_one_that_is_let_go_while_it_is_being_put_aside_goes_out(both):
    office, core = both
    await core.dispatch.start()
    with sqlite3.connect(core.store.path) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON shelf BEGIN SELECT RAISE(FAIL, 'no room'); END")
    await core.tell("cpo", Fact(charge("99")))
    courier = core.dispatch.courier(CourierKey(EMSP_PARTY, Lane.CHARGES))
    await core.until(lambda: courier.waiting == 1)
    await asyncio.sleep(0.05)
    await office.upkeep.release(LOCAL, CPO, "C1")
    with sqlite3.connect(core.store.path) as db:
        db.execute("DROP TRIGGER full")
    await core.until(lambda: told(core) == ["c1"])


async def test_a_held_one_is_found_however_much_lies_on_the_shelf_before_it(both):
    office, core = both
    courier = CourierKey(EMSP_PARTY, Lane.PLACES)
    other = Shelved(id=0, courier=courier, seq=1, at=NOW, reason="conflict", message="")
    await core.store.settle(Cursor(courier), [other] * 10_000)
    await core.dispatch.start()
    await core.tell("cpo", Fact(charge("99")))
    await core.drained()
    await office.upkeep.release(LOCAL, CPO, "C1")
    await core.until(lambda: told(core) == ["c1"])
