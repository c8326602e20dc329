"""CDRs computed again: what agrees, what is explained, what is held."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from interroam.core.rules.pricing import Outcome, Rounding, Steps, cost, recompute
from interroam.model.money import Price
from tests.core.bills import (
    EMSP,
    NOON,
    PARIS,
    charge,
    charging,
    element,
    parked,
    part,
    price,
    tariff,
    utc,
)
from tests.core.bills import cdr as written

UNDER = tariff(part("F", "0.50"), part("E", "0.40", step=1000), part("T", "1.20", step=600))
OF = charge(NOON, charging(47, "12.3"), parked(9))


def cdr(**fields):
    return written(OF, cost(OF, UNDER), **fields)


def check(record, tariffs=(UNDER,), zone=PARIS):
    return recompute(record, tariffs, zone)


def test_a_cdr_that_agrees_passes_with_its_bill():
    finding = check(cdr())
    assert (finding.outcome, finding.differences, finding.remarks) == (Outcome.PASS, (), ())
    assert finding.cost is not None
    assert finding.cost.totals.total == cdr().total_cost


def test_a_cent_is_tolerated_and_two_are_not():
    total = cdr().total_cost
    near = cdr(total_cost=Price(total.excl_vat + Decimal("0.01"), total.incl_vat))
    far = cdr(total_cost=Price(total.excl_vat + Decimal("0.02"), total.incl_vat))
    assert [check(one).outcome for one in (near, far)] == [Outcome.PASS, Outcome.HOLD]
    assert recompute(far, [UNDER], PARIS, Decimal("0.05")).outcome is Outcome.PASS


def test_vat_that_differs_alone_is_held_and_named():
    finding = check(cdr(total_cost=Price(cdr().total_cost.excl_vat, Decimal(99))))
    assert finding.outcome is Outcome.HOLD
    assert [(one.component, one.vat) for one in finding.differences] == [("total", True)]


def test_a_cdr_that_states_no_vat_is_compared_without():
    assert check(cdr(total_cost=Price(cdr().total_cost.excl_vat))).outcome is Outcome.PASS


def test_the_component_that_differs_is_named():
    made = cost(OF, UNDER).totals
    stated = replace(made.energy, excl_vat=made.energy.excl_vat + 3)
    total = Price(made.total.excl_vat + 3, made.total.incl_vat)
    finding = check(cdr(total_cost=total, energy_cost=stated, fixed_cost=made.fixed, time_cost=made.time))
    assert finding.outcome is Outcome.HOLD
    assert [one.component for one in finding.differences] == ["total", "energy"]
    assert str(finding.differences[1]) == "energy: 8.2000 stated, 5.2000 computed"


def test_parts_that_differ_under_a_right_total_are_a_remark():
    finding = check(cdr(fixed_cost=price("0.7000", "0.8400")))
    assert finding.outcome is Outcome.REMARK
    assert [one.component for one in finding.differences] == ["fixed", "fixed"]


def test_billed_energy_in_the_place_of_the_measured_is_a_remark():
    finding = check(cdr(total_energy_kwh=Decimal(13)))
    assert finding.outcome is Outcome.REMARK
    assert [str(one) for one in finding.differences] == ["total_energy: 13 stated, 12.3000 computed"]


@pytest.mark.parametrize(
    "way",
    [
        Steps(energy=Rounding.NONE),
        Steps(energy=Rounding.ELEMENT),
        Steps(time=Rounding.EACH_TIME),
        Steps(time=Rounding.NONE),
        Steps(Rounding.NONE, Rounding.NONE),
        Steps(Rounding.ELEMENT, Rounding.NONE),
    ],
    ids=str,
)
def test_a_difference_that_steps_alone_explain_is_a_remark(way):
    under = tariff(
        element(part("E", "0.40", step=1000), max_kwh=Decimal("5.5")),
        part("E", "0.60", step=1000),
        part("T", "1.20", step=1200),
        part("P", "6.00", step=900),
    )
    finding = check(written(OF, cost(OF, under, steps=way)), [under])
    assert finding.outcome is Outcome.REMARK
    assert finding.differences[0].component == "total"
    assert str(way) in finding.remarks[0]
    assert "C30" in finding.remarks[0]


def test_where_steps_round_in_each_element_a_cdr_by_the_book_differs_by_its_steps_alone():
    elements = (element(part("E", "0.40", step=1000), max_kwh=Decimal("5.5")), part("E", "0.60", step=1000))
    agreed = tariff(*elements, steps_by_element=True)
    assert check(written(OF, cost(OF, agreed)), [agreed]).outcome is Outcome.PASS
    finding = check(written(OF, cost(OF, tariff(*elements))), [agreed])
    assert (finding.outcome, str(Steps()) in finding.remarks[0]) == (Outcome.REMARK, True)


def test_a_credit_is_the_original_with_its_total_turned():
    total = cdr().total_cost
    assert total.incl_vat is not None
    turned = Price(-total.excl_vat, -total.incl_vat)
    assert check(cdr(id="C1-C", credit=True, credit_of="C1", total_cost=turned)).outcome is Outcome.PASS
    assert check(cdr(id="C1-C", credit=True, credit_of="C1")).outcome is Outcome.HOLD


@pytest.mark.statement("OCPI-148")
def test_a_tariff_that_began_later_does_not_price_the_charge():
    finding = check(cdr(), [replace(UNDER, starts=utc("2025-07-03"))])
    assert finding.outcome is Outcome.HOLD
    assert "no tariff in force" in finding.remarks[0]
    assert finding.cost is None


@pytest.mark.statement("OCPI-152")
def test_the_variant_of_the_tokens_emsp_is_used():
    dear = replace(UNDER, elements=tariff(part("E", "9")).elements)
    assert check(cdr(), [dear, replace(UNDER, target=EMSP)]).outcome is Outcome.PASS
    assert check(cdr(tariff_ids=()), [dear, replace(UNDER, target=EMSP)]).outcome is Outcome.PASS


def test_another_currency_is_held():
    assert check(cdr(currency="CHF")).outcome is Outcome.HOLD


def test_a_tariff_that_cannot_be_read_holds_the_cdr_and_says_why():
    finding = check(cdr(), [tariff(element(part("E", "1"), start_time="noon"))])
    assert finding.outcome is Outcome.HOLD
    assert "'noon' is no time of day" in finding.remarks[0]


def test_a_tariff_of_a_period_that_nobody_knows_is_said():
    periods = (replace(OF.periods[0], tariff_id="T1"), replace(OF.periods[1], tariff_id="LOST"))
    finding = check(cdr(periods=periods))
    assert finding.outcome is Outcome.PASS
    assert "LOST" in finding.remarks[0]


def test_a_known_mistake_is_named():
    day = tariff(element(part("E", "1"), start_time="12:00"), part("F", "2"), part("E", "9"), min_price=price("15"))
    of = charge("2025-07-02T10:30", charging(60, "10"))

    def remarks(under, zone=PARIS):
        return recompute(written(of, cost(replace(of, zone=zone), under)), [day], PARIS).remarks

    assert remarks(replace(day, min_price=None)) == ("it would agree without min_price and max_price",)
    assert remarks(day, "UTC") == ("it would agree if the tariff's times were UTC and not local",)
