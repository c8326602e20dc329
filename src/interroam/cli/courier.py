"""``interroam courier``: what is owed to whom, and how it travels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command
from interroam.cli.tables import console, moment, pairs, table
from interroam.cli.times import TIME

app = typer.Typer(help="Couriers: what is owed to whom.", no_args_is_help=True)

Party = Annotated[str, typer.Argument(help="Whom it serves, as NL-EEE/EMSP.")]
Lane = Annotated[str, typer.Argument(help="places, tokens, charges, outcomes, or all where it is strict.")]


@command(app, "list")
def list_(node: Reach) -> None:
    """List couriers."""
    node.show(node.call("GET", "/couriers"), _couriers)


@command(app)
def pause(node: Reach, party: Party, lane: Lane) -> None:
    """Hold a courier; what it owes waits."""
    node.show(node.call("POST", "/couriers/pause", {"party": party, "lane": lane}), pairs)


@command(app)
def resume(node: Reach, party: Party, lane: Lane) -> None:
    """Let a courier go on, at once."""
    node.show(node.call("POST", "/couriers/resume", {"party": party, "lane": lane}), pairs)


@command(app)
def drain(
    node: Reach,
    party: Party,
    lane: Lane,
    within: Annotated[float, typer.Option(help="Hold it after so many seconds at the latest.")] = 60.0,
) -> None:
    """Deliver what is owed as of now, then hold the courier."""
    wanted = {"party": party, "lane": lane, "within": within}
    with console().status("draining"):
        answer = node.call("POST", "/couriers/drain", wanted)
    node.show(answer, pairs)


@command(app)
def replay(
    node: Reach, party: Party, lane: Lane, since: Annotated[datetime, typer.Argument(help="Since when; UTC.", **TIME)]
) -> None:
    """Deliver everything since a moment again."""
    wanted = {"party": party, "lane": lane, "since": since}
    node.show(node.call("POST", "/couriers/replay", wanted), pairs)


def _couriers(answer: dict[str, Any]) -> None:
    rows = [
        (
            one["party"],
            one["lane"],
            one["through"],
            one["lag"],
            one.get("failures", 0),
            moment(one.get("retry_at")),
            "paused" if one.get("paused") else one.get("alert") or _seeding(one.get("seeds", 0)),
        )
        for one in answer["couriers"]
    ]
    table(("party", "lane", "through", "behind", "failures", "next try (UTC)", ""), rows, "nothing is owed to anybody")


def _seeding(parts: int) -> str:
    return f"{parts} parts of what stands are on their way" if parts else ""
