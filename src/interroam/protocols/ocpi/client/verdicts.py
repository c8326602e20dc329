"""What a partner's answer means: taken, never again, or later."""

from __future__ import annotations

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.protocols.ocpi.calls import Called, unusable
from interroam.protocols.ocpi.rules.codes import QUEUED

_SAYS = {
    2001: Reason.MALFORMED,
    2002: Reason.INCOMPLETE,
    2003: Reason.UNKNOWN_LOCATION,
    2004: Reason.UNKNOWN_TOKEN,
    4001: Reason.UNKNOWN_PARTY,
}
_HUB_SAYS = {4002: Reason.TIMED_OUT, 4003: Reason.NOT_CONNECTED}
# Whoever answers these may answer otherwise when the same comes again: not known yet, too fast, too slow.
_LATER = frozenset({401, 403, 408, 429})
_BUSY = frozenset({429, 503})
_NO_METHOD = frozenset({405, 501})


def check_delivery(called: Called, method: str, module: str, *, older: bool = False) -> None:
    """Pass when a fact was taken; the calls that a CPO queues are repeated until HTTP says 2xx (OCPI-82 …).

    To a partner of 2.1.1 so are tokens (OCPI-199).
    """
    queued = (method, module) in QUEUED or (older and module == "tokens")
    if called.taken:
        return
    reply = called.reply
    if called.http // 100 == 2:
        if reply is None:
            raise unusable(called)
        if reply.status_code // 1000 == 2:
            raise refused(called)
        raise _later(called)
    if called.http // 100 == 4 and called.http not in _LATER and not queued:
        raise refused(called)
    raise _later(called)


def check_answer(called: Called) -> None:
    """Pass when a question was answered; what the partner says instead is passed on (sheet 2.12)."""
    if called.taken:
        return
    reply = called.reply
    if reply is None:
        raise unusable(called)
    status = reply.status_code
    if status in _HUB_SAYS:
        raise Unavailable(_HUB_SAYS[status], _said(called), reached=status == 4002)
    if called.http in _LATER or not 2000 <= status < 5000:
        raise Unavailable(Reason.BAD_ANSWER, _said(called), reached=True)
    raise refused(called)


def knows_not(called: Called) -> bool:
    """Whether a receiver may not know the object that a change is about (OCPI-198)."""
    if called.http in (404, *_NO_METHOD):
        return True
    return called.http // 100 == 2 and called.reply is not None and called.reply.status_code // 1000 == 2


def takes_no_patch(called: Called, module: str) -> bool:
    """Whether a receiver takes no changes at all: it is given the whole object each time (OCPI-126).

    How a hub says so of sessions nobody knows: any answer but that something is wrong with this one counts.
    """
    status = called.reply.status_code if called.reply is not None else 0
    failed = module == "sessions" and called.http // 100 == 2 and status // 1000 == 3
    return called.http in _NO_METHOD or failed or (called.http == 200 and status == 2000)


def refused(called: Called) -> Refused:
    """Return the refusal in an answer, with the partner's own codes."""
    status = called.reply.status_code if called.reply is not None else 0
    if called.http == 404 and status not in _SAYS:
        reason = Reason.UNKNOWN_OBJECT
    elif called.http == 405:
        reason = Reason.NOT_OFFERED
    else:
        reason = _SAYS.get(status, Reason.CONFLICT)
    return Refused(reason, _said(called), code=called.code)


def _later(called: Called) -> Unavailable:
    reason = Reason.BAD_ANSWER if called.reply is None else Reason.FAILED
    reason = Reason.OVERLOADED if called.http in _BUSY else reason
    return Unavailable(reason, _said(called), reached=True, retry_after=called.retry_after)


def _said(called: Called) -> str:
    told = called.reply.status_message if called.reply is not None else ""
    return f"the partner answered {called.code}: {told}" if told else f"the partner answered {called.code}"
