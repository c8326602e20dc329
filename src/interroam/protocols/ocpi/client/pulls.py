"""A partner's lists, page by page (OCPI 2.2.1 transport_and_format: pagination).

The Link is followed as given, to whatever page size it leads (OCPI-53). A list without paging is no answer (OCPI-52).
What cannot be read is left out and said; the rest of its page counts (OCPI-54). When the total falls, an object that we
have not seen has moved to a page we have: that page is fetched again, from so much further ahead (OCPI-191).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from interroam.core.ports import Pulled
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact
from interroam.model.ids import Kind, Party
from interroam.protocols.ocpi.calls import Called
from interroam.protocols.ocpi.rules.urls import absolute, join
from interroam.protocols.ocpi.views.dress import moment
from interroam.protocols.ocpi.wire import Malformed, NotJson

from .reading import key_of, read_object
from .verdicts import check_answer

MODULES = {
    Kind.LOCATION: "locations",
    Kind.EVSE: "locations",
    Kind.TARIFF: "tariffs",
    Kind.TOKEN: "tokens",
    Kind.SESSION: "sessions",
    Kind.CDR: "cdrs",
}
_LINK = re.compile(r'<([^>]*)>\s*;[^,<]*\brel\s*=\s*"?next\b"?', re.IGNORECASE)
_MOST_PAGES = 100_000

Get = Callable[[str], Awaitable[Called]]
"""Gets one URL with all that belongs to a call."""


class _Page(Struct):
    """A page as it came."""

    url: str
    items: list[bytes]
    total: int | None
    next: str | None


def first_url(endpoint: str, since: datetime | None) -> str:
    """Return the URL of a list; the page size is the partner's to choose."""
    return join(endpoint, query={"date_from": moment(since.replace(microsecond=0))}) if since is not None else endpoint


async def crawl(get: Get, url: str, kind: Kind, owner: Party, *, strict_uid: bool = False) -> AsyncIterator[Pulled]:
    """Yield the pages of a list until no Link leads on."""
    before: _Page | None = None
    following: str | None = url
    seen: set[str] = set()
    count = 0
    while following is not None:
        if following in seen or count >= _MOST_PAGES:
            raise Unavailable(Reason.BAD_ANSWER, f"{following} was given as the next page again", reached=True)
        seen.add(following)
        count += 1
        page = await _get(get, following)
        yield _read(page, kind, owner, strict_uid=strict_uid)
        fallen = _fallen(before, page)
        following = page.next
        if before is not None and fallen:
            following = _earlier(before.url, fallen)
            seen = set()
        before = page


def _fallen(before: _Page | None, page: _Page) -> int:
    if before is None or before.total is None or page.total is None:
        return 0
    return max(0, before.total - page.total)


def _earlier(url: str, by: int) -> str:
    """Return the URL of a page again, from an offset so much less; a page without offset was the first one."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not query.get("offset", "").isdecimal():
        return url
    query["offset"] = str(max(0, int(query["offset"]) - by))
    return urlunsplit(parts._replace(query=urlencode(query)))


async def _get(get: Get, url: str) -> _Page:
    called = await get(url)
    check_answer(called)
    headers, reply = called.headers, called.reply
    total = headers.get(b"x-total-count", b"").strip()
    if reply is None or not (total or headers.get(b"x-limit")):
        raise Refused(
            Reason.PARTNER_UNUSABLE,
            f"{url} answered without pages, X-Limit and X-Total-Count: ignored",  # OCPI-52
            remedy="the partner must page its lists",
            code=called.code,
        )
    try:
        items = reply.items()
    except (Malformed, NotJson) as error:
        raise Unavailable(Reason.BAD_ANSWER, f"{url}: {error}", reached=True) from error
    linked = _LINK.search(headers.get(b"link", b"").decode("latin-1"))
    following = absolute(linked[1], url) if linked is not None else None
    return _Page(url, items, int(total) if total.isdigit() else None, following)


def _read(page: _Page, kind: Kind, owner: Party, *, strict_uid: bool) -> Pulled:
    facts: list[Fact] = []
    findings: list[str] = []
    lost = []
    for raw in page.items:
        try:
            fact, odd = read_object(kind, raw, strict_uid=strict_uid)
        except (Malformed, NotJson, Refused) as error:
            key = key_of(kind, raw, owner)
            lost.append(key)
            findings.append(f"{key or 'an object without a readable id'}: {error}")
        else:
            facts.append(fact)
            findings += [f"{fact.key}: {one.field} {one.message}" for one in odd]
    return Pulled(facts=tuple(facts), findings=tuple(findings), lost=tuple(lost), total=page.total)
