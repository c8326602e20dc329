"""The OCPI room as the node introduces it: a door, links to partners, registrations."""

from __future__ import annotations

from interroam.core.hub import Hub
from interroam.model.parties import Partner, Purpose
from interroam.net.http import JSON, Handler, Response
from interroam.net.premises import Premises
from interroam.net.shown import Shown
from interroam.protocols.ocpi.calls import Calls
from interroam.protocols.ocpi.client import OcpiLink
from interroam.protocols.ocpi.handshake.guest import Guest
from interroam.protocols.ocpi.handshake.host import Host
from interroam.protocols.ocpi.handshake.ours import Ours
from interroam.protocols.ocpi.handshake.theirs import Scout
from interroam.protocols.ocpi.server import OcpiServer
from interroam.protocols.ocpi.translate import token_said
from interroam.protocols.ocpi.views import Views
from interroam.protocols.ocpi.wire.envelope import failure


class OcpiRoom:
    """Speaks OCPI 2.2.1, and 2.1.1 with who is not there yet."""

    name = "ocpi"
    prefix = "/ocpi"
    entrance = "/ocpi/versions"
    first = Purpose.REGISTRATION
    body_bytes: int | None = None

    def __init__(self, hub: Hub, premises: Premises) -> None:
        self._hub = hub
        self._premises = premises
        shown = Shown(hub.book, premises.authorities)
        self._calls = Calls(premises.client, hub.store, hub.clock, hub.ids, hub.liveness.answered, shown.to)
        self.views = Views(hub)
        hub.forgetting.append(token_said.cache_clear)
        ours = Ours(hub.book, premises.url, premises.name, insecure_http=premises.insecure_http)
        scout = Scout(self._calls, insecure_http=premises.insecure_http)
        self._host = Host(hub, ours, scout)
        self._guest = Guest(hub, self._calls, ours, scout, self._host)
        self.handler: Handler = OcpiServer(hub, self._host, premises.url, premises.own, self.views).handle
        """Answers whatever comes to ``/ocpi``."""

    def refusal(self, status: int, message: str) -> Response:
        """Refuse in the envelope of OCPI what never came as far as the server."""
        return Response(status, [JSON], failure(3000 if status >= 500 else 2000, message, self._hub.clock.now()))

    def link(self, partner: Partner) -> OcpiLink:
        """Return a link to this partner as it is wired now."""
        url, insecure = self._premises.url, self._premises.insecure_http
        return OcpiLink(partner, self._hub, self._calls, self.views, url, insecure_http=insecure)

    async def register(self, partner: Partner, url: str, token: str) -> Partner:
        """Register with the partner whose versions are at ``url``, with the token it gave us."""
        return await self._guest.register(partner, url, token)

    async def unregister(self, partner: Partner) -> Partner:
        """End the registration on both sides."""
        return await self._guest.unregister(partner)

    async def rotate(self, partner: Partner) -> Partner:
        """Exchange new secrets with the partner."""
        return await self._guest.rotate(partner)
