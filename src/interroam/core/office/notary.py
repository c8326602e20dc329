"""The life of an agreement: offered, accepted by all it binds, amended the same way, ended; every version is kept.

Nothing follows from an offer until everybody accepted: the eMSP, each CPO named, and the owner of each network. A
partner accepts for the parties it speaks for, an operator on behalf of anybody. Prices that are in an agreement change
by such an amendment only (OCPI-209); who belongs to a network changes without one (OCPI-179).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.hub import Hub
from interroam.core.parties.book import Book
from interroam.model.agreements import Acceptance, Agreement, Network
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, Role
from interroam.model.parties import Partner

_EMSP_SIDE = frozenset(Role) - {Role.CPO}  # who is no eMSP is told of places and tariffs alone
_CPO_SIDE = frozenset({Role.CPO, Role.HUB, Role.NAP})  # a NAP may own locations (sheet 2.11)


class Notary:
    """Keeps offers, agreements and networks."""

    def __init__(self, hub: Hub, audit: Audit) -> None:
        self._hub = hub
        self._book = hub.book
        self._audit = audit
        self._offering = asyncio.Lock()
        """Of two that offer the same at once, one is second."""

    # -- offers ----------------------------------------------------------------------------------------------------

    def offers(self, actor: Actor) -> list[Agreement]:
        """Return what waits to be accepted, the oldest first."""
        actor.needs(Rank.VIEWER)
        waiting = (one for one in self._book.offers.values() if _overtaken_by(self._book, one) is None)
        return sorted(waiting, key=lambda one: one.id)

    async def offer(self, actor: Actor, draft: Agreement) -> Agreement:
        """Offer an agreement; its id is made here."""
        actor.needs(Rank.ADMIN)
        made = replace(draft, id=self._hub.ids.new(), version=1, accepted=())
        await self._put(made)
        await self._audit.write(actor, "agreement offer", made.id, emsp=made.emsp, cpos=" ".join(map(str, made.cpos)))
        return made

    async def amend(self, actor: Actor, old: Agreement, changed: Agreement) -> Agreement:
        """Offer the next version of an agreement, which holds as it is until that is accepted."""
        actor.needs(Rank.ADMIN)
        made = replace(changed, id=old.id, version=old.version + 1, emsp=old.emsp, starts=old.starts, accepted=())
        await self._put(made)
        await self._audit.write(actor, "agreement amendment", made.id, version=made.version)
        return made

    async def _put(self, offer: Agreement) -> None:
        self._check(offer)
        async with self._offering:
            check_new(self._book, offer, self._hub.clock.now())
            await self._book.put_offer(offer)

    async def take_back(self, actor: Actor, id: str) -> None:
        """Take an offer back."""
        actor.needs(Rank.ADMIN)
        offer = self._offer(id)
        await self._book.drop_offer(offer.id)
        await self._audit.write(actor, "agreement offer taken back", offer.id, version=offer.version)

    # -- acceptance ------------------------------------------------------------------------------------------------

    async def accept(self, actor: Actor, id: str, party: Party | None = None) -> Agreement:
        """Accept an offer on behalf of a party, or of everybody who has not yet."""
        actor.needs(Rank.OPERATOR)
        return await self._accept(actor, self._offer(id), None if party is None else (party,))

    async def accept_for(self, partner: Partner, id: str) -> Agreement:
        """Accept an offer for those of its parties that a partner speaks for."""
        offer = self._offer(id)
        own = tuple(one for one in self.needed(offer) if one in partner.parties)
        if not own:
            raise Refused(Reason.UNKNOWN_OBJECT, f"no offer {id} waits for a party of partner {partner.id}")
        return await self._accept(Actor(partner.id), offer, own)

    def needed(self, agreement: Agreement) -> list[Party]:
        """Return whom an agreement binds: who has to accept it."""
        owners = (self._book.networks[one].owner for one in agreement.networks)
        return list(dict.fromkeys((agreement.emsp, *agreement.cpos, *owners, *agreement.smart_charging)))

    def is_in_force(self, agreement: Agreement) -> bool:
        """Whether an agreement holds now, in just this version."""
        return self._book.agreements.get(agreement.id) == agreement and agreement.in_force(self._hub.clock.now())

    def beside(self, agreement: Agreement) -> list[str]:
        """Return the other agreements of this eMSP with some of these CPOs that hold at some of the same time.

        What any of them allows is allowed.
        """
        cpos, now = set(self._book.whole(agreement).cpos), self._hub.clock.now()
        others = (one for one in _others(self._book.agreements, agreement, now) if one.emsp == agreement.emsp)
        return sorted(one.id for one in others if not cpos.isdisjoint(self._book.whole(one).cpos))

    def waiting(self, agreement: Agreement) -> list[Party]:
        """Return who has not accepted yet."""
        done = {one.party for one in agreement.accepted}
        return [party for party in self.needed(agreement) if party not in done]

    async def _accept(self, actor: Actor, offer: Agreement, parties: tuple[Party, ...] | None) -> Agreement:
        self._check_current(offer)
        waiting = self.waiting(offer)
        agreeing = waiting if parties is None else [party for party in parties if party in waiting]
        if not agreeing:
            raise Refused(Reason.WRONG_STATE, f"offer {offer.id} does not wait for them", remedy="see who has accepted")
        now = self._hub.clock.now()
        signed = tuple(Acceptance(party, actor.name, now) for party in agreeing)
        made = replace(offer, accepted=(*offer.accepted, *signed))
        if self.waiting(made):
            await self._book.put_offer(made)
        else:
            await self._book.put_agreement(made)
            await self._book.drop_offer(made.id)
        names = " ".join(map(str, agreeing))
        await self._audit.write(actor, "agreement accept", made.id, version=made.version, parties=names)
        return made

    def _check_current(self, offer: Agreement) -> None:
        """Refuse an amendment of what is not in force any more: both would sign what neither has read (OCPI-209)."""
        holds = _overtaken_by(self._book, offer)
        if holds is not None:
            message = f"agreement {offer.id} is at version {holds.version} since this amendment was offered"
            raise Refused(Reason.WRONG_STATE, message, remedy="offer the amendment anew")

    # -- history and networks --------------------------------------------------------------------------------------

    async def versions(self, actor: Actor, id: str) -> list[Agreement]:
        """Return every version an agreement had, the first first."""
        actor.needs(Rank.VIEWER)
        return await self._book.versions(id)

    def networks(self, actor: Actor) -> list[Network]:
        """Return all networks, by name."""
        actor.needs(Rank.VIEWER)
        return sorted(self._book.networks.values(), key=lambda one: one.id)

    async def put_network(self, actor: Actor, network: Network) -> Network:
        """Say which CPO operations a network has; agreements that name it follow at once."""
        actor.needs(Rank.ADMIN)
        if not network.id or any(cpo.role is not Role.CPO for cpo in network.cpos):
            raise Refused(Reason.MALFORMED, "a network has a name and CPOs", remedy="name them as CH*CCC/CPO")
        await self._book.put_network(network)
        await self._audit.write(
            actor, "network", network.id, owner=network.owner, cpos=" ".join(map(str, network.cpos))
        )
        return network

    def _offer(self, id: str) -> Agreement:
        found = [one for name, one in self._book.offers.items() if id and name.startswith(id)]
        if len(found) != 1:
            reason = Reason.AMBIGUOUS if found else Reason.UNKNOWN_OBJECT
            raise Refused(reason, f"{len(found) or 'no'} offers answer to {id}", remedy="interroam agreement offers")
        return found[0]

    def _check(self, agreement: Agreement) -> None:
        for name in agreement.networks:
            if name not in self._book.networks:
                raise Refused(
                    Reason.UNKNOWN_OBJECT, f"there is no network {name}", remedy="interroam agreement network"
                )
        check(agreement, tuple(cpo for name in agreement.networks for cpo in self._book.networks[name].cpos))


def check_new(book: Book, agreement: Agreement, now: datetime) -> None:
    """Refuse an agreement that says only what another says, or an offer of one, for some of the same time."""
    said = agreement.said
    for other in _others(book.agreements, agreement, now):
        if other.said == said:
            until = f" until {other.ends:%Y-%m-%d}" if other.ends is not None else ""
            message = f"agreement {other.id} says the same, from {other.starts:%Y-%m-%d}{until}"
            raise Refused(Reason.CONFLICT, message, remedy="amend it, or end it first")
    for other in _others(book.offers, agreement, now):
        if other.said == said and _overtaken_by(book, other) is None:
            message = f"offer {other.id} says the same and waits to be accepted"
            raise Refused(Reason.CONFLICT, message, remedy="accept it, or take it back")


def _overtaken_by(book: Book, offer: Agreement) -> Agreement | None:
    holds = book.agreements.get(offer.id)
    return holds if holds is not None and holds.version >= offer.version else None


def _others(known: Mapping[str, Agreement], agreement: Agreement, now: datetime) -> Iterator[Agreement]:
    """Go through the other agreements that hold at some of the same time, now or later."""
    for one in known.values():
        if one.id != agreement.id and (one.ends is None or one.ends > now) and one.overlaps(agreement):
            yield one


def check(agreement: Agreement, members: tuple[Party, ...] = ()) -> None:
    """Refuse an agreement that could not work; ``members`` are the CPOs of its networks."""
    cpos = (*agreement.cpos, *members)
    if agreement.emsp.role not in _EMSP_SIDE:
        raise Refused(Reason.MALFORMED, f"{agreement.emsp} is no eMSP", remedy="name one as NL*EEE/EMSP")
    if not (cpos or agreement.networks) or any(party.role not in _CPO_SIDE for party in cpos):
        raise Refused(Reason.MALFORMED, "an agreement needs CPOs", remedy="name them as CH*CCC/CPO")
    if any(party.role is not Role.SCSP for party in agreement.smart_charging):
        remedy = "name them as NL*SCP/SCSP"
        raise Refused(Reason.MALFORMED, "who is told of sessions for smart charging is an SCSP", remedy=remedy)
    if agreement.emsp in cpos:
        raise Refused(Reason.MALFORMED, f"{agreement.emsp} cannot agree with itself")
    if agreement.ends is not None and agreement.ends <= agreement.starts:
        raise Refused(Reason.MALFORMED, "an agreement ends after it starts")
    for one in agreement.selections:
        if not (one.locations or one.tariff_groups or one.evses):
            message = "a selection names locations, tariff groups or EVSEs"
            raise Refused(Reason.MALFORMED, message, remedy="or leave it out")
        if one.cpo is not None and not any(party.id == one.cpo for party in cpos):
            raise Refused(Reason.MALFORMED, f"{one.cpo} is none of the CPOs of this agreement (OCPI-216)")
    if agreement.prices.tolerance < 0:
        raise Refused(Reason.MALFORMED, "a tolerance is not negative")
