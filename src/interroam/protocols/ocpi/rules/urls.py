"""URLs of OCPI: an endpoint and a tail joined by one slash, ids encoded once and decoded once (OCPI-189)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes, urlencode, urljoin, urlsplit

_AS_IT_IS = re.compile(r"[\w.~-]*", re.ASCII).fullmatch
"""What is not to be quoted; most ids are like this, and to look costs a tenth of quoting."""


def join(endpoint: str, *segments: str, query: Mapping[str, str] | None = None) -> str:
    """Append ids to a published endpoint URL, whether it ends with a slash or not."""
    joined = endpoint.rstrip("/") + tail(segments) if segments else endpoint
    return f"{joined}?{_written(tuple(query.items()))}" if query else joined


@lru_cache(maxsize=1024)
def _written(query: tuple[tuple[str, str], ...]) -> str:
    return urlencode(query, quote_via=quote)


@lru_cache(maxsize=65_536)
def tail(segments: tuple[str, ...]) -> str:
    """Write ids as the end of a path; the same ones are written for every receiver, so the newest are remembered."""
    return "".join([f"/{each}" if _AS_IT_IS(each) else f"/{quote(each, safe='')}" for each in segments])


def segments(raw_path: bytes) -> tuple[str, ...]:
    """Split a path that is still encoded, then decode each part once: an id may contain a slash.

    A slash too much, at the end or in the middle, says nothing. Raises ``ValueError`` for what is no UTF-8.
    """
    path = raw_path.partition(b"?")[0]
    if b"%" not in path:
        return tuple(each for each in path.decode().split("/") if each)
    return tuple(unquote_to_bytes(each).decode() for each in path.split(b"/") if each)


def absolute(location: str, request_url: str) -> str:
    """Resolve a Location header, which 2.1.1 shows as a relative path."""
    return urljoin(request_url, location)


def is_secure(url: str) -> bool:
    """Whether a published URL is https (OCPI-2)."""
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)


def is_usable(url: str) -> bool:
    """Whether a published URL can be called at all."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
