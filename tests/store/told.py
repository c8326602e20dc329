"""Tellings for the tests of the store, and what a room would bring with them."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from interroam.model.facts import Body, Change, Exchange, Fact, Origin, Statement, Telling, Wire
from interroam.model.ids import LANE_OF, Key, Party, Role, session_key
from tests.core.objects import CPO, EMSP, NOW, evse, location, session

ORIGIN = Origin("cpo", Party(CPO, Role.CPO), "corr-1", "req-1")
DRIVER_PARTY = Party(EMSP, Role.EMSP)


def wire(text: str) -> Wire:
    return Wire("ocpi", "2.2.1", text.encode())


def tell(statement: Statement, when: datetime = NOW, **fields) -> Telling:
    base = Telling(statement.key, statement, ORIGIN, when, LANE_OF[statement.key.kind])
    return replace(base, **fields)


def fact(body: Body, text: str = "", **fields) -> Fact:
    return Fact(body, wire(text) if text else None, **fields)


def site(*uids: str, when: datetime = NOW, text: str = "", **fields) -> Fact:
    """A location with these EVSEs, as one message."""
    parts = tuple(fact(evse(uid, when=when), f"evse {uid}") for uid in uids)
    return fact(location(when, **fields), text or f"place with {' '.join(uids)}", row=wire("place"), parts=parts)


def appended(key: Key, word: str, when: datetime) -> Change:
    """A change that appends a word to the wire form: none may be lost, so every one must see the one before."""

    def merge(body: Body, old: Wire | None) -> tuple[Body, Wire | None]:
        return body, wire(f"{old.data.decode() if old else ''} {word}".strip())

    return Change(key, frozenset({"charging_periods"}), when, merge, wire(word))


class Forgetting:
    """A driver known by these keyed hashes; rows are rewritten as the test says, messages are left alone."""

    def __init__(self, *subjects: bytes, rewrite=lambda row: row) -> None:
        self.subjects = subjects
        self.rewrite = rewrite

    def mentions(self, _data: bytes) -> bool:
        return False

    def exchange(self, one: Exchange) -> Exchange:
        return replace(one, request=b"", response=b"") if one.subject in self.subjects else one


SESSION = session()
SESSION_KEY = session_key(CPO, "S1")
