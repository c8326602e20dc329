"""Which handler answers which path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from interroam.net.http import Handler, Refusal, Request, Response, plain_refusal

if TYPE_CHECKING:
    from collections.abc import Iterable


class Door(msgspec.Struct, frozen=True):
    """A path prefix and who answers behind it."""

    prefix: str
    """``/ocpi`` is the door of ``/ocpi`` and ``/ocpi/…``, not of ``/ocpis``; ``/`` of everything else."""
    handler: Handler
    refusal: Refusal = plain_refusal
    """How this room answers by itself for the handler: 413, 500 and the like."""
    body_bytes: int | None = None
    """The largest body, where the listener's own limit does not fit."""


def _nobody(_request: Request) -> Response:
    return plain_refusal(404, "nothing answers at this path")


Barred = Callable[[Request], bool]


TurnedAway = Callable[[int, str, str, "Request | None"], None]
"""Status and words of a refusal, the caller's address, and its request as far as it was read."""


def _everybody_may(_request: Request) -> bool:
    return False


def _nobody_listens(_status: int, _message: str, _client: str, _request: Request | None) -> None:
    pass


NOBODY = Door("", _nobody)


class Doorway:
    """All doors of a listener; the longest prefix that fits wins."""

    def __init__(self, doors: Iterable[Door] = (), refusal: Refusal = plain_refusal) -> None:
        self.refusal = refusal
        """How to refuse before a door is known: 400, 408, 431, 503."""
        self.barred: Barred = _everybody_may
        """Asked of every request that shows a certificate: whether it was revoked."""
        self.turned_away: TurnedAway = _nobody_listens
        """Told of what never came as far as a door: too long, too slow, or no HTTP."""
        self._doors: list[tuple[str, str, Door]] = []
        self._near: dict[str, list[tuple[str, str, Door]]] = {}
        """The same by the first part of their paths; the door of everything is among all of them."""
        self._elsewhere: list[tuple[str, str, Door]] = []
        for door in doors:
            self.add(door)

    def add(self, door: Door) -> None:
        """Open one more door."""
        bare = door.prefix.rstrip("/")
        if bare and not bare.startswith("/"):
            raise ValueError(f"the path of a door starts with a slash: {door.prefix!r}")
        if any(bare == known for _, known, _ in self._doors):
            raise ValueError(f"two doors at {door.prefix!r}")
        # Doors are looked for by the first part of a path: one that has no other fits then.
        self._doors.append(("" if bare.count("/") == 1 else bare + "/", bare, door))
        self._doors.sort(key=lambda row: -len(row[1]))
        parts = {_first(known) for _, known, _ in self._doors}
        self._near = {part: [row for row in self._doors if _first(row[1]) in (part, "")] for part in parts}
        self._elsewhere = self._near.get("", [])

    def at(self, path: str) -> Door:
        """Find the door of a decoded path."""
        for slashed, bare, door in self._near.get(path[1:].partition("/")[0], self._elsewhere):
            if not slashed or path.startswith(slashed) or path == bare:
                return door
        return NOBODY


def _first(path: str) -> str:
    return path[1:].partition("/")[0]
