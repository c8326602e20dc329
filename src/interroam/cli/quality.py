"""``interroam quality``: what waits for approval, and what is wrong with what partners state."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command, part
from interroam.cli.tables import error, moment, say, table

app = typer.Typer(help="Quality: what waits for approval, what is wrong with it.", no_args_is_help=True)

Partner = Annotated[str, typer.Argument(help="The partner's id.")]
Place = Annotated[str, typer.Argument(help="A place as the list names it, such as location/ch*ccc/l1.")]
Fields = Annotated[str, typer.Argument(help="Fields as JSON, as a PATCH has them; {} adds nothing any more.")]


@command(app, "list")
def list_(node: Reach, partner: Annotated[str, typer.Option(help="Only what this partner stated.")] = "") -> None:
    """List what waits for approval, the oldest first."""
    node.show(node.call("GET", "/quality", partner=partner), _waiting)


@command(app)
def show(node: Reach, place: Place) -> None:
    """Show why one place waits, or a location with its EVSEs."""
    answer = node.call("GET", "/quality")
    below = place.replace("location/", "evse/", 1) + "/"
    found = [one for one in answer["waiting"] if one["object"] == place or one["object"].startswith(below)]
    node.show({"waiting": found}, _waiting)


@command(app)
def approve(node: Reach, place: Place) -> None:
    """Show a place to everybody entitled as its owner stated it last, a location with its EVSEs."""
    node.show(node.call("POST", "/quality/approve", {"object": place}), lambda done: say(f"{done['count']} approved"))


@command(app)
def reject(
    node: Reach, place: Place, reason: Annotated[str, typer.Option(help="What the sender is told.")] = ""
) -> None:
    """Drop what waits of a place; what was approved stays."""
    answer = node.call("POST", "/quality/reject", {"object": place, "reason": reason})
    node.show(answer, lambda done: say(f"{done['count']} rejected"))


@command(app)
def complete(node: Reach, place: Place, fields: Fields) -> None:
    """Add fields to a place, now and whenever its owner states it."""
    try:
        wanted = {"object": place, "fields": dict(json.loads(fields))}
    except (TypeError, ValueError) as trouble:
        error(f"the fields are no JSON object: {trouble}", """write them as '{"owner": {"name": "City"}}'""")
        raise typer.Exit(2) from None
    node.call("POST", "/quality/complete", wanted)
    node.show({"completed": place}, lambda _: say("completed"))


@command(app)
def recheck(node: Reach, partner: Partner) -> None:
    """Approve what lives up to the partner's rules as they are now."""
    node.show(node.call("POST", f"/partners/{part(partner)}/recheck"), lambda done: say(f"{done['count']} approved"))


@command(app)
def findings(node: Reach, partner: Partner) -> None:
    """Show a partner's quality page: what is wrong with what it stated."""
    node.show(node.call("GET", f"/partners/{part(partner)}/findings"), _findings)


def _waiting(answer: dict[str, Any]) -> None:
    rows = [
        (one["object"], one["partner"], moment(one["since"]), "new" if one.get("new") else "changed", _said(one))
        for one in answer["waiting"]
    ]
    table(("place", "partner", "since (UTC)", "what", "why"), rows, "nothing waits")


def _findings(answer: dict[str, Any]) -> None:
    rows = [
        (one["object"], moment(one["at"]), found["field"], "severe" if found.get("severe") else "", found["message"])
        for one in answer["findings"]
        for found in one["defects"]
    ]
    odd = [
        (one["message"], one["field"], one["what"], str(one["count"]), moment(one["last"]), one.get("example", ""))
        for one in answer.get("oddities", ())
    ]
    if rows or not odd:
        table(("object", "since (UTC)", "field", "", "what"), rows, "nothing is wrong")
    if odd:
        table(("message", "field", "what is odd", "times", "last (UTC)", "such as"), odd, "")


def _said(one: dict[str, Any]) -> str:
    return "; ".join(f"{found['field']} {found['message']}".strip() for found in one.get("defects", ()))
