"""What a judged telling makes: its object as it is from now on, and the line of the journal. Pure."""

from __future__ import annotations

from datetime import datetime

from interroam.core.rules.statuses import next_end
from interroam.core.rules.verdicts import Judgment
from interroam.core.rules.visibility import groups_of
from interroam.core.uuid7 import Uuid7
from interroam.model.charges import Command, CommandState
from interroam.model.facts import MORE, Act, Body, Change, Entry, Fact, Moved, Stored, Telling, Verdict
from interroam.model.ids import Key, Kind
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token
from interroam.store.rows import numbered

UNMOVED: tuple[Moved, ...] = ()
_NONE: frozenset[str] = frozenset()
_TYPE = frozenset({"type"})
_CHANGE, _FACT, _RECORDED = Act.CHANGE, Act.FACT, Verdict.RECORDED
_TOLD_BY_CHANGES = frozenset({Kind.EVSE, Kind.SESSION})
_UNWRITTEN = "a judgment that writes brings a body and its times"
_OWN_FIELDS = tuple(name for name in Location.__struct_fields__ if name != "last_updated")
_mint = Uuid7()


def first_row(telling: Telling, key: Key, judgment: Judgment, version: int, no: int) -> Stored:
    """Return an object nobody knew."""
    body, judged_at, updated = judgment.body, judgment.judged_at, judgment.updated
    if body is None or judged_at is None or updated is None:
        raise TypeError(_UNWRITTEN)
    return Stored(
        no=no,
        key=key,
        hub_id=numbered(_mint.at(telling.at), no),
        version=version,
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
        due=_due(telling, None, judgment, body),
    )


def next_row(telling: Telling, before: Stored, judgment: Judgment, version: int) -> Stored:
    """Return what a known object is from now on: what the telling does not say, stays."""
    body, judged_at, updated = judgment.body, judgment.judged_at, judgment.updated
    if body is None or judged_at is None or updated is None:
        raise TypeError(_UNWRITTEN)
    return Stored(
        no=before.no,
        key=before.key,
        hub_id=before.hub_id,
        version=version,
        body=body,
        wire=judgment.wire,
        judged_at=judged_at,
        updated=updated,
        receiver=telling.receiver or before.receiver,
        agreement=telling.agreement or before.agreement,
        origin=telling.origin.partner,
        subject=telling.subject or before.subject,
        contract=telling.contract or before.contract,
        withdrawn=judgment.withdrawn,
        due=_due(telling, before.due, judgment, body),
    )


def _due(telling: Telling, before: datetime | None, judgment: Judgment, body: Body) -> datetime | None:
    """A fact sets the time anew, a change keeps it; what is settled or withdrawn is not due any more.

    An EVSE is due when a half of its status ends, a token when it expires.
    """
    if isinstance(body, Evse):
        return None if judgment.withdrawn else next_end(body.status)
    if isinstance(body, Token):
        return None if judgment.withdrawn else body.expires
    if before is None and telling.due is None:
        return None
    if judgment.withdrawn or (isinstance(body, Command) and body.state is CommandState.SETTLED):
        return None
    if judgment.verdict is _RECORDED and isinstance(telling.statement, Fact):
        return telling.due
    return telling.due or before


def entry_of(
    telling: Telling,
    row: Stored,
    seq: int,
    moved: tuple[Moved, ...],
    *,
    created: bool,
    late: bool = False,
    fresh: frozenset[str] = _NONE,
) -> Entry:
    """Return the line that says what was told; ``late`` when that is not what holds now, ``fresh`` what is new."""
    statement, origin = telling.statement, telling.origin
    if type(statement) is Change:
        # Who tells changes one by one needs the object as it was then, where no message says it.
        kept = row.body if statement.wire is None and row.key.kind in _TOLD_BY_CHANGES else None
        act, names, body, wire = _CHANGE, statement.fields | fresh, kept, statement.wire
    elif type(statement) is Fact:
        act, names, body, wire = _FACT, fresh, statement.body, statement.wire
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


def renewed(fact: Fact, before: Stored, judgment: Judgment) -> frozenset[str]:
    """Return in which fields a location is new that was stated again: in its room's names, else in the model's."""
    old, new = before.wire, judgment.wire
    if old is None and new is None:
        return altered(before.body, judgment.body)
    if fact.differ is not None and old is not None and new is not None and old.room == new.room:
        return fact.differ(new.data, old.data)
    return frozenset((MORE, *altered(before.body, judgment.body)))


def altered(before: Body, body: Body | None) -> frozenset[str]:
    """Return in which fields of the model a location is another now; of a tariff, whether it was regular."""
    if isinstance(before, Tariff) and isinstance(body, Tariff):
        return _TYPE if before.regular and not body.regular else _NONE
    if not isinstance(before, Location) or not isinstance(body, Location):
        return _NONE
    return frozenset(name for name in _OWN_FIELDS if getattr(before, name) != getattr(body, name))


def moved_by(before: Stored | None, body: Body | None) -> tuple[Moved, ...]:
    """Return the EVSE with its tariff groups and its EVSE id, when they are others now: then others may see it."""
    if before is None or before.withdrawn:
        return UNMOVED
    old = before.body
    if not isinstance(old, Evse) or not isinstance(body, Evse):
        return UNMOVED
    if old.evse_id == body.evse_id and (old.connectors is body.connectors or groups_of(old) == groups_of(body)):
        return UNMOVED  # a status changes nothing else
    return (Moved(old.uid, groups_of(old), old.evse_id),)
