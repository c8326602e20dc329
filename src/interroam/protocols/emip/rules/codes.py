"""What answers say: requestStatus, and the tables from reasons to it and back.

Below 10000 something was done, from there on it was not (EMIP-30); a negative value is an error of one peer's own
making, read but never written. Values from 19000 on are for cases that have no known value.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from interroam.model.errors import Reason, Refused

SUCCESS = 1
CPO_UNKNOWN = 201
NO_CONTRACT = 202
EMSP_UNKNOWN = 203
NOT_AVAILABLE_HERE = 205
NOT_REACHABLE_HERE = 206
CDR_KNOWN_WARNING = 701
REMARKS = 900
REFUSED = 10201
CPO_SILENT = 10207
EMSP_SILENT = 10210
SESSION_UNKNOWN = 10501
OTHER_UNKNOWN = 10502
NOT_ACCEPTED = 10503
NO_ANSWER = 10504
FAULT_ANSWERED = 10505
NATURE_UNKNOWN = 10506
ERROR_ANSWERED = 10507
NOT_A_PARTY = 10508
ELEMENT_UNKNOWN = 10601
CDR_KNOWN = 10701
UNSPECIFIED = 19000
MALFORMED = 19001
TOO_MANY = 19002
SERVICE_NOT_ALLOWED = 19003
VALUE_NOT_ALLOWED = 19004
FOREIGN = 19005
CDR_REFUSED = 19006
NOT_SUPPORTED = 19007
COLLISION = 19008
TARGET_UNKNOWN = 19010

_FIRST_ERROR = 10_000

NOT_STARTED = frozenset({CPO_UNKNOWN, NO_CONTRACT, EMSP_UNKNOWN, NOT_AVAILABLE_HERE, NOT_REACHABLE_HERE})
"""Warnings that nevertheless mean that nothing was started (EMIP-127)."""


class Rank(StrEnum):
    """What a requestStatus amounts to."""

    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


def rank(status: int) -> Rank:
    """Class a status by the threshold, whether it is known or not (EMIP-30)."""
    if status == SUCCESS:
        return Rank.SUCCESS
    return Rank.WARNING if 0 <= status < _FIRST_ERROR else Rank.ERROR


class Declined(Exception):  # noqa: N818  an answer more than an error
    """The answer is this status; ``fields`` of the answer that are known already outrank neutral values."""

    def __init__(self, status: int, message: str = "", **fields: object) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = fields


# -- reasons to statuses -----------------------------------------------------------------------------------------------

_ANY: Mapping[Reason, int] = {
    Reason.MALFORMED: MALFORMED,
    Reason.NOT_JSON: MALFORMED,
    Reason.MISMATCH: MALFORMED,
    Reason.INCOMPLETE: MALFORMED,
    Reason.UNAUTHENTICATED: UNSPECIFIED,
    Reason.FORBIDDEN: FOREIGN,
    Reason.FOREIGN: FOREIGN,
    Reason.UNKNOWN_OBJECT: ELEMENT_UNKNOWN,
    Reason.UNKNOWN_LOCATION: ELEMENT_UNKNOWN,
    Reason.UNKNOWN_TOKEN: EMSP_UNKNOWN,
    Reason.UNKNOWN_SESSION: SESSION_UNKNOWN,
    Reason.UNKNOWN_PARTY: OTHER_UNKNOWN,
    Reason.AMBIGUOUS: UNSPECIFIED,
    Reason.CONFLICT: UNSPECIFIED,
    Reason.NO_AGREEMENT: NO_CONTRACT,
    Reason.NOT_OFFERED: NOT_SUPPORTED,
    Reason.UNKNOWN_NATURE: NATURE_UNKNOWN,
    Reason.REJECTED: UNSPECIFIED,
    Reason.HELD: REMARKS,
    Reason.WRONG_STATE: UNSPECIFIED,
    Reason.TOO_LARGE: TOO_MANY,
    Reason.PARTNER_UNUSABLE: UNSPECIFIED,
    Reason.VERSION_UNSUPPORTED: UNSPECIFIED,
    Reason.ENDPOINTS_MISSING: NOT_SUPPORTED,
    Reason.NOT_CONNECTED: UNSPECIFIED,
    Reason.TIMED_OUT: UNSPECIFIED,
    Reason.BAD_ANSWER: UNSPECIFIED,
    Reason.OVERLOADED: UNSPECIFIED,  # said as a fault instead, as is FAILED
    Reason.FAILED: UNSPECIFIED,
}
_SILENT = (Reason.NOT_CONNECTED, Reason.TIMED_OUT)
_UNANSWERED = (*_SILENT, Reason.BAD_ANSWER, Reason.PARTNER_UNUSABLE, Reason.ENDPOINTS_MISSING)

_ASKED: Mapping[Reason, int] = {  # EMIP-69
    **_ANY,
    Reason.UNKNOWN_LOCATION: CPO_UNKNOWN,
    Reason.UNKNOWN_OBJECT: CPO_UNKNOWN,
    Reason.UNKNOWN_PARTY: EMSP_UNKNOWN,
    Reason.NOT_OFFERED: EMSP_SILENT,
    Reason.REJECTED: EMSP_SILENT,
    **dict.fromkeys(_UNANSWERED, EMSP_SILENT),
}
_STARTED: Mapping[Reason, int] = {  # EMIP-85
    **_ANY,
    Reason.UNKNOWN_LOCATION: CPO_UNKNOWN,
    Reason.UNKNOWN_OBJECT: CPO_UNKNOWN,
    Reason.UNKNOWN_PARTY: CPO_UNKNOWN,
    Reason.NOT_OFFERED: REFUSED,
    Reason.REJECTED: REFUSED,
    Reason.CONFLICT: REFUSED,
    Reason.BAD_ANSWER: REFUSED,
    Reason.PARTNER_UNUSABLE: REFUSED,
    Reason.ENDPOINTS_MISSING: REFUSED,
    **dict.fromkeys(_SILENT, CPO_SILENT),
}
_LIVE: Mapping[Reason, int] = {  # EMIP-111, EMIP-112
    **_ANY,
    Reason.UNKNOWN_OBJECT: SESSION_UNKNOWN,
    Reason.NO_AGREEMENT: OTHER_UNKNOWN,
    Reason.NOT_OFFERED: NOT_ACCEPTED,
    Reason.ENDPOINTS_MISSING: NOT_ACCEPTED,
    Reason.REJECTED: ERROR_ANSWERED,
    Reason.CONFLICT: ERROR_ANSWERED,
    Reason.BAD_ANSWER: FAULT_ANSWERED,
    Reason.PARTNER_UNUSABLE: FAULT_ANSWERED,
    Reason.FORBIDDEN: NOT_A_PARTY,
    Reason.FOREIGN: NOT_A_PARTY,
    **dict.fromkeys(_SILENT, NO_ANSWER),
}
_CDR: Mapping[Reason, int] = {
    **_ANY,
    Reason.MALFORMED: CDR_REFUSED,
    Reason.INCOMPLETE: CDR_REFUSED,
    Reason.CONFLICT: CDR_REFUSED,
    Reason.WRONG_STATE: CDR_REFUSED,
    Reason.FOREIGN: NOT_A_PARTY,
    Reason.UNKNOWN_TOKEN: SESSION_UNKNOWN,
}

STATUSES: Mapping[str, Mapping[Reason, int]] = {
    "GetServiceAuthorisation": _ASKED,
    "SetServiceAuthorisation": _STARTED,
    "SetSessionEventReport": _LIVE,
    "SetSessionActionRequest": _LIVE,
    "SetChargeDetailRecord": _CDR,
    "GetChargeDetailRecord": _CDR,
}
"""By operation without its prefix; every other one says what ``OTHERS`` does."""
OTHERS = _ANY

_PASSED_ON = frozenset({"SetServiceAuthorisation", "SetSessionActionRequest"})


def status_of(operation: str, reason: Reason, code: str = "") -> int:
    """Return how an operation says a reason; a CPO's own 205 and 206 go on unchanged (EMIP-85, EMIP-109)."""
    short = short_name(operation)
    if short in _PASSED_ON and code in (str(NOT_AVAILABLE_HERE), str(NOT_REACHABLE_HERE)):
        return int(code)
    return STATUSES.get(short, OTHERS)[reason]


def short_name(operation: str) -> str:
    """Return the name of an operation without platform and direction."""
    return operation.rpartition("_")[2]


# -- statuses to reasons -----------------------------------------------------------------------------------------------

_REASONS: Mapping[int, Reason] = {
    CPO_UNKNOWN: Reason.UNKNOWN_LOCATION,
    NO_CONTRACT: Reason.NO_AGREEMENT,
    EMSP_UNKNOWN: Reason.UNKNOWN_TOKEN,
    NOT_AVAILABLE_HERE: Reason.REJECTED,
    NOT_REACHABLE_HERE: Reason.REJECTED,
    REFUSED: Reason.REJECTED,
    CPO_SILENT: Reason.TIMED_OUT,
    EMSP_SILENT: Reason.TIMED_OUT,
    SESSION_UNKNOWN: Reason.UNKNOWN_SESSION,
    OTHER_UNKNOWN: Reason.UNKNOWN_PARTY,
    NOT_ACCEPTED: Reason.NOT_OFFERED,
    NO_ANSWER: Reason.TIMED_OUT,
    FAULT_ANSWERED: Reason.BAD_ANSWER,
    NATURE_UNKNOWN: Reason.UNKNOWN_NATURE,
    ERROR_ANSWERED: Reason.REJECTED,
    NOT_A_PARTY: Reason.FOREIGN,
    ELEMENT_UNKNOWN: Reason.UNKNOWN_OBJECT,
    CDR_KNOWN: Reason.CONFLICT,
    CDR_KNOWN_WARNING: Reason.CONFLICT,
    MALFORMED: Reason.MALFORMED,
    TOO_MANY: Reason.TOO_LARGE,
    SERVICE_NOT_ALLOWED: Reason.MALFORMED,
    VALUE_NOT_ALLOWED: Reason.MALFORMED,
    FOREIGN: Reason.FOREIGN,
    CDR_REFUSED: Reason.REJECTED,
    NOT_SUPPORTED: Reason.NOT_OFFERED,
    COLLISION: Reason.CONFLICT,
    TARGET_UNKNOWN: Reason.UNKNOWN_PARTY,
}


def reason_of(status: int) -> Reason:
    """Return why a partner did not do what it was asked; a status nobody knows is its own business."""
    return _REASONS.get(status, Reason.REJECTED)


def refusal(status: int, message: str) -> Refused:
    """Return a partner's status as a refusal that carries it."""
    return Refused(reason_of(status), message, code=str(status))
