"""What is known, and what memory holds of it: rows, EVSEs of locations, references, and what pages need.

All of it is exact, because every commit of this process passes through ``_learned``, and no other process writes.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import attrgetter

from interroam.core.ports import Page, Query
from interroam.model.facts import Stored
from interroam.model.ids import Key, Kind, PartyId
from interroam.model.traits import traits
from interroam.store import rows
from interroam.store.dates import Dates
from interroam.store.draft import Draft
from interroam.store.gone import Gone
from interroam.store.listing import Listing, among, place
from interroam.store.positions import Both, Without
from interroam.store.recent import Recent
from interroam.store.rows import Row

MOST_SITES = 1_000_000
MOST_REFS = 65_536
FEW = 64
"""References to more objects than this are looked up every time."""
_FOREVER = 2**62
_LOCATION, _EVSE, _CDR = Kind.LOCATION, Kind.EVSE, Kind.CDR
_PLACES = frozenset({_LOCATION, _EVSE})
_AT_ONCE = 500


class Finding(ABC):
    """The reading half of a store."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._recent = Recent(memory)
        self._sites: dict[Key, list[int]] = {}
        self._refs: dict[str, list[int]] = {}
        self._listings: dict[Kind, Listing] = {}
        self._dates: Dates | None = None
        self._gone: Gone | None = None
        self._meanwhile: list[tuple[Stored, Stored | None]] | None = None
        self._loading = asyncio.Lock()
        self._tally: Counter[str] | None = None
        self._shrunk = 0
        """How often rows or entries were removed."""
        self._commits = 0
        self._again: list[Callable[[Key], None]] = []
        self._last: dict[Kind, str] = {}
        """The greatest id of each kind."""

    # -- what a database brings ------------------------------------------------------------------------------------

    @abstractmethod
    async def _fetch(self, name: str, *params: object) -> list[Row]:
        """Run a named statement that finds a little."""

    @abstractmethod
    async def _search(self, name: str, *params: object) -> list[Row]:
        """Run a named statement that may take long, without holding anybody up."""

    @abstractmethod
    async def _evses_at(self, locations: Sequence[Key]) -> list[Stored]:
        """Return the EVSEs of locations, in any order."""

    @abstractmethod
    def _list(self, values: Iterable[int]) -> object:
        """Return numbers as one parameter."""

    # -- rows ------------------------------------------------------------------------------------------------------

    async def get(self, key: Key) -> Stored | None:
        """Return an object of the picture (withdrawn ones included)."""
        row = self._recent.get(key)
        if row is None:
            before = self._commits
            found = await self._fetch("by_key", *rows.key_row(key))
            for columns in found:
                (row,) = self._remembered([rows.held(key, *columns)], before)
        return row

    def at_hand(self, key: Key) -> Stored | None:
        """Return what ``get`` would, where memory holds it; None says nothing."""
        return self._recent.get(key)

    async def by_hub_id(self, hub_id: str) -> Stored | None:
        """Return the object that got this hub id, whatever its kind."""
        number = rows.number_in(hub_id)
        found = await self.by_no([number]) if number else []
        if not (found and found[0].hub_id == hub_id):
            found = await self.by_ref(f"hub:{hub_id}")  # one of those that say no number
        return found[0] if found else None

    def named_at_hand(self, ref: str, kind: Kind) -> list[Stored] | None:
        """Return what ``by_ref`` would, where memory holds all of it; None says nothing."""
        numbers = self._refs.get(ref)
        if numbers is None:
            return None
        found, by_no = [], self._recent.by_no
        for no in numbers:
            row = by_no(no)
            if row is None:
                return None
            if row.key.kind is kind:
                found.append(row)
        return found

    async def by_ref(self, ref: str, kind: Kind | None = None, limit: int = 50) -> list[Stored]:
        """Return the objects known by this reference (see core.refs)."""
        numbers = self._refs.get(ref)
        if numbers is None:
            numbers = await self._referred(ref)
        if len(numbers) <= FEW:
            found = await self.by_no(numbers)
            return [row for row in found if kind is None or row.key.kind is kind][:limit]
        if kind is None:
            return await self._read("by_ref", *rows.named(ref), limit)
        return await self._read("by_ref_and_kind", *rows.named(ref), kind.value, limit)

    async def newest(self, ref: str, limit: int = 20) -> list[Stored]:
        """Return the objects known by this reference that came last, the newest first."""
        numbers = self._refs.get(ref)
        if numbers is None:
            numbers = await self._referred(ref)
        if len(numbers) <= FEW:
            return await self.by_no(numbers[: -limit - 1 : -1])
        return await self._read("newest_by_ref", *rows.named(ref), limit)

    async def _referred(self, ref: str) -> list[int]:
        """Read which objects are known by a reference, and remember them when they are few."""
        before = self._commits
        numbers = [no for (no,) in await self._fetch("referred", *rows.named(ref), FEW + 1)]
        if before == self._commits and len(numbers) <= FEW:
            if len(self._refs) >= MOST_REFS:
                self._refs.clear()
            self._refs[ref] = numbers
        return numbers

    async def by_no(self, numbers: Sequence[int]) -> list[Stored]:
        """Return the objects with these creation numbers, in that order; missing ones are left out."""
        recent = self._recent.by_no
        found = [recent(no) for no in numbers]
        missing = [no for no, row in zip(numbers, found, strict=True) if row is None]
        if not missing:
            return found  # type: ignore[return-value]  # none is missing
        read = {row.no: row for row in await self._read("by_no", self._list(missing))}
        both = (row or read.get(no) for no, row in zip(numbers, found, strict=True))
        return [row for row in both if row is not None]

    async def evses(self, locations: Sequence[Key]) -> list[list[Stored]]:
        """Return, for each location, its EVSEs in order of creation."""
        known = {key: self._sites[key] for key in locations if key in self._sites}
        unknown = [key for key in locations if key not in known]
        found = await self._read_sites(unknown) if unknown else {}
        if known:
            by_no = {row.no: row for row in await self.by_no([no for numbers in known.values() for no in numbers])}
            found.update((key, [by_no[no] for no in numbers if no in by_no]) for key, numbers in known.items())
        return [found[key] for key in locations]

    async def _read_sites(self, locations: Sequence[Key]) -> dict[Key, list[Stored]]:
        """Read the EVSEs of locations, and remember which they are when they themselves are remembered."""
        before = self._commits
        found: dict[Key, list[Stored]] = {key: [] for key in locations}
        for row in sorted(await self._evses_at(locations), key=attrgetter("no")):
            found[Key(Kind.LOCATION, row.key.owner, row.key.id)].append(row)
        if before == self._commits:
            for key, inside in found.items():
                if not inside or self._recent.by_no(inside[-1].no) is not None:
                    self._know_site(key, [row.no for row in inside])
        return found

    def _know_site(self, key: Key, numbers: list[int]) -> None:
        if len(self._sites) >= MOST_SITES:
            self._sites.clear()
        self._sites[key] = numbers

    async def _read(self, name: str, *params: object) -> list[Stored]:
        before = self._commits
        return self._remembered([rows.stored(row) for row in await self._fetch(name, *params)], before)

    def _remembered(self, found: list[Stored], before: int) -> list[Stored]:
        """Remember rows that were read, unless a commit came between: then they may be old."""
        if before == self._commits:
            for row in found:
                self._recent.meet(row)
        return found

    def _reach(self, key: Key) -> None:
        """Remember the last id of a kind."""
        self._last[key.kind] = max(self._last[key.kind], key.id)

    def _unread(self, needed: Mapping[Key, Stored | None]) -> list[Key]:
        """Return the keys of what is to be read; nothing is known beyond the last id, where those minted here lie."""
        last = self._last
        return [key for key, row in needed.items() if row is None and key.id <= last[key.kind]]

    # -- pages -----------------------------------------------------------------------------------------------------

    async def page(self, query: Query) -> Page:
        """Return one page. A location counts as updated when one of its EVSEs is."""
        owners = None if query.owners is None else _owners(query.owners)
        view = owners, None if query.receiver is None else str(query.receiver), query.hidden
        listing = self._listings.get(query.kind) or await self._load_listing(query.kind)
        if query.hidden and not listing.knows_traits:
            await self._load_traits(query.kind, listing)
        numbers: Sequence[int] = listing.view(view)
        if query.also:
            numbers = Both(numbers, query.also)
            if query.hidden:
                numbers = Without(numbers, listing.bearing(query.hidden))
        if query.updated_from is not None or query.updated_to is not None:
            numbers = await self._dated(query, numbers, owners)
        if query.without:
            numbers = Without(numbers, query.without)
        if query.standing and (deserted := await self._deserted()):
            numbers = Without(numbers, deserted)
        start = query.offset if query.after is None else bisect_right(numbers, query.after)
        chosen = numbers[start : start + query.limit]
        more = len(chosen) > 0 and start + query.limit < len(numbers)
        total = len(numbers) if query.total is None else query.total
        items = await self.by_no(chosen)
        return Page(tuple(items), total, chosen[-1] if more else 0)

    async def _dated(self, query: Query, shown: Sequence[int], owners: frozenset[str] | None) -> list[int]:
        since = rows.micros(query.updated_from) if query.updated_from else -_FOREVER
        until = rows.micros(query.updated_to) if query.updated_to else _FOREVER
        if query.kind is Kind.LOCATION:
            dates = self._dates or await self._load_dates()
            numbers = among(shown, dates.between(since, until))
        else:
            found = await self._search("updated", query.kind.value, since, until)
            numbers = among(shown, (no for (no,) in found))
        if not query.gone:
            return sorted(numbers)
        found = await self._search("withdrawn_between", query.kind.value, since, until)
        gone = [no for owner, no in found if owners is None or owner in owners]
        if query.hidden:
            gone = [row.no for row in await self.by_no(gone) if query.hidden.isdisjoint(traits(row.body))]
        return sorted({*numbers, *gone})

    async def _load_listing(self, kind: Kind) -> Listing:
        async with self._loading:
            if kind not in self._listings:
                since = self._follow()
                listed = await self._search("listed", kind.value)
                gone = {no for (no,) in await self._search("withdrawn", kind.value)}
                receivers = {no: receiver for receiver, no in await self._search("received", kind.value)}
                places = ((no, (owner, receivers.get(no))) for owner, no in listed if no not in gone)
                listing = await asyncio.to_thread(Listing, places)
                for row, before in self._followed(since):
                    if row.key.kind is kind:
                        listing.move(row.no, place(before), place(row), traits(row.body))
                self._listings[kind] = listing
            return self._listings[kind]

    async def _load_traits(self, kind: Kind, listing: Listing) -> None:
        """Read which objects have traits, when somebody first asks for a list without them."""
        async with self._loading:
            if listing.knows_traits:
                return
            since = self._follow()
            for said in rows.TRAITS[kind]:
                found = [no for (no,) in await self._search("saying", kind.value, said)]
                for first in range(0, len(found), _AT_ONCE):
                    for row in await self.by_no(found[first : first + _AT_ONCE]):
                        listing.mark(row.no, traits(row.body))
            for row, _ in self._followed(since):
                if row.key.kind is kind:
                    listing.mark(row.no, traits(row.body))
            listing.knows_traits = True

    async def _load_dates(self) -> Dates:
        async with self._loading:
            if self._dates is None:
                since = self._follow()
                dates = await asyncio.to_thread(Dates, await self._search("place_times"))
                for row, _ in self._followed(since):
                    if row.key.kind in _PLACES:
                        dates.touch(row)
                self._dates = dates
            return self._dates

    async def _deserted(self) -> Collection[int]:
        """Return the locations of which nothing is left."""
        gone = self._gone
        if gone is None or gone.unsure:
            async with self._loading:
                gone = self._gone or await self._load_gone()
                while sites := gone.some():
                    for site, inside in zip(sites, await self.evses(sites), strict=True):
                        gone.look(site, await self.get(site), inside)
        return gone.numbers

    async def _load_gone(self) -> Gone:
        since = self._follow()
        found = await self._search("gone")
        gone = self._gone = Gone(Key(Kind.LOCATION, owner, id_) for owner, id_ in found)
        for row, _ in self._followed(since):
            gone.touch(row)
        return gone

    def _follow(self) -> list[tuple[Stored, Stored | None]]:
        """Collect what is committed from here on, while something is read that will be kept up to date."""
        self._meanwhile = []
        return self._meanwhile

    def _followed(self, since: list[tuple[Stored, Stored | None]]) -> list[tuple[Stored, Stored | None]]:
        self._meanwhile = None
        return since

    async def due(self, kind: Kind, at: datetime, limit: int = 100) -> list[Stored]:
        """Return the objects whose ``due`` has come."""
        return await self._read("due", kind.value, rows.micros(at), limit)

    # -- after a commit --------------------------------------------------------------------------------------------

    def said_again(self, listener: Callable[[Key], None]) -> Callable[[], None]:
        """Call ``listener`` with the key of each place of which only the time is new; returns what ends it."""
        self._again.append(listener)
        return partial(self._again.remove, listener)

    def _learned(self, draft: Draft) -> None:
        """Take over what a group made of the picture."""
        self._commits += 1
        put, dates, gone = self._recent.put, self._dates, self._gone
        for key, (before, row) in draft.rows.items():
            put(row)
            if before is None:
                self._reach(key)
            if (
                before is None
                or before.withdrawn is not row.withdrawn
                or before.receiver is not row.receiver
                or ((key.kind is _LOCATION or key.kind is _CDR) and traits(before.body) != traits(row.body))
            ):
                self._moved(row, before)
            if dates is not None and key.kind in _PLACES:
                dates.touch(row)
            if before is not None and before.version == row.version and key.kind in _PLACES:
                self._retimed(key)
            if gone is not None:
                gone.touch(row)
        self._named(draft)
        if self._meanwhile is not None:
            self._meanwhile += [(row, before) for before, row in draft.rows.values()]

    def _retimed(self, key: Key) -> None:
        for listener in self._again:
            listener(key)

    def _named(self, draft: Draft) -> None:
        for ref, no in draft.refs:
            known = self._refs.get(ref)
            if known is not None and no not in known:
                del self._refs[ref]
        for ref in draft.own:
            self._refs.pop(ref, None)

    def _moved(self, row: Stored, before: Stored | None) -> None:
        key = row.key
        if before is None:
            if key.kind is _LOCATION:
                self._know_site(key, [])
            elif key.kind is _EVSE:
                site = self._sites.get(Key(_LOCATION, key.owner, key.id))
                if site is not None:
                    site.append(row.no)
            if self._tally is not None:
                self._tally[key.kind.value] += 1
        if key.kind in self._listings:
            self._listings[key.kind].move(row.no, place(before), place(row), traits(row.body))

    def _forget(self) -> None:
        """Forget all that memory holds of the database, and what is being read of it just now."""
        self._commits += 1
        self._recent = Recent(self._memory)
        self._sites.clear()
        self._refs.clear()
        self._listings.clear()
        self._dates = self._gone = self._tally = None
        self._shrunk += 1


@lru_cache(maxsize=1024)
def _owners(owners: frozenset[PartyId]) -> frozenset[str]:
    return frozenset(str(owner).casefold() for owner in owners)
