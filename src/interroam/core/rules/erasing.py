"""Forgets who a driver is: ids become a pseudonym, the same for the same driver; everything that decides money stays.

Numbers, hub ids, times, energy and amounts are kept. The wire form goes whole, since the core never opens it; rooms
render what is left from our own form. Where people or partners wrote of a driver in words, only the names go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from interroam.core.keys import Keyring
from interroam.model.charges import Cdr, ChargeToken, Command, Session
from interroam.model.facts import Body, Entry, Exchange, Stored
from interroam.model.ids import Key, Kind
from interroam.model.tokens import Authorization, Token

CONTRACT = "contract"
_MARK = "ERASED"
_DIGITS = 20
_SHORTEST, _SHORTEST_NUMBER = 6, 8
"""Shorter names are no words to look for in texts: they would be found in amounts and dates."""
_WITH_CHECK_DIGIT, _NEWER_CONTRACT = 15, re.compile(r"[a-z]{2}[a-z0-9]{3}c[a-z0-9]{8,9}")
_SEPARATORS = b"-*"
_FOLD = bytes(range(256)).lower()
Row = TypeVar("Row", bound=Stored | Entry)


class Erasure:
    """Rewrites whatever speaks of one driver, who is known by some names; pure but for the node's key.

    A name is a type and an id, as in ``("RFID", "04A1B2C3")`` or ``("contract", "FR-ALP-C00000001-5")``.
    """

    def __init__(self, keyring: Keyring, names: Iterable[tuple[str, str]] = ()) -> None:
        self._keyring = keyring
        known = [name for name in names if not _is_erased(name[1])]
        self.subjects = frozenset(keyring.subject(name[0], one) for name in known for one in _spellings(*name))
        words = {_word(*name): self.pseudonym(*name) for name in known}
        sought = sorted((word for word in words if _is_sought(word)), key=len, reverse=True)
        self._pseudonyms = [words[word] for word in sought]
        self._folded = [re.sub("[-*]", "", word).encode() for word in sought]
        text = "|".join(f"({_spelled(word)})" for word in sought) or "(?!)"
        # Not inside a longer id, nor inside a number with decimals.
        pattern = rf"(?<![0-9A-Za-z])(?<!\d\.)(?:{text})(?![0-9A-Za-z]|\.\d)"
        self._text = re.compile(pattern, re.IGNORECASE)
        self._octets = re.compile(pattern.encode(), re.IGNORECASE)

    def pseudonym(self, type: str, uid: str) -> str:
        """Return the name a token (or ``contract``) has from now on; erasing twice changes nothing."""
        if _is_erased(uid):
            return uid
        return _MARK + self._keyring.subject(type, _word(type, uid)).hex()[:_DIGITS].upper()

    # -- rows and entries ------------------------------------------------------------------------------------------

    def rewrite(self, row: Row) -> Row:
        """Return the row without the driver."""
        key = row.key
        if key.kind is Kind.TOKEN:
            key = Key(key.kind, key.owner, self.pseudonym(key.sub, key.id).casefold(), key.sub)
        body = self._body(row.body) if row.body is not None else None
        return replace(row, key=key, body=body, wire=None)

    def rewritten(self, row: Row) -> Row:
        """Return a row or an entry without the driver, where it carries one of the names."""
        return self.rewrite(row) if row.subject in self.subjects or row.contract in self.subjects else row

    def _body(self, body: Body) -> Body:
        match body:
            case Token():
                return self._token(body)
            case Session():
                return replace(body, token=self._charge_token(body.token))
            case Cdr():
                return replace(body, token=self._charge_token(body.token), remark=self._said(body.remark))
            case Authorization():
                token = self._token(body.token) if body.token is not None else None
                return replace(body, token=token, info=None, alias=None, parameter=None)
            case Command():
                return replace(body, message=self._said(body.message))
            case _:
                return body

    def _token(self, token: Token) -> Token:
        return replace(
            token,
            uid=self.pseudonym(token.type, token.uid),
            contract_id=self.pseudonym(CONTRACT, token.contract_id),
            visual_number=None,
            group_id=None,
            valid=False,
        )

    def _charge_token(self, token: ChargeToken) -> ChargeToken:
        return replace(
            token,
            uid=self.pseudonym(token.type, token.uid),
            contract_id=self.pseudonym(CONTRACT, token.contract_id),
        )

    # -- words -----------------------------------------------------------------------------------------------------

    def mentions(self, data: bytes) -> bool:
        """Whether one of the names may stand in these bytes, however it is spelled: quick, and never false wrongly."""
        folded = data.translate(_FOLD, _SEPARATORS)
        return any(word in folded for word in self._folded)

    def text(self, text: str) -> str:
        """Return a text with pseudonyms in place of the names."""
        return self._text.sub(lambda found: self._instead(found.lastindex, lower=found[0].islower()), text)

    def octets(self, data: bytes) -> bytes:
        """Return a message with pseudonyms in place of the names."""
        return self._octets.sub(lambda found: self._instead(found.lastindex, lower=found[0].islower()).encode(), data)

    def document(self, body: bytes) -> bytes:
        """Return a document of the register, in msgpack or a mere text, with pseudonyms in place of the names."""
        if not self.mentions(body):
            return body
        try:
            said = msgspec.msgpack.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = None
        return msgspec.msgpack.encode(self._within(said)) if isinstance(said, dict | list) else self.octets(body)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without its bodies where it is about the driver, else without the names in it."""
        about = exchange.subject in self.subjects
        return replace(
            exchange,
            operation=self.text(exchange.operation),
            ids=tuple(self.text(one) for one in exchange.ids),
            note=self.text(exchange.note),
            request=b"" if about else self.octets(exchange.request),
            response=b"" if about else self.octets(exchange.response),
        )

    def _within(self, said: Any) -> Any:
        match said:
            case str():
                return self.text(said)
            case bytes():
                return self.octets(said)
            case list():
                return [self._within(one) for one in said]
            case dict():
                return {self._within(name): self._within(one) for name, one in said.items()}
            case _:
                return said

    def _said(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def _instead(self, which: int | None, *, lower: bool) -> str:
        name = self._pseudonyms[(which or 1) - 1]
        return name.casefold() if lower else name


def _is_erased(uid: str) -> bool:
    return uid.upper().startswith(_MARK)


def _word(type: str, uid: str) -> str:
    """Return a name as compared: a contract is the same with separators and without, with its check digit or not."""
    if type != CONTRACT:
        return uid.casefold()
    word = uid.casefold().replace("-", "").replace("*", "")
    return word[:-1] if len(word) == _WITH_CHECK_DIGIT and _NEWER_CONTRACT.fullmatch(word) else word


def _is_sought(word: str) -> bool:
    return len(word) >= (_SHORTEST_NUMBER if word.isdecimal() else _SHORTEST)


def _spelled(word: str) -> str:
    """Return the pattern of a name: separators may stand in it, and a check digit after a contract."""
    pattern = "[-*]?".join(re.escape(letter) for letter in word if letter not in "-*")
    return rf"{pattern}(?:[-*]?[0-9A-Za-z])?" if _NEWER_CONTRACT.fullmatch(word) else pattern


def _spellings(type: str, uid: str) -> Iterable[str]:
    """Return the forms under which a name may have been hashed."""
    yield uid
    if type == CONTRACT:
        word = _word(type, uid)
        plain = uid.casefold().replace("-", "").replace("*", "")
        yield from (plain, word)
        if _NEWER_CONTRACT.fullmatch(word):
            dashed = f"{word[:2]}-{word[2:5]}-{word[5:]}"
            yield from (dashed, f"{dashed}-{plain[len(word) :]}", f"{dashed}{plain[len(word) :]}")
