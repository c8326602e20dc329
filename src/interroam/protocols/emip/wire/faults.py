"""SOAP faults: the table of them, how they are written, and how those of others are read."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .operations import PLATFORM
from .parsing import SOAP_12
from .reading import local_name
from .scalars import escape

if TYPE_CHECKING:
    from lxml.etree import _Element


class FaultCode(StrEnum):
    """What kind of fault it is."""

    INTERNAL_ERROR = "INTERNAL_ERROR"
    INVALID_REQUEST = "INVALID_REQUEST"
    AUTHENTICATION_ERROR = "AUTHENTICATION_ERROR"
    ROLE_ERROR = "ROLE_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"


class Cause(StrEnum):
    """Why: the exception code."""

    NO_TRANSACTION = "MSG_SUIVI_WS_CANNOT_CREATE_TRANSACTION_EXCEPTION"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"
    MALFORMED_XML = "MALFORMED_XML"
    UNKNOWN_OPERATION = "UNKNOWN_OPERATION"
    MISSING_FIELD = "MISSING_FIELD"
    INVALID_VALUE = "INVALID_VALUE"
    NOT_SOAP12 = "NOT_SOAP12"
    PARTNER_UNKNOWN = "PARTNER_UNKNOWN"
    PARTNER_INACTIVE = "PARTNER_INACTIVE"
    IP_NOT_ALLOWED = "IP_NOT_ALLOWED"
    CERTIFICATE_MISMATCH = "CERTIFICATE_MISMATCH"
    OPERATOR_UNKNOWN = "OPERATOR_UNKNOWN"
    OPERATOR_INACTIVE = "OPERATOR_INACTIVE"
    PARTNER_OPERATOR_NOT_ASSOCIATED = "PARTNER_OPERATOR_NOT_ASSOCIATED"
    OPERATION_NOT_ALLOWED_FOR_ROLE = "OPERATION_NOT_ALLOWED_FOR_ROLE"
    OVERLOADED = "OVERLOADED"
    MAINTENANCE = "MAINTENANCE"


class Blame(Struct, frozen=True):
    """Whose fault it is, for SOAP and for HTTP."""

    soap: str
    http: int


BLAMES: Final[dict[str, Blame]] = {
    FaultCode.INTERNAL_ERROR: Blame("Receiver", 500),
    FaultCode.INVALID_REQUEST: Blame("Sender", 400),
    FaultCode.AUTHENTICATION_ERROR: Blame("Sender", 403),
    FaultCode.ROLE_ERROR: Blame("Sender", 403),
    FaultCode.SERVICE_UNAVAILABLE: Blame("Receiver", 503),
}


class SoapFault(Exception):  # noqa: N818 - it is what SOAP calls it
    """A fault instead of an answer."""

    def __init__(
        self, code: str, cause: str, message: str, transaction_id: str | None = None, *, soap: str = ""
    ) -> None:
        super().__init__(f"{code}/{cause}: {message}")
        self.code = code
        self.cause = cause
        self.message = message
        self.transaction_id = transaction_id
        self._soap = soap

    @property
    def http(self) -> int:
        """The HTTP status that goes with it."""
        return BLAMES[self.code].http if self.code in BLAMES else 500

    @property
    def soap(self) -> str:
        """Sender or Receiver, as it was written or as the table says."""
        return self._soap or (BLAMES[self.code].soap if self.code in BLAMES else "Receiver")

    @property
    def by_receiver(self) -> bool:
        """Whether the one who answered is to blame, so that asking again may help."""
        return self.soap == "Receiver"


def write_fault(fault: SoapFault) -> bytes:
    """Write a fault in its envelope."""
    code, message = escape(fault.code), escape(fault.message)
    transaction = fault.transaction_id
    known = "" if transaction is None else f"<transactionId>{escape(transaction)}</transactionId>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<env:Envelope xmlns:env="{SOAP_12}" xmlns:p="{PLATFORM.namespace}"><env:Body><env:Fault>'
        f"<env:Code><env:Value>env:{fault.soap}</env:Value>"
        f"<env:Subcode><env:Value>p:{code}</env:Value></env:Subcode></env:Code>"
        f'<env:Reason><env:Text xml:lang="en">{message}</env:Text></env:Reason>'
        f"<env:Detail><p:iopFault><faultCode>{code}</faultCode><exceptionCode>{escape(fault.cause)}</exceptionCode>"
        f"{known}<message>{message}</message></p:iopFault></env:Detail>"
        "</env:Fault></env:Body></env:Envelope>"
    ).encode()


# The names of SOAP 1.1 for the blame of SOAP 1.2.
_SOAP_11 = {"Client": "Sender", "Server": "Receiver"}


def read_fault(element: _Element) -> SoapFault:
    """Read a fault of SOAP 1.2 or 1.1, as much of it as there is."""
    detail = _descendant(element, "iopFault", "detail", "Detail")
    within = element if detail is None else detail
    value = _tail(_text(element, "Value") or _text(element, "faultcode"))
    blame, _, finer = value.partition(".")
    subcode = _descendant(element, "Subcode")
    named = "" if subcode is None else _tail(_text(subcode, "Value"))
    return SoapFault(
        _text(within, "faultCode") or named or finer or blame,
        _text(within, "exceptionCode"),
        _text(within, "message") or _text(element, "Text") or _text(element, "faultstring"),
        _text(within, "transactionId") or None,
        soap=_SOAP_11.get(blame, blame),
    )


def _tail(name: str) -> str:
    return name.rpartition(":")[2]


def _descendant(element: _Element, *names: str) -> _Element | None:
    found = (child for name in names for child in element.iter() if local_name(child) == name)
    return next(found, None)


def _text(element: _Element, name: str) -> str:
    found = _descendant(element, name)
    return "" if found is None else (found.text or "").strip()
