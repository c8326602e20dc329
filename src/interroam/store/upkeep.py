"""What both stores share of the upkeep: retention, erasure of a driver, figures."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from interroam.core.refs import refs_of
from interroam.model.facts import Entry, Stored
from interroam.model.ids import Kind, Lane
from interroam.store import rows
from interroam.store.ledger import Ledger
from interroam.store.writer import Errand

T = TypeVar("T")

SPAN = 20_000
"""Numbers of the journal that are looked at together."""
HANDFUL = 500
"""Entries that are deleted, or objects that are rewritten, in one transaction."""
_OF_DRIVERS = (Kind.SESSION, Kind.CDR, Kind.AUTHORIZATION, Kind.TOKEN)


class Upkeep(Ledger):
    """The rest of a store but for its database."""

    async def erase(self, subject: bytes, rewrite: Callable[[Stored | Entry], Stored | Entry]) -> int:
        """Rewrite every row and entry that carries this subject (or contract); drops their traces' bodies."""

        def speaks(row: Stored | Entry) -> bool:
            return subject in (row.subject, row.contract)

        async def turn() -> int:
            async with self._loading:
                since = self._follow()
                numbers = {no for (no,) in await self._search("spoken_of", subject)}
                async with self._writer.turn:  # nothing is told between reading and writing
                    numbers.update(row.no for row, _ in self._followed(since) if speaks(row))
                    listed = self._list(numbers)
                    found = [rows.stored(row) for row in await self._search("by_no", listed)]
                    lines = [rows.entry(row) for row in await self._search("entries_by_no", listed, 0, self._seq)]
                    return await self._rewrite(list(filter(speaks, found)), list(filter(speaks, lines)), rewrite)

        count = await _to_the_end(turn())
        await self._traces.erase(subject)
        return count

    async def forget(self, now: datetime, rewrite: Callable[[Stored | Entry], Stored | Entry]) -> int:
        """Rewrite every charge and withdrawn token older than drivers are known, and what the journal says of them."""

        def anonymous(row: Stored | Entry) -> Stored | Entry:
            return replace(rewrite(row), subject=b"", contract=b"")

        before = rows.micros(now - timedelta(days=self.retention.driver_days))

        async def turn(kind: Kind) -> tuple[int, int]:
            async with self._writer.turn:
                found = [rows.stored(row) for row in await self._search("of_anybody", kind, before, HANDFUL)]
                lines = [rows.entry(row) for one in found for row in await self._search("entries_of_object", one.no)]
                return len(found), await self._rewrite(found, lines, anonymous)

        count = 0
        for kind in _OF_DRIVERS:
            found = HANDFUL
            while found == HANDFUL:
                found, rewritten = await _to_the_end(turn(kind))
                count += rewritten
        return count

    async def _rewrite(
        self, found: list[Stored], lines: list[Entry], rewrite: Callable[[Stored | Entry], Stored | Entry]
    ) -> int:
        """Write rows and entries anew, in one transaction, while nothing is told."""
        rewritten = [row for row in map(rewrite, found) if isinstance(row, Stored)]
        objects = [rows.picture_row(row) for row in rewritten]
        names = [(name, row.no) for row in rewritten for name in refs_of(row.body) if name != rows.own_name(row.key)]
        entries = [rows.journal_row(line) for line in map(rewrite, lines) if isinstance(line, Entry)]
        nobodys = [(row.no,) for row in rewritten if not (row.subject or row.contract)]
        known_by = [
            Errand("forget_refs", [(row.no,) for row in rewritten]),
            Errand("forget_former", nobodys),
            Errand("insert_ref", names),
        ]
        await self._commit([], [Errand("replace_row", objects), Errand("replace_entry", entries), *known_by])
        self._recent.forget(row.key for row in found)
        self._refs.clear()
        return len(objects) + len(entries)

    async def retain(self, now: datetime) -> dict[str, int]:
        """Drop what is older than its retention; returns how many of what.

        The newest entry always stays: it keeps the count. What a lane lost is noted (see ``oldest``).
        """
        limits = [rows.micros(now - timedelta(days=self.retention.days(kind))) for kind in Kind]
        dropped: Counter[str] = Counter()
        for start in range(0, self._seq - 1, SPAN):
            past = await self._search("past", start, min(start + SPAN, self._seq - 1), *limits)
            for first in range(0, len(past), HANDFUL):
                some = past[first : first + HANDFUL]
                horizon = self._horizon | {
                    Lane(lane): max(seq, self._horizon.get(Lane(lane), 0)) for seq, lane, _ in some
                }
                delete = Errand("delete_entry", [(seq,) for seq, _, _ in some])
                await self._writer.run(
                    delete, Errand("save_horizon", [(lane.value, seq) for lane, seq in horizon.items()])
                )
                self._horizon = horizon
                dropped.update(kind for _, _, kind in some)
        if self._tally is not None:
            self._tally["entries"] -= dropped.total()
        days = await self._traces.retain((now - timedelta(days=self.retention.trace_days)).date())
        return {**dropped, "trace days": days}

    async def counts(self) -> dict[str, int]:
        """Return figures for metrics and tests: entries, objects by kind, waiting, the shelf."""
        if self._tally is None:
            await self._count()
        tally = self._tally or Counter[str]()
        ((shelf,),) = await self._fetch("tally_shelf")
        return {
            "entries": tally.get("entries", 0),
            **{kind.value: tally.get(kind.value, 0) for kind in Kind},
            "waiting": self._writer.waiting,
            "traces_waiting": self._traces.waiting,
            "shelf": shelf,
        }

    async def _count(self) -> None:
        """Count once, between two groups; from then on every group adds its own."""
        async with self._writer.turn:
            ((entries,),) = await self._search("tally_entries")
            tally = Counter({"entries": entries})
            tally.update({kind: count for kind, count in await self._search("tally_objects")})  # noqa: C416  rows
            self._tally = tally


async def _to_the_end(turn: Coroutine[Any, Any, T]) -> T:
    """Await a turn that keeps its lock until its commit is made, even when whoever waits for it gives up."""
    return await asyncio.shield(turn)
