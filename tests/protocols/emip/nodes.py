"""Whole nodes for the tests of eMIP: a platform with partners, and CPO's and eMSP's nodes before one.

    async with hub(tmp_path) as node:                      # a platform, FR*107
        await node.cpo("FR*C01", url=partner.url)           # partner "fr-c01", partnerId FR*P-C01
        await node.emsp("FR*E01", url=partner.url)
        await node.agree("FR*E01", "FR*C01")

    async with cpo_node(tmp_path, "FR*C01") as node:        # the node of a CPO, with a stubbed back office
        await node.platform(partner.url)                    # partner "iop", partnerId FR*107

Nodes speak plain HTTP and ask for no certificate unless told otherwise.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from msgspec.structs import replace

from interroam.app import Node as App
from interroam.core.hub import Deadlines
from interroam.core.rounds.pulling import PullTerms
from interroam.model.agreements import Agreement
from interroam.model.ids import Party
from interroam.model.parties import Partner, PartnerState
from interroam.protocols.emip.wiring import Wiring, wired
from interroam.settings import Listen, Part, Settings, StoreSettings, Tls
from interroam.store.retention import Retention
from tests.clocks import ClockAhead
from tests.waiting import settled

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PLATFORM = "FR*107"
NEVER = PullTerms(locations="off", tokens="off", hub_tokens="off", hub_tokens_whole="off")
"""A test fetches when it says so: a node that did so by itself would come in between."""


class Office:
    """The back office of a node, in a language of its own: it takes facts, and answers what it is asked."""

    pushes = True
    answers = True

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.asked: list[Any] = []
        self.answer: Any = None
        """What it answers; a function of the question, or the answer itself; an exception is raised."""

    async def deliver(self, entry, to) -> None:
        self.told.append(entry)

    async def ask(self, question, to, origin_party, correlation, within):
        self.asked.append(question)
        answer = self.answer(question) if callable(self.answer) else self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def takes(self, _live) -> bool:
        return True

    async def close(self) -> None:
        pass


class Node:
    """A node of the house, whole; ``parties`` are those its own back office speaks for."""

    def __init__(
        self,
        folder: Path,
        *,
        party: str = PLATFORM,
        part: Part = Part.HUB,
        parties: tuple[str, ...] = (),
        insecure: bool = True,
        tls: Tls | None = None,
        listen: Listen | None = None,
        deadlines: Deadlines | None = None,
        clock: ClockAhead | None = None,
        database: str = "",
        pulls: PullTerms = NEVER,
        retention: Retention | None = None,
    ) -> None:
        self.clock = clock or ClockAhead()
        self.parties = parties
        self.settings = Settings(
            data=folder,
            store=StoreSettings(url=database),
            party=party,
            parts=frozenset({part}),
            insecure_http=insecure,
            tls=tls or Tls(),
            listen=listen or Listen(),
            deadlines=deadlines or Deadlines(partner=1.0, door=2.0, command=2.0),
            pulls=pulls,
            retention=retention or Retention(),
        )
        self.back = Office()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin, or begin again on the same files."""
        self.app = App(self.settings, self.clock)
        await self.app.start()
        self.hub, self.book, self.store = self.app.hub, self.app.book, self.app.store
        self.links, self.room = self.app.links, self.app.rooms["emip"]
        if self.parties:
            parties = tuple(map(Party.parse, self.parties))
            office = Partner(id="office", protocol="plain", parties=parties, state=PartnerState.CONNECTED)
            await self.book.put_partner(office)
            self.links["office"] = self.back
            self.book._changed()  # whoever looked at the link before looks again

    async def stop(self) -> None:
        await self.app.stop()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    @property
    def url(self) -> str:
        return self.app.url

    # -- partners ----------------------------------------------------------------------------------------------------

    async def partner(
        self, id: str, *parties: str, url: str = "", addresses: tuple[str, ...] | None = None, **switches
    ) -> Partner:
        """Put an eMIP partner into the book, connected; without certificates unless ``mutual_tls=True`` is said.

        A platform that is no test knows where its partners call from: from here.
        """
        if addresses is None:
            addresses = () if self.settings.insecure_http else ("127.0.0.1",)
        partner = Partner(
            id=id,
            protocol="emip",
            parties=tuple(map(Party.parse, parties)),
            state=PartnerState.CONNECTED,
            addresses=addresses,
            switches={"mutual_tls": False, **switches},
            since=self.clock.now(),
        )
        return await self.book.put_partner(wired(partner, Wiring(url=url)))

    async def cpo(self, operator: str = "FR*C01", *, id: str = "", url: str = "", **more) -> Partner:
        """Add a CPO's partner; its partnerId is like ``FR*P-C01`` unless ``partner_id`` says otherwise."""
        more.setdefault("partner_id", partner_id(operator))
        return await self.partner(id or operator.replace("*", "-").lower(), f"{operator}/CPO", url=url, **more)

    async def emsp(self, operator: str = "FR*E01", *, id: str = "", url: str = "", **more) -> Partner:
        """Add an eMSP's partner, as above."""
        more.setdefault("partner_id", partner_id(operator))
        return await self.partner(id or operator.replace("*", "-").lower(), f"{operator}/EMSP", url=url, **more)

    async def platform(self, url: str, *, party: str = PLATFORM, id: str = "iop", **more) -> Partner:
        """Add the platform before which this node is a CPO's or an eMSP's."""
        more.setdefault("partner_id", party)
        more.setdefault("our_partner_id", partner_id(self.settings.party))
        return await self.partner(id, f"{party}/HUB", url=url, **more)

    async def change(self, id: str, **changes) -> None:
        """Change a partner, by field or (``switches``) by switch."""
        known = self.book.partners[id]
        if "switches" in changes:
            changes["switches"] = {**known.switches, **changes["switches"]}
        await self.book.put_partner(replace(known, **changes))

    async def agree(self, emsp: str, *cpos: str, id: str = "", **more) -> Agreement:
        """Let an eMSP and CPOs roam; a role may be named (``FR*107/HUB``)."""
        asking = Party.parse(emsp if "/" in emsp else f"{emsp}/EMSP")
        parties = tuple(Party.parse(one if "/" in one else f"{one}/CPO") for one in cpos)
        one = Agreement(id=id or f"{asking.id}-{parties[0].id}", emsp=asking, cpos=parties, starts=LONG_AGO, **more)
        return await self.book.put_agreement(one)

    # -- looking -----------------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        await settled(self.app.dispatch, self.store)

    async def traces(self, id: str = "", **more):
        """The traces with this id, or all."""
        return await self.store.traces(ids=(id,) if id else (), **more)


def partner_id(operator: str) -> str:
    """What the partner of an operator is called: ``FR*P-C01``."""
    return operator.replace("*", "*P-")


@asynccontextmanager
async def hub(folder: Path, **more):
    """A platform."""
    async with Node(folder / "hub", **more) as node:
        yield node


@asynccontextmanager
async def cpo_node(folder: Path, operator: str = "FR*C01", **more):
    """The node of a CPO; ``node.back`` is its back office."""
    async with Node(folder / "cpo", party=operator, part=Part.CPO, parties=(f"{operator}/CPO",), **more) as node:
        yield node


@asynccontextmanager
async def emsp_node(folder: Path, operator: str = "FR*E01", **more):
    """The node of an eMSP; ``node.back`` is its back office."""
    async with Node(folder / "emsp", party=operator, part=Part.EMSP, parties=(f"{operator}/EMSP",), **more) as node:
        yield node


async def join(platform: Node, other: Node, operator: str, role: str) -> None:
    """Connect a CPO's or eMSP's node with a platform, both sides, and let it roam with the platform's other parties."""
    add = platform.cpo if role == "CPO" else platform.emsp
    await add(operator, url=f"{other.url}/emip")
    await other.platform(f"{platform.url}/emip")
    if role == "CPO":
        await other.agree(f"{PLATFORM}/HUB", operator)
    else:
        await other.agree(operator, f"{PLATFORM}/HUB")
