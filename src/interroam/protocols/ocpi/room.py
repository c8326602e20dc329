"""The OCPI room as the node introduces it: a door, links to partners, registrations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from interroam.core.hub import Hub
from interroam.model.ids import PartyId
from interroam.model.parties import Partner
from interroam.net.client import Client
from interroam.net.http import JSON, Handler, Response
from interroam.net.shown import Shown
from interroam.protocols.ocpi.calls import Calls
from interroam.protocols.ocpi.client import OcpiLink
from interroam.protocols.ocpi.handshake.guest import Guest
from interroam.protocols.ocpi.handshake.host import Host
from interroam.protocols.ocpi.handshake.ours import Ours
from interroam.protocols.ocpi.handshake.theirs import Scout
from interroam.protocols.ocpi.server import OcpiServer
from interroam.protocols.ocpi.views import Views
from interroam.protocols.ocpi.wire.envelope import failure


class OcpiRoom:
    """Speaks OCPI 2.2.1.

    ``base_url`` is where partners reach this node, with scheme and without a path; ``own`` the party the node is
    itself; ``name`` the business name partners see.
    """

    name = "ocpi"

    def __init__(
        self,
        hub: Hub,
        *,
        client: Client,
        base_url: Callable[[], str] | str,
        own: PartyId,
        business: str = "Interroam",
        insecure_http: bool = False,
        authorities: Path | None = None,
    ) -> None:
        self._hub = hub
        self._base_url = base_url if callable(base_url) else lambda: base_url
        self._insecure = insecure_http
        self._calls = Calls(
            client, hub.store, hub.clock, hub.ids, hub.liveness.answered, Shown(hub.book, authorities).to
        )
        self.views = Views(hub)
        ours = Ours(hub.book, lambda: self._base_url().rstrip("/"), business)
        scout = Scout(self._calls, insecure_http=insecure_http)
        self._host = Host(hub, ours, scout)
        self._guest = Guest(hub, self._calls, ours, scout, self._host)
        self.handler: Handler = OcpiServer(hub, self._host, self._base_url, own, self.views).handle
        """Answers whatever comes to ``/ocpi``."""

    def refusal(self, status: int, message: str) -> Response:
        """Refuse in the envelope of OCPI what never came as far as the server."""
        return Response(status, [JSON], failure(3000 if status >= 500 else 2000, message, self._hub.clock.now()))

    def link(self, partner: Partner) -> OcpiLink:
        """Return a link to this partner as it is wired now."""
        return OcpiLink(partner, self._hub, self._calls, self.views, self._base_url, insecure_http=self._insecure)

    async def register(self, partner: Partner, url: str, token: str) -> Partner:
        """Register with the partner whose versions are at ``url``, with the token it gave us."""
        return await self._guest.register(partner, url, token)

    async def unregister(self, partner: Partner) -> Partner:
        """End the registration on both sides."""
        return await self._guest.unregister(partner)

    async def rotate(self, partner: Partner) -> Partner:
        """Exchange new secrets with the partner."""
        return await self._guest.rotate(partner)
