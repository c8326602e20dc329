"""What holds for every call: which status a reason has, and how a webhook is signed. Pure."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from interroam.model.errors import Reason

STATUS = {
    Reason.NOT_JSON: 400,
    Reason.MALFORMED: 422,
    Reason.MISMATCH: 422,
    Reason.INCOMPLETE: 422,
    Reason.UNAUTHENTICATED: 401,
    Reason.FORBIDDEN: 403,
    Reason.FOREIGN: 403,
    Reason.NO_AGREEMENT: 403,
    Reason.UNKNOWN_OBJECT: 404,
    Reason.UNKNOWN_LOCATION: 404,
    Reason.UNKNOWN_TOKEN: 404,
    Reason.UNKNOWN_SESSION: 404,
    Reason.UNKNOWN_PARTY: 404,
    Reason.NOT_OFFERED: 405,
    Reason.UNKNOWN_NATURE: 422,
    Reason.AMBIGUOUS: 409,
    Reason.CONFLICT: 409,
    Reason.WRONG_STATE: 409,
    Reason.HELD: 409,
    Reason.REJECTED: 409,
    Reason.TOO_LARGE: 413,
    Reason.FAILED: 500,
    Reason.PARTNER_UNUSABLE: 502,
    Reason.VERSION_UNSUPPORTED: 502,
    Reason.ENDPOINTS_MISSING: 502,
    Reason.BAD_ANSWER: 502,
    Reason.NOT_CONNECTED: 502,
    Reason.OVERLOADED: 503,
    Reason.TIMED_OUT: 504,
}
"""Every reason has its row."""

REASON_OF = {
    400: Reason.NOT_JSON,
    404: Reason.UNKNOWN_OBJECT,
    408: Reason.TIMED_OUT,
    413: Reason.TOO_LARGE,
    503: Reason.OVERLOADED,
}
"""For what the listener refuses before this room is asked; anything else is our own failure."""

SIGNATURE = b"interroam-signature"
CORRELATION = b"x-correlation-id"
REQUEST = b"x-request-id"
WINDOW = timedelta(minutes=5)
"""A receiver refuses a webhook signed longer ago: what was overheard is worth nothing afterwards."""

REFUSALS = frozenset({400, 409, 410, 413, 422})
"""Answers of a webhook that mean never again unchanged; every other one that is not 2xx means later."""

ID_LENGTH = 255
"""No id is longer."""


def sign(secret: str, at: datetime, body: bytes) -> str:
    """Return the signature of a webhook: over its time and its body, so that neither can be changed or replayed."""
    moment = int(at.timestamp())
    return f"t={moment},v1={_digest(secret, moment, body)}"


def verify(secret: str, signature: str, body: bytes, now: datetime) -> bool:
    """Whether a signature is right and fresh: what a receiver does."""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    try:
        moment = int(parts["t"])
        given = parts["v1"]
    except (KeyError, ValueError):
        return False
    if abs(now.timestamp() - moment) > WINDOW.total_seconds():
        return False
    return hmac.compare_digest(given.encode(), _digest(secret, moment, body).encode())


def _digest(secret: str, moment: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d.%b" % (moment, body), "sha256").hexdigest()
