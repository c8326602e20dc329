"""``interroam cdr``: CDRs whose price differs from what their agreement says."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command, part
from interroam.cli.tables import moment, pairs, table

app = typer.Typer(help="CDRs whose price is not as agreed.", no_args_is_help=True)


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
    party: Annotated[str, typer.Argument(help="Its CPO, as CH*CCC.")],
    cdr: Annotated[str, typer.Argument(help="The CDR's id.")],
) -> None:
    """Deliver a held CDR as it is."""
    node.show(node.call("POST", f"/cdrs/{part(party)}/{part(cdr)}/release"), pairs)


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
    table(("time (UTC)", "CPO", "CDR", "outcome", "stated", "computed", "released by", "why"), rows, "none")
