"""The two ways through the bridge: read, convert, write."""

from __future__ import annotations

from typing import Any

import msgspec

from interroam.protocols.ocpi.wire import read

from .context import Down, Up
from .hows import finished
from .shapes import partial
from .table import Lifted, Lowered, Table, Work, convert, decode, encode

_SAYS_NOTHING = frozenset({"last_updated", "id", "uid"})


def lifted(table: Table, shape: type[msgspec.Struct], raw: bytes, context: Up, trail: tuple[str, ...] = ()) -> Lifted:
    """Lift a whole object; raises ``Malformed`` or ``NotJson`` with the sender's own field names."""
    _, findings = read(shape, raw)
    return _lift(table, raw, Work(context, trail), findings)


def lifted_patch(
    table: Table, shape: type[msgspec.Struct], raw: bytes, context: Up, trail: tuple[str, ...] = ()
) -> Lifted:
    """Lift some fields of an object; a PATCH of 2.1.1 need not say when it was written."""
    _, findings = read(partial(shape), raw)
    return _lift(table, raw, Work(context, trail, partial=True), findings)


def _lift(table: Table, raw: bytes, work: Work[Up], findings: tuple[Any, ...]) -> Lifted:
    made = convert(table, decode(raw), work)
    return Lifted(encode(made), tuple(work.losses), (*findings, *work.findings))


def lowered(table: Table, raw: bytes, context: Down, trail: tuple[str, ...] = ()) -> Lowered:
    """Lower a whole object."""
    work = Work(context, trail)
    made = convert(table, decode(raw), work)
    data = finished(made, work) if made is not None else None
    return Lowered(data, tuple(work.losses))


def lowered_patch(table: Table, raw: bytes, context: Down, trail: tuple[str, ...] = ()) -> Lowered:
    """Lower some fields of an object; None when nothing of it can be said in 2.1.1."""
    work = Work(context, trail, partial=True)
    made = convert(table, decode(raw), work)
    if made is None or set(made) <= _SAYS_NOTHING:
        return Lowered(None, tuple(work.losses))
    data = finished(made, work)
    return Lowered(data, tuple(work.losses))
