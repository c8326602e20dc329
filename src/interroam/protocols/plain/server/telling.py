"""Tell: objects as their owner states them, one by one or many at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import msgspec

from interroam.core.refs import refs_of
from interroam.model.charges import Cdr, Outcome, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Change, Fact, Finding, Receipt, Statement, Verdict
from interroam.model.ids import (
    OWNER_ROLE,
    Key,
    Kind,
    PartyId,
    Role,
    command_key,
    evse_key,
    location_key,
    session_key,
)
from interroam.model.places import Evse
from interroam.model.profiles import ProfileInForce
from interroam.model.tokens import Authorization
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.call import Call
from interroam.protocols.plain.wire.misread import Misread

Charge = TypeVar("Charge", wire.Session, wire.Cdr)
_CHARGES = frozenset({Kind.SESSION, Kind.CDR})
_FEW = 256
"""So many facts of a batch wait for one commit."""
_STALE = Finding("last_updated", "is older than what is known, which was kept")


# -- one object --------------------------------------------------------------------------------------------------------


async def put_location(call: Call) -> wire.Told:
    """State a location."""
    return await _stated(translate.read_location, call, call.body, _owner(call), call.params["id"])


async def put_evse(call: Call) -> wire.Told:
    """State an EVSE."""
    return await _stated(translate.read_evse, call, call.body, _owner(call), call.params["id"], call.params["uid"])


async def put_tariff(call: Call) -> wire.Told:
    """State a tariff."""
    return await _stated(translate.read_tariff, call, call.body, _owner(call), call.params["id"])


async def delete_tariff(call: Call) -> wire.Told:
    """State that a tariff is no more."""
    gone = translate.withdrawn_tariff(_owner(call), call.params["id"], call.query.target, call.hub.clock.now())
    return await _tell(call, gone, [])


async def put_token(call: Call) -> wire.Told:
    """State a token."""
    return await _stated(translate.read_token, call, call.body, _owner(call), call.params["type"], call.params["uid"])


async def put_session(call: Call) -> wire.Told:
    """State a session."""
    return await _session(call, call.body, _owner(call), call.params["id"])


async def patch_session(call: Call) -> wire.Told:
    """State what is new about a session."""
    owner, session_id = _owner(call), call.params["id"]
    change, findings = translate.read_session_change(owner, session_id, call.body, _now(call))
    call.about([session_id])
    return await _tell(call, change, findings)


async def post_cdr(call: Call) -> wire.Told:
    """State a CDR."""
    return await _cdr(call, call.body)


async def post_outcome(call: Call) -> wire.Told:
    """State what became of a command."""
    body: wire.Outcome = call.body
    command = call.params["command"]
    findings: list[Finding] = []
    call.whole = True
    call.about([command])
    at = translate.in_utc(body.at, findings, "at") if body.at else call.hub.clock.now()
    stored = await call.hub.store.get(command_key(command))
    if stored is not None:
        call.about([getattr(stored.body, "authorization", None), getattr(stored.body, "session_id", None)])
    active = translate.read_active_profile(body.profile, findings) if body.profile is not None else None
    outcome = Outcome(command=command, result=body.result.value, message=body.message, profile=active, at=at)
    owner = next((party for party in call.partner.parties if party.role is Role.CPO), None)
    if owner is None:
        raise Refused(Reason.FORBIDDEN, f"partner {call.partner.id} speaks for no CPO", remedy="use a CPO's token")
    receipt = await call.hub.tell(call.origin(owner.id, Role.CPO), outcome)
    return _told(call, receipt, findings, f"command {command}")


async def put_profile(call: Call) -> wire.Told:
    """State by which limits a session of yours goes from now on."""
    owner, session_id = _owner(call), call.params["id"]
    findings: list[Finding] = []
    call.whole = True
    call.about([session_id])
    active = translate.read_active_profile(call.body, findings)
    said = ProfileInForce(owner=owner, session_id=session_id, active=active, at=call.hub.clock.now())
    receipt = await call.hub.tell(call.origin(owner, Role.CPO), said)
    return _told(call, receipt, findings, f"profile of session {session_id}")


# -- many --------------------------------------------------------------------------------------------------------------


async def post_statuses(call: Call) -> wire.Batch:
    """State many statuses; they share a commit and keep their order."""
    lines: list[wire.Judged] = []
    for start in range(0, len(call.body), _FEW):
        few = call.body[start : start + _FEW]
        lines += await asyncio.gather(
            *(_judged(start + place + 1, _status(call, body)) for place, body in enumerate(few))
        )
    return _batch(lines)


async def post_import(call: Call) -> wire.Batch:
    """State many objects, one per line."""
    lines: list[wire.Judged] = []
    waiting: list[Awaitable[wire.Judged]] = []
    held: set[tuple[str, str]] = set()
    for number, text in enumerate(call.raw.splitlines(), 1):
        if not text.strip():
            continue
        line, told, unknown = _line(call, text)
        touched = _touched(line)
        # A charge is looked up before it is told, so two lines about one charge must not overtake each other.
        if len(waiting) >= _FEW or touched & held:
            lines += await asyncio.gather(*waiting)
            waiting, held = [], set()
        waiting.append(_judged(number, told, unknown))
        held |= touched
    lines += await asyncio.gather(*waiting)
    return _batch(lines)


def _line(call: Call, text: bytes) -> tuple[Any, Awaitable[wire.Told], tuple[Finding, ...]]:
    shape: Any = wire.Line
    try:
        line = msgspec.json.decode(text, type=wire.Line)
        if line.kind not in _BY_KIND:
            return None, _raise(Misread("kind", f"{line.kind!r} is none of {', '.join(_BY_KIND)}")), ()
        shape, told = _BY_KIND[line.kind]
        body = msgspec.json.decode(line.object, type=shape, strict=False)
        return body, told(call, body), translate.unknown_fields(shape, bytes(line.object))
    except msgspec.ValidationError as error:
        message, field = translate.fields_of(error, shape)
        return None, _raise(Misread(field, message)), ()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return None, _raise(Misread("", f"this line is not JSON: {error}", reason=Reason.NOT_JSON)), ()


async def _raise(error: Exception) -> wire.Told:
    raise error


def _touched(body: object) -> set[tuple[str, str]]:
    if isinstance(body, wire.Session):
        return {((body.party or "").upper(), (body.id or "").casefold())}
    if isinstance(body, wire.Cdr):
        return {(body.party.upper(), one.casefold()) for one in (body.id, body.session_id) if one}
    return set()


async def _judged(line: int, told: Awaitable[wire.Told], unknown: tuple[Finding, ...] = ()) -> wire.Judged:
    try:
        done = await told
    except (Refused, Unavailable) as no:
        return wire.Judged(line=line, error=error_of(no))
    return wire.Judged(
        line=line,
        verdict=done.verdict,
        seq=done.seq,
        hub_id=done.hub_id,
        created=done.created,
        findings=(*done.findings, *unknown),
    )


def _batch(lines: Sequence[wire.Judged]) -> wire.Batch:
    counts = Counter("refused" if one.verdict is None else one.verdict.value for one in lines)
    return wire.Batch(counts=dict(sorted(counts.items())), lines=tuple(lines))


def error_of(no: Refused | Unavailable) -> wire.Error:
    """Say what was wrong in the form of this API."""
    return wire.Error(
        reason=no.reason.value,
        message=no.message,
        remedy=getattr(no, "remedy", ""),
        field=getattr(no, "field", ""),
    )


# -- each kind, however it came ----------------------------------------------------------------------------------------


def _now(call: Call) -> datetime:
    """Return the time by which an object that names none was changed: protocols have room for milliseconds."""
    now = call.hub.clock.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


async def _stated(
    read: Callable[..., tuple[Fact, list[Finding]]], call: Call, body: Any, owner: PartyId, *names: str
) -> wire.Told:
    return await _tell(call, *read(owner, *names, body, _now(call)))


async def _status(call: Call, body: wire.Status) -> wire.Told:
    if body.uid is not None:
        return await _tell(call, *translate.read_status(body, _now(call)))
    (rows,) = await call.hub.store.evses([location_key(translate.party_of(body.party), body.location_id)])
    uids = [row.body.uid for row in rows if isinstance(row.body, Evse) and not row.withdrawn]
    if not uids:
        raise Refused(Reason.UNKNOWN_LOCATION, f"no EVSE of location {body.location_id} is known here")
    told = await asyncio.gather(*(_status(call, msgspec.structs.replace(body, uid=uid)) for uid in uids))
    return next((one for one in told if one.verdict is Verdict.RECORDED), told[0])


async def _session(call: Call, body: wire.Session, owner: PartyId, session_id: str) -> wire.Told:
    body = await _referenced(call, body, owner, session_id)
    permission = await _permission(call, owner, body.authorization_reference)
    read = translate.read_session(owner, session_id, body, permission, _now(call))
    return await _tell(call, *read)


async def _cdr(call: Call, body: wire.Cdr) -> wire.Told:
    owner = translate.party_of(body.party)
    body = await _referenced(call, body, owner, body.session_id)
    permission = await _permission(call, owner, body.authorization_reference)
    evse = None
    if body.evse_id is None:
        row = await call.hub.store.get(evse_key(owner, body.location_id, body.evse_uid))
        evse = row.body if row is not None and isinstance(row.body, Evse) else None
    return await _tell(call, *translate.read_cdr(body, permission, evse, _now(call)))


async def _referenced(call: Call, body: Charge, owner: PartyId, session_id: str | None) -> Charge:
    """Return a charge with the reference that its session was stated with before (OCPI-102)."""
    if body.authorization_reference or not session_id:
        return body
    known = await call.hub.store.get(session_key(owner, session_id))
    reference = getattr(known.body, "authorization_reference", None) if known is not None else None
    return msgspec.structs.replace(body, authorization_reference=reference) if reference else body


async def _permission(call: Call, owner: PartyId, reference: str | None) -> Authorization | None:
    found = await call.hub.authorization(reference) if reference else None
    return found if found is not None and found.cpo == owner else None


def _named(told: Callable[..., Awaitable[wire.Told]], *fields: str) -> Callable[[Call, Any], Awaitable[wire.Told]]:
    """Return what tells a body that names itself what else its path does."""

    async def tell(call: Call, body: Any) -> wire.Told:
        for field in ("party", *fields):
            if not getattr(body, field):
                raise Misread(field, "is missing")
        return await told(call, body, translate.party_of(body.party), *(getattr(body, field) for field in fields))

    return tell


_BY_KIND: dict[str, tuple[type[msgspec.Struct], Callable[[Call, Any], Awaitable[wire.Told]]]] = {
    "location": (wire.Location, _named(partial(_stated, translate.read_location), "id")),
    "evse": (wire.Evse, _named(partial(_stated, translate.read_evse), "location_id", "uid")),
    "status": (wire.Status, _status),
    "tariff": (wire.Tariff, _named(partial(_stated, translate.read_tariff), "id")),
    "token": (wire.Token, _named(partial(_stated, translate.read_token), "type", "uid")),
    "session": (wire.Session, _named(_session, "id")),
    "cdr": (wire.Cdr, _cdr),
}


# -- the verb itself ---------------------------------------------------------------------------------------------------


async def _tell(call: Call, statement: Statement, findings: list[Finding]) -> wire.Told:
    key = statement.key
    charge = key.kind in _CHARGES
    call.about([str(key)])
    if isinstance(statement, Fact):
        call.about(_ids_of(statement), statement.body if charge or key.kind is Kind.TOKEN else None)
    call.whole = call.whole or charge
    receipt = await call.hub.tell(call.origin(key.party, OWNER_ROLE[key.kind]), statement)
    changing = isinstance(statement, Change)
    if receipt.verdict is Verdict.RECORDED and (charge or not changing):
        findings += await _unheard(call, key)
    return _told(call, receipt, findings, f"{key.kind.value} {key.sub or key.id}", None if changing else key.kind)


def _ids_of(statement: Fact) -> list[str]:
    body = statement.body
    ids = [body.key.id]
    if isinstance(body, Session | Cdr):
        ids += [one for one in (body.id, body.authorization_reference, getattr(body, "session_id", None)) if one]
        ids += refs_of(body)
    return list(dict.fromkeys(ids))


async def _unheard(call: Call, key: Key) -> list[Finding]:
    """Say so when nobody will be told (design: recorded, with a finding)."""
    hub = call.hub
    if key.kind not in _CHARGES:
        unheard = hub.book.routing.unheard(key, hub.clock.now())
        return [Finding("", unheard)] if unheard else []
    row = await hub.store.get(key)
    heard = row is None or row.receiver is not None
    return [] if heard else [Finding("", f"recorded, but no agreement in force says who is told of this {key.kind}")]


def _told(call: Call, receipt: Receipt, findings: list[Finding], what: str, whole: Kind | None = None) -> wire.Told:
    call.seq = receipt.seq
    call.about([receipt.hub_id])
    if receipt.verdict is Verdict.CONFLICT:
        raise Refused(Reason.CONFLICT, f"{what} is final and may not change like this", remedy="send a correction")
    if receipt.verdict is Verdict.UNKNOWN and whole is Kind.EVSE:
        raise Refused(Reason.UNKNOWN_LOCATION, "its location is not known here", remedy="state the location first")
    if receipt.verdict is Verdict.UNKNOWN:
        raise Refused(Reason.UNKNOWN_OBJECT, f"{what} is not known here", remedy="state the whole object first")
    if receipt.verdict is Verdict.STALE:
        findings.append(_STALE)
    return wire.Told(
        verdict=receipt.verdict,
        seq=receipt.seq,
        hub_id=receipt.hub_id,
        created=receipt.created,
        findings=(*findings, *call.unknown),
    )


def _owner(call: Call) -> PartyId:
    return translate.party_of(call.params["party"])
