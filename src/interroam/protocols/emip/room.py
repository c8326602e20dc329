"""The eMIP room as the node introduces it: a door, links to partners, registrations, and what is due by the hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from itertools import count
from typing import Any, Protocol

import structlog
from msgspec.structs import replace

from interroam.core.chores import ended
from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.ids import Party
from interroam.model.parties import Partner, PartnerState, Purpose
from interroam.net.client import shown
from interroam.net.http import Handler, Response
from interroam.net.premises import Premises
from interroam.net.shown import Shown
from interroam.protocols.emip.bridge.touched import Flavor
from interroam.protocols.emip.calls import Calls
from interroam.protocols.emip.client.changes import Pusher
from interroam.protocols.emip.client.link import EmipLink, PlatformLink, Side
from interroam.protocols.emip.client.peer import Peer
from interroam.protocols.emip.cpo.side import Cpo
from interroam.protocols.emip.emsp.side import Emsp
from interroam.protocols.emip.profiles import certificate_of, partner_id_of, switches
from interroam.protocols.emip.pulse import Pulse
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.server.desk import Desk
from interroam.protocols.emip.server.desk import Handler as Handles
from interroam.protocols.emip.server.front import Front
from interroam.protocols.emip.server.table import HANDLERS
from interroam.protocols.emip.wiring import Wiring, wired, wiring_of

log = structlog.get_logger()

BODY_BYTES = 10 * 1024 * 1024
_EARLY = 0.9
"""The part of a period after which a heartbeat goes, so that it is there in time."""


class Played(Protocol):
    """What this node is before platforms: the CPOs it hosts, or the eMSPs."""

    @property
    def handlers(self) -> Mapping[str, Handles]:
        """What a platform may ask of them, by the names of the operations."""
        ...

    def towards(self, peer: Peer) -> Side:
        """Return what they are to one platform, as it is wired now."""
        ...

    async def stop(self) -> None:
        """End what runs for all platforms; a platform that is wired anew ends nothing."""
        ...


class EmipRoom:
    """Speaks eMIP 0.7.4: as the platform where the node is a hub, else as a CPO or an eMSP before one."""

    name = PROTOCOL
    prefix = "/emip"
    entrance = prefix
    first = Purpose.NOTHING
    body_bytes: int | None = BODY_BYTES

    def __init__(self, hub: Hub, premises: Premises) -> None:
        self._hub = hub
        self._insecure = premises.insecure_http
        self._own = own = premises.own
        self.pulse = Pulse()
        self.calls = Calls(hub, premises.client, self.pulse, Shown(hub.book, premises.authorities).to)
        self.desk = Desk(hub, self.calls, self.pulse, own)
        self._pusher = Pusher(hub, self.desk.changes, self.desk.flows)
        self.desk.flows.on_start = self._started
        self._played: tuple[Played, ...] = (Cpo(hub), Emsp())
        handlers = {name: handler for one in self._played for name, handler in one.handlers.items()}
        self.front = Front(self.desk, {**HANDLERS, **handlers}, insecure=self._insecure, base_url=premises.url)
        self.handler: Handler = self.front.handle
        """Answers whatever comes to ``/emip``."""
        self._asked: dict[str, datetime] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}

    def refusal(self, status: int, message: str) -> Response:
        """Refuse as a fault what never came as far as the front."""
        return self.front.refusal(status, message)

    # -- links -------------------------------------------------------------------------------------------------------

    def link(self, partner: Partner) -> EmipLink:
        """Return a link to this partner as it is wired now; Refused when its switches are wrong, its name taken."""
        called = partner_id_of(partner).casefold()
        for other in self._hub.book.partners.values():
            if other.protocol == PROTOCOL and other.id != partner.id and partner_id_of(other).casefold() == called:
                raise Refused(Reason.CONFLICT, f"partner {other.id} is called {called} already", remedy="name another")
        peer = Peer(partner, self._hub, self.calls, self._own, self._pusher)
        sides = [one.towards for one in self._played]
        return PlatformLink(peer, self.pulse, sides) if partner.is_hub else EmipLink(peer)

    # -- who is who --------------------------------------------------------------------------------------------------

    def completed(self, partner: Partner) -> Partner:
        """Return a new partner of a platform with a partnerId, made here where none is given (EMIP-131)."""
        if not self._hub.is_hub or partner.is_hub or switches(partner).partner_id or not partner.parties:
            return partner
        country = partner.parties[0].id.country
        taken = {partner_id_of(one).casefold() for one in self._hub.book.partners.values() if one.protocol == PROTOCOL}
        free = (f"{country}*P{number:02}" for number in count(1))
        made = next(name for name in free if name.casefold() not in taken)
        return replace(partner, switches={**partner.switches, "partner_id": made})

    @staticmethod
    def certificate_id(partner: Partner) -> str:
        """Return the common name of the certificate that a partner is to show (EMIP-13)."""
        return certificate_of(partner)

    # -- registrations -----------------------------------------------------------------------------------------------

    async def register(self, partner: Partner, url: str, token: str) -> Partner:  # noqa: ARG002  as the port has it
        """Wire where a partner is called, after a heartbeat where it answers one (EMIP-8)."""
        if not url.startswith(("https://", "http://") if self._insecure else ("https://",)):
            message = f"{shown(url)} is no https address"
            raise Refused(Reason.PARTNER_UNUSABLE, message, remedy="eMIP is spoken over HTTPS")
        if "@" in url.partition("://")[2].partition("/")[0]:  # it would stand in traces (EMIP-120)
            remedy = "leave name and password out: who calls shows in its certificate"
            raise Refused(Reason.PARTNER_UNUSABLE, f"{shown(url)} is no address one could call", remedy=remedy)
        new = wired(replace(partner, state=PartnerState.CONNECTED, since=self._hub.clock.now()), Wiring(url=url))
        if partner.is_hub or switches(partner).heartbeats:
            try:
                await self.link(new).beat()
            except (Refused, Unavailable) as no:
                message = f"the heartbeat to {shown(url)} failed: {no.message}"
                raise Refused(
                    Reason.PARTNER_UNUSABLE, message, remedy="is the address right, our certificate known?"
                ) from no
        return new

    async def unregister(self, partner: Partner) -> Partner:
        """Forget where a partner is called; the protocol has no farewell."""
        if not wiring_of(partner).url:
            raise Refused(Reason.WRONG_STATE, f"partner {partner.id} has no address")
        return wired(replace(partner, state=PartnerState.PLANNED), Wiring())

    async def rotate(self, partner: Partner) -> Partner:
        """Refuse: who calls shows in its certificate, which is renewed by itself."""
        remedy = f"interroam partner certificate renew {partner.id}"
        raise Refused(Reason.NOT_OFFERED, "eMIP has no secrets but certificates", remedy=remedy)

    # -- by the hour -------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Do what is due: heartbeats out, partners gone silent, what the sides have to do; about once a second."""
        now = self._hub.clock.now()
        for partner in list(self._hub.book.partners.values()):
            if partner.protocol != PROTOCOL or partner.state is PartnerState.SUSPENDED:
                continue
            link = self._hub.links.get(partner.id)
            if not isinstance(link, EmipLink):
                continue
            if partner.is_hub or switches(partner).heartbeats:
                self._beat_if_due(partner, link, now)
            if not partner.is_hub:
                await self._hub.liveness.lapse(partner.id, self.desk.period(partner.id))  # EMIP-36
            self._once(f"{partner.id} tick", link.tick)
        await self.front.repeats.clean()

    def _started(self, emsp: Party, flavor: Flavor) -> None:
        """Begin with a flow that was switched on, where nothing else is under way."""
        self._pusher.start(emsp, flavor)
        for partner in self._hub.book.partners.values():
            link = self._hub.links.get(partner.id)
            if emsp in partner.parties and isinstance(link, EmipLink):
                self._once(f"{partner.id} tick", link.tick)

    def _beat_if_due(self, partner: Partner, link: EmipLink, now: datetime) -> None:
        """Beat when a platform heard nothing for a period, or when a partner is to be asked (EMIP-34, EMIP-39)."""
        if not wiring_of(partner).url:
            return
        period = float(self.desk.period(partner.id))
        last = self._asked.get(partner.id)
        if partner.is_hub:
            period = self.pulse.period(partner.id, period)
            sent = self.pulse.last(partner.id)
            last = max((one for one in (last, sent) if one is not None), default=None)
        if last is None or (now - last).total_seconds() >= period * _EARLY:
            self._asked[partner.id] = now
            self._once(f"{partner.id} beat", link.beat)

    def _once(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start something unless it still runs from last time."""
        if name in self._busy:
            return

        async def run() -> None:
            try:
                await work()
            except (Refused, Unavailable) as no:
                log.warning("emip_chore_failed", chore=name, message=no.message)
            except Exception:
                log.exception("emip_chore_failed", chore=name)

        task = self._busy[name] = asyncio.get_running_loop().create_task(run())
        task.add_done_callback(lambda _: self._busy.pop(name, None))

    async def stop(self) -> None:
        """End what runs."""
        await self._pusher.close()
        await ended(self._busy.values())
        await asyncio.gather(*(one.stop() for one in self._played))
        await self.front.stop()
