"""Pages without dates: the creation numbers of what is listed, in memory, in order.

One compact array per owner and receiver, merged once for every set of owners that somebody looks at and kept up to
date from then on. So a page costs the same at a thousand and at a million objects, and the last as much as the first.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from interroam.model.facts import Stored
from interroam.model.traits import NONE, Trait

MOST_VIEWS = 256

View = tuple[frozenset[str] | None, str | None, frozenset[Trait]]
"""Owners (none: all) and receiver (none: any), as in the columns; and the traits that are hidden."""
Place = tuple[str, str | None]


def place(row: Stored | None) -> Place | None:
    """Return where a row is listed: under its owner and receiver; withdrawn ones nowhere."""
    if row is None or row.withdrawn:
        return None
    return row.key.owner, None if row.receiver is None else str(row.receiver)


class Listing:
    """The numbers of one kind."""

    def __init__(self, rows: Iterable[tuple[int, Place]]) -> None:
        found: defaultdict[Place, list[int]] = defaultdict(list)
        for no, where in rows:
            found[where].append(no)
        self._places = {where: array("q", sorted(numbers)) for where, numbers in found.items()}
        self._views: dict[View, array[int]] = {}
        self._traits: dict[int, frozenset[Trait]] = {}
        self.knows_traits = False
        """Whether the traits of all that is listed were read: then no view is without those it hides."""

    def view(self, view: View) -> array[int]:
        """Return the numbers of a view; they change as rows do."""
        numbers = self._views.get(view)
        if numbers is None:
            matching = [own for where, own in self._places.items() if _shows(view, where)]
            numbers = array("q", sorted(chain.from_iterable(matching)))
            if hidden := view[2]:
                numbers = array("q", (no for no in numbers if hidden.isdisjoint(self._traits.get(no, NONE))))
            if len(self._views) >= MOST_VIEWS:
                del self._views[next(iter(self._views))]
            self._views[view] = numbers
        return numbers

    def bearing(self, hidden: frozenset[Trait]) -> list[int]:
        """Return the numbers of what has any of these traits."""
        return [no for no, traits in self._traits.items() if not hidden.isdisjoint(traits)]

    def mark(self, no: int, traits: frozenset[Trait]) -> None:
        """Take over the traits of an object; views that hide them come later, or are told by a move."""
        if traits:
            self._traits[no] = traits
        elif no in self._traits:
            del self._traits[no]

    def move(self, no: int, old: Place | None, new: Place | None, traits: frozenset[Trait]) -> None:
        """List a number at another place than before, or with other traits; harmless when it is so already."""
        self.mark(no, traits)
        if old is not None and old in self._places:
            _discard(self._places[old], no)
        if new is not None:
            _add(self._places.setdefault(new, array("q")), no)
        for view, numbers in self._views.items():
            if new is not None and _shows(view, new) and view[2].isdisjoint(traits):
                _add(numbers, no)
            elif old is not None and _shows(view, old):
                _discard(numbers, no)


def among(shown: Sequence[int], numbers: Iterable[int]) -> Iterator[int]:
    """Return those of the numbers that are shown."""
    end = len(shown)
    for no in numbers:
        at = bisect_left(shown, no)
        if at < end and shown[at] == no:
            yield no


def _shows(view: View, where: Place) -> bool:
    owners, receiver, _ = view
    return (owners is None or where[0] in owners) and (receiver is None or where[1] == receiver)


def _add(numbers: array[int], no: int) -> None:
    if not numbers or numbers[-1] < no:
        numbers.append(no)
        return
    at = bisect_left(numbers, no)
    if at == len(numbers) or numbers[at] != no:
        numbers.insert(at, no)


def _discard(numbers: array[int], no: int) -> None:
    at = bisect_left(numbers, no)
    if at < len(numbers) and numbers[at] == no:
        del numbers[at]
