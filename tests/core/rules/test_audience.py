"""Who may be shown a place that is not published."""

from __future__ import annotations

import pytest

from interroam.core.rules.audience import may_be_shown
from interroam.model.places import Audience
from tests.core.objects import location, token

HOME = location(publish=False, audience=(Audience(uid="AABBCCDD", type="RFID"), Audience(group_id="family")))


@pytest.mark.statement("OCPI-194")
def test_an_unpublished_place_is_shown_to_the_tokens_it_names_alone():
    assert may_be_shown(location())
    assert not may_be_shown(HOME)
    assert may_be_shown(HOME, [token("aabbccdd")])
    assert may_be_shown(HOME, [token("11223344", group_id="family")])
    assert not may_be_shown(HOME, [token("11223344", group_id="others")])


@pytest.mark.statement("OCPI-194")
def test_a_token_must_agree_in_all_that_is_set_and_an_empty_entry_names_nobody():
    assert not may_be_shown(HOME, [token("AABBCCDD", type="OTHER")])
    assert not may_be_shown(location(publish=False, audience=(Audience(),)), [token()])


@pytest.mark.statement("OCPI-194")
@pytest.mark.parametrize("field", ["uid", "type", "visual_number", "issuer", "group_id"])
def test_each_field_of_an_entry_counts(field):
    card = token(type="OTHER", visual_number="V1", issuer="ABC", group_id="G1")
    entry = Audience(**{field: getattr(card, field), "type": "OTHER"})
    assert may_be_shown(location(publish=False, audience=(entry,)), [card])
    other = Audience(**{"uid": card.uid, field: "another"})
    assert not may_be_shown(location(publish=False, audience=(other,)), [card])
