"""What the store needs to know of a driver who is to be forgotten."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeVar

from interroam.model.facts import Entry, Exchange, Stored

Row = TypeVar("Row", bound=Stored | Entry)


class Forgetting(Protocol):
    """What takes a driver out of whatever is stored (see ``core.rules.erasing``)."""

    @property
    def subjects(self) -> Collection[bytes]:
        """The keyed hashes of all the driver's names."""
        ...

    def rewrite(self, row: Row) -> Row:
        """Return a row of the picture, or an entry of the journal, without the driver."""
        ...

    def mentions(self, data: bytes) -> bool:
        """Whether a name of the driver may stand in these bytes."""
        ...

    def document(self, body: bytes) -> bytes:
        """Return a document without the driver's names."""
        ...

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return a trace without the driver."""
        ...
