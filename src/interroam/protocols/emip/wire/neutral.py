"""Answers that say no: what stands in their mandatory fields when there is nothing to say."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from .fields import Field, Kind, fields_of
from .types import Response

if TYPE_CHECKING:
    from .operations import Operation

R = TypeVar("R", bound=Response)

_NOT_AUTHORISED = 2
_NEUTRAL: dict[object, Any] = {Kind.CODE: 0, Kind.FLAG: False}


def refusal(operation: Operation, transaction_id: str, request_status: int, now: datetime, **known: object) -> Response:
    """Make the answer that refuses a request, with what is known all the same."""
    values = {"transaction_id": transaction_id, "request_status": request_status, **known}
    return complete(operation.response, values, now)


def complete(response: type[R], values: dict[str, Any], now: datetime) -> R:
    """Put neutral values where an answer lacks mandatory ones."""
    neutral = {field.attribute: _neutral(field, now) for field in fields_of(response) if not field.optional}
    return response(**neutral | values)


def _neutral(field: Field, now: datetime) -> Any:
    if field.repeated:
        return ()
    if field.name == "authorisationValue":
        return _NOT_AUTHORISED
    return now if field.kind is Kind.MOMENT else _NEUTRAL.get(field.kind, "")
