"""UUIDv7 (RFC 9562, 5.7): ids in the order of their minting, also within one millisecond."""

from __future__ import annotations

import os
from array import array
from datetime import UTC, datetime

from interroam.core.ports import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANDOM_AT_ONCE = 4096
_VARIANT = 0b10 << 62


class Uuid7:
    """Mints ids; one maker never mints anything smaller than before, even when the clock is set back."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._last = 0
        self._random = array("Q")

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
        self._last = tick = tick if tick > self._last else self._last + 1
        if not self._random:
            self._random = array("Q", os.urandom(_RANDOM_AT_ONCE))
        head = f"{tick:015x}"
        tail = (self._random.pop() >> 2 | _VARIANT).to_bytes(8, "big")
        return f"{head[:8]}-{head[8:12]}-7{head[12:]}-{tail.hex('-', 6)}"
