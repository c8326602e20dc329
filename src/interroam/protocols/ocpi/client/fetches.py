"""What we fetch from a partner, and how we see whether it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from interroam.core.hub import Hub
from interroam.core.ports import Pulled
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Fact
from interroam.model.ids import Key, Kind, Party, PartyId
from interroam.model.parties import Partner, Standing
from interroam.protocols.ocpi.bridge import Lifting
from interroam.protocols.ocpi.calls import Address, Call, Called, Calls, routing, unusable
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.urls import is_secure, is_usable, join
from interroam.protocols.ocpi.translate.clientinfo import write_standing
from interroam.protocols.ocpi.v211 import lower_window
from interroam.protocols.ocpi.views import Looks
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wiring import party_of, wiring_of

from .old import lifted_list
from .pulls import MODULES, crawl, first_url
from .reading import read_object
from .verdicts import check_answer, check_delivery

PAGE_WITHIN_S = 30.0


class Fetches:
    """Calls a partner's Sender interfaces; its Receiver interfaces are never read (OCPI-89)."""

    def __init__(
        self,
        partner: Partner,
        hub: Hub,
        calls: Calls,
        views: Looks,
        address: Address | None,
        *,
        insecure_http: bool,
    ) -> None:
        self._partner = partner
        self._hub = hub
        self._calls = calls
        self._known_as = address
        self._insecure = insecure_http
        self._wiring = wiring_of(partner)
        self._views = views

    def shows(self, kind: Kind) -> bool:
        """Whether the partner has a list of this kind."""
        return self._wiring.endpoint(MODULES[kind], "SENDER") is not None

    @property
    def _lifting(self) -> Lifting | None:
        return Lifting(self._hub, self._views, party_of(self._partner)) if self._wiring.older else None

    async def pull(
        self, kind: Kind, since: datetime | None, *, asker: PartyId, owner: Party, correlation: str
    ) -> AsyncIterator[Pulled]:
        """Fetch a list, page by page."""
        module = MODULES[kind]
        operation, headers = f"GET {module}", routing(asker, owner.id)
        lifting = self._lifting

        async def get(url: str) -> Called:
            called = await self._get(url, operation, headers, correlation)
            return called if lifting is None else await lifted_list(lifting, kind, called)

        async for pulled in crawl(
            get, self._first(module, since), kind, owner, strict_uid=switches(self._partner).strict_uid
        ):
            yield pulled

    def _first(self, module: str, since: datetime | None) -> str:
        endpoint = self._endpoint(module)
        if not self._wiring.older or since is None:
            return first_url(endpoint, since)
        return join(endpoint, query={"date_from": lower_window(since).date_from or ""})

    async def fetch(
        self, key: Key, name: str, since: datetime, *, asker: PartyId, owner: Party, correlation: str
    ) -> Fact | None:
        """Fetch one object: a place by its id; for the others OCPI has only the list of what changed."""
        if key.kind in (Kind.LOCATION, Kind.EVSE):
            return await self._location(name, routing(asker, owner.id), correlation)
        async for pulled in self.pull(key.kind, since, asker=asker, owner=owner, correlation=correlation):
            for fact in pulled.facts:
                if fact.key == key:
                    return fact
        return None

    async def _location(self, name: str, headers: bytes, correlation: str) -> Fact | None:
        called = await self._get(join(self._endpoint("locations"), name), "GET location", headers, correlation)
        check_answer(called)
        if (lifting := self._lifting) is not None:
            called = await lifted_list(lifting, Kind.LOCATION, called)
        data = called.reply.data if called.reply is not None else None
        if data is None:
            return None
        try:
            return read_object(Kind.LOCATION, data)[0]
        except (Malformed, NotJson) as error:
            raise Unavailable(Reason.BAD_ANSWER, f"the location cannot be read: {error}", reached=True) from error

    # -- is it there -----------------------------------------------------------------------------------------------

    async def probe(self) -> None:
        """Look at the partner's versions, which costs nobody anything (OCPI-173)."""
        called = await self._get(self._wiring.versions_url, "GET versions", b"", "")
        if not called.taken:
            raise unusable(called)

    async def announce(self, standing: Standing) -> bool:
        """Tell the partner how a party stands, without routing headers (C7); false when it takes no such news."""
        endpoint = self._wiring.endpoint("hubclientinfo", "RECEIVER")
        if endpoint is None or not switches(self._partner).shows_clients:
            return False
        party = standing.party.id
        call = Call(
            method="PUT",
            url=join(endpoint, party.country, party.code),
            operation="PUT hubclientinfo",
            body=write_standing(standing),
            ids=(str(standing.party),),
        )
        called = await self._calls.call(self._address(), call, self._hub.deadlines.partner)
        check_delivery(called, call.method, "hubclientinfo")
        return True

    # -- all of it -------------------------------------------------------------------------------------------------

    def _endpoint(self, module: str) -> str:
        url = self._wiring.endpoint(module, "SENDER")
        if url is None:
            raise Refused(
                Reason.ENDPOINTS_MISSING,
                f"partner {self._partner.id} has no {module} SENDER",
                remedy="the partner must list this endpoint; then rotate its registration",
            )
        return url

    async def _get(self, url: str, operation: str, headers: bytes, correlation: str) -> Called:
        if not is_usable(url) or not (self._insecure or is_secure(url)):
            raise Refused(Reason.PARTNER_UNUSABLE, f"{url} is no https address (OCPI-2)")
        headers = b"" if self._wiring.older else headers
        call = Call(method="GET", url=url, operation=operation, routing=headers, correlation=correlation, kept=False)
        return await self._calls.call(self._address(), call, max(PAGE_WITHIN_S, self._hub.deadlines.partner))

    def _address(self) -> Address:
        if self._known_as is None:
            raise Unavailable(Reason.NOT_CONNECTED, f"partner {self._partner.id} is not registered")
        return self._known_as
