"""What partners tell us, and what becomes of it.

A *fact* is an object as its owner states it. A *change* is its younger sister: some fields of one object. A
*withdrawal* says that an object is no more. Each is judged against what is known, recorded once as an *entry* of
the journal together with the new picture, and then delivered to whoever is entitled.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec

from interroam.model.charges import Cdr, Command, Outcome, Session
from interroam.model.ids import Key, Lane, Party
from interroam.model.places import Evse, Location
from interroam.model.profiles import ProfileInForce
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Authorization, Token

Body = Location | Evse | Tariff | Token | Session | Cdr | Authorization | Command


class Wire(msgspec.Struct, frozen=True, gc=False):
    """An object in the spelling of the room that brought it; the core never opens ``data``."""

    room: str
    version: str
    data: bytes


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Who says it: the partner, the party it speaks for in this exchange, and the ids of the exchange."""

    partner: str
    party: Party | None = None
    correlation: str = ""
    request: str = ""


SELF = "-"
"""The partner in the origin of what the node states itself."""

Merge = Callable[[Body, Wire | None], tuple[Body, Wire | None]]
"""A pure, deterministic function of a room: applies a change to the newest state, called inside the transaction."""

Same = Callable[[bytes, bytes], bool]
"""A pure function of a room: whether two wire forms say the same (order of keys, blanks aside)."""

Restate = Callable[[Wire, Evse], Wire | None]
"""A pure function of a room: a row with the status that an EVSE has; None where the row is not in its spelling."""

Differ = Callable[[bytes, bytes], frozenset[str]]
"""A pure function of a room: in which fields two wire forms differ, those that only one of them has among them."""

Named = Callable[[Body], tuple[bytes, bytes]]
"""A function of the core: the keyed hashes of the driver's token and contract that an object speaks of."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """An object as its owner states it, in our model and as it stood on the wire.

    ``wire`` goes into the journal whole. ``row`` is the form kept in the picture: without last_updated and without
    inner objects that have rows of their own; the room puts these back on reading. A location brings its EVSEs as
    ``parts``; an EVSE known so far and absent from a non-None ``parts`` is set to REMOVED. ``restate`` lets an EVSE
    keep its row where only half of what came late is taken, or where the location leaves it out.
    """

    body: Body
    wire: Wire | None = None
    row: Wire | None = None
    parts: tuple[Fact, ...] | None = None
    same: Same | None = None
    restate: Restate | None = None
    differ: Differ | None = None

    @property
    def key(self) -> Key:
        """The identity of the object."""
        return self.body.key


class Change(msgspec.Struct, frozen=True, gc=False):
    """Some fields of an object; no room reads an object in order to write it.

    ``fields`` names what the change touches (``status`` alone is judged by the status's own time). ``wire`` is the
    message as it stood, for partners of the same room. With ``own_time`` the merge compares times itself, of the parts
    that it knows: then only what it changed decides whether the change is recorded.
    """

    key: Key
    fields: frozenset[str]
    last_updated: datetime
    merge: Merge
    wire: Wire | None = None
    own_time: bool = False
    restate: Restate | None = None


class Withdrawal(msgspec.Struct, frozen=True, gc=False):
    """The object is no more."""

    key: Key
    at: datetime


Statement = Fact | Change | Withdrawal
Tellable = Statement | Outcome | ProfileInForce


class Act(StrEnum):
    """What an entry does to its object."""

    FACT = "fact"
    CHANGE = "change"
    WITHDRAWAL = "withdrawal"


class Verdict(StrEnum):
    """What became of a statement."""

    RECORDED = "recorded"
    UNCHANGED = "unchanged"  # known already; acknowledged, nothing delivered
    STALE = "stale"  # older than what is known
    CONFLICT = "conflict"  # the object may not change like this
    UNKNOWN = "unknown"  # a change to an object we do not have


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something worth telling the sender, without refusing what was sent."""

    field: str
    message: str


class Telling(msgspec.Struct, frozen=True, gc=False):
    """A statement with all that routing knows of it, as handed to the store."""

    key: Key
    """Of the object, made once: a fact makes it anew every time it is asked."""
    statement: Statement
    origin: Origin
    at: datetime
    lane: Lane
    receiver: Party | None = None
    """The one party that is told; none: the agreements decide."""
    agreement: str = ""
    subject: bytes = b""
    contract: bytes = b""
    refs: tuple[str, ...] = ()
    due: datetime | None = None
    named: Named | None = None
    """Asked after a change, which may have brought another driver or contract."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of a telling: verdict, the number of its entry (0 when none), the object's numbers."""

    verdict: Verdict
    seq: int = 0
    no: int = 0
    hub_id: str = ""
    created: bool = False
    finding: str = ""
    """What the sender should know although it was recorded: for instance that nobody may receive it."""


class Stored(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An object of the current picture.

    ``no`` is its creation number, ``version`` the number of the entry that changed it last, ``judged_at`` the time by
    which a later statement is compared (never ahead of its reception by more than the tolerance).
    """

    no: int
    key: Key
    hub_id: str
    version: int
    body: Body
    wire: Wire | None = None
    judged_at: datetime
    updated: datetime
    receiver: Party | None = None
    agreement: str = ""
    origin: str = ""
    subject: bytes = b""
    contract: bytes = b""
    withdrawn: bool = False
    due: datetime | None = None


class Moved(msgspec.Struct, frozen=True, gc=False):
    """An EVSE whose tariff groups or EVSE id changed, and which they were."""

    uid: str
    groups: tuple[str, ...] = ()
    evse_id: str | None = None


MORE = "*"
"""Among the fields of a location that changed: perhaps others too, which nobody can name."""
_PART, _NEW_PART, _STATUS_PART = _PARTS = ("evses/", "evses+/", "evses.status/")


def part_name(uid: str, *, new: bool, status_alone: bool) -> str:
    """Name an EVSE among the fields of its location that changed: one that was not there, or whose status did alone."""
    return (_NEW_PART if new else _STATUS_PART if status_alone else _PART) + uid.casefold()


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A line of the journal.

    ``body`` is there for facts (the object as stated); a change keeps the names of its fields and its message. Where
    there is no message, the change of an EVSE or a session keeps the object as it was then. A location that is stated
    again says in ``fields`` what is new: names of its own fields, and its EVSEs (see ``parts``). So does an EVSE of
    which nothing but the status is.
    """

    seq: int
    at: datetime
    lane: Lane
    act: Act
    key: Key
    no: int
    hub_id: str
    origin: str
    correlation: str
    receiver: Party | None = None
    agreement: str = ""
    created: bool = False
    fields: frozenset[str] = frozenset()
    body: Body | None = None
    wire: Wire | None = None
    subject: bytes = b""
    contract: bytes = b""
    removed: tuple[str, ...] = ()
    """Uids of EVSEs that a location's fact left out and that are REMOVED now."""
    moved: tuple[Moved, ...] = ()
    """EVSEs that this may have moved into somebody's selection, or out of it."""

    @property
    def whole(self) -> bool:
        """Whether a fact is told as a whole: it is new, or what is new of it was not named."""
        return self.created or not self.seq or not (self.fields or self.removed)

    @property
    def own_fields(self) -> frozenset[str]:
        """The names of what is new of the object itself."""
        return frozenset(one for one in self.fields if not one.startswith(_PARTS))

    @property
    def parts(self) -> dict[str, bool]:
        """The EVSEs of a location that changed, by uid as in keys, and whether each was not there before."""
        named = (one.partition("/") for one in self.fields if one.startswith(_PARTS))
        return {uid: f"{kind}/" == _NEW_PART for kind, _, uid in named}

    @property
    def statuses(self) -> frozenset[str]:
        """Those of them of which nothing but the status changed."""
        return frozenset(one.removeprefix(_STATUS_PART) for one in self.fields if one.startswith(_STATUS_PART))


class Exchange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One request and its answer, in or out: what a trace keeps.

    ``ids`` are all ids a person might search by (correlation, request, session, reference, uid as a keyed hash);
    ``code`` is the protocol's own, such as ``200/1000``. Bodies may be empty where the journal holds them.
    """

    at: datetime
    partner: str
    inward: bool
    operation: str
    code: str
    latency_us: int
    correlation: str = ""
    ids: tuple[str, ...] = ()
    seq: int = 0
    request: bytes = b""
    response: bytes = b""
    note: str = ""
    subject: bytes = b""
    brief: bool = False
    """Whether its bodies are kept for days only, since the journal has them: those of places (design: Retention)."""
