"""CDRs on the shelf for want of their place: tried again, by themselves, when that is stated.

A partner of OCPI 2.1.1 is sent the whole place with a CDR, and any partner may say that it does not know it yet.
Sessions are not: by then a newer state of theirs may have been told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from interroam.core.chores import Chores
from interroam.model.charges import Cdr
from interroam.model.errors import Reason
from interroam.model.facts import Act, Entry
from interroam.model.ids import Kind, location_key

if TYPE_CHECKING:
    from interroam.core.delivering.dispatch import Dispatch

LACKING = frozenset({Reason.INCOMPLETE, Reason.UNKNOWN_LOCATION})
_PLACES = frozenset({Kind.LOCATION, Kind.EVSE})
ALL = 2**31
"""However much lies on the shelf."""
_GATHERED_S = 2.0
"""The place shall be told before the charge is told again."""


class Lacking:
    """Follows the journal for the places that CDRs on the shelf wait for."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._wanted: dict[tuple[str, str], set[int]] = {}
        self._chores = Chores()

    async def start(self) -> None:
        """Find what lies there since before, and follow the journal."""
        store = self._dispatch.store
        for one in await store.shelf(limit=ALL):
            if one.reason in LACKING:
                for entry in await store.entries(one.seq - 1, 1, through=one.seq):
                    self.note(entry)
        self._unsubscribe = store.subscribe(self._committed)

    async def stop(self) -> None:
        """Follow no more."""
        self._unsubscribe()
        await self._chores.stop()

    def note(self, entry: Entry) -> None:
        """Remember the place of a CDR that was shelved for want of it."""
        if isinstance(entry.body, Cdr):
            place = location_key(entry.body.owner, entry.body.location_id)
            self._wanted.setdefault((place.owner, place.id), set()).add(entry.seq)

    def _committed(self, entries: Sequence[Entry]) -> None:
        if not self._wanted:
            return
        for entry in entries:
            if entry.key.kind in _PLACES and entry.act is Act.FACT:
                found = self._wanted.pop((entry.key.owner, entry.key.id), None)
                if found is not None:
                    self._chores.begin(self._again(found))

    async def _again(self, seqs: set[int]) -> None:
        await self._dispatch.clock.sleep(_GATHERED_S)
        shelf = await self._dispatch.store.shelf(limit=ALL)
        await self._dispatch.retry([one.id for one in shelf if one.seq in seqs and one.reason in LACKING])
