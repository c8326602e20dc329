"""The command line as a whole: its commands by what they are for, and slips said in a line as all that goes wrong."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from interroam.cli.tables import error

_Misused: Any = typer.BadParameter.__base__
"""What every slip at the command line is; typer has no public name for it."""


PANELS = ("Run a node", "Who roams with whom", "What happened", "What is on its way", "Places, prices and drivers")


class Front(TyperGroup):
    """Everything that can be typed after ``interroam``."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands, those of one purpose beside each other."""
        purpose = {name: getattr(one, "rich_help_panel", None) for name, one in self.commands.items()}
        return sorted(super().list_commands(ctx), key=lambda name: PANELS.index(purpose[name]))

    def main(self, *args: Any, **more: Any) -> Any:
        """Run what was typed, and end with its code."""
        try:
            code = super().main(*args, **{**more, "standalone_mode": False})
        except _Misused as slip:
            code = slip.exit_code
            _explain(slip)
        except typer.Abort:
            code = 1
            error("nothing was done")
        except OSError as trouble:
            code = 1
            error(told(trouble))
        sys.exit(code)


def told(trouble: OSError) -> str:
    """Say what the system says, without its number."""
    return ": ".join(str(one) for one in (trouble.filename, trouble.strerror or trouble) if one)


def _explain(slip: Any) -> None:
    said = slip.format_message()
    if said:  # a noun without a verb has been answered with its help
        path = slip.ctx.command_path if slip.ctx else "interroam"
        error(said[:1].lower() + said[1:].rstrip("."), f"{path} --help")
