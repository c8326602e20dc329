"""Which objects the journal has touched since when: in memory from the commits on, read back as far as somebody asks.

A status of an EVSE touches what is dynamic, everything else what is static; a site stated whole touches both. Each
object is held once, in the order in which it was touched last.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from interroam.core.pages import seq_before
from interroam.core.ports import EPOCH, Store
from interroam.model.facts import Act, Entry, Moved
from interroam.model.ids import Key, Kind, evse_key

KINDS = frozenset({Kind.LOCATION, Kind.EVSE, Kind.TOKEN})
_STATUS = frozenset({"status"})
_PAGE = 1000
_LATE = timedelta(seconds=10)
"""By how much the time of an entry may be before that of one that was committed earlier."""


class Flavor(StrEnum):
    """What somebody follows."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    USERS = "users"

    @property
    def kind(self) -> Kind:
        """The kind of its objects."""
        return Kind.TOKEN if self is Flavor.USERS else Kind.EVSE


class Touched:
    """The numbers of the entries by which objects were touched last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._touched: dict[Flavor, dict[Key, int]] = {flavor: {} for flavor in Flavor}
        self._born: dict[Key, int] = {}
        self._moved: dict[Key, Moved] = {}
        self._floor = -1  # nobody has asked yet
        self._reading = asyncio.Lock()

    async def since(self, flavor: Flavor, seq: int) -> dict[Key, int]:
        """Return what was touched by entries after this number, with the number of the last one."""
        await self._reach(seq)
        return dict(_newer(self._touched[flavor], seq))

    def born_after(self, key: Key, seq: int) -> bool:
        """Whether an object came (or came back) by an entry after this number."""
        return self._born.get(key, 0) > seq

    def moved(self, evse: Key) -> Moved | None:
        """Return what an EVSE was before it moved; None when it did not move."""
        return self._moved.get(evse)

    async def seq_at(self, at: datetime) -> int:
        """Return the number of an entry before which everything was told before this time, and little more."""
        return await seq_before(self._store, max(at, EPOCH) - _LATE)

    def _committed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.key.kind in KINDS:
                self._take(entry, self._touched, self._born)
            for moved in entry.moved:
                self._moved[evse_key(entry.key.party, entry.key.id, moved.uid)] = moved

    @staticmethod
    def _take(entry: Entry, touched: dict[Flavor, dict[Key, int]], born: dict[Key, int]) -> None:
        key, seq = entry.key, entry.seq
        for flavor in _flavors(entry):
            held = touched[flavor]
            held.pop(key, None)
            held[key] = seq
        if entry.created:
            born[key] = seq

    async def _reach(self, seq: int) -> None:
        """Read the journal back to this number, where memory does not go that far."""
        async with self._reading:
            if self._floor < 0:
                self._floor = self._store.head()
                self._store.subscribe(self._committed)
            if seq >= self._floor:
                return
            touched: dict[Flavor, dict[Key, int]] = defaultdict(dict)
            born: dict[Key, int] = {}
            through, after = self._floor, seq
            while after < through:
                entries = await self._store.entries(after, _PAGE, kinds=KINDS, through=through)
                for entry in entries:
                    self._take(entry, touched, born)
                if len(entries) < _PAGE:
                    break
                after = entries[-1].seq
            for flavor, known in self._touched.items():
                older = {key: no for key, no in touched[flavor].items() if key not in known}
                self._touched[flavor] = older | known
            self._born = born | self._born
            self._floor = seq


def _flavors(entry: Entry) -> Sequence[Flavor]:
    match entry.key.kind:
        case Kind.TOKEN:
            return (Flavor.USERS,)
        case Kind.LOCATION if entry.act is Act.CHANGE:
            return (Flavor.STATIC,)
        case Kind.EVSE if entry.act is Act.CHANGE and entry.fields == _STATUS:
            return (Flavor.DYNAMIC,)
        case Kind.EVSE if entry.act is Act.CHANGE and entry.fields.isdisjoint(_STATUS):
            return (Flavor.STATIC,)
    return (Flavor.STATIC, Flavor.DYNAMIC)


def _newer(held: dict[Key, int], seq: int) -> Iterator[tuple[Key, int]]:
    """Yield what was touched after a number: from the end, where the newest stands."""
    for key in reversed(held):
        if held[key] <= seq:
            return
        yield key, held[key]
