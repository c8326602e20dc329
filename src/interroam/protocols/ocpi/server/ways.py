"""What a request is before its body is read: whose, between whom, and which row of the table.

Partners repeat themselves: the same caller with the same headers at the same place of the table. What that means is
worked out once and remembered until the book changes; what a request may differ in is looked at each time.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from interroam.core.parties.book import Book
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, PartyId
from interroam.net.http import Request
from interroam.protocols.ocpi.rules.urls import segments

from .call import Answer, Call, Caller
from .caller import Callers
from .clientinfo import MODULE as UNROUTED
from .desk import Route, Run
from .table import ROUTES

_NOWHERE = Answer(http=404, status=2000, message="there is nothing at this path")
_MOST = 4096
_IDS = (b"x-request-id", b"x-correlation-id")
_PERCENT = ord("%")
_PLACED = 4
"""So many parts of a path are the place in the table: what follows differs from object to object."""
Likeness: TypeAlias = tuple[object, ...]
"""All that a way depends on."""


class Way(Struct, frozen=True, gc=False):
    """What holds for all requests that are alike in caller, headers, method and place."""

    caller: Caller
    run: Run
    operation: str
    module: str
    party: Party | None = None
    sender: PartyId | None = None
    receiver: PartyId | None = None
    routing: bytes = b""


class Ways:
    """Finds the way of a request, and remembers it."""

    def __init__(self, book: Book, callers: Callers) -> None:
        self._book = book
        self._callers = callers
        self._known: dict[Likeness, Way] = {}
        self._revision = book.revision

    def known(self, request: Request) -> tuple[Way | None, list[str], Likeness]:
        """Return the way of a request, if it was found before and holds still; what follows its place; its likeness."""
        if self._revision != self._book.revision:
            self._revision = self._book.revision
            self._known.clear()
        path, get = request.path, request.headers.get
        odd = _PERCENT in request.raw_path or "//" in path
        parts = parts_of(request) if odd else path.strip("/").split("/")
        if len(parts) < _PLACED:
            return None, [], ()
        likeness = (
            get(b"authorization"),
            get(b"ocpi-from-country-code"),
            get(b"ocpi-from-party-id"),
            get(b"ocpi-to-country-code"),
            get(b"ocpi-to-party-id"),
            request.client,
            request.certificate,
            request.method,
            parts[1],
            parts[2],
            parts[3],
            len(parts),
        )
        return self._known.get(likeness), parts[_PLACED:], likeness

    def find(self, call: Call) -> Way | Answer:
        """Find the row of the table and between whom the call is; Refused where these two may not."""
        who, request = call.caller, call.request
        parts = parts_of(request)
        route = _row(call, parts)
        if isinstance(route, Answer):
            return route
        module, operation = parts[3], route.operation
        call.module, call.operation = module, operation
        if module == UNROUTED:  # C7
            way = Way(who, route.run, operation, module)
        else:
            headers = request.headers
            addressing = self._callers.addressing(who.partner, headers, to_too=who.switches.require_to)
            call.routing = addressing.lines
            party = self._callers.in_role(addressing, module, route.interface)
            said = addressing.sender, addressing.receiver, addressing.lines
            way = Way(who, route.run, operation, module, party, *said)
        if len(self._known) >= _MOST:
            self._known.clear()
        _, call.tail, likeness = self.known(request)
        self._known[likeness] = way
        if who.switches.require_ids:
            insist_on_ids(request)
        call.party, call.sender, call.receiver = way.party, way.sender, way.receiver
        return way


def insist_on_ids(request: Request) -> None:
    """Pass when both ids are there; else Refused."""
    for name in _IDS:
        if not request.headers.get(name):
            raise Refused(Reason.MALFORMED, f"{name.decode()} is missing", remedy="send both ids with every request")


def _row(call: Call, parts: list[str]) -> Route | Answer:
    """Find the row of a path: ``/ocpi/2.2.1/{receiver|sender}/{module}/…``."""
    found = ROUTES.get((parts[2], parts[3])) if len(parts) >= _PLACED and parts[1] == "2.2.1" else None
    if found is None or not call.caller.switches.offers(parts[3]):
        return _NOWHERE
    depth = len(parts) - _PLACED
    route = found.routes.get((call.request.method, depth))
    if route is not None:
        return route
    allowed = sorted(method for method, each in found.routes if each == depth)
    if not allowed:
        return _NOWHERE
    message = f"{call.request.method} is not offered here"
    return Answer(http=405, status=2000, message=message, headers=((b"allow", ", ".join(allowed).encode()),))


def parts_of(request: Request) -> list[str]:
    """Split a path; one with encoded or doubled characters needs more care (OCPI-189)."""
    raw, path = request.raw_path, request.path
    if _PERCENT not in raw and "//" not in path:
        return path.strip("/").split("/")
    try:
        return [] if b"%00" in raw else list(segments(raw))
    except ValueError:
        return []
