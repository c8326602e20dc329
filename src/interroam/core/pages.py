"""Lists read to their end, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from msgspec.structs import replace

from interroam.core.ports import Page, Query
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
