"""The quality gate: static data of places waits for approval, dynamic data goes through at once (OCPI-68 to OCPI-72).

- What waits is a *draft*: the place as its owner stated it last, kept beside the picture, judged by the same rules.
  The picture, which everybody sees, keeps the approved place until then.
- The status of an EVSE (but PLANNED and REMOVED) and the tariffs of its first connector are dynamic: they are taken
  over into the approved EVSE at once, and kept in the draft of one that is not approved yet.
- The rule (``Mode``) lets through what has no severe defect; the rest waits for an operator (core/office/approving.py).

Partners without a gate never come here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from interroam.core.rules.quality import Defect, Mode, Standards, is_static, of_charge, of_place, of_tariff, severe
from interroam.core.rules.verdicts import Judgment, judge, removal
from interroam.core.telling.drafts import Draft, Drafts, site_of
from interroam.core.telling.findings import Findings
from interroam.model.charges import Cdr, Session
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Change, Fact, Origin, Receipt, Statement, Stored, Verdict, Wire, Withdrawal
from interroam.model.ids import Key, Kind, Module, tariff_key
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff

if TYPE_CHECKING:
    from interroam.core.hub import Hub

PLACES = frozenset({Kind.LOCATION, Kind.EVSE})
_STATUS = frozenset({"status"})
_WAITS = "kept; shown as soon as its static data are approved"
_MOST_TOLD = 5


class Gate:
    """Lets through what may be shown and keeps the rest."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.findings = Findings(hub.store, hub.clock)
        hub.forgetting.append(self.findings.forget)
        self.drafts = Drafts(hub.store)
        self._locks = tuple(asyncio.Lock() for _ in range(64))

    def standards(self, partner: str) -> Standards | None:
        """Return what this partner's data must live up to; None where nothing is judged."""
        found: Standards | None = getattr(self._hub.links.get(partner), "standards", None)
        return found

    def lock(self, key: Key) -> asyncio.Lock:
        """Return what to hold while deciding about a location or its EVSEs."""
        return self._locks[hash(site_of(key)) % len(self._locks)]

    async def tell(self, origin: Origin, statement: Statement, standards: Standards) -> Receipt:
        """Take a statement of a partner whose data are judged."""
        key = statement.key
        if key.kind not in PLACES:
            return await self._other(origin, statement, standards)
        if standards.mode is Mode.OFF:
            return await self._hub.record(origin, statement)
        await self.drafts.load()
        statement = standards.tidied(statement)
        if isinstance(statement, Change) and statement.fields == _STATUS and await self._is_dynamic(statement):
            return await self._hub.record(origin, statement)
        async with self.lock(key):
            if isinstance(statement, Withdrawal):
                for draft in self.drafts.within(key):
                    await self.drafts.drop(draft.key)
                return await self._hub.record(origin, statement)
            if isinstance(statement, Fact) and statement.parts is not None:
                receipt = await self._whole(origin, statement, statement.parts, standards)
            else:
                receipt = await self._single(origin, statement, standards)
            return self._explained(key, receipt)

    def _explained(self, key: Key, receipt: Receipt) -> Receipt:
        """Tell the owner that something of a place waits, and what is wrong with it (OCPI-67)."""
        waiting = self.drafts.within(key)
        if not waiting:
            return receipt
        wrong = dict.fromkeys(f"{one.field} {one.message}" for draft in waiting for one in draft.defects)
        return replace(receipt, finding="; ".join((_WAITS, *list(wrong)[:_MOST_TOLD])))

    async def _other(self, origin: Origin, statement: Statement, standards: Standards) -> Receipt:
        """Note what is odd about a tariff or a charge; it is taken all the same."""
        if not isinstance(statement, Fact):
            return await self._hub.record(origin, statement)
        body = statement.body
        if not isinstance(body, Tariff):
            if isinstance(body, Session | Cdr) and standards.mode is not Mode.OFF:
                await self.findings.note(origin.partner, statement.key, of_charge(body))
            return await self._hub.record(origin, statement)
        async with self.lock(statement.key):
            return await self._tariff(origin, statement, body, standards)

    async def _tariff(self, origin: Origin, statement: Fact, body: Tariff, standards: Standards) -> Receipt:
        """Take a tariff: without a start it holds since its first reception (OCPI-147, sheet C34)."""
        row = await self.known(statement.key)
        old = row.body if row is not None and isinstance(row.body, Tariff) else None
        if body.starts is None and standards.default_start:
            known = old.starts if old is not None else None
            statement = standards.starting(statement, known or self._hub.clock.now())
        receipt = await self._hub.record(origin, statement)
        if receipt.verdict is Verdict.RECORDED and standards.mode is not Mode.OFF:
            defects = (*of_tariff(body, old), *standards.odd(statement))
            await self.findings.note(origin.partner, statement.key, defects)
        return await self._for_some(body, receipt)

    async def _for_some(self, tariff: Tariff, receipt: Receipt) -> Receipt:
        """Tell the CPO of a tariff that is for one eMSP when the others have none under this id (sheet 5.6)."""
        if tariff.target is None or receipt.verdict is not Verdict.RECORDED:
            return receipt
        if await self.known(tariff_key(tariff.owner, tariff.id)) is not None:
            return receipt
        now, routing = self._hub.clock.now(), self._hub.book.routing
        others = {key.party.id for key, _ in routing.told(tariff.key.owner, Module.TARIFFS, now)} - {tariff.target}
        return (
            replace(receipt, finding=f"only {tariff.target} sees this tariff: there is none for all")
            if others
            else receipt
        )

    async def compared(self, origin: Origin, statement: Fact) -> Receipt:
        """Take a tariff of a partner whose data are not judged, and count what changed under its id (OCPI-149)."""
        async with self.lock(statement.key):
            row = await self.known(statement.key)
            receipt = await self._hub.record(origin, statement)
        new, old = statement.body, row.body if row is not None else None
        if receipt.verdict is Verdict.RECORDED and isinstance(new, Tariff) and isinstance(old, Tariff):
            missing = of_tariff(new, None)
            odd = [(one.field, one.message) for one in of_tariff(new, old) if one not in missing]
            if odd:
                self._hub.oddities.note(origin.partner, "tariff", odd, origin.correlation)
        return await self._for_some(new, receipt) if isinstance(new, Tariff) else receipt

    async def _is_dynamic(self, change: Change) -> bool:
        """Whether a status goes straight through: of an approved EVSE, none of which waits."""
        row = await self.known(change.key)
        if row is None or not isinstance(row.body, Evse) or self.drafts.get(change.key) is not None:
            return False
        merged, _ = change.merge(row.body, row.wire)
        return isinstance(merged, Evse) and not is_static(merged) and not is_static(row.body)

    # -- one place -------------------------------------------------------------------------------------------------

    async def _single(self, origin: Origin, statement: Fact | Change, standards: Standards) -> Receipt:
        """Let one location (without EVSEs) or one EVSE through, or keep it."""
        weighed = await self._weigh(origin, statement, standards)
        if isinstance(weighed, Receipt):
            return weighed
        if isinstance(weighed, Draft):
            return await self._keep(origin, weighed, standards)
        await self.drafts.drop(statement.key)
        receipt = await self._hub.record(origin, weighed)
        if statement.key.kind is Kind.LOCATION and standards.mode is not Mode.MANUAL:
            await self._follow(origin, statement.key)
        return receipt

    async def _follow(self, origin: Origin, site: Key) -> None:
        """Show what waited for its location alone."""
        for draft in self.drafts.within(site):
            if not severe(draft.defects):
                await self._hub.record(origin, Fact(draft.body, None, draft.wire))
                await self.drafts.drop(draft.key)

    async def _weigh(
        self, origin: Origin, statement: Fact | Change, standards: Standards, *, placed: bool = False
    ) -> Receipt | Draft | Fact | Change:
        """Return what to make of a statement: nothing, a draft, or what to record; ``placed``: its location stands."""
        key = statement.key
        row, draft = await self.known(key), self.drafts.get(key)
        stands = placed or key.kind is Kind.LOCATION or await self.known(site_of(key)) is not None
        if not stands and self.drafts.get(site_of(key)) is None:
            return Receipt(Verdict.UNKNOWN)
        now = self._hub.clock.now()
        judgment = judge(statement, draft.stored if draft is not None else row, now)
        if not isinstance(judgment.body, Location | Evse):
            return Receipt(judgment.verdict)
        body, wire = self._completed(key, judgment.body, judgment.wire, standards)
        defects = of_place(body, standards.mandatory)
        if isinstance(statement, Fact):
            defects += standards.odd(statement)
        if standards.mode is Mode.REJECT and severe(defects):
            raise _rejected(defects)
        await self.findings.note(origin.partner, key, defects)
        if row is not None and standards.static(body, wire) == standards.static(row.body, row.wire):
            passes = True  # nothing static is new
        else:
            passes = stands and standards.mode is not Mode.MANUAL and not severe(defects)
        if not passes:
            since = draft.since if draft is not None else now
            return _draft(key, origin, judgment, body, wire, since=since, defects=defects, new=row is None)
        as_stated = draft is None and not self.drafts.added(key)
        return statement if as_stated else Fact(body, None, wire)

    def _completed(
        self, key: Key, body: Location | Evse, wire: Wire | None, standards: Standards
    ) -> tuple[Location | Evse, Wire | None]:
        """Return a place with what an operator added to it (OCPI-195)."""
        raw = self.drafts.added(key)
        if not raw:
            return body, wire
        merged, grown = standards.completion(key, raw).merge(body, wire)
        if not isinstance(merged, Location | Evse):  # pragma: no cover  a place stays a place
            return body, wire
        return replace(merged, last_updated=body.last_updated), grown

    async def _keep(self, origin: Origin, draft: Draft, standards: Standards) -> Receipt:
        """Keep a draft; what is dynamic of it goes into the approved EVSE (OCPI-71)."""
        seq = 0
        row = await self.known(draft.key)
        if draft.evse is not None and row is not None and isinstance(row.body, Evse):
            live = standards.live(draft.evse, row.body)
            if live is not None:
                seq = (await self._hub.record(origin, live)).seq
        await self.drafts.put(draft)
        no, hub_id = (row.no, row.hub_id) if row is not None else (0, "")
        return Receipt(Verdict.RECORDED, seq, no, hub_id, draft.new)

    # -- a location with its EVSEs ---------------------------------------------------------------------------------

    async def _whole(self, origin: Origin, statement: Fact, parts: tuple[Fact, ...], standards: Standards) -> Receipt:
        """Let a location through with those of its EVSEs that may be shown, and keep the rest."""
        key = statement.key
        same, differ = statement.same, statement.differ
        restate = statement.restate
        alone = Fact(statement.body, None, statement.row or statement.wire, None, same, restate, differ)
        weighed = await self._weigh(origin, alone, standards)
        if isinstance(weighed, Draft):
            receipt = await self._keep(origin, weighed, standards)
            for part in await self._stated(statement, parts):
                await self._single(origin, part, standards)
            return receipt
        if isinstance(weighed, Receipt):  # the location comes late and leaves out nothing; its EVSEs may be news
            for part in parts:
                await self._single(origin, part, standards)
            return weighed
        shown, untouched = await self._parts(origin, await self._stated(statement, parts), standards)
        await self.drafts.drop(key)
        if untouched and weighed is alone:
            return await self._hub.record(origin, statement)
        told = weighed if isinstance(weighed, Fact) else alone
        row = told.row or told.wire
        return await self._hub.record(origin, Fact(told.body, None, row, shown, same, restate, differ))

    async def _stated(self, statement: Fact, parts: tuple[Fact, ...]) -> list[Fact | Change]:
        """Return what a whole location says of its EVSEs: those it brings, and that those it leaves out are gone."""
        key, body = statement.key, statement.body
        stated: list[Fact | Change] = list(parts)
        brought = {part.key for part in parts}
        for draft in self.drafts.within(key):
            if draft.new and draft.key.kind is Kind.EVSE and draft.key not in brought:
                await self.drafts.drop(draft.key)
        (rows,) = await self._hub.store.evses([key])
        at = body.last_updated if isinstance(body, Location) else self._hub.clock.now()
        for row in rows:
            gone = isinstance(row.body, Evse) and row.body.removed
            if row.key not in brought and not row.withdrawn and not gone:
                stated.append(removal(row, at, statement.restate))
        return stated

    async def _parts(
        self, origin: Origin, stated: list[Fact | Change], standards: Standards
    ) -> tuple[tuple[Fact, ...], bool]:
        """Return the EVSEs to record with their location, and whether these are just what was stated."""
        shown: list[Fact] = []
        untouched = True
        for part in stated:
            weighed = await self._weigh(origin, part, standards, placed=True)
            if isinstance(weighed, Change):
                await self.drafts.drop(part.key)
                continue  # it is gone: to leave it out says so
            if isinstance(weighed, Fact):
                await self.drafts.drop(part.key)
                shown.append(weighed)
                untouched = untouched and weighed is part
                continue
            if isinstance(weighed, Draft):
                await self._keep(origin, weighed, standards)
            untouched = False
            row = await self.known(part.key)
            if row is not None:  # it stays as it was approved
                shown.append(Fact(row.body, None, row.wire))
        return tuple(shown), untouched

    async def known(self, key: Key) -> Stored | None:
        """Return a place as it was approved."""
        row = await self._hub.store.get(key)
        return row if row is not None and not row.withdrawn else None


def _draft(
    key: Key, origin: Origin, judgment: Judgment, body: Location | Evse, wire: Wire | None, **more: Any
) -> Draft:
    return Draft(
        key=key,
        partner=origin.partner,
        location=body if isinstance(body, Location) else None,
        evse=body if isinstance(body, Evse) else None,
        wire=wire,
        judged_at=judgment.judged_at or body.last_updated,
        updated=judgment.updated or body.last_updated,
        **more,
    )


def _rejected(defects: tuple[Defect, ...]) -> Refused:
    first = next(one for one in defects if one.severe)
    return Refused(Reason.MALFORMED, f"{first.field}: {first.message}", remedy="mend it and send it again")
