"""What came of it: a table for people, results.json for programs, a page for the reference."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from bench.measure import Result
from bench.processes import ROOT

RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "reference" / "bench.md"
_INTRO = """# What it costs

Written by `make bench`, never by hand. Ours, the reference and the peers run in one run on the same core, the load on
another; the ratios hold, the absolutes are those of the machine. The reference is the plainest uvicorn ASGI app that
decodes and validates the same request and stores nothing (for `authorise` and eMIP one that answers at once). The peer
is the best of py-ocpi and extrawest-ocpi, storing nothing. Ours is durable before it answers, traces everything, and
has two eMSPs connected whose couriers deliver meanwhile.

"""
_COLUMNS = ("path", "ours /s", "reference", "peer", "x reference", "x peer", "ratio", "p99 ms", "must", "met")


def write(results: dict[str, Result], *, quick: bool) -> None:
    """Write results.json and the page; paths that were not run this time keep what they had."""
    known: dict[str, Result] = {}
    if RESULTS.exists():
        known = msgspec.json.decode(RESULTS.read_bytes(), type=dict[str, Result])
    known.update(results)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=2) + b"\n")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    lines += ["| " + " | ".join(_row(name, one)) + " |" for name, one in known.items()]
    notes = [f"- `{name}`: {one.note}" for name, one in known.items() if one.note]
    when = f"Measured {datetime.now(UTC):%Y-%m-%d}{', the quick run' if quick else ''}.\n"
    PAGE.write_text(_INTRO + "\n".join(lines) + "\n\n" + "\n".join([*notes, "", when]))


def show(console: Console, results: dict[str, Result]) -> None:
    """Print the table, and what was missed."""
    table = Table(*_COLUMNS, title="make bench")
    for name, one in results.items():
        table.add_row(*_row(name, one), style="" if one.met else "red")
    console.print(table)
    for name, one in results.items():
        if one.note:
            console.print(f"{name}: {one.note}")
    missed = [f"{name} must reach {one.must}" for name, one in results.items() if not one.met]
    console.print("every must is met" if not missed else "missed:\n  " + "\n  ".join(missed))


def _row(name: str, one: Result) -> tuple[str, ...]:
    numbers = (one.ours, one.reference, one.peer)
    ratios = (one.ratio_reference, one.ratio_peer, one.ratio, one.p99_ms)
    return (
        name,
        *("–" if each is None else f"{each:,.0f}" for each in numbers),
        *("–" if each is None else f"{each:g}" for each in ratios),
        one.must,
        "yes" if one.met else "no",
    )
