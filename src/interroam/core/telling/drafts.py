"""Places that wait for approval, and what operators add to places: documents beside the picture."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec

from interroam.core.documents import Documents
from interroam.core.ports import Store
from interroam.core.rules.quality import Defect
from interroam.model.facts import Stored, Wire
from interroam.model.ids import Key, Kind
from interroam.model.places import Evse, Location

DRAFTS = "quality-draft"
COMPLETIONS = "quality-completion"


class Draft(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A place as its owner stated it last, since when it waits, and why."""

    key: Key
    partner: str
    since: datetime
    location: Location | None = None
    evse: Evse | None = None
    wire: Wire | None = None
    judged_at: datetime
    updated: datetime
    defects: tuple[Defect, ...] = ()
    new: bool = True
    """Whether nothing of it is approved yet."""

    @property
    def body(self) -> Location | Evse:
        """The place itself."""
        if self.location is not None:
            return self.location
        if self.evse is not None:
            return self.evse
        raise TypeError(str(self.key))  # a draft is one or the other

    @property
    def stored(self) -> Stored:
        """The draft as if it were a row of the picture, so that statements are judged against it."""
        return Stored(
            no=0, key=self.key, hub_id="", version=0, body=self.body, wire=self.wire,
            judged_at=self.judged_at, updated=self.updated,
        )  # fmt: skip


class Drafts:
    """The drafts and completions of one node, in memory once ``load`` was awaited."""

    def __init__(self, store: Store) -> None:
        self._kept = Documents(store, DRAFTS, Draft)
        self._kept_added = Documents(store, COMPLETIONS, tuple[Key, bytes])
        self._drafts: dict[Key, Draft] = {}
        self._sites: dict[Key, set[Key]] = {}
        self._added: dict[Key, bytes] = {}
        self._loaded = False
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Read the register, once."""
        async with self._loading:
            if not self._loaded:
                await self._read()
                self._loaded = True

    async def _read(self) -> None:
        for draft in (await self._kept.all()).values():
            self._know(draft)
        self._added |= dict((await self._kept_added.all()).values())

    def get(self, key: Key) -> Draft | None:
        """Return what waits under this key."""
        return self._drafts.get(key)

    def within(self, key: Key) -> list[Draft]:
        """Return what waits of a place: of a location with its EVSEs, the location first."""
        if key.kind is Kind.EVSE:
            draft = self._drafts.get(key)
            return [draft] if draft is not None else []
        found = [self._drafts[one] for one in self._sites.get(key, ())]
        return sorted(found, key=lambda one: (one.key.kind is Kind.EVSE, one.since, one.key))

    def all(self) -> list[Draft]:
        """Return everything that waits, the oldest first."""
        return sorted(self._drafts.values(), key=lambda one: (one.since, one.key))

    async def put(self, draft: Draft) -> None:
        """Keep a draft in place of the one before."""
        await self._kept.save(str(draft.key), draft)
        self._know(draft)

    async def drop(self, key: Key) -> None:
        """Forget a draft."""
        if self._drafts.pop(key, None) is None:
            return
        site = site_of(key)
        self._sites[site].discard(key)
        if not self._sites[site]:
            del self._sites[site]
        await self._kept.remove(str(key))

    def added(self, key: Key) -> bytes:
        """Return what an operator added to a place."""
        return self._added.get(key, b"")

    async def add(self, key: Key, raw: bytes) -> None:
        """Keep what an operator adds to a place from now on; nothing ends it."""
        if raw:
            await self._kept_added.save(str(key), (key, raw))
            self._added[key] = raw
        elif self._added.pop(key, None) is not None:
            await self._kept_added.remove(str(key))

    def _know(self, draft: Draft) -> None:
        self._drafts[draft.key] = draft
        self._sites.setdefault(site_of(draft.key), set()).add(draft.key)


def site_of(key: Key) -> Key:
    """Return the location of a place."""
    return Key(Kind.LOCATION, key.owner, key.id)
