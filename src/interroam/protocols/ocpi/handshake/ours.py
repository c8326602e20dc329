"""What we show of ourselves: versions, endpoints and credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from interroam.core.book import Book
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Party, Role
from interroam.protocols.ocpi.profiles import Switches
from interroam.protocols.ocpi.wire import write
from interroam.protocols.ocpi.wire.credentials import Credentials, CredentialsRole
from interroam.protocols.ocpi.wire.types import BusinessDetails
from interroam.protocols.ocpi.wire.versions import Endpoint, Version, VersionDetails
from interroam.protocols.ocpi.wire.words import InterfaceRole

OFFERED = ("2.2.1",)
PATH = "/ocpi"
BACK_OFFICE = "plain"

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
    """The node as partners see it at ``base_url()``."""

    def __init__(self, book: Book, base_url: Callable[[], str], name: str) -> None:
        self._book = book
        self._base_url = base_url
        self._name = name

    @property
    def versions_url(self) -> str:
        """Where partners begin."""
        return f"{self._base_url()}{PATH}/versions"

    def url(self, version: str, *rest: str) -> str:
        """Return the address of something of a version."""
        return "/".join((f"{self._base_url()}{PATH}/{version}", *rest))

    def versions(self) -> bytes:
        """Write the versions we offer."""
        shown = [Version(version=version, url=self.url(version)) for version in OFFERED]
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

    def credentials(self, token: str) -> bytes:
        """Write who we are, for a partner that is to use this token; a hub names itself alone (OCPI-20)."""
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
