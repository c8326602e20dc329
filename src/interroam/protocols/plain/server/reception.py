"""Where requests arrive: who calls, which route is meant, what was sent; and how every answer is written and traced."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog

from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Exchange, Finding
from interroam.model.parties import Partner, PartnerState, Purpose
from interroam.net.addresses import Addresses
from interroam.net.http import JSON, Answered, Request, Response, Stream
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.openapi import MEDIA, Route, Table
from interroam.protocols.plain.rules import CORRELATION, REASON_OF, REQUEST, STATUS
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.server.telling import error_of
from interroam.protocols.plain.showing import encode
from interroam.protocols.plain.wire.misread import Misread

log = structlog.get_logger(__name__)

PROTOCOL = "plain"
_TIMES = frozenset({"from", "to"})
_IDS = 64
"""So many ids of a call are searchable in its trace."""


class Reception:
    """Answers the requests of back offices by their table."""

    def __init__(self, hub: Hub, table: Table, *, insecure_http: bool = False) -> None:
        self._hub = hub
        self._insecure = insecure_http
        self._table = table

    async def answer(self, request: Request) -> Answered:
        """Authenticate, read, run, answer."""
        operation, call, said = f"{request.method} {request.path}", None, ""
        try:
            route, params = self._table.match(request.method, request.raw_path)
            operation = f"{route.method} {route.path}"
            partner = None if route.open else await self._caller(request)
            call = self._call(request, params, partner)
            call.query, call.body, call.unknown = _read(route, request)
            answer = _written(route, await route.run(call))
        except (Refused, Unavailable) as no:
            answer, said = refusal(no), no.message
        except Exception:
            log.exception("call_broke", operation=operation)
            answer = refusal(Unavailable(Reason.FAILED, "our own failure; it is in our log"))
        if call is not None:
            answer.headers.append((b"x-correlation-id", call.correlation.encode()))
            self._note(request, operation, call, answer)
        else:
            self._note_turned_away(request, answer, said)
        return answer

    async def _caller(self, request: Request) -> Partner:
        """Return the partner that calls, if it may."""
        known = self._hub.book.recognize(_secret(request))
        if known is None:
            remedy = "send Authorization: Bearer with the token of `interroam partner add`"
            raise Refused(Reason.UNAUTHENTICATED, "nobody we know presents this token", remedy=remedy)
        partner, credential = known
        if partner.protocol != PROTOCOL or credential.purpose is not Purpose.REGULAR:
            raise Refused(Reason.FORBIDDEN, f"this token of partner {partner.id} is not for this API")
        if partner.state is PartnerState.SUSPENDED:
            remedy = f"an operator may resume partner {partner.id}"
            raise Refused(Reason.FORBIDDEN, f"partner {partner.id} is suspended", remedy=remedy)
        if partner.addresses and request.client not in _addresses(partner.addresses):
            remedy = f"add it to the addresses of partner {partner.id}"
            raise Refused(Reason.FORBIDDEN, f"{request.client} is no address of partner {partner.id}", remedy=remedy)
        if partner.state is PartnerState.PLANNED:  # there is no registration: whoever calls is connected
            await self._hub.book.set_state(partner.id, PartnerState.CONNECTED)
        self._hub.quotas.take(partner, len(request.body), self._hub.clock.now())
        return partner

    def _call(self, request: Request, params: dict[str, str], partner: Partner | None) -> Call:
        new = self._hub.ids.new
        return Call(
            hub=self._hub,
            partner=partner or _NOBODY,
            correlation=_printable(request.headers.get(CORRELATION, b"")) or new(),
            request=_printable(request.headers.get(REQUEST, b"")) or new(),
            params=params,
            secret=_secret(request),
            raw=request.body,
            last_event=_printable(request.headers.get(b"last-event-id", b"")),
            insecure_http=self._insecure,
            silent=partner is None,
        )

    def _note(self, request: Request, operation: str, call: Call, answer: Answered) -> None:
        if call.silent:
            return
        said = answer.body if isinstance(answer, Response) else b""
        whole = call.whole or answer.status >= 400
        self._hub.store.note(
            Exchange(
                at=self._hub.clock.now(),
                partner=call.partner.id,
                inward=True,
                operation=operation,
                code=str(answer.status),
                latency_us=int((perf_counter() - request.began) * 1e6),
                correlation=call.correlation,
                ids=tuple(dict.fromkeys((call.request, *call.ids)))[:_IDS],
                seq=call.seq,
                request=request.body if whole else b"",
                response=said if whole else b"",
                subject=call.subject,
                brief=operation.partition(" ")[2].startswith(_OF_PLACES),
            )
        )

    def _note_turned_away(self, request: Request, answer: Answered, said: str) -> None:
        """Leave a trace of a request that was not heard: of who may not call, or of none that there is."""
        known = self._hub.book.recognize(_secret(request))
        name = _printable(request.headers.get(REQUEST, b""))
        self._hub.store.note(
            Exchange(
                at=self._hub.clock.now(),
                partner=known[0].id if known is not None else "",
                inward=True,
                operation=f"{PROTOCOL} {request.method}",
                code=str(answer.status),
                latency_us=int((perf_counter() - request.began) * 1e6),
                correlation=_printable(request.headers.get(CORRELATION, b"")),
                ids=(name,) if name else (),
                note=f"{said}; {request.client}",
            )
        )


_OF_PLACES = ("/locations", "/statuses")
_NOBODY = Partner(id="", protocol=PROTOCOL)


def refusal(no: Refused | Unavailable) -> Response:
    """Write what was wrong."""
    headers = [JSON]
    if isinstance(no, Unavailable) and (no.retry_after is not None or no.reason is Reason.OVERLOADED):
        headers.append((b"retry-after", b"%d" % max(1, round(no.retry_after or 1))))
    if no.reason is Reason.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    if no.reason is Reason.NOT_OFFERED:
        headers.append((b"allow", no.code.encode() if isinstance(no, Refused) and no.code.isascii() else b""))
    return Response(STATUS[no.reason], headers, encode(wire.Failure(error_of(no))))


def early_refusal(status: int, message: str) -> Response:
    """Write what the listener refuses before a route is asked."""
    error = wire.Error(reason=REASON_OF.get(status, Reason.FAILED).value, message=message)
    return Response(status, [JSON], encode(wire.Failure(error)))


def _read(route: Route, request: Request) -> tuple[Any, Any, tuple[Finding, ...]]:
    try:
        query = None
        if route.query is not None:
            query = msgspec.convert(_query(request.query), route.query, strict=False)
        body, unknown = None, tuple[Finding, ...]()
        if route.body is not None and route.body_media == MEDIA:
            body = msgspec.json.decode(request.body, type=route.body, strict=False)
            if isinstance(body, msgspec.Struct):  # a field that was not read may hold what nobody can
                unknown = translate.unknown_fields(route.body, request.body)
    except msgspec.ValidationError as error:
        message, field = translate.fields_of(error, route.query if route.body is None else route.body)
        raise Misread(field, message, remedy="see openapi.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Misread("", f"the body is not JSON: {error}", reason=Reason.NOT_JSON) from None
    return query, body, unknown


def _query(query: bytes) -> dict[str, str]:
    try:
        pairs: Sequence[tuple[str, str]] = parse_qsl(query.decode(), errors="strict")
    except ValueError:  # also UnicodeDecodeError
        raise Misread("", "the query is not readable") from None
    # The plus of an offset means a blank where nobody quoted it.
    return {name: value.replace(" ", "+") if name in _TIMES else value for name, value in pairs}


def _written(route: Route, result: Any) -> Answered:
    if isinstance(result, Response | Stream):
        return result
    return Response(route.status, [JSON], encode(result))


def _secret(request: Request) -> str:
    scheme, _, secret = request.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _printable(header: bytes) -> str:
    text = header.decode("latin-1").strip()
    return text if text.isascii() and text.isprintable() and len(text) <= 128 else ""


@lru_cache(maxsize=1024)
def _addresses(networks: tuple[str, ...]) -> Addresses:
    return Addresses(networks)
