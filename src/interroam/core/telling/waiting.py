"""Messages that a room acknowledged and cannot tell yet: kept durably until what they wait for comes."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace

from interroam.core.keys import masked


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A message that waits: from whom, about which object, since when, why, and what would make it pass."""

    id: str
    partner: str
    object: str
    since: datetime
    why: str
    passes: str
    contract: str = ""

    def veiled(self) -> Waiting:
        """Return this for somebody who may not read what messages say of drivers."""
        if not self.contract:
            return self
        shown = masked(self.contract)
        why, passes = (text.replace(self.contract, shown) for text in (self.why, self.passes))
        return replace(self, contract=shown, why=why, passes=passes)


class Keeper(Protocol):
    """What keeps such messages; a room names its own to the hub."""

    async def waiting(self) -> list[Waiting]:
        """Return what waits, the oldest first."""
        ...

    async def again(self, id: str) -> bool:
        """Try to tell a message now; false when it has to go on waiting, and then its reason is the newest one."""
        ...

    async def drop(self, id: str) -> None:
        """Give a message up: it will never be told."""
        ...
