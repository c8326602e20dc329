"""Rows and values: how the nouns of the model lie in columns, the same in both databases.

Times are microseconds since 1970, bodies msgpack, parties ``CH*CCC/CPO``; what is empty is NULL where an index should
not know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from interroam.core.ports import CourierKey, Cursor, Shelved
from interroam.model.charges import Cdr, Command, Session
from interroam.model.facts import Act, Body, Entry, Stored, Wire
from interroam.model.ids import Key, Kind, Lane, Party
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Authorization, Token

Row = Sequence[Any]

PICTURE = (
    "no, kind, owner, id, sub, hub_id, version, body, wire_room, wire_version, wire, judged_at, updated, receiver,"
    " agreement, origin, subject, contract, withdrawn, due"
)
JOURNAL = (
    "seq, at, lane, act, kind, owner, id, sub, no, hub_id, origin, correlation, receiver, agreement, created, fields,"
    " body, wire_room, wire_version, wire, subject, contract, removed"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {kind.value: kind for kind in Kind}
_LANES = {lane.value: lane for lane in Lane}
_ACTS = {act.value: act for act in Act}
# A plain str binds several times faster than a member of a StrEnum.
TEXT: dict[Kind | Lane | Act, str] = {member: member.value for words in (Kind, Lane, Act) for member in words}

encode = msgspec.msgpack.Encoder().encode
_DECODE: dict[str, Any] = {
    kind.value: msgspec.msgpack.Decoder(body).decode
    for kind, body in (
        (Kind.LOCATION, Location),
        (Kind.EVSE, Evse),
        (Kind.TARIFF, Tariff),
        (Kind.TOKEN, Token),
        (Kind.SESSION, Session),
        (Kind.CDR, Cdr),
        (Kind.AUTHORIZATION, Authorization),
        (Kind.COMMAND, Command),
    )
}
_decode_cursor = msgspec.msgpack.Decoder(Cursor).decode
_decode_shelved = msgspec.msgpack.Decoder(Shelved).decode


def micros(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    age = moment - _EPOCH
    return (age.days * 86_400 + age.seconds) * 1_000_000 + age.microseconds


def moment(micros: int) -> datetime:
    """Return microseconds since 1970 as a moment."""
    return _EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=4096)
def party(text: str) -> Party:
    """Return a party written by ``str``; equal ones are one object."""
    return Party.parse(text)


@lru_cache(maxsize=4096)
def words(fields: frozenset[str]) -> str:
    """Return names of fields as one text."""
    return " ".join(sorted(fields))


@lru_cache(maxsize=4096)
def fields(text: str) -> frozenset[str]:
    """Return names of fields from one text."""
    return frozenset(text.split())


def stored(row: Row) -> Stored:
    """Return the object of a row with the columns ``PICTURE``."""
    (no, kind, owner, id_, sub, hub_id, version, body, room, wire_version, data, judged_at, updated, receiver,
     agreement, origin, subject, contract, withdrawn, due) = row  # fmt: skip
    return Stored(
        no=no,
        key=Key(_KINDS[kind], owner, id_, sub),
        hub_id=hub_id,
        version=version,
        body=_DECODE[kind](body),
        wire=None if data is None else Wire(room, wire_version, data),
        judged_at=moment(judged_at),
        updated=moment(updated),
        receiver=None if receiver is None else party(receiver),
        agreement=agreement,
        origin=origin,
        subject=subject or b"",
        contract=contract or b"",
        withdrawn=bool(withdrawn),
        due=None if due is None else moment(due),
    )


def picture_row(row: Stored) -> tuple[Any, ...]:
    """Return an object as the columns ``PICTURE``."""
    kind, owner, id_, sub = row.key
    return (row.no, TEXT[kind], owner, id_, sub, row.hub_id, row.version, encode(row.body), *_wire(row.wire),
            micros(row.judged_at), micros(row.updated), None if row.receiver is None else str(row.receiver),
            row.agreement, row.origin, row.subject or None, row.contract or None, row.withdrawn,
            None if row.due is None else micros(row.due))  # fmt: skip


def state_row(row: Stored) -> tuple[Any, ...]:
    """Return what changes in an object whose indexed columns stay: its number comes last."""
    wire = row.wire
    if wire is None:
        return (row.version, encode(row.body), None, None, None,
                micros(row.judged_at), micros(row.updated), row.agreement, row.origin, row.no)  # fmt: skip
    return (row.version, encode(row.body), wire.room, wire.version, wire.data,
            micros(row.judged_at), micros(row.updated), row.agreement, row.origin, row.no)  # fmt: skip


def entry(row: Row) -> Entry:
    """Return the entry of a row with the columns ``JOURNAL``."""
    (seq, at, lane, act, kind, owner, id_, sub, no, hub_id, origin, correlation, receiver, agreement, created, names,
     body, room, version, data, subject, contract, removed) = row  # fmt: skip
    return Entry(
        seq=seq,
        at=moment(at),
        lane=_LANES[lane],
        act=_ACTS[act],
        key=Key(_KINDS[kind], owner, id_, sub),
        no=no,
        hub_id=hub_id,
        origin=origin,
        correlation=correlation,
        receiver=None if receiver is None else party(receiver),
        agreement=agreement,
        created=bool(created),
        fields=fields(names),
        body=None if body is None else _DECODE[kind](body),
        wire=None if data is None else Wire(room, version, data),
        subject=subject or b"",
        contract=contract or b"",
        removed=() if removed is None else tuple(removed.split("\n")),
    )


def journal_row(line: Entry) -> tuple[Any, ...]:
    """Return an entry as the columns ``JOURNAL``."""
    kind, owner, id_, sub = line.key
    wire = line.wire
    return (line.seq, micros(line.at), TEXT[line.lane], TEXT[line.act], TEXT[kind], owner, id_, sub, line.no,
            line.hub_id, line.origin, line.correlation, None if line.receiver is None else str(line.receiver),
            line.agreement, line.created, words(line.fields), None if line.body is None else encode(line.body),
            *((None, None, None) if wire is None else (wire.room, wire.version, wire.data)),
            line.subject or None, line.contract or None, "\n".join(line.removed) or None)  # fmt: skip


def cursor_row(cursor: Cursor) -> tuple[str, bytes]:
    """Return a cursor as its key and its state."""
    return str(cursor.key), encode(cursor)


def cursor(state: bytes) -> Cursor:
    """Return the cursor of a state."""
    found: Cursor = _decode_cursor(state)
    return found


def shelved_row(item: Shelved) -> tuple[Any, ...]:
    """Return what lies on the shelf as number, courier, entry and the whole."""
    return item.id, str(item.courier), item.seq, encode(item)


def shelved(state: bytes) -> Shelved:
    """Return what lies on the shelf."""
    found: Shelved = _decode_shelved(state)
    return found


def courier_text(courier: CourierKey) -> str:
    """Return a courier as the column holds it."""
    return str(courier)


def size(body: Body) -> int:
    """Return a rough measure of what an object weighs in memory."""
    return 2000 if isinstance(body, Session | Cdr | Tariff) else 1000


def _wire(wire: Wire | None) -> tuple[str | None, str | None, bytes | None]:
    return (None, None, None) if wire is None else (wire.room, wire.version, wire.data)


def is_indexed_alike(before: Stored, row: Stored) -> bool:
    """Whether nothing changed that an index knows, but for the time."""
    return (
        before.due == row.due
        and before.withdrawn is row.withdrawn
        and before.receiver == row.receiver
        and before.subject == row.subject
        and before.contract == row.contract
    )
