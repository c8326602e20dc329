"""Forgets who a driver is: ids become a pseudonym, the same for the same driver; everything that decides money stays.

Numbers, hub ids, times, energy and amounts are kept. The wire form goes whole, since the core never opens it; rooms
render what is left from our own form.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from interroam.core.keys import Keyring
from interroam.model.charges import Cdr, ChargeToken, Session
from interroam.model.facts import Body, Entry, Stored
from interroam.model.ids import Key, Kind
from interroam.model.tokens import Authorization, Token

_MARK = "ERASED"
_DIGITS = 20
Row = TypeVar("Row", bound=Stored | Entry)


class Erasure:
    """Rewrites rows and entries; pure but for the node's key."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def pseudonym(self, type: str, uid: str) -> str:
        """Return the name a token (or ``contract``) has from now on; erasing twice changes nothing."""
        if uid.upper().startswith(_MARK):
            return uid
        return _MARK + self._keyring.subject(type, uid).hex()[:_DIGITS].upper()

    def rewrite(self, row: Row) -> Row:
        """Return the row without the driver."""
        key = row.key
        if key.kind is Kind.TOKEN:
            key = Key(key.kind, key.owner, self.pseudonym(key.sub, key.id).casefold(), key.sub)
        body = self._body(row.body) if row.body is not None else None
        return replace(row, key=key, body=body, wire=None)

    def _body(self, body: Body) -> Body:
        match body:
            case Token():
                return self._token(body)
            case Session() | Cdr():
                return replace(body, token=self._charge_token(body.token))
            case Authorization():
                token = self._token(body.token) if body.token is not None else None
                return replace(body, token=token, info=None)
            case _:
                return body

    def _token(self, token: Token) -> Token:
        return replace(
            token,
            uid=self.pseudonym(token.type, token.uid),
            contract_id=self.pseudonym("contract", token.contract_id),
            visual_number=None,
            group_id=None,
            valid=False,
        )

    def _charge_token(self, token: ChargeToken) -> ChargeToken:
        return replace(
            token,
            uid=self.pseudonym(token.type, token.uid),
            contract_id=self.pseudonym("contract", token.contract_id),
        )
