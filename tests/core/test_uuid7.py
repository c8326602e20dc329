"""Ids in the order of their minting."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

from interroam.core.uuid7 import Uuid7

NOW = datetime(2031, 5, 17, 12, 0, 0, 123_000, tzinfo=UTC)


def test_ten_thousand_ids_of_one_moment_are_in_order_and_different():
    mint = Uuid7()
    ids = [mint.at(NOW) for _ in range(10_000)]
    assert all(one < two for one, two in pairwise(ids))


def test_an_id_says_when_it_was_minted_and_that_it_is_of_version_seven():
    minted = UUID(Uuid7().at(NOW))
    assert (minted.version, minted.variant) == (7, RFC_4122)
    assert minted.int >> 80 == int(NOW.timestamp() * 1000)


def test_a_clock_that_is_set_back_sets_no_id_back():
    mint = Uuid7()
    assert mint.at(NOW) < mint.at(NOW - timedelta(hours=1)) < mint.at(NOW + timedelta(milliseconds=1))
