"""One word for a status, and what the word says."""

import pytest

from interroam.core.rules.statuses import WORDS, from_word, one_word
from interroam.model.places import Availability, Busy, EvseStatus


@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_word_of_ocpi_comes_out_as_it_went_in(word):
    assert one_word(from_word(word.lower())) == word


def test_a_word_nobody_knows_is_kept_and_means_nothing():
    status = from_word("FLYING")
    assert (status.word, status.availability, one_word(status)) == ("FLYING", Availability.UNKNOWN, "UNKNOWN")


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (EvseStatus("2", Availability.IN_SERVICE, Busy.FREE), "AVAILABLE"),
        (EvseStatus("2", Availability.IN_SERVICE, Busy.OCCUPIED), "CHARGING"),
        (EvseStatus("3", Availability.IN_SERVICE, Busy.FREE, reserved=True), "RESERVED"),
        (EvseStatus("1", Availability.OUT_OF_SERVICE, Busy.FREE), "OUTOFORDER"),
        (EvseStatus("2", Availability.IN_SERVICE), "UNKNOWN"),
        (EvseStatus("x", Availability.IN_SERVICE, blocked=True), "BLOCKED"),
    ],
)
def test_a_status_of_another_protocol_gets_its_word_from_its_parts(status, word):
    assert one_word(status) == word
