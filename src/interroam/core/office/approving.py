"""The approval queue: what waits at the gate, and what an operator makes of it. Audited as everything."""

from __future__ import annotations

from datetime import datetime

import msgspec

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.hub import Hub
from interroam.core.rules.quality import Defect, of_place, severe
from interroam.core.telling.drafts import Draft
from interroam.core.telling.findings import Found
from interroam.core.telling.oddities import Oddity
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Fact, Origin
from interroam.model.ids import Key, Kind


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A place that waits for approval."""

    object: str
    partner: str
    since: datetime
    new: bool = False
    defects: tuple[Defect, ...] = ()


class Approving:
    """Releases or drops drafts, and shows what is wrong."""

    def __init__(self, hub: Hub, audit: Audit) -> None:
        self._hub = hub
        self._gate = hub.gate
        self._audit = audit

    async def waiting(self, actor: Actor, partner: str = "") -> list[Waiting]:
        """Return what waits, the oldest first; of one partner, or of all."""
        actor.needs(Rank.VIEWER)
        await self._gate.drafts.load()
        return [_waiting(one) for one in self._gate.drafts.all() if partner in ("", one.partner)]

    async def findings(self, actor: Actor, partner: str) -> list[Found]:
        """Return the quality page of a partner: what is wrong with what it stated."""
        actor.needs(Rank.VIEWER)
        if partner not in self._hub.book.partners:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {partner}", remedy="interroam partner list")
        return await self._gate.findings.of(partner)

    def oddities(self, actor: Actor, partner: str) -> list[Oddity]:
        """Return what is odd in the messages of a partner, and in what receivers said of them."""
        actor.needs(Rank.VIEWER)
        return self._hub.oddities.of(partner)

    async def approve(self, actor: Actor, name: str) -> int:
        """Show a place as it was stated last, a location with its EVSEs; returns how many places that were."""
        actor.needs(Rank.OPERATOR)
        drafts = await self._named(name)
        async with self._gate.lock(drafts[0].key):
            await self._release([self._gate.drafts.get(one.key) or one for one in drafts])
        await self._audit.write(actor, "quality approve", name, places=len(drafts))
        return len(drafts)

    async def reject(self, actor: Actor, name: str, reason: str = "") -> int:
        """Drop what waits; what is approved stays, and the sender is told why on its quality page."""
        actor.needs(Rank.OPERATOR)
        drafts = await self._named(name)
        said = f"rejected: {reason}" if reason else "rejected"
        async with self._gate.lock(drafts[0].key):
            for one in drafts:
                await self._gate.drafts.drop(one.key)
                await self._gate.findings.note(one.partner, one.key, (*one.defects, Defect("", said, severe=True)))
        await self._audit.write(actor, "quality reject", name, reason=reason)
        return len(drafts)

    async def complete(self, actor: Actor, name: str, raw: bytes) -> None:
        """Add fields to a place, now and whenever its owner states it; nothing ends that (OCPI-195)."""
        actor.needs(Rank.OPERATOR)
        await self._gate.drafts.load()
        key = _key(name)
        draft, row = self._gate.drafts.get(key), await self._gate.known(key)
        owner = draft.partner if draft is not None else row.origin if row is not None else ""
        standards = self._gate.standards(owner)
        if standards is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no {name} whose quality is looked at")
        if raw:
            standards.completion(key, raw)
        await self._gate.drafts.add(key, raw)
        await self._audit.write(actor, "quality complete", name)
        if draft is not None:  # the rule looks at it again
            await self._gate.tell(Origin(owner, correlation=self._hub.ids.new()), self._fact(draft), standards)

    async def recheck(self, actor: Actor, partner: str) -> int:
        """Release what lives up to the rules as they are now; returns how many places that were."""
        actor.needs(Rank.OPERATOR)
        await self._gate.drafts.load()
        standards = self._gate.standards(partner)
        released = 0
        for one in sorted(self._gate.drafts.all(), key=lambda each: each.key.kind is Kind.EVSE):
            if one.partner != partner or (standards and severe(of_place(one.body, standards.mandatory))):
                continue
            if one.key.kind is Kind.EVSE and await self._gate.known(_site(one.key)) is None:
                continue
            async with self._gate.lock(one.key):
                await self._release([one])
            released += 1
        await self._audit.write(actor, "quality recheck", partner, places=released)
        return released

    async def _release(self, drafts: list[Draft]) -> None:
        """Record drafts of one place: a new location together with its EVSEs, so that it is told once."""
        first = drafts[0]
        origin = Origin(first.partner, correlation=self._hub.ids.new())
        if first.key.kind is Kind.LOCATION and first.new:
            facts = [Fact(first.body, None, first.wire, tuple(map(self._fact, drafts[1:])))]
        else:
            facts = list(map(self._fact, drafts))
        for fact in facts:
            await self._hub.record(origin, fact)
        for one in drafts:
            await self._gate.drafts.drop(one.key)

    def _fact(self, draft: Draft) -> Fact:
        standards = self._gate.standards(draft.partner)
        return Fact(draft.body, None, draft.wire, differ=standards.differ if standards is not None else None)

    async def _named(self, name: str) -> list[Draft]:
        await self._gate.drafts.load()
        key = _key(name)
        found = self._gate.drafts.within(key)
        if not found:
            raise Refused(Reason.UNKNOWN_OBJECT, f"nothing of {name} waits", remedy="interroam quality list")
        if key.kind is Kind.EVSE and await self._gate.known(_site(key)) is None:
            remedy = f"decide about {_site(key)}"
            raise Refused(Reason.WRONG_STATE, f"the location of {name} is not approved itself", remedy=remedy)
        return found


def _waiting(draft: Draft) -> Waiting:
    return Waiting(
        object=str(draft.key), partner=draft.partner, since=draft.since, new=draft.new, defects=draft.defects
    )


def _site(key: Key) -> Key:
    return Key(Kind.LOCATION, key.owner, key.id)


def _key(name: str) -> Key:
    """Read a place as lists show it: ``location/ch*ccc/l1``, ``evse/ch*ccc/l1/e1``."""
    kind, *rest = name.split("/")
    if kind in ("location", "evse") and len(rest) == (2 if kind == "location" else 3):
        return Key(Kind(kind), *(part.casefold() for part in rest))
    raise Refused(Reason.MALFORMED, f"{name} is no place", remedy="copy it from interroam quality list")
