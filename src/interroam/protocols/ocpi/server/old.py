"""The doors for 2.1.1: ``/ocpi/cpo/2.1.1`` for eMSPs to call, ``/ocpi/emsp/2.1.1`` for CPOs.

There is no second way to do the same thing: a call is lifted, goes to the function that answers its like in 2.2.1, and
the answer is lowered. What differs from 2.2.1: the token is sent raw (OCPI-4), a connection is one party in one role
(OCPI-22), which decides the face and the side of every module, and there are no routing headers (OCPI-26).
"""

from __future__ import annotations

from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.prompt import at_once
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Statement
from interroam.model.ids import Kind, Party, PartyId, Role
from interroam.model.places import Evse, Location
from interroam.net.http import Request
from interroam.protocols.ocpi import v211
from interroam.protocols.ocpi.bridge import OLD, Crawls, Lifting, OldViews
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.headers import RoutingError, routing
from interroam.protocols.ocpi.rules.paging import BadParameter, Page, read_page
from interroam.protocols.ocpi.v211.peers import Face, interface
from interroam.protocols.ocpi.views import Looks

from .call import DONE, Answer, Call, Caller
from .desk import Desk, Route, Run, Stating, read_owner
from .held import Held, Holding
from .lifts import LIFTS, Lift
from .table import ROUTES

FACES: dict[str, Face] = {"cpo": "CPO", "emsp": "EMSP"}
_MAXIMA = {"locations": 20}  # OCPI-45
_NOWHERE = Answer(http=404, status=2000, message="there is nothing at this path")
_CHARGES = frozenset({"sessions", "cdrs"})
_PLACES = [OLD, "locations"]
_NARROWED = frozenset({"locations", "tokens"})


class OldDesk(Desk):
    """A desk whose visitor sees 2.1.1."""

    def __init__(self, hub: Hub, looks: OldViews, base_url: str, face: str, lifting: Lifting) -> None:
        super().__init__(hub, looks, base_url)
        self.looks = looks
        self.lifting = lifting
        self._root = f"{base_url}/ocpi/{face}/{OLD}"

    def url(self, tail: str) -> str:
        """Return the absolute URL of something of this face: its sides have no names of their own."""
        return f"{self._root}/{tail.partition('/')[2]}"


class OldDoors:
    """Answers the calls of 2.1.1 partners."""

    def __init__(self, hub: Hub, views: Looks, base_url: str) -> None:
        self._hub = hub
        self._views = views
        self._base_url = base_url
        self._holding = Holding(hub, self._again)
        self._crawls = Crawls(hub)

    async def answer(self, call: Call, parts: list[str]) -> Answer:
        """Answer a call to ``/ocpi/{face}/2.1.1/{module}/…``."""
        _check_raw(call)
        if len(parts) < 4 or parts[2] != OLD:
            return _NOWHERE
        face = parts[1]
        try:
            return await self._answer(call, face, parts[3:])
        except Refused as no:
            if no.reason is not Reason.UNKNOWN_TOKEN or call.module not in _CHARGES:
                raise
            await self._holding.hold(call, face, no)
            return DONE

    def stated(self, call: Call, parts: list[str]) -> tuple[Desk, Stating, Statement] | None:
        """Read what a call states of a place, where nothing has to be waited for; None of all else."""
        if call.request.method != "PATCH" or parts[2:4] != _PLACES or not self._hub.store.prompt:
            return None
        _check_raw(call)
        entered = self._enter(call, parts[1], parts[3:])
        if isinstance(entered, Answer) or not call.caller.switches.takes_old_places:
            return None
        desk, route = entered
        run, lift = route.run, _lift_of(call, route)
        if type(run) is not Stating or lift is None:
            return None
        said: list[Statement] = []

        async def read(desk: Desk, call: Call) -> Answer:
            said.append(run.read(desk, call))
            return DONE

        at_once(_lifted(desk, call, read, lift))
        return desk, run, said[0]

    async def _again(self, one: Held) -> None:
        """Take up a message that was held."""
        known = self._hub.book.partners.get(one.partner)
        credentials = self._hub.book.credentials_of(one.partner)
        if known is None or not credentials:
            raise Unavailable(Reason.NOT_CONNECTED, f"partner {one.partner} is not registered")
        path = f"/ocpi/{one.face}/{OLD}/{one.path}"
        request = Request(one.method, path, path.encode(), b"", {}, one.body, "", None, 0.0)
        call = Call(request=request, now=self._hub.clock.now(), request_id="", correlation=one.correlation, older=True)
        call.who = Caller(known, credentials[0], switches(known))
        await self._answer(call, one.face, one.path.split("/"))

    async def _answer(self, call: Call, face: str, parts: list[str]) -> Answer:
        entered = self._enter(call, face, parts)
        if isinstance(entered, Answer):
            return entered
        desk, route = entered
        looks = desk.looks
        try:
            await self._addressed(call, looks, route)
            lift = _lift_of(call, route)
            return await (route.run(desk, call) if lift is None else _lifted(desk, call, route.run, lift))
        finally:
            if looks.losses:
                call.notes.append(looks.note)

    def _enter(self, call: Call, face: str, parts: list[str]) -> tuple[OldDesk, Route] | Answer:
        """Find out who calls, what for, and what runs then."""
        module = parts[0]
        if module not in v211.MODULES or module == "credentials":
            return _NOWHERE
        party = self.party(call, FACES[face])
        call.module, call.tail = module, parts[1:]
        call.sender, call.party = party.id, party
        call.most = _MAXIMA.get(module)
        found = _route(call, interface(module, FACES[face]))
        if isinstance(found, Answer):
            return found
        call.operation = found.operation
        looks = OldViews(self._views, self._hub, party, call.caller.switches)
        lifting = Lifting(self._hub, self._views, _stating(call, party, found))
        return OldDesk(self._hub, looks, self._base_url, face, lifting), found

    # -- who calls -------------------------------------------------------------------------------------------------

    def party(self, call: Call, face: Face) -> Party:
        """Return the one party of a connection, in the one role that may call this face (OCPI-22)."""
        parties = call.partner.parties
        if len(parties) != 1:
            raise Refused(
                Reason.FORBIDDEN,
                f"partner {call.partner.id} speaks for {len(parties)} parties, a connection of 2.1.1 is one",
                remedy="add a partner for each party and role",
            )
        party = parties[0]
        self._hub.book.routing.check_active(party)
        as_cpo = party.role is Role.CPO
        if party.role is not Role.HUB and as_cpo is (face == "CPO"):
            mine = "emsp" if as_cpo else "cpo"
            raise Refused(
                Reason.FORBIDDEN, f"{party} may not call this face", remedy=f"call /ocpi/{mine}/{OLD} instead"
            )
        return party

    # -- what it is about ------------------------------------------------------------------------------------------

    async def _addressed(self, call: Call, looks: OldViews, route: Route) -> None:
        """Find the owner that a GET names by To headers or by the hub's id of a place (OCPI-26)."""
        if call.request.method != "GET" or route.interface != "SENDER":
            return
        page = _page(call)
        looks.since = page.date_from if page is not None else None
        if call.module == "locations" and not call.tail and page is not None:
            call.left_out = await self._crawls.unchanged(looks, call.viewer, page)
        if call.module in _NARROWED:
            call.receiver = self._narrowed(call)
        if call.module == "locations" and call.tail and self._hub.is_hub:
            await self._places(call)

    def _narrowed(self, call: Call) -> PartyId | None:
        to = {name: value for name, value in call.request.headers.items() if name.startswith(b"ocpi-to-")}
        try:
            named = routing(to).receiver
        except RoutingError:
            return None
        hub = self._hub.book.hub
        return None if named is None or (hub is not None and named == hub.id) else named

    async def _places(self, call: Call) -> None:
        """Put the owner's ids in the place of the hub's, which are all that a 2.1.1 eMSP knows (OCPI-61)."""
        found = await self._hub.store.by_hub_id(call.tail[0])
        if found is not None and isinstance(found.body, Location):
            call.tail[0], call.receiver = found.body.id, found.body.owner
        evse = await self._hub.store.by_hub_id(call.tail[1]) if len(call.tail) > 1 else None
        if evse is not None and isinstance(evse.body, Evse) and evse.key.kind is Kind.EVSE:
            call.tail[1] = evse.body.uid


def _stating(call: Call, party: Party, route: Route) -> Party:
    """Return who states an object: the party of the connection, but behind a hub the one that the object names."""
    if party.role is not Role.HUB or route.interface != "RECEIVER" or call.module == "commands":
        return party
    role = Role.EMSP if call.module == "tokens" else Role.CPO
    if call.module != "cdrs":
        return Party(read_owner(call), role)
    named = v211.owner_of(call.request.body)  # OCPI-88
    return Party(PartyId.parse(named), role) if named else party


def _route(call: Call, side: str) -> Route | Answer:
    """Find the row of 2.2.1 that answers the like of this call; a PATCH of a tariff is a PUT of the whole."""
    routes = ROUTES[side.lower(), call.module].routes
    method = call.request.method
    if method == "PATCH" and call.module == "tariffs" and len(call.tail) == 3:
        return replace(routes["PUT", 3], operation="ocpi PATCH tariffs")
    found = routes.get((method, len(call.tail)))
    if found is not None and (call.module, method, side) != ("sessions", "PUT", "SENDER"):
        return found
    allowed = sorted(each for each, depth in routes if depth == len(call.tail))
    if not allowed:
        return _NOWHERE
    message = f"{method} is not offered here"
    return Answer(http=405, status=2000, message=message, headers=((b"allow", ", ".join(allowed).encode()),))


def _check_raw(call: Call) -> None:
    """Refuse a token that does not come as it stands (OCPI-4)."""
    if not call.caller.raw:
        message = "in OCPI 2.1.1 the token is sent as it stands"
        raise Refused(Reason.UNAUTHENTICATED, message, remedy="send Authorization: Token <token>")


async def _lifted(desk: OldDesk, call: Call, run: Run, lift: Lift) -> Answer:
    given = call.request
    try:
        return await lift(desk.lifting, desk, call, run)
    finally:
        if call.request is not given:
            call.request, call.came = given, None  # the trace keeps what came


def _lift_of(call: Call, route: Route) -> Lift | None:
    return LIFTS.get((call.module, route.interface, call.request.method))


def _page(call: Call) -> Page | None:
    try:
        return read_page(call.request.query, call.module)
    except BadParameter:  # whoever lists says so
        return None
