import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.raw import (
    drop_fields,
    find_connector,
    join_location,
    merge_patch,
    replace_connector,
    set_fields,
    set_text,
    split_evse,
    split_location,
    text,
)

CONNECTORS = [b'{"id":"a","x_new":1.50}', b'{"id" : "B","tariff_ids":["1"]}']
EVSE = b'{"uid":"1","x_brand":"\\u00e9","connectors":[%s],"status":"AVAILABLE"}' % b",".join(CONNECTORS)
LOCATION = (
    b'{ "id" :"LOC1","X_Own":{"deep":[1.000,null]},"evses":[%s,{"uid":"2"}], "last_updated":"2025-01-01T12:00:00Z",'
    b'"name":"Caf\xc3\xa9"}'
) % EVSE
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
NAMES = st.sampled_from(["a", "b", 'q"', "\\", "é", "id", ""])
OBJECTS = st.dictionaries(NAMES, JSON, max_size=5)


def test_a_location_is_cut_and_joined_without_loss():
    row, evses = split_location(LOCATION)
    assert row == b'{"id":"LOC1","X_Own":{"deep":[1.000,null]},"name":"Caf\xc3\xa9"}'
    assert evses == [EVSE, b'{"uid":"2"}']
    joined = join_location(row, evses, "2025-01-01T12:00:00Z")
    assert msgspec.json.decode(joined) == msgspec.json.decode(LOCATION)
    assert EVSE in joined


def test_a_location_without_evses_is_joined_without_the_list():
    assert split_location(b'{"id":"1","evses":null}') == (b'{"id":"1"}', [])
    assert join_location(b'{"id":"1"}', [], "T") == b'{"id":"1","last_updated":"T"}'
    assert join_location(b"{}", [], "T") == b'{"last_updated":"T"}'


def test_an_evse_is_cut_without_loss():
    row, connectors = split_evse(EVSE)
    assert row == b'{"uid":"1","x_brand":"\\u00e9","status":"AVAILABLE"}'
    assert connectors == CONNECTORS


def test_a_connector_is_replaced_in_its_place_whatever_the_case_of_its_id():
    replaced = replace_connector(EVSE, "b", b'{"id":"b"}')
    assert split_evse(replaced) == (split_evse(EVSE)[0], [CONNECTORS[0], b'{"id":"b"}'])
    assert find_connector(EVSE, "A") == CONNECTORS[0]
    assert find_connector(EVSE, "c") is None


def test_a_new_connector_comes_last():
    assert split_evse(replace_connector(EVSE, "c", b'{"id":"c"}'))[1] == [*CONNECTORS, b'{"id":"c"}']
    assert replace_connector(b"{}", "c", b'{"id":"c"}') == b'{"connectors":[{"id":"c"}]}'


@pytest.mark.statement("OCPI-187")
def test_a_patch_changes_only_what_it_names_and_cannot_remove_a_field():
    row = b'{"uid":"1","status":"AVAILABLE","floor_level":"-1","x_brand":1.50}'
    merged = merge_patch(row, b'{"status":"CHARGING","floor_level":null,"last_updated":"T","x_also":2}')
    assert merged == b'{"uid":"1","status":"CHARGING","floor_level":"-1","x_brand":1.50,"last_updated":"T","x_also":2}'


def test_a_patch_may_be_forbidden_a_field_or_carry_it_in_vain():
    with pytest.raises(Malformed) as refused:
        merge_patch(b'{"uid":"1"}', b'{"uid":"2"}', forbid={"uid"})
    assert refused.value.field == "uid"
    assert merge_patch(b'{"uid":"1"}', b'{"uid":"2"}', ignore={"uid"}) == b'{"uid":"1"}'


@pytest.mark.statement("OCPI-127")
def test_charging_periods_in_a_patch_are_added_to_those_known():
    row = b'{"id":"1","charging_periods":[{"a":1}],"kwh":1.0}'
    merged = merge_patch(row, b'{"kwh":2.50,"charging_periods":[{"b":2}]}', append={"charging_periods"})
    assert merged == b'{"id":"1","charging_periods":[{"a":1},{"b":2}],"kwh":2.50}'
    grown = merge_patch(b"{}", b'{"charging_periods":[1]}', append={"charging_periods"})
    assert grown == b'{"charging_periods":[1]}'
    with pytest.raises(Malformed):
        merge_patch(row, b'{"charging_periods":{}}', append={"charging_periods"})


@settings(max_examples=200, deadline=None)
@given(OBJECTS, OBJECTS)
def test_merging_is_what_a_dictionary_would_do(row, patch):
    merged = merge_patch(msgspec.json.encode(row), msgspec.json.encode(patch))
    assert msgspec.json.decode(merged) == row | {name: value for name, value in patch.items() if value is not None}


@settings(max_examples=200, deadline=None)
@given(OBJECTS, st.dictionaries(st.sampled_from(["a", "id", "gireve_id"]), JSON, max_size=3), st.booleans())
def test_setting_and_dropping_fields_touch_no_others(row, values, indented):
    raw = msgspec.json.encode(row)
    raw = msgspec.json.format(raw, indent=2) if indented else raw
    was = set_fields(raw, {name: msgspec.json.encode(value) for name, value in values.items()})
    assert msgspec.json.decode(was) == row | values
    left = msgspec.json.decode(drop_fields(was, values))
    assert left == {name: value for name, value in row.items() if name not in values}


def test_a_field_whose_name_is_written_with_escapes_is_still_that_field():
    row = b'{"gireve\\u005fid":"x","a":1}'
    assert drop_fields(row, ["gireve_id"]) == b'{"a":1}'
    assert msgspec.json.decode(set_fields(row, {"gireve_id": text("y")})) == {"gireve_id": "y", "a": 1}


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"x"', b"null"])
def test_what_is_no_object_cannot_be_cut(raw):
    with pytest.raises(Malformed):
        split_location(raw)
    with pytest.raises(NotJson):
        split_location(b"{")


@given(OBJECTS, JSON)
def test_a_text_is_set_at_the_top_whatever_else_is_called_so(others, inner):
    whole = {"a": {"status": inner}, **others, "status": "AVAILABLE", "z": [{"status": "CHARGING"}, '"status":"X"']}
    for stated in (whole, {**others, "status": "AVAILABLE", "b": inner}):
        row = set_fields(msgspec.json.encode(stated), {})
        said = set_text(row, b'"status":', b'"BLOCKED"')
        assert msgspec.json.decode(said) == {**stated, "status": "BLOCKED"}
