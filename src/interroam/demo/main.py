"""The command ``interroam demo``."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer

Once = Annotated[bool, typer.Option("--once", help="Play once, print the story and end.")]


def demo(once: Once = False) -> None:
    """Play the main job: a hub, a CPO and two eMSPs in one terminal."""
    play = importlib.import_module("interroam.demo.play")  # only when it is played: other commands start sooner
    sys.exit(play.run(once=once))
