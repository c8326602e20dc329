"""The end of the story: the dossier of a charge, and what to try while the nodes stay up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.markup import escape

from interroam.demo.charging import Charge
from interroam.demo.stage import Stage
from interroam.demo.story import Story

_ARROWS = {"in": "[green]→[/]", "out": "[cyan]←[/]", "fact": "[dim]·[/]"}
_USER = "demo"


async def show_dossier(story: Story, stage: Stage, charge: Charge) -> None:
    """Show every exchange about a charge, in order, as the hub knows it."""
    story.chapter("The dossier: one charge, every message")
    with story.step(f"the hub's operator looks up session {charge.id}") as step:
        dossier = await stage.hub.admin.get("dossiers", charge.id)
        lines = dossier["story"]
        step.must(any(line["operation"].startswith("session") for line in lines), "the dossier has no session")
        step.must(any("cdr" in line["operation"] for line in lines), "the dossier has no CDR")
        step.must(any("authorize" in line["operation"].lower() for line in lines), "the dossier has no question")
    columns = ("time", "", "partner", "what", "code", "took", "about")
    rows = [_row(line) for line in lines]
    story.table("→ to the hub   ← from the hub   · recorded in its journal", columns, rows, right=(5,))


async def show_doors(story: Story, stage: Stage) -> None:
    """Make a log-in and print what to try."""
    await stage.hub.admin.put("users", _USER, body={"password": stage.password, "role": "admin", "bodies": True})
    hub, nord = stage.hub, stage.emsps
    config = f"-c {hub.config}"
    first = next(iter(nord.values()))
    token = stage.tokens[first.folder.name]
    lines = [
        "[bold]the hub[/], as its operator (the socket file lets you in):",
        f"  [green]interroam status {config}[/]",
        f"  [green]interroam partner list {config}[/]",
        f"  [green]interroam agreement list {config}[/]",
        "  [green]interroam agreement explain --help[/]",
        f"  [green]interroam journal -n 20 {config}[/]",
        f"  [green]interroam courier list {config}[/]",
        f"  [green]interroam dossier VLT-S-1002 {config}[/]",
        "",
        f"[bold]from elsewhere[/], with a log-in ({_USER} / {stage.password}):",
        f"  [green]INTERROAM_USER={_USER} INTERROAM_PASSWORD={stage.password} \\\\[/]",
        f"  [green]  interroam partner list --url {hub.url}[/]",
        "",
        "[bold]as a provider's back office[/]:",
        f"  [green]curl -H 'Authorization: Bearer {token}' '{first.url}/api/v1/locations?limit=2'[/]",
        f"  [green]curl -N -H 'Authorization: Bearer {token}' {first.url}/api/v1/facts/stream[/]",
        "",
        f"[bold]the API[/] [cyan]{first.url}/api/v1/openapi.json[/]   [bold]metrics[/] [cyan]{hub.url}/metrics[/]",
        "",
        *(f"[dim]{node.folder.name:<10} {node.url}  {node.config}[/]" for node in stage.nodes),
    ]
    story.panel("the nodes stay up: try them", lines, border_style="green")
    story.say("[dim]Ctrl-C ends all of it.[/]")


def _row(line: dict[str, Any]) -> list[str]:
    at = datetime.fromisoformat(line["at"])
    latency = line.get("latency_ms")
    about = " ".join(part for part in (line.get("object", ""), line.get("note", "")) if part)
    return [
        f"[dim]{at:%H:%M:%S}.{at.microsecond // 1000:03}[/]",
        _ARROWS[line["what"]],
        escape(line["partner"] if line["partner"] != "-" else "the hub"),
        escape(line["operation"]),
        escape(line.get("code", "")),
        f"{latency:.1f} ms" if latency is not None else "",
        f"[dim]{escape(about)}[/]",
    ]
