"""What both stores share of the upkeep: retention and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from interroam.model.ids import Kind, Lane
from interroam.store import rows
from interroam.store.erasing import HANDFUL, Erasing
from interroam.store.rows import Row
from interroam.store.writer import Errand

SHELF, STRIPPED = "retention", "stripped"
SPAN = 20_000
"""Numbers of the journal that are looked at together."""


class Upkeep(Erasing):
    """The rest of a store but for its database."""

    async def retain(self, now: datetime) -> dict[str, int]:
        """Drop what is older than its retention; returns how many of what.

        The newest entry always stays: it keeps the count. What a lane lost is noted (see ``oldest``).
        """
        limits = {kind: rows.micros(now - timedelta(days=self.retention.days(kind))) for kind in Kind}
        dropped: Counter[str] = Counter()
        async with self._writer.turn:
            self._growing.clear()  # what is told meanwhile hangs on nothing that goes
        for start in range(0, self._seq - 1, SPAN):
            past = await self._past(start, limits)
            for first in range(0, len(past), HANDFUL):
                some = past[first : first + HANDFUL]
                horizon = self._horizon | {
                    Lane(lane): max(seq, self._horizon.get(Lane(lane), 0)) for seq, lane, *_ in some
                }
                delete = Errand("delete_entry", [(seq,) for seq, *_ in some])
                self._horizon = horizon  # before they go: who reads them meanwhile shall know
                await self._writer.run(
                    delete, Errand("save_horizon", [(lane.value, seq) for lane, seq in horizon.items()])
                )
                dropped.update(kind for _, _, kind, _ in some)
                self._shrunk += 1
                if self._tally is not None:
                    self._tally["entries"] -= len(some)
        days = await self._traces.retain((now - timedelta(days=self.retention.trace_days)).date())
        return {**dropped, "trace days": days, "trace blocks stripped": await self._strip(now)}

    async def _past(self, start: int, limits: Mapping[Kind, int]) -> list[Row]:
        """Return entries that are past their time; those of a session, which hang together, with the last of them."""
        head = self._seq
        past = await self._search("past", start, min(start + SPAN, head - 1), *limits.values())
        sessions = self._list({no for _, _, kind, no in past if kind == Kind.SESSION.value})
        lasting = {no for (no,) in await self._search("told_since", sessions, limits[Kind.SESSION], head)}
        return [row for row in past if row[3] not in lasting]

    async def _strip(self, now: datetime) -> int:
        """Take the bodies of places out of the days that came of age since this was done last."""
        before = (now - timedelta(days=self.retention.place_bodies)).date()
        kept = await self.load(SHELF, STRIPPED)
        since = date.fromisoformat(kept.decode()) if kept is not None else date.min
        if since >= before:
            return 0
        count = await self._traces.strip(since, before)
        await self.save(SHELF, STRIPPED, before.isoformat().encode())
        return count

    async def counts(self) -> dict[str, int]:
        """Return figures for people and tests: entries, objects by kind, and what waits."""
        tally = self._tally or await self._count()
        return {
            "entries": tally["entries"],
            **{kind.value: tally[kind.value] for kind in Kind},
            **await self.waiting(),
        }

    async def waiting(self) -> dict[str, int]:
        """Return what waits, for metrics: tellings, traces, what lies on the shelf."""
        ((shelf,),) = await self._fetch("tally_shelf")
        return {"waiting": self._writer.waiting, "traces_waiting": self._traces.waiting, "shelf": shelf}

    async def _count(self) -> Counter[str]:
        """Count once, while the writer goes on; from then on every group adds its own."""
        async with self._loading:
            since, seq, no, shrunk = self._follow(), self._seq, self._no, self._shrunk
            ((entries,),) = await self._search("tally_entries", seq)
            objects = await self._search("tally_objects", no)
            tally = Counter({kind: count for kind, count in objects})  # noqa: C416  rows
            tally.update(row.key.kind.value for row, before in self._followed(since) if before is None)
            tally["entries"] = entries + self._seq - seq
            if shrunk == self._shrunk:  # else some of it may be gone
                self._tally = tally
            return tally
