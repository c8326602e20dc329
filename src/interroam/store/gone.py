"""Locations of which nothing is left, since all their EVSEs are gone.

OCPI deletes no places (OCPI-91): what is gone stays in the picture, and lists of what there is leave it out. Which
locations these are is read once, when somebody first asks for such a list, and kept up to date from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from interroam.model.facts import Stored
from interroam.model.ids import Key, Kind
from interroam.model.places import Evse

_AT_ONCE = 500


class Gone:
    """The numbers of such locations; ``unsure`` holds those that have to be looked at, or looked at again."""

    def __init__(self, sites: Iterable[Key]) -> None:
        self.unsure = dict.fromkeys(sites)
        self._numbers: dict[Key, int] = {}

    @property
    def numbers(self) -> Collection[int]:
        """The numbers of the locations, as far as they were looked at."""
        return self._numbers.values()

    def touch(self, row: Stored) -> None:
        """Note that an EVSE went, or came to a location that was gone."""
        key = row.key
        if key.kind is not Kind.EVSE:
            return
        gone = _is_gone(row)
        if gone or self._numbers:  # most statuses end here
            site = Key(Kind.LOCATION, key.owner, key.id)
            if gone or site in self._numbers:
                self.unsure[site] = None

    def some(self) -> list[Key]:
        """Take some of those that have to be looked at; what changes in them from here on puts them back."""
        taken = list(islice(self.unsure, _AT_ONCE))
        for site in taken:
            del self.unsure[site]
        return taken

    def look(self, site: Key, place: Stored | None, inside: Sequence[Stored]) -> None:
        """Take over how a location stands; one that never had an EVSE is not gone."""
        if place is not None and inside and all(map(_is_gone, inside)):
            self._numbers[site] = place.no
        else:
            self._numbers.pop(site, None)


def _is_gone(row: Stored) -> bool:
    body = row.body
    return row.withdrawn or (isinstance(body, Evse) and body.removed)
