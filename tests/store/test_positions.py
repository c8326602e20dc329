"""Positions put together without copying say what the copied ones would."""

from hypothesis import given
from hypothesis import strategies as st

from interroam.store.positions import Both, Without

numbers = st.lists(st.integers(0, 60), unique=True).map(sorted)
cut = st.integers(0, 65)


@given(numbers, st.sets(st.integers(0, 60)), cut, cut)
def test_two_parts_are_one_ascending_sequence(whole, first, start, stop):
    both = Both([no for no in whole if no in first], [no for no in whole if no not in first])
    assert (len(both), list(both), list(both[start:stop])) == (len(whole), whole, whole[start:stop])


@given(numbers, st.sets(st.integers(0, 60)), cut, cut)
def test_what_is_left_out_is_in_no_place(whole, left_out, start, stop):
    kept = [no for no in whole if no not in left_out]
    rest = Without(whole, left_out)
    assert (len(rest), list(rest), list(rest[start:stop])) == (len(kept), kept, kept[start:stop])
