"""Writes the reference pages from the code: ``python -m interroam.cli.reference DIRECTORY``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import msgspec
import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from interroam.net.metrics import BOUNDS_S, METRICS
from interroam.settings import Knob, Settings, explained, knobs, words_of

_ROOMS = {"OCPI": "ocpi", "eMIP": "emip"}
_GENERATED = "<!-- written by `make docs` from the code; edit the code -->\n\n"


def commands_page() -> str:
    """Return the page of every command."""
    front = get_command(importlib.import_module("interroam.cli.main").app)
    _say_whole(front)
    context = typer.Context(front, info_name="interroam")
    with context:
        return _GENERATED + get_docs_for_click(obj=front, ctx=context, name="interroam").rstrip() + "\n"


def _say_whole(one: Any) -> None:
    """Let the lists of commands say the whole of a first sentence, which would be cut after 45 characters."""
    one.short_help = " ".join((one.help or "").split("\n\n")[0].split())
    for below in getattr(one, "commands", {}).values():
        _say_whole(below)


def settings_page() -> str:
    """Return the page of every setting."""
    lines = [
        "# Settings\n",
        "A node reads a TOML file (`interroam serve -c node.toml`) and `INTERROAM_*` variables; a variable outranks",
        "the file. Without either it is an empty hub on a free local port. In a variable, commas part a list.\n",
        '```toml\nname = "City hub"\nparty = "FR*107"\ndata = "/var/lib/interroam"\n',
        '[listen]\nhost = "0.0.0.0"\nport = 8443\npublic_url = "https://hub.example"\n```',
    ]
    group: tuple[str, ...] | None = None
    for knob in knobs():
        if knob.path[:-1] != group:
            group = knob.path[:-1]
            lines += _heading(group)
        name = ".".join(knob.path)
        lines.append(f"| `{name}` | `{knob.variable}` | {_default(knob)} | {_about(knob)} |")
    return _GENERATED + "\n".join(lines).replace("``", "`") + "\n"


def metrics_page() -> str:
    """Return the page of every metric."""
    bounds = ", ".join(map(str, BOUNDS_S))
    lines = [
        "# Metrics\n",
        "`GET /metrics` answers in Prometheus's format, to the networks of `metrics_from` only.\n",
        "| metric | kind | labels | what it says |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {kind} | {', '.join(labels) or '–'} | {text} |"
            for name, (kind, labels, text) in METRICS.items()
        ),
        f"\nThe histogram's bounds, in seconds: {bounds}.",
    ]
    return _GENERATED + "\n".join(lines) + "\n"


def profiles_page() -> str:
    """Return the page of every switch of every profile."""
    lines = [
        "# Profiles\n",
        "How a partner is treated is a table of switches. `interroam partner add --profile` says which profile a",
        "partner has, `--switch NAME=VALUE` sets one switch for this partner alone, which outranks the profile.",
    ]
    for title, room in _ROOMS.items():
        with suppress(ModuleNotFoundError):  # a protocol can be taken out of the house
            found = importlib.import_module(f"interroam.protocols.{room}.profiles")
            lines += [f"\n## {title}\n", *_switches(found.Switches, found.PROFILES)]
    return _GENERATED + "\n".join(lines).replace("``", "`") + "\n"


def _switches(table: type[msgspec.Struct], profiles: Mapping[str, object]) -> Iterator[str]:
    yield f"| switch | values | {' | '.join(f'`{name}`' for name in profiles)} | what it does |"
    yield f"|---|---|{'---|' * len(profiles)}---|"
    for field in msgspec.structs.fields(table):
        cells = [_values(field.type), *(_word(getattr(one, field.name)) for one in profiles.values())]
        about = explained(Knob((field.name,), field.type, field.default, table))
        yield f"| `{field.name}` | {' | '.join(cells)} | {about} |"


def _values(kind: object) -> str:
    if kind is str:
        return "text"
    if kind in (int, float):
        return "number"
    return " ".join(map(_word, get_args(kind) or (True, False)))


def _word(value: object) -> str:
    if value == "":
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _heading(group: tuple[str, ...]) -> Iterator[str]:
    title = f"`[{'.'.join(group)}]`" if group else "The node"
    yield f"\n## {title}\n"
    if group:
        about = next(field for field in msgspec.structs.fields(Settings) if field.name == group[0])
        yield f"{explained(Knob(group, about.type, about.default, Settings))}\n"
    yield "| setting | variable | default | what it does |"
    yield "|---|---|---|---|"


def _default(knob: Knob) -> str:
    value = knob.default
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, frozenset | tuple):
        return " ".join(f"`{one}`" for one in sorted(map(str, value)))
    return _word(value)


def _about(knob: Knob) -> str:
    words = ", ".join(f"`{word}`" for word in words_of(knob.type))
    return explained(knob) + (f" One of {words}." if words else "")


PAGES = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "metrics.md": metrics_page,
    "profiles.md": profiles_page,
}


def main(directory: Path) -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (directory / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
