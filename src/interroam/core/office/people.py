"""Those who work with the node: their names, ranks and passwords, and who is logged in.

A log-in gives a token that lives twenty minutes, renewed while in use, twelve hours at most (OCPI-12). Tokens are kept
as keyed hashes, in the register too, so that a restart logs nobody out; when one was used is written there now and
then.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec.structs import replace

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.documents import Documents
from interroam.core.keys import Keyring, new_secret
from interroam.core.ports import Clock, Store
from interroam.model.errors import Reason, Refused, Unavailable

USERS, LOGINS = "user", "login"
IDLE = timedelta(minutes=20)
LONGEST = timedelta(hours=12)
SHORTEST_PASSWORD = 10
_GUESSES = 5
_PAUSE = timedelta(minutes=5)
_HASHER = PasswordHasher()
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQxMjM0NTY3OA$PPrt5dqlpb4ZDkKxVvCkIvxNF6fvJk2Wx4Yw8nLGJLA"
"""A hash of no password, so that an unknown name takes as long as a wrong password."""


class User(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person with a name."""

    name: str
    password: str
    rank: Rank = Rank.VIEWER
    bodies: bool = False
    since: datetime | None = None

    @property
    def actor(self) -> Actor:
        """The person at work."""
        return Actor(self.name, self.rank, self.bodies)


class Ticket(msgspec.Struct, frozen=True):
    """What a log-in gives: the token, and when it ends unless it is used."""

    token: str
    ends: datetime
    actor: Actor


class _Login(msgspec.Struct):
    name: str
    began: datetime
    used: datetime

    def over(self, now: datetime) -> bool:
        """Whether it has ended."""
        return now - self.used >= IDLE or now - self.began >= LONGEST


class People:
    """The users of one node."""

    def __init__(self, store: Store, clock: Clock, keyring: Keyring, audit: Audit) -> None:
        self._kept_users = Documents(store, USERS, User)
        self._kept_logins = Documents(store, LOGINS, _Login)
        self._clock = clock
        self._keyring = keyring
        self._audit = audit
        self._users: dict[str, User] = {}
        self._logins: dict[bytes, _Login] = {}
        self._used: set[bytes] = set()
        """Those used since they were last written down."""
        self._misses: dict[str, tuple[int, datetime]] = {}

    async def load(self) -> None:
        """Read the register."""
        self._users = await self._kept_users.all()
        self._logins |= {bytes.fromhex(name): login for name, login in (await self._kept_logins.all()).items()}
        await self.keep()

    async def keep(self) -> None:
        """Write down which log-ins were used, and forget those that are over; called now and then, and at the end."""
        used, self._used = self._used, set()
        now = self._clock.now()
        for fingerprint, login in list(self._logins.items()):
            if login.over(now) or login.name not in self._users:
                await self._end(fingerprint)
            elif fingerprint in used and fingerprint in self._logins:  # it may have ended meanwhile
                await self._write(fingerprint, login)

    # -- users -----------------------------------------------------------------------------------------------------

    def users(self, actor: Actor) -> list[User]:
        """Return everybody, without their hashes."""
        actor.needs(Rank.ADMIN)
        return [replace(user, password="") for user in self._users.values()]

    async def put(self, actor: Actor, name: str, password: str | None, rank: Rank, *, bodies: bool) -> User:
        """Add a person, or change one; without a password the old one stays."""
        actor.needs(Rank.ADMIN)
        old = self._users.get(name)
        if not name or not name.isprintable() or "/" in name:
            raise Refused(Reason.MALFORMED, "a user needs a printable name without slashes")
        if password is None and old is None:
            raise Refused(Reason.INCOMPLETE, f"{name} is new and needs a password")
        if password is not None and len(password) < SHORTEST_PASSWORD:
            raise Refused(Reason.MALFORMED, f"a password has at least {SHORTEST_PASSWORD} characters")
        kept = old.password if old is not None else ""
        hashed = kept if password is None else await asyncio.to_thread(_HASHER.hash, password)
        user = User(name, hashed, rank, bodies, old.since if old is not None else self._clock.now())
        await self._kept_users.save(name, user)
        self._users[name] = user
        if password is not None:
            await self._end_all(name)
        await self._audit.write(actor, "user put", name, rank=rank.value, bodies=bodies)
        return replace(user, password="")

    async def remove(self, actor: Actor, name: str) -> None:
        """Remove a person, logged in or not."""
        actor.needs(Rank.ADMIN)
        if name not in self._users:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no user {name}")
        del self._users[name]
        await self._end_all(name)
        await self._kept_users.remove(name)
        await self._audit.write(actor, "user remove", name)

    # -- logging in ------------------------------------------------------------------------------------------------

    async def log_in(self, name: str, password: str) -> Ticket:
        """Give a token for a password; Refused(UNAUTHENTICATED), and after five misses Unavailable for a while."""
        now = self._clock.now()
        misses, last = self._misses.get(name, (0, now))
        if misses >= _GUESSES and now - last < _PAUSE:
            wait = (_PAUSE - (now - last)).total_seconds()
            raise Unavailable(Reason.OVERLOADED, "too many wrong passwords: wait", retry_after=wait)
        user = self._users.get(name)
        fits = await asyncio.to_thread(_fits, user.password if user is not None else _NOBODY, password)
        if user is None or not fits:
            if len(self._misses) > 10_000:  # names are free to invent, memory is not
                self._misses.clear()
            self._misses[name] = (misses + 1, now)
            raise Refused(Reason.UNAUTHENTICATED, "no such name and password")
        self._misses.pop(name, None)
        token = new_secret()
        fingerprint, login = self._keyring.fingerprint(token), _Login(name, now, now)
        self._logins[fingerprint] = login
        await self._write(fingerprint, login)
        await self._audit.write(user.actor, "log in", name)
        return Ticket(token, now + IDLE, user.actor)

    def recognize(self, token: str) -> Actor:
        """Return who shows this token, and renew it; Refused(UNAUTHENTICATED) when it is over."""
        now = self._clock.now()
        for fingerprint in self._keyring.fingerprints(token):
            login = self._logins.get(fingerprint)
            if login is None:
                continue
            user = self._users.get(login.name)
            if user is None or login.over(now):
                break
            login.used = now
            self._used.add(fingerprint)
            return user.actor
        raise Refused(Reason.UNAUTHENTICATED, "log in first", remedy="POST /api/v1/admin/login")

    async def log_out(self, actor: Actor, token: str) -> None:
        """End the log-in of this token; others of the same person go on."""
        if not token:
            raise Refused(Reason.WRONG_STATE, f"{actor.name} works without a log-in")
        for fingerprint in self._keyring.fingerprints(token):
            if fingerprint in self._logins:
                await self._end(fingerprint)
        await self._audit.write(actor, "log out", actor.name)

    async def _end_all(self, name: str) -> None:
        for fingerprint in [key for key, login in self._logins.items() if login.name == name]:
            await self._end(fingerprint)

    async def _end(self, fingerprint: bytes) -> None:
        self._logins.pop(fingerprint, None)
        await self._kept_logins.remove(fingerprint.hex())

    async def _write(self, fingerprint: bytes, login: _Login) -> None:
        await self._kept_logins.save(fingerprint.hex(), login)


def _fits(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
