"""What a courier has in hand: entries in groups, what may go next, and how far everything is settled. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from interroam.model.agreements import Policy
from interroam.model.charges import Cdr
from interroam.model.facts import Act, Entry
from interroam.model.ids import Key, Kind, session_key

_LOCATION, _EVSE, _CDR, _TARIFF = Kind.LOCATION, Kind.EVSE, Kind.CDR, Kind.TARIFF
_LATEST = Policy.LATEST
_PLACES = (_LOCATION, _EVSE)
Group = tuple[str, ...]
_EVERYTHING: Group = ("",)
_MOST_OVERTAKEN = 1_000
"""What was overtaken stays where it stands until there is so much of it."""


def group_of(entry: Entry) -> Group:
    """Return what an entry must keep order with: its location, its charge, its object."""
    key = entry.key
    if key.kind in _PLACES:
        return ("place", key.owner, key.id)
    if key.kind is _CDR and isinstance(entry.body, Cdr) and entry.body.session_id:
        key = session_key(entry.body.owner, entry.body.session_id)
    return tuple(key)


def overtakes(newer: Entry, older: Entry) -> bool:
    """Whether the newer entry says all that the older one does."""
    if newer.key != older.key or older.removed or older.moved or Act.WITHDRAWAL in (newer.act, older.act):
        return False  # what was left out of a location, or out of a selection, is said by that entry alone
    if newer.act is Act.FACT and newer.key.kind in _PLACES and not newer.whole:  # told by what is new of it alone
        return not older.whole and older.fields <= newer.fields
    if newer.key.kind is _TARIFF and older.fields:
        return False  # since then it is of another type, and may be nobody's business any more
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
        self._flying: dict[Group, Entry] = {}
        self._waiting: dict[Key, deque[Entry]] = {}
        """What waits under ``latest``, by its object."""
        self._overtaken: set[int] = set()
        self._latest: set[int] = set()

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

    def position_with(self, seq: int) -> tuple[int, tuple[int, ...]]:
        """Return the position as it is when this entry, which nobody took, is settled too."""
        through, ahead = self.position
        if seq not in self._outstanding:
            return through, ahead
        rest = (one for one in self._outstanding if one != seq)
        through = max(through, next(rest, self.scanned + 1) - 1)
        return through, tuple(one for one in sorted((*ahead, seq)) if one > through)

    def take(self, entry: Entry, policy: Policy, *, anew: bool = False) -> None:
        """Queue an entry unless it is known already; ``anew`` is for one that was settled and is tried again."""
        seq = entry.seq
        if not anew:
            self.scanned = max(seq, self.scanned)
            if seq in self._settled or seq in self._outstanding or seq <= self._through:
                return
            self._outstanding[seq] = None
        group = _EVERYTHING if self._together else group_of(entry)
        if policy is _LATEST:
            self._overtake(entry)
        queue = self._groups.get(group)
        if queue is None:
            self._groups[group] = deque((entry,))
            self._ready.append(group)
        else:
            queue.append(entry)

    def _overtake(self, entry: Entry) -> None:
        """Let an entry take the place of those that wait and say no more; they are skipped where they stand."""
        waiting = self._waiting.setdefault(entry.key, deque())
        while waiting and overtakes(entry, waiting[-1]):
            older = waiting.pop().seq
            self._overtaken.add(older)
            self.settle(older)
        waiting.append(entry)
        self._latest.add(entry.seq)
        if len(self._overtaken) > _MOST_OVERTAKEN:
            for group, queue in self._groups.items():
                self._groups[group] = deque(one for one in queue if one.seq not in self._overtaken)
            self._overtaken.clear()

    def pop(self) -> tuple[Group, Entry] | None:
        """Return the next entry to deliver, and its group, which waits until released."""
        while self._ready:
            group = self._ready.popleft()
            queue = self._groups[group]
            while queue:
                entry = queue.popleft()
                if self._is_wanted(entry):
                    self._flying[group] = entry
                    return group, entry
            del self._groups[group]
        return None

    def _is_wanted(self, entry: Entry) -> bool:
        """Whether an entry whose turn it is was not overtaken; it does not wait any more."""
        if entry.seq in self._overtaken:
            self._overtaken.discard(entry.seq)
            return False
        waiting = self._waiting.get(entry.key)
        if waiting and waiting[0].seq == entry.seq:
            waiting.popleft()
        if waiting is not None and not waiting:
            del self._waiting[entry.key]
        return True

    def put_back(self, group: Group, entry: Entry) -> None:
        """Return an entry that could not be delivered to the front of its group, which stays held."""
        entry = self._flying.get(group, entry)
        if entry.seq in self._latest:
            waiting = self._waiting.setdefault(entry.key, deque())
            if any(overtakes(newer, entry) for newer in waiting):
                self.settle(entry.seq)
                return
            waiting.appendleft(entry)
        self._groups[group].appendleft(entry)

    def release(self, group: Group) -> None:
        """Let a group go on."""
        self._flying.pop(group, None)
        queue = self._groups.get(group)
        if queue is None:
            return
        if queue:
            self._ready.append(group)
        else:
            del self._groups[group]

    def rewrite(self, change: Callable[[Entry], Entry]) -> None:
        """Put other forms of the same entries in the place of those that wait, or come back to wait again."""
        self._flying = {group: change(entry) for group, entry in self._flying.items()}
        self._waiting.clear()  # a driver may be in their keys: what is there by now is not overtaken
        for group, queue in self._groups.items():
            self._groups[group] = deque(map(change, queue))

    def settle(self, seq: int) -> None:
        """Note that an entry needs no more delivery."""
        self._latest.discard(seq)
        if self._outstanding.pop(seq, 0) is None:
            self._settled.add(seq)

    def rewind(self, through: int) -> None:
        """Forget everything after this entry, so that it is taken again."""
        self.scanned = self._through = through
        self._settled.clear()
        self._outstanding.clear()
        self._waiting.clear()
        self._overtaken.clear()
        self._latest.clear()
        for queue in self._groups.values():
            queue.clear()
