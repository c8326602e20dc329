"""What a person sees: tables and short sentences; cut to the width of the terminal, whole in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from interroam.model.facts import SELF

_WIDE = 200
_TERMINAL = sys.stdout.isatty()


def console() -> Console:
    """Return the console of this moment; in a pipe nothing is cut at eighty columns."""
    return Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=False, highlight=False)


def print_json(answer: object) -> None:
    """Print an answer for programs."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=1).decode() + "\n")


def error(message: str, remedy: str = "") -> None:
    """Say what went wrong and what to do, where errors are said."""
    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    screen.print(f"[bold red]error:[/] {escape(message)}")
    if remedy:
        screen.print(f"[dim]{escape(remedy)}[/]")


def say(text: str, end: str = "\n") -> None:
    """Print a sentence; square brackets mark it up."""
    console().print(text, end=end)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "nothing") -> None:
    """Print a table, or a word when there is nothing to show."""
    lines = [[_cell(value) for value in row] for row in rows]
    if not lines:
        say(f"[dim]{empty}[/]")
        return
    shown = Table(box=None, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for line in lines:
        shown.add_row(*line)
    console().print(shown)


def pairs(values: Mapping[str, object]) -> None:
    """Print names and values below each other."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(style="bold")
    shown.add_column(overflow="fold")
    for name, value in values.items():
        shown.add_row(name, _cell(value))
    console().print(shown)


def moment(text: str | datetime | None) -> str:
    """Print a time as a person reads it, to the second, UTC."""
    if not text:
        return ""
    at = datetime.fromisoformat(text) if isinstance(text, str) else text
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def aware(at: datetime | None) -> datetime | None:
    """Read a time given without a zone as UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def moments(lines: Sequence[Mapping[str, Any]]) -> None:
    """Print lines of a story."""
    rows = [
        (
            f"{datetime.fromisoformat(line['at']).astimezone(UTC):%m-%d %H:%M:%S.%f}"[:-3],
            {"in": "→", "out": "←", "fact": "·"}[line["what"]],
            line["partner"] if line["partner"] != SELF else "the node",
            line["operation"],
            line.get("code", ""),
            f"{line['latency_ms']:.1f} ms" if line.get("latency_ms") is not None else "",
            line.get("seq") or "",
            " ".join(part for part in (line.get("object", ""), line.get("note", "")) if part),
        )
        for line in lines
    ]
    table(("time (UTC)", "", "partner", "what", "code", "took", "entry", "about"), rows, "nothing happened")


def _cell(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return escape(" ".join(f"{name}={held}" for name, held in value.items()))
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return escape(str(value))
