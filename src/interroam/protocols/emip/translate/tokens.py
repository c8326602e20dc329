"""authenticationData ⇄ Token, and the names by which users and cards are known on both sides.

- RFID-UID is a card (RFID) by its normalized UID. A contract presented by an app (eMA) is an APP_USER; every other kind
  of user id is OTHER. How it was spelled, and its kind, stay in the row.
- A white entry may be charged on without asking: ALLOWED; with an expiryDate only ALLOWED_OFFLINE, since OCPI has no
  such date and the hub has. A black entry is a token that is not valid.
- eMIP names no contract beside its alias, OCPI must. It is the user id where that is a contract, else the alias, else
  one made of the user id; who reads a made one learns nothing of the driver.
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import blake2b

import msgspec

from interroam.model.facts import Fact, Wire
from interroam.model.ids import Key, PartyId, token_key
from interroam.model.tokens import Token, Whitelist
from interroam.protocols.emip.rules import ids
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.wire.types import AuthenticationData

VERSION = "0.7.4"
INSERT, UPDATE, DELETE = 1, 2, 3
WHITE, BLACK = 1, 2
RFID, APP_USER, OTHER = "RFID", "APP_USER", "OTHER"
_AD_HOC = "AD_HOC_USER"
BADGE, CONTRACT, SPECIFIC = "RFID-UID", "eMA", "EMP-SPEC"
KINDS = (BADGE, "eMI3", CONTRACT, "EVCO", SPECIFIC)
"""Sheet 3.3."""
_BY_NAME = {kind.casefold(): kind for kind in KINDS}
_CONTRACTS = frozenset({CONTRACT, "EVCO"})
_LONGEST = 36
_CONTRACT = re.compile(r"([A-Z]{2})([A-Z0-9]{3})(C[A-Z0-9]{8})([A-Z0-9]?)\Z")
"""A contract without its hyphens; its check digit may be left out."""


# -- names -------------------------------------------------------------------------------------------------------------


def read_user(kind: str, user_id: str) -> tuple[str, str]:
    """Return type and uid of the token that a user id stands for; ValueError when it is none (EMIP-75)."""
    known = _BY_NAME.get(kind.strip().casefold())
    if known is None:
        raise ValueError(f"{kind!r} is no userIdType")
    plain = user_id.strip()
    if not plain:
        raise ValueError("userId is empty")
    if known == BADGE:
        return RFID, ids.badge(plain)
    if known in _CONTRACTS:
        plain = _without_separators(plain)
    return (APP_USER if known == CONTRACT else OTHER), plain


def write_user(token_type: str, uid: str, word: str = "") -> tuple[str, str]:
    """Return userIdType and userId for a token; ``word`` is its userIdType where that is known."""
    if token_type == RFID:
        try:
            return BADGE, ids.badge(uid)
        except ValueError:
            return SPECIFIC, uid
    known = _BY_NAME.get(word.strip().casefold())
    if known is not None and known != BADGE:
        return known, uid
    return (CONTRACT if token_type == APP_USER and ids.provider(uid) is not None else SPECIFIC), uid


def _without_separators(contract: str) -> str:
    return contract.replace("-", "").replace("*", "").upper()


def types(token_type: str, uid: str) -> tuple[str, ...]:
    """Return as what a user may have been stated whose user id stands for this type: that type first.

    What is no UID of a badge and no contract is EMP-SPEC, whatever it is elsewhere (write_user).
    """
    if token_type == RFID:
        return (RFID,)
    others = (APP_USER, OTHER) if token_type == APP_USER else (OTHER, APP_USER)
    return (*others, _AD_HOC) if ids.is_badge(uid) else (*others, _AD_HOC, RFID)


def spellings(token_type: str, uid: str, said: str) -> tuple[str, ...]:
    """Return how a uid may have been stated: as eMIP has it first, then as it was said.

    A card's may stand there without its zeros (EMIP-75), a contract's with its hyphens.
    """
    found = [uid, said.strip()]
    if token_type == RFID:
        bare = uid.lstrip("0") or "0"
        found += [bare, bare.zfill(len(bare) + len(bare) % 2)]
    elif (contract := _CONTRACT.match(bare := _without_separators(uid))) is not None:
        *parts, digit = contract.groups()
        parted = "-".join(parts)
        found += [bare, f"{parted}-{digit}" if digit else parted, parted + digit]
    return tuple(dict.fromkeys(found))


def contract_of(owner: PartyId, token_type: str, uid: str, alias: str | None = None) -> str:
    """Return the contract id that a token has outside of eMIP."""
    if token_type != RFID and ids.provider(uid) is not None and len(uid) <= _LONGEST:
        return uid
    if alias and len(alias) <= _LONGEST:
        return alias
    digest = blake2b(f"{owner}:{token_type}:{uid}".casefold().encode(), digest_size=4).hexdigest().upper()
    return f"{owner.country}-{owner.code}-C{digest}"


# -- entries -----------------------------------------------------------------------------------------------------------


def key_of(owner: PartyId, entry: AuthenticationData) -> Key:
    """Return the key of the token that an entry is about."""
    return token_key(owner, *read_user(entry.user_id_type, entry.user_id))


def token_fact(owner: PartyId, entry: AuthenticationData, now: datetime) -> Fact:
    """Make a fact of an entry of a white list."""
    token_type, uid = read_user(entry.user_id_type, entry.user_id)
    body = Token(
        owner=owner,
        uid=uid,
        type=token_type,
        contract_id=contract_of(owner, token_type, uid, entry.user_contract_id_alias),
        issuer=str(owner),
        valid=entry.authorisation_value in (None, WHITE),
        whitelist=Whitelist.ALLOWED if entry.expiry_date is None else Whitelist.ALLOWED_OFFLINE,
        expires=entry.expiry_date,
        services=tuple(dict.fromkeys(filter(None, map(str.strip, entry.requested_service_id)))),
        last_updated=now,
    )
    return Fact(body, _wired(entry))


def _wired(entry: AuthenticationData) -> Wire:
    return Wire(PROTOCOL, VERSION, msgspec.json.encode(msgspec.structs.replace(entry, action_type=INSERT)))


def entry_of(wire: Wire | None) -> AuthenticationData | None:
    """Return the entry as its eMSP stated it, when it did so in eMIP."""
    if wire is None or wire.room != PROTOCOL or wire.version != VERSION:
        return None
    return msgspec.json.decode(wire.data, type=AuthenticationData)


def word_of(wire: Wire | None) -> str:
    """Return the userIdType of a token as its eMSP stated it; empty when it did not do so in eMIP."""
    entry = entry_of(wire)
    return entry.user_id_type if entry is not None else ""


def offered(token: Token, now: datetime) -> bool:
    """Whether a CPO may have a token on its list: not one that is always to be asked about, nor one that is over."""
    return token.whitelist is not Whitelist.NEVER and (token.expires is None or now < token.expires)


def write_token(
    token: Token, wire: Wire | None = None, action: int = INSERT, *, alias: str | None = None, seller: bool = True
) -> AuthenticationData:
    """Write a token as an entry of a white list; ``seller`` says whether the eMSP is named in it.

    Of a token that goes only its key is written. The contract's own id is never written: at most its alias (EMIP-118).
    """
    stated = entry_of(wire)
    kind, user_id = write_user(token.type, token.uid, stated.user_id_type if stated is not None else "")
    if stated is not None and kind != BADGE:
        user_id = stated.user_id
    entry = AuthenticationData(
        action_type=action,
        user_id_type=kind,
        user_id=user_id,
        sale_partner_operator_id_type="eMI3" if seller else None,
        sale_partner_operator_id=str(token.owner) if seller else None,
    )
    if action == DELETE:
        return entry
    return msgspec.structs.replace(
        entry,
        user_contract_id_alias=alias or (stated.user_contract_id_alias if stated is not None else None),
        requested_service_id=token.services,
        authorisation_value=WHITE if token.valid else BLACK,
        expiry_date=token.expires,
    )
