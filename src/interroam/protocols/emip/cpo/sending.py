"""What a CPO's node sends to one platform: the header, the transaction, and what the answer means for the courier."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from interroam.core.ports import EPOCH
from interroam.model.facts import Entry
from interroam.model.ids import PartyId
from interroam.model.parties import Partner
from interroam.protocols.emip.calls import About, Called, Calls, header, transaction_of
from interroam.protocols.emip.wire.operations import operation_of
from interroam.protocols.emip.wire.types import ToIop


class Message:
    """What is to be said, of whom and in which form, without its header."""

    def __init__(self, form: type[ToIop], owner: PartyId, **fields: Any) -> None:
        self.form = form
        self.owner = owner
        self.fields = fields


class Sending:
    """The way to one platform."""

    def __init__(self, partner: Partner, calls: Calls, own: PartyId) -> None:
        self._partner = partner
        self._calls = calls
        self._own = own

    @property
    def partner(self) -> str:
        """The platform's id here."""
        return self._partner.id

    async def send(self, entry: Entry, message: Message, about: str, version: int, ids: tuple[str, ...] = ()) -> Any:
        """Send what delivers an entry; Refused when it was not done, Unavailable when nobody answered (EMIP-48)."""
        transaction = self.transaction(entry, message.form, about, version)
        called = await self._call(message, transaction, About(correlation=entry.correlation, ids=ids, seq=entry.seq))
        return called.check()

    async def ask(self, message: Message, correlation: str, subject: bytes = b"", transaction: str = "") -> Called:
        """Send what waits for nothing and is never sent again (EMIP-49)."""
        return await self._call(message, transaction or None, About(correlation=correlation, subject=subject))

    @staticmethod
    def transaction(entry: Entry, form: type[ToIop], about: str, version: int) -> str:
        """Return the id of a message: the same whenever it is tried again, never that of another one (EMIP-133).

        It is made of the entry, of what the message is about and of the version of that. What is told anew on request
        has no entry, and begins again after a restart; then the request's own id is in its correlation.
        """
        part = f"{about}:{version}" if entry.seq else f"{about}:{version}:{entry.correlation}"
        return transaction_of(entry if entry.seq else replace(entry, at=EPOCH), operation_of(form), part)

    async def _call(self, message: Message, transaction: str | None, about: About) -> Called:
        head = header(self._partner, self._own, message.owner)
        body = message.form(transaction_id=transaction, **head, **message.fields)
        return await self._calls.call(self._partner, body, about=about)
