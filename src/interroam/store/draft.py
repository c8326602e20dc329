"""What a group of tellings makes of the picture, before anything is written.

Each telling is judged against the newest state: what is stored, and what the tellings before it in the same group made
of it. A telling that raises leaves nothing behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from interroam.core.refs import refs_of
from interroam.core.rules.statuses import next_end
from interroam.core.rules.verdicts import Judgment, judge, removal
from interroam.core.rules.visibility import groups_of
from interroam.core.uuid7 import Uuid7
from interroam.model.charges import Command, CommandState
from interroam.model.facts import Act, Body, Change, Entry, Fact, Moved, Receipt, Stored, Telling, Verdict, Withdrawal
from interroam.model.ids import Key, Kind
from interroam.model.places import Availability, Evse
from interroam.store.recent import Recent
from interroam.store.rows import numbered, own_name

_NONE: frozenset[str] = frozenset()
_NAMELESS: tuple[str, ...] = ()
_UNMOVED: tuple[Moved, ...] = ()
_CHANGE, _FACT = Act.CHANGE, Act.FACT
_RECORDED, _LOCATION, _EVSE, _CDR = Verdict.RECORDED, Kind.LOCATION, Kind.EVSE, Kind.CDR
_TOLD_BY_CHANGES = frozenset({Kind.EVSE, Kind.SESSION})
_mint = Uuid7()


def wanted(tellings: Iterable[Telling], recent: Recent) -> tuple[dict[Key, Stored | None], list[Key]]:
    """Return the rows a group is judged against, None where memory has none, and locations whose EVSEs are needed."""
    rows: dict[Key, Stored | None] = {}
    sites: dict[Key, None] = {}
    get = recent.get
    for telling in tellings:
        statement, key = telling.statement, telling.key
        rows[key] = get(key)
        if isinstance(statement, Change):
            continue
        if key.kind is Kind.EVSE:
            site = Key(Kind.LOCATION, key.owner, key.id)
            rows[site] = get(site)
        elif key.kind is Kind.LOCATION and not (isinstance(statement, Fact) and statement.parts is None):
            sites[key] = None
    return rows, list(sites)


class _Step(NamedTuple):
    """One row of a telling: what it was, and how it was judged."""

    key: Key
    before: Stored | None
    judgment: Judgment
    part: bool = False
    """Whether it is an EVSE that came with its location, and so brings its own references."""
    removed: str = ""
    late: bool = False
    """Whether what holds now is not what was stated."""
    """The uid, when it is an EVSE that its location left out."""


class Draft:
    """The overlay of one group.

    ``known`` returns a stored row, ``evses`` the stored EVSEs of a location; ``seq`` and ``no`` are the numbers last
    used. Afterwards ``rows`` says of every row that changed what it was and what it is, ``entries`` are the new lines.
    """

    def __init__(
        self,
        known: Callable[[Key], Stored | None],
        evses: Callable[[Key], Iterable[Stored]],
        seq: int,
        no: int,
    ) -> None:
        self._known = known
        self._evses = evses
        self._built: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
        self.seq = seq
        self.no = no
        self.rows: dict[Key, tuple[Stored | None, Stored]] = {}
        self.entries: list[Entry] = []
        self.refs: list[tuple[str, int]] = []
        self.own: list[str] = []
        """Names that new objects have by their keys."""
        self.formers: list[tuple[int, bytes, bytes]] = []

    def attempt(self, telling: Telling) -> Receipt | Exception:
        """Judge one telling and keep what it makes; what it raises is its sender's, not its group's."""
        statement, key = telling.statement, telling.key
        kind, held = key.kind, self.rows.get(key)
        if held is None:
            before = stored = self._known(key)
        else:
            before, stored = held
        try:
            if type(statement) is not Change:
                if kind is _LOCATION:
                    return self._keep(telling, self._site(telling, key, stored))
                if kind is _EVSE and not self._stands(Key(_LOCATION, key.owner, key.id)):
                    return Receipt(Verdict.UNKNOWN)
            judgment = judge(statement, stored, telling.at)
            if judgment.verdict is not _RECORDED or (stored is None and kind is _EVSE):
                return self._keep(telling, [_Step(key, stored, judgment)])
            return self._advance(telling, before, stored, judgment)
        except Exception as error:  # noqa: BLE001  a room's own function may raise anything
            return error

    def _advance(self, telling: Telling, before: Stored | None, stored: Stored | None, judgment: Judgment) -> Receipt:
        """Keep what is new of one object by itself: most of what is ever told."""
        self.seq = seq = self.seq + 1
        key, refs = telling.key, telling.refs
        if stored is None:
            self.no = no = self.no + 1
            row, created, known = _first(telling, key, judgment, seq, no), True, _NAMELESS
            moved = _UNMOVED
        else:
            row, created = _next(telling, stored, judgment, seq), stored.withdrawn
            known = refs_of(stored.body) if refs else _NAMELESS
            moved = _moved(stored, row.body)
            if telling.named is not None and _speaks_otherwise(stored.body, row.body):
                subject, contract = telling.named(row.body)
                row = replace(row, subject=subject, contract=contract)
                self._name(row, refs_of(row.body))
            if stored.subject != row.subject or stored.contract != row.contract:
                self._note_former(stored)
        self.rows[key] = before, row
        self.entries.append(_entry(telling, row, seq, moved, created=created))
        if refs != known:
            self._name(row, refs)
        return Receipt(_RECORDED, seq, row.no, row.hub_id, created)

    def holds(self, line: Entry) -> bool:
        """Whether the row of an entry says for ever what the entry says: a CDR that was kept as it came."""
        if line.key.kind is not _CDR or line.act is not _FACT:
            return False
        _, row = self.rows[line.key]
        return row.body is line.body and row.wire is line.wire

    def _now(self, key: Key) -> Stored | None:
        held = self.rows.get(key)
        return self._known(key) if held is None else held[1]

    def _stands(self, key: Key) -> bool:
        row = self._now(key)
        return row is not None and not row.withdrawn

    def _inner(self, key: Key) -> dict[Key, Stored]:
        """Return the EVSEs of a location as they are now."""
        inner = {row.key: row for row in self._evses(key)}
        here = [*inner, *self._built.get((key.owner, key.id), ())]
        inner.update((one, self.rows[one][1]) for one in here if one in self.rows)
        return inner

    def _site(self, telling: Telling, key: Key, stored: Stored | None) -> list[_Step]:
        """Judge a whole location: with the EVSEs it brings and those it leaves out, or its withdrawal."""
        statement = telling.statement
        first = _Step(key, stored, judge(statement, stored, telling.at))
        if isinstance(statement, Withdrawal) and first.judgment.withdrawn:
            return [first, *self._emptied(key)]
        if isinstance(statement, Fact) and statement.parts is not None:
            inner = {} if stored is None else self._inner(key)
            parts = {
                Key(Kind.EVSE, key.owner, key.id, part.body.uid.casefold()): part
                for part in statement.parts
                if isinstance(part.body, Evse)
            }  # of two with one uid the later
            return [first, *_parts(parts, inner, telling.at, first.judgment.updated or telling.at)]
        return [first]

    def _emptied(self, key: Key) -> list[_Step]:
        """The EVSEs of a location go with it, so that a late status finds nothing."""
        return [
            _Step(one, row, Judgment(Verdict.RECORDED, row.body, row.wire, row.judged_at, row.updated, withdrawn=True))
            for one, row in self._inner(key).items()
            if not row.withdrawn
        ]

    def _keep(self, telling: Telling, steps: list[_Step]) -> Receipt:
        """Take over what was judged: from here on nothing raises."""
        key, before, judgment = steps[0][:3]
        verdict = judgment.verdict
        if verdict is not Verdict.RECORDED and any(step.judgment.verdict is Verdict.RECORDED for step in steps):
            # The entry is the location's, so its version is the entry's number, though only EVSEs say anything new.
            verdict, steps[0] = Verdict.RECORDED, _Step(key, before, _carried(judgment, before))
        seq = 0
        if verdict is Verdict.RECORDED:
            self.seq = seq = self.seq + 1
        first = before
        for step in steps:
            if step.judgment.body is not None:
                row = self._put(telling, step, seq)
                first = row if step.key is key else first
        if first is None:
            return Receipt(verdict)
        created = seq > 0 and (before is None or before.withdrawn)
        if seq:
            moved = tuple(one for step in steps for one in _moved(step.before, step.judgment.body))
            entry = _entry(telling, first, seq, moved, created=created, late=any(step.late for step in steps))
            removed = tuple(step.removed for step in steps if step.removed)
            self.entries.append(replace(entry, removed=removed) if removed else entry)
            if telling.refs:
                self._name(first, telling.refs)
        return Receipt(verdict, seq, first.no, first.hub_id, created)

    def _put(self, telling: Telling, step: _Step, seq: int) -> Stored:
        key, before = step.key, step.before
        row = _row(telling, step, seq, self.no + 1)
        if before is None:
            self.no = row.no
            if key.kind is Kind.EVSE:
                self._built[key.owner, key.id].append(key)
        if step.part:
            names = refs_of(row.body)
            if names and (before is None or names != refs_of(before.body)):
                self._name(row, names)
        if before is not None and (before.subject != row.subject or before.contract != row.contract):
            self._note_former(before)
        held = self.rows.get(key)
        self.rows[key] = (before if held is None else held[0]), row
        return row

    def _note_former(self, before: Stored) -> None:
        """Let an object still be found by the driver it spoke of before."""
        self.formers.append((before.no, before.subject, before.contract))

    def _name(self, row: Stored, names: Iterable[str]) -> None:
        """Let an object be found by its names; what its key says as well is not written."""
        own = own_name(row.key)
        for name in names:
            if name == own:
                self.own.append(name)
            else:
                self.refs.append((name, row.no))


def _speaks_otherwise(before: Body, body: Body) -> bool:
    """Whether a change named another token or contract."""
    return refs_of(before) != refs_of(body) or getattr(before, "token", None) != getattr(body, "token", None)


def _parts(parts: dict[Key, Fact], inner: dict[Key, Stored], now: datetime, at: datetime) -> list[_Step]:
    """Judge the EVSEs a location brings, and those it leaves out."""
    steps = []
    for key, part in parts.items():
        row = inner.pop(key, None)
        judgment = judge(part, row, now)
        steps.append(_Step(key, row, judgment, part=True, late=_late(part, judgment)))
    for key, row in inner.items():
        body = row.body
        if isinstance(body, Evse) and not row.withdrawn and body.status.availability is not Availability.REMOVED:
            judgment = judge(removal(row, at), row, now)
            uid = body.uid if judgment.verdict is Verdict.RECORDED else ""
            steps.append(_Step(key, row, judgment, removed=uid))
    return steps


def _late(part: Fact, judgment: Judgment) -> bool:
    if not isinstance(judgment.body, Evse) or not isinstance(part.body, Evse):
        return judgment.verdict is Verdict.STALE
    return judgment.body.status.word != part.body.status.word or judgment.wire is None


def _carried(judgment: Judgment, before: Stored | None) -> Judgment:
    if judgment.body is not None or before is None:
        return replace(judgment, verdict=_RECORDED)
    return Judgment(Verdict.RECORDED, before.body, before.wire, before.judged_at, before.updated)


def _row(telling: Telling, step: _Step, seq: int, no: int) -> Stored:
    key, before, judgment = step[:3]
    if before is not None:
        return _next(telling, before, judgment, seq if judgment.verdict is _RECORDED else before.version)
    return _first(telling, key, judgment, seq, no)


def _first(telling: Telling, key: Key, judgment: Judgment, seq: int, no: int) -> Stored:
    """Return an object nobody knew."""
    body, judged_at, updated = _written(judgment)
    return Stored(
        no=no,
        key=key,
        hub_id=numbered(_mint.at(telling.at), no),
        version=seq,
        body=body,
        wire=judgment.wire,
        judged_at=judged_at,
        updated=updated,
        receiver=telling.receiver,
        agreement=telling.agreement,
        origin=telling.origin.partner,
        subject=telling.subject,
        contract=telling.contract,
        withdrawn=judgment.withdrawn,
        due=_due(telling, None, judgment),
    )


def _next(telling: Telling, before: Stored, judgment: Judgment, version: int) -> Stored:
    """Return what a known object is from now on: what the telling does not say, stays."""
    body, judged_at, updated = _written(judgment)
    row = replace(
        before,
        version=version,
        body=body,
        wire=judgment.wire,
        judged_at=judged_at,
        updated=updated,
        origin=telling.origin.partner,
        withdrawn=judgment.withdrawn,
        due=_due(telling, before.due, judgment),
    )
    if telling.receiver is None and not (telling.agreement or telling.subject or telling.contract):
        return row
    return replace(
        row,
        receiver=telling.receiver or before.receiver,
        agreement=telling.agreement or before.agreement,
        subject=telling.subject or before.subject,
        contract=telling.contract or before.contract,
    )


def _written(judgment: Judgment) -> tuple[Body, datetime, datetime]:
    body, judged_at, updated = judgment.body, judgment.judged_at, judgment.updated
    if body is None or judged_at is None or updated is None:
        raise TypeError("a judgment that writes brings a body and its times")
    return body, judged_at, updated


def _due(telling: Telling, before: datetime | None, judgment: Judgment) -> datetime | None:
    """A fact sets the time anew, a change keeps it; what is settled or withdrawn is not due any more.

    An EVSE is due when a half of its status ends.
    """
    body = judgment.body
    if isinstance(body, Evse):
        return None if judgment.withdrawn else next_end(body.status)
    if before is None and telling.due is None:
        return None
    if judgment.withdrawn or (isinstance(body, Command) and body.state is CommandState.SETTLED):
        return None
    if judgment.verdict is Verdict.RECORDED and isinstance(telling.statement, Fact):
        return telling.due
    return telling.due or before


def _entry(
    telling: Telling, row: Stored, seq: int, moved: tuple[Moved, ...], *, created: bool, late: bool = False
) -> Entry:
    statement, origin = telling.statement, telling.origin
    if type(statement) is Change:
        # Who tells changes one by one needs the object as it was then, where no message says it.
        kept = row.body if statement.wire is None and row.key.kind in _TOLD_BY_CHANGES else None
        act, names, body, wire = _CHANGE, statement.fields, kept, statement.wire
    elif type(statement) is Fact:
        act, names, body, wire = _FACT, _NONE, statement.body, statement.wire
    else:
        act, names, body, wire = Act.WITHDRAWAL, _NONE, None, None
    if wire is not None and (row.wire is None or late):
        wire = None  # part of it is older than what is known: receivers get what holds, rendered from the picture
    return Entry(
        seq=seq,
        at=telling.at,
        lane=telling.lane,
        act=act,
        key=row.key,
        no=row.no,
        hub_id=row.hub_id,
        origin=origin.partner,
        correlation=origin.correlation,
        receiver=row.receiver,
        agreement=row.agreement,
        created=created,
        fields=names,
        body=body,
        wire=wire,
        subject=row.subject,
        contract=row.contract,
        moved=moved,
    )


def _moved(before: Stored | None, body: Body | None) -> tuple[Moved, ...]:
    """Return the EVSE with its tariff groups and its EVSE id, when they are others now: then others may see it."""
    if before is None or before.withdrawn:
        return _UNMOVED
    old = before.body
    if not isinstance(old, Evse) or not isinstance(body, Evse):
        return _UNMOVED
    if old.evse_id == body.evse_id and (old.connectors is body.connectors or groups_of(old) == groups_of(body)):
        return _UNMOVED  # a status changes nothing else
    return (Moved(old.uid, groups_of(old), old.evse_id),)
