"""One path: rounds of ours, the reference and the peer in turn, and what they say."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import msgspec

from bench.load import Failed, Load, Round
from bench.messages import Door

BUSY = 0.70
"""A load that takes more of its core than this measures itself."""


class Must(msgspec.Struct, frozen=True):
    """What a path has to reach; what does not apply is None."""

    peer: float | None = None
    reference: float | None = None
    ratio: float | None = None
    at_most: bool = False
    """Whether ``ratio`` is a ceiling instead of a floor."""
    last_page: float | None = None

    def __str__(self) -> str:
        said = []
        if self.peer is not None:
            said.append(f"≥ {self.peer:g}x peer")
        if self.reference is not None:
            said.append(f"≥ {self.reference:.2f} reference")
        if self.ratio is not None:
            said.append(f"{'≤' if self.at_most else '≥'} {self.ratio:g}x")
        if self.last_page is not None:
            said.append(f"last page ≤ {self.last_page:g}x first")
        return ", ".join(said)


class Result(msgspec.Struct, kw_only=True):
    """One row of the table, as in results.json; a comparison that does not apply is None."""

    ours: float
    reference: float | None = None
    peer: float | None = None
    ratio_reference: float | None = None
    ratio_peer: float | None = None
    ratio: float | None = None
    p99_ms: float | None = None
    must: str
    met: bool
    note: str = ""


class Side(msgspec.Struct):
    """A server and the requests it gets; ``requests`` goes on from round to round."""

    name: str
    door: Door
    requests: Iterator[bytes]
    pid: int = 0
    connections: int = 64
    stretch: float = 1.0
    """Slow servers get longer rounds."""


def judged(must: Must, result: Result) -> Result:
    """Fill in whether the must is met."""
    met = True
    if must.peer is not None:
        met &= result.ratio_peer is not None and result.ratio_peer >= must.peer
    if must.reference is not None:
        met &= result.ratio_reference is not None and result.ratio_reference >= must.reference
    if must.ratio is not None and result.ratio is not None:
        met &= result.ratio <= must.ratio if must.at_most else result.ratio >= must.ratio
    result.met = met
    return result


@contextmanager
def alone(pid: int, others: list[int]) -> Iterator[None]:
    """Let the others stand still while one is measured: couriers of ours that catch up would slow the next one."""
    for other in others:
        if other and other != pid:
            os.kill(other, signal.SIGSTOP)
    try:
        yield
    finally:
        for other in others:
            if other and other != pid:
                os.kill(other, signal.SIGCONT)


async def rounds(
    sides: list[Side], seconds: float, times: int, saw: Callable[[str, Round], None]
) -> dict[str, list[Round]]:
    """Run every side in turn, so many times."""
    found: dict[str, list[Round]] = {side.name: [] for side in sides}
    pids = [side.pid for side in sides]
    for _ in range(times):
        for side in sides:
            with alone(side.pid, pids):
                load = Load(side.door.host, side.door.port, side.requests, side.connections)
                try:
                    one = await load.run(seconds * side.stretch)
                except Failed as why:
                    raise Failed(f"{side.name}: {why}") from why
            found[side.name].append(one)
            saw(side.name, one)
    return found


def rate(found: list[Round]) -> float:
    """The median of answers per second."""
    return median(one.rate for one in found)


def compared(must: Must, found: dict[str, list[Round]], unit: str = "") -> Result:
    """Hold ours against the reference and the best peer."""
    ours = rate(found["ours"])
    reference = rate(found["reference"]) if "reference" in found else None
    peers = [rate(each) for name, each in found.items() if name not in ("ours", "reference")]
    peer = max(peers, default=None)
    busiest = max(one.share for name in ("ours", "reference") for one in found.get(name, ()))
    note = unit if busiest < BUSY else f"{unit} the load took {busiest:.0%} of its core".strip()
    result = Result(
        ours=round(ours, 1),
        reference=round(reference, 1) if reference else None,
        peer=round(peer, 1) if peer else None,
        ratio_reference=round(ours / reference, 3) if reference else None,
        ratio_peer=round(ours / peer, 1) if peer else None,
        p99_ms=round(median(one.p99_ms for one in found["ours"]), 2),
        must=str(must),
        met=False,
        note=note,
    )
    return judged(must, result)
