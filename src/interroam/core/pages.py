"""Lists read to their end, page by page; and the journal from a time on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from interroam.core.ports import Page, Query, Store
from interroam.model.facts import Stored

Read: TypeAlias = Callable[[Query], Awaitable[Page]]


async def pages(read: Read, query: Query) -> AsyncIterator[tuple[Stored, ...]]:
    """Yield what a query finds, in order of creation, so many at a time as it says."""
    query = replace(query, after=query.after or 0, total=0)  # nobody counts what is read to its end
    while True:
        page = await read(query)
        yield page.items
        if not page.next:
            return
        query = replace(query, after=page.next)


async def every(read: Read, query: Query) -> AsyncIterator[Stored]:
    """Yield what a query finds, one by one."""
    async for some in pages(read, query):
        for row in some:
            yield row


async def seq_before(store: Store, moment: datetime) -> int:
    """Return the number of the last entry before a moment: entries are in the order of their times."""
    low, high = 0, store.head()
    while low < high:
        middle = (low + high) // 2
        found = await store.entries(middle, 1)
        if found and found[0].at < moment:
            low = found[0].seq
        else:
            high = middle
    return low
