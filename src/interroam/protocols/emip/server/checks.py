"""Who calls: seven questions in a fixed order, of which the first that fails decides the fault (EMIP-10 to EMIP-17).

1 the partner exists, 2 is active, 3 calls from an address of its own, 4 shows its certificate; 5 the operator exists,
6 is active, 7 belongs to the partner. Then: may it ask for this in one of its roles (EMIP-19), is the operation on for
it (EMIP-122), and, in what comes from a platform, whom does it address (EMIP-117)?
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec import Struct

from interroam.core.hub import Hub
from interroam.model.errors import Refused, Unavailable
from interroam.model.ids import Party, PartyId, Role
from interroam.model.parties import Partner, PartnerState
from interroam.net.addresses import Addresses
from interroam.net.http import Request
from interroam.protocols.emip.profiles import Switches, certificate_of, partner_id_of, switches
from interroam.protocols.emip.rules.codes import NOT_SUPPORTED, TARGET_UNKNOWN, Declined
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.rules.ids import operator as read_operator
from interroam.protocols.emip.wire.faults import Cause, FaultCode, SoapFault
from interroam.protocols.emip.wire.operations import DOWNLOAD, PLATFORM, Operation
from interroam.protocols.emip.wire.types import FromIop, ToIop

from .answers import RETRY_S, Busy, not_known, not_of_role, unfit

_REMEMBERED = 10_000
_PART = re.compile(
    r"""\s*+(?P<name>[A-Za-z][\w.-]*+|[\d.]++)\s*+=\s*+
    (?:"(?P<quoted>(?:[^"\\]|\\.)*+)"\s*+|(?P<plain>(?:[^"\\,;+]|\\.)*+))(?:[,;+]|\Z)""",
    re.VERBOSE | re.DOTALL,
)
"""One attribute of a distinguished name; what is escaped or quoted ends nothing."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Sender(Struct, frozen=True):
    """Who a request is from, and whom of us it is for."""

    operator: Party
    target: Party | None


class _Known(Struct, frozen=True):
    """A partner, with what is asked of its requests."""

    partner: Partner
    switches: Switches
    certificate: str


class Checks:
    """Asks the questions of every request.

    What the book says is read when the book changes. Senders that passed are remembered until then; where a request
    comes from and what it shows is looked at each time.
    """

    def __init__(self, hub: Hub, *, insecure: bool) -> None:
        self._hub = hub
        self._book = book = hub.book
        self._insecure = insecure
        self._partners: dict[str, _Known] = {}
        self._senders: dict[tuple[str, str, str, str | None], Sender] = {}
        book.on_change(self._index)
        self._index()

    def _index(self) -> None:
        spoken = [one for one in self._book.partners.values() if one.protocol == PROTOCOL]
        self._partners = {partner_id_of(one).casefold(): _known(one) for one in spoken}
        self._senders = {}

    # -- before anything is read -------------------------------------------------------------------------------------

    def check_channel(self, request: Request) -> None:
        """Turn away who comes without TLS, or without a certificate where nobody may (EMIP-1, EMIP-3)."""
        if self._insecure:
            return
        if not request.secure:
            raise unfit("eMIP is served over HTTPS only", "HTTPS_ONLY")
        if not _shown(request) and not any(_lenient(one.partner) for one in self._partners.values()):
            raise not_known("CERTIFICATE_MISMATCH", "a client certificate is needed")

    # -- the partner -------------------------------------------------------------------------------------------------

    def partner(self, request: Request, message: ToIop, operation: Operation) -> Partner:
        """Return who calls, as far as partners go: steps 1 to 4."""
        if operation.to_iop and not (self._insecure or _shown(request)):
            raise not_known("CERTIFICATE_MISMATCH", "a client certificate is needed")  # EMIP-3
        known = self._partners.get(message.partner_id.strip().casefold())
        if known is None:
            raise not_known("PARTNER_UNKNOWN", f"no partner {message.partner_id} is registered")
        partner = known.partner
        if partner.state is PartnerState.SUSPENDED:
            raise not_known("PARTNER_INACTIVE", f"partner {message.partner_id} is not active")
        if not self._is_at_home(known, request, operation):
            raise not_known("IP_NOT_ALLOWED", f"{request.client} is no address of partner {message.partner_id}")
        if not self._shows(known, request, operation):
            raise not_known("CERTIFICATE_MISMATCH", f"this is not the certificate of partner {message.partner_id}")
        self._take(partner, request)
        return partner

    def _take(self, partner: Partner, request: Request) -> None:
        try:
            self._hub.quotas.take(partner, len(request.body), self._hub.clock.now())
        except Refused as no:
            raise SoapFault(FaultCode.INVALID_REQUEST, Cause.INVALID_VALUE, no.message) from no
        except Unavailable as later:
            raise Busy(Cause.OVERLOADED, later.message, later.retry_after or RETRY_S) from later

    def _is_at_home(self, known: _Known, request: Request, operation: Operation) -> bool:
        """Whether a partner calls from an address of its own; who calls a platform has to have one (EMIP-12)."""
        addresses = known.partner.addresses
        if not addresses:
            return known.switches.any_address or not operation.to_iop or self._insecure
        return request.client in _networks(addresses)

    def _shows(self, known: _Known, request: Request, operation: Operation) -> bool:
        if not known.switches.mutual_tls and (not operation.to_iop or self._insecure):
            return True  # EMIP-5
        pinned = known.partner.certificates
        if pinned and (request.certificate is None or sha256(request.certificate).hexdigest() not in pinned):
            return False
        names = common_names(request.certificate) if request.certificate else names_in(request.name)
        return names == (known.certificate,)

    # -- the operator ------------------------------------------------------------------------------------------------

    def sender(self, partner: Partner, message: ToIop, operation: Operation) -> Sender:
        """Return whose request it is and whom it addresses: steps 5 to 7, the role, the services."""
        addressed = message.target_operator_id if isinstance(message, FromIop) else None
        asked = (partner.id, operation.name, message.operator_id, addressed)
        found = self._senders.get(asked)
        if found is None:
            found = self._sender(partner, message, operation)
            if len(self._senders) >= _REMEMBERED:
                self._senders = {}
            self._senders[asked] = found
        return found

    def _sender(self, partner: Partner, message: ToIop, operation: Operation) -> Sender:
        try:
            operator = read_operator(message.operator_id)
        except ValueError:
            raise not_known("OPERATOR_UNKNOWN", f"{message.operator_id!r} is no operator") from None
        if isinstance(message, FromIop):
            party = self._behind(partner, operator, operation)
            target = self._target(partner, message, operation)
        else:
            party, target = self._of(partner, operator, operation), None
        if not switches(partner).serves(operation, target.id if target is not None else operator):
            raise Declined(NOT_SUPPORTED, f"{operation.name} is not on for {operator}")
        return Sender(party, target)

    def _of(self, partner: Partner, operator: PartyId, operation: Operation) -> Party:
        """Return an operator in the role in which it asks the platform."""
        roles = self._book.routing.roles_of(operator)
        if not roles:
            raise not_known("OPERATOR_UNKNOWN", f"no operator {operator} is registered")
        meant = (roles & operation.called_by) or roles
        if not any(self._book.active(Party(operator, role)) for role in meant):
            raise not_known("OPERATOR_INACTIVE", f"operator {operator} is not active")
        own = [party for party in partner.parties if party.id == operator]
        if not own:
            message = f"operator {operator} is not one of partner {partner_id_of(partner)}"
            raise not_known("PARTNER_OPERATOR_NOT_ASSOCIATED", message)
        fit = [party for party in own if party.role in operation.called_by and self._book.active(party)]
        if not fit:
            raise not_of_role(f"{operation.name} is not for operator {operator}")
        return fit[0]

    def _behind(self, partner: Partner, operator: PartyId, operation: Operation) -> Party:
        """Return an operator in the role in which a platform passes on what it said."""
        if not partner.is_hub:
            raise not_of_role(f"{operation.name} is for platforms only")
        party = Party(operator, _source(operation))
        if not self._book.active(party):
            raise not_known("OPERATOR_INACTIVE", f"operator {operator} is not active")
        return party

    def _target(self, partner: Partner, message: FromIop, operation: Operation) -> Party | None:
        """Return who of ours is to treat it: the one named, else the only one it can be."""
        hosted = {
            party
            for one in self._book.partners.values()
            if one.id != partner.id and not one.is_hub
            for party in one.parties
            if party.role in operation.served_by
        }
        if message.target_operator_id is None:
            if len(hosted) != 1 and operation.family is not PLATFORM:
                raise unfit("targetOperatorId is missing, and it may be for more than one operator", "MISSING_FIELD")
            return min(hosted, default=None)
        try:
            named = read_operator(message.target_operator_id)
        except ValueError:
            named = None
        found = min((party for party in hosted if party.id == named), default=None)
        if found is None:
            raise Declined(TARGET_UNKNOWN, f"no operator {message.target_operator_id} is here")
        return found


def _known(partner: Partner) -> _Known:
    return _Known(partner, switches(partner), certificate_of(partner))


@lru_cache(maxsize=1024)
def _networks(addresses: tuple[str, ...]) -> Addresses:
    return Addresses(addresses)


def _source(operation: Operation) -> Role:
    """Whom a platform speaks for: the other role, but for itself where it is the source (sheet 2.1)."""
    if operation.family in (PLATFORM, DOWNLOAD):
        return Role.HUB
    return Role.CPO if Role.EMSP in operation.served_by else Role.EMSP


def _shown(request: Request) -> bool:
    return request.certificate is not None or bool(request.name)


def _lenient(partner: Partner) -> bool:
    """Whether this is a platform that may call without a certificate (EMIP-5)."""
    return partner.is_hub and not switches(partner).mutual_tls


@lru_cache(maxsize=1024)
def common_names(certificate: bytes) -> tuple[str, ...]:
    """Return the common names of a certificate, DER; none when it cannot be read."""
    try:
        subject = x509.load_der_x509_certificate(certificate).subject
    except ValueError:
        return ()
    return tuple(str(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME))


@lru_cache(maxsize=1024)
def names_in(distinguished: str) -> tuple[str, ...]:
    """Return the common names in a distinguished name as proxies write it: ``CN=…,O=…`` or ``/O=…/CN=…``.

    Some put blanks around what stands between (RFC 2253), or name attributes that only they know.
    """
    if distinguished.startswith("/"):
        parts = [part.partition("=") for part in distinguished.split("/")]
        return tuple(value.strip() for name, _, value in parts if name.strip().upper() == "CN")
    found: list[str] = []
    at = 0
    while at < len(distinguished):
        part = _PART.match(distinguished, at)
        if part is None:
            return ()
        if part["name"].upper() == "CN":
            found.append(_ESCAPED.sub(r"\1", part["quoted"] or (part["plain"] or "").strip()))
        at = part.end()
    return tuple(found)
