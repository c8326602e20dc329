"""What we show of ourselves: versions, endpoints and credentials."""

from __future__ import annotations

from collections.abc import Iterable

from interroam.core.parties.book import Book
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, Role
from interroam.model.parties import Partner
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.rules.urls import is_secure
from interroam.protocols.ocpi.rules.versions import OLD, offered
from interroam.protocols.ocpi.v211 import lower_credentials, lower_version_details
from interroam.protocols.ocpi.v211.peers import Face
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.credentials import Credentials, CredentialsRole
from interroam.protocols.ocpi.wire.raw import set_fields, text
from interroam.protocols.ocpi.wire.types import BusinessDetails
from interroam.protocols.ocpi.wire.versions import Endpoint, Version, VersionDetails
from interroam.protocols.ocpi.wire.words import InterfaceRole
from interroam.protocols.ocpi.wiring import BACK_OFFICE

PATH = "/ocpi"
FACES: dict[str, Face] = {"cpo": "CPO", "emsp": "EMSP"}
"""What partners of 2.1.1 see us as, which does not name the sides of a module: there is a door for each."""

_MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles", "hubclientinfo")
# Which side of a module a node plays for a party of its own; a hub plays both of all.
_SIDES: dict[Role, tuple[tuple[str, InterfaceRole], ...]] = {
    Role.CPO: (
        ("locations", "SENDER"),
        ("tariffs", "SENDER"),
        ("tokens", "RECEIVER"),
        ("sessions", "SENDER"),
        ("cdrs", "SENDER"),
        ("commands", "RECEIVER"),
        ("chargingprofiles", "RECEIVER"),
    ),
    Role.EMSP: (
        ("locations", "RECEIVER"),
        ("tariffs", "RECEIVER"),
        ("tokens", "SENDER"),
        ("sessions", "RECEIVER"),
        ("cdrs", "RECEIVER"),
        ("commands", "SENDER"),
        ("chargingprofiles", "SENDER"),
    ),
}


class Ours:
    """The node as partners see it at ``base_url``."""

    def __init__(self, book: Book, base_url: str, name: str, *, insecure_http: bool = False) -> None:
        self._book = book
        self._secure = insecure_http or is_secure(base_url)
        self._base_url = base_url
        self._name = name

    @property
    def versions_url(self) -> str:
        """Where partners begin."""
        return self.url("versions")

    def face_for(self, partner: Partner) -> Face:
        """Return what we are for a partner of 2.1.1: the counterpart of its one party, or what we host for a hub."""
        roles = {party.role for party in partner.parties}
        if Role.HUB in roles:
            return "CPO" if any(party.role in (Role.CPO, Role.HUB) for party in self.parties()) else "EMSP"
        return "EMSP" if Role.CPO in roles else "CPO"

    def url(self, version: str, *rest: str) -> str:
        """Return the address of something of a version."""
        return "/".join((f"{self._base_url}{PATH}/{version}", *rest))

    def versions(self, face: Face, newest: str) -> bytes:
        """Write the versions we offer; that of 2.1.1 is that of one face (OCPI-1)."""
        shown = [
            Version(version=version, url=self.url(face.lower(), version) if version == OLD else self.url(version))
            for version in offered(newest)
        ]
        return b"[" + b",".join(write(each) for each in shown) + b"]"

    def details(self, version: str, switches: Switches) -> bytes:
        """Write the endpoints of a version: credentials once, as a sender (OCPI-171); no module that is off."""
        listed = [Endpoint(identifier="credentials", role="SENDER", url=self.url(version, "credentials"))]
        for module, role in self._interfaces():
            if not switches.offers(module):
                continue
            url = self.url(version, role.lower(), module)
            listed.append(Endpoint(identifier=module, role=role, url=url))
        return write(VersionDetails(version=version, endpoints=tuple(listed)))

    def old_details(self, face: Face) -> bytes:
        """Write the endpoints of one face in 2.1.1."""
        listed = [Endpoint(identifier="credentials", role="SENDER", url=self.url(face.lower(), OLD, "credentials"))]
        for module, role in self._interfaces():
            listed.append(Endpoint(identifier=module, role=role, url=self.url(face.lower(), OLD, module)))
        raw = write(VersionDetails(version=OLD, endpoints=tuple(listed)))
        return lower_version_details(raw, face).data or b"{}"

    def old_credentials(self, token: str, face: Face) -> bytes:
        """Write who we are in 2.1.1: one party in the role of this face (OCPI-22)."""
        raw = set_fields(self.credentials(token), {"url": text(self.url(face.lower(), "versions"))})
        parties = self.parties()
        own = next((party for party in parties if party.role.value == face), parties[0])
        return lower_credentials(raw, own).data or b"{}"

    def credentials(self, token: str) -> bytes:
        """Write who we are, for a partner that is to use this token; a hub names itself alone (OCPI-20)."""
        if not self._secure:
            raise Refused(
                Reason.FAILED,
                f"this node would publish {self.versions_url}, which is no https address (OCPI-2)",
                remedy="set listen.public_url, or a certificate; for tests alone there is insecure_http",
            )
        roles = tuple(
            CredentialsRole(
                role=party.role.value,
                business_details=BusinessDetails(name=self._name),
                party_id=party.id.code,
                country_code=party.id.country,
            )
            for party in self.parties()
        )
        if not roles:
            raise Refused(
                Reason.INCOMPLETE,
                "this node hosts no party yet",
                remedy=f"add the back office as a partner of protocol {BACK_OFFICE}",
            )
        return write(Credentials(token=token, url=self.versions_url, roles=roles))

    def parties(self) -> tuple[Party, ...]:
        """Return the parties this platform speaks for."""
        if self._book.hub is not None:
            return (self._book.hub,)
        hosted = (
            party
            for partner in self._book.partners.values()
            if partner.protocol == BACK_OFFICE
            for party in partner.parties
        )
        return tuple(dict.fromkeys(hosted))

    def _interfaces(self) -> Iterable[tuple[str, InterfaceRole]]:
        roles = {party.role for party in self.parties()}
        sides: tuple[InterfaceRole, InterfaceRole] = ("SENDER", "RECEIVER")
        for module in _MODULES:
            for side in sides:
                if module == "hubclientinfo":  # a hub shows, everybody else is told
                    if (side == "SENDER") is (Role.HUB in roles):
                        yield module, side
                elif Role.HUB in roles or any((module, side) in _SIDES.get(role, ()) for role in roles):
                    yield module, side


def other(face: Face) -> Face:
    """Return the counterpart of a face."""
    return "CPO" if face == "EMSP" else "EMSP"
