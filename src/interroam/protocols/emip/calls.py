"""One call to a partner: its header, its answer told apart, and the trace of both.

A call ends in one of five ways (EMIP-30, EMIP-31): done, done with a warning, a requestStatus that says it was not
done, a fault (whatever the HTTP status), or an HTTP answer that is none of these. No answer at all is ``Unavailable``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Hashable
from enum import StrEnum
from functools import cache
from ssl import SSLContext
from typing import Any

import msgspec
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Entry, Exchange
from interroam.model.ids import PartyId
from interroam.model.parties import Partner
from interroam.net.client import Client
from interroam.net.line import Answer
from interroam.protocols.emip.dress import dressed
from interroam.protocols.emip.profiles import switches
from interroam.protocols.emip.pulse import Pulse
from interroam.protocols.emip.rules.codes import rank, refusal
from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.codec import Malformed
from interroam.protocols.emip.wire.faults import SoapFault
from interroam.protocols.emip.wire.operations import Operation, operation_of
from interroam.protocols.emip.wire.types import Response, ToIop
from interroam.protocols.emip.wiring import wiring_of

FROM_IOP_S = 5.0
"""How long a partner may take to answer the platform (EMIP-41)."""
TO_IOP_S = 15.0
"""How long the platform may take to answer (EMIP-42)."""

_SESSION_IDS = (
    "service_session_id",
    "partner_service_session_id",
    "exec_partner_session_id",
    "sale_partner_session_id",
    "booking_id",
    "sale_partner_booking_id",
)
_TRANSACTIONS = uuid.UUID("6d1c5a2e-7f0b-5b0e-9c43-1f0a4a7a3b55")
_LATER = frozenset({408, 425, 429})
_ONCE = frozenset({"eMIP_ToIOP_SetServiceAuthorisation", "eMIP_FromIOP_SetServiceAuthorisation"})
"""Nobody wants to be started twice: not sent again, even where a connection ended without an answer."""


class Result(StrEnum):
    """How a call ended."""

    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    FAULT = "fault"
    HTTP = "http"


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    http: int
    result: Result
    transaction: str
    answer: Any = None
    """The response, where there is one."""
    fault: SoapFault | None = None
    retry_after: float | None = None

    @property
    def status(self) -> int:
        """The requestStatus; 0 where there was no response."""
        return self.answer.request_status if self.answer is not None else 0

    @property
    def code(self) -> str:
        """Both levels, as traces hold them: ``200/1``, ``403/AUTHENTICATION_ERROR:IP_NOT_ALLOWED``, ``502``."""
        if self.fault is not None:
            return f"{self.http}/{fault_code(self.fault)}"
        return f"{self.http}/{self.status}" if self.answer is not None else str(self.http)

    @property
    def done(self) -> bool:
        """Whether the partner says that it did it."""
        return self.result in (Result.SUCCESS, Result.WARNING)

    def check(self) -> Any:
        """Return the response; Refused when it was not done, Unavailable when it is worth another try (EMIP-48)."""
        if self.done:
            return self.answer
        named = _named(self.transaction)
        if self.result is Result.ERROR:
            raise refusal(self.status, f"the partner answered requestStatus {self.status} {named}")
        if self.fault is not None:
            message = f"the partner answered a fault, {fault_code(self.fault)}: {self.fault.message} {named}"
            if self.fault.by_receiver:
                raise Unavailable(Reason.BAD_ANSWER, message, reached=True, retry_after=self.retry_after)
            raise Refused(Reason.BAD_ANSWER, message, code=fault_code(self.fault))
        message = f"HTTP {self.http} without an answer of eMIP {named}"
        if self.http // 100 != 4 or self.http in _LATER:
            raise Unavailable(Reason.BAD_ANSWER, message, reached=True, retry_after=self.retry_after)
        raise Refused(Reason.BAD_ANSWER, message, code=str(self.http))


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the trace of a call is to say besides what its messages do."""

    correlation: str = ""
    ids: tuple[str, ...] = ()
    seq: int = 0
    kept: bool = True
    """Whether the trace keeps the bodies when all goes well."""
    subject: bytes = b""
    note: str = ""


NOTHING = About()


class Calls:
    """Makes calls and leaves a trace of each."""

    def __init__(self, hub: Hub, client: Client, pulse: Pulse, shown: Callable[[str], SSLContext | None]) -> None:
        self._hub = hub
        self._client = client
        self._pulse = pulse
        self._shown = shown

    async def call(
        self,
        partner: Partner,
        message: ToIop,
        *,
        within: float | None = None,
        about: About = NOTHING,
        transaction: str = "",
    ) -> Called:
        """Call; a message without a transactionId gets one, unless the partner is to make it."""
        operation = operation_of(type(message))
        url = address(partner, operation)
        own = transaction or message.transaction_id or self._hub.ids.new()
        sent = not operation.to_iop or switches(partner).sends_transactions  # EMIP-21, EMIP-23, EMIP-24
        message = replace(message, transaction_id=own if sent else None)
        body = codec.write_request(operation, dressed(message, switches(partner)))
        began, at = time.perf_counter(), self._hub.clock.now()
        note = _Note(self._hub, partner.id, operation, message, body, about, began)
        limit = TO_IOP_S if operation.to_iop else FROM_IOP_S
        try:
            got = await self._client.request(
                "POST",
                url,
                headers=((b"content-type", content_type(operation)),),
                body=body,
                timeout=min(within or limit, limit),
                tls=self._shown(partner.id),
                again=operation.name not in _ONCE,
            )
        except Unavailable as silence:
            if operation.to_iop and silence.reached:
                self._pulse.sent(partner.id, at)
            note.write(silence.reason.value, own, response=silence.message.encode())
            told = f"{silence.message} {_named(own)}"
            raise Unavailable(
                silence.reason, told, reached=silence.reached, retry_after=silence.retry_after
            ) from silence
        if operation.to_iop:
            self._pulse.sent(partner.id, at)
        self._hub.liveness.answered(partner.id)  # who answers is there, whatever it says (EMIP-35)
        try:
            called = _read(operation, got, own, sent=sent)
        except Malformed as odd:
            note.write(f"{got.status}/unreadable", own, response=got.body, more=str(odd))
            told = f"the answer cannot be read: {odd} {_named(own)}"
            raise Unavailable(Reason.BAD_ANSWER, told, reached=True) from None
        note.write(called.code, called.transaction, response=got.body, answer=called.answer, done=called.done)
        return called


class _Note:
    """The trace of one call, written when it has ended."""

    def __init__(
        self,
        hub: Hub,
        partner: str,
        operation: Operation,
        message: ToIop,
        body: bytes,
        about: About,
        began: float,
    ) -> None:
        self._hub = hub
        self._partner = partner
        self._operation = operation
        self._message = message
        self._body = body
        self._about = about
        self._began = began
        self._at = hub.clock.now()

    def write(
        self,
        code: str,
        transaction: str,
        *,
        response: bytes,
        answer: Response | None = None,
        done: bool = False,
        more: str = "",
    ) -> None:
        about = self._about
        whole = about.kept or not done
        ids = (transaction, *session_ids(self._message), *session_ids(answer), *about.ids)
        returned = answer.transaction_id if answer is not None else ""
        if about.correlation:
            ids = (about.correlation, *ids)
        self._hub.store.note(
            Exchange(
                at=self._at,
                partner=self._partner,
                inward=False,
                operation=self._operation.name,
                code=code,
                latency_us=int((time.perf_counter() - self._began) * 1e6),
                correlation=transaction,
                ids=tuple(dict.fromkeys(one for one in (*ids, returned) if one)),
                seq=about.seq,
                request=self._body if whole else b"",
                response=response if whole else b"",
                subject=about.subject,
                note="; ".join(filter(None, (about.note, more))),
                brief=self._operation.of_places,
            )
        )


def _read(operation: Operation, got: Answer, own: str, *, sent: bool) -> Called:
    """Tell apart what came back: a fault is one at any HTTP status, a response only at 2xx (EMIP-31).

    The exchange keeps the transactionId that was sent, whatever comes back; where none was, it has the returned one.
    """
    pause = got.headers.get(b"retry-after", b"").strip()
    retry_after = float(pause) if pause.isdigit() else None
    fine = 200 <= got.status < 300
    try:
        answer = codec.read_response(operation, got.body)
    except SoapFault as fault:
        returned = own if sent else fault.transaction_id or own  # EMIP-23
        return Called(http=got.status, result=Result.FAULT, transaction=returned, fault=fault, retry_after=retry_after)
    except Malformed:
        if fine:
            raise
        answer = None
    if not fine or answer is None:
        return Called(http=got.status, result=Result.HTTP, transaction=own, retry_after=retry_after)
    result = Result(rank(answer.request_status).value)
    returned = own if sent else answer.transaction_id or own  # EMIP-23
    return Called(http=got.status, result=result, transaction=returned, answer=answer)


# -- what goes into messages -------------------------------------------------------------------------------------------


def address(partner: Partner, operation: Operation) -> str:
    """Return where an operation of a partner is called; Unavailable when nobody said where the partner is."""
    url = wiring_of(partner).url.rstrip("/")
    if not url:
        raise Unavailable(Reason.NOT_CONNECTED, f"partner {partner.id} has no address")
    return url + operation.family.path if switches(partner).paths == "families" else url


def content_type(operation: Operation) -> bytes:
    """Return the content type of a request, with its action (sheet 1.2)."""
    return b'application/soap+xml; charset=utf-8; action="' + operation.action.encode() + b'"'


def header(partner: Partner, own: PartyId, operator: PartyId, target: PartyId | None = None) -> dict[str, str]:
    """Return the header of a message to a partner, but for its transactionId; ``own`` is the party of this node."""
    fields = {"partner_id": switches(partner).our_partner_id or str(own), "operator_id": str(operator)}
    if target is not None:
        fields |= {"target_operator_id_type": "eMI3", "target_operator_id": str(target)}
    return fields


def transaction_of(entry: Entry, operation: Operation | str, part: object = "") -> str:
    """Return the transactionId of the message by which an entry is delivered: the same at every try (EMIP-133)."""
    name = operation if isinstance(operation, str) else operation.name
    return str(uuid.uuid5(_TRANSACTIONS, f"{entry.hub_id}:{entry.seq}:{entry.at.isoformat()}:{name}:{part}"))


def session_ids(message: Any) -> list[str]:
    """Return the ids of sessions and bookings in a message, for its trace (EMIP-26)."""
    found = []
    names, record, records = _named_in(message.__class__)
    for name in names:
        value = getattr(message, name)
        if value:
            found.append(value)
    if record and (one := message.charge_detail_record) is not None:
        found += session_ids(one)
    if records:
        for each in message.charge_detail_record_list:
            found += session_ids(each)
    return found


@cache
def _named_in(kind: Hashable) -> tuple[tuple[str, ...], bool, bool]:
    """Return which ids of sessions a kind of message has, and whether it has a record, or records, that have more."""
    fields: tuple[str, ...] = getattr(kind, "__struct_fields__", ())
    names = tuple(name for name in _SESSION_IDS if name in fields)
    return names, "charge_detail_record" in fields, "charge_detail_record_list" in fields


def _named(transaction: str) -> str:
    """Return how a message says which exchange it speaks of, wherever it is logged (EMIP-29)."""
    return f"(transaction {transaction})"


def fault_code(fault: SoapFault) -> str:
    """Return a fault as traces hold it."""
    return f"{fault.code}:{fault.cause}" if fault.cause else fault.code
