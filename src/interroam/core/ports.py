"""What the core needs from the rooms above it: a store, links to partners, a clock, a bell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from interroam.core.forgetting import Forgetting
from interroam.model.facts import Entry, Exchange, Fact, Receipt, Stored, Telling
from interroam.model.ids import Key, Kind, Lane, Party, PartyId
from interroam.model.parties import Partner
from interroam.model.questions import Answer, Question
from interroam.model.traits import NONE, Trait


class Clock(Protocol):
    """The only one who knows the hour."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class CourierKey(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """A courier serves one party in one lane."""

    party: Party
    lane: Lane

    def __str__(self) -> str:
        return f"{self.party}:{self.lane.value}"


class Seed(msgspec.Struct, frozen=True, gc=False):
    """A part of the picture that a courier still has to send: this owner's objects of a kind, after a number.

    ``scope`` names the selections by which the receiver sees them, ``former`` those by which it saw them before: what
    has left is told as well. Empty names mean all. ``again`` names the request by which all of it is sent once more.
    """

    owner: str
    kind: Kind
    reached: int = 0
    scope: str = ""
    former: str | None = None
    again: str = ""

    def __str__(self) -> str:
        return f"{self.part}:{self.scope}" if self.scope else self.part

    @property
    def part(self) -> str:
        """The part of the picture, whatever is seen of it."""
        return f"{self.owner}:{self.kind.value}"


class Cursor(msgspec.Struct, frozen=True):
    """How far a courier is: every entry up to ``through`` is settled, and those in ``ahead`` beyond the first gap.

    ``covered`` names the parts of the picture (owner and kind, ``*`` for every owner) that the receiver has had or is
    being sent, ``seeds`` those under way. ``failures`` and ``retry_at`` are the back-off, which survives restarts.
    ``missed`` says that entries were dropped before they were fetched: the picture makes up for them.
    The store keeps a cursor as one opaque document under its key.
    """

    key: CourierKey
    through: int = 0
    ahead: tuple[int, ...] = ()
    covered: tuple[str, ...] = ()
    seeds: tuple[Seed, ...] = ()
    failures: int = 0
    retry_at: datetime | None = None
    paused: bool = False
    alert: str = ""
    missed: bool = False


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that a partner refused for good, or that kept failing (poison)."""

    id: int
    courier: CourierKey
    seq: int
    at: datetime
    reason: str
    message: str
    poison: bool = False
    tries: int = 1


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What a viewer may see of one kind: a page in order of creation.

    ``owners`` None means every owner; ``receiver`` restricts to objects of one receiver (sessions, CDRs).
    ``updated_from`` is inclusive, ``updated_to`` exclusive. ``after`` is the creation number to go on from (as handed
    out in Page.next), which costs the same on every page; ``offset`` counts from the start.
    ``also`` adds objects of other owners by number, ``without`` leaves some out, ``standing`` locations without EVSEs.
    ``gone`` adds, to what changed between two dates, what was withdrawn between them; ``hidden`` leaves out what has
    any of these traits.
    """

    kind: Kind
    owners: frozenset[PartyId] | None = None
    also: Sequence[int] = ()
    without: Collection[int] = ()
    standing: bool = False
    gone: bool = False
    hidden: frozenset[Trait] = NONE
    receiver: Party | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    offset: int = 0
    after: int | None = None
    total: int | None = None
    limit: int = 50


class Page(msgspec.Struct, frozen=True):
    """A page of stored objects, the count of all that match, and the number the next page goes on from (0: last)."""

    items: tuple[Stored, ...]
    total: int
    next: int


class Store(Protocol):
    """The journal, the current picture, traces, shelf, cursors and the register of administrative nouns."""

    prompt: bool  # whether single objects are read without waiting: then nobody who reads need be able to wait

    async def open(self) -> None:
        """Take the store for this process (a second one is refused), migrate it, start the writer."""
        ...

    async def close(self) -> None:
        """Commit what waits and let go."""
        ...

    # -- facts -----------------------------------------------------------------------------------------------------

    def record(self, telling: Telling) -> Awaitable[Receipt]:
        """Judge and record; comes back after the commit that holds it. Unavailable(OVERLOADED) when too much waits."""
        ...

    def tell(self, telling: Telling, then: Callable[[Receipt | Exception], None]) -> None:
        """Judge and record as ``record`` does; ``then`` is called after the commit, and nobody waits in a task."""

    async def get(self, key: Key) -> Stored | None:
        """Return an object of the picture (withdrawn ones included)."""
        ...

    def at_hand(self, key: Key) -> Stored | None:
        """Return what ``get`` would, where nobody has to wait for it; None says nothing."""
        ...

    async def by_hub_id(self, hub_id: str) -> Stored | None:
        """Return the object that got this hub id, whatever its kind."""
        ...

    def named_at_hand(self, ref: str, kind: Kind) -> list[Stored] | None:
        """Return what ``by_ref`` would, where memory holds all of it; None says nothing."""
        ...

    async def by_ref(self, ref: str, kind: Kind | None = None, limit: int = 50) -> list[Stored]:
        """Return the objects known by this reference (see core.refs)."""
        ...

    async def newest(self, ref: str, limit: int = 20) -> list[Stored]:
        """Return the objects known by this reference that came last, the newest first."""
        ...

    async def by_no(self, numbers: Sequence[int]) -> list[Stored]:
        """Return the objects with these creation numbers, in that order; missing ones are left out."""
        ...

    async def evses(self, locations: Sequence[Key]) -> list[list[Stored]]:
        """Return, for each location, its EVSEs in order of creation."""
        ...

    async def page(self, query: Query) -> Page:
        """Return one page. A location counts as updated when one of its EVSEs is."""
        ...

    async def due(self, kind: Kind, at: datetime, limit: int = 100) -> list[Stored]:
        """Return the objects whose ``due`` has come."""
        ...

    # -- journal ---------------------------------------------------------------------------------------------------

    def head(self) -> int:
        """Return the number of the newest committed entry."""
        ...

    def oldest(self, lane: Lane | None = None) -> int:
        """Return the number from which on the journal of a lane (none: of all) is whole; older ones may be dropped."""
        ...

    def subscribe(self, listener: Callable[[Sequence[Entry]], None]) -> Callable[[], None]:
        """Call ``listener`` with the entries of each commit, in order; returns what ends it."""
        ...

    def said_again(self, listener: Callable[[Key], None]) -> Callable[[], None]:
        """Call ``listener`` with the key of each place of which only the time is new; returns what ends it."""
        ...

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
        """Return entries with a number above ``after`` in order, at most ``limit``."""
        ...

    # -- couriers --------------------------------------------------------------------------------------------------

    async def cursors(self) -> list[Cursor]:
        """Return all cursors."""
        ...

    async def settle(self, cursor: Cursor, shelved: Sequence[Shelved] = (), taken: Sequence[int] = ()) -> None:
        """Persist a cursor with what it shelved and took from the shelf, at once; rides on the next group's commit."""
        ...

    async def shelf(self, courier: CourierKey | None = None, limit: int = 200) -> list[Shelved]:
        """Return what lies on the shelf, oldest first."""
        ...

    async def unshelve(self, ids: Sequence[int]) -> None:
        """Take from the shelf: delivered after all, or given up by an operator."""
        ...

    # -- traces ----------------------------------------------------------------------------------------------------

    def note(self, exchange: Exchange) -> None:
        """Keep a trace; buffered, written in compressed blocks, never in the way of an answer."""
        ...

    async def traces(
        self,
        *,
        ids: Iterable[str] = (),
        partner: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 200,
    ) -> list[Exchange]:
        """Return traces, oldest first: those with any of the ids (correlation included), or of a partner and time.

        Of more than ``limit`` these are the first ones after ``since``, or the last ones where nothing says since when.
        """
        ...

    # -- register: partners, credentials, agreements, users, schedules, audit … as small documents ------------------

    async def save(self, shelf: str, id: str, body: bytes) -> None:
        """Write a document."""
        ...

    async def load(self, shelf: str, id: str) -> bytes | None:
        """Return a document."""
        ...

    async def all(self, shelf: str) -> list[tuple[str, bytes]]:
        """Return all documents of a shelf, in order of id."""
        ...

    async def remove(self, shelf: str, id: str) -> None:
        """Remove a document."""
        ...

    async def speaking(self, subject: bytes) -> list[Stored]:
        """Return the objects that speak of a driver, by the keyed hash of the token or the contract; may take long."""

    # -- upkeep ----------------------------------------------------------------------------------------------------

    async def erase(self, erasure: Forgetting) -> int:
        """Take a driver out of everything: rows, entries, documents, shelf, cursors, traces; returns how many of them.

        What the database would leave behind of it in its files is overwritten as far as the database can.
        """
        ...

    async def forget(self, now: datetime, rewrite: Callable[[Stored | Entry], Stored | Entry]) -> int:
        """Rewrite whatever speaks of drivers for longer than they are to be known; returns how many rows and lines."""
        ...

    async def retain(self, now: datetime) -> dict[str, int]:
        """Drop what is older than its retention; returns how many of what."""
        ...

    async def backup(self, target: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a consistent copy while running."""
        ...

    async def counts(self) -> dict[str, int]:
        """Return figures for people and tests: entries, objects by kind, and what waits."""
        ...

    async def waiting(self) -> dict[str, int]:
        """Return what waits, for metrics: tellings, traces, what lies on the shelf."""
        ...


class Link(Protocol):
    """The way to one partner; a protocol room makes one per partner."""

    @property
    def pushes(self) -> bool:
        """Whether facts are sent to this partner (else it fetches them, and no courier runs)."""
        ...

    @property
    def answers(self) -> bool:
        """Whether questions can be put to this partner (else the node answers from what is stored)."""
        ...

    async def deliver(self, entry: Entry, to: Party) -> None:
        """Deliver one entry; Refused when it will never be taken, Unavailable when later it may."""
        ...

    async def ask(self, question: Question, to: Party, origin_party: Party, correlation: str, within: float) -> Answer:
        """Ask and wait at most ``within`` seconds; Refused with the partner's code, or Unavailable."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what a partner has: the objects that could be read, and what was wrong with this page.

    ``lost`` are the objects that could not be read, by their keys; None where not even that was possible. ``total`` is
    how many objects there are in all, as the partner says.
    """

    facts: tuple[Fact, ...] = ()
    findings: tuple[str, ...] = ()
    lost: tuple[Key | None, ...] = ()
    total: int | None = None


class Room(Protocol):
    """A protocol room as the core sees it: it makes links, and registers partners where the protocol knows that."""

    @property
    def name(self) -> str:
        """The protocol's name, as in Partner.protocol."""
        ...

    def link(self, partner: Partner) -> Link:
        """Return a link to this partner as it is wired now."""
        ...

    async def register(self, partner: Partner, url: str, token: str) -> Partner:
        """Register with the partner at ``url``, with the token it gave us; returns it wired and connected."""
        ...

    async def unregister(self, partner: Partner) -> Partner:
        """End the registration on both sides."""
        ...

    async def rotate(self, partner: Partner) -> Partner:
        """Exchange new secrets with the partner."""
        ...


class Ids(Protocol):
    """Mints ids."""

    def new(self) -> str:
        """Return a new UUIDv7 as text."""
        ...

    def at(self, moment: datetime) -> str:
        """Return a new UUIDv7 of a moment that is known already."""
        ...


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
