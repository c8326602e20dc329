"""The front: HTTP in, who calls, which operation, and one answer or one fault out (EMIP-6).

Whatever the path below the room's, the message says what it is. Everything that comes leaves a trace, refused or not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.facts import Exchange
from interroam.model.parties import PartnerState
from interroam.net.http import Request, Response
from interroam.protocols.emip.calls import fault_code, session_ids
from interroam.protocols.emip.rules.codes import MALFORMED, NOT_SUPPORTED, Declined, short_name
from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.faults import Cause, SoapFault, write_fault
from interroam.protocols.emip.wire.operations import Operation

from .answers import Busy, declined, failed, late, of_error
from .call import Call
from .checks import Checks
from .desk import Desk, Handler
from .pages import page
from .repeats import Given, Repeats

log = structlog.get_logger()

SOAP = (b"content-type", b"application/soap+xml; charset=utf-8")
REPEATABLE = frozenset({"SetChargeDetailRecord", "SetSessionEventReport", "SetSessionActionRequest"})
_PAGES = frozenset({"GET", "HEAD"})
_ANSWERED = 0.9
"""The part of a platform's patience after which we answer (EMIP-40)."""
_DOOR = 1.2
"""What a question may take beyond its own deadline before we answer for it (EMIP-43)."""


class Visit(Struct, kw_only=True):
    """One request, as far as it is understood."""

    request: Request
    began: float
    operation: Operation | None = None
    message: Any = None
    wrong: codec.Unreadable | None = None
    qualified: bool = False
    partner: str = ""
    transaction: str = ""
    call: Call | None = None
    notes: list[str] = []


class Front:
    """Answers everything below the room's path. ``mint`` makes the transactionId of a request that has none."""

    def __init__(self, desk: Desk, handlers: Mapping[str, Handler], *, insecure: bool, base_url: str) -> None:
        self._desk = desk
        self._handlers = handlers
        self._hub: Hub = desk.hub
        self._base_url = base_url
        self.checks = Checks(desk.hub.book, insecure=insecure)
        self.repeats = Repeats(desk.hub.store, desk.hub.clock)
        self.mint: Callable[[], str] = desk.hub.ids.new
        self._tasks: set[asyncio.Task[Any]] = set()

    async def handle(self, request: Request) -> Response:
        """Answer one request, whatever it is."""
        if request.method in _PAGES:
            return page(request, self._base_url, hub=self._hub.is_hub)
        if request.method != "POST":
            return Response(405, [(b"allow", b"GET, HEAD, POST")])
        visit = Visit(request=request, began=time.perf_counter())
        try:
            given = await self._given(visit)
        except SoapFault as fault:
            given = _fault(visit, fault)
        except Exception:
            log.exception("request_failed", transaction=visit.transaction)
            given = _fault(visit, failed())
        self._note(visit, given)
        pause = given.retry_after
        headers = [SOAP] if pause is None else [SOAP, (b"retry-after", str(max(1, round(pause))).encode())]
        return Response(given.http, headers, given.body)

    # -- one request -------------------------------------------------------------------------------------------------

    async def _given(self, visit: Visit) -> Given:
        self.checks.check_channel(visit.request)
        operation = self._read(visit)
        visit.transaction = visit.message.transaction_id or self._minted()
        with structlog.contextvars.bound_contextvars(transaction=visit.transaction):  # EMIP-29
            try:
                call = await self._admit(visit, operation)
            except Declined as no:
                visit.notes.append(no.message)
                return _written(visit, declined(self._anonymous(visit, operation), no.status, self._hub.ids))
            if short_name(operation.name) not in REPEATABLE:
                return await self._timely(visit, call)
            return await self._repeatable(visit, call)

    def _read(self, visit: Visit) -> Operation:
        try:
            received = codec.read_request(visit.request.body)
        except codec.Unreadable as wrong:
            visit.wrong, visit.message, visit.qualified = wrong, wrong.header, wrong.qualified
            visit.operation = wrong.operation
        except SoapFault as fault:
            visit.transaction = fault.transaction_id or ""
            raise
        else:
            visit.operation, visit.message, visit.qualified = received.operation, received.message, received.qualified
        if visit.operation.to_iop and not self._hub.is_hub:
            visit.transaction = visit.message.transaction_id or ""
            raise SoapFault("INVALID_REQUEST", Cause.UNKNOWN_OPERATION, "This is no platform.")
        return visit.operation

    def _minted(self) -> str:
        try:
            return self.mint()
        except Exception as error:
            log.exception("transaction_not_made")
            raise failed(Cause.NO_TRANSACTION, "no transaction id can be made") from error  # EMIP-25

    async def _admit(self, visit: Visit, operation: Operation) -> Call:
        """Ask all questions about the sender; one that fails ends it here (EMIP-17)."""
        checks, message, hub = self.checks, visit.message, self._hub
        try:
            partner = checks.partner(visit.request, message, operation)
        except SoapFault:
            visit.notes.append(f"as partner {message.partner_id}, from {visit.request.client}")
            raise
        visit.partner = partner.id
        now = hub.clock.now()
        hub.liveness.hear(partner, now)
        if partner.state is PartnerState.PLANNED:
            await hub.book.set_state(partner.id, PartnerState.CONNECTED)
        sender = checks.sender(partner, message, operation)
        if visit.wrong is not None:
            raise Declined(MALFORMED, visit.wrong.problem)
        visit.call = Call(
            operation=operation,
            message=message,
            partner=partner,
            operator=sender.operator,
            target=sender.target,
            transaction=visit.transaction,
            now=now,
        )
        return visit.call

    def _anonymous(self, visit: Visit, operation: Operation) -> Call:
        """Return a call of nobody, for the answer to a request that got no further than its header."""
        partner = self._hub.book.partners[visit.partner]
        return Call(
            operation=operation,
            message=visit.message,
            partner=partner,
            operator=partner.parties[0],
            transaction=visit.transaction,
            now=self._hub.clock.now(),
        )

    # -- the work ----------------------------------------------------------------------------------------------------

    async def _repeatable(self, visit: Visit, call: Call) -> Given:
        """Do the work of a message once, however often it comes; it goes on when the one who asked is answered."""

        async def work() -> Given:
            try:
                return _written(visit, await self._run(call))
            except SoapFault as fault:
                return _fault(visit, fault)

        once = self._spawn(self.repeats.once(call.partner.id, call.transaction, visit.request.body, work))
        done, _ = await asyncio.wait({once}, timeout=self._patience(call))
        self._breathed(call)
        if not done:
            return _written(visit, late(call, self._hub.ids))
        given: Given
        given, repeated = once.result()
        if repeated:
            call.notes.append("repeated: answered again")
        return given

    async def _timely(self, visit: Visit, call: Call) -> Given:
        """Answer before the caller's patience ends; what is stored and forwarded goes on behind it."""
        task = self._spawn(self._run(call))
        done, _ = await asyncio.wait({task}, timeout=self._patience(call))
        if not done:
            if not call.operation.stored:
                task.cancel()  # a late yes is a wrong yes
            answer = late(call, self._hub.ids)
        else:
            answer = task.result()
        self._breathed(call)
        return _written(visit, answer)

    async def _run(self, call: Call) -> Any:
        handler = self._handlers.get(call.operation.name, _unoffered)
        try:
            answer = await handler(self._desk, call)
        except Exception as error:  # noqa: BLE001  a partner gets an answer even when we do not know one
            answer = of_error(call, error, self._hub.ids)
        if answer.transaction_id != call.transaction:
            answer = replace(answer, transaction_id=call.transaction)
        return answer

    def _patience(self, call: Call) -> float:
        deadlines = self._hub.deadlines
        return deadlines.door * _DOOR if call.operation.to_iop else deadlines.partner * _ANSWERED

    def _breathed(self, call: Call) -> None:
        if not call.operation.to_iop:
            self._desk.pulse.sent(call.partner.id, self._hub.clock.now())  # EMIP-34

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def stop(self) -> None:
        """End what still runs behind answers that were given."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited for it has gone

    # -- traces ------------------------------------------------------------------------------------------------------

    def _note(self, visit: Visit, given: Given) -> None:
        """Leave a trace; of a sender that is not who it should be, not its words."""
        call, operation, message = visit.call, visit.operation, visit.message
        whole = call is None or call.keep or not _fine(given)
        notes = [*visit.notes, *(call.notes if call is not None else ())]
        self._hub.store.note(
            Exchange(
                at=self._hub.clock.now(),
                partner=visit.partner,
                inward=True,
                operation=operation.name if operation is not None else "eMIP",
                code=given.code,
                latency_us=int((time.perf_counter() - visit.began) * 1e6),
                correlation=visit.transaction,
                ids=tuple(dict.fromkeys(one for one in self._ids(visit, message, call) if one)),
                seq=call.seq if call is not None else 0,
                request=visit.request.body if visit.partner and whole else b"",
                response=given.body if whole else b"",
                note="; ".join(filter(None, notes)),
                subject=call.subject if call is not None else b"",
            )
        )

    @staticmethod
    def _ids(visit: Visit, message: Any, call: Call | None) -> list[str]:
        found = [visit.transaction, *(session_ids(message) if message is not None else ())]
        if call is not None:
            found += [*call.ids, call.correlation]
            found += [str(value) for name, value in call.fields.items() if name.endswith("session_id")]
        return found

    def refusal(self, status: int, message: str) -> Response:
        """Refuse as a fault what never came as far as this."""
        fault: SoapFault = Busy(Cause.OVERLOADED, message) if status == 503 else failed(message=message)
        if status < 500:
            fault = SoapFault("INVALID_REQUEST", Cause.INVALID_VALUE, message)
        return Response(status, [SOAP], write_fault(fault))


async def _unoffered(_desk: Desk, call: Call) -> Any:
    raise Declined(NOT_SUPPORTED, f"{call.operation.name} is not offered here")


def _written(visit: Visit, answer: Any) -> Given:
    operation = visit.operation
    if operation is None:
        raise TypeError("what was not read is not answered")
    if visit.call is not None:
        visit.call.ids += [*session_ids(answer)]
    return Given(
        200, f"200/{answer.request_status}", codec.write_response(operation, answer, qualified=visit.qualified)
    )


def _fault(visit: Visit, fault: SoapFault) -> Given:
    if fault.transaction_id is None and visit.transaction:
        fault.transaction_id = visit.transaction
    visit.notes.append(fault.message)
    pause = fault.retry_after if isinstance(fault, Busy) else None
    code = f"{fault.http}/{fault_code(fault)}"
    return Given(fault.http, code, write_fault(fault), lasting=False, retry_after=pause)


def _fine(given: Given) -> bool:
    return given.http == 200 and given.code == "200/1"
