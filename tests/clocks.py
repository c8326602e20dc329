"""The hour as tests see it: moved by hand, and nobody sleeps long."""

import asyncio
from datetime import UTC, datetime, timedelta

LIGHTLY = 10
"""Who sleeps until something is due, or rests after a failure, wakes after this part of the time."""


class StillClock:
    """Stands until it is set forward."""

    def __init__(self, at: datetime = datetime(2026, 3, 14, 12, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        """Move on: ``forward(minutes=5)``."""
        self.at += timedelta(**by)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / LIGHTLY)


class ClockAhead:
    """Runs as the one on the wall; what sleeps by it wakes when it is set forward as well."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        """Move on: ``forward(minutes=5)``."""
        self.ahead += timedelta(**by)

    async def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds / LIGHTLY)
        while (left := (until - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  the hour is moved by hand
            await asyncio.sleep(min(left, 0.02))
