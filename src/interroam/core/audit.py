"""Who may do what to the node, and the record of what was done: every change by a person leaves a line here."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from interroam.core.ports import Clock, Ids, Store
from interroam.model.errors import Reason, Refused

AUDIT = "audit"


class Rank(StrEnum):
    """What a person may do: look, work with deliveries, or change who is who; each includes the one before."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: Rank) -> bool:
        """Whether this rank includes the needed one."""
        return _ORDER[self] >= _ORDER[needed]


_ORDER = {Rank.VIEWER: 0, Rank.OPERATOR: 1, Rank.ADMIN: 2}


class Actor(msgspec.Struct, frozen=True):
    """Somebody at work: ``bodies`` is the separate right to read what messages said of drivers (OCPI-12)."""

    name: str
    rank: Rank = Rank.VIEWER
    bodies: bool = False

    def needs(self, rank: Rank) -> None:
        """Pass when the rank suffices, else Refused(FORBIDDEN)."""
        if not self.rank.covers(rank):
            raise Refused(
                Reason.FORBIDDEN,
                f"{self.name} is {self.rank.value}; this needs {rank.value}",
                remedy=f"ask an administrator: interroam user add {self.name} --role {rank.value}",
            )


LOCAL = Actor("local", Rank.ADMIN, bodies=True)
"""Whoever may open the node's socket file."""


class Audited(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: who did what to which object, when, and with which particulars."""

    id: str
    at: datetime
    actor: str
    action: str
    object: str = ""
    detail: dict[str, str] = {}


class Audit:
    """Writes and reads the lines."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def write(self, actor: Actor, action: str, object: str = "", **detail: object) -> None:
        """Add a line; particulars hold no secrets."""
        said = {name: str(value) for name, value in detail.items() if value not in (None, "", (), frozenset())}
        line = Audited(self._ids.new(), self._clock.now(), actor.name, action, object, said)
        await self._store.save(AUDIT, line.id, msgspec.msgpack.encode(line))

    async def lines(self, limit: int = 200) -> list[Audited]:
        """Return the newest lines, oldest first."""
        rows = await self._store.all(AUDIT)  # ids are UUIDv7: in order of time
        return [msgspec.msgpack.decode(body, type=Audited) for _, body in rows[-limit:]]
