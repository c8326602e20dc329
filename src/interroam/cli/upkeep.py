"""``interroam driver``, ``keys``, ``backup``, ``restore``, ``audit`` and ``status``: keeping a node well."""

from __future__ import annotations

from asyncio import run
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from interroam.cli.reach import Reach, Yes, command, sure
from interroam.cli.tables import error, moment, pairs, progress, say, table
from interroam.core.parties.book import Book
from interroam.core.ports import Store
from interroam.model.errors import Refused, Unavailable
from interroam.store.restoring import restore as restored

driver = typer.Typer(help="Drivers: the right to be forgotten.", no_args_is_help=True)
keys = typer.Typer(help="Keys: the node's own secrets.", no_args_is_help=True)

Type = Annotated[str, typer.Option(help="RFID, APP_USER, AD_HOC_USER, OTHER, or contract.")]
Target = Annotated[Path, typer.Argument(help="The copy to write.", dir_okay=False)]


@command(driver)
def erase(
    node: Reach, uid: Annotated[str, typer.Argument(help="The card's uid.")], type: Type = "RFID", yes: Yes = False
) -> None:
    """Forget who a driver is: ids become a pseudonym; times, energy and amounts stay."""
    sure("This cannot be undone. Erase?", yes=yes)
    answer = node.call("POST", "/drivers/erase", {"type": type, "uid": uid})
    node.show(answer, _erased)


@command(keys)
def rotate(node: Reach) -> None:
    """Put a new key in front: new secrets use it, old ones are still recognized."""
    node.show(node.call("POST", "/keys/rotate"), lambda done: say(f"{done['count']} keys are recognized now"))


def backup(node: Reach, target: Target) -> None:
    """Write a consistent copy of journal and picture, also while the node runs."""
    node.needs_files()
    if target.exists():
        error(f"{target} exists already", "name another: nothing is written over")
        raise typer.Exit(1)
    if not target.parent.is_dir():
        error(f"there is no directory {target.parent}")
        raise typer.Exit(1)
    columns = (TextColumn("copying"), BarColumn(), MofNCompleteColumn(), TextColumn("pages"), TimeRemainingColumn())
    with progress(*columns) as bars:
        task = bars.add_task("copy", total=None)

        async def look(store: Store, _book: Book) -> None:
            await store.backup(str(target), lambda done, total: bars.update(task, completed=done, total=total))

        node.read(look)
    files = target.iterdir() if target.is_dir() else (target,)  # PostgreSQL's is a folder
    answer = {"target": str(target), "bytes": sum(file.stat().st_size for file in files)}
    node.show(answer, lambda done: say(f"{done['bytes']:,} bytes in {done['target']}; keep {_keys(node)} with it"))


def restore(
    node: Reach,
    copy: Annotated[Path, typer.Argument(help="What `interroam backup` wrote.")],
    to: Annotated[str, typer.Option(help="A file or postgresql://… (default: where the node's settings say).")] = "",
) -> None:
    """Make a store of a copy, where there is none yet; the node is not running."""
    node.needs_files()
    target = to or node.settings.database
    columns = (TextColumn("restoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with progress(*columns) as bars:
            task = bars.add_task("restore", total=None)
            run(restored(copy, target, lambda done, total: bars.update(task, completed=done, total=total)))
    except (Refused, Unavailable) as no:
        error(no.message, no.remedy if isinstance(no, Refused) else "")
        raise typer.Exit(1) from None
    shown = urlsplit(target)._replace(netloc=urlsplit(target).netloc.rpartition("@")[2]).geturl()  # without a password
    missing = "" if node.settings.key_file.exists() else f"; put the keys back too: {_keys(node)}"
    node.show({"target": shown}, lambda done: say(f"restored to {done['target']}{missing}"))


def audit(
    node: Reach, limit: Annotated[int, typer.Option("--limit", "-n", help="How many of the newest lines.", min=1)] = 100
) -> None:
    """Read who did what."""
    node.show(node.call("GET", "/audit", limit=limit), _audit)


def status(node: Reach) -> None:
    """Say how the node is."""
    node.show(node.call("GET", "/node"), _status)


def _erased(done: dict[str, Any]) -> None:
    count = done["count"]
    say(f"{count} rows, entries and documents rewritten" if count else "nothing here named this driver")


def _keys(node: Reach) -> str:
    return str(node.settings.key_file)


def _audit(answer: dict[str, Any]) -> None:
    rows = [
        (
            moment(line["at"]),
            line["actor"],
            line["action"],
            line.get("object", ""),
            " ".join(f"{name}={value}" for name, value in line.get("detail", {}).items()),
        )
        for line in answer["audit"]
    ]
    table(("time (UTC)", "who", "did", "to", "with"), rows, "nobody did anything yet")


def _status(answer: dict[str, Any]) -> None:
    counts = answer.pop("counts")
    states = answer.pop("partners")
    pairs({**answer, **{f"partners {state}": count for state, count in states.items() if count}, **counts})
