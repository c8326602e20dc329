"""A property tried with few examples in every run, and in rounds with many more until the time is over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

SECONDS = float(os.environ.get("INTERROAM_FUZZ_SECONDS", "120"))
"""How long one campaign of `make fuzz` goes on."""
ROUND = 250
aside: Callable[[], AbstractContextManager[None]] = nullcontext
"""Where the output of tests is collected: what lets a line past."""


def few(shown: Callable[[Any], None], examples: SearchStrategy[Any], count: int) -> None:
    """Try a property with the same few examples every time."""
    _tried(shown, examples, count, 1)


def many(shown: Callable[[Any], None], examples: SearchStrategy[Any], name: str, share: float = 1.0) -> int:
    """Try a property in rounds, no two alike, until the time is over; returns with how many examples."""
    began, first, done = time.monotonic(), time.time_ns() % 1_000_000_007, 0
    while (spent := time.monotonic() - began) < SECONDS * share:
        _tried(shown, examples, ROUND, first + done)
        done += ROUND
        say(f"{name}: {done} examples in {spent:.0f} of {SECONDS * share:.0f} s, first seed {first}")
    return done


def say(line: str) -> None:
    """Report to the person who waits, past what collects the output of tests."""
    with aside():
        print(f"\n{line}", end="", flush=True)


def _tried(shown: Callable[[Any], None], examples: SearchStrategy[Any], count: int, number: int) -> None:
    def trial(example: Any) -> None:
        shown(example)

    held = settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a node remembers: making an example smaller takes minutes and tells little
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    held(seed(number)(given(examples)(trial)))()
