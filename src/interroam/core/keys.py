"""The node's own secrets: keyed hashes of credentials and of drivers, and the sealing of what we must send later.

The key file holds a list, newest first. New hashes and seals use the newest; older ones are still recognized, so a
rotation breaks nobody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from interroam.model.errors import Reason, Refused

_BYTES = 32
_MOST = 16_384


class Keyring:
    """The keys of one node."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._adopt(keys)

    def _adopt(self, keys: tuple[bytes, ...]) -> None:
        if not keys:
            message = "a keyring needs at least one key"
            raise ValueError(message)
        self._keys = keys
        self._credential_keys = tuple(_derive(key, b"credential") for key in keys)
        self._subject_key = _derive(keys[-1], b"subject")  # the oldest: subjects must stay the same for ever
        self._subjects: dict[tuple[str, str], bytes] = {}
        self._seals = MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(key, b"seal"))) for key in keys])

    @classmethod
    def fresh(cls) -> Keyring:
        """Return a keyring with a new key that lives in memory only."""
        return cls((secrets.token_bytes(_BYTES),))

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read the key file, making it (mode 600) when it does not exist."""
        if not path.exists():
            _write(path, [secrets.token_bytes(_BYTES)])
        return cls(_read(path))

    @classmethod
    def rotate(cls, path: Path) -> Keyring:
        """Put a new key in front of those in the file."""
        keys = [secrets.token_bytes(_BYTES), *(_read(path) if path.exists() else ())]
        _write(path, keys)
        return cls(tuple(keys))

    @property
    def mark(self) -> bytes:
        """What a store knows its keys by; a rotation leaves it as it is."""
        return _derive(self._keys[-1], b"mark")

    @property
    def count(self) -> int:
        """How many keys are recognized."""
        return len(self._keys)

    def renew(self, other: Keyring) -> None:
        """Use the keys of another ring, such as one rotated meanwhile, in place."""
        self._adopt(other._keys)

    def forget(self) -> None:
        """Let go of the names that were hashed lately."""
        self._subjects.clear()

    def fingerprints(self, secret: str) -> tuple[bytes, ...]:
        """Return the keyed hashes under which a presented secret may be known, the newest key's first."""
        data = secret.encode("utf-8", "surrogateescape")
        return tuple(hmac.digest(key, data, "sha256") for key in self._credential_keys)

    def fingerprint(self, secret: str) -> bytes:
        """Return the keyed hash under which a secret is kept from now on."""
        return hmac.digest(self._credential_keys[0], secret.encode("utf-8", "surrogateescape"), "sha256")

    def subject(self, kind: str, uid: str) -> bytes:
        """Return the keyed hash that stands for a driver's token (or contract): type and normalized uid."""
        known = self._subjects.get((kind, uid))
        if known is None:
            known = hmac.digest(self._subject_key, f"{kind}:{uid}".casefold().encode(), "sha256")[:16]
            if len(self._subjects) >= _MOST:
                self._subjects.clear()
            self._subjects[kind, uid] = known
        return known

    def derived(self, purpose: bytes) -> tuple[bytes, ...]:
        """Return 32 bytes for a purpose of a room's own from each of the keys, the newest first."""
        return tuple(_derive(key, purpose) for key in self._keys)

    def seal(self, text: str) -> bytes:
        """Encrypt a secret for storage."""
        return self._seals.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt what was sealed under any of the keys; ValueError when it was not."""
        try:
            return self._seals.decrypt(sealed).decode()
        except InvalidToken as error:
            message = "this secret was sealed by another node's key"
            raise ValueError(message) from error


def new_secret() -> str:
    """Return a new credential: 43 printable characters (OCPI-13 allows 64)."""
    return secrets.token_urlsafe(_BYTES)


def masked(uid: str) -> str:
    """Return an id as logs and screens show it: the last four characters only."""
    visible = 4
    return "…" + uid[-visible:] if len(uid) > visible else "…"


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, key=key, digest_size=_BYTES).digest()


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        keys = tuple(base64.b64decode(key) for key in json.loads(path.read_text())["keys"])
    except (ValueError, KeyError, TypeError):
        keys = ()
    if not keys:
        raise Refused(Reason.MALFORMED, f"{path} holds no keys", remedy="put it back from its backup")
    return keys


def _write(path: Path, keys: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"keys": [base64.b64encode(key).decode() for key in keys]}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
