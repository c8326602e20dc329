"""Client certificates for partners: issued, renewed and remembered (EMIP-131)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.hub import Hub
from interroam.core.manners import Certified
from interroam.core.office.authority import Authority, Issued
from interroam.core.office.certificates import Pair
from interroam.model.errors import Reason, Refused

if TYPE_CHECKING:
    from interroam.core.office.admin import Way

ISSUED = "certificate"


_SOON = timedelta(days=30)


class Validity(StrEnum):
    """How long a certificate still holds."""

    VALID = "valid"
    SOON = "soon"  # it ends within thirty days
    OVER = "over"


async def _nobody_listens() -> None:
    pass


class Issuing:
    """Issues certificates for the partners of a node by the node's own authority."""

    def __init__(self, hub: Hub, audit: Audit, ways: Mapping[str, Way], authority: Authority | None) -> None:
        self._hub = hub
        self._audit = audit
        self._ways = ways
        self._authority = authority
        self.on_made: Callable[[], Awaitable[None]] = _nobody_listens
        """Called when the authority was made: from then on its certificates open the door."""

    async def certificate(self, actor: Actor) -> str:
        """Return the authority's own certificate, PEM; it is made at first use."""
        actor.needs(Rank.VIEWER)
        return (await self._signer()).pair(self._hub.clock.now()).certificate

    async def issue(self, actor: Actor, id: str, *, renew: bool = False) -> tuple[Pair, Issued]:
        """Issue a partner's certificate, or another one where it has one already; its key is shown this once."""
        actor.needs(Rank.ADMIN)
        partner = self._hub.book.partners.get(id)
        if partner is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {id}", remedy="interroam partner list")
        way = self._ways.get(partner.protocol)
        room: object = way.room if way is not None else None
        name = room.certificate_id(partner) if isinstance(room, Certified) else partner.id
        known = await self.issued(id)
        now = self._hub.clock.now()
        if known is not None and not renew and known.until > now:
            message = f"partner {id} has a certificate until {known.until:%Y-%m-%d}"
            raise Refused(Reason.WRONG_STATE, message, remedy=f"interroam partner certificate renew {id}")
        if known is None and renew:
            message = f"partner {id} was issued no certificate yet"
            raise Refused(Reason.WRONG_STATE, message, remedy=f"interroam partner certificate issue {id}")
        pair, made = (await self._signer()).issue(id, name, now)
        await self._hub.store.save(ISSUED, id, msgspec.msgpack.encode(made))
        action = "partner certificate renew" if renew else "partner certificate issue"
        await self._audit.write(actor, action, id, name=name, until=f"{made.until:%Y-%m-%d}", serial=made.serial)
        return pair, made

    async def issued(self, id: str) -> Issued | None:
        """Return the newest certificate that a partner was issued here."""
        body = await self._hub.store.load(ISSUED, id)
        return msgspec.msgpack.decode(body, type=Issued) if body is not None else None

    async def all(self, actor: Actor) -> list[tuple[Issued, Validity]]:
        """Return the newest certificate of each partner that was issued one, the first to end first."""
        actor.needs(Rank.VIEWER)
        now = self._hub.clock.now()
        issued = [msgspec.msgpack.decode(body, type=Issued) for _, body in await self._hub.store.all(ISSUED)]
        return [(one, _validity(one.until, now)) for one in sorted(issued, key=lambda one: one.until)]

    async def _signer(self) -> Authority:
        if self._authority is None:
            raise Refused(Reason.NOT_OFFERED, "this node has no folder for an authority of its own")
        if not self._authority.exists():
            self._authority.pair(self._hub.clock.now())
            await self.on_made()
        return self._authority


def _validity(until: datetime, now: datetime) -> Validity:
    if until <= now:
        return Validity.OVER
    return Validity.SOON if until - now <= _SOON else Validity.VALID
