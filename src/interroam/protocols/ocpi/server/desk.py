"""What the functions behind the routes share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from msgspec import Struct

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Statement, Stored
from interroam.model.ids import Key, PartyId
from interroam.protocols.ocpi.rules.headers import speaks_json
from interroam.protocols.ocpi.wire import read
from interroam.protocols.ocpi.wire.words import InterfaceRole

from .answers import of_receipt
from .call import Answer, Call

PATH = "/ocpi/2.2.1"

T = TypeVar("T", bound=Struct)
Run: TypeAlias = "Callable[[Desk, Call], Awaitable[Answer]]"


class Desk:
    """The core, and where this node is reached."""

    def __init__(self, hub: Hub, base_url: Callable[[], str]) -> None:
        self.hub = hub
        self._base_url = base_url

    def url(self, tail: str) -> str:
        """Return the absolute URL of something below ``/ocpi/2.2.1``."""
        return f"{self._base_url().rstrip('/')}{PATH}/{tail}"

    async def tell(self, call: Call, statement: Statement) -> Answer:
        """State something in the caller's name, and answer by what became of it."""
        return of_receipt(call, await self.hub.tell(call.origin, statement))

    async def stored(self, key: Key) -> Stored:
        """Return an object of the picture; Refused when there is none."""
        stored = await self.hub.store.get(key)
        if stored is None or stored.withdrawn:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no {key.kind.value} {key.id} here")
        return stored


class Route(Struct, frozen=True):
    """A row of the table: what runs, what traces call it, and the side of the module it belongs to."""

    run: Run
    operation: str
    interface: InterfaceRole


class Side(Struct, frozen=True):
    """One side of a module: its rows by method and number of segments behind the module."""

    routes: dict[tuple[str, int], Route]
    depths: frozenset[int]


def read_body(call: Call, kind: type[T]) -> T:
    """Read the body; what was odd about it is noted."""
    if not speaks_json(call.request.headers.get(b"content-type")):
        call.notes.append("the Content-Type is not application/json")  # OCPI-188
    shape, findings = read(kind, call.request.body)
    if findings:
        call.notes += [f"{found.field}: {found.message}" for found in findings]
    return shape


def read_owner(call: Call) -> PartyId:
    """Read whose object a URL names: ``…/{country_code}/{party_id}/…``."""
    country, code = call.tail[0], call.tail[1]
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
    return Side(routes, frozenset(depth for _, depth in routes))
