"""What a contract is called outside: never its id, but a name that is unique for its eMSP and changes regularly.

The name is the contract itself, sealed so that the same contract has the same name as long as a period lasts. Nothing
is kept: who has the node's key reads the contract out of any of its names, and nobody else can (EMIP-118).
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from interroam.core.keys import Keyring
from interroam.core.ports import EPOCH
from interroam.model.ids import PartyId

_PURPOSE = b"eMIP alias"
_FORM = re.compile(r"^([0-9A-F]{1,8})-([A-Z2-7]{27,})$")
_BLOCK = 8


def alias_of(keyring: Keyring, owner: PartyId, contract: str, now: datetime, days: int) -> str:
    """Return what a contract is called at this time; it is called otherwise every so many days."""
    period = f"{(now - EPOCH).days // max(days, 1):X}"
    sealed = AESSIV(keyring.derived(_PURPOSE)[0]).encrypt(contract.encode(), [str(owner).encode(), period.encode()])
    return f"{period}-{base64.b32encode(sealed).decode().rstrip('=')}"


def contract_of(keyring: Keyring, owner: PartyId, alias: str) -> str | None:
    """Return the contract that was ever called so by this eMSP; None when this is no name of ours."""
    match = _FORM.match(alias.strip().upper())
    if match is None:
        return None
    period, text = match.groups()
    try:
        sealed = base64.b32decode(text + "=" * (-len(text) % _BLOCK))
    except binascii.Error:
        return None
    for key in keyring.derived(_PURPOSE):
        try:
            return AESSIV(key).decrypt(sealed, [str(owner).encode(), period.encode()]).decode()
        except (InvalidTag, ValueError):
            continue
    return None
