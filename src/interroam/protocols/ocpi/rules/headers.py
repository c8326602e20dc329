"""The headers of OCPI: who is calling, from which party to which, and under which ids.

Incoming headers are a mapping of lower-case names to values, both bytes, as ASGI gives them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from interroam.model.ids import PartyId

Encoding = Literal["base64", "plain", "auto"]
Headers = Mapping[bytes, bytes]

_SCHEME = b"token"
_PRINTABLE = re.compile(rb"[\x21-\x7E]+").fullmatch
_LINE_ENDS = ("\r\n", "\n", "\r")
# As written, and as looked up.
_FROM = ("OCPI-from-country-code", "OCPI-from-party-id", b"ocpi-from-country-code", b"ocpi-from-party-id")
_TO = ("OCPI-to-country-code", "OCPI-to-party-id", b"ocpi-to-country-code", b"ocpi-to-party-id")


class RoutingError(Exception):
    """A routing header is missing or unreadable (OCPI-16); the message names it."""

    def __init__(self, header: str, message: str) -> None:
        super().__init__(message)
        self.header = header


class Routing(Struct, frozen=True):
    """From which party a message comes and to which it goes, as far as it says."""

    sender: PartyId | None
    receiver: PartyId | None


class MessageIds(Struct, frozen=True):
    """The two ids of a message; None where the partner gave none (OCPI-28)."""

    request: str | None
    correlation: str | None


def tokens_presented(authorization: bytes | None, encoding: Encoding) -> tuple[str, ...]:
    """The credentials tokens an Authorization header may mean, likeliest first; none when it says nothing (OCPI-3)."""
    if authorization is None:
        return ()
    scheme, _, presented = authorization.strip().partition(b" ")
    presented = presented.strip()
    if scheme.lower() != _SCHEME or not presented or b" " in presented:
        return ()
    raw = _printable(presented) if encoding != "base64" else None
    decoded = _decoded(presented) if encoding != "plain" else None
    return tuple(each for each in (decoded, raw) if each is not None)


def authorization(token: str, encoding: Encoding = "base64") -> str:
    """The Authorization header that presents a token: exactly its bytes, no line feed (C14)."""
    shown = token if encoding == "plain" else base64.b64encode(token.encode()).decode()
    return f"Token {shown}"


def _decoded(presented: bytes) -> str | None:
    try:
        text = base64.b64decode(presented, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    # The specification's own example encodes the line feed along with the token (C14).
    end = next((end for end in _LINE_ENDS if text.endswith(end)), "")
    return _printable(text.removesuffix(end).encode())


def _printable(token: bytes) -> str | None:
    """A token as it may be: printable ASCII without blanks (OCPI-13)."""
    return token.decode("ascii") if _PRINTABLE(token) else None


def routing(headers: Headers) -> Routing:
    """The two parties of a request. A pair that is given must be whole."""
    return Routing(sender=_party(headers, _FROM), receiver=_party(headers, _TO))


def require_routing(headers: Headers, *, to_too: bool) -> Routing:
    """Both pairs, or the From pair alone: what a functional request must carry (OCPI-15, OCPI-16)."""
    found = routing(headers)
    if found.sender is None:
        raise RoutingError(_FROM[0], f"the header {_FROM[0]} is missing")
    if to_too and found.receiver is None:
        raise RoutingError(_TO[0], f"the header {_TO[0]} is missing")
    return found


def _party(headers: Headers, names: tuple[str, str, bytes, bytes]) -> PartyId | None:
    country = headers.get(names[2], b"").strip()
    code = headers.get(names[3], b"").strip()
    if not country and not code:
        return None
    if len(country) == 2 and 0 < len(code) <= 3 and code.isalnum() and (country.isalpha() or country == b"$$"):
        return PartyId.of(country.decode(), code.decode())
    if not country or not code:
        name = names[1] if country else names[0]
        raise RoutingError(name, f"the header {name} is missing")
    name, wanted = (names[0], "a country of two letters") if len(country) != 2 else (names[1], "a party id")
    raise RoutingError(name, f"the header {name} is not {wanted}")


def write_routing(sender: PartyId | None, receiver: PartyId | None) -> dict[str, str]:
    """The routing headers of an outgoing message; a party that is None is left out (open routing)."""
    written = {}
    for names, party in ((_TO, receiver), (_FROM, sender)):
        if party is not None:
            written[names[0]] = party.country
            written[names[1]] = party.code
    return written


def message_ids(headers: Headers) -> MessageIds:
    """The ids of an incoming message."""
    return MessageIds(
        request=_text(headers.get(b"x-request-id")),
        correlation=_text(headers.get(b"x-correlation-id")),
    )


def _text(value: bytes | None) -> str | None:
    """Return an id as it stands, blanks and all: it is echoed like this, and found by it."""
    return value.decode("latin-1") if value is not None and value.strip() else None


def speaks_json(content_type: bytes | None) -> bool:
    """Whether a body may be read as JSON: the type says so, with or without parameters, or is absent (OCPI-188)."""
    if not content_type:
        return True
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")
