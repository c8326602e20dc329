"""Which parts of the picture a courier sends, and from what they follow. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from interroam.core.ports import Cursor, Seed
from interroam.model.ids import Kind


def succeeding(seed: Seed, cursor: Cursor) -> Seed:
    """Return a seed that knows what the receiver saw of this part before, when it saw some of it."""
    before = [one for one in cursor.covered if one == seed.part or one.startswith(f"{seed.part}:")]
    if not before:
        return seed
    former = [one.removeprefix(seed.part).removeprefix(":") for one in before]
    former += [one.former for one in cursor.seeds if one.part == seed.part and one.former is not None]
    names = {name for one in former for name in one.split("+")}
    return replace(seed, former="" if "" in names else "+".join(sorted(names)))


def covering(cursor: Cursor, wanted: Sequence[Seed]) -> Cursor:
    """Return a cursor that covers these parts: what the receiver has not had of them is sent, of others nothing."""
    had = set(cursor.covered)
    missing = tuple(succeeding(seed, cursor) for seed in wanted if str(seed) not in had)
    covered = tuple(sorted(str(seed) for seed in wanted))
    if not missing and covered == cursor.covered:
        return cursor
    kept = tuple(one for one in cursor.seeds if str(one) in covered)
    return replace(cursor, covered=covered, seeds=(*kept, *missing))


def once_more(covered: Iterable[str], kind: Kind | None, request: str) -> tuple[Seed, ...]:
    """Return the parts that a receiver had, or those of one kind, to be sent again."""
    parts = (one.split(":", 2) for one in covered)
    return tuple(
        Seed(owner, Kind(of), scope="".join(scope), again=request)
        for owner, of, *scope in parts
        if kind in (None, Kind(of))
    )
