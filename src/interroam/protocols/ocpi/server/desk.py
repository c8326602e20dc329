"""What the functions behind the routes share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Change, Receipt, Statement, Stored, Verdict
from interroam.model.ids import Key, Kind, PartyId
from interroam.protocols.ocpi.rules.headers import speaks_json
from interroam.protocols.ocpi.views import Looks, View
from interroam.protocols.ocpi.wire import Finding, Malformed, mended, reader
from interroam.protocols.ocpi.wire.words import InterfaceRole

from .answers import of_receipt
from .call import Answer, Call, given

PATH = "/ocpi/2.2.1"

KIND_OF = {"locations": Kind.LOCATION, "tokens": Kind.TOKEN}
AS_STATED = View()
"""How owners look at what is theirs: as they stated it, under their own ids (OCPI-60)."""

_CHARGES = frozenset({Kind.SESSION, Kind.CDR})
_BACKSLASH = ord("\\")
_NUL = rb"\u0000"
_UNKNOWN = Verdict.UNKNOWN

T = TypeVar("T", bound=Struct)
Run: TypeAlias = "Callable[[Desk, Call], Awaitable[Answer]]"


class Desk:
    """The core, how objects look to partners, and where this node is reached."""

    def __init__(self, hub: Hub, views: Looks, base_url: str) -> None:
        self.hub = hub
        self.views = views
        self._base_url = base_url

    def url(self, tail: str) -> str:
        """Return the absolute URL of something below ``/ocpi/2.2.1``."""
        return f"{self._base_url}{PATH}/{tail}"

    async def tell(self, call: Call, statement: Statement) -> Answer:
        """State something in the caller's name, and answer by what became of it."""
        return self.answer(call, statement, await self.hub.tell(call.origin, statement))

    def answer(self, call: Call, statement: Statement, receipt: Receipt) -> Answer:
        """Answer by what became of a statement; an object that was changed and is not here is fetched (design: 5)."""
        if receipt.verdict is _UNKNOWN and isinstance(statement, Change) and len(call.tail) > 2:
            call.take([Finding("", "changes what is not here: fetched from its owner")])
            self.hub.follow_up(call.origin, statement.key, call.tail[2], statement.last_updated)
        if receipt.created and not receipt.finding and statement.key.kind not in _CHARGES:
            unheard = self.hub.book.routing.unheard(statement.key, call.now)
            receipt = replace(receipt, finding=unheard) if unheard else receipt
        return of_receipt(call, receipt)

    async def own(self, call: Call, key: Key) -> Stored:
        """Return an object of the caller's; Refused when it is somebody else's or there is none."""
        self.hub.book.routing.may_state(call.partner.id, key)
        stored = await self.hub.store.get(key)
        if stored is None or stored.withdrawn:
            raise missing(key.kind, key.id)
        return stored

    async def seen(self, call: Call, key: Key | None, ref: str) -> Stored:
        """Return an object the caller may see: by its key when the owner is addressed, else by hub id or name (C3)."""
        store = self.hub.store
        if key is not None:
            found = [await store.get(key)]
        else:
            kind, name = KIND_OF[call.module], call.tail[0]
            by_id = await store.by_hub_id(name)
            found = [by_id] if by_id is not None and by_id.key.kind is kind else [*await store.by_ref(ref, kind)]
        standing = [one for one in found if one and not one.withdrawn]
        shown = [one for one in standing if await self.hub.sight.sees(call.viewer, one)]
        if len(shown) > 1:
            raise Refused(
                Reason.AMBIGUOUS, f"more than one party has {call.tail[0]}", remedy="address the owner (To headers)"
            )
        if not shown:
            raise missing(KIND_OF[call.module], call.tail[0])
        return shown[0]

    async def show(self, call: Call, stored: Stored) -> Answer:
        """Answer with one object as the caller sees it."""
        view = self.views.view(call.viewer, stored.key.owner, call.caller.switches)
        return given(await self.views.one(stored, view))


Reads: TypeAlias = "Callable[[Desk, Call], Statement]"
Says: TypeAlias = "Callable[[Desk, Call, Statement, Receipt], Answer]"


class Stating(Struct, frozen=True):
    """What runs where a fact or a change is stated: how it is read, and how what became of it is answered.

    It waits for nothing but the commit, so that whoever can do without a task asks ``read`` and ``say`` himself.
    """

    read: Reads
    say: Says

    async def __call__(self, desk: Desk, call: Call) -> Answer:
        """Read, tell, answer."""
        statement = self.read(desk, call)
        return self.say(desk, call, statement, await desk.hub.tell(call.origin, statement))


def stating(read: Reads) -> Stating:
    """Make of what reads a statement what states it."""
    return Stating(read, Desk.answer)


class Route(Struct, frozen=True):
    """A row of the table: what runs, what traces call it, and the side of the module it belongs to."""

    run: Run
    operation: str
    interface: InterfaceRole


class Side(Struct, frozen=True):
    """One side of a module: its rows by method and number of segments behind the module."""

    routes: dict[tuple[str, int], Route]


def read_body(call: Call, kind: type[T]) -> T:
    """Read the body; what was odd about it is noted."""
    body = call.request.body
    kind_of_body = call.request.headers.get(b"content-type")
    if kind_of_body != b"application/json" and not speaks_json(kind_of_body):
        call.take([Finding("Content-Type", "is not application/json")])  # OCPI-188
    if _BACKSLASH in body and _NUL in body:
        raise Malformed("", "a text holds a null character")  # which not every store can keep
    read: Callable[[bytes], tuple[T, Sequence[Finding]]] = reader(kind)
    shape, findings = read(body)
    if findings:
        call.take(findings)
        if (better := mended(kind, body)) is not body:
            call.came, call.request.body = body, better
    return shape


def read_owner(call: Call) -> PartyId:
    """Read whose object a URL names: ``…/{country_code}/{party_id}/…``."""
    return _owner(call.tail[0], call.tail[1])


@lru_cache(maxsize=4096)
def _owner(country: str, code: str) -> PartyId:
    if len(country) != 2 or not 0 < len(code) <= 3 or not code.isalnum():
        raise Refused(Reason.FOREIGN, f"{country}/{code} is no party", remedy="name the owner of the object")
    return PartyId.of(country, code)


def side(interface: InterfaceRole, name: str, *rows: tuple[str, tuple[int, ...], Run]) -> Side:
    """Make one side of a module of rows: method, numbers of segments, what runs."""
    routes = {
        (method, depth): Route(run, f"ocpi {method} {name}", interface)
        for method, depths, run in rows
        for depth in depths
    }
    return Side(routes)


def missing(kind: Kind, name: str) -> Refused:
    """Say that there is no such object, at least none for the caller."""
    return Refused(Reason.UNKNOWN_OBJECT, f"there is no {kind.value} {name} here")


def parameters(call: Call) -> Mapping[str, str]:
    """Read the parameters of a query that is no list's."""
    return read_parameters(call.request.query)


@lru_cache(maxsize=1024)
def read_parameters(query: bytes) -> Mapping[str, str]:
    """Read the parameters of a query, as it stands in the URL."""
    return MappingProxyType(dict(parse_qsl(query.decode("latin-1"), max_num_fields=32)))
