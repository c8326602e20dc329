"""UUIDv7 (RFC 9562, 5.7): ids in the order of their minting, also within one millisecond."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from interroam.core.ports import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = 7 << 76
_VARIANT = 2 << 62
_TAIL = (1 << 62) - 1


class Uuid7:
    """Mints ids; one maker never mints anything smaller than before, even when the clock is set back."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._last = 0

    def new(self) -> str:
        """Return a new id of this moment."""
        if self._clock is None:
            raise TypeError("this maker has no clock: use at()")
        return self.at(self._clock.now())

    def at(self, moment: datetime) -> str:
        """Return a new id of the given moment."""
        age = moment - _EPOCH
        # RFC 9562, 6.2, method 1: the twelve bits beside the milliseconds count, and may carry into these.
        tick = (age.days * 86_400_000 + age.seconds * 1000 + age.microseconds // 1000) << 12
        self._last = tick = max(tick, self._last + 1)
        tail = int.from_bytes(os.urandom(8), "big") & _TAIL
        value = (tick >> 12) << 80 | _VERSION | (tick & 0xFFF) << 64 | _VARIANT | tail
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
