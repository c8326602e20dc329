"""Lists in pages, oldest first, of what the caller may see (OCPI-43 to OCPI-51)."""

from __future__ import annotations

from collections.abc import Sequence

from interroam.core.ports import Query
from interroam.model.facts import Stored
from interroam.model.ids import Kind
from interroam.protocols.ocpi.rules.paging import Page, page_headers, read_page

from .call import Answer, Call
from .desk import Desk, Run

_TOLD_GONE = frozenset({Kind.LOCATION, Kind.TOKEN})
"""Who asks for changes learns what was withdrawn: as REMOVED, as valid no more (OCPI-85, OCPI-200)."""


def list_of(kind: Kind, *, need_date_from: bool = False) -> Run:
    """Return what answers the list of a kind."""

    async def run(desk: Desk, call: Call) -> Answer:
        page = read_page(call.request.query, call.module, maximum=call.largest, need_date_from=need_date_from)
        found = await desk.hub.find(call.viewer, query_of(desk, call, kind, page))
        return await page_of(desk, call, page, found.items, found.total, found.next)

    return run


def query_of(desk: Desk, call: Call, kind: Kind, page: Page) -> Query:
    """Return what is looked for: To names one owner, the hub or nobody means all of them (C2)."""
    cursor = page.cursor
    return Query(
        kind=kind,
        owners=frozenset({call.receiver}) if call.receiver is not None else None,
        standing=kind is Kind.LOCATION and page.date_from is None,  # else it is told what is gone (OCPI-85)
        gone=kind in _TOLD_GONE and page.date_from is not None,
        hidden=desk.views.hidden(kind),
        without=call.left_out,
        updated_from=page.date_from,
        updated_to=page.date_to,
        offset=page.offset if cursor is None else 0,
        after=cursor.after if cursor is not None else None,
        total=cursor.total if cursor is not None else None,
        limit=page.limit,
    )


async def page_of(desk: Desk, call: Call, page: Page, items: Sequence[Stored], total: int, after: int | None) -> Answer:
    """Answer with a page; ``after`` is the number the next one goes on from, 0 on the last."""
    whole = page.date_from is None  # what is gone is told to who asks for changes (OCPI-85)
    shown = await desk.views.render(items, call.viewer, call.caller.switches, removed=not whole)
    reached = page.offset + len(items) if items else 0  # an offset beyond the last says nothing of how many there are
    headers = page_headers(
        page, max(total, reached + bool(after)), len(items), desk.url(f"sender/{call.module}"), after
    )
    if after == 0:
        headers.pop("Link", None)
    fields = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return Answer(data=b"[" + b",".join(shown) + b"]", headers=fields)
