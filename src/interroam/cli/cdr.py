"""``interroam cdr``: charges that are held, for their price or since nobody stated their card."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command, part
from interroam.cli.tables import moment, pairs, say, table

app = typer.Typer(help="Charges that are held: for a price as agreed, or for their card.", no_args_is_help=True)

Waiting = Annotated[list[str], typer.Argument(help="Ids, as `interroam cdr waiting` shows them.")]


@command(app)
def held(node: Reach) -> None:
    """List the CDRs that are held: recorded, and not delivered yet."""
    node.show(node.call("GET", "/cdrs/weighed", held="true"), _cdrs)


@command(app)
def remarks(node: Reach) -> None:
    """List all CDRs whose price was remarked upon."""
    node.show(node.call("GET", "/cdrs/weighed"), _cdrs)


@command(app)
def release(
    node: Reach,
    party: Annotated[str, typer.Argument(help="Its CPO, as CH-CCC.")],
    cdr: Annotated[str, typer.Argument(help="The CDR's id.")],
) -> None:
    """Deliver a held CDR as it is."""
    node.show(node.call("POST", f"/cdrs/{part(party)}/{part(cdr)}/release"), pairs)


@command(app)
def waiting(node: Reach) -> None:
    """List the sessions and CDRs of OCPI 2.1.1 that wait: nobody stated their card yet."""
    node.show(node.call("GET", "/charges/waiting"), _waiting)


@command(app)
def retry(node: Reach, ids: Waiting) -> None:
    """Try again to tell what waits; it also happens by itself when a card of its contract is stated."""
    done = node.call("POST", "/charges/waiting/retry", {"ids": ids})
    node.show(done, lambda answer: say(f"{answer['count']} of {len(ids)} told"))


@command(app)
def drop(node: Reach, ids: Waiting) -> None:
    """Give up what waits: nobody will ever be told of it."""
    node.call("POST", "/charges/waiting/drop", {"ids": ids})
    node.show({"given_up": ids}, lambda _: say("given up"))


def _waiting(answer: dict[str, Any]) -> None:
    rows = [
        (moment(one["since"]), one["id"], one["partner"], one["object"], one["why"], one["passes"])
        for one in answer["waiting"]
    ]
    table(("since (UTC)", "id", "partner", "object", "why", "passes when"), rows, "nothing waits")


def _cdrs(answer: dict[str, Any]) -> None:
    rows = [
        (
            moment(one["at"]),
            one["party"],
            one["id"],
            one["outcome"],
            one["stated"],
            one.get("computed", ""),
            one.get("released", ""),
            one["message"],
        )
        for one in answer["cdrs"]
    ]
    table(("time (UTC)", "CPO", "CDR", "outcome", "stated", "computed", "released by", "why"), rows, "no CDRs")
