"""Fetching what partners have: what they stated and we missed comes in like a push, judged and recorded once.

- Changes are fetched since the last success, with an overlap; what was known already is unchanged (OCPI-83, OCPI-207).
- A whole pull says in addition what is there no more (OCPI-192).
- Only who owns objects is asked for them: nobody's copy is ever read to compare (OCPI-89).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.chores import Chores
from interroam.core.hub import Hub
from interroam.core.manners import Source
from interroam.core.ports import EPOCH, Pulled
from interroam.core.rounds.absences import Absence, Absences
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact, Origin, Receipt, Verdict
from interroam.model.ids import OWNER_ROLE, Key, Kind, Module, Party, PartyId, Role
from interroam.model.parties import Partner, PartnerState

log = structlog.get_logger()

BOOKMARKS = "pull"
KINDS = {
    Module.TARIFFS: Kind.TARIFF,
    Module.LOCATIONS: Kind.LOCATION,
    Module.TOKENS: Kind.TOKEN,
    Module.SESSIONS: Kind.SESSION,
    Module.CDRS: Kind.CDR,
}
_AT_ONCE = 100
_MOST_FINDINGS = 50


class PullTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is fetched from partners, and when: ``off``, ``every 6h`` or ``daily 03:00 Europe/Zurich``."""

    locations: str = "daily 03:00"
    """When a CPO's locations are fetched."""
    tokens: str = "daily 04:00"
    """When an eMSP's tokens are fetched."""
    hub_tokens: str = "every 1h"
    """When a CPO's node fetches from its hub which tokens changed."""
    hub_tokens_whole: str = "every 30d"
    """When a CPO's node fetches all tokens from its hub."""
    whole: str = "off"
    """When all locations and tokens are fetched from their owners, to see what is there no more."""
    spread_minutes: float = 60.0
    """A random delay of each fetch, up to so many minutes."""
    overlap_minutes: float = 10.0
    """How far changes are fetched back behind the last success."""
    withdrawn_share: float = 0.0
    """The share of known objects that go by themselves when a whole list leaves them out; 0: an operator decides."""


class Stage(StrEnum):
    """How far a pull is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class PullReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull is about and what came of it so far; ``since`` is None when all was asked for."""

    partner: str
    module: Module
    stage: Stage = Stage.RUNNING
    started: datetime
    ended: datetime | None = None
    since: datetime | None = None
    total: int = 0
    pages: int = 0
    objects: int = 0
    recorded: int = 0
    refused: int = 0
    absent: int = 0
    withdrawn: int = 0
    findings: tuple[str, ...] = ()
    message: str = ""

    @property
    def words(self) -> str:
        """The report in a line."""
        parts = [f"{self.objects} objects on {self.pages} pages", f"{self.recorded} recorded"]
        parts += [f"{self.refused} refused"] if self.refused else []
        parts += [f"{self.absent} absent"] if self.absent else []
        parts += [f"{self.withdrawn} withdrawn"] if self.withdrawn else []
        return ", ".join([*parts, *([self.message] if self.message else [])])


class _Run:
    """One pull under way: its report, and the keys it saw."""

    def __init__(self, report: PullReport) -> None:
        self.report = report
        self.seen: set[Key] = set()
        self.unnamed = 0
        self.came = 0

    def count(self, pulled: Pulled, receipts: Iterable[Receipt | Refused]) -> None:
        """Add a page to the report."""
        said = list(pulled.findings)
        recorded = refused = 0
        for fact, receipt in zip(pulled.facts, receipts, strict=True):
            if isinstance(receipt, Refused):
                refused += 1
                said.append(f"{fact.key}: {receipt.message}")
            elif receipt.verdict is Verdict.CONFLICT:
                said.append(f"{fact.key}: final here, and not the same")
            else:
                recorded += receipt.verdict is Verdict.RECORDED
        self.seen.update(fact.key for fact in pulled.facts)
        self.seen.update(key for key in pulled.lost if key is not None)
        self.unnamed += sum(key is None for key in pulled.lost)
        self.came += len(pulled.facts) + len(pulled.lost)
        old = self.report
        self.report = replace(
            old,
            total=max(old.total, pulled.total or 0),
            pages=old.pages + 1,
            objects=old.objects + len(pulled.facts),
            recorded=old.recorded + recorded,
            refused=old.refused + refused + len(pulled.lost),
            findings=(*old.findings, *said)[:_MOST_FINDINGS],
        )
        if said:
            log.warning("pull_findings", partner=old.partner, module=old.module.value, findings=said[:_MOST_FINDINGS])


class Pulling:
    """The pulls of one node, one at a time for each partner and module."""

    def __init__(self, hub: Hub, terms: PullTerms | None = None) -> None:
        self.hub = hub
        self.terms = terms or PullTerms()
        self.absences = Absences(hub, self.terms.withdrawn_share)
        self._runs: dict[tuple[str, Module], _Run] = {}
        self._chores = Chores()
        self.stop = self._chores.stop
        """Ends what is under way; it is fetched again next time."""

    @property
    def reports(self) -> list[PullReport]:
        """The newest pull of each partner and module."""
        return [self._runs[name].report for name in sorted(self._runs)]

    # -- what can be fetched ---------------------------------------------------------------------------------------

    def modules_of(self, partner: Partner) -> tuple[Module, ...]:
        """Return what a partner owns and shows; from a hub, what those behind it own."""
        return tuple(module for module in KINDS if self.shown(partner, module))

    def asked_of(self, partner: Partner) -> tuple[Module, ...]:
        """Return what somebody here may ask a partner for."""
        return tuple(module for module in self.modules_of(partner) if self.asker(KINDS[module]) is not None)

    def shown(self, partner: Partner, module: Module) -> bool:
        """Whether a partner owns objects of a module and has a list of them."""
        link: object = self.hub.links.get(partner.id)
        kind = KINDS[module]
        return isinstance(link, Source) and link.shows(kind) and bool(self._owners(partner, kind))

    @staticmethod
    def _owners(partner: Partner, kind: Kind) -> tuple[Party, ...]:
        return tuple(party for party in partner.parties if party.role in (OWNER_ROLE[kind], Role.HUB))

    def asker(self, kind: Kind) -> PartyId | None:
        """Return in whose name objects are fetched: the hub's, or that of a party this node hosts."""
        if self.hub.book.hub is not None:
            return self.hub.book.hub.id
        return self.hosted().get(Role.CPO if OWNER_ROLE[kind] is Role.EMSP else Role.EMSP)

    def hosted(self) -> dict[Role, PartyId]:
        """Return a party of each role whose back office is connected here."""
        found: dict[Role, PartyId] = {}
        for partner in self.hub.book.partners.values():
            link: object = self.hub.links.get(partner.id)
            if link is not None and not isinstance(link, Source):
                for party in partner.parties:
                    found.setdefault(party.role, party.id)
        return found

    def source(self, partner: str, kind: Kind) -> tuple[Partner, Source, tuple[Party, ...], PartyId]:
        """Return where objects of a kind are fetched, of whom and for whom; Refused says why they cannot be."""
        known = self.hub.book.partners.get(partner)
        if known is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {partner}", remedy="interroam partner list")
        if known.state is PartnerState.SUSPENDED:
            raise Refused(Reason.WRONG_STATE, f"partner {partner} is suspended", remedy="resume it first")
        link: object = self.hub.links.get(partner)
        if not isinstance(link, Source):
            raise Refused(Reason.NOT_OFFERED, f"nothing is fetched from {partner}: it states what it has by itself")
        owners = self._owners(known, kind)
        if not owners:
            raise Refused(Reason.FORBIDDEN, f"partner {partner} owns no {kind.value}s", remedy="ask their owners")
        asker = self.asker(kind)
        if asker is None:
            raise Refused(Reason.FORBIDDEN, f"nobody here may ask for {kind.value}s")
        return known, link, owners, asker

    # -- one pull --------------------------------------------------------------------------------------------------

    async def start(
        self, partner: str, module: Module, since: datetime | None = None, *, whole: bool = False
    ) -> PullReport:
        """Begin a pull and return its first report."""
        run = await self._begin(partner, module, since, whole=whole)
        self._chores.begin(self._run(run))
        return run.report

    async def pull(
        self, partner: str, module: Module, since: datetime | None = None, *, whole: bool = False
    ) -> PullReport:
        """Pull, and return what came of it: changes since the last success unless told otherwise."""
        return await self._run(await self._begin(partner, module, since, whole=whole))

    async def _begin(self, partner: str, module: Module, since: datetime | None, *, whole: bool) -> _Run:
        kind = KINDS.get(module)
        if kind is None:
            raise Refused(Reason.MALFORMED, f"{module.value} cannot be fetched", remedy=f"one of {', '.join(KINDS)}")
        self.source(partner, kind)
        earlier = self._runs.get((partner, module))
        if earlier is not None and earlier.report.stage is Stage.RUNNING:
            raise Refused(Reason.WRONG_STATE, f"the {module.value} of {partner} are being fetched just now")
        now = self.hub.clock.now()
        run = self._runs[partner, module] = _Run(PullReport(partner=partner, module=module, started=now))
        if not whole:
            since = since or await self._last(partner, module)
            run.report = replace(run.report, since=since)
        return run

    async def _last(self, partner: str, module: Module) -> datetime | None:
        """Return since when changes are to be fetched; None for all, as long as nothing was fetched."""
        body = await self.hub.store.load(BOOKMARKS, f"{partner}/{module.value}")
        if body is None:
            return None
        success: datetime = msgspec.msgpack.decode(body, type=datetime)
        return success - timedelta(minutes=self.terms.overlap_minutes)

    async def _run(self, run: _Run) -> PullReport:
        report = run.report
        try:
            await self._crawl(run)
        except (Refused, Unavailable) as no:
            run.report = replace(run.report, stage=Stage.FAILED, message=no.message)
            log.warning("pull_failed", partner=report.partner, module=report.module.value, message=no.message)
        except BaseException:
            run.report = replace(run.report, stage=Stage.FAILED, message="broken off")
            raise
        else:
            mark = msgspec.msgpack.encode(report.started)
            await self.hub.store.save(BOOKMARKS, f"{report.partner}/{report.module.value}", mark)
            run.report = replace(run.report, stage=Stage.DONE)
            log.info("pull_ended", partner=report.partner, module=report.module.value, came=run.report.words)
        run.report = replace(run.report, ended=self.hub.clock.now())
        return run.report

    async def _crawl(self, run: _Run) -> None:
        report = run.report
        kind = KINDS[report.module]
        partner, link, owners, asker = self.source(report.partner, kind)
        correlation, head = self.hub.ids.new(), self.hub.store.head()
        since = report.since
        if since is None and kind is Kind.SESSION:
            since = EPOCH  # which a list of sessions cannot do without (OCPI-206)
        for owner in owners:
            origin = Origin(partner.id, owner, correlation)
            pages = link.pull(kind, since, asker=asker, owner=owner, correlation=correlation)
            async for pulled in pages:
                run.count(pulled, await self._tell(origin, pulled.facts))
        if report.since is None:
            await self._compare(run, partner, head)

    async def _tell(self, origin: Origin, facts: Sequence[Fact]) -> list[Receipt | Refused]:
        """State what a page holds, many objects to a commit."""
        told: list[Receipt | Refused] = []
        for first in range(0, len(facts), _AT_ONCE):
            some = (self.hub.tell(origin, fact) for fact in facts[first : first + _AT_ONCE])
            for receipt in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(receipt, BaseException) and not isinstance(receipt, Refused):
                    raise receipt
                told.append(receipt)
        return told

    async def _compare(self, run: _Run, partner: Partner, head: int) -> None:
        """Find what is there no more; a list with objects without a name, or cut short, says nothing of the others."""
        report = run.report
        if run.unnamed:
            run.report = replace(report, message="not compared: objects without a readable id")
            return
        if run.came < report.total:
            run.report = replace(report, message=f"not compared: {run.came} of {report.total} objects came")
            return
        absence = await self.absences.find(partner, report.module, run.seen, report.started, head)
        if absence is None or not absence.keys:
            return
        said = _said(absence)
        run.report = replace(report, absent=len(absence.keys), findings=(*report.findings, *said)[:_MOST_FINDINGS])
        if self.absences.goes(absence):
            gone = await self.absences.withdraw(partner.id, report.module)
            run.report = replace(run.report, withdrawn=gone)

    async def act(self, about: Mapping[str, str]) -> str:
        """Pull as a schedule says; the report in a line."""
        report = await self.pull(about["partner"], Module(about["module"]), whole=about.get("whole") == "yes")
        if report.stage is Stage.FAILED:
            raise Unavailable(Reason.FAILED, report.words)
        return report.words


def _said(absence: Absence) -> list[str]:
    return [f"{key}: absent from the whole list" for key in absence.keys[:_MOST_FINDINGS]]
