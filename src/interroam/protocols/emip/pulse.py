"""When each partner last got a sign of life: a heartbeat is needed only where nothing else was sent (EMIP-34)."""

from __future__ import annotations

from datetime import datetime


class Pulse:
    """The times of the last messages, and the periods that partners want."""

    def __init__(self) -> None:
        self._sent: dict[str, datetime] = {}
        self._periods: dict[str, float] = {}

    def sent(self, partner: str, now: datetime) -> None:
        """Note that a request, or a response to one, went to a partner."""
        self._sent[partner] = now

    def last(self, partner: str) -> datetime | None:
        """Return when a partner last got a sign of life."""
        return self._sent.get(partner)

    def adopt(self, partner: str, period: float) -> None:
        """Keep the period a partner asks for (EMIP-33)."""
        if period > 0:
            self._periods[partner] = period

    def period(self, partner: str, own: float) -> float:
        """Return the period a partner asked for, else our own."""
        return self._periods.get(partner, own)
