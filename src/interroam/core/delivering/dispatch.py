"""The dispatch reads and routes the journal's head once per process and feeds the couriers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from datetime import datetime

import structlog

from interroam.core.delivering.courier import Courier
from interroam.core.delivering.dating import Dating
from interroam.core.delivering.lacking import ALL, Lacking
from interroam.core.delivering.turns import Turns
from interroam.core.hub import Hub
from interroam.core.ports import CourierKey, Cursor, Link, Seed
from interroam.core.rules.erasing import Erasure
from interroam.core.rules.routing import EVERY_OWNER, default_policy
from interroam.core.rules.visibility import ALL as WHOLE
from interroam.core.rules.visibility import named
from interroam.model.agreements import Agreement, Policy
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import LANE_OF, MODULE_OF, Key, Kind, Lane, Module, Party, Role, location_key
from interroam.model.parties import PartnerState

log = structlog.get_logger()

_OWED = frozenset({Lane.CHARGES, Lane.OUTCOMES})
_SUSPENDED, _PLANNED, _CHARGES = PartnerState.SUSPENDED, PartnerState.PLANNED, Lane.CHARGES
SHELF, MARK = "delivery", "routed"
RECENT = 20_000
_TICK_S = 0.25
_AT_ONCE = 500


class Dispatch:
    """Owns the couriers; opens one when something is first owed to a party in a lane."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.store = hub.store
        self.clock = hub.clock
        self.routed = 0
        self._marked = -1
        self.turns = Turns()
        self.dating = Dating(hub, self)
        self.lacking = Lacking(self)
        self._couriers: dict[CourierKey, Courier] = {}
        self._recent: deque[Entry] = deque(maxlen=RECENT)
        self._boundary: datetime | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._unsubscribe = _nothing
        self._running = False

    async def start(self) -> None:
        """Take up every courier where its cursor says and follow the journal."""
        self.routed = self.store.head()
        self._unsubscribe = self.store.subscribe(self._on_commit)
        self._running = True
        for cursor in await self.store.cursors():
            self._couriers[cursor.key] = Courier(self, cursor)
        await self._hub.clearing.load()
        self._hub.clearing.on_release = self.released  # type: ignore[method-assign]
        self._hub.book.on_change(self.refresh)
        await self._reopen()
        self.refresh()
        for courier in self._couriers.values():
            courier.start()
        await self.dating.start()
        await self.lacking.start()
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _reopen(self) -> None:
        """Open the couriers that a crash took before they were written down: what they owe came after the mark."""
        kept = await self.store.load(SHELF, MARK)
        if kept is None:
            await self._mark(self.routed)
            return
        after = self._marked = int.from_bytes(kept)
        while entries := await self.store.entries(after, _AT_ONCE, through=self.routed):
            for entry in entries:
                for key, _ in self.receivers(entry):
                    if key not in self._couriers:
                        self._open(key, entry.seq - 1)
            after = entries[-1].seq

    async def _mark(self, seq: int) -> None:
        """Note that all couriers that owe something up to here are written down."""
        if seq != self._marked:
            await self.store.save(SHELF, MARK, seq.to_bytes(8))  # in digits, it might look like somebody's card
            self._marked = seq

    async def stop(self) -> None:
        """Stop all couriers and persist their cursors."""
        self._running = False
        self._unsubscribe()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
            await self.dating.stop()
            await self.lacking.stop()
        await asyncio.gather(*(courier.stop() for courier in self._couriers.values()))

    # -- what is owed ----------------------------------------------------------------------------------------------

    def receivers(self, entry: Entry) -> tuple[tuple[CourierKey, Policy], ...]:
        """Return the couriers that owe this entry, as of now."""
        return self._hub.book.routing.receivers(entry, self.clock.now())

    def _on_commit(self, entries: Sequence[Entry]) -> None:
        now = self.clock.now()
        routing = self._hub.book.routing
        couriers = self._couriers
        for entry in entries:
            for key, policy in routing.receivers(entry, now):
                courier = couriers.get(key)
                if courier is None:
                    courier = self._open(key, entry.seq - 1)
                courier.feed(entry, policy)
        self._recent.extend(entries)
        self.routed = entries[-1].seq
        self.turns.committed()
        for courier in couriers.values():
            courier.passed(self.routed)

    async def since(self, after: int, limit: int) -> Sequence[Entry]:
        """Return entries after this number: from memory when they are recent, else from the store."""
        recent = self._recent
        if recent and recent[0].seq <= after + 1:
            first = max(0, len(recent) - (recent[-1].seq - after))  # numbers have no gaps within one process, or few
            found = [recent[i] for i in range(first, min(first + limit, len(recent))) if recent[i].seq > after]
            if found:
                return found
        return await self.store.entries(after, limit, through=self.routed)

    # -- couriers --------------------------------------------------------------------------------------------------

    def courier(self, key: CourierKey) -> Courier | None:
        """Return the courier of a party in a lane, when there is one."""
        return self._couriers.get(key)

    @property
    def couriers(self) -> Sequence[Courier]:
        """All couriers."""
        return list(self._couriers.values())

    def refresh(self) -> None:
        """Follow a change of partners or agreements: new couriers, new parts of the picture to send."""
        if not self._running:
            return
        now = self.clock.now()
        self._boundary = self._hub.book.routing.next_boundary(now)
        wanted: dict[CourierKey, list[Seed]] = {}
        for agreement in self._hub.book.routing.agreements:
            if agreement.in_force(now):
                for key, seed in self._entitled(agreement):
                    wanted.setdefault(key, []).append(seed)
        for key in wanted:
            if key not in self._couriers and self._pushed_to(key.party):
                self._open(key, self.routed)
        for key, courier in self._couriers.items():
            courier.cover(sorted(set(wanted.get(key, [])), key=_order))
            courier.wake()

    def _entitled(self, agreement: Agreement) -> list[tuple[CourierKey, Seed]]:
        found: list[tuple[CourierKey, Seed]] = []
        for module, kind in ((Module.TARIFFS, Kind.TARIFF), (Module.LOCATIONS, Kind.LOCATION)):
            for cpo in agreement.cpos:
                found += self._seed_for(agreement, module, kind, agreement.emsp, cpo)
        for cpo in agreement.cpos:
            found += self._seed_for(agreement, Module.TOKENS, Kind.TOKEN, cpo, agreement.emsp)
        return found

    def _seed_for(
        self, agreement: Agreement, module: Module, kind: Kind, receiver: Party, owner: Party
    ) -> list[tuple[CourierKey, Seed]]:
        terms = agreement.of(module)
        policy = terms.policy or default_policy(receiver, module)
        if policy is Policy.NONE or not terms.on or receiver == owner:
            return []
        named = EVERY_OWNER if owner.role is Role.HUB else location_key(owner.id, "").owner
        lane = Lane.ALL if policy is Policy.STRICT else LANE_OF[kind]
        return [(CourierKey(receiver, lane), Seed(named, kind, scope=self._scope_name(receiver, kind, owner)))]

    def _scope_name(self, receiver: Party, kind: Kind, owner: Party) -> str:
        """Name the selections by which a receiver sees an owner's places; nothing when it sees all."""
        scope = self._hub.sight.scope(receiver) if kind is Kind.LOCATION else None
        if scope is None:
            return WHOLE
        return named(scope.anywhere) if owner.role is Role.HUB else scope.name(owner.id)

    def _pushed_to(self, party: Party) -> bool:
        """Whether facts go to this party by courier: not when its partner fetches them itself."""
        routing = self._hub.book.routing
        if not routing.has(party):
            return True
        links = [self._hub.links.get(routing.partner_for(party, module).id) for module in Module]
        return any(link is None or link.pushes for link in links)

    def _open(self, key: CourierKey, through: int) -> Courier:
        courier = self._couriers[key] = Courier(self, Cursor(key, through))
        courier.start()
        return courier

    def repeat(self, parties: Collection[Party], kind: Kind, request: str) -> int:
        """Have all objects of a kind sent to these parties once more; returns how many couriers do so."""
        lanes = (LANE_OF[kind], Lane.ALL)
        found = [one for one in self.couriers if one.key.party in parties and one.key.lane in lanes]
        return sum(one.repeat(kind, request) for one in found)

    def forget(self, erasure: Erasure) -> None:
        """Take a driver out of what waits in memory: it goes out as the store has it."""
        self._recent = deque(map(erasure.rewritten, self._recent), maxlen=RECENT)
        for courier in self._couriers.values():
            courier.forget(erasure)

    # -- delivery --------------------------------------------------------------------------------------------------

    async def deliver(self, party: Party, entry: Entry) -> None:
        """Hand an entry to the partner that carries messages to this party, as far as the party may know it."""
        try:
            self._hub.clearing.check(entry)
            told = await self._hub.sight.told(party, entry) if self._is_entitled(party, entry) else None
            link = self._way(party, told) if told is not None else None
            if told is not None and link is not None:
                await link.deliver(told, party)
        except Refused as no:
            self._report(party, entry, no)
            raise
        except (Unavailable, asyncio.CancelledError):
            raise
        except Exception as bug:
            raise _broken(bug, party, entry) from bug

    def _is_entitled(self, party: Party, entry: Entry) -> bool:
        """Whether this party is still told such a thing: what waits while an agreement ends is not; a charge is."""
        return entry.lane in _OWED or any(key.party == party for key, _ in self.receivers(entry))

    def _report(self, party: Party, entry: Entry, no: Refused) -> None:
        """Tell the quality page of who stated an entry that a receiver refused it (design: What 1000 means)."""
        what = f"is refused by {party}: {no.reason.value}"
        self._hub.oddities.note(entry.origin, f"{entry.key.kind.value} delivered", [("", what)], entry.correlation)

    async def seed(self, party: Party, entry: Entry, seed: Seed) -> None:
        """Hand over a part of the picture; where a selection took the place of another, also what has left."""
        try:
            told = await self._hub.sight.seeded(party, entry, seed)
            link = self._way(party, told) if told is not None else None
            if told is not None and link is not None:
                await link.deliver(told, party)
        except (Refused, Unavailable, asyncio.CancelledError):
            raise
        except Exception as bug:
            raise _broken(bug, party, entry) from bug

    def _way(self, party: Party, entry: Entry) -> Link | None:
        """Return the link by which an entry goes to a party; None where its partner fetches it itself."""
        hub = self._hub
        if party in hub.book.suspended:
            raise Unavailable(Reason.NOT_CONNECTED, f"{party} is suspended")
        try:
            partner = hub.book.routing.partner_for(party, MODULE_OF[entry.key.kind])
        except Refused as nobody:
            raise Unavailable(Reason.NOT_CONNECTED, nobody.message) from nobody
        if partner.state in (_SUSPENDED, _PLANNED):
            raise Unavailable(Reason.NOT_CONNECTED, f"partner {partner.id} is {partner.state.value}")
        away = hub.standings.away(party, partner.id)
        if away is not None and entry.lane is not _CHARGES:
            return None  # its hub shows it as away: it fetches what it missed (OCPI-215)
        if away is not None:  # a charge is not sent to it either, but it is owed: it goes when the party is back
            raise Unavailable(Reason.NOT_CONNECTED, f"{party} is {away.state.value}, as {away.by} says")
        link = hub.links.get(partner.id)
        if link is None:
            raise Unavailable(Reason.NOT_CONNECTED, f"partner {partner.id} is not wired")
        return link if link.pushes else None

    def entry_of(self, stored: Stored) -> Entry:
        """Return an object of the picture as an entry without a number; the room renders it from the picture."""
        return Entry(
            seq=0,
            at=self.clock.now(),
            lane=LANE_OF[stored.key.kind],
            act=Act.FACT,
            key=stored.key,
            no=stored.no,
            hub_id=stored.hub_id,
            origin=stored.origin,
            correlation="",
            receiver=stored.receiver,
            agreement=stored.agreement,
            body=stored.body,
        )

    async def retry(self, ids: Sequence[int]) -> int:
        """Try entries from the shelf again; returns how many were found."""
        wanted = set(ids)
        found = 0
        for shelved in await self.store.shelf(limit=ALL):
            courier = self._couriers.get(shelved.courier)
            if shelved.id not in wanted or courier is None:
                continue
            for entry in await self.store.entries(shelved.seq - 1, 1, through=shelved.seq):
                courier.again(entry, shelved.id)
                found += 1
        return found

    async def shelved(self, key: Key, reason: Reason) -> None:
        """Deliver a CDR after all that was let go while it was laid on the shelf for being held."""
        if reason is Reason.HELD and key not in self._hub.clearing.held:
            await self.released(key)

    async def released(self, key: Key) -> None:
        """Deliver a CDR that was held until now."""
        for shelved in await self.store.shelf(limit=ALL):
            if shelved.reason == Reason.HELD:
                found = await self.store.entries(shelved.seq - 1, 1, through=shelved.seq)
                if any(entry.key == key for entry in found):
                    await self.retry([shelved.id])

    async def _tick(self) -> None:
        while True:
            await self.clock.sleep(_TICK_S)
            try:
                await self._look()
            except Exception as trouble:  # noqa: BLE001  a store that fails for a moment must not end this for good
                log.warning("tick_failed", error=repr(trouble))

    async def _look(self) -> None:
        """Follow the dates, write down how far everybody is, and have the couriers look for themselves."""
        if self._boundary is not None and self.clock.now() >= self._boundary:
            self.refresh()
        routed = self.routed
        for courier in list(self._couriers.values()):
            await courier.persist()
            courier.wake()  # the bell is a hint
        await self._mark(routed)
        await self.dating.tick()


def _order(seed: Seed) -> tuple[int, str]:
    return (0 if seed.kind is Kind.TARIFF else 1, seed.owner)


def _broken(bug: Exception, party: Party, entry: Entry) -> Unavailable:
    """Note that a room broke over an entry, and return what that is to the courier: perhaps later."""
    log.error("delivery_broke", party=str(party), seq=entry.seq, exc_info=bug)
    return Unavailable(Reason.FAILED, f"our own failure: {bug!r}")


def _nothing() -> None:
    return None
