"""What a session adds: it is told whole each time while a list in it grows, and its line says what is new.

A line that says much is written as pieces of what was said of its object before, and what stands between them. So it
hangs on earlier lines, back to one that is whole; those after that one may take as much room as what is said by now,
then the next is whole again. The lines of a charge grow with it, not with its square, and one is read from few.
All is bytes here, whatever room wrote them: of a list that shrank or was written anew there are few pieces, and the
line is whole. What was said before is known by memory alone, so that after a restart a whole line begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Raw

from interroam.model.facts import Entry

Row = Sequence[Any]
WireState = tuple[str, str, bytes] | None
Pieces = list[int | bytes]
"""Where a piece begins, how long it is, what follows it; and so on."""

MUCH = 2048
"""Bytes of what a line says, below which it is not worth the while: statuses of a charge, and short charges."""
MOST = 32 * 2**20
"""Bytes of what was said that are remembered."""
_REST = 256
"""About what a line takes besides."""
_SAMPLE, _SKIP, _WINDOW = 24, 8, 128
_MOST_PIECES, _PATIENCE = 48, 16
_NO_ROOM = ""
"""Whose wire form it is what a line says that is not whole: every room has a name."""
_NOTHING = Raw(msgspec.msgpack.encode(None))


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What was said last: since which line, in which, how much room the lines after the first one took."""

    since: int
    seq: int
    spent: int
    body: bytes
    wire: bytes

    @property
    def size(self) -> int:
        """About how many bytes this takes."""
        return len(self.body) + len(self.wire)


class _Addition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a line says, as pieces of what the line ``after`` said; all these hang on the line ``since``."""

    since: int
    after: int
    room: str
    version: str
    body: Pieces | None
    wire: Pieces | None


_encode = msgspec.msgpack.Encoder().encode
_read_addition = msgspec.msgpack.Decoder(_Addition).decode
_tuple: Any = tuple  # of types that are known while the program runs
_read_line = msgspec.msgpack.Decoder(_tuple[(Any,) * 13 + (WireState, Raw)]).decode
"""A line of the journal (see ``rows``), its body as it stands."""


class Growing:
    """What was said last of objects, as far as memory holds it; a group's own lines count once it is committed."""

    def __init__(self, most: int = MOST) -> None:
        self._half = most // 2
        self._bytes = 0
        self._young: dict[int, _Said] = {}
        self._old: dict[int, _Said] = {}
        self._fresh: dict[int, _Said] = {}

    def begin(self) -> None:
        """Begin a group; what became of one that was not committed is forgotten."""
        self._fresh.clear()

    def settle(self) -> None:
        """Take over what a group said, which is committed now."""
        for no, said in self._fresh.items():
            before = self._young.get(no)
            self._bytes += said.size if before is None else said.size - before.size
            self._young[no] = said
        self._fresh.clear()
        if self._bytes > self._half:
            self._old, self._young, self._bytes = self._young, {}, 0

    def clear(self) -> None:
        """Forget all of it: from here on, lines hang on none that is there already."""
        self._young, self._old, self._bytes = {}, {}, 0

    def shortened(self, no: int, seq: int, wire: WireState, body: Raw | None) -> tuple[WireState, Raw | None]:
        """Return what a line of an object says, as it is to be written: as it stands, or what is new of it."""
        said, data = b"" if body is None else bytes(body), b"" if wire is None else wire[2]
        if len(said) + len(data) < MUCH:
            return wire, body
        last = self._fresh.get(no) or self._young.get(no) or self._old.get(no)
        if last is not None:
            room, version = ("", "") if wire is None else wire[:2]
            text = _encode(
                _Addition(
                    last.since,
                    last.seq,
                    room,
                    version,
                    None if body is None else pieces(last.body, said),
                    None if wire is None else pieces(last.wire, data),
                )
            )
            held = last.body if body is None else said, last.wire if wire is None else data
            now = _Said(last.since, seq, last.spent + len(text) + _REST, *held)
            if now.spent <= now.size:
                self._fresh[no] = now
                return (_NO_ROOM, "", text), None
        self._fresh[no] = _Said(seq, seq, 0, said, data)
        return wire, body


def is_short(line: Entry) -> bool:
    """Whether a line says only what is new."""
    return line.wire is not None and line.wire.room == _NO_ROOM


def first_of(lines: Iterable[Entry]) -> int:
    """Return the first line that any of these, which are short, hangs on."""
    return min(_read_addition(line.wire.data).since for line in lines if line.wire is not None)


def whole(lines: Iterable[Row], wanted: Collection[int]) -> dict[int, Row]:
    """Return the wanted ones of an object's lines as they were told; those whose beginning is gone are left out."""
    known: dict[int, tuple[int, bytes, bytes]] = {}
    found: dict[int, Row] = {}
    for line in sorted(lines, key=itemgetter(0)):
        seq, state = line[0], line[-1]
        *rest, wire, body = _read_line(state)
        if wire is None or wire[0] != _NO_ROOM:
            known[seq] = seq, bytes(body), b"" if wire is None else wire[2]
            continue
        new = _read_addition(wire[2])
        after, said, data = known.get(new.since, (0, b"", b""))
        if after != new.after:
            continue
        if new.body is not None:
            said = together(said, new.body)
        if new.wire is not None:
            data = together(data, new.wire)
        known[new.since] = seq, said, data
        if seq in wanted:
            wire = None if new.wire is None else (new.room, new.version, data)
            found[seq] = (*line[:-1], _encode((*rest, wire, _NOTHING if new.body is None else Raw(said))))
    return found


def pieces(old: bytes, new: bytes) -> Pieces:
    """Return what is new as pieces of the old and what stands between them; few, however much differs."""
    found: Pieces = []
    at_old = at_new = 0
    last, patience = len(old) - _SAMPLE, _PATIENCE * len(new)
    while True:
        length = _alike(old, at_old, new, at_new)
        found += (at_old, length)
        # Where does the old go on in the new? A little further, since what differs is mostly a number or a time.
        at_old, at_new, met = at_old + length + _SKIP, at_new + length, -1
        while patience > 0 and at_old <= last and (met := new.find(old[at_old : at_old + _SAMPLE], at_new)) < 0:
            at_old += _SAMPLE
            patience -= len(new) - at_new
        if met < 0 or len(found) > _MOST_PIECES:
            found.append(new[at_new:])
            return found
        found.append(new[at_new:met])
        at_new = met


def together(old: bytes, pieces: Pieces) -> bytes:
    """Return what was new once, from the old and its pieces."""
    steps: Any = iter(pieces)
    return b"".join([old[at : at + length] + then for at, length, then in zip(steps, steps, steps, strict=True)])


def _alike(old: bytes, at_old: int, new: bytes, at_new: int) -> int:
    """Return how far both go on alike: in steps that grow while they are, and shrink from the first difference on."""
    most = min(len(old) - at_old, len(new) - at_new)
    done, step, alike = 0, _WINDOW, True
    while done < most:
        end = min(done + step, most)
        one, other = old[at_old + done : at_old + end], new[at_new + done : at_new + end]
        if one == other:
            done = end
            if alike:
                step *= 4
        elif step > _WINDOW:
            alike, step = False, step // 4
        else:
            differs = int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
            return end - (differs.bit_length() + 7) // 8
    return done
