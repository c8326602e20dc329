"""The server: who calls, what for, and then: parse, translate, tell, answer.

Every path of a module ends in one row of ``ROUTES``; the functions there know nothing of headers and envelopes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.facts import Exchange, Receipt, Statement
from interroam.model.ids import PartyId
from interroam.model.parties import Partner
from interroam.net.http import LATER, Later, Request, Response
from interroam.protocols.ocpi.views import Views
from interroam.protocols.ocpi.wire import Finding
from interroam.protocols.ocpi.wire.envelope import SUCCESS

from .answers import of_error, write_answer
from .call import Answer, Call
from .caller import Callers
from .desk import Desk, Run, Stating
from .old import FACES, OldDoors
from .ways import Way, Ways, insist_on_ids, parts_of

_PARTS = 5
"""``/ocpi/cpo/2.1.1/credentials`` has fewer parts."""
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
        self._ways = Ways(hub.book, self._callers)
        self._old = OldDoors(hub, views, base_url)
        self._seen: dict[str, bytes] = {}

    def handle(self, request: Request) -> Response | Later | Awaitable[Response]:
        """Answer one request, whatever it is; where a fact or a change is stated, nobody waits in a task."""
        way, tail, _ = self._ways.known(request)
        if way is None:
            return self._begin(self._open(request))
        get = request.headers.get
        call = Call(
            request=request,
            now=self._hub.clock.now(),
            request_id=get(b"x-request-id", b"").decode("latin-1"),
            correlation=get(b"x-correlation-id", b"").decode("latin-1"),
            operation=way.operation,
            module=way.module,
            tail=tail,
            who=way.caller,
            party=way.party,
            sender=way.sender,
            receiver=way.receiver,
            routing=way.routing,
        )
        try:
            if not (call.request_id and call.correlation):
                self._mint(call)
            self._hear(call, way.caller.partner)
            if way.caller.switches.require_ids:
                insist_on_ids(request)
            return self._go(call, way)
        except Exception as error:  # noqa: BLE001  a partner gets an answer even when we do not know one
            return self._close(call, of_error(call, error))

    def _open(self, request: Request) -> Call:
        """Take up a request that is not like one before it."""
        ids = request.headers
        call = Call(
            request=request,
            now=self._hub.clock.now(),
            request_id=ids.get(b"x-request-id", b"").decode("latin-1"),
            correlation=ids.get(b"x-correlation-id", b"").decode("latin-1"),
            older=request.path.startswith(_OLD_DOORS),
        )
        if not (call.request_id and call.correlation):
            self._mint(call)
        return call

    def _mint(self, call: Call) -> None:
        """Make the ids that a partner left out (OCPI-28)."""
        call.request_id = call.request_id or self._hub.ids.new()
        call.correlation = call.correlation or self._hub.ids.new()
        if not call.older:
            call.take([Finding("X-Request-ID, X-Correlation-ID", "are not both there: minted here")])

    def _begin(self, call: Call) -> Response | Later | Awaitable[Response]:
        """Find out what it is that is asked, and by whom."""
        try:
            if len(parts_of(call.request)) < _PARTS and self._configuration.answers(call.request.path):
                return self._configured(call)
            call.who = who = self._callers.recognize(call.request)
            self._hear(call, who.partner)
            fresh = self._seen.get(who.partner.id) is not who.partner.wiring
            if fresh:
                return self._run(call, self._used)
            if call.older:
                return self._at_old_door(call)
            found = self._ways.find(call)
            return self._close(call, found) if isinstance(found, Answer) else self._go(call, found)
        except Exception as error:  # noqa: BLE001  see above
            return self._close(call, of_error(call, error))

    def _go(self, call: Call, way: Way) -> Response | Later | Awaitable[Response]:
        """Do what is asked; what is stated is told, and answered when the store says what became of it."""
        run = way.run
        if type(run) is not Stating:
            return self._run(call, run)
        return self._state(self._desk, call, run, run.read(self._desk, call))

    def _state(self, desk: Desk, call: Call, stating: Stating, statement: Statement) -> Later | Awaitable[Response]:
        """Tell what is stated."""
        if self._hub.told(call.origin, statement, partial(self._became, desk, call, stating, statement), call.now):
            return LATER
        return self._tell(desk, call, stating, statement)

    def _became(
        self, desk: Desk, call: Call, stating: Stating, statement: Statement, outcome: Receipt | Exception
    ) -> None:
        try:
            if isinstance(outcome, Exception):
                answer = of_error(call, outcome)
            else:
                answer = stating.say(desk, call, statement, outcome)
        except Exception as error:  # noqa: BLE001  see above
            answer = of_error(call, error)
        request = call.request
        request.taker.take(request, self._close(call, answer))

    async def _tell(self, desk: Desk, call: Call, stating: Stating, statement: Statement) -> Response:
        try:
            receipt = await self._hub.tell(call.origin, statement)
            return self._close(call, stating.say(desk, call, statement, receipt))
        except Exception as error:  # noqa: BLE001  see above
            return self._close(call, of_error(call, error))

    async def _run(self, call: Call, run: Run) -> Response:
        try:
            answer = await run(self._desk, call)
        except Exception as error:  # noqa: BLE001  see above
            answer = of_error(call, error)
        return self._close(call, answer)

    async def _used(self, desk: Desk, call: Call) -> Answer:
        """Answer the first request since a partner's wiring changed: its newest secret arrived."""
        partner = call.partner.id
        await self._configuration.used(call.partner)
        self._seen[partner] = self._hub.book.partners[partner].wiring
        if call.older:
            return await self._old_door(desk, call)
        found = self._ways.find(call)
        return found if isinstance(found, Answer) else await found.run(desk, call)

    def _at_old_door(self, call: Call) -> Later | Awaitable[Response]:
        found = self._old.stated(call, parts_of(call.request))
        return self._run(call, self._old_door) if found is None else self._state(found[0], call, found[1], found[2])

    async def _old_door(self, _desk: Desk, call: Call) -> Answer:
        return await self._old.answer(call, parts_of(call.request))

    async def _configured(self, call: Call) -> Response:
        """Answer versions and credentials; what the handshake notes itself is noted there."""
        try:
            self._callers.check_anyone(call.request)
            return await self._configuration.answer(call.request)
        except Exception as error:  # noqa: BLE001  see above
            return self._close(call, of_error(call, error))

    def _hear(self, call: Call, partner: Partner) -> None:
        """Note that a partner is there, and that it asks for no more than it may."""
        self._hub.liveness.hear(partner, call.now)
        if partner.rate or partner.body_bytes:
            self._hub.quotas.take(partner, len(call.request.body), call.now)

    def _close(self, call: Call, answer: Answer) -> Response:
        """Write the answer and leave a trace: of the answer only when it says more than *done*."""
        if call.older and answer.http == 201:  # some partners of 2.1.1 count nothing but 200 as delivered (OCPI-199)
            answer = replace(answer, http=200)
        response = write_answer(call, answer)
        request, said, who = call.request, (answer.http, answer.status), call.who
        partner = who.partner.id if who is not None else ""
        if answer.message and answer.message not in call.notes:
            call.notes.append(answer.message)
        if call.odd and partner:
            self._hub.oddities.note(partner, call.operation, call.odd, call.correlation)
        self._hub.store.note(
            Exchange(
                at=call.now,
                partner=partner,
                inward=True,
                operation=call.operation or f"ocpi {request.method}",
                code=_CODES.get(said) or f"{said[0]}/{said[1]}",
                latency_us=int((time.perf_counter() - request.began) * 1e6),
                correlation=call.correlation,
                ids=(call.request_id, *call.ids),
                seq=call.seq,
                request=(request.body if call.came is None else call.came) if partner else b"",
                response=response.body if answer.status != SUCCESS or call.keep_answer else b"",
                note="; ".join(call.notes) if call.notes else "",
                subject=call.subject,
                brief=call.module == "locations",
            )
        )
        return response
