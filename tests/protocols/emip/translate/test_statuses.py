"""Statuses of eMIP, of the model and of OCPI, into each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interroam.core.rules.statuses import WORDS, from_word, one_word
from interroam.model.facts import Wire
from interroam.model.ids import PartyId
from interroam.model.places import Availability, Connector, Element, Evse, EvseStatus, Location
from interroam.protocols.emip.translate.places import NOWHERE
from interroam.protocols.emip.translate.statuses import (
    availability_change,
    busy_change,
    element_status,
    halves,
    usability,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = PartyId.of("FR", "C01")
EVSE = Evse(owner=OWNER, location_id="P", uid="E", status=EvseStatus("", Availability.UNKNOWN), last_updated=NOW)
SITE = Location(owner=OWNER, id="P", address="a", city="c", country="FRA", coordinates=NOWHERE, last_updated=NOW)
# What OCPI says of each pair of halves; availability first.
SAID = {
    (0, 0): "UNKNOWN", (0, 1): "UNKNOWN", (0, 2): "CHARGING", (0, 3): "RESERVED",
    (2, 0): "UNKNOWN", (2, 1): "AVAILABLE", (2, 2): "CHARGING", (2, 3): "RESERVED",
    **{(1, use): "OUTOFORDER" for use in range(4)},
    **{(3, use): "PLANNED" for use in range(4)},
    **{(4, use): "REMOVED" for use in range(4)},
}  # fmt: skip
HALVES = {
    "AVAILABLE": (2, 1), "BLOCKED": (2, 2), "CHARGING": (2, 2), "INOPERATIVE": (1, 0), "OUTOFORDER": (1, 0),
    "PLANNED": (3, 0), "REMOVED": (4, 0), "RESERVED": (2, 3), "UNKNOWN": (0, 0),
}  # fmt: skip
minutes = st.integers(0, 100)
messages = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3), minutes), max_size=12)


def told(evse: Evse, half: str, code: int, minute: int) -> Evse:
    make = availability_change if half == "a" else busy_change
    body, wire = make(evse.key, code, NOW + timedelta(minutes=minute)).merge(evse, Wire("x", "1", b"x"))
    assert wire == Wire("x", "1", b"x")  # whoever's form it is, a status leaves it alone
    return body


@pytest.mark.parametrize(("pair", "word"), SAID.items())
def test_both_halves_are_one_word_of_ocpi(pair, word):
    evse = told(told(EVSE, "a", pair[0], 0), "b", pair[1], 1)
    assert one_word(evse.status) == word
    known = halves(evse.status, NOW + timedelta(hours=9))
    assert (known.availability, known.busy) == pair
    assert (known.availability_at, known.busy_at) == (NOW, NOW + timedelta(minutes=1))


@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_word_of_ocpi_is_both_halves(word):
    known = halves(from_word(word, NOW), NOW)
    assert (known.availability, known.busy) == HALVES[word]
    assert known.availability_at == known.busy_at == NOW


@given(messages)
@pytest.mark.statement("EMIP-52")
def test_each_half_is_the_newest_of_its_own_whatever_the_order(said):
    evse = EVSE
    newest: dict[str, tuple[int, int]] = {}
    for half, code, minute in said:
        evse = told(evse, half, code, minute)
        if half not in newest or minute >= newest[half][0]:
            newest[half] = (minute, code)
    known = halves(evse.status, NOW)
    assert known.availability == newest.get("a", (0, 0))[1]
    assert known.busy == newest.get("b", (0, 0))[1]


@given(st.sampled_from(sorted(WORDS)), messages)
def test_a_word_of_ocpi_and_halves_of_emip_mix(word, said):
    evse = told(EVSE, "a", 2, 0)
    evse = replace(evse, status=from_word(word, NOW))
    for half, code, minute in said:
        evse = told(evse, half, code, minute)
    assert one_word(evse.status) in WORDS


@pytest.mark.statement("EMIP-60")
def test_a_half_ends_by_itself():
    until = NOW + timedelta(minutes=5)
    body, _ = availability_change(EVSE.key, 2, NOW, until).merge(EVSE, None)
    body, _ = busy_change(EVSE.key, 2, NOW).merge(body, None)
    assert halves(body.status, until - timedelta(seconds=1)).availability == 2
    known = halves(body.status, until)
    assert (known.availability, known.busy) == (0, 2)


@pytest.mark.parametrize("code", [-1, 5, 99])
def test_a_number_of_no_meaning_is_none(code):
    for make in (availability_change, busy_change):
        with pytest.raises(ValueError):
            make(EVSE.key, code, NOW)


def test_usability_is_the_worst_of_what_is_around():
    evse = told(EVSE, "a", 2, 0)
    assert usability(SITE, evse, NOW) is None

    def of(code, element, until=None):
        return element_status(None, element, code, NOW, until)

    site = replace(SITE, status=of(1, Element.LOCATION))
    assert usability(site, evse, NOW) == (1, None)
    until = NOW + timedelta(minutes=1)
    site = Location(
        **{**{f: getattr(SITE, f) for f in SITE.__struct_fields__}, "status": of(1, Element.LOCATION, until)}
    )
    assert usability(site, evse, NOW) == (1, until)
    assert usability(site, evse, until) == (2, None)
    plugs = tuple(
        Connector(
            id=str(code), standard="IEC_62196_T2", format="SOCKET", power_type="AC_1_PHASE", voltage_v=230,
            amperage_a=16, status=of(code, Element.CONNECTOR),
        )
        for code in (1, 2)
    )  # fmt: skip
    both = replace(evse, connectors=plugs)
    assert usability(SITE, both, NOW) == (2, None)  # one that works is enough
    broken = replace(evse, connectors=plugs[:1])
    assert usability(SITE, broken, NOW) == (1, None)
