"""The one table from a reason to what OCPI says: an HTTP status and a status code.

Departures on purpose: on the four calls a CPO queues a fault of content is HTTP 200, so its queue moves on, and only a
transient failure is HTTP 5xx, so it is sent again (OCPI-182, C27, C33).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from interroam.model.errors import Reason


class Code(Struct, frozen=True, gc=False):
    """How OCPI says something."""

    http: int
    status: int


CODES: Mapping[Reason, Code] = {
    Reason.MALFORMED: Code(200, 2001),
    Reason.NOT_JSON: Code(400, 2001),
    Reason.MISMATCH: Code(200, 2001),
    Reason.INCOMPLETE: Code(200, 2002),
    Reason.UNAUTHENTICATED: Code(401, 2000),
    Reason.FORBIDDEN: Code(403, 2000),
    Reason.FOREIGN: Code(404, 2000),
    Reason.UNKNOWN_OBJECT: Code(404, 2000),
    Reason.UNKNOWN_LOCATION: Code(200, 2003),
    Reason.UNKNOWN_TOKEN: Code(404, 2004),
    Reason.UNKNOWN_SESSION: Code(200, 2001),
    Reason.UNKNOWN_PARTY: Code(200, 4001),
    Reason.AMBIGUOUS: Code(200, 2001),
    Reason.CONFLICT: Code(200, 2000),
    Reason.NO_AGREEMENT: Code(200, 2000),
    Reason.NOT_OFFERED: Code(200, 2000),
    Reason.UNKNOWN_NATURE: Code(200, 2001),
    Reason.REJECTED: Code(200, 2000),
    Reason.WRONG_STATE: Code(405, 2000),
    Reason.HELD: Code(200, 2000),
    Reason.TOO_LARGE: Code(413, 2000),
    Reason.PARTNER_UNUSABLE: Code(200, 3001),
    Reason.VERSION_UNSUPPORTED: Code(200, 3002),
    Reason.ENDPOINTS_MISSING: Code(200, 3003),
    Reason.NOT_CONNECTED: Code(200, 4003),
    Reason.TIMED_OUT: Code(200, 4002),
    Reason.BAD_ANSWER: Code(200, 4000),
    Reason.OVERLOADED: Code(503, 3000),
    Reason.FAILED: Code(500, 3000),
}

# A CPO keeps these calls until HTTP says 2xx (OCPI-82, OCPI-125, OCPI-135, OCPI-158).
QUEUED = frozenset(
    {("PUT", "locations"), ("PATCH", "locations"), ("PUT", "sessions"), ("POST", "cdrs"), ("PUT", "tariffs")}
)
# Faults of content: sending the same again cannot help, so the queue must move on.
_CONTENT = frozenset(
    {Reason.FOREIGN, Reason.UNKNOWN_OBJECT, Reason.UNKNOWN_TOKEN, Reason.WRONG_STATE, Reason.TOO_LARGE}
)
_PATCHED: Mapping[str, Code] = {"locations": Code(200, 2003)}
_BEFORE_221 = {2004: 2000, 4000: 3000, 4001: 2000, 4002: 3000, 4003: 3000}


def code(reason: Reason, method: str = "GET", module: str = "") -> Code:
    """How to say a reason in the answer to this call; an unknown object of a PATCH is design.md 5.5."""
    if method == "PATCH" and reason is Reason.UNKNOWN_OBJECT:
        return _PATCHED.get(module, Code(200, 2001))
    if module == "credentials" and reason is Reason.NOT_OFFERED:
        return Code(405, 2000)
    found = CODES[reason]
    if (method, module) in QUEUED and reason in _CONTENT:
        return Code(200, 2001 if reason is Reason.FOREIGN else found.status)
    return found


def for_version(status: int, version: str) -> int:
    """The status code as a version knows it: 2.1.1 has neither 2004 nor 4xxx."""
    return _BEFORE_221.get(status, status) if version == "2.1.1" else status
