"""Which version two platforms speak, and which endpoints must be there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from interroam.model.ids import Role
from interroam.protocols.ocpi.wire.versions import Endpoint, Version
from interroam.protocols.ocpi.wire.words import InterfaceRole

OLD = "2.1.1"
OFFERED = (OLD, "2.2.1")  # OCPI-1

# What a partner must offer for the hub to work with a party of that role (OCPI-176, OCPI-177).
_REQUIRED: Mapping[Role, frozenset[tuple[str, InterfaceRole]]] = {
    Role.CPO: frozenset({("locations", "SENDER"), ("commands", "RECEIVER")}),
    Role.EMSP: frozenset({("tokens", "SENDER")}),
}


def choose(theirs: Iterable[Version], ours: Iterable[str] = OFFERED) -> Version | None:
    """The highest version both offer (OCPI-170), or None (3002); numbers we do not know are skipped."""
    known = set(ours)
    mutual = [each for each in theirs if each.version.strip() in known]
    return max(mutual, key=lambda each: _number(each.version), default=None)


def offered(newest: str) -> tuple[str, ...]:
    """The versions that are offered to whom nothing newer is."""
    return tuple(each for each in OFFERED if _number(each) <= _number(newest))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.strip().split("."))


def endpoint(endpoints: Iterable[Endpoint], module: str, interface: InterfaceRole) -> str | None:
    """The URL of an interface; credentials are one interface, whatever role they are listed under (OCPI-171)."""
    wanted = module.casefold()
    for each in endpoints:
        if each.identifier.casefold() == wanted and (wanted == "credentials" or each.role == interface):
            return each.url
    return None


def missing(endpoints: Iterable[Endpoint], roles: Iterable[Role]) -> tuple[str, ...]:
    """What a partner with these roles should list and does not, in words (3003); empty when all is there."""
    listed = tuple(endpoints)
    wanted: set[tuple[str, InterfaceRole]] = {("credentials", "SENDER")}
    for role in roles:
        wanted |= _REQUIRED.get(role, frozenset())
    return tuple(
        f"{module} {interface}" for module, interface in sorted(wanted) if endpoint(listed, module, interface) is None
    )
