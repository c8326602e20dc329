"""The address book: partners, their credentials, agreements and routes, in memory and in the store's register."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from interroam.core.documents import Documents
from interroam.core.keys import Keyring
from interroam.core.ports import Store
from interroam.core.rules.routing import Routing
from interroam.model.agreements import Agreement, Network, Selection
from interroam.model.ids import Party
from interroam.model.parties import Credential, Partner, PartnerState, Route

PARTNERS = "partner"
CREDENTIALS = "credential"
AGREEMENTS = "agreement"
VERSIONS = "agreement-version"
OFFERS = "agreement-offer"
NETWORKS = "network"
ROUTES = "route"
SUSPENDED = "party-suspended"
KEYS = "keys"


class Book:
    """Everything the node knows of those it talks with; ``routing`` is always the newest snapshot.

    ``hub`` is our own hub party when this node plays the part of a hub, else None.
    """

    def __init__(self, store: Store, keyring: Keyring, hub: Party | None = None) -> None:
        self.hub = hub
        self.keyring = keyring
        self.partners: dict[str, Partner] = {}
        self.agreements: dict[str, Agreement] = {}
        self.offers: dict[str, Agreement] = {}
        """What waits to be accepted: new agreements, and amendments under the id of what they amend."""
        self.networks: dict[str, Network] = {}
        self.selections: dict[str, Selection] = {}
        """Every selection that ever held, by name."""
        self.routes: dict[str, Route] = {}
        self.suspended: set[Party] = set()
        """The parties that an operator switched off, whoever speaks for them."""
        self.routing = Routing()
        self.revision = 0
        """Another number whenever anything of this, or whose secret holds, has changed."""
        self._credentials: dict[bytes, Credential] = {}
        self._store = store
        self._kept_partners = Documents(store, PARTNERS, Partner)
        self._kept_credentials = Documents(store, CREDENTIALS, Credential)
        self._kept_agreements = Documents(store, AGREEMENTS, Agreement)
        self._kept_versions = Documents(store, VERSIONS, Agreement)
        self._kept_offers = Documents(store, OFFERS, Agreement)
        self._kept_networks = Documents(store, NETWORKS, Network)
        self._kept_routes = Documents(store, ROUTES, Route)
        self._listeners: list[Callable[[], None]] = []
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Read the register."""
        self.partners |= await self._kept_partners.all()
        self._credentials |= {one.fingerprint: one for one in (await self._kept_credentials.all()).values()}
        self.agreements |= await self._kept_agreements.all()
        self.offers |= await self._kept_offers.all()
        self.networks |= await self._kept_networks.all()
        for version in await self.versions():
            self.selections |= {one.name: one for one in version.selections}
        self.routes |= await self._kept_routes.all()
        self.suspended = {Party.parse(name) for name, _ in await self._store.all(SUSPENDED)}
        self._changed()

    async def keys_fit(self, *, anew: bool = False) -> bool:
        """Whether the store was written with these keys; one without a mark, or ``anew``, is marked with them."""
        mark = self.keyring.mark
        known = None if anew else dict(await self._store.all(KEYS)).get("mark")
        if known is None:
            await self._store.save(KEYS, "mark", mark)
        return known in (None, mark)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever partners, agreements or routes changed."""
        self._listeners.append(listener)

    # -- credentials -----------------------------------------------------------------------------------------------

    def recognize(self, secret: str) -> tuple[Partner, Credential] | None:
        """Return who presents this secret, or None."""
        for fingerprint in self.keyring.fingerprints(secret):
            credential = self._credentials.get(fingerprint)
            if credential is not None and credential.partner in self.partners:
                return self.partners[credential.partner], credential
        return None

    def holds(self, partner: Partner, credential: Credential) -> bool:
        """Whether both are still what they were when they were recognized."""
        return self.partners.get(partner.id) is partner and self._credentials.get(credential.fingerprint) is credential

    def credentials_of(self, partner_id: str) -> list[Credential]:
        """Return the credentials of a partner."""
        return [one for one in self._credentials.values() if one.partner == partner_id]

    async def admit(self, credential: Credential) -> None:
        """Accept a secret from now on."""
        await self._kept_credentials.save(credential.fingerprint.hex(), credential)
        self._credentials[credential.fingerprint] = credential
        self.revision += 1

    async def dismiss(self, credential: Credential) -> None:
        """Accept a secret no more (OCPI-169: dead at once)."""
        self._credentials.pop(credential.fingerprint, None)
        self.revision += 1
        await self._kept_credentials.remove(credential.fingerprint.hex())

    # -- partners, agreements, routes ------------------------------------------------------------------------------

    async def put_partner(self, partner: Partner) -> Partner:
        """Write a partner."""
        async with self._writing:
            return await self._write(partner)

    async def _write(self, partner: Partner) -> Partner:
        await self._kept_partners.save(partner.id, partner)
        self.partners[partner.id] = partner
        self._changed()
        return partner

    async def set_state(self, partner_id: str, state: PartnerState) -> None:
        """Note how a partner stands with us now."""
        await self.change_partner(partner_id, lambda known: replace(known, state=state))

    async def change_partner(self, partner_id: str, change: Callable[[Partner], Partner]) -> None:
        """Change what is known of a partner by the time it is written: what others write meanwhile is kept."""
        async with self._writing:
            known = self.partners.get(partner_id)
            changed = change(known) if known is not None else None
            if changed is not None and changed != known:
                await self._write(changed)

    async def remove_partner(self, partner_id: str) -> None:
        """Forget a partner and its credentials."""
        for credential in self.credentials_of(partner_id):
            await self.dismiss(credential)
        self.partners.pop(partner_id, None)
        await self._kept_partners.remove(partner_id)
        self._changed()

    async def put_agreement(self, agreement: Agreement) -> Agreement:
        """Write an agreement as it holds from now on; what it was before is kept (design: ten years)."""
        await self._kept_versions.save(f"{agreement.id}:{agreement.version:06}", agreement)
        await self._kept_agreements.save(agreement.id, agreement)
        self.selections |= {one.name: one for one in agreement.selections}
        self.agreements[agreement.id] = agreement
        self._changed()
        return agreement

    async def versions(self, id: str = "") -> list[Agreement]:
        """Return every version of an agreement (or of all), in order."""
        wanted = f"{id}:" if id else ""
        return [one for name, one in (await self._kept_versions.all()).items() if name.startswith(wanted)]

    async def put_offer(self, offer: Agreement) -> Agreement:
        """Write what waits to be accepted; nothing follows from it yet."""
        await self._kept_offers.save(offer.id, offer)
        self.offers[offer.id] = offer
        return offer

    async def drop_offer(self, id: str) -> None:
        """Forget an offer: accepted by all, or taken back."""
        self.offers.pop(id, None)
        await self._kept_offers.remove(id)

    async def put_network(self, network: Network) -> Network:
        """Write a group of CPOs; agreements that name it follow at once (OCPI-179)."""
        await self._kept_networks.save(network.id, network)
        self.networks[network.id] = network
        self._changed()
        return network

    def active(self, party: Party) -> bool:
        """Whether a party may act: an operator can switch it off, whichever partners speak for it (EMIP-15)."""
        return party not in self.suspended

    async def switch_party(self, party: Party, *, on: bool) -> None:
        """Switch a party on or off."""
        if on:
            self.suspended.discard(party)
            await self._store.remove(SUSPENDED, str(party))
        else:
            self.suspended.add(party)
            await self._store.save(SUSPENDED, str(party), b"")
        self._changed()

    async def put_route(self, route: Route) -> None:
        """Say which partners carry a party's messages, in order; none: whoever speaks for it."""
        if route.partners:
            await self._kept_routes.save(route.name, route)
            self.routes[route.name] = route
        else:
            await self._kept_routes.remove(route.name)
            self.routes.pop(route.name, None)
        self._changed()

    def _changed(self) -> None:
        self.revision += 1
        self.routing = self._routing(self.agreements)
        for listener in self._listeners:
            listener()

    def supposed(self) -> Routing:
        """Return the routing as it would be with every offer accepted."""
        return self._routing(self.agreements | self.offers)

    def _routing(self, agreements: dict[str, Agreement]) -> Routing:
        whole = map(self.whole, agreements.values())
        return Routing(self.partners.values(), whole, self.routes.values(), self.suspended)

    def whole(self, agreement: Agreement) -> Agreement:
        """Return an agreement with the members of its networks among its CPOs."""
        if not agreement.networks:
            return agreement
        members = (cpo for name in agreement.networks if name in self.networks for cpo in self.networks[name].cpos)
        return replace(agreement, cpos=tuple(dict.fromkeys((*agreement.cpos, *members))))
