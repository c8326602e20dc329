"""What a partner shows of itself, read with its own token: its versions and their endpoints."""

from __future__ import annotations

from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.parties import Partner
from interroam.protocols.ocpi.calls import Address, Call, Called, Calls
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.urls import is_secure, is_usable
from interroam.protocols.ocpi.rules.versions import OLD, choose, endpoint, missing, offered
from interroam.protocols.ocpi.v211 import lift_version_details
from interroam.protocols.ocpi.v211.peers import Face
from interroam.protocols.ocpi.wire import Malformed, NotJson, read
from interroam.protocols.ocpi.wire.envelope import Reply
from interroam.protocols.ocpi.wire.raw import fields_of, items_of, set_fields
from interroam.protocols.ocpi.wire.versions import Endpoint, Version
from interroam.protocols.ocpi.wiring import Wiring, party_of


class Scout:
    """Looks at partners from outside."""

    def __init__(self, calls: Calls, *, insecure_http: bool) -> None:
        self._calls = calls
        self._insecure = insecure_http

    async def look(
        self, address: Address, versions_url: str, partner: Partner, face: Face, correlation: str, only: str = ""
    ) -> Wiring:
        """Return how the partner can be reached; Refused says what is wrong with its interface (OCPI-168).

        ``face`` is what the partner is for us where it speaks 2.1.1. Whoever calls us has chosen the version by the
        credentials it called: ``only`` that one counts (OCPI-170).
        """
        self.check(versions_url)
        listed = await self._versions(address, versions_url, correlation)
        ours = tuple(one for one in offered(switches(partner).newest) if only in ("", one))
        chosen = choose(listed, ours)
        if chosen is None:
            theirs = ", ".join(each.version for each in listed) or "none"
            message = f"no version in common: ours {', '.join(ours) or 'none'}, the partner's {theirs}"
            remedy = f"offer one of {', '.join(offered(switches(partner).newest))}, and use its credentials"
            raise Refused(Reason.VERSION_UNSUPPORTED, message, remedy=remedy)
        older = chosen.version.strip() == OLD
        if older:
            party_of(partner)
            address = address.older
        endpoints = await self._endpoints(address, chosen, correlation, face if older else None)
        lacking = missing(endpoints, {party.role for party in partner.parties})
        if lacking:
            message = f"the partner's {chosen.version} lacks {', '.join(lacking)}"
            raise Refused(Reason.ENDPOINTS_MISSING, message, remedy="list these endpoints in the version details")
        for each in endpoints:
            self.check(each.url)
        return Wiring(versions_url=versions_url, version=chosen.version.strip(), endpoints=endpoints)

    def check(self, url: str) -> None:
        """Refuse an address nobody may publish (OCPI-2)."""
        if not is_usable(url) or not (is_secure(url) or self._insecure):
            raise Refused(Reason.PARTNER_UNUSABLE, f"{url} is no https address", remedy="publish https addresses only")

    async def _versions(self, address: Address, url: str, correlation: str) -> list[Version]:
        reply = await self._get(address, url, "GET versions", correlation)
        found = []
        for item in reply.items():
            try:
                found.append(read(Version, item)[0])
            except Malformed:  # a version we could not use anyway
                continue
        return found

    async def _endpoints(
        self, address: Address, version: Version, correlation: str, face: Face | None
    ) -> tuple[Endpoint, ...]:
        self.check(version.url)
        reply = await self._get(address, version.url, "GET version details", correlation)
        try:
            data = reply.data or b"{}"
            if face is not None:
                data = lift_version_details(data, face).data
            listed = items_of(fields_of(data).get("endpoints"), "endpoints")
        except (Malformed, NotJson) as error:
            raise Refused(Reason.PARTNER_UNUSABLE, f"{version.url} answered no version details: {error}") from error
        return tuple(found for found in map(_endpoint, listed) if found is not None)

    async def _get(self, address: Address, url: str, operation: str, correlation: str) -> Reply:
        try:
            called = await self._calls.call(
                address, Call(method="GET", url=url, operation=operation, correlation=correlation)
            )
        except Unavailable as silence:
            message = f"{url} does not answer: {silence.message}"
            raise Refused(Reason.PARTNER_UNUSABLE, message, remedy="make it reachable from here") from silence
        if not called.taken or called.reply is None:
            message = f"{url} answered {_said(called)}"
            raise Refused(Reason.PARTNER_UNUSABLE, message, remedy="answer with status 1000", code=called.code)
        return called.reply


def credentials_url(wiring: Wiring) -> str:
    """Return where the partner takes credentials."""
    return endpoint(wiring.endpoints, "credentials", "SENDER") or ""


def _endpoint(item: bytes) -> Endpoint | None:
    """Read one endpoint; the role of credentials says nothing (OCPI-171), another that we cannot read is skipped."""
    try:
        return read(Endpoint, item)[0]
    except Malformed:
        pass
    try:
        return read(Endpoint, set_fields(item, {"role": b'"SENDER"'}))[0] if b'"credentials"' in item else None
    except (Malformed, NotJson):
        return None


def _said(called: Called) -> str:
    told = called.reply.status_message if called.reply is not None else "nothing of OCPI"
    return f"{called.code}: {told}" if told else called.code
