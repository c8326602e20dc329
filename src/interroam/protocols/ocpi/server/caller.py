"""Who calls: recognized by token and address, then by the routing headers.

A token is looked up by its keyed hash, so the time that takes says nothing about it. What was recognized is remembered
as long as it holds, in a table whose hash is keyed as well; who may speak for whom is worked out once for each
combination of headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import structlog
from msgspec import Struct
from msgspec.structs import replace

from interroam.core.parties.book import Book
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, PartyId, Role
from interroam.model.parties import Partner, PartnerState, Purpose
from interroam.net.addresses import Addresses
from interroam.net.http import Request
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.headers import Encoding, require_routing, routing, tokens_presented
from interroam.protocols.ocpi.rules.roles import may_call
from interroam.protocols.ocpi.wire.words import InterfaceRole
from interroam.protocols.ocpi.wiring import BACK_OFFICE

from .call import Caller

log = structlog.get_logger()

_MOST = 4096
_ROUTING = (b"ocpi-from-country-code", b"ocpi-from-party-id", b"ocpi-to-country-code", b"ocpi-to-party-id")


class Addressing(Struct, frozen=True):
    """What a combination of routing headers means; ``receiver`` is None when the hub itself is meant."""

    sender: PartyId
    parties: tuple[Party, ...]
    receiver: PartyId | None
    lines: bytes
    """The routing headers of an answer, as they are written."""
    acting: dict[tuple[str, InterfaceRole], Party]
    """In which role the sender uses an interface, as far as it was worked out."""


class Callers:
    """Recognizes callers."""

    def __init__(self, book: Book, own: PartyId) -> None:
        self._book = book
        self._own = own
        self._recent: dict[bytes, Caller] = {}
        self._known: dict[tuple[object, ...], Addressing] = {}
        self._addresses: dict[tuple[str, ...], Addresses] = {}
        book.on_change(self._forget)

    def _forget(self) -> None:
        self._known.clear()
        self._recent.clear()

    # -- the platform ----------------------------------------------------------------------------------------------

    def recognize(self, request: Request) -> Caller:
        """Return who presents a token we know, from an address of theirs (OCPI-5, OCPI-6, OCPI-8)."""
        shown = request.headers.get(b"authorization", b"")
        caller = self._recent.get(shown)
        if caller is None or not self._book.holds(caller.partner, caller.credential):
            caller = self._caller(shown, request.client)
            if len(self._recent) >= _MOST:
                self._recent.clear()
            self._recent[shown] = caller
        if caller.partner.addresses:
            self.check_address(caller.partner, request.client)
        if caller.partner.certificates:
            self._check_certificate(caller.partner, request.certificate)
        return caller

    def _caller(self, shown: bytes, client: str) -> Caller:
        # The likeliest reading first: base64, then as it stands (C15); what the partner may use is checked afterwards.
        for token in tokens_presented(shown, "auto"):
            found = self._book.recognize(token)
            if found is None:
                continue
            partner, credential = found
            self.check_address(partner, client)
            own = switches(partner)
            starting = credential.purpose is Purpose.REGISTRATION
            if starting or partner.protocol != "ocpi" or not _agreed(own.encoding, shown, token):
                break
            if partner.state is PartnerState.SUSPENDED:
                raise _suspended(partner)
            return Caller(partner, credential, own, _as_it_stands(shown, token))
        message = "this token opens nothing here" if shown else "there is no Authorization header"
        raise Refused(Reason.UNAUTHENTICATED, message, remedy="send Authorization: Token <base64 of the token>")

    def check_anyone(self, request: Request) -> None:
        """Check the address of whoever presents a token we know; the rest is the handshake's to judge."""
        for token in tokens_presented(request.headers.get(b"authorization"), "auto"):
            found = self._book.recognize(token)
            if found is not None:
                self.check_address(found[0], request.client)
                self._check_certificate(found[0], request.certificate)
                if found[0].state is PartnerState.SUSPENDED:
                    raise _suspended(found[0])

    @staticmethod
    def _check_certificate(partner: Partner, shown: bytes | None) -> None:
        """Pass when a partner shows the certificate that it is bound to; a token alone is not enough (OCPI-10)."""
        if partner.certificates and (shown is None or sha256(shown).hexdigest() not in partner.certificates):
            log.warning("certificate_refused", partner=partner.id, shown=shown is not None)
            message = "this certificate is not the partner's" if shown is not None else "a certificate is needed"
            remedy = "call with the client certificate that belongs to this connection"
            raise Refused(Reason.UNAUTHENTICATED, message, remedy=remedy)

    def check_address(self, partner: Partner, client: str) -> None:
        """Pass when a partner may call from here; else Refused, and logged (OCPI-8)."""
        if not partner.addresses:
            return
        addresses = self._addresses.get(partner.addresses)
        if addresses is None:
            addresses = self._addresses[partner.addresses] = Addresses(partner.addresses)
        if client not in addresses:
            log.warning("address_refused", partner=partner.id, client=client)
            raise Refused(
                Reason.FORBIDDEN, f"{client} is no address of partner {partner.id}", remedy="ask the operator"
            )

    # -- the parties -----------------------------------------------------------------------------------------------

    def addressing(self, partner: Partner, headers: Mapping[bytes, bytes], *, to_too: bool) -> Addressing:
        """Return from whom and to whom a functional request goes (OCPI-14 to OCPI-17, C2)."""
        get = headers.get
        key = (partner.id, get(_ROUTING[0]), get(_ROUTING[1]), get(_ROUTING[2]), get(_ROUTING[3]), to_too)
        known = self._known.get(key)
        if known is None:
            known = self._addressing(partner, headers, to_too=to_too)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = known
        return known

    def _addressing(self, partner: Partner, headers: Mapping[bytes, bytes], *, to_too: bool) -> Addressing:
        named = routing(headers)
        if named.sender is None and self._two_alone(partner):
            named = replace(named, sender=partner.parties[0].id)
        else:
            named = require_routing(headers, to_too=to_too)
        sender, receiver = named.sender, named.receiver
        if sender is None:
            raise TypeError("require_routing saw to it")
        parties = tuple(party for party in partner.parties if party.id == sender)
        if not parties:
            # Behind a hub stand parties that we do not know by name.
            parties = tuple(party for party in partner.parties if party.role is Role.HUB)
        if not parties:
            raise Refused(
                Reason.FORBIDDEN,
                f"partner {partner.id} does not speak for {sender}",
                remedy=f"add {sender} to the parties of partner {partner.id}",
            )
        active = tuple(filter(self._book.active, parties))
        if not active:
            self._book.routing.check_active(parties[0])
        hub = self._book.hub
        to_hub = receiver is None or (hub is not None and receiver == hub.id)
        if receiver is not None and not to_hub and not self._is_here(receiver, partner):
            raise Refused(
                Reason.UNKNOWN_PARTY,
                f"no party {receiver} is connected here",
                remedy="address the hub",
            )
        answering = self._own if to_hub or receiver is None else receiver
        return Addressing(sender, active, None if to_hub else receiver, _answering(sender, answering), {})

    def _two_alone(self, partner: Partner) -> bool:
        """Whether we and the partner are one party in one role each: then headers would say nothing new (OCPI-181)."""
        if self._book.hub is not None or len(partner.parties) != 1:
            return False
        hosted = {
            party for other in self._book.partners.values() if other.protocol == BACK_OFFICE for party in other.parties
        }
        return len(hosted) == 1 and partner.parties[0].role is not Role.HUB

    def _is_here(self, receiver: PartyId, caller: Partner) -> bool:
        """Whether this party can be reached here: through a hub any, else one hosted by the node itself."""
        if self._book.hub is not None:
            return bool(self._book.routing.roles_of(receiver))
        return receiver == self._own or any(
            party.id == receiver
            for partner in self._book.partners.values()
            if partner.id != caller.id
            for party in partner.parties
        )

    @staticmethod
    def in_role(addressing: Addressing, module: str, interface: InterfaceRole) -> Party:
        """Return the party in the first of its roles that may use this interface (OCPI-23, OCPI-24)."""
        known = addressing.acting.get((module, interface))
        if known is not None:
            return known
        for party in addressing.parties:
            if may_call(module, interface, party.role):
                addressing.acting[module, interface] = party
                return party
        roles = " and ".join(party.role.value for party in addressing.parties)
        raise Refused(
            Reason.FORBIDDEN,
            f"{addressing.sender} is {roles} here: not allowed on {module} {interface}",
            remedy="call the interface of your own role",
        )


def _suspended(partner: Partner) -> Refused:
    return Refused(Reason.FORBIDDEN, f"partner {partner.id} is suspended", remedy="ask the operator")


def _agreed(encoding: Encoding, shown: bytes, token: str) -> bool:
    """Whether a token came in the form this partner is to use (OCPI-3, C15)."""
    return encoding == "auto" or _as_it_stands(shown, token) is (encoding == "plain")


def _as_it_stands(shown: bytes, token: str) -> bool:
    return shown.strip().endswith(b" " + token.encode())


def _answering(to: PartyId, sender: PartyId) -> bytes:
    """Write the routing headers of an answer: turned round (sheet 3.2)."""
    return (
        f"ocpi-to-country-code: {to.country}\r\nocpi-to-party-id: {to.code}\r\n"
        f"ocpi-from-country-code: {sender.country}\r\nocpi-from-party-id: {sender.code}\r\n"
    ).encode()
