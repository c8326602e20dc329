"""The nodes of the story and the back offices behind them."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape

from interroam.core.chores import Chores
from interroam.demo.api import ApiError
from interroam.demo.cast import ALPES, CPO_NAME, CPO_PARTIES, HUB, HUB_NAME, NORD, Provider
from interroam.demo.nodes import Node
from interroam.demo.offices import Json, Office
from interroam.demo.sites import Spot

_UNSEEN = "UNKNOWN"


class Stage:
    """Everybody who plays."""

    def __init__(self, make: Callable[..., Node]) -> None:
        self.make = make
        self.hub = make("hub", "hub", HUB, name=HUB_NAME)
        self.cpo = make("cpo", "cpo", CPO_PARTIES["CH"], name=CPO_NAME)
        self.emsps = {one: make(one.name.split()[0].lower(), "emsp", one.party, name=one.name) for one in (ALPES, NORD)}
        self.operator: Office
        self.providers: dict[Provider, Office] = {}
        self.tokens: dict[str, str] = {}
        self.spots: list[Spot] = []
        self.guests: list[Node] = []
        """Nodes that join later, and the back offices behind them."""
        self.visitors: list[Office] = []
        self.password = secrets.token_urlsafe(12)
        self.cards: dict[Provider, set[str]] = defaultdict(set)
        """The cards each provider's back office allows when it is asked."""
        self.given: dict[Provider, str] = {}
        """The reference each provider's back office gave last."""
        self._chores = Chores()

    @property
    def nodes(self) -> list[Node]:
        """All nodes."""
        return [self.hub, self.cpo, *self.emsps.values(), *self.guests]

    async def open_office(self, node: Node, parties: list[str], *, answer: Any = None) -> Office:
        """Make a back office a partner of its node; its secret is its key from now on."""
        body = {"id": "back-office", "protocol": "plain", "parties": parties}
        issued = await node.admin.post("partners", body=body)
        self.tokens[node.folder.name] = issued["token"]
        return Office(node.office(issued["token"]), answer)

    def provider_answers(self, provider: Provider) -> Callable[[Json], Any]:
        """How a provider's back office answers: it knows its cards."""

        async def answer(question: Json) -> Json:
            known = question.get("uid") in self.cards[provider]
            reference = self.given[provider] = ticket(provider)
            return {"allowed": "ALLOWED" if known else _UNSEEN, "reference": reference}

        return answer

    async def operator_answers(self, question: Json) -> Json:
        """How the operator's back office answers a start or a stop: it takes it, and states the outcome later."""
        command = question["command"]
        self._chores.begin(self._outcome(command))
        return {"result": "ACCEPTED", "within": 30}

    async def _outcome(self, command: str) -> None:
        await asyncio.sleep(0.15)  # the station is asked, the plug locks
        await self.operator.api.post("outcomes", command, body={"result": "ACCEPTED"})

    async def close(self) -> None:
        """Close the back offices."""
        await self._chores.stop()
        offices = [*self.providers.values(), *self.visitors]
        if hasattr(self, "operator"):
            offices.append(self.operator)
        await asyncio.gather(*(office.close() for office in offices), return_exceptions=True)

    async def last_words(self) -> list[str]:
        """What lies on the shelves, and what the nodes complained of last."""
        told = []
        for node in self.nodes:
            with suppress(OSError, TimeoutError, ApiError, ValueError):
                shelf = (await node.admin.get("shelf"))["shelf"]
                told += [f"{node.folder.name}'s shelf: {one['object']}: {one['message']}" for one in shelf]
            words = [line for line in node.last_words().splitlines() if '"warning"' in line or '"error"' in line]
            told += [f"{node.folder.name}: {line[-400:]}" for line in words[-2:]]
        return [f"[dim]{escape(line)}[/]" for line in told]


def now() -> datetime:
    """The time on this machine."""
    return datetime.now(UTC)


def ticket(provider: Provider) -> str:
    """Return a new reference, as a provider's back office makes them."""
    return f"{provider.party[3:]}-{secrets.token_hex(3).upper()}"
