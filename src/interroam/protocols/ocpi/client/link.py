"""The way to one OCPI partner: facts pushed, questions put."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import structlog
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.ports import Pulled
from interroam.core.rules.quality import Standards
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Act, Entry, Fact
from interroam.model.ids import Key, Kind, Party, PartyId, Role
from interroam.model.parties import Partner, Standing
from interroam.model.questions import Acknowledged, Answer, Authorize, Prefer, Question
from interroam.protocols.ocpi.callbacks import response_url
from interroam.protocols.ocpi.calls import Address, Call, Called, Calls, routing
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.urls import is_secure, tail
from interroam.protocols.ocpi.translate.quality import OcpiStandards
from interroam.protocols.ocpi.views import View, Views
from interroam.protocols.ocpi.wire.words import InterfaceRole
from interroam.protocols.ocpi.wiring import wiring_of

from .fetches import Fetches
from .old import OldPushes, OldQuestions
from .pushes import Push, Pushes
from .questions import authorize_call, not_taken, question_call, read_answer, read_authorized
from .verdicts import check_delivery, knows_not, takes_no_patch

log = structlog.get_logger()

_TOKEN = Kind.TOKEN
# Meant for everybody: from a hub they come in its own name (sheet 3.3).
_BROADCAST = frozenset({"locations", "tariffs", "tokens"})
# Meant for one eMSP, which may have them by push or by pull; a hub cannot do without.
_OWED = frozenset({"sessions", "cdrs"})
_MOST_PARTIES = 1024
_MOST_BROKEN_OFF = 256


class OcpiLink:
    """Speaks with one partner as it is wired now."""

    def __init__(
        self,
        partner: Partner,
        hub: Hub,
        calls: Calls,
        views: Views,
        base_url: str,
        *,
        insecure_http: bool,
    ) -> None:
        self.partner = partner
        self._hub = hub
        self._calls = calls
        self._views = views
        self._pushes = Pushes(hub, views)
        self._base_url = base_url
        self._insecure = insecure_http
        self._switches = switches(partner)
        self.standards: Standards | None = OcpiStandards.of(
            self._switches.quality, self._switches.mandatory, default_start=self._switches.default_start
        )
        self._wiring = wiring_of(partner)
        self._taken: dict[tuple[Party, int], set[tuple[str, tuple[str, ...], bytes]]] = {}
        """Of entries whose delivery broke off: what was taken."""
        self._whole: dict[tuple[Party, Key], int] = {}
        """Of sessions that went whole in the place of a change: the newest entry that was said so."""
        self._routings: dict[tuple[PartyId, PartyId], bytes] = {}
        self._endpoints: dict[tuple[str, InterfaceRole], str | None] = {}
        self._tokens = self._wiring.endpoint("tokens", "SENDER")
        self.answers = not self._wiring.done or self._tokens is not None
        """Questions can be put to this partner, as far as it has the interfaces."""
        self.accepts_unknown = self._switches.accepts_unknown
        """It is asked about tokens that nobody stated."""
        self._address = Address.wired(partner, hub.book.keyring) if self._wiring.done else None
        self._fetches = Fetches(partner, hub, calls, views, self._address, insecure_http=insecure_http)
        to_hub = self._switches.to_as == "hub"
        self._hub_party = next((one.id for one in partner.parties if to_hub and one.role is Role.HUB), None)
        """Whom calls are addressed to, whoever is meant, where the partner wants it so."""
        self._old = OldQuestions(hub, views, partner) if self._wiring.older else None

    @property
    def pushes(self) -> bool:
        """Facts are sent to this partner."""
        return True

    def in_force_only(self, to: Party, kind: Kind) -> bool:
        """Whether a party is told of tariffs in force only (sheet 4.5); a connector names one of them."""
        told = kind is Kind.LOCATION or to.role is Role.HUB or self._switches.pushes_old_tariffs
        return self._wiring.older and told

    async def close(self) -> None:
        """Nothing to let go of: connections are the client's."""

    # -- tell ------------------------------------------------------------------------------------------------------

    async def deliver(self, entry: Entry, to: Party) -> None:
        """Deliver one entry; Refused when it will never be taken, Unavailable when later it may."""
        if entry.key.kind is _TOKEN and to.role is Role.CPO and not self._switches.pushes_tokens:
            return  # OCPI-96
        self._connected()
        view = self._views.view(to, entry.key.owner, self._switches)
        pushes = OldPushes(self._hub, self._views, to, self._switches) if self._wiring.older else self._pushes
        found = await pushes.of(entry, view)
        if self._whole and entry.act is Act.FACT:  # as it was then: what was added since has to be added again
            self._whole.pop((to, entry.key), None)
        if len(found) == 1:
            await (self._grow if _grows(found[0]) else self._deliver)(found[0], pushes, view, entry, to)
        elif found:
            await self._deliver_all(found, pushes, view, entry, to)

    async def _grow(self, push: Push, pushes: Pushes, view: View, entry: Entry, to: Party) -> None:
        """Push what adds to a list, but nothing twice: where it may have arrived already, the whole goes next."""
        if push.whole is None or entry.seq <= self._whole.get((to, push.whole), 0):
            return  # said by the whole that went before
        tried = self._taken.pop((to, entry.seq), None) is not None
        again = await pushes.whole(push.whole, view) if tried else None
        try:
            await self._deliver(again or push, pushes, view, entry, to)
        except Unavailable:
            self._break_off(to, entry, set())
            raise
        if again is not None:
            self._note_whole(to, push.whole, again)

    def _note_whole(self, to: Party, key: Key, whole: Push) -> None:
        if whole.module != "sessions":
            return
        if len(self._whole) >= _MOST_BROKEN_OFF:
            self._whole.clear()
        self._whole[to, key] = whole.upto

    async def _deliver_all(self, found: Sequence[Push], pushes: Pushes, view: View, entry: Entry, to: Party) -> None:
        """Make many pushes; when it is tried again, those that were taken are not made once more."""
        taken, given, refusal = self._taken.pop((to, entry.seq), set()), set[Key](), None
        try:
            for push in found:
                said = (push.method, push.segments, push.body)
                if said in taken or push.whole in given:
                    continue
                try:
                    whole = await self._deliver(push, pushes, view, entry, to)
                except Refused as no:  # of one EVSE, which keeps nothing from the others
                    refusal = refusal or no
                    continue
                taken.add(said)
                if whole is not None:
                    given.add(whole)
        except Unavailable:
            self._break_off(to, entry, taken)
            raise
        if refusal is not None:
            raise refusal

    def _break_off(self, to: Party, entry: Entry, taken: set[tuple[str, tuple[str, ...], bytes]]) -> None:
        if len(self._taken) >= _MOST_BROKEN_OFF:
            self._taken.clear()
        self._taken[to, entry.seq] = taken

    async def _deliver(self, push: Push, pushes: Pushes, view: View, entry: Entry, to: Party) -> Key | None:
        """Make one push; returns the object that was given whole in its place, if any."""
        address, call = self._connected(), self._call(push, entry, to)
        if call is None:
            return None
        called, method = await self._calls.call(address, call, self._hub.deadlines.partner), push.method
        if called.taken or (push.expendable and knows_not(called)):
            return None
        given = None
        if push.whole is not None and await self._wants_whole(address, entry, to, push, called):
            whole = await pushes.whole(push.whole, view)
            if whole is not None:
                log.info("whole_object_sent", partner=self.partner.id, object=str(push.whole), answered=called.code)
                method = whole.method
                called = await self._send(address, entry, to, whole) or called
                given = push.whole
                self._note_whole(to, given, whole)
        check_delivery(called, method, push.module, older=self._wiring.older)
        return given

    async def _wants_whole(self, address: Address, entry: Entry, to: Party, push: Push, called: Called) -> bool:
        """Whether a receiver that did not take a change is to be given all: it takes none, or has not got the object.

        OCPI 2.2.1 transport_and_format, 2.1.1 alike: after a PATCH that failed the owner asks by GET (OCPI-198).
        """
        if push.method == "PATCH" and takes_no_patch(called, push.module):
            return True
        if not knows_not(called) or push.method != "PATCH":
            return knows_not(called)
        look = replace(push, method="GET", body=b"", kept=False, note="")
        found = await self._send(address, entry, to, look)
        if found is None or knows_not(found):
            return True
        check_delivery(found, "GET", push.module)
        return found.reply is None or found.reply.data is None

    async def _send(self, address: Address, entry: Entry, to: Party, push: Push) -> Called | None:
        """Make the call of a push; None when the partner wants no such pushes."""
        call = self._call(push, entry, to)
        return None if call is None else await self._calls.call(address, call, self._hub.deadlines.partner)

    def _call(self, push: Push, entry: Entry, to: Party) -> Call | None:
        """Return the call of a push; None when the partner wants no such pushes."""
        url = self._url(push, to)
        if url is None:
            return None
        return Call(
            method=push.method,
            url=url,
            operation=f"{push.method} {push.module}",
            body=push.body,
            routing=self._routing(self._sender(push), to.id),
            correlation=entry.correlation,
            ids=tuple(dict.fromkeys((entry.hub_id, *push.segments[2:], *push.ids))),
            seq=entry.seq,
            kept=push.kept,
            subject=entry.subject,
            note=push.note,
        )

    def _url(self, push: Push, to: Party) -> str | None:
        if push.url:  # the asker's own response_url
            if not self._insecure and not is_secure(push.url):
                raise Refused(Reason.PARTNER_UNUSABLE, f"{push.url} is no https address (OCPI-2)")
            return push.url
        interface = (push.module, push.interface)
        if interface not in self._endpoints:  # a link is made anew when its partner's wiring changes
            self._endpoints[interface] = self._wiring.endpoint(*interface)
        endpoint = self._endpoints[interface]
        if endpoint is not None:
            url = endpoint.rstrip("/") + tail(push.segments) if push.segments else endpoint
            return f"{url}?{push.query}" if push.query else url
        if push.module in _BROADCAST or (push.module in _OWED and to.role is not Role.HUB):
            return None  # whoever lists no receiver fetches these facts itself (OCPI-177)
        raise Refused(
            Reason.ENDPOINTS_MISSING,
            f"partner {self.partner.id} has no {push.module} {push.interface}",
            remedy="the partner must list this endpoint; then rotate its registration",
        )

    def _sender(self, push: Push) -> PartyId:
        """Return the party a push comes from (sheet 3.2): the hub for what is meant for all, else who said it."""
        hub = self._hub.book.hub
        if hub is not None and (push.module in _BROADCAST or self._switches.from_as == "hub"):
            return hub.id
        return push.owner

    # -- ask -------------------------------------------------------------------------------------------------------

    async def ask(self, question: Question, to: Party, origin_party: Party, correlation: str, within: float) -> Answer:
        """Put a question; Refused with the partner's codes, Unavailable when no answer came in time."""
        address = self._connected()
        if type(question) is Authorize and self._old is None and self._tokens is not None:
            parties = self._routing(origin_party.id, self._addressed(to))
            subject = self._hub.book.keyring.subject(question.type, question.uid)
            asking = authorize_call(question, self._tokens, parties, correlation, subject)
            return read_authorized(await self._calls.call(address, asking, within))
        lacking = not_taken(question, self._wiring, self._switches)
        if lacking:
            message = f"partner {self.partner.id} {lacking}"
            if isinstance(question, Prefer):
                raise Refused(Reason.NOT_OFFERED, message)
            return Acknowledged(result="NOT_SUPPORTED", message=message)
        sender, receiver = origin_party.id, self._addressed(to)
        hub = self._hub.book.hub
        if hub is not None and self._switches.from_as == "hub" and not isinstance(question, Authorize):
            sender = hub.id  # a location's id means nothing without its CPO: authorize always names it (sheet 3.6)
        call = question_call(
            question,
            self._wiring,
            self._callback,
            self._routing(sender, receiver),
            correlation,
            self._subject(question),
        )
        if self._old is None:
            return read_answer(question, await self._calls.call(address, call, within))
        lowered = await self._old.lowered(question, call)
        if lowered is None:
            return Acknowledged(result="NOT_SUPPORTED", message="OCPI 2.1.1 has no such command")
        called = await self._calls.call(address, lowered, within)
        return read_answer(question, await self._old.lifted(question, called))

    def _addressed(self, to: Party) -> PartyId:
        return self._hub_party or to.id

    def _callback(self, name: str, command_id: str) -> str:
        return response_url(self._base_url, name, command_id, older=self._wiring.older)

    def _subject(self, question: Question) -> bytes:
        keyring = self._hub.book.keyring
        if isinstance(question, Authorize):
            return keyring.subject(question.type, question.uid)
        token = getattr(question, "token", None)
        return keyring.subject(token.type, token.uid) if token is not None else b""

    # -- fetch -----------------------------------------------------------------------------------------------------

    def shows(self, kind: Kind) -> bool:
        """Whether the partner has a list of this kind."""
        return self._fetches.shows(kind)

    def pull(
        self, kind: Kind, since: datetime | None, *, asker: PartyId, owner: Party, correlation: str
    ) -> AsyncIterator[Pulled]:
        """Fetch all objects of a kind, or those changed since then, page by page."""
        return self._fetches.pull(kind, since, asker=asker, owner=owner, correlation=correlation)

    async def fetch(
        self, key: Key, name: str, since: datetime, *, asker: PartyId, owner: Party, correlation: str
    ) -> Fact | None:
        """Fetch one object that changed then."""
        return await self._fetches.fetch(key, name, since, asker=asker, owner=owner, correlation=correlation)

    async def probe(self) -> None:
        """Pass when the partner is there."""
        await self._fetches.probe()

    async def announce(self, standing: Standing) -> bool:
        """Tell the partner how a party stands; false when it takes no such news."""
        return await self._fetches.announce(standing)

    # -- both ------------------------------------------------------------------------------------------------------

    def _connected(self) -> Address:
        if self._address is None:
            raise Unavailable(Reason.NOT_CONNECTED, f"partner {self.partner.id} is not registered")
        return self._address

    def _routing(self, sender: PartyId, receiver: PartyId) -> bytes:
        known = self._routings.get((sender, receiver))
        if known is None:
            if len(self._routings) >= _MOST_PARTIES:
                self._routings.clear()
            known = self._routings[sender, receiver] = b"" if self._wiring.older else routing(sender, receiver)
        return known


def _grows(push: Push) -> bool:
    """Whether a change adds to what is known: charging periods of a session (OCPI-127)."""
    return push.method == "PATCH" and push.module == "sessions" and b'"charging_periods"' in push.body
