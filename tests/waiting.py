"""How tests wait for what comes from outside: they look again and again."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from interroam.core.delivering.dispatch import Dispatch
from interroam.core.ports import Store


async def eventually(look: Callable[[], Any], within: float = 5.0) -> Any:
    """Look, at once or by a coroutine, until it finds something; returns what."""
    async with asyncio.timeout(within):
        while True:
            found = look()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)


async def settled(dispatch: Dispatch, store: Store) -> None:
    """Wait until every courier has delivered what it owes."""

    def owes_nothing() -> bool:
        head = store.head()
        return dispatch.routed >= head and all(one.idle and one.cursor.through >= head for one in dispatch.couriers)

    await asyncio.sleep(0.01)
    await eventually(owes_nothing)
