"""What holds for every tariff and every charge."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from interroam.core.rules.pricing import Charge, Outcome, cost, recompute
from interroam.model.charges import Dimension, Period
from interroam.model.money import Price
from interroam.model.tariffs import PriceComponent, Restrictions, TariffElement
from tests.core.bills import cdr, tariff, utc

FEW = settings(max_examples=60, deadline=None)

amounts = some.decimals(0, 50, places=4)
small = some.decimals(0, 40, places=3)
clocks = some.one_of(some.none(), some.integers(0, 47).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}"))
parts = some.builds(
    PriceComponent,
    some.sampled_from(["FLAT", "ENERGY", "TIME", "PARKING_TIME"]),
    amounts,
    some.sampled_from([0, 1, 60, 250, 300, 900]),
    some.one_of(some.none(), some.decimals(0, 25, places=1)),
)
limits = some.builds(
    Restrictions,
    start_time=clocks,
    end_time=clocks,
    min_kwh=some.one_of(some.none(), small),
    max_kwh=some.one_of(some.none(), small),
    max_power_kw=some.one_of(some.none(), small),
    min_duration_s=some.one_of(some.none(), some.integers(0, 20_000)),
    days=some.sampled_from([(), (), ("SATURDAY", "SUNDAY")]),
    reservation=some.sampled_from([None, None, None, "RESERVATION", "RESERVATION_EXPIRES"]),
)
elements = some.builds(
    TariffElement, some.lists(parts, min_size=1, max_size=3).map(tuple), some.one_of(some.none(), limits)
)
tariffs = some.lists(elements, min_size=1, max_size=4).map(lambda them: tariff(*them))


@some.composite
def charges(draw):
    moment = begin = utc("2025-10-25T20:00") + timedelta(minutes=draw(some.integers(0, 600)))
    periods, energy = [], Decimal(0)
    for _ in range(draw(some.integers(1, 4))):
        seconds, kwh = draw(some.integers(0, 15_000)), draw(small)
        kind = draw(some.sampled_from(["TIME", "PARKING_TIME", "RESERVATION_TIME"]))
        volume = (Decimal(seconds) / 3600).quantize(Decimal("0.0001"))
        periods.append(Period(moment, (Dimension("ENERGY", kwh), Dimension(kind, volume))))
        moment, energy = moment + timedelta(seconds=seconds), energy + kwh
    return Charge(starts=begin, ends=moment, periods=tuple(periods), energy_kwh=energy, zone="Europe/Paris")


@FEW
@given(charges(), tariffs)
def test_no_cost_is_negative_and_the_parts_make_the_whole(of, under):
    made = cost(of, under)
    totals = made.totals
    shares = [totals.fixed, totals.energy, totals.time, totals.parking, totals.reservation]
    assert all(one.excl_vat >= 0 for one in shares)
    assert abs(sum(one.excl_vat for one in shares) - totals.total.excl_vat) <= Decimal("0.0005")
    assert abs(sum((one.amount.excl_vat for one in made.lines), Decimal(0)) - totals.total.excl_vat) <= Decimal("0.01")
    if totals.total.incl_vat is not None:
        assert totals.total.incl_vat >= totals.total.excl_vat


@FEW
@given(charges(), tariffs, some.randoms(use_true_random=False))
def test_the_order_in_which_periods_come_does_not_matter(of, under, chance):
    shuffled = [*of.periods]
    chance.shuffle(shuffled)
    assert cost(replace(of, periods=tuple(shuffled)), under) == cost(of, under)


@FEW
@given(charges(), some.lists(parts, min_size=1, max_size=4), some.data())
def test_cutting_a_period_in_two_does_not_change_what_an_unrestricted_tariff_costs(of, components, data):
    number = data.draw(some.integers(0, len(of.periods) - 1))
    ends = [*(one.starts for one in of.periods[1:]), of.ends]
    whole, seconds = of.periods[number], int((ends[number] - of.periods[number].starts).total_seconds())
    cut = data.draw(some.integers(0, seconds))
    (energy, time) = whole.dimensions
    kwh = (energy.volume * cut / seconds).quantize(Decimal("0.000001")) if seconds else Decimal(0)
    halves = [
        Period(whole.starts, (Dimension("ENERGY", kwh), volume(time.type, cut))),
        Period(
            whole.starts + timedelta(seconds=cut),
            (Dimension("ENERGY", energy.volume - kwh), volume(time.type, seconds - cut)),
        ),
    ]
    periods = (*of.periods[:number], *halves, *of.periods[number + 1 :])
    under = tariff(TariffElement(tuple(components)))
    assert cost(replace(of, periods=periods), under).totals == cost(of, under).totals


def volume(word, seconds):
    return Dimension(word, (Decimal(seconds) / 3600).quantize(Decimal("0.0001")))


@FEW
@given(charges(), tariffs, amounts, amounts)
def test_no_total_leaves_its_limits(of, under, one, other):
    least, most = sorted((one, other))
    limited = replace(under, min_price=Price(least, least), max_price=Price(most, most))
    found = cost(of, limited).totals.total
    assert least <= found.excl_vat <= most
    assert found.incl_vat is None or least <= found.incl_vat <= most


@FEW
@given(charges(), tariffs)
def test_a_cdr_that_states_what_is_computed_passes(of, under):
    finding = recompute(cdr(of, cost(of, under)), [under], "Europe/Paris")
    assert finding.outcome is Outcome.PASS
    assert finding.differences == ()
