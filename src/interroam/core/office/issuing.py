"""Client certificates for partners: issued, renewed, revoked and remembered (EMIP-131)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.core.manners import Certified
from interroam.core.office.authority import Authority, Cause, Issued
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
    REVOKED = "revoked"


async def _nobody_listens() -> None:
    pass


class Issuing:
    """Issues certificates for the partners of a node by the node's own authority."""

    def __init__(
        self,
        hub: Hub,
        audit: Audit,
        ways: Mapping[str, Way],
        authority: Authority | None,
        overlap: timedelta = timedelta(),
    ) -> None:
        self._hub = hub
        self._audit = audit
        self._ways = ways
        self._authority = authority
        self._overlap = overlap
        self._documents = Documents(hub.store, ISSUED, Issued)
        self._known: dict[str, Issued] = {}
        self._ending = False
        """Whether anything was revoked, now or for later."""
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
        known, now = self.issued(id), self._hub.clock.now()
        if known is not None and not renew and known.until > now:
            message = f"partner {id} has a certificate until {known.until:%Y-%m-%d}"
            raise Refused(Reason.WRONG_STATE, message, remedy=f"interroam partner certificate renew {id}")
        if known is None and renew:
            message = f"partner {id} has no certificate of ours"
            raise Refused(Reason.WRONG_STATE, message, remedy=f"interroam partner certificate issue {id}")
        pair, made = (await self._signer()).issue(id, name, now)
        await self._keep(made)
        action = "partner certificate renew" if renew else "partner certificate issue"
        await self._audit.write(actor, action, id, name=name, until=f"{made.until:%Y-%m-%d}", serial=made.serial)
        if self._overlap > timedelta():
            await self._supersede(actor, made, now + self._overlap)
        return pair, made

    def issued(self, id: str) -> Issued | None:
        """Return the newest certificate that a partner was issued here and that is not revoked."""
        now = self._hub.clock.now()
        own = [one for one in self._known.values() if one.partner == id and not one.is_revoked(now)]
        return max(reversed(own), key=lambda one: one.since, default=None)

    def all(self, actor: Actor) -> list[tuple[Issued, Validity]]:
        """Return what was issued here and has not ended, and the newest of each partner; the first to end first."""
        actor.needs(Rank.VIEWER)
        now = self._hub.clock.now()
        newest = {one.partner: one for one in sorted(self._known.values(), key=lambda one: one.since)}
        shown = [one for one in self._known.values() if one.until > now or newest[one.partner] is one]
        return [(one, _validity(one, now)) for one in sorted(shown, key=lambda one: one.until)]

    # -- revoking --------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read what was issued; documents of former releases bear the partner's name."""
        for name, one in (await self._documents.all()).items():
            if name != one.serial:
                await self._keep(one)
                await self._documents.remove(name)
            else:
                self._know(one)

    async def revoke(self, actor: Actor, serial: str, cause: Cause = Cause.UNSPECIFIED) -> Issued:
        """Let a certificate open nothing any more, from now on and for ever."""
        actor.needs(Rank.ADMIN)
        one, now = self._known.get(_plain(serial)), self._hub.clock.now()
        if one is None:
            message = f"no certificate {serial} was issued here"
            raise Refused(Reason.UNKNOWN_OBJECT, message, remedy="interroam partner certificate list")
        if one.is_revoked(now):
            raise Refused(Reason.WRONG_STATE, f"certificate {one.serial} is revoked since {one.revoked:%Y-%m-%d %H:%M}")
        one = replace(one, revoked=now, cause=cause)
        await self._keep(one)
        await self._audit.write(
            actor, "partner certificate revoke", one.partner, name=one.name, serial=one.serial, cause=cause.value
        )
        return one

    async def revocations(self, actor: Actor) -> str:
        """Return the signed list of what is revoked and has not ended, PEM."""
        actor.needs(Rank.VIEWER)
        now = self._hub.clock.now()
        revoked = [one for one in self._known.values() if one.is_revoked(now) and one.until > now]
        return (await self._signer()).revocations(sorted(revoked, key=lambda one: one.serial), now)

    def barred(self, certificate: bytes) -> Issued | None:
        """Return a certificate, DER, when it is one of ours and revoked."""
        if not self._ending or self._authority is None:
            return None
        one = self._known.get(self._authority.serial_of(certificate) or "")
        return one if one is not None and one.is_revoked(self._hub.clock.now()) else None

    async def _supersede(self, actor: Actor, made: Issued, end: datetime) -> None:
        """Have a partner's former certificates revoked when the overlap is over."""
        for one in list(self._known.values()):
            if one.partner == made.partner and one.serial != made.serial and one.revoked is None and one.until > end:
                await self._keep(replace(one, revoked=end, cause=Cause.SUPERSEDED))
                ends = f"{end:%Y-%m-%d %H:%M}"
                await self._audit.write(
                    actor, "partner certificate revoke", one.partner, serial=one.serial, since=ends, cause="superseded"
                )

    async def _keep(self, one: Issued) -> None:
        await self._documents.save(one.serial, one)
        self._know(one)

    def _know(self, one: Issued) -> None:
        self._known[one.serial] = one
        self._ending = self._ending or one.revoked is not None

    async def _signer(self) -> Authority:
        if self._authority is None:
            raise Refused(Reason.NOT_OFFERED, "this node has no folder for an authority of its own")
        if not self._authority.exists():
            self._authority.pair(self._hub.clock.now())
            await self.on_made()
        return self._authority


def _validity(one: Issued, now: datetime) -> Validity:
    if one.is_revoked(now):
        return Validity.REVOKED
    end = min(one.until, one.revoked or one.until)
    if end <= now:
        return Validity.OVER
    return Validity.SOON if end - now <= _SOON else Validity.VALID


def _plain(serial: str) -> str:
    """Return a serial as it is kept, however it is written: with colons, in capitals, with zeros before it."""
    return serial.casefold().replace(":", "").replace(" ", "").removeprefix("0x").lstrip("0")
