"""Whatever a strict partner may send gets across, and what does not is told."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json

from interroam.model.errors import Refused
from interroam.protocols.ocpi import v211
from interroam.protocols.ocpi.v211 import cdrs as cdrs_room
from interroam.protocols.ocpi.v211 import shapes
from interroam.protocols.ocpi.v211.hows import ASCII
from interroam.protocols.ocpi.v211.statement import TABLES
from interroam.protocols.ocpi.v211.table import POSES, Loss
from interroam.protocols.ocpi.wire import Malformed, NotJson, cdrs, locations, read, sessions, tariffs, tokens, write
from tests.protocols.ocpi.v211.samples import down, location, plain, raw, token, up
from tests.protocols.ocpi.wire.shapes import valid

KNOWN = {"token": raw(token())}
OPEN = {"operator_ids": False, "extensions": False, "signed_data": True, "credits": True, "home_charging": True}
LIFTS = {
    shapes.Location: (v211.lift_location, locations.Location),
    shapes.Token: (v211.lift_token, tokens.Token),
    shapes.Session: (v211.lift_session, sessions.Session),
    shapes.Tariff: (v211.lift_tariff, tariffs.Tariff),
    shapes.Cdr: (v211.lift_cdr, cdrs.Cdr),
}
LOWERS = {
    locations.Location: (v211.lower_location, shapes.Location),
    tokens.Token: (v211.lower_token, shapes.Token),
    sessions.Session: (v211.lower_session, shapes.Session),
    tariffs.Tariff: (v211.lower_tariff, shapes.Tariff),
    cdrs.Cdr: (v211.lower_cdr, shapes.Cdr),
}
SOME = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
ADDED = {"price_round", "step_round", "exact_price_component"}


def lift(kind, data):
    """Lift, or None for a charge that says not where it was."""
    try:
        return LIFTS[kind][0](data, up(**KNOWN))
    except Malformed as error:
        if not error.field.startswith("location.evses"):
            raise
        return None


def place_of(data):
    """A repository that knows the place of a charge of 2.2.1."""
    given_ = json.decode(data)
    inner = given_.get("cdr_location", given_)
    plug = location()["evses"][0]["connectors"][0] | {"id": inner.get("connector_id", "1")}
    one = location()["evses"][0] | {"uid": inner.get("evse_uid", "E1"), "connectors": [plug]}
    return raw(location(id=inner.get("location_id", inner.get("id")), evses=[one]))


def lower(kind, data, **known):
    return LOWERS[kind][0](data, down(place=place_of(data), **(OPEN | known)))


@pytest.mark.parametrize("kind", LIFTS, ids=lambda each: each.__name__)
def test_what_is_lifted_can_be_read_without_a_complaint(kind):
    @SOME
    @given(valid(kind))
    def check(value):
        made = lift(kind, write(value))
        if made is not None:
            newer, findings = read(LIFTS[kind][1], made.data)
            assert [
                each for each in findings if "more than 36" not in each.message and "36 char" not in each.message
            ] == []
            assert newer == read(LIFTS[kind][1], write(newer))[0]
            assert_declared(made, "up")

    check()


@pytest.mark.parametrize("kind", LOWERS, ids=lambda each: each.__name__)
def test_what_is_lowered_is_strict_2_1_1_in_ascii(kind):
    @SOME
    @given(valid(kind), st.sampled_from(["escape", "transliterate"]))
    def check(value, text):
        made = lower(kind, write(value), text=text)
        assert_declared(made, "down")
        if made.data is not None:
            assert made.data.isascii()
            # A point has six decimals, also where a sign makes it longer than the field.
            assert [each for each in read(LOWERS[kind][1], made.data)[1] if "longer than" not in each.message] == []
            assert not re.search(rb"T\d\d:\d\d:\d\d\.", made.data)

    check()


def assert_declared(made, direction):
    """Whatever a conversion notes stands in the statement, with the same reason."""
    for each in made.losses:
        assert any(each.loss is loss and each.why.startswith(why) for loss, why in SAID[direction]), each


def reasons(table):
    for rule in table.rules:
        yield from ((each.loss, each.why) for each in rule.outcomes if each.why)
        if rule.inner is not None:
            yield from reasons(rule.inner)
    if table.omitted:
        yield Loss.LOST, table.omitted
    yield Loss.LOST, POSES
    yield ASCII.loss, ASCII.why


INSIDE = (cdrs_room.CHARGED_BY_DOWN,)
SAID = {
    way: {reason for table in (*TABLES, *INSIDE) if table.direction == way for reason in reasons(table)}
    for way in ("up", "down")
}


# -- there and back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LIFTS, ids=lambda each: each.__name__)
def test_there_and_back_keeps_every_field_but_for_what_is_told(kind):
    @SOME
    @given(valid(kind))
    def check(value):
        there = lift(kind, write(value))
        if there is None:
            return
        back = lower(LIFTS[kind][1], there.data)
        if back.data is None:
            assert back.losses
            return
        told = tuple({older(each.field) for each in (*there.losses, *back.losses)} | TOLD[kind])
        before, after = json.decode(write(value)), plain(back)
        changed = list(differences(alike(before), alike(after), ""))
        assert [path for path in changed if not path.startswith(told) and not OTHER_TARIFF.search(path)] == []

    check()


# The tariff of the first connector holds for its EVSE, and is said there alone (OCPI-77).
OTHER_TARIFF = re.compile(r"connectors\[[1-9]\d*\]\.tariff_id$")
TOLD = {
    shapes.Location: {"time_zone", "opening_times"},
    shapes.Token: set(),
    # Told as charging for all: a charge knows its place by ids, and its token by the hub's book.
    shapes.Session: {"location", "auth_id"},
    shapes.Tariff: {"country_code", "party_id", "target_operator_country_code", "target_operator_party_id"},
    shapes.Cdr: {"location", "auth_id", "tariffs"},
}
BOTH = {"type": "parking_type", "start_datetime": "start_date_time", "end_datetime": "end_date_time"}


def older(path):
    """The name in 2.1.1 of what a conversion notes."""
    return next((old + path.removeprefix(new) for old, new in BOTH.items() if path.startswith(new)), path)


def alike(value):
    """Times to the second, points to six decimals: what every conversion makes of them."""
    if isinstance(value, dict):
        return {name: alike(each) for name, each in value.items() if each not in (None, [], "") and name not in ADDED}
    if isinstance(value, list):
        return [alike(each) for each in value]
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return datetime.fromisoformat(value).astimezone(UTC).replace(microsecond=0)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{5,7}", value):
        return round(Decimal(value), 6)
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def differences(before, after, path):
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}[{place}]")
    elif before != after:
        yield path


# -- nonsense ----------------------------------------------------------------------------------------------------------

NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", LIFTS, ids=lambda each: each.__name__)
def test_a_broken_message_is_refused_by_name_or_lifted_and_never_breaks_us(kind):
    @SOME
    @given(valid(kind), st.randoms(use_true_random=False), NONSENSE)
    def check(value, chance, nonsense):
        broken = json.decode(write(value))
        spot = broken
        while isinstance(spot, dict) and spot:
            name = chance.choice(sorted(spot))
            inner = spot[name][0] if isinstance(spot[name], list) and spot[name] else spot[name]
            if not isinstance(inner, dict) or chance.random() < 0.3:
                spot[name] = nonsense
                break
            spot = inner
        try:
            made = LIFTS[kind][0](json.encode(broken), up(**KNOWN))
            read(LIFTS[kind][1], made.data)
        except (Malformed, NotJson, Refused):
            pass

    check()


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b"{", b"\xff", b'{"id":"\xff"}', b"[" * 9000])
def test_what_is_no_object_is_refused(body):
    with pytest.raises((Malformed, NotJson)):
        v211.lift_location(body, up())
    with pytest.raises((Malformed, NotJson)):
        v211.lift_authorization(body, up(), "1A2B3C4D", "RFID")
