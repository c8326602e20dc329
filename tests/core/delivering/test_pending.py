"""What a courier has in hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interroam.core.delivering.pending import Pending, group_of, overtakes
from interroam.model.agreements import Policy
from interroam.model.facts import Act, Moved
from interroam.model.ids import cdr_key, evse_key, location_key, session_key, tariff_key
from tests.core.objects import CPO, cdr, entry

ONE, TWO = evse_key(CPO, "L1", "1"), evse_key(CPO, "L2", "1")


def test_an_entry_overtaken_by_a_newer_one_of_its_object_is_skipped_under_latest():
    pending = Pending(0, (), together=False)
    for seq in (1, 2, 3):
        pending.take(entry(seq, ONE), Policy.LATEST)
    group, first = pending.pop()
    assert first.seq == 3
    assert pending.position == (2, ())
    pending.settle(3)
    pending.release(group)
    assert pending.position == (3, ())


def test_a_change_of_other_fields_is_not_overtaken_by_a_status():
    other = entry(1, ONE, fields=frozenset({"connectors"}))
    assert not overtakes(entry(2, ONE), other)
    assert not overtakes(entry(2, ONE, act=Act.FACT), other)  # of which nothing but the status is new
    assert overtakes(entry(2, ONE, act=Act.FACT, fields=frozenset()), other)
    assert not overtakes(entry(2, TWO), other)


def test_a_location_that_left_evses_out_is_not_overtaken():
    place = location_key(CPO, "L1")
    left_out = entry(1, place, act=Act.FACT, removed=("2",))
    assert not overtakes(entry(2, place, act=Act.FACT), left_out)
    assert overtakes(entry(2, place, act=Act.FACT), entry(1, place, act=Act.FACT))


def test_what_says_that_an_evse_left_a_selection_is_not_overtaken():
    moved = entry(1, ONE, act=Act.FACT, moved=(Moved("1", ("T1",)),))
    assert not overtakes(entry(2, ONE, act=Act.FACT), moved)


def test_a_location_told_by_what_is_new_of_it_overtakes_only_what_says_no_more():
    place = location_key(CPO, "L1")

    def told(seq, *fields, **more):
        return entry(seq, place, act=Act.FACT, fields=frozenset(fields), **more)

    named = told(1, "name")
    assert overtakes(told(2, "name", "address"), named)
    assert overtakes(told(2, "name"), entry(1, place, act=Act.CHANGE, fields=frozenset({"name"})))
    assert not overtakes(told(2, "address"), named)
    assert not overtakes(told(2, "evses/2"), told(1, "evses/1"))
    assert not overtakes(told(2, removed=("2",)), named)
    assert not overtakes(told(2, "name"), told(1, created=True))
    assert not overtakes(told(2, "name"), told(1))
    assert overtakes(told(2, "name", created=True), named)


def test_what_says_that_a_tariff_is_not_regular_any_more_is_not_overtaken():
    key = tariff_key(CPO, "T1")
    plain, gone = (entry(1, key, act=Act.FACT, fields=frozenset(fields)) for fields in ((), ("type",)))
    assert overtakes(entry(2, key, act=Act.FACT, fields=frozenset()), plain)
    assert not overtakes(entry(2, key, act=Act.FACT, fields=frozenset()), gone)


def test_fifo_skips_nothing():
    pending = Pending(0, (), together=False)
    for seq in (1, 2):
        pending.take(entry(seq, ONE), Policy.FIFO)
    assert pending.pop()[1].seq == 1


def test_entries_of_one_object_wait_for_each_other_and_others_go_beside():
    pending = Pending(0, (), together=False)
    for seq, key in ((1, ONE), (2, ONE), (3, TWO)):
        pending.take(entry(seq, key), Policy.FIFO)
    assert pending.pop()[1].seq == 1
    assert pending.pop()[1].seq == 3
    assert pending.pop() is None


def test_under_strict_everything_waits_for_everything():
    pending = Pending(0, (), together=True)
    pending.take(entry(1, ONE), Policy.STRICT)
    pending.take(entry(2, TWO), Policy.STRICT)
    assert pending.pop()[1].seq == 1
    assert pending.pop() is None


def test_an_evse_keeps_order_with_its_location_and_a_cdr_with_its_session():
    assert group_of(entry(1, ONE)) == group_of(entry(2, location_key(CPO, "L1"), act=Act.FACT))
    record = entry(2, cdr_key(CPO, "C1"), act=Act.FACT, body=cdr())
    assert group_of(entry(1, session_key(CPO, "S1"))) == group_of(record)


def test_a_restart_takes_only_what_was_not_settled():
    pending = Pending(5, (7, 9), together=False)
    for seq in range(4, 11):
        pending.take(entry(seq, evse_key(CPO, "L1", str(seq))), Policy.FIFO)
    taken = []
    while (next_one := pending.pop()) is not None:
        taken.append(next_one[1].seq)
        pending.settle(next_one[1].seq)
        pending.release(next_one[0])
    assert taken == [6, 8, 10]
    assert pending.position == (10, ())


@given(st.data(), st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=25), st.booleans())
def test_whatever_is_settled_when_the_cursor_never_passes_what_is_not(data, uids, latest):
    pending = Pending(0, (), together=False)
    policy = Policy.LATEST if latest else Policy.FIFO
    settled: set[int] = set()
    flying = []
    for seq, uid in enumerate(uids, 1):
        pending.take(entry(seq, evse_key(CPO, f"L{uid}", uid)), policy)
        if data.draw(st.booleans()) and (taken := pending.pop()) is not None:
            flying.append(taken)
        if flying and data.draw(st.booleans()):
            group, done = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
            pending.settle(done.seq)
            settled.add(done.seq)
            pending.release(group)
        through, ahead = pending.position
        in_flight = {one.seq for _, one in flying}
        assert not any(one <= through or one in ahead for one in in_flight)
        assert settled <= set(range(1, through + 1)) | set(ahead)
        assert all(one > through for one in ahead)


def test_objects_of_one_place_overtake_their_own_entries_where_others_stand_between():
    pending = Pending(0, (), together=False)
    other = evse_key(CPO, "L1", "2")
    for seq in range(1, 5_001):
        pending.take(entry(seq, ONE if seq % 2 else other), Policy.LATEST)
    group, first = pending.pop()
    pending.take(entry(5_001, ONE), Policy.LATEST)
    pending.put_back(group, first)  # a newer one of its object came while it was on its way
    pending.release(group)
    left = []
    while (taken := pending.pop()) is not None:
        left.append(taken[1].seq)
        pending.settle(taken[1].seq)
        pending.release(taken[0])
    assert (first.seq, left) == (4_999, [5_000, 5_001])
    assert pending.position == (5_001, ())


def test_a_driver_is_taken_out_of_what_comes_back_from_its_way_too():
    pending = Pending(0, (), together=False)
    pending.take(entry(1, ONE), Policy.FIFO)
    group, first = pending.pop()
    pending.rewrite(lambda one: replace(one, correlation="erased"))
    pending.put_back(group, first)
    pending.release(group)
    assert pending.pop()[1].correlation == "erased"
