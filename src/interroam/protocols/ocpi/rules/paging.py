"""Paging: what a client may ask of a list, and the three headers that answer.

A page after the first is found by key, not by counting: the Link carries, opaquely, the creation number to go on from
and the total counted at the start, so the last page of a crawl costs what the first did. The offset is repeated beside
it for clients that look, and counts when the cursor is missing or was tampered with.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Struct

# OCPI-44; the last two have no published maximum (OCPI-46).
MAXIMA: Mapping[str, int] = {
    "locations": 100,
    "tokens": 1000,
    "cdrs": 20,
    "tariffs": 100,
    "sessions": 100,
    "hubclientinfo": 100,
}
_FILTERS = ("date_from", "date_to", "offset", "limit", "cursor")
_MOST = 2**63 - 1
_MOST_PAIRS = 32
_CURSOR = struct.Struct(">QQI")


class BadParameter(Exception):  # noqa: N818  the parameter is
    """A query parameter that cannot be read (status 2001); ``name`` says which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Cursor(Struct, frozen=True, gc=False):
    """Where a crawl stands: the creation number of the last object given, the total counted when it began."""

    after: int
    total: int


class Page(Struct, frozen=True):
    """What a client asks of a list. ``limit`` is what will be applied."""

    limit: int
    offset: int = 0
    date_from: datetime | None = None
    date_to: datetime | None = None
    cursor: Cursor | None = None
    others: tuple[tuple[str, str], ...] = ()
    """Parameters that are not paging's own; the Link repeats them."""


def read_page(query: bytes, module: str, *, maximum: int | None = None, need_date_from: bool = False) -> Page:
    """Read the query of a list request; a limit above the maximum becomes the maximum (OCPI-47)."""
    most = MAXIMA[module] if maximum is None else maximum
    try:
        pairs = _pairs(query.decode("ascii"))
    except ValueError:
        raise BadParameter("query", "cannot be read") from None
    given = {name: value for name, value in pairs if name in _FILTERS and value}
    if need_date_from and "date_from" not in given:  # C12
        raise BadParameter("date_from", "is missing")
    offset = _count(given, "offset", least=0) or 0
    limit = _count(given, "limit", least=1)
    return Page(
        limit=most if limit is None else min(limit, most),
        offset=offset,
        date_from=_moment(given, "date_from"),
        date_to=_moment(given, "date_to"),
        cursor=open_cursor(given["cursor"], offset) if "cursor" in given else None,
        others=tuple((name, value) for name, value in pairs if name not in _FILTERS),
    )


def _pairs(query: str) -> list[tuple[str, str]]:
    """Split a query; one in which nothing is encoded, as most are, takes no decoding."""
    if "%" in query or "+" in query or query.count("&") >= _MOST_PAIRS:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PAIRS)
    return [(name, value) for name, _, value in (each.partition("=") for each in query.split("&")) if name]


def _count(given: Mapping[str, str], name: str, *, least: int) -> int | None:
    if name not in given:
        return None
    text = given[name]
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= _MOST:
        raise BadParameter(name, f"is not a whole number of at least {least}")
    return int(text[:20])


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    if name not in given:
        return None
    # A plus sign that nobody encoded has become a blank.
    text = given[name].strip()
    if len(text) > len("2020-01-01T00:00:00") and text[-6] == " ":
        text = f"{text[:-6]}+{text[-5:]}"
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadParameter(name, "is not a time") from None


def seal_cursor(cursor: Cursor, offset: int) -> str:
    """Write a cursor for the Link to the page at this offset."""
    body = _CURSOR.pack(cursor.after, cursor.total, _check(cursor, offset))
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def open_cursor(text: str, offset: int) -> Cursor | None:
    """Read a cursor back; None when it is not one of ours for this offset, then the offset alone counts."""
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        after, total, check = _CURSOR.unpack(body)
    except (binascii.Error, ValueError, struct.error):
        return None
    cursor = Cursor(after, total)
    return cursor if check == _check(cursor, offset) else None


def _check(cursor: Cursor, offset: int) -> int:
    """Notice a cursor that was altered or moved to another offset. No secret: a cursor grants nothing."""
    return binascii.crc32(f"{cursor.after} {cursor.total} {offset}".encode())


def page_headers(page: Page, total: int, given: int, url: str, after: int | None = None) -> dict[str, str]:
    """The headers of a page of ``given`` objects out of ``total`` visible ones (OCPI-48, OCPI-49).

    ``url`` is the absolute URL of the list without query, ``after`` the creation number of the last object given.
    """
    headers = {"X-Total-Count": str(total), "X-Limit": str(page.limit)}
    if given and page.offset + given < total:
        headers["Link"] = f'<{next_url(page, total, url, after)}>; rel="next"'
    return headers


def next_url(page: Page, total: int, url: str, after: int | None) -> str:
    """The URL of the next page: all filters, the applied limit, the offset grown by it."""
    offset = page.offset + page.limit
    query = [*page.others]
    query += [(name, _written(at)) for name, at in (("date_from", page.date_from), ("date_to", page.date_to)) if at]
    filters = urlencode(query, quote_via=quote) + "&" if query else ""
    cursor = f"&cursor={seal_cursor(Cursor(after, total), offset)}" if after is not None else ""
    return f"{url}?{filters}offset={offset}&limit={page.limit}{cursor}"


def _written(moment: datetime) -> str:
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"
