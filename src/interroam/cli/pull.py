"""``interroam pull`` and ``push``: fetch what a partner has, tell it what it may know, now."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn

from interroam.cli.reach import Reach
from interroam.cli.tables import console, error, moment, progress, say, table
from interroam.cli.times import TIME

_LOOK_S = 0.2

Partner = Annotated[str, typer.Argument(help="The partner's id; none: how the last pulls went.")]
Module = Annotated[str, typer.Argument(help="locations, tariffs, tokens, sessions or cdrs; none: all it owns.")]
Since = Annotated[datetime | None, typer.Option(help="Fetch what changed since then; UTC.", **TIME)]
Full = Annotated[bool, typer.Option("--full", help="Fetch everything, and see what is there no more.")]
Withdraw = Annotated[
    bool, typer.Option("--withdraw", help="Fetch nothing: withdraw what the last full pull did not hold.")
]


def pull(
    node: Reach,
    partner: Partner = "",
    module: Module = "",
    since: Since = None,
    full: Full = False,
    withdraw: Withdraw = False,
) -> None:
    """Fetch what a partner has: what changed since the last time, unless told otherwise."""
    if not partner:
        node.show(node.call("GET", "/pulls"), _pulls)
    elif withdraw:
        if not module:
            error("withdraw which module?", f"interroam pull {partner} locations --withdraw")
            raise typer.Exit(2)
        answer = node.call("POST", "/pulls/withdraw", {"partner": partner, "module": module})
        node.show(answer, lambda done: say(f"{done['count']} {module} withdrawn"))
    else:
        wanted = {"partner": partner, "module": module or None, "since": since, "whole": full}
        begun = node.call("POST", "/pulls", wanted)["pulls"]
        if not begun:
            error(f"{partner} has nothing that can be fetched", "lists are fetched from partners of OCPI and eMIP")
            raise typer.Exit(1)
        answer = _followed(node, {(one["partner"], one["module"]) for one in begun})
        node.show(answer, _pulls)
        if any(one["stage"] == "failed" for one in answer["pulls"]):
            raise typer.Exit(1)


def push(
    node: Reach,
    partner: Annotated[str, typer.Argument(help="The partner's id.")],
    module: Annotated[str, typer.Argument(help="locations, tariffs or tokens; none: all of them.")] = "",
) -> None:
    """Tell a partner once more what it may know, as it stands: places with their statuses, tariffs, tokens."""
    node.show(node.call("POST", "/pushes", {"partner": partner, "module": module or None}), _pushed)


def _pushed(answer: dict[str, Any]) -> None:
    if answer["count"]:
        parts = "1 part is" if answer["count"] == 1 else f"{answer['count']} parts are"
        say(f"{parts} being sent once more; `interroam courier list` says how far that is")
    else:
        say("there is nothing that the partner is sent")


def _followed(node: Reach, wanted: set[tuple[str, str]]) -> dict[str, Any]:
    """Look until all of these pulls have ended, with a bar for each."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("objects"))
    bars: dict[str, TaskID] = {}
    with progress(*columns) as shown:
        while True:
            answer: dict[str, Any] = node.call("GET", "/pulls")
            for part in ("pulls", "absences"):
                answer[part] = [one for one in answer[part] if (one["partner"], one["module"]) in wanted]
            for one in answer["pulls"]:
                if one["module"] not in bars:
                    bars[one["module"]] = shown.add_task(one["module"], total=None)
                shown.update(bars[one["module"]], completed=one["objects"], total=one["total"] or None)
            if not any(one["stage"] == "running" for one in answer["pulls"]):
                return answer
            time.sleep(_LOOK_S)


def _pulls(answer: dict[str, Any]) -> None:
    rows = [
        (
            one["partner"],
            one["module"],
            one["stage"],
            moment(one["since"]) or "the beginning",
            *(one[figure] for figure in ("pages", "objects", "recorded", "refused", "absent")),
            one["message"],
        )
        for one in answer["pulls"]
    ]
    columns = ("partner", "module", "", "since (UTC)", "pages", "objects", "new", "refused", "absent", "")
    table(columns, rows, "nothing was fetched yet")
    for one in answer["pulls"]:
        for finding in one["findings"]:
            say(f"[dim]{one['module']}:[/] ", end="")
            console().print(finding, markup=False)
    for one in answer["absences"]:
        command = f"interroam pull {one['partner']} {one['module']} --withdraw"
        say(f"{one['count']} of {one['of']} {one['module']} are absent; if that is right: [bold]{command}[/]")
