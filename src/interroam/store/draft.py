"""What a group of tellings makes of the picture, before anything is written.

Each telling is judged against the newest state: what is stored, and what the tellings before it in the same group made
of it. A telling that raises leaves nothing behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from interroam.core.refs import refs_of
from interroam.core.rules.verdicts import Judgment, judge, removal
from interroam.model.facts import (
    Act,
    Body,
    Change,
    Entry,
    Fact,
    Receipt,
    Restate,
    Statement,
    Stored,
    Telling,
    Verdict,
    Withdrawal,
    part_name,
)
from interroam.model.ids import Key, Kind
from interroam.model.places import Evse
from interroam.store.making import UNMOVED, altered, entry_of, first_row, moved_by, next_row, renewed
from interroam.store.recent import Recent
from interroam.store.rows import own_name

_NAMELESS: tuple[str, ...] = ()
_UNNAMED: frozenset[str] = frozenset()
_STATUS = frozenset({"status"})
_RECORDED, _FACT = Verdict.RECORDED, Act.FACT
_LOCATION, _EVSE, _CDR, _TARIFF = Kind.LOCATION, Kind.EVSE, Kind.CDR, Kind.TARIFF


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
        if key.kind is _EVSE:
            site = Key(_LOCATION, key.owner, key.id)
            rows[site] = get(site)
        elif key.kind is _LOCATION and not (isinstance(statement, Fact) and statement.parts is None):
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
    """The uid, when it is an EVSE that its location left out."""
    late: bool = False
    """Whether what holds now is not what was stated."""


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
        self._cdrs: list[Entry] = []

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
        kind = key.kind
        if stored is None:
            self.no = no = self.no + 1
            row, created, known = first_row(telling, key, judgment, seq, no), True, _NAMELESS
            moved = UNMOVED
        else:
            row, created = next_row(telling, stored, judgment, seq), stored.withdrawn
            known = refs_of(stored.body) if refs else _NAMELESS
            moved = moved_by(stored, row.body)
            if telling.named is not None and _speaks_otherwise(stored.body, row.body):
                subject, contract = telling.named(row.body)
                row = replace(row, subject=subject, contract=contract)
                self._name(row, refs_of(row.body))
            if stored.subject != row.subject or stored.contract != row.contract:
                self._note_former(stored)
        self.rows[key] = before, row
        fresh = _STATUS if judgment.status_alone else _UNNAMED
        if stored is not None and (kind is _LOCATION or kind is _TARIFF):
            fresh = altered(stored.body, row.body)
        entry = entry_of(telling, row, seq, moved, created=created, late=judgment.late, fresh=fresh)
        self.entries.append(entry)
        if kind is _CDR and entry.act is _FACT:
            self._cdrs.append(entry)
        if refs != known:
            self._name(row, refs)
        return Receipt(_RECORDED, seq, row.no, row.hub_id, created)

    def held(self) -> set[int]:
        """Return the numbers of entries whose rows say for ever what they say: CDRs that were kept as they came."""
        rows = ((line, self.rows[line.key][1]) for line in self._cdrs)
        return {line.seq for line, row in rows if row.body is line.body and row.wire is line.wire}

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
                Key(_EVSE, key.owner, key.id, part.body.uid.casefold()): part
                for part in statement.parts
                if isinstance(part.body, Evse)
            }  # of two with one uid the later
            steps = _parts(parts, inner, telling.at)
            if first.judgment.updated is not None:  # what comes late leaves out none (OCPI-39)
                steps += _left_out(inner, telling.at, first.judgment.updated, statement.restate)
            return [first, *steps]
        return [first]

    def _emptied(self, key: Key) -> list[_Step]:
        """The EVSEs of a location go with it, so that a late status finds nothing."""
        return [
            _Step(one, row, Judgment(_RECORDED, row.body, row.wire, row.judged_at, row.updated, withdrawn=True))
            for one, row in self._inner(key).items()
            if not row.withdrawn
        ]

    def _keep(self, telling: Telling, steps: list[_Step]) -> Receipt:
        """Take over what was judged: from here on nothing raises."""
        key, before, judgment = steps[0][:3]
        verdict = judgment.verdict
        fresh = _fresh(telling.statement, steps)
        if verdict is not _RECORDED and any(step.judgment.verdict is _RECORDED for step in steps):
            # The entry is the location's, so its version is the entry's number, though only EVSEs say anything new.
            verdict, steps[0] = _RECORDED, _Step(key, before, _carried(judgment, before))
        seq = 0
        if verdict is _RECORDED:
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
            moved = tuple(one for step in steps for one in moved_by(step.before, step.judgment.body))
            late = any(step.late for step in steps)
            entry = entry_of(telling, first, seq, moved, created=created, late=late, fresh=fresh)
            removed = tuple(step.removed for step in steps if step.removed)
            self.entries.append(replace(entry, removed=removed) if removed else entry)
            if telling.refs:
                self._name(first, telling.refs)
        return Receipt(verdict, seq, first.no, first.hub_id, created)

    def _put(self, telling: Telling, step: _Step, seq: int) -> Stored:
        key, before = step.key, step.before
        if before is not None:
            row = next_row(
                telling, before, step.judgment, seq if step.judgment.verdict is _RECORDED else before.version
            )
        else:
            self.no = no = self.no + 1
            row = first_row(telling, key, step.judgment, seq, no)
            if key.kind is _EVSE:
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


def _parts(parts: dict[Key, Fact], inner: dict[Key, Stored], now: datetime) -> list[_Step]:
    """Judge the EVSEs that a location brings; those that it leaves out stay in ``inner``."""
    steps = []
    for key, part in parts.items():
        row = inner.pop(key, None)
        judgment = judge(part, row, now)
        steps.append(_Step(key, row, judgment, part=True, late=_late(part, judgment)))
    return steps


def _left_out(inner: dict[Key, Stored], now: datetime, at: datetime, restate: Restate | None) -> list[_Step]:
    """Judge the EVSEs that a location leaves out: they are gone since then."""
    steps = []
    for key, row in inner.items():
        body = row.body
        if isinstance(body, Evse) and not row.withdrawn and not body.removed:
            judgment = judge(removal(row, at, restate), row, now)
            uid = body.uid if judgment.verdict is _RECORDED else ""
            steps.append(_Step(key, row, judgment, removed=uid))
    return steps


def _fresh(statement: Statement, steps: Sequence[_Step]) -> frozenset[str]:
    """Return what is new of a location that was known and is stated again: its own fields, and its EVSEs."""
    key, before, judgment, *_ = steps[0]
    if key.kind is not _LOCATION or type(statement) is not Fact or before is None or before.withdrawn:
        return _UNNAMED
    own = renewed(statement, before, judgment) if judgment.verdict is _RECORDED else _UNNAMED
    told = [step for step in steps if step.part and step.judgment.verdict is _RECORDED]
    return own.union(_named(step) for step in told)


def _named(step: _Step) -> str:
    new = step.before is None or step.before.withdrawn
    return part_name(step.key.sub, new=new, status_alone=step.judgment.status_alone)


def _late(part: Fact, judgment: Judgment) -> bool:
    if not isinstance(judgment.body, Evse) or not isinstance(part.body, Evse):
        return judgment.verdict is Verdict.STALE
    return judgment.late or judgment.body.status.word != part.body.status.word or judgment.wire is None


def _carried(judgment: Judgment, before: Stored | None) -> Judgment:
    if judgment.body is not None or before is None:
        return replace(judgment, verdict=_RECORDED)
    return Judgment(_RECORDED, before.body, before.wire, before.judged_at, before.updated)
