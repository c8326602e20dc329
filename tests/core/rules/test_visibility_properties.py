"""Whatever is agreed and told: lists, gets and deliveries show what the explanation says, and never more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from interroam.core.ports import Query
from interroam.core.rules.explain import Case, explain_sight
from interroam.model.agreements import Agreement, selection
from interroam.model.facts import Act, Change, Fact, Withdrawal
from interroam.model.ids import Key, Kind, Party, PartyId, evse_key, location_key
from interroam.model.places import Availability, Evse, EvseStatus
from tests.core.objects import HUB_PARTY, agreement, at, connector, evse, location, partner
from tests.core.roundabout import Roundabout, running

OWNERS = [PartyId.of("FR", "CPO"), PartyId.of("FR", "CP2")]
VIEWERS = {"emsp": Party.parse("DE*MSP/EMSP"), "mp2": Party.parse("NL*MP2/EMSP")}
SITES, UIDS, GROUPS = ["L1", "L2", "L3"], ["1", "2"], ["a", "B", "c"]
NAMES = ["FR*CPO*EX", "FR-CPO-EY", "FRCPOEX"]
REMOVED = EvseStatus(word="REMOVED", availability=Availability.REMOVED)

owners = st.sampled_from(OWNERS)
sites = st.sampled_from(SITES)
groups = st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple)
selections = st.lists(
    st.builds(
        selection,
        st.none() | owners,
        st.lists(sites, max_size=1),
        st.lists(st.sampled_from(GROUPS), max_size=2),
        st.lists(st.sampled_from([*UIDS, *NAMES]), max_size=2),
    ),
    max_size=2,
).map(tuple)
told = st.one_of(
    st.tuples(st.just("site"), owners, sites, st.dictionaries(st.sampled_from(UIDS), groups)),
    st.tuples(st.just("group"), owners, sites, st.sampled_from(UIDS), groups),
    st.tuples(st.just("name"), owners, sites, st.sampled_from(UIDS), st.none() | st.sampled_from(NAMES)),
    st.tuples(st.just("status"), owners, sites, st.sampled_from(UIDS), st.booleans()),
    st.tuples(st.just("withdraw"), owners, sites),
    st.tuples(st.just("amend"), st.sampled_from(sorted(VIEWERS)), st.integers(0, 1), selections),
)


class World:
    """A hub with two CPOs and two eMSPs, and what the eMSPs know by what was delivered."""

    def __init__(self, core: Roundabout) -> None:
        self.core = core
        self.time = 0
        self.known: dict[str, set[Key]] = {name: set() for name in VIEWERS}
        self.ever: dict[str, set[Key]] = {name: set() for name in VIEWERS}

    async def begin(self) -> None:
        await self.core.admit(partner("cpo", *(f"{one}/CPO" for one in OWNERS)))
        for name, party in VIEWERS.items():
            await self.core.admit(partner(name, str(party)))
        await self.core.dispatch.start()
        for name in VIEWERS:
            for number in range(2):
                await self.core.agree(self.agreement(name, number))
        for owner in OWNERS:
            for site in SITES:
                await self.play(("site", owner, site, {"1": ("a",), "2": ("a", "c")}))
                await self.check_all()

    def agreement(self, name: str, number: int) -> Agreement:
        cpos = (f"{OWNERS[0]}/CPO", f"{OWNERS[1]}/CPO") if number else (f"{OWNERS[0]}/CPO",)
        chosen = (selection(None, ("nowhere",) if number else (), () if number else ("a",)),)
        return agreement(str(VIEWERS[name]), cpos, id=f"{name}{number}", selections=chosen)

    async def play(self, what: tuple) -> None:
        self.time += 1
        verb, *rest = what
        if verb == "amend":
            name, number, chosen = rest
            await self.core.agree(replace(self.agreement(name, number), version=self.time + 1, selections=chosen))
        else:
            await self.core.tell("cpo", self.statement(verb, *rest))
        await self.core.drained()

    def statement(self, verb: str, owner: PartyId, site: str, *rest):
        now = at(self.time)
        match verb, *rest:
            case "site", inside:
                inner = (self.evse(owner, site, uid, some) for uid, some in inside.items())
                return Fact(location(now, owner, id=site), parts=tuple(map(Fact, inner)))
            case "group", uid, some:
                change = {"connectors": (connector(tariff_ids=some),)}
            case "name", uid, name:
                change = {"evse_id": name}
            case "status", uid, gone:
                status = REMOVED if gone else EvseStatus(word="AVAILABLE", availability=Availability.IN_SERVICE)
                change = {"status": replace(status, at=now)}
            case _:
                return Withdrawal(location_key(owner, site), now)

        def merge(body, wire):
            return replace(body, **change, last_updated=now), wire

        return Change(evse_key(owner, site, uid), frozenset(change), now, merge)

    def evse(self, owner: PartyId, site: str, uid: str, some: tuple[str, ...]) -> Evse:
        return evse(uid, "AVAILABLE", at(self.time), owner, location_id=site, connectors=(connector(tariff_ids=some),))

    # -- what is shown -----------------------------------------------------------------------------------------------

    async def explained(self, viewer: Party) -> tuple[set[Key], set[Key], set[Key]]:
        """What the explanation says: EVSEs, those of them that stand, and locations where one stands."""
        shown, standing, places = set(), set(), set()
        for owner in OWNERS:
            for site in SITES:
                place = location_key(owner, site)
                (rows,) = await self.core.store.evses([place])
                scope = self.core.book.routing.scope(viewer, self.core.clock.now())
                row = await self.core.store.get(place)
                if row is not None and not row.withdrawn and scope.of(owner) is None:
                    places.add(place)
                for row in rows:
                    case = Case(at=self.core.clock.now(), cpo=owner, evse=row.body)
                    if row.withdrawn or not explain_sight(self.core.book.routing, viewer, case).accepted:
                        continue
                    shown.add(row.key)
                    if row.body.status.availability is not Availability.REMOVED:
                        standing.add(row.key)
                        places.add(place)
        return shown, standing, places

    def hear(self, name: str, shown: set[Key]) -> None:
        """Know what was delivered, as a partner does that renders nothing itself."""
        inbox = self.core.links[name]
        for entry in inbox.taken:
            known, key = self.known[name], entry.key
            here = {one for one in known | shown if one[1:3] == key[1:3]}
            if key.kind is Kind.EVSE:
                assert entry.act is not Act.WITHDRAWAL or key in self.ever[name]
                (known.discard if entry.act is Act.WITHDRAWAL else known.add)(key)
                continue
            gone = {evse_key(key.party, key.id, uid) for uid in entry.removed}
            assert gone <= here | self.ever[name]  # nobody hears of what it never saw
            known -= gone or (here if entry.act is Act.WITHDRAWAL else set())
            if entry.act is not Act.WITHDRAWAL:
                known |= here & shown
            self.ever[name] |= self.known[name]
        self.ever[name] |= self.known[name]
        inbox.taken.clear()

    async def check_all(self) -> None:
        for name in VIEWERS:
            await self.check(name)

    async def check(self, name: str) -> None:
        viewer, core = VIEWERS[name], self.core
        shown, standing, places = await self.explained(viewer)
        assert await self.listed(viewer) == places
        for owner in OWNERS:
            for site in SITES:
                for uid in UIDS:
                    row = await core.store.get(evse_key(owner, site, uid))
                    if row is not None and not row.withdrawn:
                        assert await core.hub.sight.sees(viewer, row) == (row.key in shown)
        self.hear(name, shown)
        self.known[name] -= shown - standing  # told as gone
        self.known[name] -= {key for key in self.known[name] - shown if await self.is_gone(key)}
        assert self.known[name] == standing  # all that is shown was told, and nothing else is known any more

    async def is_gone(self, key: Key) -> bool:
        row = await self.core.store.get(key)
        return row.withdrawn or row.body.status.availability is Availability.REMOVED

    async def listed(self, viewer: Party) -> set[Key]:
        found, after = [], 0
        while True:
            page = await self.core.hub.find(viewer, Query(kind=Kind.LOCATION, after=after, limit=2))
            found += [row.key for row in page.items]
            after = page.next
            if not after:
                assert len(found) == len(set(found)) == page.total
                return set(found)


@settings(max_examples=25, deadline=None)
@given(st.lists(told, min_size=3, max_size=10))
def test_lists_gets_and_deliveries_show_what_the_explanation_says_and_never_more(story):
    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with running(Path(folder), HUB_PARTY) as core:
                world = World(core)
                await world.begin()
                for what in story:
                    await world.play(what)
                    await world.check_all()

    asyncio.run(play())
