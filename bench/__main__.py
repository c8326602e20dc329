"""``python -m bench [PATH …]``: measure, print the table, and exit 0 when every must is met."""

from __future__ import annotations

import os
import sys
import time

import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from bench import report
from bench.load import Failed
from bench.measure import Result
from bench.paths import PATHS
from bench.processes import LOAD_CORE, pin
from bench.running import Plan


class _Shown:
    """What a path says, on its line."""

    def __init__(self, progress: Progress, bar: TaskID, name: str) -> None:
        self._progress, self._bar, self._name = progress, bar, name
        self._stored = 0

    def say(self, text: str) -> None:
        self._progress.update(self._bar, description=f"{self._name}: {text}")

    def step(self, more: int) -> None:
        self._stored += more
        self.say(f"{self._stored:,} places stored")


def main(names: list[str]) -> int:
    """Run the paths; 0 when every must is met."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console = Console(stderr=True, width=140)
    unknown = [name for name in names if name not in PATHS]
    if unknown:
        console.print(f"no path {', '.join(unknown)}: one of {', '.join(PATHS)}")
        return 2
    quick = bool(os.environ.get("QUICK"))
    results: dict[str, Result] = {}
    failed: dict[str, str] = {}
    pin(LOAD_CORE)
    began = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("bench", total=len(names or PATHS))
        for name in names or PATHS:
            shown = _Shown(progress, bar, name)
            try:
                results[name] = uvloop.run(PATHS[name](Plan(quick=quick, say=shown.say, step=shown.step)))
            except (Failed, RuntimeError) as trouble:
                failed[name] = str(trouble)
            progress.advance(bar)
    report.write(results, quick=quick)
    report.show(console, results)
    for name, said in failed.items():
        console.print(f"{name} failed: {said}", style="red", markup=False)
    console.print(f"{time.monotonic() - began:.0f} s")
    return 0 if not failed and all(one.met for one in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
