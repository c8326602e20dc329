"""The users of an eMSP on their way to the platform's white list: as they change, and every so many hours (EMIP-76).

- A token that is not valid goes as a black entry: the platform knows a no for sure, and asks nobody. One that is no
  more, or of which its issuer wants to be asked each time (NEVER), is deleted: nobody may decide by it.
- Each upload says what changed since the one before; that place in the journal outlives a restart. It goes in
  messages of at most 500 entries (EMIP-78); where nothing changed, with an empty list if the time between two is an
  hour or more, else not at all (EMIP-77). When aliases change, everybody is uploaded under the new one (EMIP-118).
- Whatever is sent again keeps its transactionId (EMIP-133).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.hub import Hub
from interroam.core.ports import EPOCH
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Act, Entry, Stored
from interroam.model.ids import Key, Kind, Module, PartyId, Role
from interroam.model.parties import Partner
from interroam.model.tokens import Token, Whitelist
from interroam.protocols.emip.calls import NOTHING, About, transaction_of
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.emsp.aliases import alias_of
from interroam.protocols.emip.rules.codes import COLLISION
from interroam.protocols.emip.translate.tokens import DELETE, INSERT, UPDATE, write_token
from interroam.protocols.emip.wire import to_iop
from interroam.protocols.emip.wire.types import AuthenticationData

log = structlog.get_logger()

MOST = 500
SHELF = "emip.upload"
_PAGE = 1000
_OPERATION = "SetAuthenticationData"
_NAMES = UUID("0f6b4d1c-6a9e-5c53-9a57-5d2c3b1e7f10")


class Uploaded(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the users of one eMSP were uploaded, when, under the aliases of which period."""

    through: int = 0
    at: datetime | None = None
    period: str = ""
    target: int | None = None
    """The place in the journal up to which the upload under way goes: its messages are the same when tried again."""
    done: int = 0
    """How many of its messages the platform has taken."""


class Uploads:
    """Uploads to one platform."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._hub = peer.hub
        self._kept = Documents(peer.hub.store, SHELF, Uploaded)
        self._switches = peer.switches
        self._turn = asyncio.Lock()
        """What is uploaded at once and what is uploaded by the hour do not overtake each other."""

    # -- as they change --------------------------------------------------------------------------------------------

    async def deliver(self, entry: Entry) -> None:
        """Upload what an entry says of a token; Refused when it is not taken, Unavailable when nobody answered."""
        if self._switches.whitelist_at_once:
            async with self._turn:
                await self._deliver(entry)

    async def _deliver(self, entry: Entry) -> None:
        row = await self._hub.store.get(entry.key)
        if row is not None and entry.seq < row.version <= (await self.uploaded(entry.key.party)).through:
            return  # something newer was uploaded by the hour while this waited
        created = entry.created or not entry.seq  # what comes with the picture is new to the platform
        said = self._said(row, entry.body, created=created, gone=entry.act is Act.WITHDRAWAL)
        if said is not None:
            transaction = transaction_of(entry, _OPERATION, entry.key)
            if not entry.seq and row is not None:  # the same as long as the object is
                transaction = transaction_of(replace(entry, at=EPOCH), _OPERATION, f"{entry.key}:{row.version}")
            about = About(correlation=entry.correlation, seq=entry.seq, subject=entry.subject)
            await self._send(entry.key.party, (said,), transaction, about)
        if entry.seq:
            await self._reached(entry.key.party, entry.seq)

    async def _reached(self, emsp: PartyId, seq: int) -> None:
        """Note that an upload need not say this again."""
        known = await self.uploaded(emsp)
        if seq > known.through and known.target is None:
            period = self._period(self._hub.clock.now())
            known = replace(known, period=period) if not known.period else known
            await self._keep(emsp, replace(known, through=seq))

    # -- every so many hours ---------------------------------------------------------------------------------------

    async def due(self, emsp: PartyId) -> bool:
        """Whether it is time for an upload."""
        hours = self._switches.whitelist_hours
        if hours <= 0:
            return False
        known = await self.uploaded(emsp)
        now = self._hub.clock.now()
        return known.target is not None or known.at is None or now - known.at >= timedelta(hours=hours)

    async def upload(self, emsp: PartyId) -> int:
        """Upload what changed since the last time; returns how many entries that were."""
        async with self._turn:
            return await self._upload(emsp)

    async def _upload(self, emsp: PartyId) -> int:
        now = self._hub.clock.now()
        known, period = await self.uploaded(emsp), self._period(now)
        if known.target is None:
            known = replace(known, target=self._hub.store.head(), done=0)
            await self._keep(emsp, known)
        target = known.target or 0
        anew = known.period not in ("", period)
        entries = await self._changes(emsp, 0 if anew else known.through, target)
        messages = [entries[first : first + MOST] for first in range(0, len(entries), MOST)]
        if not messages and self._switches.whitelist_hours >= 1:
            messages = [[]]
        for number, message in enumerate(messages):
            if number < known.done:
                continue
            name = f"{self._peer.partner.id}:{emsp}:{known.through}:{target}:{number}:{known.at}"
            await self._send(emsp, message, str(uuid5(_NAMES, name)))
            known = replace(known, done=number + 1)
            await self._keep(emsp, known)
        await self._keep(emsp, Uploaded(through=target, at=now, period=period))
        return len(entries)

    async def _changes(self, emsp: PartyId, after: int, through: int) -> list[AuthenticationData]:
        """Return what became of each token since then, in the order in which they changed last."""
        fresh: dict[Key, bool] = {}
        while after < through:
            page = await self._hub.store.entries(after, _PAGE, kinds={Kind.TOKEN}, through=through)
            if not page:
                break
            for entry in page:
                if entry.key.party == emsp:
                    fresh[entry.key] = fresh.pop(entry.key, entry.created)
            after = page[-1].seq
        rows = [(await self._hub.store.get(key), created) for key, created in fresh.items()]
        told = [self._said(row, None, created=created, gone=False) for row, created in rows]
        return [one for one in told if one is not None]

    def _period(self, now: datetime) -> str:
        """Return what everybody is to be uploaded again after: another alias, half of an expiry."""
        days, expiry = (now - EPOCH).days, self._switches.expiry_days
        return f"{days // max(self._switches.alias_days, 1)}/{days // max(expiry // 2, 1) if expiry else 0}"

    async def uploaded(self, emsp: PartyId) -> Uploaded:
        """Return how far the users of an eMSP were uploaded."""
        return await self._kept.load(f"{self._peer.partner.id}/{emsp}") or Uploaded()

    async def _keep(self, emsp: PartyId, uploaded: Uploaded) -> None:
        await self._kept.save(f"{self._peer.partner.id}/{emsp}", uploaded)

    # -- both ------------------------------------------------------------------------------------------------------

    def _said(self, row: Stored | None, body: object, *, created: bool, gone: bool) -> AuthenticationData | None:
        """Return what is to be said of a token; None where there is nothing."""
        token = body if isinstance(body, Token) else row.body if row is not None else None
        if not isinstance(token, Token):
            return None
        if gone or _is_gone(row, token):
            return None if created else write_token(token, None, DELETE, seller=False)
        now = self._hub.clock.now()
        alias = alias_of(self._hub.book.keyring, token.owner, token.contract_id, now, self._switches.alias_days)
        if token.expires is None and self._switches.expiry_days > 0:
            until = max(now, token.last_updated) + timedelta(days=self._switches.expiry_days)
            token = replace(token, expires=until.replace(microsecond=0))
        return write_token(token, None, INSERT if created else UPDATE, alias=alias, seller=False)

    async def _send(
        self, emsp: PartyId, entries: Iterable[AuthenticationData], transaction: str, about: About = NOTHING
    ) -> None:
        message = to_iop.SetAuthenticationData(**self._peer.header(emsp), authentication_data_list=tuple(entries))
        called = await self._peer.call(message, transaction, about)
        answer: to_iop.SetAuthenticationDataResponse = called.check()
        collided = [one for one in answer.authentication_data_error_list or () if one.request_status == COLLISION]
        if not collided:
            return
        log.warning("users_of_others", partner=self._peer.partner.id, emsp=str(emsp), count=len(collided))
        if about.seq:  # it lies on the shelf, so that somebody looks at it
            comment = collided[0].comment or "another eMSP has this user"
            raise Refused(Reason.CONFLICT, comment, code=str(COLLISION))


def _is_gone(row: Stored | None, token: Token) -> bool:
    return row is None or row.withdrawn or token.whitelist is Whitelist.NEVER


def hosted(hub: Hub, platform: Partner) -> Sequence[PartyId]:
    """Return the eMSPs whose back office is connected here and which roam through a platform."""
    now = hub.clock.now()
    roaming = [
        one.emsp
        for one in hub.book.routing.agreements
        if one.in_force(now) and one.of(Module.TOKENS).on and any(cpo in platform.parties for cpo in one.cpos)
    ]
    own = {party for partner in hub.book.partners.values() if not partner.is_hub for party in partner.parties}
    return list(dict.fromkeys(emsp.id for emsp in roaming if emsp.role is Role.EMSP and emsp in own))
