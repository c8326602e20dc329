"""``interroam schedule``: what the node does by itself, and when."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command, part
from interroam.cli.tables import moment, table

app = typer.Typer(help="Schedules: what the node does by itself.", no_args_is_help=True)


@command(app, "list")
def list_(node: Reach) -> None:
    """List schedules."""
    node.show(node.call("GET", "/schedules"), lambda answer: _rows(answer["schedules"]))


@command(app, "set")
def set_(
    node: Reach,
    schedule: Annotated[str, typer.Argument(help="Its id, as pull/cpo/locations.")],
    rhythm: Annotated[str, typer.Argument(help="off, 'every 6h', or 'daily 03:00 Europe/Zurich'.")],
    spread: Annotated[float | None, typer.Option(help="A random delay of up to so many minutes.")] = None,
) -> None:
    """Give a schedule another rhythm, whatever the settings say."""
    wanted = {"rhythm": rhythm, "spread_minutes": spread}
    node.show(node.call("PUT", f"/schedules/{part(schedule)}", wanted), lambda answer: _rows([answer]))


def _rows(rows: list[dict[str, Any]]) -> None:
    lines = [
        (
            one["id"],
            one["rhythm"],
            f"{one['spread_minutes']:g} min" if one.get("spread_minutes") else "",
            "running" if one.get("running") else moment(one.get("due")) or "never",
            moment(one.get("last")),
            one.get("outcome", ""),
        )
        for one in rows
    ]
    table(("schedule", "rhythm", "spread", "due (UTC)", "last (UTC)", ""), lines, "nothing is scheduled")
