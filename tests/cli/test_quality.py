"""The approval queue and a partner's quality page, at the command line."""

from __future__ import annotations

import pytest


@pytest.fixture
def watched(node):
    """A partner's place that waits because it names no owner."""
    node("partner", "add", "watched", "--party", "CH*CCC/CPO", "--profile", "gireve")
    return node


def test_the_queue_is_empty_at_first_and_a_place_that_does_not_wait_cannot_be_approved(watched):
    assert "nothing waits" in watched("quality", "list")
    assert watched.json("quality", "list", "--partner", "watched") == {"waiting": []}
    assert watched.json("quality", "findings", "watched") == {"findings": [], "oddities": []}
    assert watched.json("quality", "recheck", "watched") == {"count": 0}
    assert "nothing of location/ch*ccc/l1 waits" in watched("quality", "approve", "location/ch*ccc/l1", code=1)
    assert "nothing of evse/ch*ccc/l1/e1 waits" in watched("quality", "reject", "evse/ch*ccc/l1/e1", code=1)
    assert "is no place" in watched("quality", "approve", "somewhere", code=1)
    assert "no JSON" in watched("quality", "complete", "location/ch*ccc/l1", "owner", code=2)
