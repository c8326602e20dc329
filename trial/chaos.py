"""Breaks things while the week is played: the hub dies by kill -9, the eMSP node disappears, others press the hub.

What breaks and when is drawn from a seed and printed. Before each kill the raw connections press the hub until many
requests are in flight; every one of them that is ever acknowledged must be in the hub's journal at the end.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
from rich.console import Console

from interroam.demo.nodes import Node
from interroam.net.client import Client
from trial.load import Load
from trial.platform import PARTIES, Platform

KILLS = 6
LEAST_IN_FLIGHT = 32
_PAGE = 1_000
_FROZEN_S = (5.5, 7.0)
_GONE_S = (2.0, 4.0)
_DOWN_S = (0.1, 0.8)
_PRESS_S = (0.2, 0.8)
_AHEAD = 0.1


class Report(msgspec.Struct, kw_only=True):
    """What was broken, and what became of it."""

    seed: int
    hub_kills: int
    emsp_absences: int
    in_flight_at_kill: list[int]
    cut_off: int
    """Requests of the raw connections that died unanswered, and were repeated."""
    acknowledged: int
    in_journal: int
    lost: int
    refused: int
    examples: list[str]

    @property
    def good(self) -> bool:
        """Whether everything acknowledged is in the journal, and the pressure was real."""
        pressed = all(number >= LEAST_IN_FLIGHT for number in self.in_flight_at_kill)
        return pressed and self.lost == 0 and self.refused == 0 and self.acknowledged > 0


class Chaos:
    """Breaks one thing after another, each at its share of the way."""

    def __init__(self, hub: Node, emsp: Node, seed: int, console: Console) -> None:
        self._hub = hub
        self._emsp = emsp
        self._seed = seed
        self._chance = random.Random(seed)
        self._console = console
        self._client = Client()
        self._platform = Platform(self._client)
        self._load = Load(self._platform)
        self._reached = 0.0
        self._moved = asyncio.Event()
        self._breaking: asyncio.Task[None] | None = None
        self._in_flight: list[int] = []
        self._absences = 0
        self._begun = 0
        self._struck = asyncio.Event()
        names = ["kill"] * KILLS + ["freeze", "vanish"]
        self._chance.shuffle(names)
        # Each at a random moment of its own part of the way, so that none waits for the one before.
        shares = [0.95 * (place + self._chance.random()) / len(names) for place in range(len(names))]
        self._plan = list(zip(shares, names, strict=True))

    async def open(self) -> None:
        """Register the raw connections' platform with the hub, and begin."""
        parties = [f"{party}/CPO" for party in PARTIES]
        wanted = {"id": "pressing", "protocol": "ocpi", "parties": parties}
        issued = await self._hub.admin.post("partners", body=wanted)
        await self._platform.register(issued["url"], issued["token"])
        self._load.start()
        plan = ", ".join(f"{name} at {share:.0%}" for share, name in self._plan)
        self._console.print(f"chaos, seed {self._seed}: {plan}", soft_wrap=True)
        self._breaking = asyncio.create_task(self._break())

    def at(self, share: float) -> None:
        """Say how far the week is."""
        self._reached = share
        self._moved.set()

    async def clear(self, share: float, watch: asyncio.Task[Any]) -> None:
        """Wait until the week may be told beyond this share: things shall break on the way, not after the end."""
        while share > self._limit and not watch.done():
            self._struck.clear()
            struck = asyncio.ensure_future(self._struck.wait())
            await asyncio.wait((struck, watch), return_when=asyncio.FIRST_COMPLETED)
            struck.cancel()

    @property
    def _limit(self) -> float:
        return self._plan[self._begun][0] + _AHEAD if self._begun < len(self._plan) else 1.0

    @property
    def over(self) -> bool:
        """Whether everything planned was broken; raises what went wrong."""
        if self._breaking is None or not self._breaking.done():
            return False
        self._breaking.result()
        return True

    async def close(self) -> None:
        """Leave the nodes in peace."""
        if self._breaking is not None:
            self._breaking.cancel()
            await asyncio.gather(self._breaking, return_exceptions=True)
        await self._load.stop()
        await self._platform.close()
        await self._client.close()

    async def report(self) -> Report:
        """Look for every acknowledged change in the hub's journal."""
        await self._load.settle()
        known = await self._recorded()
        missing = [
            f"{'/'.join(key)} {at}"
            for key, times in self._load.acknowledged.items()
            for at in sorted(times - known.get("/".join(key), set()))
        ]
        return Report(
            seed=self._seed,
            hub_kills=len(self._in_flight),
            emsp_absences=self._absences,
            in_flight_at_kill=self._in_flight,
            cut_off=self._load.cut_off,
            acknowledged=self._load.count,
            in_journal=sum(map(len, known.values())),
            lost=len(missing),
            refused=len(self._load.refused),
            examples=(missing + self._load.refused)[:10],
        )

    # -- breaking --------------------------------------------------------------------------------------------------

    async def _break(self) -> None:
        for share, name in self._plan:
            while self._reached < share:
                self._moved.clear()
                await self._moved.wait()
            self._begun += 1
            self._struck.set()
            await {"kill": self._kill, "freeze": self._freeze, "vanish": self._vanish}[name]()

    async def _kill(self) -> None:
        """Kill the hub under pressure and start it again, on the same port and data."""
        self._load.press()
        await asyncio.sleep(self._chance.uniform(*_PRESS_S))
        self._in_flight.append(await self._load.pressure(LEAST_IN_FLIGHT))
        self._hub.strike()
        await self._hub.kill()
        self._say(f"kill -9 to the hub, {self._in_flight[-1]} requests in flight")
        await asyncio.sleep(self._chance.uniform(*_DOWN_S))
        await self._hub.start()
        await asyncio.sleep(self._chance.uniform(*_PRESS_S))
        await self._load.settle()

    async def _freeze(self) -> None:
        """Stop the eMSP node where it stands: it takes connections and answers nothing."""
        seconds = self._chance.uniform(*_FROZEN_S)
        self._absences += 1
        self._say(f"the eMSP node is frozen for {seconds:.1f} s")
        self._emsp.freeze()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._emsp.thaw()

    async def _vanish(self) -> None:
        """Kill the eMSP node and bring it back later."""
        seconds = self._chance.uniform(*_GONE_S)
        self._absences += 1
        self._say(f"kill -9 to the eMSP node, gone for {seconds:.1f} s")
        await self._emsp.kill()
        await asyncio.sleep(seconds)
        await self._emsp.start()

    def _say(self, what: str) -> None:
        self._console.print(f"  {self._reached:4.0%}  {what}")

    # -- looking ---------------------------------------------------------------------------------------------------

    async def _recorded(self) -> dict[str, set[str]]:
        """Return the times of all changes of the pressing parties in the hub's journal, by EVSE."""
        pressing = {"/".join(self._platform.key(party)) for party in PARTIES}
        known: dict[str, set[str]] = {name: set() for name in pressing}
        after = 0
        while True:
            page = await self._hub.admin.get("journal", after=after, limit=_PAGE, kind="evse")
            for line in page["lines"]:
                name = line.get("object", "").partition("/")[2]
                if name in pressing and line.get("request"):
                    known[name].add(str(msgspec.json.decode(line["request"]).get("last_updated")))
            if not page["lines"]:
                return known
            after = page["lines"][-1]["seq"]
