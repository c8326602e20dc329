"""What a courier puts on the shelf, and what it takes from there again.

What lies there and the cursor that has passed it are written together. Until they are, the entry counts as not
delivered: neither a store that cannot write nor a crash loses a refusal. At worst it is sent and refused once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from interroam.core.delivering.rests import rest_s
from interroam.core.ports import CourierKey, Cursor, Shelved
from interroam.model.errors import Unavailable

if TYPE_CHECKING:
    from interroam.core.delivering.dispatch import Dispatch

log = structlog.get_logger()


class Shelving:
    """A courier's hand at the shelf."""

    def __init__(self, key: CourierKey, dispatch: Dispatch) -> None:
        self._key = key
        self._dispatch = dispatch
        self._retried: dict[int, int] = {}
        """Entries from the shelf that are tried again, and where they lie."""

    def retry(self, seq: int, shelved: int) -> bool:
        """Note that an entry is tried again; false when it is under way already."""
        return seq not in self._retried and self._retried.setdefault(seq, shelved) == shelved

    def delivered(self, seq: int) -> int | None:
        """Return where an entry lay that was taken after all, if it did."""
        return self._retried.pop(seq, None)

    async def put(
        self, seq: int, reason: str, message: str, cursor: Callable[[], Cursor], *, poison: bool, tries: int
    ) -> None:
        """Return when it lies there and the cursor says so; what cannot be written now is written later."""
        earlier, failures = self._retried.get(seq), 0
        taken = () if earlier is None else (earlier,)
        at = self._dispatch.clock.now()
        one = Shelved(
            id=0, courier=self._key, seq=seq, at=at, reason=reason, message=message, poison=poison, tries=tries
        )
        while True:
            try:
                await self._dispatch.store.settle(cursor(), (one,), taken)
            except Unavailable as failure:
                failures += 1
                log.warning("shelf_not_written", courier=str(self._key), seq=seq, message=failure.message)
                await self._dispatch.clock.sleep(rest_s(failures))
            else:
                self._retried.pop(seq, None)
                return
