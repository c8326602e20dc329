"""What becomes of a statement."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interroam.core.rules.verdicts import TOLERANCE, judge, removal
from interroam.model.charges import Command, CommandState
from interroam.model.facts import Change, Fact, Verdict, Wire, Withdrawal
from interroam.model.places import Availability
from tests.core.objects import CPO_PARTY, EMSP_PARTY, NOW, at, cdr, evse, session, status_change, stored, token


def test_a_change_to_an_object_nobody_stated_is_unknown():
    assert judge(status_change("CHARGING", NOW), None, NOW).verdict is Verdict.UNKNOWN


def test_a_new_status_is_recorded_and_moves_last_updated():
    judgment = judge(status_change("CHARGING", at(5)), stored(evse()), at(5))
    assert judgment.verdict is Verdict.RECORDED
    assert judgment.body.status.word == "CHARGING"
    assert judgment.body.last_updated == at(5)


@pytest.mark.statement("OCPI-36", "OCPI-38")
def test_a_repeated_status_is_unchanged_and_still_refreshes_its_time():
    judgment = judge(status_change("AVAILABLE", at(60)), stored(evse()), at(60))
    assert judgment.verdict is Verdict.UNCHANGED
    late = judge(status_change("CHARGING", at(30)), stored(judgment.body), at(61))
    assert late.verdict is Verdict.STALE


@pytest.mark.statement("OCPI-86")
def test_of_an_evse_stated_again_the_status_alone_is_new_where_both_its_forms_say_so():
    def wire(data: bytes) -> Wire:
        return Wire("ocpi", "2.2.1", data)

    row = stored(evse(), wire=wire(b"free"))
    said = Fact(evse(word="CHARGING", when=at(5)), None, wire(b"used"))
    restate = lambda _, body: wire({"AVAILABLE": b"free", "CHARGING": b"used"}[body.status.word])  # noqa: E731
    alone = judge(replace(said, restate=restate), row, at(5))
    assert (alone.status_alone, alone.body.changed_at, alone.body.rest_at) == (True, NOW, at(5))
    for other in (
        said,  # nobody can say what its row says besides the status
        replace(said, restate=restate, body=evse(word="CHARGING", when=at(5), physical_reference="7")),
        replace(said, restate=lambda *_: wire(b"free, with a floor")),
    ):
        judgment = judge(other, row, at(5))
        assert (judgment.verdict, judgment.status_alone, judgment.body.changed_at) == (Verdict.RECORDED, False, None)


@pytest.mark.statement("OCPI-37")
def test_a_status_that_goes_and_comes_back_is_three_recordings():
    row = stored(evse(word="BLOCKED", when=at(-10)))
    for second, word in enumerate(("AVAILABLE", "CHARGING", "AVAILABLE")):
        judgment = judge(status_change(word, at(second)), row, at(second))
        assert judgment.verdict is Verdict.RECORDED
        row = replace(row, body=judgment.body, judged_at=judgment.judged_at, updated=judgment.updated)


@pytest.mark.statement("OCPI-39")
def test_an_older_status_is_stale():
    assert judge(status_change("CHARGING", at(-1)), stored(evse()), NOW).verdict is Verdict.STALE


@pytest.mark.parametrize("body", [session(), token()])
def test_an_older_change_to_anything_else_is_stale_too(body):
    late = Change(body.key, frozenset({"issuer"}), at(-1), lambda old, wire: (replace(old, last_updated=at(-1)), wire))
    assert judge(late, stored(body), NOW).verdict is Verdict.STALE


def test_equal_times_with_different_content_let_the_later_arrival_win():
    assert judge(status_change("CHARGING", NOW), stored(evse()), NOW).verdict is Verdict.RECORDED


def test_a_late_change_of_other_fields_is_applied_beside_a_newer_status():
    row = stored(evse(rest_at=at(-100)))
    change = Change(
        row.key,
        frozenset({"physical_reference"}),
        at(-50),
        lambda body, wire: (replace(body, physical_reference="7"), wire),
    )
    judgment = judge(change, row, NOW)
    assert judgment.verdict is Verdict.RECORDED
    assert judgment.body.physical_reference == "7"
    assert judgment.body.last_updated == NOW  # the newest stays
    assert judge(status_change("CHARGING", at(-50)), stored(judgment.body), NOW).verdict is Verdict.STALE


def test_a_whole_evse_that_is_older_than_the_status_keeps_the_newer_status():
    row = stored(evse(word="CHARGING", when=NOW, rest_at=at(-100)))
    stated = evse(word="AVAILABLE", when=at(-20), physical_reference="8")
    judgment = judge(Fact(stated), row, NOW)
    assert judgment.verdict is Verdict.RECORDED
    assert judgment.body.status.word == "CHARGING"
    assert judgment.body.physical_reference == "8"


def test_a_time_far_ahead_is_compared_as_the_time_of_reception_and_kept_as_sent():
    ahead = NOW + TOLERANCE + timedelta(hours=3)
    first = judge(status_change("CHARGING", ahead), stored(evse()), at(1))
    assert first.verdict is Verdict.RECORDED
    assert first.updated == ahead
    row = stored(first.body, judged_at=first.judged_at, updated=first.updated)
    assert judge(status_change("AVAILABLE", at(2)), row, at(2)).verdict is Verdict.RECORDED


@pytest.mark.statement("OCPI-136")
def test_a_cdr_told_twice_is_recorded_once_and_never_changes():
    row = stored(cdr())
    assert judge(Fact(cdr()), row, NOW).verdict is Verdict.UNCHANGED
    assert judge(Fact(cdr(total_energy_kwh=Decimal(13), when=at(9))), row, at(9)).verdict is Verdict.CONFLICT


def test_a_cdr_that_differs_only_where_the_model_does_not_look_is_a_conflict_all_the_same():
    def same(one: bytes, other: bytes) -> bool:
        return one.replace(b" ", b"") == other.replace(b" ", b"")

    def wired(data: bytes) -> Fact:
        return Fact(cdr(), Wire("ocpi", "2.2.1", data), same=same)

    row = stored(cdr(), wire=Wire("ocpi", "2.2.1", b'{"signed":"a"}'))
    assert judge(wired(b'{ "signed": "a" }'), row, NOW).verdict is Verdict.UNCHANGED
    assert judge(wired(b'{"signed":"b"}'), row, NOW).verdict is Verdict.CONFLICT


def test_a_completed_session_is_final():
    row = stored(session(status="COMPLETED"))
    assert judge(Fact(session(status="ACTIVE", when=at(5))), row, at(5)).verdict is Verdict.CONFLICT
    assert judge(Fact(session(status="COMPLETED", when=at(5))), row, at(5)).verdict is Verdict.UNCHANGED


@pytest.mark.parametrize(
    ("fields", "moves"), [({"interim"}, False), ({"interim"}, True), ({"status", "interim"}, False)]
)
def test_beside_a_completed_session_a_late_record_may_be_kept_and_the_session_stays(fields, moves):
    row = stored(session(status="COMPLETED"), wire=Wire("emip", "0.7.4", b"early"))
    late = Wire("emip", "0.7.4", b"late")

    def merge(body, _):
        return (replace(body, energy_kwh=body.energy_kwh + 1) if moves else body), late

    taken = judge(Change(row.key, frozenset(fields), NOW, merge, late, own_time=True), row, at(5))
    if moves or "status" in fields:
        assert taken.verdict is Verdict.CONFLICT
    else:
        assert (taken.verdict, taken.body, taken.wire) == (Verdict.RECORDED, row.body, late)


def test_a_settled_command_stays_settled():
    command = Command(
        id="1",
        name="START_SESSION",
        state=CommandState.SETTLED,
        asker=EMSP_PARTY,
        target=CPO_PARTY,
        reply="",
        deadline=at(60),
        asked_at=NOW,
        result="TIMEOUT",
    )
    late = Change(
        command.key, frozenset({"result"}), at(90), lambda body, wire: (replace(body, result="ACCEPTED"), wire)
    )
    assert judge(late, stored(command, judged_at=at(60)), at(90)).verdict is Verdict.STALE


def test_a_withdrawn_object_is_unknown_until_it_is_stated_again():
    row = stored(token())
    gone = judge(Withdrawal(row.key, at(1)), row, at(1))
    assert gone.verdict is Verdict.RECORDED
    assert gone.withdrawn
    withdrawn = replace(row, withdrawn=True)
    assert judge(Withdrawal(row.key, at(2)), withdrawn, at(2)).verdict is Verdict.UNKNOWN
    assert judge(Fact(token(when=at(3))), withdrawn, at(3)).verdict is Verdict.RECORDED


def test_an_evse_is_never_deleted_but_removed():
    judgment = judge(removal(stored(evse()), at(1)), stored(evse()), at(1))
    assert judgment.body.status.availability is Availability.REMOVED


_WORDS = st.sampled_from(["AVAILABLE", "CHARGING", "BLOCKED", "OUTOFORDER"])


@given(
    st.permutations([(second, word) for second, word in enumerate(["CHARGING", "BLOCKED", "AVAILABLE", "RESERVED"], 1)])
)
def test_whatever_the_order_of_arrival_the_newest_status_stands(arrivals):
    row = stored(evse(word="UNKNOWN", when=at(0)))
    for second, word in arrivals:
        judgment = judge(status_change(word, at(second)), row, at(10))
        if judgment.body is not None:
            row = replace(row, body=judgment.body, judged_at=judgment.judged_at, updated=judgment.updated)
    assert row.body.status.word == "RESERVED"
    assert row.body.last_updated == at(4)


@given(st.lists(st.tuples(_WORDS, st.integers(0, 50)), max_size=12))
def test_last_updated_never_goes_back(changes):
    row = stored(evse())
    for word, second in changes:
        judgment = judge(status_change(word, at(second)), row, at(100))
        if judgment.body is not None:
            assert judgment.body.last_updated >= row.body.last_updated
            assert judgment.updated >= row.updated
            row = replace(row, body=judgment.body, judged_at=judgment.judged_at, updated=judgment.updated)
