"""What a request is before its body is read: whose, between whom, and which row of the table.

Partners repeat themselves: the same caller with the same headers at the same place of the table. What that means is
worked out once and remembered until the book changes; what a request may differ in is looked at each time.
"""

from __future__ import annotations

from msgspec import Struct

from interroam.core.parties.book import Book
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, PartyId
from interroam.net.http import Request
from interroam.protocols.ocpi.rules.urls import segments

from .call import Answer, Call, Caller
from .caller import Callers
from .clientinfo import MODULE as UNROUTED
from .desk import Route
from .table import ROUTES

_NOWHERE = Answer(http=404, status=2000, message="there is nothing at this path")
_MOST = 4096
_IDS = (b"x-request-id", b"x-correlation-id")
_FROM_COUNTRY, _FROM_PARTY = b"ocpi-from-country-code", b"ocpi-from-party-id"
_TO_COUNTRY, _TO_PARTY = b"ocpi-to-country-code", b"ocpi-to-party-id"


class Way(Struct, frozen=True, gc=False):
    """What holds for all requests that are alike in caller, headers, method and place."""

    caller: Caller
    route: Route
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
        self._known: dict[tuple[object, ...], Way] = {}
        book.on_change(self._known.clear)

    def known(self, call: Call) -> Way | None:
        """Return the way of a request where it was found before and holds still."""
        way = self._known.get(self._likeness(call.request, call.parts))
        if way is None or not self._book.holds(way.caller.partner, way.caller.credential):
            return None
        _follow(call, way)
        return way

    def find(self, call: Call) -> Way | Answer:
        """Find the row of the table and between whom the call is; Refused where these two may not."""
        who, parts = call.caller, call.parts
        found = _row(call)
        if isinstance(found, Answer):
            return found
        module = call.module = parts[3]
        call.operation = found.operation
        if module == UNROUTED:  # C7
            way = Way(who, found, module)
        else:
            headers = call.request.headers
            addressing = self._callers.addressing(who.partner, headers, to_too=who.switches.require_to)
            call.routing = addressing.lines
            party = self._callers.in_role(addressing, module, found.interface)
            way = Way(who, found, module, party, addressing.sender, addressing.receiver, addressing.lines)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[self._likeness(call.request, parts)] = way
        _follow(call, way)
        return way

    def _likeness(self, request: Request, parts: list[str]) -> tuple[object, ...]:
        """Return all that a way depends on."""
        get = request.headers.get
        return (
            self._callers.mark(request),
            request.client,
            request.certificate,
            get(_FROM_COUNTRY),
            get(_FROM_PARTY),
            get(_TO_COUNTRY),
            get(_TO_PARTY),
            request.method,
            len(parts),
            *parts[:4],
        )


def _follow(call: Call, way: Way) -> None:
    call.who = who = way.caller
    if who.switches.require_ids:
        _insist_on_ids(call.request)
    call.operation, call.module, call.tail = way.route.operation, way.module, call.parts[4:]
    call.party, call.sender, call.receiver, call.routing = way.party, way.sender, way.receiver, way.routing


def _insist_on_ids(request: Request) -> None:
    for name in _IDS:
        if not request.headers.get(name):
            raise Refused(Reason.MALFORMED, f"{name.decode()} is missing", remedy="send both ids with every request")


def _row(call: Call) -> Route | Answer:
    """Find the row of a path: ``/ocpi/2.2.1/{receiver|sender}/{module}/…``."""
    parts = call.parts
    found = ROUTES.get((parts[2], parts[3])) if len(parts) > 3 and parts[1] == "2.2.1" else None
    if found is None or not call.caller.switches.offers(parts[3]):
        return _NOWHERE
    depth = len(parts) - 4
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
    raw = request.raw_path
    if b"%" not in raw and b"//" not in raw:
        return request.path.strip("/").split("/")
    try:
        return [] if b"%00" in raw else list(segments(raw))
    except ValueError:
        return []
