"""How long what is kept."""

from __future__ import annotations

import msgspec

from interroam.model.ids import Kind

YEAR = 366
THIRTEEN_MONTHS = 397
_RECORDS = frozenset({Kind.SESSION, Kind.CDR})
"""What a charge is billed by."""


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Days by kind of entry, and of traces (design: Trace, Retention); the picture never expires."""

    location: int = THIRTEEN_MONTHS
    evse: int = 30
    tariff: int = 10 * YEAR
    token: int = 10 * YEAR
    session: int = THIRTEEN_MONTHS
    cdr: int = 10 * YEAR
    authorization: int = THIRTEEN_MONTHS
    command: int = THIRTEEN_MONTHS
    drivers: int = 10 * YEAR
    """Days after which a charge, or a token that was withdrawn, no more says whose it was; a year at least."""
    traces: int = THIRTEEN_MONTHS
    """Days of traces; a year of them is kept whatever this says."""

    @property
    def trace_days(self) -> int:
        """Return how many days traces are kept: never less than a year (EMIP-28)."""
        return max(self.traces, YEAR)

    @property
    def driver_days(self) -> int:
        """Return how many days a driver is known: traces name them for a year (EMIP-119)."""
        return max(self.drivers, YEAR)

    def days(self, kind: Kind) -> int:
        """Return how many days entries of this kind are kept: records a year beyond their settlement (EMIP-105)."""
        days: int = getattr(self, kind.value)
        return max(days, THIRTEEN_MONTHS) if kind in _RECORDS else days
