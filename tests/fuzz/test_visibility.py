"""Nobody receives what no agreement shows them: not by delivery, not in lists, not by name, not in the stream of facts.

What should be shown is worked out here once more, from the sentences of the agreements alone.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from interroam.model.agreements import Agreement, Terms
from interroam.model.facts import Fact
from interroam.model.ids import Kind, Module, Party, PartyId, Role
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.model.places import Location
from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.listener import Listener
from interroam.net.premises import Premises
from interroam.protocols.plain.room import PlainRoom
from tests.core import bills, objects
from tests.core.objects import HUB_PARTY, NOW
from tests.core.roundabout import Roundabout, running
from tests.fuzz import campaign

CPOS = tuple(Party(PartyId.of("FR", code), Role.CPO) for code in ("CP1", "CP2", "CP3"))
EMSPS = tuple(Party(PartyId.of("DE", code), Role.EMSP) for code in ("MS1", "MS2", "MS3"))
PLACES = {Kind.LOCATION: "locations", Kind.TARIFF: "tariffs"}
LISTS = {**PLACES, Kind.TOKEN: "tokens", Kind.SESSION: "sessions", Kind.CDR: "cdrs"}
MODULES = {kind: Module(word) for kind, word in LISTS.items()}
HOUR = timedelta(hours=1)

agreed = st.tuples(
    st.just("agree"),
    st.sampled_from(EMSPS),
    st.lists(st.sampled_from(CPOS), min_size=1, max_size=2, unique=True),
    st.frozensets(st.sampled_from(list(Module)), max_size=3),
    st.integers(-2, 3),
    st.one_of(st.none(), st.integers(1, 6)),
)
told = st.tuples(st.just("tell"), st.sampled_from(list(LISTS)), st.sampled_from(CPOS), st.sampled_from(EMSPS))
ended = st.tuples(st.just("end"), st.integers(0, 5))
waited = st.tuples(st.just("wait"), st.integers(1, 3))
stories = st.lists(st.one_of(agreed, told, told, ended, waited), min_size=4, max_size=14)


class Hours:
    """Time that moves when it is told to; waiting is short."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 200)


@dataclass
class Truth:
    """What was agreed and told, and who may have seen what since."""

    agreements: list[Agreement] = field(default_factory=list)
    told: dict[tuple[Kind, str], tuple[Party, Party | None]] = field(default_factory=dict)
    ever: set[tuple[Party, Kind, str]] = field(default_factory=set)

    def pair(self, cpo: Party, emsp: Party, module: Module, at: datetime) -> bool:
        return any(
            one.emsp == emsp
            and cpo in one.cpos
            and one.starts <= at
            and (one.ends is None or at < one.ends)
            and module not in one.terms
            for one in self.agreements
        )

    def shown(self, viewer: Party, kind: Kind, name: str, at: datetime) -> bool:
        owner, receiver = self.told[kind, name]
        if kind in (Kind.SESSION, Kind.CDR):
            return viewer == receiver
        if kind is Kind.TOKEN:
            return viewer in CPOS and self.pair(viewer, owner, Module.TOKENS, at)
        return viewer in EMSPS and self.pair(owner, viewer, MODULES[kind], at)

    def remember(self, at: datetime) -> None:
        for viewer, (kind, name) in product((*CPOS, *EMSPS), self.told):
            if self.shown(viewer, kind, name, at):
                self.ever.add((viewer, kind, name))


class Play:
    """One story on one node."""

    def __init__(self, core: Roundabout, clock: Hours, url: str, http: aiohttp.ClientSession) -> None:
        self.core = core
        self.clock = clock
        self.url = url
        self.http = http
        self.truth = Truth()

    async def act(self, number: int, action: tuple[Any, ...]) -> None:
        word, *rest = action
        await getattr(self, word)(number, *rest)
        self.truth.remember(self.clock.now())
        self.core.dispatch.refresh()
        self.truth.remember(self.clock.now())

    async def agree(self, number, emsp, cpos, without, starts, lasts) -> None:
        start = self.clock.now() + starts * HOUR
        terms = {module: Terms(on=False) for module in without}
        ends = start + lasts * HOUR if lasts is not None else None
        one = Agreement(id=f"a{number}", emsp=emsp, cpos=tuple(cpos), starts=start, ends=ends, terms=terms)
        self.truth.agreements.append(one)
        await self.core.agree(one)

    async def end(self, _number, which) -> None:
        if which < len(self.truth.agreements):
            one = replace(self.truth.agreements[which], ends=self.clock.now())
            self.truth.agreements[which] = one
            await self.core.agree(one)

    async def wait(self, _number, hours) -> None:
        self.clock.moment += hours * HOUR

    async def tell(self, number, kind, cpo, emsp) -> None:
        name, now = f"{kind.value}{number}", self.clock.now()
        owner, receiver = (emsp, None) if kind is Kind.TOKEN else (cpo, None)
        if kind in (Kind.SESSION, Kind.CDR) and self.truth.pair(cpo, emsp, MODULES[kind], now):
            receiver = emsp
        self.truth.told[kind, name] = (owner, receiver)
        self.truth.remember(now)
        await self.core.tell(owner.id.code, Fact(_body(kind, name, cpo.id, emsp.id, now)))

    async def check(self) -> None:
        for viewer in (*CPOS, *EMSPS):
            for kind, name in self.truth.told:
                await self.by_name(viewer, kind, name)
            for kind in LISTS:
                await self.listed(viewer, kind)

    async def get(self, viewer: Party, path: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {viewer.id.code}"}
        async with self.http.get(f"{self.url}/api/v1{path}", headers=headers) as answer:
            return answer.status, json.loads(await answer.read())

    async def by_name(self, viewer: Party, kind: Kind, name: str) -> None:
        owner, _ = self.truth.told[kind, name]
        middle = "/RFID" if kind is Kind.TOKEN else ""
        status, _ = await self.get(viewer, f"/{LISTS[kind]}/{owner.id}{middle}/{name}")
        right = viewer == owner or self.truth.shown(viewer, kind, name, self.clock.now())
        assert (status == 200) == right, (viewer, kind, name, status)

    async def listed(self, viewer: Party, kind: Kind) -> None:
        status, page = await self.get(viewer, f"/{LISTS[kind]}")
        assert status == 200
        found = {one.get("uid") or one["id"] for one in page["items"]}
        now = self.clock.now()
        right = {
            name
            for (other, name), (owner, _) in self.truth.told.items()
            if other is kind and (viewer == owner or self.truth.shown(viewer, kind, name, now))
        }
        assert found == right, (viewer, kind)

    async def streamed(self) -> None:
        for viewer in (*CPOS, *EMSPS):
            status, page = await self.get(viewer, "/facts?limit=1000")
            assert status == 200
            for fact in page["facts"]:
                name, kind = fact["key"].get("uid") or fact["key"]["id"], Kind(fact["kind"])
                assert (viewer, kind, name) in self.truth.ever, (viewer, fact)

    def delivered(self) -> None:
        for viewer in (*CPOS, *EMSPS):
            for entry in self.core.links[viewer.id.code].taken:
                assert (viewer, entry.key.kind, entry.key.id) in self.truth.ever, (viewer, entry.key)

    def complete(self) -> None:
        """See that whoever is shown something now has received it."""
        for viewer in (*CPOS, *EMSPS):
            taken = {(entry.key.kind, entry.key.id) for entry in self.core.links[viewer.id.code].taken}
            owed = {one for one in self.truth.told if self.truth.shown(viewer, *one, self.clock.now())}
            assert owed <= taken, (viewer, owed - taken)


def _body(kind: Kind, name: str, cpo: PartyId, emsp: PartyId, now: datetime) -> Any:
    if kind is Kind.TOKEN:
        return objects.token(name, now, emsp)
    if kind is Kind.TARIFF:
        return bills.tariff(bills.part("E", "0.4"), owner=cpo, id=name)
    if kind is Kind.LOCATION:
        made: Location = objects.location(now, cpo, id=name)
        return made
    token = objects.charge_token(owner=emsp)
    if kind is Kind.SESSION:
        return objects.session(name, now, cpo, token=token)
    return objects.cdr(name, now, cpo, token=token, session_id=f"of-{name}")


async def played(story: list[tuple[Any, ...]], folder: Path) -> None:
    clock = Hours()
    async with running(folder, HUB_PARTY, clock) as core, aiohttp.ClientSession() as http:
        for party in (*CPOS, *EMSPS):
            code = party.id.code
            await core.admit(Partner(id=code, protocol="plain", parties=(party,), state=PartnerState.CONNECTED))
            await core.book.admit(Credential(core.book.keyring.fingerprint(code), code, Purpose.REGULAR, NOW))
        client = Client()
        room = PlainRoom(core.hub, Premises(url="", own=HUB_PARTY.id, client=client))
        listener = Listener([Door(room.prefix, room.handler, room.refusal)])
        await listener.start()
        await core.dispatch.start()
        play = Play(core, clock, listener.url, http)
        try:
            for number, action in enumerate(story):
                await play.act(number, action)
                await play.check()
            await play.streamed()
            await core.drained()
            play.delivered()
            play.complete()
        finally:
            await listener.close(0)
            await client.close()


def shown(story: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(played(story, Path(folder)))


def test_nobody_is_told_after_the_end_nor_before_the_start():
    agreement = ("agree", EMSPS[0], [CPOS[0]], frozenset())
    every = [("tell", kind, CPOS[0], EMSPS[0]) for kind in LISTS]
    shown([(*agreement, 0, 2), *every, ("wait", 3), *every, ("wait", 1), *every])
    shown([(*agreement, 2, 4), *every, ("wait", 3), *every, ("wait", 1), *every, ("wait", 3), *every])


def test_a_party_never_receives_what_no_agreement_shows_it():
    campaign.few(shown, stories, 10)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_a_party_never_receives_what_no_agreement_shows_it_in_very_many_stories():
    campaign.many(shown, stories, "visibility")
