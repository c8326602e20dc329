"""Secrets of partners that are due: OCPI advises new ones each month (OCPI-13)."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from interroam.core.parties.book import Book
from interroam.core.ports import Clock
from interroam.model.parties import PartnerState, Purpose

log = structlog.get_logger()

MONTH = timedelta(days=30)
_AGAIN = timedelta(days=1)


class Renewing:
    """Advises new secrets where old ones are in use, once a day."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._said: dict[str, datetime] = {}

    async def advise(self) -> None:
        """Log a line for every connected partner that calls with a secret older than a month."""
        now = self._clock.now()
        for partner in self._book.partners.values():
            secrets = [one for one in self._book.credentials_of(partner.id) if one.purpose is Purpose.REGULAR]
            since = min((one.since for one in secrets), default=now)
            said = self._said.get(partner.id)
            if partner.state is not PartnerState.CONNECTED or now - since < MONTH or (said and now - said < _AGAIN):
                continue
            self._said[partner.id] = now
            remedy = f"interroam partner rotate {partner.id}"
            log.warning("secret_due", partner=partner.id, days=(now - since).days, remedy=remedy)
