"""``interroam journal``, ``trace`` and ``dossier``: what happened; read from the files where no node runs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from interroam.cli.reach import NobodyHome, Reach, part
from interroam.cli.tables import moments, pairs, say, table
from interroam.cli.times import TIME
from interroam.core.audit import LOCAL
from interroam.core.finding.dossier import Archive
from interroam.core.office.office import journal as read_journal
from interroam.core.office.office import traces as read_traces
from interroam.core.parties.book import Book
from interroam.core.ports import Store

Limit = Annotated[int, typer.Option("--limit", "-n", help="How many at most.", min=1)]
Since = Annotated[datetime | None, typer.Option(help="From this time on; UTC.", **TIME)]
Until = Annotated[datetime | None, typer.Option(help="Before this time; UTC.", **TIME)]
At = Annotated[datetime | None, typer.Option(help="When the charge was, for a card or an EVSE; UTC.", **TIME)]
Export = Annotated[Path | None, typer.Option("--export", help="Write everything to this file (JSON).", dir_okay=False)]
Charge = Annotated[str, typer.Argument(help="Any id: of a session, CDR, command, authorization, card or EVSE.")]


def journal(
    node: Reach,
    limit: Limit = 50,
    after: Annotated[int | None, typer.Option(help="Entries after this number.")] = None,
    kind: Annotated[str, typer.Option(help="Only one kind, such as session.")] = "",
    correlation: Annotated[str, typer.Option(help="Only one exchange.")] = "",
) -> None:
    """Read the journal: every fact, in the order it was recorded."""

    async def look(store: Store, _book: Book) -> object:
        return {"lines": await read_journal(store, LOCAL, after, limit, kind, correlation)}

    asked = {"after": after, "limit": limit, "kind": kind, "correlation": correlation}
    node.show(_either(node, "/journal", asked, look), lambda answer: moments(answer["lines"]))


def trace(
    node: Reach,
    id: Annotated[str, typer.Argument(help="Any id an exchange carried.")] = "",
    partner: Annotated[str, typer.Option(help="Only with this partner.")] = "",
    since: Since = None,
    until: Until = None,
    limit: Limit = 200,
) -> None:
    """Read exchanges: every message in and out."""

    async def look(store: Store, _book: Book) -> object:
        return {"lines": await read_traces(store, LOCAL, id, partner, since, until, limit)}

    asked = {"id": id, "partner": partner, "since": since, "until": until, "limit": limit}
    node.show(_either(node, "/traces", asked, look), lambda answer: moments(answer["lines"]))


def dossier(node: Reach, charge: Charge, at: At = None, export: Export = None) -> None:
    """Tell the complete story of one charge."""

    async def look(store: Store, book: Book) -> object:
        return await Archive(store, book).dossier(LOCAL, charge, datetime.now(UTC), at)

    answer = _either(node, f"/dossiers/{part(charge)}", {"at": at}, look)
    if export is not None:
        export.write_bytes(msgspec.json.format(msgspec.json.encode(answer), indent=1))
        node.show({"file": str(export)}, lambda _: say(f"written to {escape(str(export))}"))
    else:
        node.show(answer, _dossier)


def _either(node: Reach, path: str, asked: dict[str, Any], look: Any) -> Any:
    """Ask the node; where none runs, read its files."""
    try:
        return node.ask("GET", path, **asked)
    except NobodyHome:
        return msgspec.to_builtins(node.read(look), str_keys=True)


def _dossier(answer: dict[str, Any]) -> None:
    if answer.get("summary"):
        say("[bold]The charge[/]")
        pairs(answer["summary"])
        say("")
    if answer.get("price"):
        _price(answer["price"])
    if answer.get("pieces"):
        rows = [(one["key"], one["hub_id"], one.get("receiver", "")) for one in answer["pieces"]]
        table(("object", "hub id", "told to"), rows)
        say("")
    moments(answer.get("story", []))


def _price(price: dict[str, Any]) -> None:
    color = {"pass": "green", "pass with remark": "yellow"}.get(price["outcome"], "red")
    currency, again = price["currency"], price.get("computed")
    computed = f"computed again {_amount(again)} {currency}" if again is not None else "and cannot be computed again"
    say(f"[bold]The price[/]  stated {_amount(price['stated'])} {currency}, {computed}: ", end="")
    say(f"[{color}]{price['outcome']}[/]")
    for line in (*price.get("differences", ()), *price.get("remarks", ())):
        say(f"  [dim]{escape(line)}[/]")
    say("")


def _amount(text: str) -> str:
    """Write money with the decimals it has, two at least."""
    value = Decimal(text)
    return f"{value:.2f}" if value == round(value, 2) else f"{value.normalize():f}"
