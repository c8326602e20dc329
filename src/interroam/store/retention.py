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
    """Days of what was stated of locations in the journal."""
    evse: int = 30
    """Days of EVSEs and their statuses in the journal."""
    tariff: int = 10 * YEAR
    """Days of tariffs in the journal."""
    token: int = 10 * YEAR
    """Days of tokens in the journal."""
    session: int = THIRTEEN_MONTHS
    """Days of a session in the journal after it was last told; thirteen months are kept whatever this says."""
    cdr: int = 10 * YEAR
    """Days of CDRs in the journal; thirteen months are kept whatever this says."""
    authorization: int = THIRTEEN_MONTHS
    """Days of permissions in the journal."""
    command: int = THIRTEEN_MONTHS
    """Days of commands and their outcomes in the journal."""
    drivers: int = 10 * YEAR
    """Days after which a charge, or a token that is gone or expired, says no more whose it was; at least a year."""
    traces: int = THIRTEEN_MONTHS
    """Days of traces; a year of them is kept whatever this says."""
    place_bodies: int = 14
    """Days of the bodies in traces about places; their lines stay with the others."""

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
