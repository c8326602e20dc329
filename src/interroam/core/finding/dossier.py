"""One charge, every message: from any id a human may hold to the complete story, across partners and protocols.

1. The id leads to objects: by key, hub id, reference, correlation, card, or an EVSE and a time.
2. Objects of one charge name each other: session, CDR, authorization and commands are followed until nothing is new.
3. The journal brings every recorded fact about them, the traces every exchange that carries one of their ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from interroam.core.audit import Actor, Rank
from interroam.core.finding.retelling import Dossier, retold, shown, summarized
from interroam.core.pages import every
from interroam.core.parties.book import Book
from interroam.core.ports import EPOCH, Query, Store
from interroam.core.refs import authorization_ref, contract_ref, evse_ref, session_ref, token_ref
from interroam.core.telling.repricing import Repriced, repriced
from interroam.model.charges import Cdr, Command, Session
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Body, Entry, Exchange, Stored
from interroam.model.ids import Key, Kind, authorization_key, command_key
from interroam.model.places import Evse
from interroam.model.tokens import Authorization, Token

CHARGE = frozenset({Kind.SESSION, Kind.CDR, Kind.AUTHORIZATION, Kind.COMMAND})
_TOKEN_TYPES = ("RFID", "APP_USER", "AD_HOC_USER", "OTHER")
_PAGE = 500
_QUIET = timedelta(days=1)
"""An open session says something at least so often."""
_ROUNDS = 4
_MOST = 2_000


class Archive:
    """Finds charges and tells their stories."""

    def __init__(self, store: Store, book: Book) -> None:
        self._store = store
        self._book = book

    async def dossier(self, actor: Actor, asked: str, now: datetime, at: datetime | None = None) -> Dossier:
        """Return the story of the one charge that this id means; Refused when it means none, or several."""
        actor.needs(Rank.VIEWER)
        asked = asked.strip()
        charges = await self.charges(asked, at)
        if not charges:
            story = await self._story((), {asked})
            if not story:
                raise Refused(
                    Reason.UNKNOWN_OBJECT,
                    f"nothing is known by {asked}",
                    remedy="use the id of a session, CDR, command or authorization, a card, or an EVSE with --at",
                )
            return Dossier(asked=asked, made=now, summary={}, story=retold(story, actor))
        if len(charges) > 1:
            several = ", ".join(f"{_name(charge)}" for charge in charges[:10])
            raise Refused(Reason.AMBIGUOUS, f"{len(charges)} charges answer to {asked}: {several}", remedy="name one")
        pieces = charges[0]
        story = await self._story(pieces, set())
        return Dossier(
            asked=asked,
            made=now,
            summary=summarized(pieces, actor),
            price=await self._price(pieces),
            pieces=tuple(shown(row, actor) for row in pieces),
            story=retold(story, actor),
        )

    async def _price(self, pieces: Iterable[Stored]) -> Repriced | None:
        cdrs = [(row.body, row.agreement) for row in pieces if isinstance(row.body, Cdr) and not row.body.credit]
        if not cdrs:
            return None
        cdr, name = cdrs[-1]
        agreement = self._book.agreements.get(name)
        return await repriced(self._store, cdr, agreement.prices if agreement is not None else None)

    async def charges(self, asked: str, at: datetime | None = None) -> list[list[Stored]]:
        """Return the charges an id may mean, each as the objects it is made of, the newest first."""
        charges: list[list[Stored]] = []
        seen: set[int] = set()
        for root in await self._roots(asked, at):
            if root.no not in seen:
                charges.append(await self._gathered(root))
                seen |= {row.no for row in charges[-1]}
        return sorted(charges, key=lambda rows: -max(row.no for row in rows))

    # -- 1. from an id to objects ----------------------------------------------------------------------------------

    async def _roots(self, asked: str, at: datetime | None) -> list[Stored]:
        store = self._store
        for key in (authorization_key(asked), command_key(asked)):
            if (found := await store.get(key)) is not None:
                return [found]
        known = await store.by_hub_id(asked)
        if known is not None and known.key.kind in CHARGE:
            return [known]
        refs = (session_ref(asked), authorization_ref(asked), f"cdr:{asked.casefold()}", f"command:{asked}")
        named = [row for ref in refs for row in await store.by_ref(ref)]
        if named:
            return named
        told = await store.entries(0, _MOST, correlation=asked)
        if told:
            rows = await store.by_no(sorted({entry.no for entry in told}))
            return [row for row in rows if row.key.kind in CHARGE]
        return await self._at_evse(asked, at) or await self._by_card(asked, at)

    async def _at_evse(self, evse_id: str, at: datetime | None) -> list[Stored]:
        evses = [row.body for row in await self._store.by_ref(evse_ref(evse_id), Kind.EVSE)]
        here = {(one.owner, one.location_id.casefold(), one.uid.casefold()) for one in evses if isinstance(one, Evse)}
        if not here:
            return []
        found = []
        for row in await self._sessions(at):
            body = row.body
            if isinstance(body, Session) and _covers(body, at):
                place = (body.owner, body.location_id.casefold(), body.evse_uid.casefold())
                found += [row] if place in here else []
        return found

    async def _by_card(self, asked: str, at: datetime | None) -> list[Stored]:
        """Find the charges of a card: by contract, or by the uid of a token of any type."""
        keyring = self._book.keyring
        tokens = await self._store.by_ref(contract_ref(asked), Kind.TOKEN)
        for kind in _TOKEN_TYPES:
            tokens += await self._store.by_ref(token_ref(kind, asked), Kind.TOKEN)
        subjects = {keyring.subject(kind, asked) for kind in (*_TOKEN_TYPES, "contract")}
        subjects |= {keyring.subject(row.body.type, row.body.uid) for row in tokens if isinstance(row.body, Token)}
        return [
            row
            for row in await self._sessions(at)
            if (row.subject in subjects or row.contract in subjects)
            and isinstance(row.body, Session)
            and _covers(row.body, at)
        ]

    async def _sessions(self, since: datetime | None) -> list[Stored]:
        early = max(since, EPOCH) - _QUIET if since is not None else None
        query = Query(kind=Kind.SESSION, updated_from=early, limit=_PAGE)
        return [row async for row in every(self._store.page, query)]

    # -- 2. from objects to the charge -----------------------------------------------------------------------------

    async def _gathered(self, root: Stored) -> list[Stored]:
        """Follow the names objects have for each other until nothing is new.

        A provider may give several permissions one name: that is followed only where no charge bears the other.
        """
        rows = {root.no: root}
        await self._follow(rows, theirs=False)
        if not any(isinstance(row.body, Session | Cdr) for row in rows.values()):
            await self._follow(rows, theirs=True)
        return [rows[no] for no in sorted(rows)]

    async def _follow(self, rows: dict[int, Stored], *, theirs: bool) -> None:
        asked: set[str] = set()
        for _ in range(_ROUNDS):
            refs = {ref for row in rows.values() for ref in _links(row.body, theirs=theirs)} - asked
            if not refs:
                break
            asked |= refs
            cpos = {cpo for row in rows.values() if (cpo := _cpo(row.body))}
            for ref in sorted(refs):
                for row in await self._named(ref):
                    cpo = _cpo(row.body)
                    if row.key.kind in CHARGE and (not cpo or not cpos or cpo in cpos):
                        rows.setdefault(row.no, row)

    async def _named(self, ref: str) -> list[Stored]:
        kind, _, name = ref.partition(":")
        if kind == "command":
            found = await self._store.get(command_key(name))
            return [found] if found is not None else []
        return await self._store.by_ref(ref)

    # -- 3. the story ----------------------------------------------------------------------------------------------

    async def _story(self, pieces: Iterable[Stored], ids: set[str]) -> list[Entry | Exchange]:
        rows = list(pieces)
        numbers = [row.no for row in rows]
        told = await self._store.entries(0, _MOST, numbers=numbers) if rows else []
        concerned = self._concerned(rows, told)
        wanted = ids | {entry.correlation for entry in told} | {_correlation(row.body) for row in rows}
        wanted |= {one for row in rows for one in _ids(row)}
        exchanges = await self._exchanges(wanted, concerned)
        # Those of one correlation belong together, though some carry none of the charge's ids.
        exchanges += await self._exchanges({one.correlation for one in exchanges} - wanted, concerned)
        entries = {entry.seq: entry for entry in told}
        for correlation in ({one.correlation for one in exchanges} | ids) - {""}:
            for entry in await self._store.entries(0, _MOST, correlation=correlation):
                if not concerned or entry.origin in concerned:
                    entries[entry.seq] = entry
        return sorted([*entries.values(), *_distinct(exchanges)], key=lambda one: one.at)

    async def _exchanges(self, ids: set[str], concerned: set[str]) -> list[Exchange]:
        """Return exchanges with partners that have to do with the charge: two CPOs may use one session id."""
        wanted = ids - {""}
        found = await self._store.traces(ids=wanted, limit=_MOST) if wanted else []
        return [one for one in found if not concerned or one.partner in concerned]

    def _concerned(self, rows: list[Stored], entries: Iterable[Entry]) -> set[str]:
        """Return the partners that have to do with these objects; none when there are none."""
        names = {entry.origin for entry in entries}
        parties = set()
        for row in rows:
            if row.receiver is not None:
                parties.add(row.receiver.id)
            body = row.body
            if isinstance(body, Session | Cdr):
                parties |= {body.owner, body.token.owner}
            elif isinstance(body, Authorization):
                parties |= {one for one in (body.cpo, body.emsp) if one is not None}
            elif isinstance(body, Command):
                parties |= {body.asker.id, body.target.id}
        for partner in self._book.partners.values() if rows else ():
            if partner.is_hub or any(own.id in parties for own in partner.parties):
                names.add(partner.id)
        return names


def _links(body: Body, *, theirs: bool) -> set[str]:
    """The names by which an object of a charge refers to the others; ``theirs``: those that providers gave as well."""
    match body:
        case Session():
            links = {session_ref(body.id), _auth(body.authorization_reference)}
        case Cdr():
            links = {_session(body.session_id), _auth(body.authorization_reference), f"cdr:{body.id.casefold()}"}
        case Authorization():
            named = {_auth(body.reference), _auth(body.emsp_reference) if theirs else ""}
            links = {*named, _session(body.cpo_session), f"command:{body.command}"}
        case Command():
            links = {_session(body.session_id), _auth(body.authorization)}
        case _:
            links = set()
    return {link for link in links if link and not link.endswith(":")}


def _auth(reference: str | None) -> str:
    return authorization_ref(reference) if reference else ""


def _session(session_id: str | None) -> str:
    return session_ref(session_id) if session_id else ""


def _cpo(body: Body) -> str:
    match body:
        case Session() | Cdr():
            return str(body.owner)
        case Authorization():
            return str(body.cpo or "")
        case Command():
            return str(body.target.id) if body.target.role == "CPO" else ""
        case _:
            return ""


def _ids(row: Stored) -> set[str]:
    body = row.body
    ids = {row.hub_id}
    match body:
        case Session():
            ids |= {body.id, body.authorization_reference or ""}
        case Cdr():
            ids |= {body.id, body.session_id or "", body.authorization_reference or ""}
        case Authorization():
            ids |= {body.reference, body.emsp_reference or "", body.cpo_session or ""}
        case Command():
            ids |= {body.id, body.session_id or "", body.authorization or ""}
        case _:
            pass
    return ids


def _correlation(body: Body) -> str:
    return body.correlation if isinstance(body, Authorization | Command) else ""


def _covers(session: Session, at: datetime | None) -> bool:
    return at is None or (session.starts <= at and (session.ends is None or at <= session.ends))


def _distinct(exchanges: Iterable[Exchange]) -> list[Exchange]:
    known: dict[tuple[object, ...], Exchange] = {}
    for one in exchanges:
        known.setdefault((one.at, one.partner, one.inward, one.operation, one.latency_us), one)
    return list(known.values())


def _name(rows: list[Stored]) -> str:
    keys: list[Key] = [row.key for row in rows]
    return str(next((key for key in keys if key.kind is Kind.SESSION), keys[0]))
