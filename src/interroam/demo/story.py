"""Tells a story in a terminal: chapters, steps that are checked, times; green is done, red is where it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleDimensions, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_WIDEST = 110
_SPINNER = "dots"


class StepError(Exception):
    """A step of the story did not come out as it must."""


class Step:
    """One step while it runs: what it found out is told below it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def says(self, line: str) -> None:
        """Tell a detail (Rich markup)."""
        self.lines.append(line)

    def must(self, truth: object, otherwise: str) -> None:
        """Stop the story unless this holds."""
        if not truth:
            raise StepError(otherwise)


class Story:
    """What is told, and how long it took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        # Lines longer than this are hard to read; where nobody looks (a pipe, a log) nothing is cut.
        width = min(self.console.width, _WIDEST) if self.console.is_terminal else _WIDEST
        self.console.size = ConsoleDimensions(width, self.console.height)
        self.steps = 0
        self._began = time.monotonic()
        self._chapter = 0

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def title(self, text: str, below: str) -> None:
        """Open the book."""
        said = Group(Text.from_markup(text, justify="center"), Text.from_markup(below, style="dim", justify="center"))
        self.console.print()
        self.console.print(Panel(said, border_style="cyan", padding=(1, 4)))

    def chapter(self, text: str) -> None:
        """Turn a page."""
        self._chapter += 1
        self.console.print()
        self.console.print(Rule(f"[bold cyan]{self._chapter}[/]  [bold]{text}[/]", align="left", style="cyan"))

    @contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """Tell one step: a spinner while it runs, then its mark and how long it took."""
        step = Step()
        began = time.monotonic()
        try:
            with self.console.status(text, spinner=_SPINNER):
                yield step
        except BaseException as trouble:
            self._line("[red]✗[/]", f"[red]{text}[/]", began, step.lines)
            if isinstance(trouble, Exception):
                what = str(trouble) or type(trouble).__name__
                self.console.print(Padding(Text(what, style="red"), (0, 0, 0, 13)))
            raise
        self.steps += 1
        self._line("[green]✓[/]", text, began, step.lines)

    def say(self, text: str) -> None:
        """Say something between the steps."""
        self.console.print(Padding(Text.from_markup(text), (0, 0, 0, 2)))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> None:
        """Show a table."""
        table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
        for place, name in enumerate(columns):
            table.add_column(name, justify="right" if place in right else "left", no_wrap=place < 4)
        for row in rows:
            table.add_row(*row)
        self.console.print(Padding(table, (1, 0, 0, 2)))

    def panel(self, title: str, lines: Sequence[str], **given: Any) -> None:
        """Show lines in a frame."""
        text = Group(*(Text.from_markup(line, overflow="fold") for line in lines))
        self.console.print()
        self.console.print(Panel(text, title=f"[bold]{title}", title_align="left", padding=(1, 2), **given))

    def doors(self, title: str, doors: Mapping[str, Sequence[str]]) -> None:
        """Show what can be typed, each on one line of its own so that it can be copied."""
        self.console.print()
        self.console.print(Rule(f"[bold]{title}[/]", align="left", style="green"))
        for name, lines in doors.items():
            self.console.print(f"\n  [bold]{name}[/]")
            for line in lines:
                self.console.print(Text(f"    {line}", style="green"), soft_wrap=True)
        self.console.print()

    def _line(self, mark: str, text: str, began: float, below: Sequence[str]) -> None:
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(justify="right", width=9, no_wrap=True)
        grid.add_column(width=1)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", width=8, no_wrap=True)
        took = time.monotonic() - began
        grid.add_row(f"[dim]{self.seconds:6.2f} s[/]", mark, text, f"[dim]{_short(took)}[/]")
        for line in below:
            grid.add_row("", "", f"[dim]{line}[/]" if not line.startswith("[") else line, "")
        self.console.print(grid)


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
