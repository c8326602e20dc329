"""``python -m trial``: play the week, write ``trial.json``, say in the last line what came out.

Environment: ``CHAOS=1`` breaks things meanwhile, ``SEED`` says how; ``TRIAL_DATA`` is the folder of the real week,
``TRIAL_SIZE`` (``300x5000``) plays a generated week of so many EVSEs and changes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trial.aliases import Aliases
from trial.play import Result, play
from trial.week import generated, week

_REPORT = Path("trial.json")


def main() -> int:
    """Play once."""
    console = Console(highlight=False)
    size = os.environ.get("TRIAL_SIZE", "")
    played = generated(*map(int, size.split("x"))) if size else week()
    chaos, seed = os.environ.get("CHAOS", "") not in ("", "0"), int(os.environ.get("SEED", "1"))
    _introduce(console, Aliases(played.operators))
    result = asyncio.run(play(played, console, chaos=chaos, seed=seed))
    _REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    _say(console, result)
    return 0 if result.good else 1


def _introduce(console: Console, aliases: Aliases) -> None:
    """Say who travels under another name."""
    table = Table("operator", "travels as", box=SIMPLE_HEAD, pad_edge=False)
    for operator, party in aliases.renamed.items():
        table.add_row(operator, party)
    console.print("[bold]Operators whose ids are no parties of OCPI[/]")
    console.print(table)


def _say(console: Console, result: Result) -> None:
    for example in result.examples:
        console.print(f"[red]{escape(example)}", soft_wrap=True)
    rates = result.rates
    console.print(
        f"{result.seconds:.0f} s; rows per second: {rates['told_per_s']:,} told,"
        f" {rates['hub_per_s']:,} through the CPO's strict lane, {rates['emsp_per_s']:,} to the end",
        soft_wrap=True,
    )
    chaos = result.chaos
    if chaos is not None:
        flying = ", ".join(map(str, chaos.in_flight_at_kill))
        console.print(
            f"chaos: {chaos.hub_kills} kills of the hub with {flying} requests in flight,"
            f" {chaos.emsp_absences} absences of the eMSP node;"
            f" {chaos.acknowledged:,} changes acknowledged, {chaos.lost} lost",
            soft_wrap=True,
        )
    sys.stdout.flush()
    print(
        f"{result.data}: {result.evses:,} EVSEs, {result.changes:,} changes, {result.differences} differences",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
