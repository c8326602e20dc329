"""What becomes of a CDR by its price, as its agreement says: pass, pass with remark, or hold.

Where an agreement holds CDRs, they are weighed in a thread before they are recorded, so that nobody sees one in
between; a held one is acknowledged, recorded and owed, and goes on when a tariff or an amendment explains its price, or
when an operator lets it. Where an agreement only remarks, that is found out after the acknowledgment. Where it prices
for the CPO (OCPI-185), a CDR without a price gets one, without VAT (OCPI-129); so does a session (``core.running``).
What its CPO wrote is kept beside it, and a CDR told again is a repeat although it has no price (``core.verdicts``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.rules.pricing import Finding, Outcome, recompute
from interroam.core.telling.repricing import terms_of
from interroam.model.agreements import Beyond, Prices
from interroam.model.charges import Cdr
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Entry, Fact
from interroam.model.ids import Key, Kind, PartyId, cdr_key
from interroam.model.money import Price

if TYPE_CHECKING:
    from interroam.core.hub import Hub

log = structlog.get_logger()
SHELF = "cdr-weighed"


class Weighed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was found about the price of a CDR, and who let it go when it had been held."""

    owner: PartyId
    id: str
    agreement: str
    outcome: Outcome
    message: str
    stated: Decimal
    computed: Decimal | None = None
    at: datetime
    released: str = ""

    @property
    def key(self) -> Key:
        """The CDR."""
        return cdr_key(self.owner, self.id)


class Clearing:
    """Weighs CDRs; ``held`` are those that nobody is told of yet, with their creation numbers once recorded."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept = Documents(hub.store, SHELF, Weighed)
        self.held: dict[Key, int] = {}
        self.clears = False
        """Whether any agreement has the hub price for a CPO."""
        self._known: dict[Key, Weighed] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    async def load(self) -> None:
        """Read what is held, and follow the journal."""
        for one in (await self._kept.all()).values():
            self._known[one.key] = one
            if one.outcome is Outcome.HOLD:
                row = await self._hub.store.get(one.key)
                self.held[one.key] = row.no if row is not None else 0
        self._hub.store.subscribe(self._changed)
        self._hub.book.on_change(self._agreed)
        self._agreed()

    async def weigh(self, fact: Fact, agreement_id: str) -> Fact:
        """Return a CDR as it is recorded; what is to be held is held from now on."""
        cdr, prices = fact.body, self._prices(agreement_id)
        if prices is None or not isinstance(cdr, Cdr) or await self._hub.store.get(cdr.key) is not None:
            return fact  # told again: it was weighed the first time
        if prices.clearing and not cdr.total_cost.excl_vat and not cdr.credit:
            cdr = _priced(cdr, await self._finding(cdr, prices))
            fact = fact if cdr is fact.body else replace(fact, body=cdr)
        if prices.beyond is Beyond.HOLD:
            await self._judge(cdr, agreement_id, prices)
        else:
            self._later(self._judge(cdr, agreement_id, prices))
        return fact

    def weighs(self, agreement_id: str) -> bool:
        """Whether CDRs under this agreement are weighed."""
        return self._prices(agreement_id) is not None

    def check(self, entry: Entry) -> None:
        """Refuse to deliver a CDR that is held."""
        if self.held and entry.key in self.held:
            raise Refused(Reason.HELD, self._known[entry.key].message, remedy="interroam cdr release")

    @property
    def numbers(self) -> Sequence[int]:
        """The creation numbers of what is held."""
        return [no for no in self.held.values() if no]

    @property
    def weighed(self) -> list[Weighed]:
        """All that was found, the oldest first."""
        return sorted(self._known.values(), key=lambda one: one.at)

    async def release(self, key: Key, by: str) -> Weighed:
        """Let a held CDR go; Refused when it is not held."""
        one = self._known.get(key)
        if one is None or key not in self.held:
            raise Refused(Reason.WRONG_STATE, f"CDR {key.id} of {key.party} is not held", remedy="interroam cdr held")
        one = replace(one, outcome=Outcome.REMARK, released=by)
        await self._keep(one)
        del self.held[key]
        return one

    # -- inside ----------------------------------------------------------------------------------------------------

    def _prices(self, agreement_id: str) -> Prices | None:
        agreement = self._hub.book.agreements.get(agreement_id)
        return None if agreement is None or agreement.prices == _SILENT else agreement.prices

    async def _finding(self, cdr: Cdr, prices: Prices) -> Finding:
        tariffs, zone = await terms_of(self._hub.store, cdr, prices)
        return await asyncio.to_thread(recompute, cdr, tariffs, zone, prices.tolerance)

    async def _judge(self, cdr: Cdr, agreement_id: str, prices: Prices) -> Outcome:
        finding = await self._finding(cdr, prices)
        outcome = finding.outcome
        if outcome is Outcome.HOLD and prices.beyond is Beyond.REMARK:
            outcome = Outcome.REMARK
        if outcome is Outcome.PASS and cdr.key not in self._known:
            return outcome
        one = Weighed(
            owner=cdr.owner,
            id=cdr.id,
            agreement=agreement_id,
            outcome=outcome,
            message="; ".join((*map(str, finding.differences), *finding.remarks)),
            stated=cdr.total_cost.excl_vat,
            computed=finding.cost.totals.total.excl_vat if finding.cost is not None else None,
            at=self._hub.clock.now(),
        )
        await self._keep(one)
        if outcome is Outcome.HOLD:
            self.held.setdefault(cdr.key, 0)
        return outcome

    async def _keep(self, one: Weighed) -> None:
        self._known[one.key] = one
        await self._kept.save(str(one.key), one)

    def _changed(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.key in self.held:
                self.held[entry.key] = entry.no
        stated = {entry.key.owner for entry in entries if entry.key.kind is Kind.TARIFF} if self.held else set()
        for key in [key for key in self.held if key.owner in stated]:
            self._later(self.reconsider(key))

    def _agreed(self) -> None:
        self.clears = any(one.prices.clearing for one in self._hub.book.agreements.values())
        for key in self.held:
            self._later(self.reconsider(key))

    async def reconsider(self, key: Key) -> None:
        """Weigh a held CDR again, by the tariffs and the agreement as they are now; let it go when it passes."""
        row, prices = await self._hub.store.get(key), self._prices(self._known[key].agreement)
        if row is None or not isinstance(row.body, Cdr) or key not in self.held:
            return
        agreement = self._known[key].agreement
        outcome = Outcome.PASS if prices is None else await self._judge(row.body, agreement, prices)
        if outcome is not Outcome.HOLD:
            await self.release(key, "rule")
            await self.on_release(key)

    async def on_release(self, key: Key) -> None:
        """Deliver what was released; the dispatch takes this place."""

    def _later(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("cdr_not_weighed", message=repr(task.exception()))


_SILENT = Prices()


def _priced(cdr: Cdr, finding: Finding) -> Cdr:
    """Return a CDR with the price that the tariff makes, all of it without VAT (OCPI-129)."""
    if finding.cost is None:
        return cdr
    totals = finding.cost.totals
    return replace(
        cdr,
        total_cost=Price(totals.total.excl_vat),
        fixed_cost=Price(totals.fixed.excl_vat),
        energy_cost=Price(totals.energy.excl_vat),
        time_cost=Price(totals.time.excl_vat),
        parking_cost=Price(totals.parking.excl_vat),
        reservation_cost=Price(totals.reservation.excl_vat),
        cleared=True,
    )
