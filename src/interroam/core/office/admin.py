"""What an operator may do about partners, agreements and routes: each change is checked, made and audited here.

The command line and every other face call this; none of them decides anything by itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from ipaddress import ip_network

import msgspec
from msgspec.structs import replace

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.hub import Hub
from interroam.core.keys import new_secret
from interroam.core.manners import Certified
from interroam.core.office.notary import check, check_new
from interroam.core.ports import Room
from interroam.model.agreements import Acceptance, Agreement, Selection, Terms
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Module, Party
from interroam.model.parties import Credential, Partner, PartnerState, Purpose, Route

_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}$")


class Issued(msgspec.Struct, frozen=True):
    """A secret shown once, and the address it is good for."""

    partner: str
    purpose: Purpose
    token: str
    url: str


class Way(msgspec.Struct, frozen=True):
    """How partners of one protocol get in."""

    room: Room
    address: str
    """What a new partner is told, beside its secret."""
    first: Purpose
    """What that secret is good for: to register with, or for everything at once."""


class Admin:
    """Partners, agreements and routes of one node; ``ways`` holds the way in of each protocol it speaks."""

    def __init__(self, hub: Hub, audit: Audit, ways: Mapping[str, Way]) -> None:
        self._hub = hub
        self._book = hub.book
        self._audit = audit
        self._ways = ways

    # -- partners --------------------------------------------------------------------------------------------------

    def partners(self, actor: Actor) -> list[Partner]:
        """Return all partners, by id."""
        actor.needs(Rank.VIEWER)
        return sorted(self._book.partners.values(), key=lambda partner: partner.id)

    def partner(self, actor: Actor, id: str) -> Partner:
        """Return one partner; Refused when there is none of this name."""
        actor.needs(Rank.VIEWER)
        found = self._book.partners.get(id)
        if found is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {id}", remedy="interroam partner list")
        return found

    async def add_partner(self, actor: Actor, partner: Partner) -> Issued:
        """Add a partner and issue its first secret."""
        actor.needs(Rank.ADMIN)
        if partner.id in self._book.partners:
            raise Refused(Reason.CONFLICT, f"there is a partner {partner.id} already")
        if not _NAME.match(partner.id):
            raise Refused(Reason.MALFORMED, "a partner's id has up to 64 of a-z, 0-9, point, dash and underscore")
        room: object = self._way(partner).room
        if isinstance(room, Certified):
            partner = room.completed(partner)
        self._check(partner)
        partner = replace(partner, state=PartnerState.PLANNED, since=self._hub.clock.now())
        await self._book.put_partner(partner)
        await self._audit.write(actor, "partner add", partner.id, protocol=partner.protocol, parties=_named(partner))
        return await self._issue(partner)

    async def amend_partner(self, actor: Actor, partner: Partner) -> Partner:
        """Change name, parties, profile, switches or addresses of a partner; its wiring and state stay."""
        actor.needs(Rank.ADMIN)
        old = self.partner(actor, partner.id)
        partner = replace(
            partner,
            protocol=old.protocol,
            state=old.state,
            wiring=old.wiring,
            since=old.since,
            declared=old.declared,
            certificates=old.certificates,
            identity=old.identity,
        )
        self._check(partner)
        await self._book.put_partner(partner)
        await self._audit.write(actor, "partner amend", partner.id, parties=_named(partner), profile=partner.profile)
        return partner

    async def issue(self, actor: Actor, id: str) -> Issued:
        """Issue a new secret of the kind a new partner gets; one issued before and not used is void."""
        actor.needs(Rank.ADMIN)
        partner = self.partner(actor, id)
        purpose = self._way(partner).first
        for credential in self._book.credentials_of(id):
            if credential.purpose is purpose:
                await self._book.dismiss(credential)
        await self._audit.write(actor, "partner issue", id, purpose=purpose.value)
        return await self._issue(partner)

    async def register(self, actor: Actor, id: str, url: str, token: str) -> Partner:
        """Register with a partner at the address and with the secret it gave us."""
        return await self._wired(actor, "register", id, lambda room, one: room.register(one, url, token), url=url)

    async def unregister(self, actor: Actor, id: str) -> Partner:
        """End a registration on both sides; the partner stays known."""
        return await self._wired(actor, "unregister", id, lambda room, one: room.unregister(one))

    async def rotate(self, actor: Actor, id: str) -> Partner:
        """Exchange new secrets with a partner."""
        return await self._wired(actor, "rotate", id, lambda room, one: room.rotate(one))

    async def _wired(
        self, actor: Actor, word: str, id: str, wire: Callable[[Room, Partner], Awaitable[Partner]], **detail: object
    ) -> Partner:
        actor.needs(Rank.ADMIN)
        known = self.partner(actor, id)
        partner = await wire(self._way(known).room, known)
        await self._book.put_partner(partner)
        await self._audit.write(actor, f"partner {word}", id, **detail)
        return partner

    async def suspend(self, actor: Actor, id: str) -> Partner:
        """Switch a partner off: nothing is taken from it, nothing sent; what it is owed waits."""
        actor.needs(Rank.OPERATOR)
        return await self._switch(actor, self.partner(actor, id), PartnerState.SUSPENDED, "partner suspend")

    async def resume(self, actor: Actor, id: str) -> Partner:
        """Switch a suspended partner on again."""
        actor.needs(Rank.OPERATOR)
        partner = self.partner(actor, id)
        if partner.state is not PartnerState.SUSPENDED:
            raise Refused(Reason.WRONG_STATE, f"partner {id} is {partner.state.value}, not suspended")
        registers = self._way(partner).first is not Purpose.REGULAR  # a back office is there as soon as it is known
        state = PartnerState.PLANNED if registers and not partner.wiring else PartnerState.CONNECTED
        return await self._switch(actor, partner, state, "partner resume")

    async def remove_partner(self, actor: Actor, id: str) -> None:
        """Forget a partner and its secrets; what it stated stays in the journal."""
        actor.needs(Rank.ADMIN)
        partner = self.partner(actor, id)
        await self._book.remove_partner(id)
        await self._hub.oddities.forget(id)
        await self._audit.write(actor, "partner remove", id, parties=_named(partner))

    async def suspend_party(self, actor: Actor, party: Party) -> None:
        """Switch a party off, whoever speaks for it: nothing is done in its name (EMIP-15)."""
        await self._switch_party(actor, party, on=False)

    async def resume_party(self, actor: Actor, party: Party) -> None:
        """Switch a suspended party on again."""
        await self._switch_party(actor, party, on=True)

    def suspended(self, actor: Actor) -> list[Party]:
        """Return the parties that are switched off."""
        actor.needs(Rank.VIEWER)
        return sorted(self._book.suspended)

    async def _switch_party(self, actor: Actor, party: Party, *, on: bool) -> None:
        actor.needs(Rank.OPERATOR)
        if not self._book.routing.has(party):
            raise Refused(Reason.UNKNOWN_PARTY, f"no partner speaks for {party}", remedy="interroam partner list")
        if self._book.active(party) is on:
            raise Refused(Reason.WRONG_STATE, f"{party} is {'active' if on else 'suspended'} already")
        await self._book.switch_party(party, on=on)
        await self._audit.write(actor, f"party {'resume' if on else 'suspend'}", str(party))

    def routes(self, actor: Actor) -> list[Route]:
        """Return the routes that were set, by party."""
        actor.needs(Rank.VIEWER)
        return [self._book.routes[name] for name in sorted(self._book.routes)]

    async def route(self, actor: Actor, route: Route) -> Route:
        """Say which partners carry a party's messages, in order, or those of one module; none: who speaks for it."""
        actor.needs(Rank.ADMIN)
        for name in route.partners:
            self.partner(actor, name)
        await self._book.put_route(route)
        await self._audit.write(actor, "route", route.name, partners=" ".join(route.partners) or "none")
        return route

    async def _switch(self, actor: Actor, partner: Partner, state: PartnerState, action: str) -> Partner:
        partner = await self._book.put_partner(replace(partner, state=state))
        await self._audit.write(actor, action, partner.id)
        return partner

    async def _issue(self, partner: Partner) -> Issued:
        token, way = new_secret(), self._way(partner)
        if way.first is Purpose.NOTHING:
            return Issued(partner.id, way.first, "", way.address)
        fingerprint = self._book.keyring.fingerprint(token)
        await self._book.admit(Credential(fingerprint, partner.id, way.first, self._hub.clock.now()))
        return Issued(partner.id, way.first, token, way.address)

    def _way(self, partner: Partner) -> Way:
        way = self._ways.get(partner.protocol)
        if way is None:
            spoken = ", ".join(sorted(self._ways))
            raise Refused(Reason.MALFORMED, f"this node does not speak {partner.protocol}", remedy=f"use {spoken}")
        return way

    def _check(self, partner: Partner) -> None:
        self._way(partner).room.link(partner)  # its room judges profile and switches
        for address in partner.addresses:
            try:
                ip_network(address, strict=False)
            except ValueError as error:
                raise Refused(Reason.MALFORMED, str(error), remedy="name networks as 192.0.2.0/24") from None
        if not partner.parties:
            raise Refused(
                Reason.INCOMPLETE, f"partner {partner.id} speaks for nobody", remedy="name its parties, as CH*CCC/CPO"
            )
        if self._book.hub is not None and any(own.id == self._book.hub.id for own in partner.parties):
            message = f"{self._book.hub.id} is this hub itself"
            raise Refused(Reason.CONFLICT, message, remedy="host an operator or a provider here under an id of its own")

    # -- agreements ------------------------------------------------------------------------------------------------

    def agreements(self, actor: Actor) -> list[Agreement]:
        """Return all agreements, the oldest first."""
        actor.needs(Rank.VIEWER)
        return sorted(self._book.agreements.values(), key=lambda one: (one.starts, one.id))

    def agreement(self, actor: Actor, id: str) -> Agreement:
        """Return one agreement, by its id or the beginning of it; Refused when there is not exactly one."""
        actor.needs(Rank.VIEWER)
        found = [one for name, one in self._book.agreements.items() if name.startswith(id)] if id else []
        exact = self._book.agreements.get(id)
        if exact is None and len(found) != 1:
            reason = Reason.AMBIGUOUS if found else Reason.UNKNOWN_OBJECT
            raise Refused(reason, f"{len(found) or 'no'} agreements answer to {id}", remedy="interroam agreement list")
        return exact or found[0]

    async def add_agreement(
        self,
        actor: Actor,
        emsp: Party,
        cpos: tuple[Party, ...],
        starts: datetime | None = None,
        ends: datetime | None = None,
        terms: Mapping[Module, Terms] | None = None,
        selections: tuple[Selection, ...] = (),
    ) -> Agreement:
        """Let an eMSP and a group of CPOs roam; from now on unless it starts another day."""
        actor.needs(Rank.ADMIN)
        agreement = Agreement(
            id=self._hub.ids.new(),
            emsp=emsp,
            cpos=cpos,
            starts=starts or self._hub.clock.now(),
            ends=ends,
            terms=dict(terms or {}),
            selections=selections,
        )
        agreement = self._signed(actor, agreement)
        check(agreement)
        check_new(self._book, agreement, self._hub.clock.now())
        await self._book.put_agreement(agreement)
        await self._audit.write(
            actor, "agreement add", agreement.id, emsp=emsp, cpos=" ".join(map(str, cpos)), starts=agreement.starts
        )
        return agreement

    async def amend_agreement(self, actor: Actor, id: str, terms: Mapping[Module, Terms]) -> Agreement:
        """Change what an agreement says of some modules."""
        actor.needs(Rank.ADMIN)
        old = self.agreement(actor, id)
        new = self._signed(actor, replace(old, version=old.version + 1, terms={**old.terms, **terms}))
        check_new(self._book, new, self._hub.clock.now())
        await self._book.put_agreement(new)
        await self._audit.write(actor, "agreement amend", old.id, modules=" ".join(terms))
        return new

    def _signed(self, actor: Actor, agreement: Agreement) -> Agreement:
        """Return an agreement that an operator made on behalf of everybody it binds."""
        now = self._hub.clock.now()
        parties = (agreement.emsp, *agreement.cpos, *agreement.smart_charging)
        return replace(agreement, accepted=tuple(Acceptance(party, actor.name, now) for party in parties))

    async def end_agreement(self, actor: Actor, id: str, at: datetime | None = None) -> Agreement:
        """End an agreement: no new charges from then on, while open ones are told to their end."""
        actor.needs(Rank.ADMIN)
        old = self.agreement(actor, id)
        ends = at or self._hub.clock.now()
        if old.ends is not None and old.ends <= ends:
            raise Refused(Reason.WRONG_STATE, f"agreement {old.id} ends {old.ends:%Y-%m-%d %H:%M} UTC already")
        new = replace(old, version=old.version + 1, ends=max(ends, old.starts))
        await self._book.put_agreement(new)
        await self._audit.write(actor, "agreement end", old.id, ends=new.ends)
        return new


def _named(partner: Partner) -> str:
    return " ".join(map(str, partner.parties))
