"""What a link or a room may be able to do beside its duties, and how it wishes to be used: the core asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from interroam.core.ports import Pulled
from interroam.model.facts import Fact
from interroam.model.ids import Key, Kind, Party, PartyId
from interroam.model.parties import Partner, Standing
from interroam.model.questions import Live


class Asking(StrEnum):
    """When a provider is asked about a token of its own, and when what it stated before decides."""

    SYNC_ONLY = "sync_only"  # always asked; no answer is no permission
    SYNC_FIRST = "sync_first"  # asked; what it stated decides where no answer can be had
    ASYNC_ONLY = "async_only"  # never asked
    ASYNC_FIRST = "async_first"  # asked about those only of which it has stated nothing that still holds


@runtime_checkable
class Reachable(Protocol):
    """A link that can be tried without saying anything."""

    async def probe(self) -> None:
        """Pass when the partner is there; Refused or Unavailable when it is not."""
        ...


@runtime_checkable
class Inclined(Protocol):
    """A link to a partner whose providers are asked in a way of their own."""

    def asking(self, provider: PartyId) -> Asking:
        """When a provider behind it is asked."""
        ...


@runtime_checkable
class Discreet(Protocol):
    """A link that says whether its providers are asked about tokens that nobody stated."""

    @property
    def accepts_unknown(self) -> bool:
        """Whether they are asked when the hub asks around."""
        ...


@runtime_checkable
class Careful(Protocol):
    """A link that says how questions get past a partner that is not there."""

    @property
    def skips_offline(self) -> bool:
        """Whether nothing is asked of a party while all its partners are offline."""
        ...

    @property
    def tries_next(self) -> bool:
        """Whether a question that nothing came of goes to the next partner of the party."""
        ...


@runtime_checkable
class Attentive(Protocol):
    """A link to a partner that follows charges live."""

    def takes(self, live: Live) -> bool:
        """Whether an act or a report can be put to it as it is; else the core says it by command or by fact."""
        ...


@runtime_checkable
class Source(Protocol):
    """A link by which a partner's objects can be fetched."""

    def shows(self, kind: Kind) -> bool:
        """Whether the partner has a list of this kind."""
        ...

    def pull(
        self, kind: Kind, since: datetime | None, *, asker: PartyId, owner: Party, correlation: str
    ) -> AsyncIterator[Pulled]:
        """Fetch all objects of a kind, or those changed since then, page by page; Refused or Unavailable."""
        ...

    async def fetch(
        self, key: Key, name: str, since: datetime, *, asker: PartyId, owner: Party, correlation: str
    ) -> Fact | None:
        """Fetch one object, of which we know a part that changed then; ``name`` is its id as its owner spells it."""
        ...


@runtime_checkable
class Announcer(Protocol):
    """A link to a partner that is told how others stand."""

    async def announce(self, standing: Standing) -> bool:
        """Tell the partner how a party stands; false when it takes no such news. Refused or Unavailable."""
        ...


@runtime_checkable
class Certified(Protocol):
    """A room whose partners are recognized by the common name of a certificate."""

    def completed(self, partner: Partner) -> Partner:
        """Return a new partner with what it is to be called, where nobody said so."""
        ...

    def certificate_id(self, partner: Partner) -> str:
        """Return the common name of the certificate that a partner is to show."""
        ...
