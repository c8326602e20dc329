"""Administration, the second path of this API: for people, with a log-in; every call has its rank and its audit line.

Whoever may open the node's socket file is the local administrator and needs no log-in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog

from interroam.core.audit import LOCAL, Actor
from interroam.core.office.office import Office
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.net.http import JSON, Request, Response
from interroam.protocols.plain.admin_calls import ROUTES
from interroam.protocols.plain.admin_routes import Call
from interroam.protocols.plain.certificate_calls import ROUTES as CERTIFICATES
from interroam.protocols.plain.import_calls import ROUTES as IMPORT
from interroam.protocols.plain.openapi import MEDIA, Route, Table
from interroam.protocols.plain.party_calls import ROUTES as PARTIES
from interroam.protocols.plain.quality_calls import ROUTES as QUALITY
from interroam.protocols.plain.round_calls import ROUTES as ROUNDS
from interroam.protocols.plain.rules import STATUS
from interroam.protocols.plain.translate.fields import fields_of
from interroam.protocols.plain.wire import Error, Failure

BASE = "/api/v1/admin"
TABLE = Table(BASE, (*ROUTES, *IMPORT, *CERTIFICATES, *PARTIES, *QUALITY, *ROUNDS))
_NOBODY = Actor("nobody")
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class Administration:
    """Answers people."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def handler(self, request: Request) -> Awaitable[Response]:
        """Answer somebody who shows a token."""
        return self._answer(request, self._logged_in)

    def local(self, request: Request) -> Awaitable[Response]:
        """Answer the owner of the node's files."""
        return self._answer(request, lambda _request: LOCAL)

    def refusal(self, status: int, message: str) -> Response:
        """Refuse in this API's form what the listener refuses by itself."""
        reason = next((reason for reason, known in STATUS.items() if known == status), Reason.FAILED)
        return _failed(Refused(reason, message), status)

    def _logged_in(self, request: Request) -> Actor:
        token = _token(request)
        if not token:
            raise Refused(Reason.UNAUTHENTICATED, "log in first", remedy=f"POST {BASE}/login")
        return self._office.people.recognize(token)

    async def _answer(self, request: Request, who: Callable[[Request], Actor]) -> Response:
        try:
            route, given = TABLE.match(request.method, request.raw_path)
            actor = _NOBODY if route.open else who(request)
            query = _query(route, request.query)
            body = _body(route, request.body)
            token = "" if actor is LOCAL else _token(request)
            answer = await route.run(Call(self._office, actor, given, query, body, token))
        except Refused as no:
            return _failed(no, STATUS[no.reason])
        except Unavailable as later:
            return _failed(later, STATUS[later.reason])
        if route.answer is None:
            return Response(route.status)
        return Response(route.status, [JSON], _encode(answer))


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _query(route: Route, query: bytes) -> Any:
    if route.query is None:
        return None
    given = {name: value for name, value in parse_qsl(query.decode("latin-1")) if value}
    unknown = given.keys() - {field.encode_name for field in msgspec.structs.fields(route.query)}
    if unknown:
        raise Refused(Reason.MALFORMED, f"there is no parameter {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(given, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise _misread(error, route.query) from None


def _body(route: Route, body: bytes) -> Any:
    if route.body is None:
        return None
    if route.body_media != MEDIA:
        return body
    try:
        return msgspec.json.decode(body or b"{}", type=route.body)
    except msgspec.ValidationError as error:
        raise _misread(error, route.body) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Reason.NOT_JSON, str(error)) from None


def _misread(error: msgspec.ValidationError, shape: object) -> Refused:
    message, field = fields_of(error, shape)
    return Refused(Reason.MALFORMED, f"{field}: {message[:1].lower()}{message[1:]}" if field else message)


def _failed(trouble: Refused | Unavailable, status: int) -> Response:
    remedy = trouble.remedy if isinstance(trouble, Refused) else ""
    error = Error(reason=trouble.reason.value, message=trouble.message, remedy=remedy)
    headers = [JSON]
    if isinstance(trouble, Unavailable) and trouble.retry_after:
        headers.append((b"retry-after", str(int(trouble.retry_after) + 1).encode()))
    return Response(status, headers, _encode(Failure(error)))
