"""``interroam party``: who may act, whichever partners speak for it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command
from interroam.cli.tables import table

app = typer.Typer(help="Parties: who may act, whichever partners speak for it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A party in its role, as FR-C01/CPO.")]


@command(app, "list")
def list_(node: Reach) -> None:
    """List the parties that are switched off."""
    node.show(node.call("GET", "/parties/suspended"), _shown)


@command(app)
def suspend(node: Reach, name: Name) -> None:
    """Switch a party off: nothing is done in its name."""
    node.show(node.call("POST", "/parties/suspend", {"party": name}), _shown)


@command(app)
def resume(node: Reach, name: Name) -> None:
    """Switch a party on again."""
    node.show(node.call("POST", "/parties/resume", {"party": name}), _shown)


def _shown(answer: dict[str, Any]) -> None:
    table(("suspended",), [(one,) for one in answer["suspended"]], "no party is suspended")
