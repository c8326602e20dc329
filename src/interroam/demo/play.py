"""The plot: chapters one after another, each with its checks; the actors are nodes and back offices."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

from interroam.demo.api import ApiError
from interroam.demo.cast import ALPES, HUB_NAME, NORD
from interroam.demo.crossing import crossing, is_spoken
from interroam.demo.ending import show_doors, show_dossier
from interroam.demo.nodes import NodeEndedError, nodes
from interroam.demo.plot import absence, card, introduction, network, phone, refusal
from interroam.demo.stage import Stage
from interroam.demo.story import StepError, Story
from interroam.model.errors import Unavailable

_TROUBLES = (StepError, ApiError, NodeEndedError, Unavailable, TimeoutError, OSError, KeyError)


def run(*, once: bool, story: Story | None = None) -> int:
    """Play, and return what the process ends with."""
    told = story or Story()
    try:
        return asyncio.run(_play(told, once=once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        told.console.print("\n[dim]Good-bye: every node is stopped and its data is gone.[/]")
        return 0 if not once else 130


async def _play(story: Story, *, once: bool) -> int:
    story.title(
        "[bold]Interroam[/]  a charge across borders",
        f"a hub, an operator in three countries and two providers: four nodes talking OCPI 2.2.1 over HTTP, on this"
        f" machine. {HUB_NAME} connects [bold]Volta Charge[/] with [{ALPES.color}]{ALPES.name}[/] and"
        f" [{NORD.color}]{NORD.name}[/]; later an operator and a provider join who speak eMIP.",
    )
    async with AsyncExitStack() as stack:
        make = await stack.enter_async_context(nodes())
        stage = Stage(make)
        stack.push_async_callback(stage.close)
        try:
            await introduction(story, stage)
            await network(story, stage)
            charge = await card(story, stage)
            await absence(story, stage)
            await phone(story, stage)
            await refusal(story, stage)
            if is_spoken():
                charge = await crossing(story, stage)
            await show_dossier(story, stage, charge)
        except _TROUBLES as trouble:
            story.panel(
                "the story stopped", [f"[red]{_plain(trouble)}[/]", *await stage.last_words()], border_style="red"
            )
            return 1
        if once:
            story.say(
                f"\n[green]The story is told:[/] {story.steps} steps, all as they must be, {story.seconds:.1f} s."
            )
            return 0
        await show_doors(story, stage)
        await asyncio.Event().wait()
    return 0


def _plain(trouble: BaseException) -> str:
    return (str(trouble) or type(trouble).__name__).replace("[", r"\[")


if __name__ == "__main__":
    sys.exit(run(once=True))
