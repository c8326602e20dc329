"""The front: HTTP in, who calls, which operation, and one answer or one fault out (EMIP-6).

Whatever the path below the room's, the message says what it is. Everything that comes leaves a trace, refused or not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace
from structlog.contextvars import bind_contextvars

from interroam.core.hub import Hub
from interroam.model.facts import Exchange, Receipt
from interroam.model.parties import Partner, PartnerState
from interroam.net.http import LATER, Later, Request, Response
from interroam.protocols.emip.calls import FROM_IOP_S, TO_IOP_S, fault_code, session_ids
from interroam.protocols.emip.rules.codes import MALFORMED, NOT_SUPPORTED, SUCCESS, Declined, short_name
from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.faults import Cause, SoapFault, write_fault
from interroam.protocols.emip.wire.operations import BY_NAME, Operation

from .answers import Busy, declined, failed, late, makes_sessions, not_known, of_error
from .call import Call
from .checks import Checks
from .desk import Desk, Handler
from .pages import page
from .patience import Patience
from .repeats import Given, Repeats
from .stating import Stating

log = structlog.get_logger()

SOAP = (b"content-type", b"application/soap+xml; charset=utf-8")
REPEATABLE = frozenset({"SetChargeDetailRecord", "SetSessionEventReport", "SetSessionActionRequest"})
_SOAP = b": ".join(SOAP) + b"\r\n"
_REPEATED = frozenset(name for name in BY_NAME if short_name(name) in REPEATABLE)
_FINE = f"200/{SUCCESS}"
_PAGES = frozenset({"GET", "HEAD"})
_ANSWERED = 0.9
"""The part of a platform's patience after which we answer (EMIP-40)."""
_DOOR = 1.2
"""What a question may take beyond its own deadline before we answer for it (EMIP-43)."""
_LONGEST_S = {"eMIP_ToIOP_GetServiceAuthorisation": 9.9}
"""What is answered sooner than a platform's partners wait, whatever the deadlines."""


class Visit(Struct, kw_only=True, eq=False):
    """One request, as far as it is understood."""

    request: Request
    operation: Operation | None = None
    message: Any = None
    wrong: codec.Unreadable | None = None
    qualified: bool = False
    partner: str = ""
    transaction: str = ""
    call: Call | None = None
    notes: list[str] = []
    ids: list[str] = []
    """The sessions that the answer names."""
    owed: bool = False
    """Whether the answer comes later, and was not given yet."""
    work: asyncio.Task[None] | None = None


class Front:
    """Answers everything below the room's path. ``mint`` makes the transactionId of a request that has none."""

    def __init__(self, desk: Desk, handlers: Mapping[str, Handler], *, insecure: bool, base_url: str) -> None:
        self._desk = desk
        self._handlers = handlers
        self._hub: Hub = desk.hub
        self._base_url = base_url
        self.checks = Checks(desk.hub, insecure=insecure)
        self.repeats = Repeats(desk.hub.store, desk.hub.clock)
        desk.hub.forgetting.append(self.repeats.forget)
        self.mint: Callable[[], str] = desk.hub.ids.new
        self._patience: Patience[Visit] = Patience(self._late)
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request) -> Response | Later:
        """Answer one request, whatever it is; what takes longer is answered when it is done, or its time is over."""
        if request.method in _PAGES:
            return page(request, self._base_url, self._hub)
        if request.method != "POST":
            return Response(405, [(b"allow", b"GET, HEAD, POST")])
        visit = Visit(request=request)
        try:
            self.checks.check_channel(request)
            operation = self._read(visit)
            visit.transaction = visit.message.transaction_id or self._minted()
            partner = self._recognized(visit, operation)
            if partner.state is not PartnerState.CONNECTED:
                return self._begun(visit, self._returned(visit, operation, partner))
            given = self._admitted(visit, operation, partner)
        except Exception as error:  # noqa: BLE001  a partner gets an answer even when we do not know one
            given = _troubled(visit, error)
        return given if given is LATER else self._close(visit, given)

    # -- who it is ---------------------------------------------------------------------------------------------------

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
        if not self._hub.is_hub and visit.operation.to_iop:
            visit.transaction = visit.message.transaction_id or ""
            raise SoapFault("INVALID_REQUEST", Cause.UNKNOWN_OPERATION, "This is no platform.")
        return visit.operation

    def _minted(self) -> str:
        try:
            return self.mint()
        except Exception as error:
            log.exception("transaction_not_made")
            raise failed(Cause.NO_TRANSACTION, "no transaction id can be made") from error  # EMIP-25

    def _recognized(self, visit: Visit, operation: Operation) -> Partner:
        """Ask the first questions about the sender; one that fails ends it here (EMIP-17)."""
        message = visit.message
        try:
            partner = self.checks.partner(visit.request, message, operation)
        except SoapFault:
            visit.notes.append(f"as partner {message.partner_id}, from {visit.request.client}")
            raise
        visit.partner = partner.id
        return partner

    async def _returned(self, visit: Visit, operation: Operation, partner: Partner) -> None:
        """Go on with the request of a partner that was not there until now."""
        bind_contextvars(transaction=visit.transaction)  # EMIP-29; a task has a context of its own
        try:
            if partner.state is PartnerState.PLANNED:
                with suppress(Declined):  # what is not on for it, is all the same from one of its operators (EMIP-17)
                    self.checks.sender(partner, visit.message, operation)
                await self._hub.book.set_state(partner.id, PartnerState.CONNECTED)
            given = self._admitted(visit, operation, partner)
        except Exception as error:  # noqa: BLE001  see above
            given = _troubled(visit, error)
        if type(given) is Given:
            self._give(visit, given)

    def _admitted(self, visit: Visit, operation: Operation, partner: Partner) -> Given | Later:
        """Ask the last questions about the sender, then begin with the work."""
        now = self._hub.clock.now()
        self._hub.liveness.hear(partner, now)
        try:
            sender = self.checks.sender(partner, visit.message, operation)
        except Declined as no:
            return self._turned_down(visit, operation, no)
        if visit.wrong is not None:
            return self._turned_down(visit, operation, Declined(MALFORMED, visit.wrong.problem))
        visit.call = call = Call(
            operation=operation,
            message=visit.message,
            partner=partner,
            operator=sender.operator,
            target=sender.target,
            transaction=visit.transaction,
            now=now,
        )
        self._patience.begin(visit, self._longest(operation))
        handler = self._handlers.get(operation.name, _unoffered)
        visit.owed = True
        if type(handler) is Stating and self._stated(visit, call, handler):
            return LATER
        return self._begun(visit, self._worked(visit, call, handler))

    def _turned_down(self, visit: Visit, operation: Operation, no: Declined) -> Given:
        """Answer a request that got no further than its header, as if it were nobody's."""
        visit.notes.append(no.message)
        partner = self._hub.book.partners[visit.partner]
        nobody = Call(
            operation=operation,
            message=visit.message,
            partner=partner,
            operator=partner.parties[0],
            transaction=visit.transaction,
            now=self._hub.clock.now(),
        )
        return _written(visit, declined(nobody, no.status, self._hub.ids, **_named(visit, operation)))

    # -- the work ----------------------------------------------------------------------------------------------------

    def _stated(self, visit: Visit, call: Call, stating: Stating) -> bool:
        """State what is stated of an EVSE that is known, without a task; false when there is more to it."""

        def then(outcome: Receipt | Exception) -> None:
            try:
                given = _written(visit, stating.say(self._desk, call, outcome))
            except Exception as error:  # noqa: BLE001  see above
                given = self._refused(visit, call, error)
            self._give(visit, given)

        key = self._desk.elements.known(call.operator.id, call.message.evse_id)
        if key is None:
            return False
        try:
            if not self._hub.told(call.origin, stating.change(call, key), then, call.now):
                return False
        except Exception as error:  # noqa: BLE001  see above
            then(error)
        return True

    def _begun(self, visit: Visit, work: Coroutine[Any, Any, None]) -> Later:
        """Let it be worked on; the answer comes later."""
        visit.owed = True
        task = visit.work = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, visit))
        return LATER

    async def _worked(self, visit: Visit, call: Call, handler: Handler) -> None:
        """Do what is asked and answer; who was answered meanwhile, since it took too long, is not answered again."""
        bind_contextvars(transaction=visit.transaction)  # EMIP-29; see above
        try:
            if call.operation.name in _REPEATED:
                given = await self._repeatable(visit, call, handler)
            else:
                given = _written(visit, await handler(self._desk, call))
        except Exception as error:  # noqa: BLE001  see above
            given = self._refused(visit, call, error)
        self._give(visit, given)

    async def _repeatable(self, visit: Visit, call: Call, handler: Handler) -> Given:
        """Do the work of a message once, however often it comes."""
        work = partial(self._run, visit, call, handler)
        try:
            given, repeated = await self.repeats.once(call.partner.id, call.transaction, visit.request.body, work)
        except Exception as error:  # noqa: BLE001  see above
            return _troubled(visit, error)
        if repeated:
            call.notes.append("repeated: answered again")
        return given

    async def _run(self, visit: Visit, call: Call, handler: Handler) -> Given:
        try:
            return _written(visit, await handler(self._desk, call))
        except Exception as error:  # noqa: BLE001  see above
            return self._refused(visit, call, error)

    def _refused(self, visit: Visit, call: Call, error: Exception) -> Given:
        try:
            return _written(visit, of_error(call, error, self._hub.ids))
        except Exception as trouble:  # noqa: BLE001  see above
            return _troubled(visit, trouble)

    def _late(self, visit: Visit) -> None:
        """Answer before the caller's patience ends; what is stored and forwarded goes on behind it."""
        call = visit.call
        if call is None or not visit.owed:
            return
        work = visit.work
        if work is not None and not call.operation.stored and call.operation.name not in _REPEATED:
            work.cancel()  # a late yes is a wrong yes
        try:
            given = _written(visit, late(call, self._hub.ids))
        except SoapFault as fault:
            given = _fault(visit, fault)
        self._give(visit, given)

    def _give(self, visit: Visit, given: Given) -> None:
        """Answer, unless that was done."""
        if not visit.owed:
            return
        visit.owed = False
        self._patience.end(visit)
        call = visit.call
        if call is not None and given.lasting and not call.operation.to_iop:
            self._desk.pulse.sent(call.partner.id, self._hub.clock.now())  # EMIP-34
        visit.request.taker.take(visit.request, self._close(visit, given))

    def _done(self, visit: Visit, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        visit.work = None
        if task.cancelled():
            self._give(visit, _fault(visit, Busy(Cause.OVERLOADED, "this node is closing")))

    async def stop(self) -> None:
        """End what still runs behind answers that were given."""
        self._patience.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _longest(self, operation: Operation) -> float:
        """Return how long an answer may take: as is set here, but never as long as the caller waits."""
        deadlines = self._hub.deadlines
        if not operation.to_iop:
            return min(deadlines.partner, FROM_IOP_S) * _ANSWERED
        return min(deadlines.door * _DOOR, _LONGEST_S.get(operation.name, TO_IOP_S * _ANSWERED))

    # -- traces ------------------------------------------------------------------------------------------------------

    def _close(self, visit: Visit, given: Given) -> Response:
        """Leave a trace, and write the answer; of a sender that is not who it should be, not its words."""
        call, operation, request = visit.call, visit.operation, visit.request
        whole = call is None or call.keep or given.code != _FINE
        notes = visit.notes if call is None else [*visit.notes, *call.notes]
        self._count(visit)
        self._hub.store.note(
            Exchange(
                at=self._hub.clock.now(),
                partner=visit.partner,
                inward=True,
                operation=operation.name if operation is not None else "eMIP",
                code=given.code,
                latency_us=int((time.perf_counter() - request.began) * 1e6),
                correlation=visit.transaction,
                ids=_ids(visit),
                seq=call.seq if call is not None else 0,
                request=request.body if visit.partner and whole else b"",
                response=given.body if whole else b"",
                note="; ".join(filter(None, notes)) if notes else "",
                subject=call.subject if call is not None else b"",
                brief=operation is not None and operation.of_places,
            )
        )
        pause = given.retry_after
        headers = [] if pause is None else [(b"retry-after", str(max(1, round(pause))).encode())]
        return Response(given.http, headers, given.body, _SOAP)

    def _count(self, visit: Visit) -> None:
        """Count what is odd about a message, for its sender's quality page."""
        wrong = [(visit.wrong.field, "cannot be read: refused")] if visit.wrong is not None else []
        if visit.operation is not None and (odd := wrong if visit.call is None else visit.call.odd):
            self._hub.oddities.note(visit.partner, visit.operation.name, odd, visit.transaction)

    def refusal(self, status: int, message: str) -> Response:
        """Refuse as a fault what never came as far as this."""
        fault: SoapFault = Busy(Cause.OVERLOADED, message) if status == 503 else failed(message=message)
        if status == 401:
            status, fault = 403, not_known("CERTIFICATE_MISMATCH", message)
        elif status < 500:
            fault = SoapFault("INVALID_REQUEST", Cause.INVALID_VALUE, message)
        return Response(status, [SOAP], write_fault(fault))


async def _unoffered(_desk: Desk, call: Call) -> Any:
    raise Declined(NOT_SUPPORTED, f"{call.operation.name} is not offered here")


def _written(visit: Visit, answer: Any) -> Given:
    operation = visit.operation
    if operation is None:
        raise TypeError("what was not read is not answered")
    if answer.transaction_id != visit.transaction:
        answer = replace(answer, transaction_id=visit.transaction)
    visit.ids += session_ids(answer)
    status = answer.request_status
    body = codec.write_response(operation, answer, qualified=visit.qualified)
    return Given(200, _FINE if status == SUCCESS else f"200/{status}", body)


def _named(visit: Visit, operation: Operation) -> dict[str, str]:
    """Return what an answer repeats of a request that cannot be read; an authorisation makes an id of its own."""
    return {} if visit.wrong is None or makes_sessions(operation) else visit.wrong.named


def _fault(visit: Visit, fault: SoapFault) -> Given:
    if fault.transaction_id is None and visit.transaction:
        fault.transaction_id = visit.transaction
    visit.notes.append(fault.message)
    pause = fault.retry_after if isinstance(fault, Busy) else None
    code = f"{fault.http}/{fault_code(fault)}"
    return Given(fault.http, code, write_fault(fault), lasting=False, retry_after=pause)


def _troubled(visit: Visit, error: Exception) -> Given:
    """Answer what went wrong with a fault: its own, or that it is our failure."""
    if isinstance(error, SoapFault):
        return _fault(visit, error)
    log.error("request_failed", transaction=visit.transaction, exc_info=error)
    return _fault(visit, failed())


def _ids(visit: Visit) -> tuple[str, ...]:
    """Return what a person may search the trace by."""
    call, transaction = visit.call, visit.transaction
    found = [transaction, *session_ids(visit.message), *visit.ids]
    if call is not None:
        found += (*call.ids, call.correlation)
        found += [str(value) for name, value in call.fields.items() if name.endswith("session_id")]
    return tuple(dict.fromkeys(filter(None, found)))
