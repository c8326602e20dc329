"""How much a partner may ask: an average, so that what comes at once after an absence is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from interroam.core.parties.quotas import OVER, Quotas
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.parties import Partner

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def partner(**limits) -> Partner:
    return Partner(id="volta", protocol="ocpi", **limits)


def taken(quotas: Quotas, one: Partner, now: datetime, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            quotas.take(one, 0, now)
            count += 1
        except Unavailable:
            break
    return count


@pytest.mark.parametrize("rate", [0.5, 5, 200])
def test_a_burst_of_ten_seconds_is_taken_then_the_pace_holds(rate):
    quotas, slow = Quotas(), partner(rate=rate)
    burst = int(rate * OVER.total_seconds())
    assert taken(quotas, slow, NOW, 10 * burst) == burst
    assert taken(quotas, slow, NOW + timedelta(seconds=4 / rate), 10 * burst) == 4
    assert taken(quotas, slow, NOW + timedelta(hours=1), 10 * burst) == burst


def test_who_comes_too_often_hears_when_to_come_back_and_then_is_taken():
    quotas, slow = Quotas(), partner(rate=0.1)
    quotas.take(slow, 0, NOW)
    with pytest.raises(Unavailable) as no:
        quotas.take(slow, 0, NOW)
    assert (no.value.reason, no.value.retry_after) == (Reason.OVERLOADED, 10.0)
    quotas.take(slow, 0, NOW + timedelta(seconds=no.value.retry_after))


def test_one_partner_does_not_use_up_anothers_and_without_a_rate_there_is_none():
    quotas = Quotas()
    assert taken(quotas, partner(rate=1), NOW, 100) == 10
    assert taken(quotas, Partner(id="other", protocol="ocpi", rate=1), NOW, 100) == 10
    assert taken(quotas, Partner(id="free", protocol="ocpi"), NOW, 1000) == 1000


def test_a_body_larger_than_the_partner_may_send_is_refused():
    quotas, small = Quotas(), partner(body_bytes=100)
    quotas.take(small, 100, NOW)
    with pytest.raises(Refused) as no:
        quotas.take(small, 101, NOW)
    assert no.value.reason is Reason.TOO_LARGE
