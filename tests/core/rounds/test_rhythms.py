"""When something is due again, over changes of hour as on any other day."""

from datetime import UTC, datetime, timedelta

import pytest

from interroam.core.rounds.rhythms import rhythm
from interroam.model.errors import Refused


def occurrences(said: str, start: datetime, count: int) -> list[str]:
    found = []
    for _ in range(count):
        start = rhythm(said).after(start)
        found.append(f"{start:%m-%d %H:%M}")
    return found


def test_an_interval_counts_from_now_and_off_is_never():
    now = datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert rhythm("every 6h").after(now) == now + timedelta(hours=6)
    assert rhythm("every 30d").after(now) == now + timedelta(days=30)
    assert rhythm("off").after(now) is None


def test_an_hour_that_spring_skips_still_comes_once():
    days = occurrences("daily 02:30 Europe/Zurich", datetime(2026, 3, 27, 12, tzinfo=UTC), 4)
    assert days == ["03-28 01:30", "03-29 01:30", "03-30 00:30", "03-31 00:30"]


def test_an_hour_that_autumn_repeats_comes_once():
    days = occurrences("daily 02:30 Europe/Zurich", datetime(2026, 10, 23, 12, tzinfo=UTC), 4)
    assert days == ["10-24 00:30", "10-25 00:30", "10-26 01:30", "10-27 01:30"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Australia/Lord_Howe"])
def test_every_day_of_a_year_has_one_occurrence_anywhere(zone):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = occurrences(f"daily 00:15 {zone}", start, 365)
    assert len(set(days)) == 365
    assert rhythm(f"daily 00:15 {zone}").after(start) - start <= timedelta(days=1)


@pytest.mark.parametrize(
    "said", ["", "sometimes", "every 0h", "every h", "daily 25:00", "daily 03:00 Europe/Nowhere", "daily"]
)
def test_what_is_no_rhythm_is_refused_with_examples(said):
    with pytest.raises(Refused) as no:
        rhythm(said)
    assert "every 6h" in no.value.remedy
