"""What is asked of whoever renders objects: the views themselves, or the bridge that lowers what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from interroam.model.facts import Entry, Stored
from interroam.model.ids import Kind, Party
from interroam.model.traits import Trait
from interroam.protocols.ocpi.profiles import Switches

from .dress import View


class Looks(Protocol):
    """Renders stored objects and entries for receivers."""

    def hidden(self, kind: Kind) -> frozenset[Trait]:
        """Return what an object of a kind must not be to be listed."""
        ...

    def view(self, viewer: Party, owner: str, switches: Switches, *, removed: bool = True) -> View:
        """Return how this viewer looks at objects of an owner (as in a key)."""
        ...

    async def render(
        self, items: Sequence[Stored], viewer: Party, switches: Switches, *, removed: bool = True
    ) -> list[bytes]:
        """Return whole objects as this viewer sees them, in order; all of one kind."""
        ...

    async def one(self, stored: Stored, view: View, evses: Sequence[Stored] | None = None) -> bytes:
        """Return one whole object; a location with its EVSEs, those known here where none are given."""
        ...

    async def stated(self, entry: Entry, view: View) -> bytes | None:
        """Return a fact as its owner stated it; None when that cannot be shown."""
        ...

    async def patch(self, entry: Entry, stored: Stored, view: View) -> bytes | None:
        """Return a change as its owner stated it; None when the whole object has to be shown."""
        ...
