"""``interroam import``: state what stands in a file, for a back office."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec import Raw
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from interroam.cli.reach import Reach, part
from interroam.cli.tables import error, progress, say, table

_LISTS = {
    "tariffs": "tariff",
    "locations": "location",
    "evses": "evse",
    "statuses": "status",
    "tokens": "token",
    "sessions": "session",
    "cdrs": "cdr",
}
_PIECE, _PIECE_BYTES = 256, 1 << 20
"""So much is stated at once: the bar moves, and a file may be larger than what a node takes in one request."""

Partner = Annotated[str, typer.Argument(help="The back office that states it: a partner of protocol plain.")]
File = Annotated[Path, typer.Argument(help="JSON or JSON lines; - reads what is piped in.", allow_dash=True)]
KindOf = Annotated[str, typer.Option("--kind", help=f"What the objects are: {', '.join(_LISTS.values())}.")]


class _Object(msgspec.Struct, frozen=True):
    """An object of the file: where it stands there, and its line for the node."""

    where: str
    line: bytes


def import_(node: Reach, partner: Partner, file: File, kind: KindOf = "") -> None:
    """State locations, tariffs, tokens, CDRs and other objects from a file; say of each that is refused why.

    The file holds lists by name ({"tariffs": [...], "locations": [...]}), lines {"kind": ..., "object": ...}, or with
    --kind the objects alone, as a list of the API has them. What was stated before is harmless to state again.
    """
    if kind and kind not in _LISTS.values():
        _end(f"{kind} is no kind of object", f"one of {', '.join(_LISTS.values())}")
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as no:
        _end(f"{file}: {no.strerror}")
    try:
        objects = list(_objects(raw, kind))
    except ValueError as wrong:
        _end(f"{file}: {wrong}", "interroam import --help")
    if not objects:
        _end(f"{file} holds no object")
    answer = _stated(node, partner, objects)
    node.show(answer, _shown)
    if "refused" in answer["counts"]:
        raise typer.Exit(1)


def _end(message: str, remedy: str = "") -> None:
    error(message, remedy)
    raise typer.Exit(2)


# -- the file ----------------------------------------------------------------------------------------------------------


def _objects(raw: bytes, kind: str) -> Iterator[_Object]:
    try:
        whole = msgspec.json.decode(raw, type=list[Raw] | dict[str, Raw])
    except msgspec.ValidationError:
        raise ValueError("neither a list nor an object") from None
    except (msgspec.DecodeError, RecursionError):  # not one JSON value: a line each, which the node judges one by one
        lines = ((number, line.strip()) for number, line in enumerate(raw.splitlines(), 1))
        yield from (_Object(f"line {number}", _line(line, kind)) for number, line in lines if line)
        return
    if isinstance(whole, list):
        yield from _listed("object", whole, kind)
    elif kind and "items" in whole:  # what a list of the API answered
        yield from _listed("object", _list_of(whole["items"], "items"), kind)
    elif kind or {"kind", "object"} <= whole.keys():
        yield _Object("object 1", _line(raw, kind))
    else:
        yield from _named(whole)


def _named(whole: dict[str, Raw]) -> Iterator[_Object]:
    for name, listed in whole.items():
        if name not in _LISTS:
            raise ValueError(f"{name!r} is none of {', '.join(_LISTS)}; of what kind the objects are, --kind says")
        yield from _listed(_LISTS[name], _list_of(listed, name), _LISTS[name])


def _list_of(raw: Raw, name: str) -> list[Raw]:
    try:
        return msgspec.json.decode(raw, type=list[Raw])
    except msgspec.DecodeError:
        raise ValueError(f"{name} is no list") from None


def _listed(what: str, listed: Iterable[Raw], kind: str) -> Iterator[_Object]:
    for number, one in enumerate(listed, 1):
        yield _Object(f"{what} {number}", _line(msgspec.json.format(bytes(one), indent=-1), kind))


def _line(one: bytes, kind: str) -> bytes:
    return b'{"kind":"%b","object":%b}' % (kind.encode(), one) if kind else one


# -- the node ----------------------------------------------------------------------------------------------------------


def _stated(node: Reach, partner: str, objects: list[_Object]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    lines: list[dict[str, Any]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("objects"))
    with progress(*columns) as bars:
        bar = bars.add_task(partner, total=len(objects))
        for piece in _pieces(objects):
            body = b"\n".join(one.line for one in piece)
            answer = node.call("POST", f"/partners/{part(partner)}/import", body)
            counts.update(answer["counts"])
            lines += [_placed(one, piece, len(lines)) for one in answer["lines"]]
            bars.advance(bar, len(piece))
    return {"counts": dict(sorted(counts.items())), "lines": lines}


def _placed(judged: dict[str, Any], piece: list[_Object], before: int) -> dict[str, Any]:
    line: int = judged["line"]
    return {"at": piece[line - 1].where, **judged, "line": before + line}


def _pieces(objects: list[_Object]) -> Iterator[list[_Object]]:
    piece: list[_Object] = []
    size = 0
    for one in objects:
        if piece and (len(piece) == _PIECE or size + len(one.line) > _PIECE_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(one)
        size += len(one.line)
    yield piece


def _shown(answer: dict[str, Any]) -> None:
    refused = [(one["at"], one["error"]) for one in answer["lines"] if "error" in one]
    if refused:
        rows = [(at, no["field"], no["message"], no["remedy"]) for at, no in refused]
        table(("refused", "field", "why", "what would make it pass"), rows)
    noticed: dict[tuple[str, str], list[str]] = {}
    for one in answer["lines"]:
        for finding in one.get("findings", ()):
            noticed.setdefault((finding["field"], finding["message"]), []).append(one["at"])
    if noticed:
        rows = [(places[0], len(places), *finding) for finding, places in noticed.items()]
        table(("noticed first at", "times", "field", "what"), rows)
    say(", ".join(f"{count} {verdict}" for verdict, count in answer["counts"].items()))
