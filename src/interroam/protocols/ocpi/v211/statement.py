"""The loss statement: what the bridge between 2.1.1 and 2.2.1 keeps, renames, approximates, loses and invents.

``python -m interroam.protocols.ocpi.v211`` prints the reference page; ``brief`` is for one conversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from . import cdrs, commands, peers, places, sessions, tariffs, tokens
from .hows import ASCII, CUT
from .table import POSES, Loss, Noted, Table

TABLES: tuple[Table, ...] = (
    *(places.LOCATION_DOWN, places.EVSE_DOWN, places.CONNECTOR_DOWN),
    *(places.LOCATION_UP, places.EVSE_UP, places.CONNECTOR_UP),
    *(tokens.TOKEN_DOWN, tokens.TOKEN_UP),
    *(tokens.REFERENCES_DOWN, tokens.REFERENCES_UP, tokens.AUTHORIZATION_DOWN, tokens.AUTHORIZATION_UP),
    *(sessions.SESSION_DOWN, sessions.SESSION_UP, cdrs.CDR_DOWN, cdrs.CDR_UP),
    *(tariffs.TARIFF_DOWN, tariffs.TARIFF_UP),
    *(commands.DOWN[name] for name in commands.DOWN),
    *(commands.UP[name] for name in commands.UP),
    *(commands.RESPONSE_DOWN, commands.RESPONSE_UP, commands.RESULT_DOWN, commands.RESULT_UP),
    *(peers.CREDENTIALS_DOWN, peers.CREDENTIALS_UP, peers.VERSION_DETAILS_DOWN, peers.VERSION_DETAILS_UP),
)
_TITLES = {"down": "2.2.1 → 2.1.1", "up": "2.1.1 → 2.2.1"}
_HEAD = f"""\
# What the bridge between OCPI 2.1.1 and 2.2.1 costs

Written by `make docs` from the tables that do the conversion (`protocols/ocpi/v211`), never by hand. What a partner of
2.1.1 sends is lifted to 2.2.1 at the door; what it gets is lowered when it is delivered. What a single conversion
really cost stands in the note of its trace.

- A field that is not listed is kept, also one that we do not know.
- A field of the other version is lost: {POSES}.
- Toward 2.1.1 times are approximated: {CUT}.
- Toward 2.1.1 text is escaped to ASCII and kept or, by a switch, approximated: {ASCII.why}.
"""
_MOST = 900


def brief(losses: Iterable[Noted], longest: int = _MOST) -> str:
    """Return what one conversion cost in one line, for the note of a trace; empty when it cost nothing."""
    by_class: dict[Loss, dict[str, None]] = {}
    for each in losses:
        text = f"{each.field} ({each.why})" if each.why else each.field
        by_class.setdefault(each.loss, {})[text] = None
    order = (Loss.LOST, Loss.APPROXIMATED, Loss.INVENTED)
    text = "; ".join(f"{loss.value} {', '.join(by_class[loss])}" for loss in order if loss in by_class)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def page() -> str:
    """Return the whole statement as Markdown."""
    return "\n".join((_HEAD, *(line for table in TABLES for line in section(table)))).rstrip() + "\n"


def section(table: Table) -> Iterator[str]:
    """Yield the lines on one object in one direction."""
    rows = list(_rows(table, ""))
    yield f"## {table.object}, {_TITLES[table.direction]}"
    yield ""
    if table.omitted:
        yield f"Left out altogether: {table.omitted}."
        yield ""
    costly = [row for row in rows if row[2] != Loss.KEPT.value]
    if costly:
        yield "| field | becomes | class | why |"
        yield "|---|---|---|---|"
        yield from (f"| {' | '.join(row)} |" for row in costly)
        yield ""
    changed = {row[0] for row in costly}
    plain = [row[0] for row in rows if row[0] not in changed]
    if plain:
        yield from wrap(f"Kept: {', '.join(plain)}.", 120, break_on_hyphens=False)
        yield ""


def _rows(table: Table, path: str) -> Iterator[tuple[str, str, str, str]]:
    listed = {each.object for each in TABLES}
    for rule in table.rules:
        source, target = _code(path, rule.source), _code(path, rule.target)
        told = [each for each in rule.outcomes if each.loss is not Loss.KEPT and each.why != CUT]
        yield from ((source, target, each.loss.value, each.why or "–") for each in told)
        if rule.inner is not None and rule.inner.object not in listed:
            if rule.inner.omitted:
                yield source, target, Loss.LOST.value, rule.inner.omitted
            yield from _rows(rule.inner, f"{path}{rule.source}.")
        elif not told:
            yield source, target, Loss.KEPT.value, ""


def _code(path: str, name: str) -> str:
    return f"`{path}{name}`" if name else "–"
