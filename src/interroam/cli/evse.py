"""``interroam evse``: what is to stand under charging points."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Annotated, Any

import typer

from interroam.cli.reach import Reach, command
from interroam.cli.tables import error, say

app = typer.Typer(help="EVSEs: the labels that stand under them.", no_args_is_help=True)

_SHEET = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>EVSE labels</title><style>
body { font-family: sans-serif; margin: 8mm; }
div { border: 0.3mm dashed #888; border-radius: 2mm; display: inline-block; margin: 2mm; padding: 5mm; width: 80mm;
  break-inside: avoid; text-align: center; }
b { display: block; font: bold 16pt monospace; overflow-wrap: anywhere; }
small { color: #444; }
</style></head><body>
%s
</body></html>
"""
_LABEL = "<div><b>{evse_id}</b><small>{location}{reference}<br>{address}</small></div>"


@command(app)
def labels(
    node: Reach,
    party: Annotated[str, typer.Option(help="The CPO, such as FR-C01.")],
    location: Annotated[str, typer.Option(help="One of its locations; empty: all.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write a sheet to print (HTML) to this file.")] = None,
) -> None:
    """Show the ids that are to stand under EVSEs, or write them as a sheet to print."""
    answer = node.call("GET", "/evses", party=party, location=location)
    known = [one for one in answer["evses"] if one.get("evse_id")]
    for one in answer["evses"]:
        if not one.get("evse_id"):
            error(f"EVSE {one['uid']} of location {one['location_id']} has no eMI3 id", "state its evse_id")
    if out is None:
        node.show({"evses": known}, _lines)
        return
    out.write_text(_SHEET % "\n".join(_labels(known)), encoding="utf-8")
    node.show({"labels": len(known), "file": str(out)}, lambda done: say(f"{done['labels']} labels in {done['file']}"))


def _labels(signs: Iterable[dict[str, Any]]) -> Iterable[str]:
    for one in signs:
        reference = f", {one['reference']}" if one.get("reference") else ""
        shown = {name: escape(one[name]) for name in ("evse_id", "location", "address")}
        yield _LABEL.format(**shown, reference=escape(reference))


def _lines(answer: dict[str, Any]) -> None:
    for one in answer["evses"]:
        say(f"{one['evse_id']}   {one['location']}, {one['address']}")
