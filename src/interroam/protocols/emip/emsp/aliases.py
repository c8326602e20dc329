"""What a contract is called outside: never its id, but a name that is unique for its eMSP and changes regularly.

The name is the contract itself, sealed so that the same contract has the same name as long as a period lasts. Nothing
is kept: who has the node's key reads the contract out of any of its names, and nobody else can (EMIP-118).

An id of a contract fits into one block, and its name into the 36 characters that other protocols allow; anything else
that a back office calls a contract has a longer name.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from interroam.core.keys import Keyring
from interroam.core.ports import EPOCH
from interroam.model.ids import PartyId

_PURPOSE = b"eMIP alias"
_FORM = re.compile(r"^([0-9A-F]{1,8})-([A-Z2-7]{26,})$")
_GROUP = 8
_BLOCK, _CHECK = 16, 4
"""Bytes of a block, and of it those that are zero: whoever opens what was not sealed so sees it by them."""
_LETTERS = "-*0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST = 18
"""So many letters fit beside the check."""


def alias_of(keyring: Keyring, owner: PartyId, contract: str, now: datetime, days: int) -> str:
    """Return what a contract is called at this time; it is called otherwise every so many days."""
    period = f"{(now - EPOCH).days // max(days, 1):X}"
    key = keyring.derived(_PURPOSE)[0]
    block = _packed(contract)
    sealed = AESSIV(key).encrypt(contract.encode(), _about(owner, period)) if block is None else b""
    if block is not None:
        sealing = _cipher(key, owner, period).encryptor()
        sealed = sealing.update(block) + sealing.finalize()
    return f"{period}-{base64.b32encode(sealed).decode().rstrip('=')}"


def contract_of(keyring: Keyring, owner: PartyId, alias: str) -> str | None:
    """Return the contract that was ever called so by this eMSP; None when this is no name of ours."""
    match = _FORM.match(alias.strip().upper())
    if match is None:
        return None
    period, text = match.groups()
    try:
        sealed = base64.b32decode(text + "=" * (-len(text) % _GROUP))
    except binascii.Error:
        return None
    opened = (_opened(key, owner, period, sealed) for key in keyring.derived(_PURPOSE))
    return next((contract for contract in opened if contract is not None), None)


def _opened(key: bytes, owner: PartyId, period: str, sealed: bytes) -> str | None:
    if len(sealed) == _BLOCK:
        opening = _cipher(key, owner, period).decryptor()
        return _unpacked(opening.update(sealed) + opening.finalize())
    try:
        return AESSIV(key).decrypt(sealed, _about(owner, period)).decode()
    except (InvalidTag, ValueError):
        return None


def _cipher(key: bytes, owner: PartyId, period: str) -> Cipher[CBC]:
    """Return what seals one block, for an eMSP and a period."""
    made = hmac.digest(key, b"/".join(_about(owner, period)), "sha256")
    return Cipher(AES(made[:_BLOCK]), CBC(made[_BLOCK:]))


def _about(owner: PartyId, period: str) -> list[bytes]:
    return [str(owner).encode(), period.encode()]


def _packed(contract: str) -> bytes | None:
    """Return a contract as a block; None where it does not fit."""
    if not contract or len(contract) > _LONGEST or any(letter not in _LETTERS for letter in contract):
        return None
    number = 0
    for letter in contract:
        number = number * (len(_LETTERS) + 1) + _LETTERS.index(letter) + 1
    return number.to_bytes(_BLOCK)


def _unpacked(block: bytes) -> str | None:
    if any(block[:_CHECK]):
        return None
    number, letters = int.from_bytes(block), ""
    while number:
        number, place = divmod(number, len(_LETTERS) + 1)
        if not place:
            return None
        letters = _LETTERS[place - 1] + letters
    return letters or None
