"""Taking drivers out of what is stored: one who asks for it, and all of them when their time is over."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from interroam.core.forgetting import Forgetting
from interroam.core.refs import refs_of
from interroam.model.charges import Command
from interroam.model.facts import Entry, Stored
from interroam.model.ids import Kind
from interroam.model.tokens import Token
from interroam.store import rows
from interroam.store.growing import Growing
from interroam.store.ledger import Ledger
from interroam.store.writer import Errand

T = TypeVar("T")

HANDFUL = 500
"""Objects that are rewritten, or documents that are looked at, in one transaction."""
_OF_DRIVERS = (Kind.SESSION, Kind.CDR, Kind.AUTHORIZATION, Kind.TOKEN)
_ALL = 2**31


class Erasing(Ledger):
    """What a store does about drivers."""

    @abstractmethod
    async def _scour(self) -> None:
        """Overwrite what the database keeps of rows that are no more, as far as it can."""

    async def erase(self, erasure: Forgetting) -> int:
        """Take a driver out of everything; returns how many rows, entries and documents were rewritten."""
        count = await _to_the_end(self._erase_rows(erasure))
        commands = [no for _, no in await self._search("listed", Kind.COMMAND.value)]
        for first in range(0, len(commands), HANDFUL):
            count += await _to_the_end(self._erase_answers(commands[first : first + HANDFUL], erasure))
        count += await _to_the_end(self._erase_said(erasure))
        after: tuple[str, str] | None = ("", "")
        while after is not None:
            after, changed = await _to_the_end(self._erase_documents(after, erasure))
            count += changed
        await self._traces.erase(erasure)
        await self._scour()
        return count

    async def speaking(self, subject: bytes) -> list[Stored]:
        """Return the objects that speak of a driver, by token or contract."""
        numbers = [no for (no,) in await self._search("spoken_of", subject)]
        return [row for row in await self.by_no(numbers) if subject in (row.subject, row.contract)]

    async def _erase_rows(self, erasure: Forgetting) -> int:
        def speaks(row: Stored | Entry) -> bool:
            return row.subject in erasure.subjects or row.contract in erasure.subjects

        async with self._loading:
            since = self._follow()
            numbers = {no for one in erasure.subjects for (no,) in await self._search("spoken_of", one)}
            async with self._writer.turn:  # nothing is told between reading and writing
                numbers.update(row.no for row, _ in self._followed(since) if speaks(row))
                found, lines = await self._of_objects(numbers)
                others = [line for line in lines if not speaks(line)]
                found, lines = list(filter(speaks, found)), list(filter(speaks, lines))
                return await self._rewrite(found, lines, erasure.rewrite, others)

    async def _erase_answers(self, commands: Sequence[int], erasure: Forgetting) -> int:
        """Rewrite what was answered to commands, which name no driver themselves, where an answer does."""

        def names(row: Stored | Entry) -> bool:
            body, said = row.body, row.wire.data if row.wire is not None else b""
            return erasure.mentions((body.message or "").encode() + said if isinstance(body, Command) else said)

        async with self._writer.turn:
            found, lines = await self._of_objects(commands)
            found, lines = list(filter(names, found)), list(filter(names, lines))
            return await self._rewrite(found, lines, erasure.rewrite) if found or lines else 0

    async def _of_objects(self, numbers: Iterable[int]) -> tuple[list[Stored], list[Entry]]:
        """Return objects and all that was ever said of them."""
        listed = self._list(numbers)
        found = [rows.stored(row) for row in await self._search("by_no", listed)]
        return found, await self._read_whole(await self._search("entries_by_no", listed, 0, self._seq))

    async def _erase_said(self, erasure: Forgetting) -> int:
        """Rewrite what partners said when they refused something, and what alerts say."""
        async with self._writer.turn:
            old = [state for (state,) in await self._search("shelf", _ALL) if erasure.mentions(state)]
            shelved = [rows.shelved_row(rows.shelved(erasure.document(state))) for state in old]
            cursors = [state for (state,) in await self._search("cursors") if erasure.mentions(state)]
            errands = [
                Errand("unshelve", [row[:1] for row in shelved]),
                Errand("shelve", shelved),
                Errand("save_cursor", [rows.cursor_row(rows.cursor(erasure.document(state))) for state in cursors]),
            ]
            if shelved or cursors:
                await self._commit([], errands)
            return len(shelved) + len(cursors)

    async def _erase_documents(self, after: tuple[str, str], erasure: Forgetting) -> tuple[tuple[str, str] | None, int]:
        """Rewrite a handful of documents, their names too; returns where to go on, None at the end."""
        async with self._writer.turn:
            found = [tuple(row) for row in await self._search("documents", *after, HANDFUL)]
            old = [row for row in found if erasure.mentions(row[1].encode() + b" " + row[2])]
            new = [
                (shelf, erasure.document(name.encode()).decode(), erasure.document(body)) for shelf, name, body in old
            ]
            if old:
                await self._commit([], [Errand("remove", [row[:2] for row in old]), Errand("save", new)])
            return (found[-1][:2] if len(found) == HANDFUL else None), len(old)

    async def forget(self, now: datetime, rewrite: Callable[[Stored | Entry], Stored | Entry]) -> int:
        """Rewrite every charge older than drivers are known, every token that went or expired before, and their lines.

        A token that expired is withdrawn with that: of nobody's card there is nothing to say.
        """

        def anonymous(row: Stored | Entry) -> Stored | Entry:
            nobodys = replace(rewrite(row), subject=b"", contract=b"")
            is_card = isinstance(nobodys, Stored) and isinstance(nobodys.body, Token)
            return replace(nobodys, withdrawn=True, due=None) if is_card else nobodys

        before = rows.micros(now - timedelta(days=self.retention.driver_days))

        async def turn(kind: Kind) -> tuple[int, int]:
            async with self._writer.turn:
                found = [rows.stored(row) for row in await self._search("of_anybody", kind, before, HANDFUL)]
                lines = [row for one in found for row in await self._search("entries_of_object", one.no)]
                return len(found), await self._rewrite(found, await self._read_whole(lines), anonymous)

        count = 0
        for kind in _OF_DRIVERS:
            found = HANDFUL
            while found == HANDFUL:
                found, rewritten = await _to_the_end(turn(kind))
                count += rewritten
        return count

    async def _rewrite(
        self,
        found: list[Stored],
        lines: list[Entry],
        rewrite: Callable[[Stored | Entry], Stored | Entry],
        others: Sequence[Entry] = (),
    ) -> int:
        """Write rows and entries anew, in one transaction, while nothing is told; ``others`` hang on these lines."""
        anew = sorted((row for row in map(rewrite, found) if isinstance(row, Stored)), key=lambda row: row.no)
        rewritten = list({row.key: row for row in anew}.values())  # erased, stated and erased again: one gives way
        objects = [rows.picture_row(row) for row in rewritten]
        names = [(name, row.no) for row in rewritten for name in refs_of(row.body) if name != rows.own_name(row.key)]
        numbers = {line.no for line in lines if line.key.kind is Kind.SESSION}
        entries = _written([*map(rewrite, lines), *(line for line in others if line.no in numbers)])
        twins = [(*row.key, row.no) for row in rewritten if row.key.kind is Kind.TOKEN]
        nobodys = [(row.no,) for row in rewritten if not (row.subject or row.contract)]
        known_by = [
            Errand("forget_refs", [(row.no,) for row in rewritten]),
            Errand("forget_former", nobodys),
            Errand("insert_ref", names),
        ]
        await self._commit(
            [],
            [Errand("forget_twin", twins), Errand("replace_row", objects), Errand("replace_entry", entries), *known_by],
        )
        self._growing.clear()
        self._recent.forget(row.key for row in (*found, *rewritten))
        for row in rewritten:
            self._reach(row.key)
        self._refs.clear()
        self._tally = None
        self._shrunk += 1
        return len(objects) + len(lines)


def _written(told: Iterable[Stored | Entry]) -> list[tuple[Any, ...]]:
    """Write lines of the journal anew, what they added too."""
    lines = sorted((line for line in told if isinstance(line, Entry)), key=lambda line: line.seq)
    growing = Growing()
    return [rows.journal_row(line, bodies=rows.Bodies(), growing=growing) for line in lines]


async def _to_the_end(turn: Coroutine[Any, Any, T]) -> T:
    """Await a turn that keeps its lock until its commit is made, even when whoever waits for it gives up."""
    return await asyncio.shield(turn)
