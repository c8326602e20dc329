"""The loss statement: what becomes of each field between eMIP and OCPI, which meet in the model.

``python -m interroam.protocols.emip`` prints the reference page. The tables stand in ``loss_tables.py``; the tests hold
them against the fields of both protocols and against what the translators do.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec


class Loss(StrEnum):
    """What becomes of a field on its way."""

    KEPT = "kept"
    RENAMED = "renamed"
    APPROXIMATED = "approximated"
    LOST = "lost"
    INVENTED = "invented"


class Direction(StrEnum):
    """Which way it goes."""

    TO_OCPI = "eMIP → OCPI"
    TO_EMIP = "OCPI → eMIP"


class Row(msgspec.Struct, frozen=True):
    """One field: its name here and there, what becomes of it, and why."""

    source: str
    target: str
    loss: Loss
    why: str = ""


class Table(msgspec.Struct, frozen=True):
    """All fields of one object in one direction."""

    object: str
    direction: Direction
    rows: tuple[Row, ...]
    note: str = ""


def kept(name: str, why: str = "") -> Row:
    """Return the row of a field that has the same name and says the same."""
    return Row(name, name, Loss.KEPT, why)


def renamed(source: str, target: str, why: str = "") -> Row:
    """Return the row of a field that says the same under another name."""
    return Row(source, target, Loss.RENAMED, why)


def approximated(source: str, target: str, why: str) -> Row:
    """Return the row of a field that says nearly the same."""
    return Row(source, target, Loss.APPROXIMATED, why)


def lost(source: str, why: str = "no such field there") -> Row:
    """Return the row of a field that is not told."""
    return Row(source, "", Loss.LOST, why)


def invented(target: str, why: str) -> Row:
    """Return the row of a field that nobody stated."""
    return Row("", target, Loss.INVENTED, why)


_HEAD = """\
# What is lost between eMIP and OCPI

Written by `make docs` from `protocols/emip/translate/loss_tables.py`, never by hand; the tests hold its tables against
the translators.

What comes in eMIP and goes out in eMIP goes as it came, also what nobody knows. Between the two protocols everything
goes through the model; below stands what that costs, object by object and both ways.
"""


def page(tables: tuple[Table, ...]) -> str:
    """Return the whole statement as Markdown."""
    return "\n".join((_HEAD, *(line for table in tables for line in section(table)))).rstrip() + "\n"


def section(table: Table) -> Iterator[str]:
    """Yield the lines on one object in one direction."""
    yield f"## {table.object}, {table.direction.value}"
    yield ""
    if table.note:
        yield table.note
        yield ""
    yield "| field | becomes | class | why |"
    yield "|---|---|---|---|"
    for row in table.rows:
        yield f"| {_code(row.source)} | {_code(row.target)} | {row.loss.value} | {row.why or '–'} |"
    yield ""


def _code(name: str) -> str:
    return f"`{name}`" if name else "–"
