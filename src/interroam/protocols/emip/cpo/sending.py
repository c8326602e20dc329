"""What a CPO's node sends to one platform: the header, the transaction, and what the answer means for the courier."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from interroam.core.ports import EPOCH
from interroam.model.facts import Entry
from interroam.model.ids import PartyId
from interroam.protocols.emip.calls import About, Called, transaction_of
from interroam.protocols.emip.client.peer import Peer
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

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    @property
    def partner(self) -> str:
        """The platform's id here."""
        return self._peer.partner.id

    async def send(self, entry: Entry, message: Message, about: str, version: int) -> Any:
        """Send what delivers an entry; Refused when it was not done, Unavailable when nobody answered (EMIP-48)."""
        transaction = self.transaction(entry, message.form, about, version)
        told = About(correlation=entry.correlation, ids=(entry.hub_id,), seq=entry.seq, subject=entry.subject)
        return (await self._peer.call(self._written(message), transaction, told)).check()

    async def ask(self, message: Message, correlation: str, subject: bytes = b"") -> Called:
        """Send what waits for nothing and is never sent again (EMIP-49)."""
        return await self._peer.call(
            self._written(message), about=About(correlation=correlation, ids=(subject.hex(),), subject=subject)
        )

    @staticmethod
    def transaction(entry: Entry, form: type[ToIop], about: str, version: int) -> str:
        """Return the id of a message: the same whenever it is tried again, never that of another one (EMIP-133).

        It is made of the entry, of what the message is about and of the version of that. What is told anew on request
        has no entry, and begins again after a restart; then the request's own id is in its correlation.
        """
        part = f"{about}:{version}" if entry.seq else f"{about}:{version}:{entry.correlation}"
        return transaction_of(entry if entry.seq else replace(entry, at=EPOCH), operation_of(form), part)

    def _written(self, message: Message) -> ToIop:
        return message.form(**self._peer.header(message.owner), **message.fields)
