"""What an operator may do about deliveries, drivers and keys: audited as everything an operator does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.delivering.courier import Courier
from interroam.core.delivering.dispatch import Dispatch
from interroam.core.hub import Hub
from interroam.core.keys import Keyring
from interroam.core.office.drivers import names_of
from interroam.core.office.reports import CourierReport, ShelfReport
from interroam.core.pages import seq_before
from interroam.core.ports import CourierKey, Shelved
from interroam.core.rules.erasing import Erasure
from interroam.core.telling.clearing import Weighed
from interroam.core.telling.waiting import Keeper, Waiting
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Entry
from interroam.model.ids import Kind, Lane, Module, Party, PartyId, cdr_key

_LOOK_S = 0.1
_PUSHED = {Module.TARIFFS: Kind.TARIFF, Module.LOCATIONS: Kind.LOCATION, Module.TOKENS: Kind.TOKEN}
"""What can be told once more as it stands: a tariff before the places that name it."""
_ALL = 1_000_000


class Upkeep:
    """Couriers, shelf, drivers and keys of one node."""

    def __init__(self, hub: Hub, dispatch: Dispatch, audit: Audit, key_file: Path | None = None) -> None:
        self._hub = hub
        self._store = hub.store
        self._dispatch = dispatch
        self._audit = audit
        self._key_file = key_file

    # -- couriers --------------------------------------------------------------------------------------------------

    def couriers(self, actor: Actor) -> list[CourierReport]:
        """Return how every courier stands."""
        actor.needs(Rank.VIEWER)
        head = self._store.head()
        return [_report(courier, head) for courier in sorted(self._dispatch.couriers, key=lambda one: one.key)]

    async def pause(self, actor: Actor, key: CourierKey) -> CourierReport:
        """Hold a courier; what it owes waits."""
        actor.needs(Rank.OPERATOR)
        courier = self._courier(key)
        courier.pause()
        return await self._moved(actor, courier, "courier pause")

    async def resume(self, actor: Actor, key: CourierKey) -> CourierReport:
        """Let a courier go on, at once."""
        actor.needs(Rank.OPERATOR)
        courier = self._courier(key)
        courier.resume()
        return await self._moved(actor, courier, "courier resume")

    async def drain(self, actor: Actor, key: CourierKey, within: float) -> CourierReport:
        """Deliver what is owed as of now, then hold the courier; it is held after ``within`` seconds at the latest."""
        actor.needs(Rank.OPERATOR)
        courier = self._courier(key)
        goal, now = self._store.head(), self._hub.clock.now
        ends = now() + timedelta(seconds=within)
        while courier.cursor.through < goal and not courier.idle and now() < ends:
            await self._hub.clock.sleep(_LOOK_S)
        courier.pause()
        return await self._moved(actor, courier, "courier drain")

    async def replay(self, actor: Actor, key: CourierKey, since: datetime) -> CourierReport:
        """Deliver everything since a moment again."""
        actor.needs(Rank.OPERATOR)
        courier = self._courier(key)
        after = await seq_before(self._store, since)
        courier.replay(after)
        return await self._moved(actor, courier, "courier replay", since=since, after=after)

    async def push(self, actor: Actor, id: str, module: Module | None = None) -> int:
        """Tell a partner once more what it may know of a module, or of all (EMIP-55); returns in how many parts."""
        actor.needs(Rank.OPERATOR)
        partner = self._hub.book.partners.get(id)
        if partner is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {id}", remedy="interroam partner list")
        if module is not None and module not in _PUSHED:
            remedy = "interroam courier replay, from a date on"
            raise Refused(Reason.MALFORMED, f"{module.value} are not told once more as a whole", remedy=remedy)
        request = self._hub.ids.new()
        kinds = tuple(_PUSHED.values()) if module is None else (_PUSHED[module],)
        parts = sum(self._dispatch.repeat(partner.parties, kind, request) for kind in kinds)
        await self._audit.write(actor, "push", id, module=module and module.value, request=request, parts=parts)
        return parts

    def _courier(self, key: CourierKey) -> Courier:
        courier = self._dispatch.courier(key)
        if courier is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"no courier serves {key}", remedy="interroam courier list")
        return courier

    async def _moved(self, actor: Actor, courier: Courier, action: str, **detail: object) -> CourierReport:
        await courier.persist()
        await self._audit.write(actor, action, str(courier.key), **detail)
        return _report(courier, self._store.head())

    # -- shelf -----------------------------------------------------------------------------------------------------

    async def shelf(self, actor: Actor, courier: CourierKey | None = None, limit: int = 200) -> list[ShelfReport]:
        """Return what partners refused, or what kept failing, oldest first."""
        actor.needs(Rank.VIEWER)
        shelved = await self._store.shelf(courier, limit)
        entries = {entry.seq: entry for entry in await self._entries([one.seq for one in shelved])}
        return [_shelved(one, entries.get(one.seq)) for one in shelved]

    async def retry(self, actor: Actor, ids: Sequence[int]) -> int:
        """Try shelved entries again; returns how many are under way."""
        actor.needs(Rank.OPERATOR)
        await self._check_shelved(ids)
        tried = await self._dispatch.retry(ids)
        await self._audit.write(actor, "shelf retry", " ".join(map(str, ids)), tried=tried)
        return tried

    async def drop(self, actor: Actor, ids: Sequence[int]) -> None:
        """Give shelved entries up: they will never be delivered."""
        actor.needs(Rank.OPERATOR)
        await self._check_shelved(ids)
        await self._store.unshelve(ids)
        await self._audit.write(actor, "shelf drop", " ".join(map(str, ids)))

    async def _check_shelved(self, ids: Sequence[int]) -> None:
        lying = {one.id for one in await self._store.shelf(limit=_ALL)}
        for unknown in (one for one in ids if one not in lying):
            raise Refused(Reason.UNKNOWN_OBJECT, f"nothing on the shelf is {unknown}", remedy="interroam shelf list")

    async def _entries(self, numbers: Sequence[int]) -> list[Entry]:
        found = [await self._store.entries(seq - 1, 1, through=seq) for seq in sorted(set(numbers))]
        return [entry for some in found for entry in some]

    # -- CDRs ------------------------------------------------------------------------------------------------------

    def weighed(self, actor: Actor, *, held: bool = False) -> list[Weighed]:
        """Return the CDRs whose price was remarked upon or that are held."""
        actor.needs(Rank.VIEWER)
        clearing = self._hub.clearing
        return [one for one in clearing.weighed if not held or one.key in clearing.held]

    async def release(self, actor: Actor, owner: PartyId, cdr_id: str) -> Weighed:
        """Let a held CDR go to whom it is owed."""
        actor.needs(Rank.OPERATOR)
        key = cdr_key(owner, cdr_id)
        one = await self._hub.clearing.release(key, actor.name)
        await self._dispatch.released(key)
        await self._audit.write(actor, "cdr release", str(key), message=one.message)
        return one

    # -- charges that wait -----------------------------------------------------------------------------------------

    async def waiting(self, actor: Actor) -> list[Waiting]:
        """Return the charges that were acknowledged and cannot be told yet, the oldest first."""
        actor.needs(Rank.VIEWER)
        kept = [one for keeper in self._hub.keepers for one in await keeper.waiting()]
        return [one if actor.bodies else one.veiled() for one in sorted(kept, key=lambda one: one.since)]

    async def retry_waiting(self, actor: Actor, ids: Sequence[str]) -> int:
        """Try to tell charges that wait; returns how many were told."""
        actor.needs(Rank.OPERATOR)
        kept = await self._kept(ids)
        told = sum([await kept[one].again(one) for one in ids])
        await self._audit.write(actor, "waiting retry", " ".join(ids), told=told)
        return told

    async def drop_waiting(self, actor: Actor, ids: Sequence[str]) -> None:
        """Give charges up that wait: they will never be told."""
        actor.needs(Rank.OPERATOR)
        kept = await self._kept(ids)
        for one in ids:
            await kept[one].drop(one)
        await self._audit.write(actor, "waiting drop", " ".join(ids))

    async def _kept(self, ids: Sequence[str]) -> dict[str, Keeper]:
        kept = {one.id: keeper for keeper in self._hub.keepers for one in await keeper.waiting()}
        for unknown in [one for one in ids if one not in kept]:
            raise Refused(Reason.UNKNOWN_OBJECT, f"nothing waits as {unknown}", remedy="interroam cdr waiting")
        return kept

    # -- drivers ---------------------------------------------------------------------------------------------------

    async def erase_driver(self, actor: Actor, type: str, uid: str) -> int:
        """Forget who a driver is: a token (``RFID``, ``APP_USER`` …) or everything of a ``contract``.

        Bodies say a pseudonym from now on, the same one for the same driver; numbers, times, energy and amounts stay.
        What memory holds of the driver goes as well. Returns how many rows, entries and documents were rewritten.
        """
        actor.needs(Rank.ADMIN)
        return await asyncio.shield(self._erase(actor, type, uid))  # it ends, also when nobody waits for it any more

    async def _erase(self, actor: Actor, type: str, uid: str) -> int:
        hub = self._hub
        erasure = Erasure(hub.book.keyring, await names_of(hub.store, hub.book.keyring, type, uid))
        hub.forget(erasure)
        self._dispatch.forget(erasure)
        rewritten = await self._store.erase(erasure)
        await self._audit.write(actor, "driver erase", erasure.pseudonym(type, uid), rewritten=rewritten)
        self._dispatch.forget(erasure)
        hub.forget(erasure)  # what was read again, or kept, meanwhile
        return rewritten

    # -- keys ------------------------------------------------------------------------------------------------------

    async def rotate_keys(self, actor: Actor) -> int:
        """Put a new key in front of the node's keys: new secrets use it, old ones are still recognized."""
        actor.needs(Rank.ADMIN)
        if self._key_file is None:
            raise Refused(Reason.NOT_OFFERED, "this node keeps its keys in memory only")
        self._hub.book.keyring.renew(Keyring.rotate(self._key_file))
        await self._audit.write(actor, "keys rotate")
        return self._hub.book.keyring.count


def courier_key(party: str, lane: str) -> CourierKey:
    """Read the name of a courier; Refused when it is none."""
    if lane not in tuple(Lane):
        raise Refused(Reason.MALFORMED, f"there is no lane {lane}", remedy=f"one of {', '.join(Lane)}")
    try:
        return CourierKey(Party.parse(party), Lane(lane))
    except ValueError as error:
        raise Refused(Reason.MALFORMED, str(error), remedy="name it as NL*EEE/EMSP") from error


def _report(courier: Courier, head: int) -> CourierReport:
    cursor = courier.cursor
    return CourierReport(
        party=str(courier.key.party),
        lane=courier.key.lane.value,
        through=cursor.through,
        lag=max(0, head - cursor.through),
        waiting=courier.waiting,
        failures=cursor.failures,
        retry_at=cursor.retry_at,
        paused=cursor.paused,
        alert=cursor.alert,
        seeds=len(cursor.seeds),
    )


def _shelved(one: Shelved, entry: Entry | None) -> ShelfReport:
    return ShelfReport(
        id=one.id,
        party=str(one.courier.party),
        lane=one.courier.lane.value,
        seq=one.seq,
        at=one.at,
        object=str(entry.key) if entry is not None else "",
        reason=one.reason,
        message=one.message,
        poison=one.poison,
        tries=one.tries,
    )
