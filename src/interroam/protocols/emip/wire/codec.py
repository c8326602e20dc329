"""Messages to bytes and back: SOAP 1.2, written strictly, read tolerantly (EMIP-7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NoReturn, TypeVar

from lxml import etree
from msgspec import Struct

from . import plain
from .faults import Cause, FaultCode, SoapFault, read_fault, write_fault
from .fields import header_of
from .neutral import complete
from .operations import REQUESTS, RESPONSES, Operation
from .parsing import SOAP_12, Malformed, body_of, parse
from .reading import LONGEST_ID, Misread, local_name, read_struct, read_values
from .types import Response, ToIop, Wire
from .writing import writer

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = [
    "Malformed",
    "Received",
    "Unreadable",
    "read_element",
    "read_request",
    "read_response",
    "write_element",
    "write_fault",
    "write_request",
    "write_response",
]

W = TypeVar("W", bound=Wire)

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ENVELOPE = f"{{{SOAP_12}}}Envelope"
_BODY = f"{{{SOAP_12}}}Body"
_LONGEST_TAG = 1000
_REPEATED = {
    "servicesessionid": ("service_session_id",),
    "sessionactionid": ("session_action_id",),
    "sessioneventid": ("session_event_id", "session_action_id"),
}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Received(Struct, frozen=True):
    """A request that could be read."""

    operation: Operation
    message: ToIop
    qualified: bool  # its children stand in a namespace, so the answer's should


class Unreadable(Exception):  # noqa: N818 - it says what it is
    """A request whose header could be read, but not the rest: an answer with a status, not a fault (19001)."""

    def __init__(
        self, operation: Operation, header: ToIop, wrong: Misread, *, qualified: bool, named: Mapping[str, str]
    ) -> None:
        super().__init__(f"{operation.name}: {wrong}")
        self.operation = operation
        self.header = header
        self.field = wrong.field
        self.missing = wrong.missing
        self.problem = str(wrong)
        self.qualified = qualified
        self.named = dict(named)


def read_request(data: bytes) -> Received:
    """Read a request; raises ``SoapFault`` when it deserves one, or ``Unreadable`` when only its body is at fault."""
    known = plain.read(data)
    if known is not None:
        seen, message = known
        return Received(seen.operation, message, seen.qualified)
    root = _request_root(data)
    operation = _asked(root.tag)
    if operation is None:
        raise _invalid(Cause.UNKNOWN_OPERATION, f"There is no operation {local_name(root)[:LONGEST_ID]}.")
    qualified = len(root) > 0 and root[0].tag[:1] == "{"
    try:
        message = read_struct(operation.request, root)
    except Misread as wrong:
        _complain(operation, root, wrong, qualified=qualified)
    plain.learn(data, operation, message, qualified=qualified)
    return Received(operation, message, qualified)


@lru_cache(maxsize=1024)
def _asked(tag: str) -> Operation | None:
    return REQUESTS.get(tag.rpartition("}")[2].lower()) if len(tag) <= _LONGEST_TAG else None


def _request_root(data: bytes) -> _Element:
    try:
        envelope = parse(data)
    except Malformed as wrong:
        raise _invalid(Cause.MALFORMED_XML, str(wrong)) from None
    if envelope.tag != _ENVELOPE:
        raise _invalid(Cause.NOT_SOAP12, "Only SOAP 1.2 is served.")
    body = next(envelope.iterchildren(_BODY), None)
    asked = 0 if body is None else len(body)
    if body is None or asked == 0:
        raise _invalid(Cause.UNKNOWN_OPERATION, "The message asks for nothing.")
    if asked > 1:
        raise _invalid(Cause.INVALID_VALUE, "The message asks for more than one thing.")
    return body[0]


def _complain(operation: Operation, root: _Element, wrong: Misread, *, qualified: bool) -> NoReturn:
    """Say whether the header is at fault or the rest."""
    kind = header_of(operation.request)
    values, wrong_header = read_values(kind, root)
    if wrong_header is None:
        raise Unreadable(operation, kind(**values), wrong, qualified=qualified, named=_named(root))
    cause = Cause.MISSING_FIELD if wrong_header.missing else Cause.INVALID_VALUE
    raise _invalid(cause, f"{wrong_header}.", values.get("transaction_id"))


def _named(root: _Element) -> dict[str, str]:
    """Return the ids that an answer repeats, wherever they stand in what cannot be read."""
    found: dict[str, str] = {}
    for element in root.iter(etree.Element):
        for attribute in _REPEATED.get(local_name(element).lower(), ()):
            said = (element.text or "").strip()
            if said and len(said) <= LONGEST_ID:
                found.setdefault(attribute, said)
    return found


def _invalid(cause: Cause, message: str, transaction_id: str | None = None) -> SoapFault:
    return SoapFault(FaultCode.INVALID_REQUEST, cause, message, transaction_id)


def read_response(operation: Operation, data: bytes) -> Response:
    """Read an answer; raises ``SoapFault`` when it is one, or ``Malformed``."""
    body = body_of(parse(data))
    if body is None:
        raise Malformed("The answer is not a SOAP envelope.")
    fault = next((child for child in body if local_name(child) == "Fault"), None)
    if fault is not None:
        raise read_fault(fault)
    if len(body) != 1 or RESPONSES.get(local_name(body[0]).lower()) is not operation:
        raise Malformed(f"The body holds no {operation.response_element}.")
    try:
        return read_struct(operation.response, body[0])
    except Misread as wrong:
        return _meant(operation, body[0], wrong)


def _meant(operation: Operation, root: _Element, wrong: Misread) -> Response:
    """Take a no for a no, whatever else it lacks."""
    values, problem = read_values(operation.response, root)
    status = values.get("request_status")
    if status is None or 0 <= status < 10000 or problem is None or not problem.missing:
        raise Malformed(f"{operation.response_element}: {wrong}") from None
    return complete(operation.response, values, _LONG_AGO)


def write_request(operation: Operation, message: ToIop) -> bytes:
    """Write a request in its envelope."""
    return _write(operation, operation.request_element, message)


def write_response(operation: Operation, message: Response, *, qualified: bool = False) -> bytes:
    """Write an answer in its envelope, its children in the operation's namespace or in none."""
    return _write(operation, operation.response_element, message, "a:" if qualified else "")


def _write(operation: Operation, element: str, message: Wire, prefix: str = "") -> bytes:
    start, end = _frame(operation.family.namespace, element)
    out = [start]
    writer(type(message), prefix)(message, out)
    out.append(end)
    return "".join(out).encode()


@cache
def _frame(namespace: str, element: str) -> tuple[str, str]:
    return (
        f'{_DECLARATION}<env:Envelope xmlns:env="{SOAP_12}" xmlns:a="{namespace}"><env:Header/><env:Body><a:{element}>',
        f"</a:{element}></env:Body></env:Envelope>",
    )


def write_element(value: Wire) -> bytes:
    """Write a complex type alone, to be kept."""
    name = type(value).__name__
    tag = name[0].lower() + name[1:]
    out = [f"{_DECLARATION}<{tag}>"]
    writer(type(value))(value, out)
    out.append(f"</{tag}>")
    return "".join(out).encode()


def read_element(data: bytes, kind: type[W]) -> W:
    """Read a complex type that stands alone; raises ``Malformed``."""
    try:
        return read_struct(kind, parse(data))
    except Misread as wrong:
        raise Malformed(f"{kind.__name__}: {wrong}") from None
