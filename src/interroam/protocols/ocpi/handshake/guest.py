"""The side that calls: we register with a partner, exchange new secrets with it, or leave (sheet 2.1)."""

from __future__ import annotations

import structlog
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.keys import new_secret
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.protocols.ocpi.calls import Address, Call, Called, Calls, unusable
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.v211.peers import Face
from interroam.protocols.ocpi.wire import Malformed, NotJson
from interroam.protocols.ocpi.wire.credentials import NO_TOKEN, Credentials, is_token
from interroam.protocols.ocpi.wiring import Registration, Wiring, wired, wiring_of

from .host import Host, declared, read_credentials
from .ours import Ours, other
from .theirs import Scout, credentials_url

log = structlog.get_logger()

_SAYS = {
    3001: Reason.PARTNER_UNUSABLE,
    3002: Reason.VERSION_UNSUPPORTED,
    3003: Reason.ENDPOINTS_MISSING,
}


class Guest:
    """Registers this node with others."""

    def __init__(self, hub: Hub, calls: Calls, ours: Ours, scout: Scout, host: Host) -> None:
        self._hub = hub
        self._calls = calls
        self._ours = ours
        self._scout = scout
        self._host = host

    async def register(self, partner: Partner, url: str, token: str) -> Partner:
        """Register at ``url`` with the token the partner gave us (OCPI-163)."""
        if wiring_of(partner).done:
            raise Refused(
                Reason.WRONG_STATE, f"{partner.id} is registered already", remedy="rotate it, or unregister it first"
            )
        if not is_token(token):
            raise Refused(Reason.MALFORMED, f"the token {NO_TOKEN} (OCPI-13)", remedy="ask the partner for another")
        return await self._exchange("POST", partner, url, Address.of(partner.id, token, switches(partner).encoding))

    async def rotate(self, partner: Partner) -> Partner:
        """Exchange new secrets, and read again what the partner offers (OCPI-166)."""
        wiring = self._registered(partner)
        if not switches(partner).updates:
            message = f"partner {partner.id} takes no new credentials: its profile {partner.profile} has no PUT"
            raise Refused(Reason.NOT_OFFERED, message, remedy="unregister it, then register it anew")
        address = Address.wired(partner, self._hub.book.keyring)
        return await self._exchange("PUT", partner, wiring.versions_url, address)

    async def unregister(self, partner: Partner) -> Partner:
        """Leave: the partner forgets us first, then we forget it (OCPI-165)."""
        wiring = self._registered(partner)
        address = Address.wired(partner, self._hub.book.keyring)
        call = Call(method="DELETE", url=credentials_url(wiring), operation="DELETE credentials")
        called = await self._calls.call(address, call)
        if not called.taken and called.http not in (401, 405):  # these say that it knows us no more
            raise _refused(called)
        return await self._host.forget(partner)

    async def _exchange(self, method: str, partner: Partner, url: str, address: Address) -> Partner:
        hub, book = self._hub, self._hub.book
        correlation = hub.ids.new()
        face = self._ours.face_for(partner)
        theirs = other(face)
        found = await self._look(address, url, partner, theirs, correlation)
        if found.older:
            address = address.older
        fresh = new_secret()
        old = book.credentials_of(partner.id)
        ours = Credential(book.keyring.fingerprint(fresh), partner.id, Purpose.REGULAR, hub.clock.now())
        call = Call(
            method=method,
            url=credentials_url(found),
            operation=f"{method} credentials",
            body=self._ours.old_credentials(fresh, face) if found.older else self._ours.credentials(fresh),
            correlation=correlation,
            secret=True,
        )
        await book.admit(ours)  # the partner looks at our versions while our call is open
        try:
            given = _credentials(await self._calls.call(address, call), theirs if found.older else None)
        except BaseException:
            await book.dismiss(ours)
            raise
        for credential in old:
            await book.dismiss(credential)
        return await self._settle(partner, found, given)

    async def _look(self, address: Address, url: str, partner: Partner, theirs: Face, correlation: str) -> Wiring:
        """Look at what the partner offers; what is missing stops us before the POST, and staff hear it (OCPI-214)."""
        try:
            try:
                return await self._scout.look(address, url, partner, theirs, correlation)
            except Refused as no:
                if not no.code.startswith("401") or switches(partner).encoding != "auto":
                    raise
                return await self._scout.look(address.older, url, partner, theirs, correlation)  # OCPI-4
        except Refused as no:
            log.error("registration_stopped", partner=partner.id, message=no.message)  # noqa: TRY400  for staff
            raise

    async def _settle(self, partner: Partner, found: Wiring, given: Credentials) -> Partner:
        book = self._hub.book
        try:
            self._scout.check(given.url)
            found = replace(found, versions_url=given.url)
        except Refused:
            pass  # we know one that works
        wiring = replace(
            found, state=Registration.DONE, token_out=book.keyring.seal(given.token), declared=declared(given)
        )
        current = book.partners.get(partner.id, partner)
        connected = replace(wired(current, wiring), state=PartnerState.CONNECTED, since=self._hub.clock.now())
        return await book.put_partner(connected)

    @staticmethod
    def _registered(partner: Partner) -> Wiring:
        wiring = wiring_of(partner)
        if not wiring.done:
            raise Refused(Reason.WRONG_STATE, f"{partner.id} is not registered", remedy="register it first")
        return wiring


def _credentials(called: Called, face: Face | None) -> Credentials:
    """Return the credentials of an answer, or say what the partner made of ours."""
    if not called.taken or called.reply is None:
        raise _refused(called)
    try:
        return read_credentials(called.reply.data or b"{}", face)
    except (Malformed, NotJson) as error:
        raise Refused(
            Reason.PARTNER_UNUSABLE, f"the partner's credentials cannot be read: {error}", code=called.code
        ) from error


def _refused(called: Called) -> Refused | Unavailable:
    if called.reply is None:
        return unusable(called)
    status = called.reply.status_code
    fallback = Reason.WRONG_STATE if called.http == 405 else Reason.PARTNER_UNUSABLE
    message = f"the partner answered {called.code}: {called.reply.status_message or 'no more'}"
    return Refused(_SAYS.get(status, fallback), message, code=called.code)
