"""Running what need not wait for anything, without a task and without the loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; whoever calls knows that it waits for nothing, as reading from a prompt store does."""
    try:
        work.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    work.close()
    raise RuntimeError(f"{work!r} had to wait")
