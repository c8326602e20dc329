"""``interroam user``: who may work with the node from elsewhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape

from interroam.cli.reach import Reach, ask_secret, command, part
from interroam.cli.tables import moment, say, table

app = typer.Typer(help="Users: who may work with the node from elsewhere.", no_args_is_help=True)


class Rank(StrEnum):
    """What a user may do."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


Name = Annotated[str, typer.Argument(help="The user's name.")]
Password = Annotated[
    str, typer.Option(help="Ten characters or more; asked for where it is not given.", envvar="INTERROAM_PASSWORD")
]
Role = Annotated[Rank, typer.Option(help="viewer looks, operator works with deliveries, admin changes who is who.")]
Bodies = Annotated[bool, typer.Option("--bodies", help="May read messages and whole card ids.")]


@command(app)
def add(node: Reach, name: Name, password: Password = "", role: Role = Rank.VIEWER, bodies: Bodies = False) -> None:
    """Add a user, or change one."""
    wanted = {"password": password or ask_secret("Password"), "role": role.value, "bodies": bodies}
    node.show(node.call("PUT", f"/users/{part(name)}", wanted), lambda one: _users({"users": [one]}))


@command(app, "list")
def list_(node: Reach) -> None:
    """List users."""
    node.show(node.call("GET", "/users"), _users)


@command(app)
def remove(node: Reach, name: Name) -> None:
    """Remove a user, logged in or not."""
    node.call("DELETE", f"/users/{part(name)}")
    node.show({"removed": name}, lambda _: say(f"{escape(name)} is removed"))


@command(app)
def logout(node: Reach) -> None:
    """End your log-in at a node elsewhere (--url), which else ends twenty minutes after its last use."""
    ended = node.log_out()
    node.show({"logged_out": ended}, lambda _: say("you are logged out" if ended else "you were not logged in"))


def _users(answer: dict[str, Any]) -> None:
    rows = [(one["name"], one["role"], one["bodies"], moment(one.get("since"))) for one in answer["users"]]
    table(("user", "role", "reads bodies", "since (UTC)"), rows, "no users yet")
