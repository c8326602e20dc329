"""By which names a driver is known here: what is erased together."""

from __future__ import annotations

from interroam.core.keys import Keyring
from interroam.core.ports import Store
from interroam.core.refs import contract_ref, token_ref
from interroam.core.rules.erasing import CONTRACT
from interroam.model.charges import ChargeToken
from interroam.model.facts import Body
from interroam.model.ids import Kind, provider_of
from interroam.model.tokens import Token

Name = tuple[str, str]
_MOST = 10_000
_VISUAL = "visual"


async def names_of(store: Store, keyring: Keyring, type: str, uid: str) -> set[Name]:
    """Return a driver's names: of a contract all its tokens, of a token its contract too, where it is its only one."""
    ref = contract_ref(uid) if type == CONTRACT else token_ref(type, uid)
    asked = keyring.subject(type, uid)
    found = await _tokens(store, ref, asked)
    names = {(type, uid)}
    names |= {(_VISUAL, one.visual_number) for one in found if isinstance(one, Token) and one.visual_number}
    if type == CONTRACT:
        found = [one for one in found if contract_ref(one.contract_id) == ref]  # not what was of it once
        return names | {(CONTRACT, one.contract_id) for one in found} | {_name(one) for one in found}
    own = {(type.casefold(), uid.casefold())}
    for contract in {one.contract_id for one in found if provider_of(one.contract_id) is not None}:
        carriers = await _tokens(store, contract_ref(contract), keyring.subject(CONTRACT, contract))
        if {(one.type.casefold(), one.uid.casefold()) for one in carriers} <= own:
            names.add((CONTRACT, contract))
    return names


async def _tokens(store: Store, ref: str, subject: bytes) -> list[Token | ChargeToken]:
    """Return the tokens that a provider stated under a name, and those that charges ran on."""
    stated = await store.by_ref(ref, Kind.TOKEN, _MOST)
    bodies = [row.body for row in (*stated, *await store.speaking(subject))]
    return [token for token in map(_token, bodies) if token is not None]


def _token(body: Body) -> Token | ChargeToken | None:
    token: Token | ChargeToken | None = body if isinstance(body, Token) else getattr(body, "token", None)
    return token


def _name(token: Token | ChargeToken) -> Name:
    return token.type, token.uid
