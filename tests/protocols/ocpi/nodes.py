"""A node of this house with nothing but its OCPI room, on a real socket and a real store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from interroam.core.audit import Audit
from interroam.core.delivering.dispatch import Dispatch
from interroam.core.hub import Deadlines, Hub
from interroam.core.keys import Keyring, new_secret
from interroam.core.parties.book import Book
from interroam.core.rounds.pulling import PullTerms
from interroam.core.rounds.rounds import Rounds
from interroam.core.uuid7 import Uuid7
from interroam.model.agreements import Agreement
from interroam.model.ids import Party, PartyId, Role
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.net.client import Client
from interroam.net.doors import Door, Doorway
from interroam.net.listener import Listener
from interroam.net.premises import Premises
from interroam.protocols.ocpi.room import OcpiRoom
from interroam.store import SqliteStore
from tests.clocks import ClockAhead
from tests.waiting import settled

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Office:
    """The back office of a node, in a language of its own: it fetches facts, and answers what it is asked."""

    pushes = False
    answers = True

    def __init__(self) -> None:
        self.asked = []
        self.answer = None

    async def ask(self, question, to, origin_party, correlation, within):
        self.asked.append(question)
        return self.answer


class Node:
    """Start it with ``async with``; a hub unless it hosts parties of its own."""

    def __init__(self, folder: Path, *, hub: str | None = "FR*107", hosts: tuple[str, ...] = (), insecure=True) -> None:
        self.folder = folder
        self.own = PartyId.parse(hub or hosts[0].rpartition("/")[0])
        self.party = Party(self.own, Role.HUB) if hub else None
        self.hosts = hosts
        self.insecure = insecure
        self.clock = ClockAhead()
        self.terms = PullTerms()

    async def __aenter__(self) -> Self:
        self.store = SqliteStore(self.folder / "node.db")
        await self.store.open()
        self.book = Book(self.store, Keyring.load(self.folder / "node.key"), self.party)
        await self.book.load()
        self.office = Office()
        self.links = {"office": self.office} if self.hosts else {}
        deadlines = Deadlines(partner=5.0, door=8.0, command=5.0)
        self.hub = Hub(self.store, self.book, self.links, self.clock, Uuid7(self.clock), deadlines)
        self.client = Client()
        doorway = Doorway()
        self.listener = Listener(doorway)
        await self.listener.start()
        premises = Premises(url=self.url, own=self.own, client=self.client, insecure_http=self.insecure)
        self.room = OcpiRoom(self.hub, premises)
        doorway.add(Door(self.room.prefix, self.room.handler, self.room.refusal))
        self.dispatch = Dispatch(self.hub)
        self.book.on_change(self.relink)
        self.relink()
        await self.dispatch.start()
        self.rounds = Rounds(self.hub, Audit(self.store, self.clock, self.hub.ids), self.terms)
        await self.rounds.start()
        if self.hosts and "office" not in self.book.partners:
            parties = tuple(map(Party.parse, self.hosts))
            await self.book.put_partner(
                Partner(id="office", protocol="plain", parties=parties, state=PartnerState.CONNECTED)
            )
        return self

    async def __aexit__(self, *_) -> None:
        await self.rounds.stop()
        await self.dispatch.stop()
        await self.listener.close(0)
        await self.client.close()
        await self.store.close()

    @property
    def url(self) -> str:
        return self.listener.url

    def relink(self) -> None:
        for partner in self.book.partners.values():
            if partner.protocol == "ocpi":
                self.links[partner.id] = self.room.link(partner)

    async def expect(self, partner: str, *parties: str, **more) -> Partner:
        """Add a partner as an operator does, before it registers."""
        known = tuple(map(Party.parse, parties))
        return await self.book.put_partner(Partner(id=partner, protocol="ocpi", parties=known, **more))

    async def invite(self, partner: str) -> str:
        """Make the token with which a partner may register."""
        secret = new_secret()
        await self.book.admit(
            Credential(self.book.keyring.fingerprint(secret), partner, Purpose.REGISTRATION, self.clock.now())
        )
        return secret

    async def agree(self, emsp: str, *cpos: str, id: str = "") -> Agreement:
        """Let an eMSP and CPOs roam."""
        parties = tuple(map(Party.parse, cpos))
        one = Agreement(id=id or f"{emsp}-{cpos[0]}", emsp=Party.parse(emsp), cpos=parties, starts=LONG_AGO)
        made = await self.book.put_agreement(one)
        await self.settled()  # what is there already has been sent
        return made

    async def settled(self) -> None:
        await settled(self.dispatch, self.store)
