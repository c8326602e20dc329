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
from interroam.cli.price import price
from interroam.cli.reach import command
from interroam.cli.serve import serve
from interroam.cli.tables import say

app = typer.Typer(
    name="interroam",
    help="An open roaming hub for electric-vehicle charging.",
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


app.command()(serve)
with suppress(ModuleNotFoundError):
    app.command("demo")(importlib.import_module("interroam.demo.main").demo)
partner.app.add_typer(certificate.app, name="certificate")
app.add_typer(partner.app, name="partner")
app.add_typer(party.app, name="party")
app.add_typer(agreement.app, name="agreement")
app.add_typer(cdr.app, name="cdr")
app.add_typer(evse.app, name="evse")
command(app)(story.journal)
command(app)(story.trace)
command(app)(story.dossier)
app.add_typer(quality.app, name="quality")
command(app)(pull.pull)
command(app, "import")(objects.import_)
app.add_typer(schedule.app, name="schedule")
app.add_typer(courier.app, name="courier")
app.add_typer(shelf.app, name="shelf")
app.add_typer(upkeep.driver, name="driver")
command(app)(upkeep.backup)
command(app)(upkeep.restore)
app.add_typer(upkeep.keys, name="keys")
app.add_typer(user.app, name="user")
app.command()(price)
command(app)(upkeep.audit)
command(app)(upkeep.status)
