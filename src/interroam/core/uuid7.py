"""UUIDv7 (RFC 9562, 5.7): ids in the order of their minting, also within one millisecond."""

from __future__ import annotations

import os
from array import array
from datetime import datetime

from interroam.core.ports import Clock

_HALF_A_MICROSECOND = 0.0005
"""Of a millisecond: what a float may lack of a whole one."""
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
        # RFC 9562, 6.2, method 1: the twelve bits beside the milliseconds count, and may carry into these.
        tick = int(moment.timestamp() * 1000 + _HALF_A_MICROSECOND) << 12
        self._last = tick = tick if tick > self._last else self._last + 1
        if not self._random:
            self._random = array("Q", os.urandom(_RANDOM_AT_ONCE))
        # Bytes are written several times faster than a number is formatted.
        head = tick.to_bytes(8, "big").hex()
        tail = (self._random.pop() >> 2 | _VARIANT).to_bytes(8, "big").hex("-", 6)
        return f"{head[1:9]}-{head[9:13]}-7{head[13:]}-{tail}"
