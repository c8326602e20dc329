"""What a courier has in hand: entries in groups, what may go next, and how far everything is settled. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from interroam.model.agreements import Policy
from interroam.model.charges import Cdr
from interroam.model.facts import Act, Entry
from interroam.model.ids import Kind, session_key

_LOCATION, _EVSE, _CDR, _LATEST = Kind.LOCATION, Kind.EVSE, Kind.CDR, Policy.LATEST
Group = tuple[str, ...]
_EVERYTHING: Group = ("",)


def group_of(entry: Entry) -> Group:
    """Return what an entry must keep order with: its location, its charge, its object."""
    key = entry.key
    if key.kind in (_LOCATION, _EVSE):
        return ("place", key.owner, key.id)
    if key.kind is _CDR and isinstance(entry.body, Cdr) and entry.body.session_id:
        key = session_key(entry.body.owner, entry.body.session_id)
    return tuple(key)


def overtakes(newer: Entry, older: Entry) -> bool:
    """Whether the newer entry says all that the older one does."""
    if newer.key != older.key or older.removed or older.moved or Act.WITHDRAWAL in (newer.act, older.act):
        return False  # what was left out of a location, or out of a selection, is said by that entry alone
    if newer.key.kind is _LOCATION and newer.act is Act.FACT and not newer.whole:  # told by what is new of it alone
        return not older.whole and older.fields <= newer.fields
    return newer.act is Act.FACT or (older.act is Act.CHANGE and older.fields <= newer.fields)


class Pending:
    """Entries of one courier, from taking to settling.

    ``together`` makes everything one group (``strict``). A group is *ready* when it has entries and none in flight.
    """

    def __init__(self, through: int, ahead: tuple[int, ...], *, together: bool) -> None:
        self.scanned = through
        self._through = through
        self._together = together
        self._settled = set(ahead)
        self._outstanding: dict[int, None] = {}
        self._groups: dict[Group, deque[Entry]] = {}
        self._ready: deque[Group] = deque()

    def __len__(self) -> int:
        return len(self._outstanding)

    @property
    def ready(self) -> int:
        """How many groups could go on now."""
        return len(self._ready)

    @property
    def position(self) -> tuple[int, tuple[int, ...]]:
        """The entry before the first gap, and the settled ones beyond it."""
        through = next(iter(self._outstanding)) - 1 if self._outstanding else self.scanned
        if through > self._through:
            self._through = through
            self._settled = {seq for seq in self._settled if seq > through}
        return self._through, tuple(sorted(self._settled))

    def take(self, entry: Entry, policy: Policy, *, anew: bool = False) -> None:
        """Queue an entry unless it is known already; ``anew`` is for one that was settled and is tried again."""
        seq = entry.seq
        if not anew:
            self.scanned = max(seq, self.scanned)
            if seq in self._settled or seq in self._outstanding or seq <= self._through:
                return
            self._outstanding[seq] = None
        group = _EVERYTHING if self._together else group_of(entry)
        queue = self._groups.get(group)
        if queue is None:
            self._groups[group] = deque((entry,))
            self._ready.append(group)
            return
        if policy is _LATEST:
            while queue and overtakes(entry, queue[-1]):
                self.settle(queue.pop().seq)
        queue.append(entry)

    def pop(self) -> tuple[Group, Entry] | None:
        """Return the next entry to deliver, and its group, which waits until released."""
        while self._ready:
            group = self._ready.popleft()
            queue = self._groups[group]
            if queue:
                return group, queue.popleft()
            del self._groups[group]
        return None

    def put_back(self, group: Group, entry: Entry) -> None:
        """Return an entry that could not be delivered to the front of its group, which stays held."""
        self._groups[group].appendleft(entry)

    def release(self, group: Group) -> None:
        """Let a group go on."""
        queue = self._groups.get(group)
        if queue is None:
            return
        if queue:
            self._ready.append(group)
        else:
            del self._groups[group]

    def rewrite(self, change: Callable[[Entry], Entry]) -> None:
        """Put other forms of the same entries in the place of those that wait."""
        for group, queue in self._groups.items():
            self._groups[group] = deque(map(change, queue))

    def settle(self, seq: int) -> None:
        """Note that an entry needs no more delivery."""
        if self._outstanding.pop(seq, 0) is None:
            self._settled.add(seq)

    def rewind(self, through: int) -> None:
        """Forget everything after this entry, so that it is taken again."""
        self.scanned = self._through = through
        self._settled.clear()
        self._outstanding.clear()
        for queue in self._groups.values():
            queue.clear()
