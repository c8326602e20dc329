"""A courier delivers what is owed to one party in one lane. Live delivery is catch-up of length one: one path.

The rules (design: Delivery):

- Entries of one *group* (an EVSE with its location, a charge, a token) go one after another; groups go side by side
  within a window. Under ``strict`` everything is one group and the window is one.
- Under ``latest`` an entry that waits is skipped when a newer one of its object says all that it says.
- Delivered, refused (to the shelf) or skipped: settled. The cursor is (through, ahead), so a restart sends only what
  is unsettled and nothing runs backwards.
- Unavailable: the courier rests, longer each time, and the rest survives a restart. An entry that fails while others
  succeed goes to the shelf as poison after five tries; under ``strict`` the lane stops instead, and an alert says so.
- A part of the picture that the receiver never had (a new agreement) is sent first, then the entries since.
- Who was away for longer than the journal goes back gets what is left of it, then the picture once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from interroam.core.chores import Chores, ended
from interroam.core.delivering.lacking import LACKING
from interroam.core.delivering.pending import Group, Pending
from interroam.core.delivering.rests import LONGEST_S, rest_s
from interroam.core.delivering.seeds import covering, once_more
from interroam.core.delivering.shelving import Shelving
from interroam.core.ports import CourierKey, Cursor, Query, Seed
from interroam.core.rules.erasing import Erasure
from interroam.model.agreements import Policy
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Entry, Stored
from interroam.model.ids import Key, Kind, Lane

if TYPE_CHECKING:
    from interroam.core.delivering.dispatch import Dispatch

log = structlog.get_logger()

WINDOW = 16
BACKLOG = 5_000
TRIES = 5
_PAGE = 200


class Courier:
    """One per party, role and lane."""

    def __init__(self, dispatch: Dispatch, cursor: Cursor) -> None:
        self.key: CourierKey = cursor.key
        self._strict = self.key.lane is Lane.ALL
        self._dispatch = dispatch
        self._cursor = cursor
        self._pending = Pending(cursor.through, cursor.ahead, together=self._strict)
        self._workers: set[asyncio.Task[None]] = set()
        self._chores = Chores()
        self._behind = True
        self._catching_up = False
        self._resting = False
        self._probing = cursor.failures > 0
        self._tries: dict[int, tuple[int, int]] = {}
        self._delivered = 0
        self._shelving = Shelving(cursor.key, dispatch)
        self._dirty = True

    # -- what the dispatch says ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Go on where the cursor says; a rest that was not over goes on as well."""
        retry_at = self._cursor.retry_at
        wait = (retry_at - self._dispatch.clock.now()).total_seconds() if retry_at is not None else 0.0
        if wait > 0:
            self._rest(min(wait, LONGEST_S))  # more only says that the clock was set back meanwhile
        self.wake()

    async def stop(self) -> None:
        """End after what is in flight has been cancelled; it was not settled and will be sent again."""
        self._resting = True  # nobody is employed any more
        await asyncio.gather(ended(self._workers), self._chores.stop())
        await self.persist()

    def feed(self, entry: Entry, policy: Policy) -> None:
        """Take a fresh entry of the journal, unless older ones are still to be fetched."""
        if self._behind:
            if not self._catching_up:
                self.wake()
            return
        if len(self._pending) >= BACKLOG:
            self._behind = True
            return
        self._pending.take(entry, policy)
        if self._pending.ready:
            self._employ()

    def passed(self, seq: int) -> None:
        """Note that the journal was routed up to here and what is owed has been fed."""
        if not self._behind:
            self._pending.scanned = seq

    def wake(self) -> None:
        """Look for work: fetch what is missing, deliver what waits."""
        if self._cursor.paused:
            return
        if self._behind and not self._catching_up:
            self._catching_up = True
            self._chores.begin(self._catch_up())
        self._employ()

    def cover(self, wanted: Sequence[Seed]) -> None:
        """Send the parts of the picture that the receiver is entitled to and has not had."""
        self._cursor, before = covering(self._cursor, wanted), self._cursor
        if self._cursor is before:
            return
        self._dirty = True
        if set(self._cursor.covered) - set(before.covered):
            self._behind = True
            self.wake()

    def pause(self) -> None:
        """Deliver nothing more until resumed."""
        self._cursor = replace(self._cursor, paused=True)
        self._dirty = True

    def resume(self) -> None:
        """Deliver again, at once, whatever the back-off said."""
        self._cursor = replace(self._cursor, paused=False, retry_at=None, alert="")
        self._resting = False
        self._dirty = True
        self.wake()

    def replay(self, after: int) -> None:
        """Deliver everything since this entry again."""
        self._pending.rewind(after)
        self._behind = True
        self._dirty = True
        self.wake()

    def repeat(self, kind: Kind | None, request: str) -> bool:
        """Send all objects of a kind (none: of every kind) that the receiver had once more; false when it had none."""
        seeds = once_more(self._cursor.covered, kind, request)
        self._cursor = replace(self._cursor, seeds=(*self._cursor.seeds, *seeds))
        self._dirty = self._behind = True
        self.wake()
        return bool(seeds)

    def forget(self, erasure: Erasure) -> None:
        """Take a driver out of what waits, and out of what an alert says."""
        self._pending.rewrite(erasure.rewritten)
        self._cursor = replace(self._cursor, alert=erasure.text(self._cursor.alert))

    def again(self, entry: Entry, shelved: int) -> None:
        """Try an entry from the shelf once more, beside the lane."""
        if self._shelving.retry(entry.seq, shelved):
            self._pending.take(entry, Policy.FIFO, anew=True)
            self._employ()

    # -- figures ---------------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> Cursor:
        """The cursor as of now."""
        through, ahead = self._pending.position
        return replace(self._cursor, through=through, ahead=ahead)

    def _cursor_with(self, seq: int) -> Cursor:
        """Return the cursor as it is when this entry is settled too."""
        through, ahead = self._pending.position_with(seq)
        return replace(self._cursor, through=through, ahead=ahead)

    @property
    def waiting(self) -> int:
        """How many entries are queued or in flight; those not fetched yet are counted by the journal's head."""
        return len(self._pending)

    @property
    def idle(self) -> bool:
        """Whether nothing is owed any more, and what was refused is on the shelf."""
        return not (len(self._pending) or self._workers or self._behind or self._cursor.seeds)

    async def persist(self) -> None:
        """Write the cursor when it moved."""
        cursor = self.cursor
        if self._dirty or cursor.through != self._cursor.through or cursor.ahead != self._cursor.ahead:
            self._dirty = False
            self._cursor = cursor
            await self._dispatch.store.settle(cursor)

    # -- taking ----------------------------------------------------------------------------------------------------

    async def _catch_up(self) -> None:
        try:
            while not self._cursor.paused:
                await self._seed()  # also what came while entries were fetched
                while len(self._pending) >= BACKLOG:
                    await self._dispatch.clock.sleep(0.02)
                scanned, routed = self._pending.scanned, self._dispatch.routed
                entries = await self._dispatch.since(scanned, 500)
                if scanned != self._pending.scanned:
                    continue  # a replay began meanwhile
                await self._note_missed()
                for entry in entries:
                    for key, policy in self._dispatch.receivers(entry):
                        if key == self.key:
                            self._pending.take(entry, policy)
                self._pending.scanned = max(self._pending.scanned, entries[-1].seq if entries else routed)
                self._employ()
                if self._pending.scanned < self._dispatch.routed or self._cursor.seeds:
                    continue
                if self._cursor.missed:
                    await self._make_up()  # what comes meanwhile is fetched afterwards
                else:
                    self._behind = False
                    return
        finally:
            self._catching_up = False

    async def _note_missed(self) -> None:
        """Note that entries were dropped before they were fetched; it is known after a restart as well."""
        if not self._cursor.missed and self._pending.scanned + 1 < self._dispatch.store.oldest(self.key.lane):
            log.warning("entries_missed", courier=str(self.key), after=self._pending.scanned)
            self._cursor = replace(self._cursor, missed=True)
            self._dirty = True
            await self.persist()

    async def _make_up(self) -> None:
        """Have the picture follow what was left of the entries, where some were missed."""
        while len(self._pending) or self._resting:
            await self._dispatch.clock.sleep(0.02)
        self._cursor = replace(self._cursor, missed=False)
        self.repeat(None, "")

    # -- the picture -----------------------------------------------------------------------------------------------

    async def _seed(self) -> None:
        while self._cursor.seeds and not self._cursor.paused:
            if len(self._pending) or self._resting:  # what was under way goes first
                await self._dispatch.clock.sleep(0.02)
                continue
            seed = self._cursor.seeds[0]
            owners = None if seed.owner == "*" else frozenset({Key(seed.kind, seed.owner, "").party})
            page = await self._dispatch.store.page(
                Query(kind=seed.kind, owners=owners, after=seed.reached, limit=_PAGE, total=0)
            )
            width = 1 if self._strict else WINDOW
            for start in range(0, len(page.items), width):
                await asyncio.gather(*(self._send_stored(stored, seed) for stored in page.items[start : start + width]))
            rest = tuple(one for one in self._cursor.seeds if one is not seed)
            if page.next and page.items and len(rest) < len(self._cursor.seeds):  # still wanted
                rest = (replace(seed, reached=page.items[-1].no), *rest)
            self._cursor = replace(self._cursor, seeds=rest)
            self._dirty = True
            await self.persist()

    async def _send_stored(self, stored: Stored, seed: Seed) -> None:
        """Deliver an object of the picture until it is taken or refused."""
        entry = replace(self._dispatch.entry_of(stored), correlation=seed.again)
        tries = 0
        while True:
            try:
                await self._dispatch.seed(self.key.party, entry, seed)
            except Refused as no:
                await self._shelve(replace(entry, seq=stored.version), no.reason, no.told)
                return
            except Unavailable as later:
                tries += 1
                self._note_failure(later)
                await self._dispatch.clock.sleep(rest_s(tries))
                newest = await self._dispatch.store.get(stored.key)
                if newest is None:  # its driver was erased meanwhile
                    return
                entry = replace(self._dispatch.entry_of(newest), correlation=seed.again)
            else:
                self._note_success()
                return

    # -- delivering ------------------------------------------------------------------------------------------------

    def _employ(self) -> None:
        window = 1 if self._strict or self._probing else WINDOW
        for _ in range(min(self._pending.ready, window - len(self._workers))):
            if self._resting or self._cursor.paused:
                return
            task = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(task)
            task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        """Let a worker go; what was fed after its last look, while its place was still taken, needs another."""
        self._workers.discard(task)
        self._employ()

    async def _work(self) -> None:
        turns = self._dispatch.turns
        while not self._resting and not self._cursor.paused:
            if turns.scarce:
                await turns.turn()
            taken = self._pending.pop()
            if taken is None:
                return
            group, entry = taken
            try:
                await self._dispatch.deliver(self.key.party, entry)
            except Refused as no:
                await self._refused(entry, no)
            except Unavailable as later:
                if not await self._failed(group, entry, later):
                    continue
            else:
                self._done(entry)
            self._pending.release(group)

    def _done(self, entry: Entry) -> None:
        shelved = self._shelving.delivered(entry.seq)
        if shelved is not None:
            self._chores.begin(self._dispatch.store.unshelve([shelved]))
        self._tries.pop(entry.seq, None)
        self._note_success()
        self._pending.settle(entry.seq)

    async def _refused(self, entry: Entry, no: Refused) -> None:
        self._note_success()  # a refusal is an answer: the partner is there
        log.info("entry_refused", courier=str(self.key), seq=entry.seq, reason=no.reason.value, message=no.message)
        await self._shelve(entry, no.reason, no.told)

    async def _shelve(self, entry: Entry, reason: Reason, message: str, *, poison: bool = False) -> None:
        if reason in LACKING:
            self._dispatch.lacking.note(entry)  # before it lies there: what it waits for may come meanwhile
        seq, (tries, _) = entry.seq, self._tries.pop(entry.seq, (1, 0))
        await self._shelving.put(seq, reason.value, message, lambda: self._cursor_with(seq), poison=poison, tries=tries)
        self._pending.settle(seq)
        await self._dispatch.shelved(entry.key, reason)

    async def _failed(self, group: Group, entry: Entry, later: Unavailable) -> bool:
        """Return whether the group may go on: true when the entry was poison and is on the shelf now."""
        tries, seen = self._tries.get(entry.seq, (0, self._delivered))
        if not later.is_busy:
            tries += 1 if tries == 0 or self._delivered > seen else 0
        self._tries[entry.seq] = (tries, self._delivered)
        self._note_failure(later)
        if tries >= TRIES:
            if not self._strict:
                log.warning("entry_poisoned", courier=str(self.key), seq=entry.seq, message=later.message)
                await self._shelve(entry, later.reason, later.message, poison=True)
                return True
            self._alert(f"entry {entry.seq} keeps failing: {later.message}")
        self._pending.put_back(group, entry)
        self._chores.begin(self._ready_after(group, rest_s(max(tries, self._cursor.failures))))
        return False

    async def _ready_after(self, group: Group, seconds: float) -> None:
        await self._dispatch.clock.sleep(seconds)
        self._pending.release(group)
        self._employ()

    # -- back-off --------------------------------------------------------------------------------------------------

    def _note_success(self) -> None:
        self._delivered += 1
        if self._cursor.failures or self._probing:
            self._cursor = replace(self._cursor, failures=0, retry_at=None, alert="")
            self._dirty = True
            self._probing = False
            self._employ()

    def _note_failure(self, later: Unavailable) -> None:
        if self._resting:
            return
        failures = self._cursor.failures + 1
        rest = max(rest_s(failures), min(later.retry_after or 0.0, LONGEST_S))
        self._cursor = replace(
            self._cursor, failures=failures, retry_at=self._dispatch.clock.now() + timedelta(seconds=rest)
        )
        self._dirty = True
        if failures in (1, TRIES):
            log.info("partner_unavailable", courier=str(self.key), message=later.message, failures=failures)
        if failures >= TRIES and self._strict:
            self._alert(f"nothing is taken: {later.message}")
        self._probing = True
        self._rest(rest)

    def _rest(self, seconds: float) -> None:
        self._resting = True
        self._chores.begin(self._rise(seconds))

    async def _rise(self, seconds: float) -> None:
        await self._dispatch.clock.sleep(seconds)
        self._resting = False
        self.wake()

    def _alert(self, message: str) -> None:
        if self._cursor.alert != message:
            log.warning("lane_stopped", courier=str(self.key), message=message)
            self._cursor = replace(self._cursor, alert=message)
            self._dirty = True
