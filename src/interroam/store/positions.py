"""Positions put together without copying them: a page out of millions reads only itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from heapq import merge
from itertools import islice
from typing import overload


class Both(Sequence[int]):
    """Two ascending sequences of numbers, none of them in both, as one."""

    def __init__(self, one: Sequence[int], other: Sequence[int]) -> None:
        self._one = one
        self._other = other

    def __len__(self) -> int:
        return len(self._one) + len(self._other)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            return self._from(start, max(0, stop - start))
        if at < 0:
            at += len(self)
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._from(at, 1)[0]

    def _from(self, start: int, count: int) -> list[int]:
        mine = self._taken(start)
        theirs = start - mine
        pair = self._one[mine : mine + count], self._other[theirs : theirs + count]
        return list(islice(merge(*pair), count))

    def _taken(self, start: int) -> int:
        """Return how many of the first ``start`` numbers are of the one sequence."""
        one, other = self._one, self._other
        low, high = max(0, start - len(other)), min(start, len(one))
        while low < high:
            mine = (low + high) // 2
            if one[mine] < other[start - mine - 1]:
                low = mine + 1
            else:
                high = mine
        return low


class Without(Sequence[int]):
    """An ascending sequence of numbers without a few of them."""

    def __init__(self, numbers: Sequence[int], left_out: Collection[int]) -> None:
        found = ((bisect_left(numbers, no), no) for no in left_out)
        self._gaps = sorted(at for at, no in found if at < len(numbers) and numbers[at] == no)
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers) - len(self._gaps)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...
    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if isinstance(at, slice):
            start, stop, _ = at.indices(len(self))
            if start >= stop:
                return []
            first, last = self._place(start), self._place(stop - 1)
            if last - first == stop - 1 - start:  # nothing is left out between them
                return self._numbers[first : last + 1]
            return [self._numbers[self._place(one)] for one in range(start, stop)]
        if at < 0:
            at += len(self)
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._numbers[self._place(at)]

    def _place(self, at: int) -> int:
        """Return where a number lies when nothing is left out."""
        place = at
        while (later := at + bisect_right(self._gaps, place)) != place:
            place = later
        return place
