"""``interroam``: every command, by noun."""

from __future__ import annotations

import importlib
from contextlib import suppress
from importlib.metadata import version
from typing import Annotated

import typer

from interroam.cli import (
    agreement,
    cdr,
    certificate,
    courier,
    evse,
    objects,
    partner,
    party,
    pull,
    quality,
    schedule,
    shelf,
    story,
    upkeep,
    user,
)
from interroam.cli.check import check
from interroam.cli.front import PANELS, Front
from interroam.cli.price import price
from interroam.cli.reach import command
from interroam.cli.serve import serve
from interroam.cli.tables import say

app = typer.Typer(
    name="interroam",
    cls=Front,
    help="An open roaming hub for electric-vehicle charging.",
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        say(version("interroam"))
        raise typer.Exit


@app.callback()
def _interroam(
    _shown: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


_RUN, _WHO, _STORY, _WAY, _THINGS = PANELS

app.command(rich_help_panel=_RUN)(serve)
with suppress(ModuleNotFoundError):
    app.command("demo", rich_help_panel=_RUN)(importlib.import_module("interroam.demo.main").demo)
command(app, rich_help_panel=_RUN)(upkeep.status)
command(app, rich_help_panel=_RUN)(upkeep.backup)
command(app, rich_help_panel=_RUN)(upkeep.restore)
app.add_typer(user.app, name="user", rich_help_panel=_RUN)
app.add_typer(upkeep.keys, name="keys", rich_help_panel=_RUN)
partner.app.add_typer(certificate.app, name="certificate")
app.add_typer(partner.app, name="partner", rich_help_panel=_WHO)
app.add_typer(party.app, name="party", rich_help_panel=_WHO)
app.add_typer(agreement.app, name="agreement", rich_help_panel=_WHO)
command(app, rich_help_panel=_STORY)(story.dossier)
command(app, rich_help_panel=_STORY)(story.trace)
command(app, rich_help_panel=_STORY)(story.journal)
command(app, rich_help_panel=_STORY)(upkeep.audit)
command(app, rich_help_panel=_WAY)(pull.pull)
command(app, rich_help_panel=_WAY)(pull.push)
app.add_typer(schedule.app, name="schedule", rich_help_panel=_WAY)
app.add_typer(courier.app, name="courier", rich_help_panel=_WAY)
app.add_typer(shelf.app, name="shelf", rich_help_panel=_WAY)
command(app, "import", rich_help_panel=_THINGS)(objects.import_)
app.command(rich_help_panel=_THINGS)(check)
app.command(rich_help_panel=_THINGS)(price)
app.add_typer(cdr.app, name="cdr", rich_help_panel=_THINGS)
app.add_typer(evse.app, name="evse", rich_help_panel=_THINGS)
app.add_typer(quality.app, name="quality", rich_help_panel=_THINGS)
app.add_typer(upkeep.driver, name="driver", rich_help_panel=_THINGS)
