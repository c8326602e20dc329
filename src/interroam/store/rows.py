"""Rows and values: how the nouns of the model lie in columns, the same in both databases.

A column is only what an index or a condition needs; all the rest is one value in msgpack, ``state``. Binding twenty
columns costs more than writing the page they lie on. Times in columns are microseconds since 1970, parties
``CH*CCC/CPO``; what is empty is NULL where an index should not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from interroam.core.ports import Cursor, Shelved
from interroam.model.charges import Cdr, Command, Session
from interroam.model.facts import Act, Body, Entry, Moved, Stored, Wire
from interroam.model.ids import Key, Kind, Lane, Party
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Authorization, Token
from interroam.store.growing import Growing, WireState

Row = Sequence[Any]

PICTURE = "no, kind, owner, id, sub, hub_id, state"
PICTURE_WRITTEN = "no, kind, owner, id, sub, hub_id, state, updated, receiver, subject, contract, withdrawn, due"
JOURNAL = "seq, at, lane, kind, no, correlation, state"
"""What else the table has was written by earlier releases, and nobody looks there."""

_NUL = "\0"
_CHANCE, _LENGTH = 26, 36
"""Where in a hub id the digits of its object's number begin, and where they end."""
_NAMED = {
    Kind.LOCATION: "location",
    Kind.SESSION: "session",
    Kind.CDR: "cdr",
    Kind.AUTHORIZATION: "auth",
    Kind.COMMAND: "command",
}
_NAMERS = {word: kind.value for kind, word in _NAMED.items()}
_SESSION, _CDR, _FACT = Kind.SESSION, Kind.CDR, Act.FACT
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {kind.value: kind for kind in Kind}
_LANES = {lane.value: lane for lane in Lane}
_ACTS = {act.value: act for act in Act}
# A plain str binds several times faster than a member of a StrEnum, and a bytearray than bytes: sqlite3 looks for a way
# to make something else of them, and does so for None.
TEXT: dict[Kind | Lane | Act, str] = {member: member.value for words in (Kind, Lane, Act) for member in words}

_ENCODER = msgspec.msgpack.Encoder()
encode, _encode_into = _ENCODER.encode, _ENCODER.encode_into
TRAITS = {
    Kind.LOCATION: (encode("publish") + encode(False),),  # noqa: FBT003  as a state says it
    Kind.CDR: (encode("credit") + encode(True), encode("home_charging") + encode(True)),  # noqa: FBT003  see above
}
"""What the states of all that has a trait say, and few others."""
_ROOM = 1024
"""What a state is given to begin with; in the end it has what it took."""
_BODIES: dict[Kind, Any] = {
    Kind.LOCATION: Location,
    Kind.EVSE: Evse,
    Kind.TARIFF: Tariff,
    Kind.TOKEN: Token,
    Kind.SESSION: Session,
    Kind.CDR: Cdr,
    Kind.AUTHORIZATION: Authorization,
    Kind.COMMAND: Command,
}
Bodies = dict[int, Raw]
"""What was encoded already, by the identity of the value."""
_APART: Bodies = {}
_Text = str | None
_tuple: Any = tuple  # of types that are known while the program runs
_STATE: dict[str, Any] = {}
_LINE: dict[str, Any] = {}
for _kind, _body in _BODIES.items():
    _state_type: Any = _tuple[
        int, datetime, datetime, _Text, str, str, bytes, bytes, bool, datetime | None, WireState, _body
    ]  # fmt: skip
    _line_type: Any = _tuple[
        str, str, str, str, str, str, _Text, str, bool, frozenset[str], bytes, bytes, tuple[str, ...], WireState,
        _body | None,
    ]  # fmt: skip
    _STATE[_kind.value] = msgspec.msgpack.Decoder(_state_type).decode
    _LINE[_kind.value] = msgspec.msgpack.Decoder(_line_type).decode
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


def key_row(key: Key) -> tuple[str, str, str, str]:
    """Return a key as its columns."""
    return (TEXT[key.kind], *key[1:])


def own_name(key: Key) -> str:
    """Return the name that an object has by its key (see core.refs), if any: it is written nowhere else."""
    word = _NAMED.get(key.kind)
    return f"{word}:{key.id}" if word else ""


def named(ref: str) -> tuple[str, str, str]:
    """Return a name, and the kind and the id of the object whose own it is, if any: the parameters ``$NAMED``."""
    word, _, id_ = ref.partition(":")
    return ref, _NAMERS.get(word, ""), id_


def numbered(hub_id: str, no: int) -> str:
    """Return a fresh hub id that says the number of its object: forty of its bits that chance would fill."""
    return f"{hub_id[:_CHANCE]}{no:010x}"


def number_in(hub_id: str) -> int:
    """Return the number that a hub id says; 0 when it says none."""
    try:
        return int(hub_id[_CHANCE:], 16) if len(hub_id) == _LENGTH else 0
    except ValueError:
        return 0


def stored(row: Row) -> Stored:
    """Return the object of a row with the columns ``PICTURE``."""
    no, kind, owner, id_, sub, hub_id, state = row
    return held(Key(_KINDS[kind], owner, id_, sub), no, hub_id, state)


def held(key: Key, no: int, hub_id: str, state: bytes) -> Stored:
    """Return the object of a row whose key is known: four columns less to read, and a key less to make."""
    (version, judged_at, updated, receiver, agreement, origin, subject, contract, withdrawn, due, wire, body) = _STATE[
        key.kind
    ](state)
    return Stored(
        no=no,
        key=key,
        hub_id=hub_id,
        version=version,
        body=body,
        wire=None if wire is None else Wire(*wire),
        judged_at=judged_at,
        updated=updated,
        receiver=None if receiver is None else party(receiver),
        agreement=agreement,
        origin=origin,
        subject=subject,
        contract=contract,
        withdrawn=withdrawn,
        due=due,
    )


def picture_row(row: Stored, nothing: int | None = None, bodies: Bodies = _APART) -> tuple[Any, ...]:
    """Return an object as the columns ``PICTURE_WRITTEN``; ``nothing`` stands there for what is empty."""
    kind, owner, id_, sub = row.key
    no, state, updated = state_row(row, bodies)
    return (no, TEXT[kind], owner, id_, sub, row.hub_id, state, updated, _text(row.receiver) or nothing,
            bytearray(row.subject) or nothing, bytearray(row.contract) or nothing,
            row.withdrawn if nothing is None else int(row.withdrawn),
            nothing if row.due is None else micros(row.due))  # fmt: skip


def state_row(row: Stored, bodies: Bodies = _APART) -> tuple[int, bytearray, int]:
    """Return what changes in an object whose indexed columns stay, after its number."""
    receiver, wire, body = row.receiver, row.wire, row.body
    said = bodies.get(id(body), body) if bodies else body
    state = bytearray(_ROOM)
    _encode_into(
        (row.version, row.judged_at, row.updated, None if receiver is None else _written(receiver), row.agreement,
         row.origin, row.subject, row.contract, row.withdrawn, row.due,
         None if wire is None else (wire.room, wire.version, wire.data), said),
        state,
    )  # fmt: skip
    return row.no, state, micros(row.updated)


def entry(row: Row) -> Entry:
    """Return the entry of a row with the columns ``JOURNAL``."""
    seq, at, lane, kind, no, correlation, state = row
    (act, owner, id_, sub, hub_id, origin, receiver, agreement, created, fields, subject, contract, removed, wire,
     body) = _LINE[kind](state)  # fmt: skip
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
        created=created,
        fields=fields,
        body=body,
        wire=None if wire is None else Wire(*wire),
        subject=subject,
        contract=contract,
        removed=tuple(one for one in removed if _NUL not in one) if removed else removed,
        moved=tuple(map(_moved, (one for one in removed if _NUL in one))) if removed else (),
    )


def journal_row(
    line: Entry, *, held: bool = False, bodies: Bodies | None = None, growing: Growing | None = None
) -> tuple[Any, ...]:
    """Return an entry as the columns ``JOURNAL``; what is ``held`` by its row for ever is not written twice.

    What it says of its object goes to ``bodies``, since its row mostly says the same. ``growing`` knows what was said
    of sessions before; it goes with ``bodies``.
    """
    kind, owner, id_, sub = line.key
    receiver = line.receiver
    said: Body | Raw | None
    wire, said = (None, None) if held else (line.wire, line.body)
    raw = None
    if said is not None and bodies is not None:
        bodies[id(said)] = said = raw = Raw(encode(said))
    kept = None if wire is None else (wire.room, wire.version, wire.data)
    if kind is _SESSION and growing is not None:
        kept, said = growing.shortened(line.no, line.seq, kept, raw)
    state = bytearray(_ROOM)
    _encode_into(
        (TEXT[line.act], owner, id_, sub, line.hub_id, line.origin, None if receiver is None else _written(receiver),
         line.agreement, line.created, line.fields, line.subject, line.contract,
         line.removed if not line.moved else _regrouped(line), kept, said),
        state,
    )  # fmt: skip
    return line.seq, micros(line.at), TEXT[line.lane], TEXT[kind], line.no, line.correlation, state


def is_held(line: Entry) -> bool:
    """Whether what an entry said is to be found in its object's row: a CDR never changes."""
    return line.key.kind is _CDR and line.body is None and line.act is _FACT


def completed(line: Entry, row: Stored) -> Entry:
    """Return such an entry with what it said."""
    return replace(line, body=row.body, wire=row.wire)


def _regrouped(line: Entry) -> tuple[str, ...]:
    """Return what a journal line says of EVSEs; no uid holds the sign that parts one from what it was before."""
    return (*line.removed, *(_NUL.join(("", "", one.uid, one.evse_id or "", *one.groups)) for one in line.moved))


def _moved(text: str) -> Moved:
    """Read what an EVSE was before; of old, its groups alone were written."""
    first, *rest = text.split(_NUL)[1:]
    if first:
        return Moved(first, tuple(rest))
    uid, evse_id, *groups = rest
    return Moved(uid, tuple(groups), evse_id or None)


def _text(party: Party | None) -> str | None:
    return None if party is None else _written(party)


_written: Callable[[Party], str] = lru_cache(maxsize=4096)(str)


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


def size(row: Stored) -> int:
    """Return about how many bytes an object takes in memory."""
    return 2000 if row.wire is None else 2000 + len(row.wire.data)


def is_indexed_alike(before: Stored, row: Stored) -> bool:
    """Whether nothing changed that an index knows, but for the time."""
    return (
        before.due == row.due
        and before.withdrawn is row.withdrawn
        and before.receiver == row.receiver
        and before.subject == row.subject
        and before.contract == row.contract
    )
