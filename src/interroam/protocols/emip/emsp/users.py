"""Whose user is it? The tokens of a back office, found by the words of eMIP.

A badge is found whatever the case of its letters and however many zeros lead it, a contract with or without hyphens
(EMIP-75); what an app shows may have been stated as any kind of token.
"""

from __future__ import annotations

import msgspec

from interroam.core.hub import Hub
from interroam.core.refs import contract_ref
from interroam.model.ids import Kind, PartyId, token_key
from interroam.model.tokens import Token
from interroam.protocols.emip.rules.ids import provider
from interroam.protocols.emip.translate.tokens import RFID, read_user, spellings, types


class User(msgspec.Struct, frozen=True):
    """A user as presented: the token that was stated of it, else what one would be called."""

    type: str
    uid: str
    token: Token | None = None


async def user_of(hub: Hub, owner: PartyId, kind: str, user_id: str) -> User:
    """Find a user of this eMSP; ValueError when the user id is none."""
    token_type, uid = read_user(kind, user_id)
    for each in types(token_type, uid):
        for spelled in spellings(token_type, uid, user_id):
            row = await hub.store.get(token_key(owner, each, spelled))
            if row is not None and isinstance(row.body, Token) and not row.withdrawn:
                return User(row.body.type, row.body.uid, row.body)
    if token_type != RFID and provider(uid) is not None:
        for row in await hub.store.by_ref(contract_ref(uid), Kind.TOKEN):
            if isinstance(row.body, Token) and row.body.owner == owner and not row.withdrawn:
                return User(row.body.type, row.body.uid, row.body)
    return User(token_type, uid)
