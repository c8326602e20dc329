"""How much a partner may ask of the node: requests a second, bytes a request; as much as it likes where nothing is set.

The pace is an average over some seconds, so that what comes in a burst, as after an absence, is taken: each request
takes a place in a row that moves at the partner's pace, and only a row that is too long turns the next one away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.parties import Partner

OVER = timedelta(seconds=10)
"""What the pace is an average over."""


class Quotas:
    """Keeps partners to their pace."""

    def __init__(self) -> None:
        self._rows: dict[str, datetime] = {}

    def take(self, partner: Partner, size: int, now: datetime) -> None:
        """Count a request in; Unavailable with the time to come back where it is too much, Refused where too large."""
        if partner.body_bytes and size > partner.body_bytes:
            raise Refused(
                Reason.TOO_LARGE,
                f"{size} bytes are more than the {partner.body_bytes} that partner {partner.id} may send at once",
                remedy="send less at once",
            )
        if not partner.rate:
            return
        ends = max(self._rows.get(partner.id, now), now) + timedelta(seconds=1 / partner.rate)
        if ends - now > OVER:
            wait = (ends - now - OVER).total_seconds()
            message = f"more than {partner.rate:g} requests a second are too many for partner {partner.id}"
            raise Unavailable(Reason.OVERLOADED, message, retry_after=max(1.0, wait))
        self._rows[partner.id] = ends
