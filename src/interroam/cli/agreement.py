"""``interroam agreement``: who roams with whom, since when, and would this card be accepted there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command, part
from interroam.cli.tables import aware, error, moment, pairs, say, table

app = typer.Typer(help="Agreements: who roams with whom.", no_args_is_help=True)

Emsp = Annotated[str, typer.Argument(help="The eMSP, as NL*EEE/EMSP (or a hub, as FR*107/HUB).")]
Cpos = Annotated[list[str], typer.Argument(help="The CPOs, as CH*CCC/CPO.")]
Starts = Annotated[datetime | None, typer.Option("--from", help="When it starts (default: now); UTC.")]
Ends = Annotated[datetime | None, typer.Option("--until", help="When it ends; UTC.")]
Without = Annotated[list[str], typer.Option("--without", help="A module to leave out, such as tariffs; repeat it.")]
Policies = Annotated[list[str], typer.Option("--policy", help="How a module is delivered, as cdrs=strict; repeat it.")]
Id = Annotated[str, typer.Argument(help="The agreement, or the beginning of its id.")]


@command(app)
def add(
    node: Reach,
    emsp: Emsp,
    cpos: Cpos,
    starts: Starts = None,
    ends: Ends = None,
    without: Without = [],  # noqa: B006  typer's way to say none
    policy: Policies = [],  # noqa: B006  see above
) -> None:
    """Let an eMSP and some CPOs roam."""
    wanted = {
        "emsp": emsp,
        "cpos": cpos,
        "starts": aware(starts),
        "ends": aware(ends),
        "terms": _terms(without, policy),
    }
    node.show(node.call("POST", "/agreements", wanted), _agreement)


@command(app, "list")
def list_(node: Reach) -> None:
    """List agreements."""
    node.show(node.call("GET", "/agreements"), _agreements)


@command(app)
def terms(
    node: Reach,
    agreement: Id,
    include: Annotated[list[str], typer.Option("--with", help="A module to take in.")] = [],  # noqa: B006  see above
    without: Without = [],  # noqa: B006  see above
    policy: Policies = [],  # noqa: B006  see above
) -> None:
    """Change what an agreement says of some modules."""
    wanted = {**{module: {"on": True} for module in include}, **_terms(without, policy)}
    node.show(node.call("POST", f"/agreements/{part(agreement)}/terms", {"terms": wanted}), _agreement)


@command(app)
def end(
    node: Reach, agreement: Id, at: Annotated[datetime | None, typer.Option(help="When (default: now); UTC.")] = None
) -> None:
    """End an agreement; open charges are told to their end."""
    node.show(node.call("POST", f"/agreements/{part(agreement)}/end", {"at": aware(at)}), _agreement)


@command(app)
def explain(
    node: Reach,
    card: Annotated[str, typer.Argument(help="A card's uid, or a contract.")],
    evse: Annotated[str, typer.Argument(help="An EVSE, as CH*CCC*E123; or nothing, with --cpo.")] = "",
    cpo: Annotated[str, typer.Option(help="Anywhere at this CPO, as CH*CCC.")] = "",
    at: Annotated[datetime | None, typer.Option(help="When (default: now); UTC.")] = None,
) -> None:
    """Say whether a card would be accepted somewhere, why, and what would make it pass."""
    answer = node.call("GET", "/explain", card=card, evse=evse, cpo=cpo, at=aware(at))
    node.show(answer, _explanation)
    if not answer["accepted"]:
        raise typer.Exit(1)


def _terms(without: list[str], policies: list[str]) -> dict[str, dict[str, object]]:
    terms: dict[str, dict[str, object]] = {module: {"on": False} for module in without}
    for text in policies:
        module, equals, policy = text.partition("=")
        if not equals:
            error(f"{text!r} is no policy", "write it as cdrs=fifo; policies are strict, fifo, latest and none")
            raise typer.Exit(2)
        terms.setdefault(module, {})["policy"] = policy
    return terms


def _agreements(answer: dict[str, Any]) -> None:
    rows = [
        (
            one["id"],
            one["emsp"],
            one["cpos"],
            moment(one["starts"]),
            moment(one.get("ends")),
            one["in_force"],
            _changed(one.get("terms", {})),
        )
        for one in answer["agreements"]
    ]
    table(("agreement", "eMSP", "CPOs", "starts (UTC)", "ends", "in force", "terms"), rows, "no agreements yet")


def _agreement(one: dict[str, Any]) -> None:
    shown = {**one, "starts": moment(one["starts"]), "ends": moment(one.get("ends"))}
    pairs({**shown, "terms": _changed(one.get("terms", {})) or "everything"})


def _changed(terms: dict[str, dict[str, Any]]) -> str:
    said = []
    for module, one in terms.items():
        if not one.get("on", True):
            said.append(f"without {module}")
        if one.get("policy"):
            said.append(f"{module} {one['policy']}")
    return ", ".join(said)


def _explanation(answer: dict[str, Any]) -> None:
    say("[bold green]yes[/], it would be accepted" if answer["accepted"] else "[bold red]no[/], it would be refused")
    rows = [
        ("yes" if step["passed"] else "no", step["rule"], step["message"], step.get("remedy", ""))
        for step in answer["steps"]
    ]
    table(("", "rule", "because", "what would help"), rows)
