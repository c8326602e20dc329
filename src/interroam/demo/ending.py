"""The end of the story: the dossier of a charge, and what to try while the nodes stay up."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.markup import escape

from interroam.demo.cast import JONAS_CARD
from interroam.demo.charging import Charge
from interroam.demo.stage import Stage
from interroam.demo.story import Story

_ARROWS = {"in": "[green]→[/]", "out": "[cyan]←[/]", "fact": "[dim]·[/]"}
_USER = "demo"
_COSTS = " → OCPI: "
"""What the note of a translated message says."""


async def show_dossier(story: Story, stage: Stage, charge: Charge) -> None:
    """Show every exchange about a charge, in order, as the hub knows it."""
    story.chapter("The dossier: one charge, every message")
    with story.step("the hub's operator looks up the charge by its permission") as step:
        step.says(charge.reference)
        lines = (await stage.hub.admin.get("dossiers", charge.reference))["story"]
        what = " ".join(line["operation"].lower() for line in lines)
        for said, words in {"session": ("session",), "CDR": ("cdr",), "question": ("authorize", "authoris")}.items():
            step.must(any(word in what for word in words), f"the dossier has no {said}")
    columns = ("time", "", "partner", "what", "code", "took", "about")
    rows = [_row(line) for line in lines]
    story.table("→ to the hub   ← from the hub   · recorded in its journal", columns, rows, right=(5,))
    costs = [(line["operation"], line["note"]) for line in lines if _COSTS in line.get("note", "")]
    for operation, note in costs:
        story.say(f"[dim]{escape(operation.rpartition('_')[2])}, {escape(note)}[/]")


async def show_doors(story: Story, stage: Stage) -> None:
    """Make a log-in and print what to try."""
    await stage.hub.admin.put("users", _USER, body={"password": stage.password, "role": "admin", "bodies": True})
    hub, first = stage.hub, next(iter(stage.emsps.values()))
    command, config = _command(), f"-c {hub.config}"
    bearer = f"-H 'Authorization: Bearer {stage.tokens[first.folder.name]}'"
    asked = f"{JONAS_CARD.uid} '{_somewhere(stage)}'"
    story.doors(
        "the nodes stay up: try them in another terminal",
        {
            "the hub, as its operator (its socket file lets you in)": [
                f"{command} status {config}",
                f"{command} partner list {config}",
                f"{command} agreement explain {asked} {config}",
                f"{command} journal -n 20 {config}",
                f"{command} courier list {config}",
                f"{command} dossier VLT-S-1002 {config}",
            ],
            f"the hub from elsewhere, with a log-in ({_USER} / {stage.password})": [
                f"INTERROAM_USER={_USER} INTERROAM_PASSWORD={stage.password} {command} partner list --url {hub.url}",
            ],
            "a provider's node, as its back office": [
                f"curl {bearer} '{first.url}/api/v1/locations?limit=2'",
                f"curl -N {bearer} {first.url}/api/v1/facts/stream",
            ],
            "addresses": [
                f"{first.url}/api/v1/openapi.json",
                f"{hub.url}/ocpi/versions  (where partners register, with the token they were given)",
                *([f"{hub.url}/emip/iop?wsdl"] if stage.guests else []),
                f"{hub.url}/metrics",
                *(f"{node.url}  {node.folder}" for node in stage.nodes),
            ],
        },
    )
    story.say("[dim]Ctrl-C ends all of it.[/]")


def _command() -> str:
    """The command as it can be typed here."""
    if shutil.which("interroam"):
        return "interroam"
    return os.path.relpath(sys.argv[0]) if Path(sys.argv[0]).name == "interroam" else f"{sys.executable} -m interroam"


def _somewhere(stage: Stage) -> str:
    return next(spot.evse_id for spot in stage.spots if spot.party == "CH*VLT")


def _row(line: dict[str, Any]) -> list[str]:
    at = datetime.fromisoformat(line["at"])
    latency = line.get("latency_ms")
    fact, said = line["what"] == "fact", line.get("note", "")
    return [
        f"[dim]{at:%H:%M:%S}.{at.microsecond // 1000:03}[/]",
        _ARROWS[line["what"]],
        "" if fact else escape(line["partner"]),
        f"[dim]{escape(line['operation'])}[/]" if fact else escape(line["operation"].removeprefix("ocpi ")),
        escape(line.get("code", "")),
        f"{latency:.1f} ms" if latency is not None else "",
        f"[dim]{'translated' if _COSTS in said else escape(said.partition(' for ')[0])}[/]",
    ]
