"""What a CPO's node sends to one platform: the header, the transaction, and what the answer means for the courier."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from interroam.core.ports import EPOCH
from interroam.model.facts import Entry
from interroam.model.ids import PartyId
from interroam.protocols.emip.calls import About, Called, transaction_of
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.wire.operations import operation_of
from interroam.protocols.emip.wire.types import ToIop

_DIGEST_BYTES = 16


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

    async def send(self, entry: Entry, message: Message) -> Any:
        """Send what delivers an entry; Refused when it was not done, Unavailable when nobody answered (EMIP-48)."""
        body = self._written(message)
        said = blake2b(msgspec.msgpack.encode(body), digest_size=_DIGEST_BYTES).hexdigest()
        told = About(correlation=entry.correlation, ids=(entry.hub_id,), seq=entry.seq, subject=entry.subject)
        return (await self._peer.call(body, id_of(entry, message.form, said), told)).check()

    async def ask(self, message: Message, correlation: str, subject: bytes = b"") -> Called:
        """Send what waits for nothing and is never sent again (EMIP-49)."""
        return await self._peer.call(
            self._written(message), about=About(correlation=correlation, ids=(subject.hex(),), subject=subject)
        )

    def _written(self, message: Message) -> ToIop:
        return message.form(**self._peer.header(message.owner), **message.fields)


def id_of(entry: Entry, form: type[ToIop], part: str) -> str:
    """Return the id of a message: the same whenever it is tried again, never that of another one (EMIP-133).

    It is made of the entry and of all that the message says. What is told anew on request has no entry, and begins
    again after a restart; then the request's own id is in its correlation.
    """
    if entry.seq:
        return transaction_of(entry, operation_of(form), part)
    return transaction_of(replace(entry, at=EPOCH), operation_of(form), f"{entry.correlation}:{part}")
