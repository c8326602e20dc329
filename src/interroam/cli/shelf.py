"""``interroam shelf``: what partners refused, or what kept failing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command
from interroam.cli.tables import moment, say, table

app = typer.Typer(help="The shelf: what partners refused.", no_args_is_help=True)

Numbers = Annotated[list[int], typer.Argument(help="Numbers of the shelf.")]
Party = Annotated[str, typer.Option(help="Only what was for this party, as NL-EEE/EMSP; with --lane.")]
Lane = Annotated[str, typer.Option(help="The lane of that party.")]
Limit = Annotated[int, typer.Option("--limit", "-n", help="How many at most.", min=1)]


@command(app, "list")
def list_(node: Reach, party: Party = "", lane: Lane = "charges", limit: Limit = 200) -> None:
    """List the shelf, oldest first."""
    node.show(node.call("GET", "/shelf", party=party, lane=lane if party else "", limit=limit), _shelf)


@command(app)
def retry(node: Reach, number: Numbers) -> None:
    """Try shelved entries again."""
    node.show(node.call("POST", "/shelf/retry", {"ids": number}), _tried)


@command(app)
def drop(node: Reach, number: Numbers) -> None:
    """Give shelved entries up: they will never be delivered."""
    node.call("POST", "/shelf/drop", {"ids": number})
    node.show({"given_up": number}, lambda _: say("given up"))


def _tried(done: dict[str, Any]) -> None:
    say(f"{done['count']} under way" if done["count"] else "nothing under way: nobody is told it any more")


def _shelf(answer: dict[str, Any]) -> None:
    rows = [
        (
            one["id"],
            moment(one["at"]),
            one["party"],
            one["lane"],
            one["seq"],
            one.get("object", ""),
            "poison" if one.get("poison") else one["reason"],
            one["message"],
        )
        for one in answer["shelf"]
    ]
    table(("no", "time (UTC)", "for", "lane", "entry", "object", "reason", "message"), rows, "the shelf is empty")
