"""Plays a week: three nodes as processes, the CPO's changes in at one end, the eMSP's picture out at the other."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from interroam.demo.nodes import Node, connect, nodes
from trial.aliases import Aliases
from trial.chaos import Chaos, Report
from trial.office import CpoOffice, EmspOffice, differences
from trial.week import Week

HUB, EMSP = "CH*HUB", "NL*EMP"
_LOOK_S = 0.2
_STILL = 3
"""So many looks in a row at which nothing is owed."""
_LONGEST_S = 900.0


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What ``trial.json`` holds."""

    data: str
    evses: int
    changes: int
    differences: int
    seconds: float
    rates: dict[str, float]
    parties: dict[str, str]
    shelved: int = 0
    waits: int = 0
    chaos: Report | None = None
    examples: list[str] = []

    @property
    def good(self) -> bool:
        """Whether nothing differs and nothing was lost."""
        return self.differences == 0 and self.shelved == 0 and (self.chaos is None or self.chaos.good)


async def play(week: Week, console: Console, *, chaos: bool = False, seed: int = 1) -> Result:
    """Play the week and compare."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        make = await stack.enter_async_context(nodes())
        stage = Stage(make("hub", "hub", HUB), make("cpo", "cpo", "CH*CPO"), make("emsp", "emsp", EMSP))
        aliases = Aliases(week.operators)
        await stage.open(aliases)
        cpo = CpoOffice(stage.cpo.office(stage.cpo_token), aliases)
        emsp = EmspOffice(stage.emsp.office(stage.emsp_token), aliases)
        bars = stack.enter_context(_progress(console))
        breaking = Chaos(stage.hub, stage.emsp, seed, console) if chaos else None
        if breaking is not None:
            await breaking.open()
            stack.push_async_callback(breaking.close)
        rates = await _run(stage, cpo, week, bars, breaking)
        report = await breaking.report() if breaking is not None else None
        wrong = differences(await emsp.picture(), week.end)
        shelved = [one for node in stage for one in (await node.admin.get("shelf"))["shelf"]]
    return Result(
        data=week.data,
        evses=len(week.end),
        changes=len(week.changes),
        differences=len(wrong),
        seconds=round(time.monotonic() - began, 1),
        rates=rates,
        parties=aliases.party,
        shelved=len(shelved),
        waits=cpo.waits,
        chaos=report,
        examples=(wrong + [str(one) for one in shelved])[:20],
    )


class Stage:
    """The three nodes, introduced to each other."""

    def __init__(self, hub: Node, cpo: Node, emsp: Node) -> None:
        self.hub = hub
        self.cpo = cpo
        self.emsp = emsp
        self.cpo_token = ""
        self.emsp_token = ""

    def __iter__(self) -> Any:
        return iter((self.hub, self.cpo, self.emsp))

    async def open(self, aliases: Aliases) -> None:
        """Start the nodes, make them partners by the handshake, and let everybody roam."""
        await asyncio.gather(*(node.start() for node in self))
        cpos = [f"{party}/CPO" for party in sorted(aliases.operator)]
        emsp, hub = f"{EMSP}/EMSP", f"{HUB}/HUB"
        self.cpo_token = await _office(self.cpo, cpos)
        self.emsp_token = await _office(self.emsp, [emsp])
        await connect(self.cpo, self.hub, "cpo", cpos)
        await connect(self.emsp, self.hub, "emsp", [emsp])
        await self.hub.admin.post("agreements", body={"emsp": emsp, "cpos": cpos})
        await self.emsp.admin.post("agreements", body={"emsp": emsp, "cpos": [hub]})
        await self.cpo.admin.post("agreements", body={"emsp": hub, "cpos": cpos})


async def _office(node: Node, parties: list[str]) -> str:
    issued = await node.admin.post("partners", body={"id": "office", "protocol": "plain", "parties": parties})
    return str(issued["token"])


async def _run(stage: Stage, office: CpoOffice, week: Week, bars: Progress, breaking: Chaos | None) -> dict[str, float]:
    """Tell everything and wait until it is through; return what was reached per second."""
    rows = [*week.base, *week.changes]
    told = bars.add_task("told to the CPO node", total=len(rows))
    hub = bars.add_task("at the hub", total=len(rows))
    emsp = bars.add_task("at the eMSP node", total=len(rows))
    watch = asyncio.create_task(_watch(stage, bars, (told, hub, emsp), len(rows), breaking))
    began = time.monotonic()
    try:
        async for taken in office.state(rows):
            bars.advance(told, taken)
            if breaking is not None:
                await breaking.clear(bars.tasks[told].completed / len(rows), watch)
            if watch.done():
                break
        spent = time.monotonic() - began
        bars.update(told, completed=len(rows))
        async with asyncio.timeout(_LONGEST_S):
            through = await watch
    finally:
        watch.cancel()
    return {
        "told_per_s": round(len(rows) / spent),
        "hub_per_s": round(len(rows) / (through[0] - began)),
        "emsp_per_s": round(len(rows) / (through[1] - began)),
    }


async def _watch(
    stage: Stage, bars: Progress, tasks: tuple[TaskID, TaskID, TaskID], total: int, breaking: Chaos | None
) -> tuple[float, float]:
    """Follow the lanes until nothing is owed; return when the hub and when the eMSP had everything."""
    told, hub, emsp = tasks
    at_hub, at_emsp, still = 0.0, 0.0, 0
    while still < _STILL:
        await asyncio.sleep(_LOOK_S)
        said = bars.tasks[told].completed
        owed, onward = await stage.cpo.owed(), await stage.hub.owed()
        if owed >= 0:
            bars.update(hub, completed=max(0, min(said, said - owed)))
        if breaking is not None:
            breaking.at(bars.tasks[hub].completed / total)
        if said < total or owed != 0:
            still = 0
            continue
        at_hub = at_hub or time.monotonic()
        if onward >= 0:
            bars.update(emsp, completed=max(0, total - onward))
        quiet = onward == 0 and (breaking is None or breaking.over)
        at_emsp = time.monotonic() if still == 0 else at_emsp
        still = still + 1 if quiet else 0
    bars.update(emsp, completed=total)
    return at_hub, at_emsp


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>21}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    )
