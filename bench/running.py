"""What every path needs: how long it runs, the servers it starts, and the check that nothing was lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.load import Failed, Round
from bench.messages import Door
from bench.node import Node
from bench.processes import HOST, LOAD_CORE, Child, free_port

PLACES = 1_000


class Plan:
    """How long and how often, and who is told of progress."""

    def __init__(self, *, quick: bool, say: Callable[[str], None], step: Callable[[int], None]) -> None:
        self.seconds = 0.7 if quick else 5.0
        self.times = 3
        self.many = 10_000 if quick else 100_000
        """Places of the large picture, ten EVSEs each."""
        self.starts = 5 if quick else 10
        """How often the few are crawled: their crawl is short."""
        self.fan = 1_000 if quick else 4_000
        self.say = say
        self.step = step

    def saw(self, name: str, one: Round) -> None:
        """Tell of a round."""
        self.say(f"{name} {one.rate:,.0f}/s")


@contextmanager
def stubs(count: int = 2) -> Iterator[list[int]]:
    """Start eMSPs, one at each port."""
    ports = [free_port() for _ in range(count)]
    with Child([sys.executable, "-m", "bench.stub", *map(str, ports)], ports[0], LOAD_CORE, log="stub"):
        yield ports


@contextmanager
def reference() -> Iterator[Door]:
    """Start the app that ours is held against."""
    port = free_port()
    with Child([sys.executable, "-m", "bench.reference", str(port)], port, log="reference"):
        yield Door(HOST, port, "/ocpi/2.2.1/receiver", "/ocpi/2.2.1/sender", "bench")


def check(node: Node, before: int, found: list[Round], each: int = 1) -> None:
    """Fail unless the journal holds exactly what was acknowledged: so many entries for each answer."""
    entries, acknowledged = node.entries() - before, each * sum(one.acknowledged for one in found)
    if entries != acknowledged:
        raise Failed(f"the journal holds {entries} entries for {acknowledged} acknowledgements")
