"""All that people do with a node, in one place: every face (command line, API, console) works through an office."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from interroam.core.audit import Actor, Audit, Audited, Rank
from interroam.core.delivering.dispatch import Dispatch
from interroam.core.finding.dossier import Archive
from interroam.core.finding.retelling import Dossier, Moment, retold
from interroam.core.hub import Hub
from interroam.core.office.admin import Admin, Way
from interroam.core.office.advice import Adviser
from interroam.core.office.approving import Approving
from interroam.core.office.authority import Authority
from interroam.core.office.certificates import Certificates
from interroam.core.office.issuing import Issuing
from interroam.core.office.notary import Notary
from interroam.core.office.people import People
from interroam.core.office.renewing import Renewing
from interroam.core.office.reports import Sign
from interroam.core.office.signs import signs
from interroam.core.office.upkeep import Upkeep
from interroam.core.ports import Store
from interroam.core.rounds.pulling import PullTerms
from interroam.core.rounds.rounds import Rounds
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Entry
from interroam.model.ids import Kind, PartyId


class Office:
    """The desks of one node."""

    def __init__(
        self,
        hub: Hub,
        dispatch: Dispatch,
        ways: Mapping[str, Way],
        *,
        key_file: Path | None = None,
        name: str = "",
        party: str = "",
        pulls: PullTerms | None = None,
        overlap: timedelta = timedelta(),
    ) -> None:
        self.name = name
        self.party = party
        self.url = ""
        self.hub = hub
        self.audit = Audit(hub.store, hub.clock, hub.ids)
        self.people = People(hub.store, hub.clock, hub.book.keyring, self.audit)
        self.admin = Admin(hub, self.audit, ways)
        self.notary = Notary(hub, self.audit)
        self.upkeep = Upkeep(hub, dispatch, self.audit, key_file)
        self.rounds = Rounds(hub, self.audit, pulls)
        self.certificates = Certificates(hub, self.audit)
        authority = Authority(key_file.parent) if key_file is not None else None
        self.issuing = Issuing(hub, self.audit, ways, authority, overlap)
        self.renewing = Renewing(hub.book, hub.clock)
        self.approving = Approving(hub, self.audit)
        self.adviser = Adviser(hub.store, hub.book, hub.clock)
        self.archive = Archive(hub.store, hub.book)

    async def signs(self, actor: Actor, cpo: PartyId, location_id: str = "") -> tuple[Sign, ...]:
        """Return what is to stand under the EVSEs of a CPO, or of one of its locations."""
        actor.needs(Rank.VIEWER)
        return await signs(self.hub, cpo, location_id)

    async def dossier(self, actor: Actor, asked: str, at: datetime | None = None) -> Dossier:
        """Return the story of a charge."""
        return await self.archive.dossier(actor, asked, self.hub.clock.now(), at)

    async def audited(self, actor: Actor, limit: int = 200) -> list[Audited]:
        """Return the newest lines of the audit log."""
        actor.needs(Rank.ADMIN)
        return await self.audit.lines(limit)

    async def journal(
        self, actor: Actor, after: int | None = None, limit: int = 50, kind: str = "", correlation: str = ""
    ) -> tuple[Moment, ...]:
        """Return lines of the journal: the newest, or those after a number."""
        return await journal(self.hub.store, actor, after, limit, kind, correlation)

    async def traces(
        self,
        actor: Actor,
        id: str = "",
        partner: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
    ) -> tuple[Moment, ...]:
        """Return exchanges by any id, or by partner and time, oldest first."""
        return await traces(self.hub.store, actor, id, partner, since, until, limit)


async def journal(
    store: Store, actor: Actor, after: int | None, limit: int, kind: str, correlation: str
) -> tuple[Moment, ...]:
    """Return lines of a store's journal; also beside a running node."""
    actor.needs(Rank.VIEWER)
    if kind and kind not in set(Kind):
        raise Refused(Reason.MALFORMED, f"{kind} is no kind of object", remedy=f"one of {', '.join(Kind)}")
    kinds = (Kind(kind),) if kind else None
    first = max(0, store.head() - limit) if after is None and not correlation else after or 0
    if kinds and after is None and not correlation:  # the newest of a kind may lie far back
        found = await _newest(store, kinds[0], limit)
    else:
        found = await store.entries(first, limit, kinds=kinds, correlation=correlation or None)
    return retold(found, actor)


async def _newest(store: Store, kind: Kind, limit: int) -> list[Entry]:
    head, span = store.head(), max(limit, 500)
    while True:
        found = await store.entries(max(0, head - span), span, kinds=(kind,))
        if len(found) >= limit or span >= head:
            return found[-limit:]
        span *= 4


async def traces(
    store: Store, actor: Actor, id: str, partner: str, since: datetime | None, until: datetime | None, limit: int
) -> tuple[Moment, ...]:
    """Return a store's exchanges; also beside a running node."""
    actor.needs(Rank.VIEWER)
    ids = (id,) if id else ()
    found = await store.traces(ids=ids, partner=partner or None, since=since, until=until, limit=limit)
    return retold(found, actor)
