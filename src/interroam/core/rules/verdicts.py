"""What becomes of a statement: judged against the newest state, inside the writer's transaction. Pure.

The rules (design: Three verbs, Decisions 5 and 7):

- A statement older than what is known of the same fields is stale. An EVSE keeps the time of its status apart from
  the rest's, so a late change of other fields is applied; last_updated stays the newest (OCPI-39).
- A change with times of its own (a status stated by halves) is judged by what it makes of the object: its merge keeps
  what is newer. It is stale when it makes nothing of it and something newer is known (EMIP-52).
- A time more than the tolerance ahead of the clock is compared as the time of reception, and kept as sent.
- Equal times with different content: the later arrival wins.
- What says nothing new is unchanged: acknowledged, not delivered (OCPI-36); its newer time is still kept (OCPI-38).
- A CDR never changes, a completed session neither (OCPI-136, OCPI-132); until its CDR is here, a room may keep a late
  record of it beside it (EMIP-93). A settled command stays settled. Of an authorization no more changes than that it
  learns how both sides call the charge.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from interroam.model.charges import INTERIM, Cdr, Command, CommandState, Session
from interroam.model.facts import Body, Change, Fact, Restate, Statement, Stored, Verdict, Wire, Withdrawal
from interroam.model.money import Price
from interroam.model.places import Availability, Evse, EvseStatus
from interroam.model.tokens import Authorization

TOLERANCE = timedelta(minutes=5)
_STATUS = frozenset({"status"})
NAMES = frozenset({"cpo_session", "emsp_reference"})
"""What an authorization may still learn: how both sides call the charge."""
_BESIDE = frozenset({INTERIM})
"""What may still be said of a completed session: a record of it, which leaves it as it is."""
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_NO_PRICE = Price(Decimal(0))
# Judged for every message: without asking the enumeration each time.
_RECORDED = Verdict.RECORDED
_REMOVED, _PLANNED = Availability.REMOVED, Availability.PLANNED


class Judgment(msgspec.Struct, frozen=True, gc=False):
    """A verdict and the state to write: recorded means a new entry, unchanged may still refresh times.

    ``body`` is None when nothing is to be written at all.
    """

    verdict: Verdict
    body: Body | None = None
    wire: Wire | None = None
    judged_at: datetime | None = None
    updated: datetime | None = None
    withdrawn: bool = False
    late: bool = False
    """Whether part of what was stated is older than what is known, so that it is not what holds now."""
    status_alone: bool = False
    """Whether it is an EVSE that was stated again, and nothing but its status is new (OCPI-86)."""


def judge(statement: Statement, stored: Stored | None, now: datetime) -> Judgment:
    """Judge one statement against what is stored under its key, at this time."""
    if isinstance(statement, Change):
        return _judge_change(statement, stored, now)
    if isinstance(statement, Fact):
        return _judge_fact(statement, stored, now)
    return _judge_withdrawal(statement, stored, now)


def removal(stored: Stored, at: datetime, restate: Restate | None = None) -> Change:
    """Return the change that says an EVSE is gone: there is no delete (OCPI-91). It keeps its row, as it may return."""

    def remove(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Evse):
            return body, wire
        status = EvseStatus(word="REMOVED", availability=Availability.REMOVED, at=at)
        gone = replace(body, status=status, last_updated=max(at, body.last_updated))
        return gone, None if wire is None or restate is None else restate(wire, gone)

    return Change(key=stored.key, fields=_STATUS, last_updated=at, merge=remove)


def clamped(stated: datetime, now: datetime) -> datetime:
    """Return the time to compare by: the stated one, or now when that lies too far ahead."""
    return stated if stated <= now or stated - now <= TOLERANCE else now


def is_ahead(statement: Statement, now: datetime) -> bool:
    """Whether a statement's time lies further ahead than clocks differ; authorizations and commands bear ours."""
    stated = _time(statement.body) if isinstance(statement, Fact) else _NEVER
    if isinstance(statement, Change):
        stated = statement.last_updated
    return stated > now and stated - now > TOLERANCE


def _judge_change(change: Change, stored: Stored | None, now: datetime) -> Judgment:
    if stored is None or stored.withdrawn:
        return Judgment(Verdict.UNKNOWN)
    old = stored.body
    stated = change.last_updated
    at = stated if stated <= now else clamped(stated, now)
    if type(old) is Evse:
        return (_judge_halves if change.own_time else _judge_evse_change)(change, stored, old, at)
    final = _is_final(old)
    if final and not _still_learns(old, change.fields):
        return Judgment(Verdict.STALE if isinstance(old, Command) else Verdict.CONFLICT)
    # A command moves by its state, whatever clocks say.
    if at < stored.judged_at and not change.own_time and not isinstance(old, Command):
        return Judgment(Verdict.STALE)
    body, wire = change.merge(old, stored.wire)
    if final and isinstance(old, Session) and body != old:
        return Judgment(Verdict.CONFLICT)
    judged_at, updated = max(at, stored.judged_at), max(change.last_updated, stored.updated)
    if _bytes(wire) == _bytes(stored.wire) and _untimed(body) == _untimed(old):
        return Judgment(Verdict.UNCHANGED, body, wire, judged_at, updated)
    return Judgment(_RECORDED, body, wire, judged_at, updated)


def _judge_evse_change(change: Change, stored: Stored, old: Evse, at: datetime) -> Judgment:
    rest_too = change.fields != _STATUS
    status_too = not rest_too or "status" in change.fields
    was_at, rest_at, stated = old.status.at, old.rest_at, change.last_updated
    late_status = status_too and was_at is not None and at < was_at
    late_rest = rest_too and rest_at is not None and at < rest_at
    if (late_status or late_rest) and (late_status or not status_too) and (late_rest or not rest_too):
        return Judgment(Verdict.STALE)
    body, wire = change.merge(old, stored.wire)
    if type(body) is not Evse:
        return Judgment(Verdict.CONFLICT)
    late = late_status or late_rest
    if late:  # half of it is: the newer half stays as it was
        wire = _restated(change, wire, old) if late_status else _restated(change, stored.wire, body)
    newest = stated if stated >= old.last_updated else old.last_updated  # noqa: FURB136  a quarter of what max takes
    # What a room makes of a status alone is most often as it has to be.
    if rest_too or body.status.at is not at or body.last_updated is not newest or body.rest_at is not rest_at:
        body = replace(
            old if late_rest else body,
            status=old.status if late_status or not status_too else replace(body.status, at=at),
            last_updated=newest,
            rest_at=at if rest_too and not late_rest else rest_at,
            changed_at=None if rest_too and not late_rest else old.changed_at,
        )
    if _arrives(old.status, body.status):
        body = replace(body, changed_at=at)
    judged_at = at if at >= stored.judged_at else stored.judged_at  # noqa: FURB136
    updated = stated if stated >= stored.updated else stored.updated  # noqa: FURB136
    # The bytes first: for a true change they differ, and two objects need not be compared.
    row = stored.wire
    if (wire is None or wire.data == (b"" if row is None else row.data)) and _untimed(body) == _untimed(old):
        return Judgment(Verdict.UNCHANGED, body, stored.wire, judged_at, updated)
    return Judgment(_RECORDED, body, wire, judged_at, updated, late=late)


def _judge_halves(change: Change, stored: Stored, old: Evse, at: datetime) -> Judgment:
    merged, wire = change.merge(old, stored.wire)
    if not isinstance(merged, Evse):
        return Judgment(Verdict.CONFLICT)
    was, now = old.status, merged.status
    same = _bytes(wire) == _bytes(stored.wire) and _untimed(merged) == _untimed(old)
    if same and was == now and was.at is not None and at < was.at:
        return Judgment(Verdict.STALE)
    status = replace(
        now,
        at=was.at if change.fields.isdisjoint(_STATUS) else _later(at, was.at),
        availability_at=was.availability_at if now.availability_at == was.availability_at else at,
        busy_at=was.busy_at if now.busy_at == was.busy_at else at,
    )
    body = replace(
        merged,
        status=status,
        last_updated=_later(change.last_updated, old.last_updated),
        rest_at=old.rest_at if change.fields == _STATUS else _later(at, old.rest_at),
        changed_at=at if _arrives(was, now) else old.changed_at if change.fields == _STATUS else None,
    )
    verdict = Verdict.UNCHANGED if same else Verdict.RECORDED
    return Judgment(verdict, body, wire, _later(at, stored.judged_at), _later(change.last_updated, stored.updated))


def _judge_fact(fact: Fact, stored: Stored | None, now: datetime) -> Judgment:
    body, row = fact.body, fact.row or fact.wire
    stated = _time(body)
    at = stated if stated <= now else clamped(stated, now)
    if type(body) is Evse:
        body = replace(body, status=replace(body.status, at=at), rest_at=at, changed_at=None)
    fresh = Judgment(_RECORDED, body, row, at, stated)
    if stored is None or stored.withdrawn:
        return fresh
    same = _alike(body, stored.body) and _same(fact, row, stored.wire)
    if _is_final(stored.body):
        known = _unpriced(stored.body, stored.body)
        again = same or (_untimed(_unpriced(body, stored.body)) == _untimed(known) and _same(fact, row, stored.wire))
        return Judgment(Verdict.UNCHANGED if again else Verdict.CONFLICT)
    if type(body) is Evse and isinstance(stored.body, Evse):
        return _judge_evse_fact(fact, body, stored, stored.body, same=same)
    if at < stored.judged_at:
        return Judgment(Verdict.UNCHANGED if same else Verdict.STALE)
    if same:
        return Judgment(Verdict.UNCHANGED, stored.body, stored.wire, at, max(stated, stored.updated))
    return fresh


def _judge_evse_fact(fact: Fact, body: Evse, stored: Stored, old: Evse, *, same: bool) -> Judgment:
    row = fact.row or fact.wire
    at = body.rest_at or body.last_updated
    late_status = old.status.at is not None and at < old.status.at
    late_rest = old.rest_at is not None and at < old.rest_at
    if same:
        if late_status and late_rest:
            return Judgment(Verdict.UNCHANGED)
        return Judgment(
            Verdict.UNCHANGED,
            replace(
                old,
                status=replace(old.status, at=_later(at, old.status.at)),
                rest_at=_later(at, old.rest_at),
                changed_at=old.changed_at or old.rest_at,
                last_updated=max(body.last_updated, old.last_updated),
            ),
            stored.wire,
            max(at, stored.judged_at),
            max(body.last_updated, stored.updated),
        )
    if late_status and late_rest:
        return Judgment(Verdict.STALE)
    if late_status:
        body, row = replace(body, status=old.status), _restated(fact, row, old)
    if late_rest:
        body, row = replace(old, status=body.status), _restated(fact, stored.wire, body)
    status_alone = not late_rest and _is_same_but_for_status(fact, body, row, old, stored.wire)
    if status_alone:
        body = replace(body, changed_at=old.changed_at or old.rest_at)
    body = replace(body, last_updated=max(body.last_updated, old.last_updated))
    updated = max(body.last_updated, stored.updated)
    if _untimed(body) == _untimed(old) and (row is None or _same(fact, row, stored.wire)):
        return Judgment(Verdict.UNCHANGED, body, stored.wire, max(at, stored.judged_at), updated)
    late = late_status or late_rest
    return Judgment(_RECORDED, body, row, max(at, stored.judged_at), updated, late=late, status_alone=status_alone)


def _arrives(was: EvseStatus, now: EvseStatus) -> bool:
    """Whether an EVSE comes to be there, which is more than another status (C9)."""
    before = was.availability
    return (before is _REMOVED or before is _PLANNED) and now.availability is not before


def _is_same_but_for_status(fact: Fact, body: Evse, row: Wire | None, old: Evse, known: Wire | None) -> bool:
    """Whether an EVSE that is stated again says nothing new but its status (OCPI-86)."""
    if _arrives(old.status, body.status) or _untimed(replace(body, status=old.status)) != _untimed(old):
        return False
    if row is None or known is None:
        return row is known
    restated = _restated(fact, row, old)
    return restated is not None and _same(fact, restated, known)


def _restated(statement: Fact | Change, row: Wire | None, evse: Evse) -> Wire | None:
    """Return a row with the status that an EVSE has; none, where its room cannot write it: then the model's form."""
    return None if row is None or statement.restate is None else statement.restate(row, evse)


def _judge_withdrawal(withdrawal: Withdrawal, stored: Stored | None, now: datetime) -> Judgment:
    if stored is None or stored.withdrawn:
        return Judgment(Verdict.UNKNOWN)
    at = clamped(withdrawal.at, now)
    if at < stored.judged_at:
        return Judgment(Verdict.STALE)
    return Judgment(_RECORDED, stored.body, stored.wire, at, max(withdrawal.at, stored.updated), withdrawn=True)


def _later(first: datetime, second: datetime | None) -> datetime:
    return first if second is None or first >= second else second


def _is_final(body: Body) -> bool:
    if type(body) is Session:
        return body.status == "COMPLETED"
    if type(body) is Cdr or type(body) is Authorization:
        return True
    return isinstance(body, Command) and body.state is CommandState.SETTLED


def _still_learns(body: Body, fields: frozenset[str]) -> bool:
    """Whether something final may hear this and stay what it is."""
    allowed = NAMES if isinstance(body, Authorization) else _BESIDE if isinstance(body, Session) else frozenset()
    return bool(allowed) and fields <= allowed


def _time(body: Body) -> datetime:
    if isinstance(body, Session) or isinstance(body, Cdr):  # noqa: SIM101  for these first, and one by one
        return body.last_updated
    if isinstance(body, Authorization):
        return body.at or _NEVER
    if isinstance(body, Command):
        return body.settled_at or body.asked_at
    return body.last_updated


def _alike(body: Body, known: Body) -> bool:
    """Whether two objects say the same, but for when they were said."""
    if type(body) is Session and type(known) is Session:
        return body == replace(known, last_updated=body.last_updated, site=body.site)
    return _untimed(body) == _untimed(known)


def _untimed(body: Body) -> Body:
    """The object but for when it was said: what decides whether a statement says anything new."""
    if isinstance(body, Evse):
        status = replace(body.status, at=None, availability_at=None, busy_at=None)
        connectors = tuple([replace(one, last_updated=None) for one in body.connectors])
        return replace(body, last_updated=_NEVER, rest_at=None, changed_at=None, status=status, connectors=connectors)
    if isinstance(body, Authorization | Command):
        return body
    if isinstance(body, Session | Cdr):
        return replace(body, last_updated=_NEVER, site=None)
    return replace(body, last_updated=_NEVER)


def _unpriced(body: Body, known: Body) -> Body:
    """A charge as its owner states it, where what is known of it was priced here since its owner said no price."""
    if isinstance(known, Session) and known.cleared and isinstance(body, Session):
        said = not body.cleared and body.total_cost is not None and body.total_cost.excl_vat
        return body if said else replace(body, total_cost=None, cleared=False)
    if not (isinstance(known, Cdr) and known.cleared and isinstance(body, Cdr)):
        return body
    if body.total_cost.excl_vat and not body.cleared:
        return body
    return replace(
        body,
        total_cost=_NO_PRICE,
        fixed_cost=None,
        energy_cost=None,
        time_cost=None,
        parking_cost=None,
        reservation_cost=None,
        cleared=False,
    )


def _same(fact: Fact, new: Wire | None, old: Wire | None) -> bool:
    if new is None or old is None or (new.room, new.version) != (old.room, old.version):
        return True  # nothing to compare but the model's form
    return new.data == old.data or (fact.same is not None and fact.same(new.data, old.data))


def _bytes(wire: Wire | None) -> bytes:
    return wire.data if wire is not None else b""
