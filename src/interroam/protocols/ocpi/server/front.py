"""The server: who calls, what for, and then: parse, translate, tell, answer.

Every path of a module ends in one row of ``ROUTES``; the functions there know nothing of headers and envelopes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Protocol

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Exchange, Receipt, Statement
from interroam.model.ids import PartyId
from interroam.model.parties import Partner
from interroam.net.http import Later, Request, Response
from interroam.protocols.ocpi.rules.urls import segments
from interroam.protocols.ocpi.views import Views
from interroam.protocols.ocpi.wire import Finding
from interroam.protocols.ocpi.wire.envelope import SUCCESS

from .answers import of_error, write_answer
from .call import Answer, Call
from .caller import Callers
from .clientinfo import MODULE as UNROUTED
from .desk import Desk, Route, Run, Stating
from .old import FACES, OldDoors
from .table import ROUTES

_NOWHERE = Answer(http=404, status=2000, message="there is nothing at this path")
_PARTS = 5
"""``/ocpi/cpo/2.1.1/credentials`` has fewer slashes."""
_OLD_DOORS = tuple(f"/ocpi/{face}/" for face in FACES)
_CODES = {(200, SUCCESS): "200/1000", (201, SUCCESS): "201/1000"}


class Configuration(Protocol):
    """Who answers versions, version details and credentials (handshake)."""

    def answers(self, path: str) -> bool:
        """Whether a path is one of these."""
        ...

    async def answer(self, request: Request) -> Response:
        """Answer one request in full."""
        ...

    async def used(self, partner: Partner) -> None:
        """Note that the partner's newest secret arrived."""
        ...


class OcpiServer:
    """Answers everything below ``/ocpi``."""

    def __init__(self, hub: Hub, configuration: Configuration, base_url: str, own: PartyId, views: Views) -> None:
        self._hub = hub
        self._configuration = configuration
        self._desk = Desk(hub, views, base_url)
        self._callers = Callers(hub.book, own)
        self._old = OldDoors(hub, views, base_url)
        self._seen: dict[str, bytes] = {}

    def handle(self, request: Request) -> Response | Later | Awaitable[Response]:
        """Answer one request, whatever it is; where a fact or a change is stated, nobody waits in a task."""
        call = self._open(request)
        try:
            if request.path.count("/") < _PARTS and self._configuration.answers(request.path):
                return self._configured(call)
            self._recognize(call)
            if call.older or call.fresh:
                return self._run(call)
            found = self._find(call)
            if isinstance(found, Answer):
                return self._close(call, found)
            run = found.run
            return self._state(call, run) if type(run) is Stating else self._run(call, run)
        except Exception as error:  # noqa: BLE001  a partner gets an answer even when we do not know one
            return self._close(call, of_error(call, error))

    def _state(self, call: Call, stating: Stating) -> Response | Later | Awaitable[Response]:
        """Tell what is stated; the answer is given when the store says what became of it."""
        desk = self._desk
        statement = stating.read(desk, call)
        later = Later()

        def then(outcome: Receipt | Exception) -> None:
            try:
                if isinstance(outcome, Exception):
                    answer = of_error(call, outcome)
                else:
                    answer = stating.say(desk, call, statement, outcome)
            except Exception as error:  # noqa: BLE001  see above
                answer = of_error(call, error)
            later.give(self._close(call, answer))

        return later if self._hub.told(call.origin, statement, then) else self._tell(call, stating, statement)

    async def _tell(self, call: Call, stating: Stating, statement: Statement) -> Response:
        try:
            receipt = await self._hub.tell(call.origin, statement)
            return self._close(call, stating.say(self._desk, call, statement, receipt))
        except Exception as error:  # noqa: BLE001  see above
            return self._close(call, of_error(call, error))

    async def _run(self, call: Call, run: Run | None = None) -> Response:
        try:
            answer = await (self._begin(call) if run is None else run(self._desk, call))
        except Exception as error:  # noqa: BLE001  see above
            answer = of_error(call, error)
        return self._close(call, answer)

    async def _begin(self, call: Call) -> Answer:
        """Answer in full what may have to wait before it is known what it is."""
        if call.fresh:
            await self._configuration.used(call.partner)
            self._seen[call.partner.id] = self._hub.book.partners[call.partner.id].wiring
        if call.older:
            return await self._old.answer(call, _parts(call.request))
        found = self._find(call)
        return await found.run(self._desk, call) if isinstance(found, Route) else found

    async def _configured(self, call: Call) -> Response:
        """Answer versions and credentials; what the handshake notes itself is noted there."""
        try:
            self._callers.check_anyone(call.request)
            return await self._configuration.answer(call.request)
        except Exception as error:  # noqa: BLE001  see above
            return self._close(call, of_error(call, error))

    def _close(self, call: Call, answer: Answer) -> Response:
        response = write_answer(call, answer)
        self._note(call, answer, response)
        return response

    def _open(self, request: Request) -> Call:
        """Take the ids of the message; those a partner left out are minted (OCPI-28)."""
        request_id = request.headers.get(b"x-request-id", b"").decode("latin-1")
        correlation = request.headers.get(b"x-correlation-id", b"").decode("latin-1")
        call = Call(
            request=request,
            now=self._hub.clock.now(),
            request_id=request_id or self._hub.ids.new(),
            correlation=correlation or self._hub.ids.new(),
        )
        call.older = request.path.startswith(_OLD_DOORS)
        if not call.older and not (request_id and correlation):
            call.take([Finding("X-Request-ID, X-Correlation-ID", "are not both there: minted here")])
        return call

    def _recognize(self, call: Call) -> None:
        """Find out who calls, and whether it is for the first time since the partner's wiring changed."""
        call.who = who = self._callers.recognize(call.request)
        partner = who.partner
        self._hub.liveness.hear(partner, call.now)
        self._hub.quotas.take(partner, len(call.request.body), call.now)
        call.fresh = self._seen.get(partner.id) is not partner.wiring

    def _find(self, call: Call) -> Route | Answer:
        """Find the row of the table, and between whom the call is."""
        request, who = call.request, call.caller
        found = _find(call)
        if isinstance(found, Answer):
            return found
        if who.switches.require_ids:
            _insist_on_ids(request)
        call.operation = found.operation
        if call.module == UNROUTED:  # C7
            return found
        addressing = self._callers.addressing(who.partner, request.headers, to_too=who.switches.require_to)
        call.routing = addressing.lines
        call.sender, call.receiver = addressing.sender, addressing.receiver
        call.party = self._callers.in_role(addressing, call.module, found.interface)
        return found

    def _note(self, call: Call, answer: Answer, response: Response) -> None:
        """Leave a trace: the answer only when it says more than *done*."""
        said = (answer.http, answer.status)
        if answer.message:
            call.notes.append(answer.message)
        if call.odd and call.who is not None:
            self._hub.oddities.note(call.who.partner.id, call.operation, call.odd, call.correlation)
        self._hub.store.note(
            Exchange(
                at=call.now,
                partner=call.who.partner.id if call.who is not None else "",
                inward=True,
                operation=call.operation or f"ocpi {call.request.method}",
                code=_CODES.get(said) or f"{said[0]}/{said[1]}",
                latency_us=int((time.perf_counter() - call.request.began) * 1e6),
                correlation=call.correlation,
                ids=(call.request_id, *call.ids),
                seq=call.seq,
                request=call.request.body if call.who is not None else b"",
                response=response.body if answer.status != SUCCESS or call.keep_answer else b"",
                note="; ".join(call.notes) if call.notes else "",
                subject=call.subject,
                brief=call.module == "locations",
            )
        )


def _insist_on_ids(request: Request) -> None:
    for name in (b"x-request-id", b"x-correlation-id"):
        if not request.headers.get(name):
            raise Refused(Reason.MALFORMED, f"{name.decode()} is missing", remedy="send both ids with every request")


def _find(call: Call) -> Route | Answer:
    """Find the row of a path: ``/ocpi/2.2.1/{receiver|sender}/{module}/…``."""
    parts = _parts(call.request)
    found = ROUTES.get((parts[2], parts[3])) if len(parts) > 3 and parts[1] == "2.2.1" else None
    if found is None:
        return _NOWHERE
    if not call.caller.switches.offers(parts[3]):
        return _NOWHERE
    call.module = parts[3]
    call.tail = tail = parts[4:]
    route = found.routes.get((call.request.method, len(tail)))
    if route is not None:
        return route
    allowed = sorted(method for method, depth in found.routes if depth == len(tail))
    if not allowed:
        return _NOWHERE
    message = f"{call.request.method} is not offered here"
    return Answer(http=405, status=2000, message=message, headers=((b"allow", ", ".join(allowed).encode()),))


def _parts(request: Request) -> list[str]:
    """Split a path; one with encoded or doubled characters needs more care (OCPI-189)."""
    raw = request.raw_path
    if b"%" not in raw and b"//" not in raw:
        return request.path.strip("/").split("/")
    try:
        return [] if b"%00" in raw else list(segments(raw))
    except ValueError:
        return []
