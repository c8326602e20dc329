"""What a person sees: tables and short sentences; nothing is cut or folded, so that every id can be copied."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, ProgressColumn
from rich.text import Text

from interroam.model.facts import SELF

_ENDLESS = 1_000_000
_GAP = 2


def console() -> Console:
    """Return the console of this moment; a pipe has no width."""
    return Console(width=None if sys.stdout.isatty() else _ENDLESS, soft_wrap=True, highlight=False)


def print_json(answer: object) -> None:
    """Print an answer for programs."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=1).decode() + "\n")


def error(message: str, remedy: str = "") -> None:
    """Say what went wrong and what to do, where errors are said."""
    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    screen.print(f"[bold red]error:[/] {escape(message)}")
    if remedy:
        screen.print(f"[dim]{escape(remedy)}[/]")


def progress(*columns: ProgressColumn) -> Progress:
    """Return bars for long work; nothing but the terminal sees them."""
    return Progress(*columns, console=console(), transient=True, disable=not sys.stdout.isatty())


def say(text: str, end: str = "\n") -> None:
    """Print a sentence; square brackets mark it up."""
    console().print(text, end=end)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "nothing") -> None:
    """Print a table, or a word when there is nothing to show; columns the terminal has no room for stand below."""
    lines = [[*map(_cell, row), *([""] * (len(columns) - len(row)))] for row in rows]
    if not lines:
        say(f"[dim]{empty}[/]")
        return
    screen = console()
    widths = [max(map(cell_len, cells)) for cells in zip(columns, *lines, strict=True)]
    ends = accumulate(widths, lambda end, width: end + _GAP + width)
    beside = max(1, sum(end <= screen.width for end in ends))
    screen.print(_row(columns[:beside], widths, "bold"))
    for line in lines:
        screen.print(_row(line[:beside], widths))
        for name, cell in zip(columns[beside:], line[beside:], strict=True):
            if cell:
                screen.print(Text.assemble("  ", (f"{name}  " if name else "", "dim"), cell))


def pairs(values: Mapping[str, object]) -> None:
    """Print names and values below each other."""
    width, screen = max(map(len, values), default=0), console()
    for name, value in values.items():
        label, cell = name.replace("_", " "), _cell(value)
        screen.print(Text.assemble((label.ljust(width + _GAP) if cell else label, "bold"), cell))


def moment(text: str | datetime | None) -> str:
    """Print a time as a person reads it, to the second, UTC."""
    if not text:
        return ""
    at = datetime.fromisoformat(text) if isinstance(text, str) else text
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


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


def _row(cells: Sequence[str], widths: Sequence[int], style: str = "") -> Text:
    """Return cells beside each other, as many as there are, without blanks at the end."""
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=False))
    return Text((" " * _GAP).join(padded).rstrip(), style)


def _cell(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={held}" for name, held in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)
