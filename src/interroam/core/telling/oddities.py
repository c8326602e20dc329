"""What is odd in the messages of partners: taken all the same, or refused; counted for the senders' quality pages.

One line for each field and oddity, however many objects it is found in: a partner whose clock is wrong would otherwise
fill a page with every status. Lines are kept in memory and written now and then; a crash forgets the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from interroam.core.documents import Documents
from interroam.core.ports import Clock, Store

SHELF = "quality-oddity"
MOST = 200
"""Lines of one partner; beyond them the one seen longest ago goes."""
_PLACE = re.compile(r"\[\d+\]")


class Oddity(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A kind of oddity: in which message, of which field, how often and when, and where it was seen last."""

    message: str
    field: str
    what: str
    since: datetime
    last: datetime
    count: int = 0
    example: str = ""


class Oddities:
    """The oddities of one node, by partner."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._kept = Documents(store, SHELF, list[Oddity])
        self._clock = clock
        self._known: dict[str, dict[tuple[str, str, str], Oddity]] = {}
        self._unwritten: set[str] = set()

    async def load(self) -> None:
        """Read what was kept."""
        for partner, lines in (await self._kept.all()).items():
            self._known[partner] = {(one.message, one.field, one.what): one for one in lines}

    def note(self, partner: str, message: str, odd: Iterable[tuple[str, str]], example: str = "") -> None:
        """Count fields of a message and what is odd about them; the place in a list counts for nothing."""
        if not partner:
            return
        lines = self._known.setdefault(partner, {})
        now = self._clock.now()
        for field, what in odd:
            key = (message, _PLACE.sub("[]", field), what)
            line = lines.get(key)
            if line is None:
                if len(lines) >= MOST:
                    del lines[min(lines, key=lambda one: lines[one].last)]
                line = lines[key] = Oddity(message=message, field=key[1], what=what, since=now, last=now)
            line.count += 1
            line.last, line.example = now, example or line.example
        self._unwritten.add(partner)

    def of(self, partner: str) -> list[Oddity]:
        """Return the lines of a partner, the one seen last first."""
        return sorted(self._known.get(partner, {}).values(), key=lambda one: one.last, reverse=True)

    def rewrite(self, text: Callable[[str], str]) -> None:
        """Put other words in the place of those that name a driver, from now on and in what is written."""
        for partner, lines in self._known.items():
            for line in lines.values():
                line.what, line.example = text(line.what), text(line.example)
            self._known[partner] = {(line.message, line.field, line.what): line for line in lines.values()}
            self._unwritten.add(partner)

    async def keep(self) -> None:
        """Write what is new."""
        while self._unwritten:
            partner = self._unwritten.pop()
            await self._kept.save(partner, list(self._known[partner].values()))

    async def forget(self, partner: str) -> None:
        """Begin a partner's lines anew."""
        if self._known.pop(partner, None) is not None:
            self._unwritten.discard(partner)
            await self._kept.remove(partner)
