"""What both stores share: the writer, the journal and its listeners, cursors, shelf and register.

A database brings what ``Finding`` asks for, and commits a group; ``Upkeep`` completes the store.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from interroam.core.ports import CourierKey, Cursor, Shelved
from interroam.model.facts import Entry, Exchange, Receipt, Telling
from interroam.model.ids import LANE_OF, Kind, Lane
from interroam.store import growing, rows
from interroam.store.draft import Draft
from interroam.store.finding import Finding
from interroam.store.growing import Growing
from interroam.store.recent import MEMORY
from interroam.store.retention import Retention
from interroam.store.rows import Row
from interroam.store.traces import Traces
from interroam.store.writer import Errand, Outcome, Writer, resolve

_FOREVER = 2**62
_UNINDEXED = frozenset(kind for kind, lane in LANE_OF.items() if lane is Lane.PLACES)


class Ledger(Finding):
    """The store but for its database and its upkeep."""

    def __init__(self, traces: Traces, retention: Retention | None = None, memory: int = MEMORY) -> None:
        super().__init__(memory)
        self.retention = retention or Retention()
        self._traces = traces
        self.note = traces.note
        """Keep a trace; buffered, written in compressed blocks, never in the way of an answer."""
        self._listeners: list[Callable[[Sequence[Entry]], None]] = []
        self._writer = Writer(self._commit)
        self.tell = self._writer.tell
        """Judge and record; ``then`` is called with what became of it, after the commit that holds it."""
        self._seq = 0
        self._no = 0
        self._shelved = 0
        self._horizon: dict[Lane, int] = {}
        self._growing = Growing()

    @abstractmethod
    async def _commit(self, tellings: Sequence[Telling], errands: Sequence[Errand]) -> list[Outcome]:
        """Judge, write and commit a group."""

    async def _learn(self) -> None:
        """Read how far the numbers are."""
        ((self._seq, self._no),) = await self._fetch("newest")
        ((self._shelved,),) = await self._fetch("newest_shelved")
        self._horizon = {Lane(lane): seq for lane, seq in await self._fetch("horizons")}
        for kind in Kind:
            ((self._last[kind],),) = await self._fetch("last_id", kind.value)

    # -- facts -----------------------------------------------------------------------------------------------------

    prompt = False
    """Whether single objects are read without waiting."""

    def record(self, telling: Telling) -> asyncio.Future[Receipt]:
        """Judge and record; comes back after the commit that holds it. Unavailable(OVERLOADED) when too much waits."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self.tell(telling, partial(resolve, future))
        return future

    # -- after a commit --------------------------------------------------------------------------------------------

    def _committed(self, draft: Draft) -> None:
        """Take over what a group made, and tell who listens."""
        self._seq, self._no = draft.seq, draft.no
        self._growing.settle()
        self._learned(draft)
        if draft.entries:
            self._publish(draft.entries)

    def _forget(self) -> None:
        super()._forget()
        self._growing = Growing()

    def _publish(self, entries: Sequence[Entry]) -> None:
        if self._tally is not None:
            self._tally["entries"] += len(entries)
        for listener in tuple(self._listeners):
            try:
                listener(entries)
            except Exception as error:  # noqa: BLE001  a listener's fault is not the writer's
                context = {"message": "a listener of the journal failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    # -- journal ---------------------------------------------------------------------------------------------------

    def head(self) -> int:
        """Return the number of the newest committed entry."""
        return self._seq

    def oldest(self, lane: Lane | None = None) -> int:
        """Return the number from which on the journal of a lane (none: of all) is whole; older ones may be dropped."""
        known = self._horizon
        return 1 + (max(known.values(), default=0) if lane in (None, Lane.ALL) else known.get(lane, 0))

    def subscribe(self, listener: Callable[[Sequence[Entry]], None]) -> Callable[[], None]:
        """Call ``listener`` with the entries of each commit, in order; returns what ends it."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    async def entries(
        self,
        after: int,
        limit: int = 500,
        *,
        kinds: Iterable[Kind] | None = None,
        through: int | None = None,
        correlation: str | None = None,
        numbers: Iterable[int] | None = None,
    ) -> list[Entry]:
        """Return entries with a number above ``after`` in order, at most ``limit``.

        ``numbers`` are creation numbers of objects: entries of these objects only. Places have no index by object or
        correlation (their statuses would all pay for it): their entries are looked through when ``kinds`` names them.
        """
        last = self._seq if through is None else min(through, self._seq)
        wanted = None if kinds is None else frozenset(kinds)
        if correlation is None and numbers is None and wanted is None:
            return await self._read_entries(await self._fetch("entries", after, last, limit))
        objects = None if numbers is None else frozenset(numbers)
        found: list[Row] = []
        if objects is not None:
            found = await self._search("entries_by_no", self._list(objects), after, last)
        elif correlation is not None:
            found = await self._search("entries_by_correlation", correlation, after, last)
        narrow = objects is not None or correlation is not None
        for kind in (wanted or frozenset()) & _UNINDEXED if narrow else wanted or ():
            found += await self._search("entries_of_kind", after, last, kind.value, _FOREVER if narrow else limit)
        entries = sorted(await self._read_entries(found), key=lambda one: one.seq)
        return [
            one
            for one in entries
            if (wanted is None or one.key.kind in wanted)
            and (objects is None or one.no in objects)
            and (correlation is None or one.correlation == correlation)
        ][:limit]

    async def _read_entries(self, found: Iterable[Row]) -> list[Entry]:
        """Read entries; what some said is held by the rows of their objects."""
        entries = await self._read_whole(found)
        held = [entry.no for entry in entries if rows.is_held(entry)]
        if not held:
            return entries
        known = {row.no: row for row in await self.by_no(held)}
        return [
            rows.completed(entry, known[entry.no]) if rows.is_held(entry) and entry.no in known else entry
            for entry in entries
        ]

    async def _read_whole(self, found: Iterable[Row]) -> list[Entry]:
        """Read entries as they were told: those that say what is new, with the lines of their objects before them."""
        entries = [rows.entry(row) for row in found]
        short = {one.seq: one for one in entries if growing.is_short(one)}
        if not short:
            return entries
        numbers, first = self._list({one.no for one in short.values()}), growing.first_of(short.values())
        lines = growing.whole(await self._search("entries_by_no", numbers, first - 1, max(short)), short)
        whole = {seq: rows.entry(line) for seq, line in lines.items()}
        # What is dropped meanwhile is left out, as it would be a moment later.
        return [whole.get(one.seq, one) for one in entries if one.seq not in short or one.seq in whole]

    # -- couriers --------------------------------------------------------------------------------------------------

    async def cursors(self) -> list[Cursor]:
        """Return all cursors."""
        found = {one.key: one for one in (rows.cursor(state) for (state,) in await self._fetch("cursors"))}
        return list((found | self._writer.cursors).values())

    async def settle(self, cursor: Cursor, shelved: Sequence[Shelved] = (), taken: Sequence[int] = ()) -> None:
        """Persist a cursor with what it shelved and took from the shelf, at once; rides on the next group's commit.

        With something for the shelf it returns after the commit, and nothing of it stands when that fails; without, a
        crash may lose it, and what was settled is delivered again.
        """
        if not shelved:
            self._writer.settle(cursor)
            return
        lines = []
        for item in shelved:
            self._shelved = number = max(self._shelved + 1, item.id)
            lines.append(rows.shelved_row(replace(item, id=number)))
        gone = Errand("unshelve", [(number,) for number in taken])
        await self._writer.run(gone, Errand("shelve", lines), Errand("save_cursor", [rows.cursor_row(cursor)]))

    async def shelf(self, courier: CourierKey | None = None, limit: int = 200) -> list[Shelved]:
        """Return what lies on the shelf, oldest first."""
        found = self._fetch("shelf", limit) if courier is None else self._fetch("shelf_of", str(courier), limit)
        return [rows.shelved(state) for (state,) in await found]

    async def unshelve(self, ids: Sequence[int]) -> None:
        """Take from the shelf: delivered after all, or given up by an operator."""
        await self._writer.run(Errand("unshelve", [(number,) for number in ids]))

    # -- traces ----------------------------------------------------------------------------------------------------

    async def traces(
        self,
        *,
        ids: Iterable[str] = (),
        partner: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 200,
    ) -> list[Exchange]:
        """Return traces, oldest first: those with any of the ids (correlation included), or of a partner and time."""
        return await self._traces.find(frozenset(ids), partner, since, until, limit)

    # -- register --------------------------------------------------------------------------------------------------

    async def save(self, shelf: str, id: str, body: bytes) -> None:
        """Write a document."""
        await self._writer.run(Errand("save", [(shelf, id, body)]))

    async def load(self, shelf: str, id: str) -> bytes | None:
        """Return a document."""
        found = await self._fetch("load", shelf, id)
        return found[0][0] if found else None

    async def all(self, shelf: str) -> list[tuple[str, bytes]]:
        """Return all documents of a shelf, in order of id."""
        return [(name, body) for name, body in await self._fetch("all", shelf)]

    async def remove(self, shelf: str, id: str) -> None:
        """Remove a document."""
        await self._writer.run(Errand("remove", [(shelf, id)]))
