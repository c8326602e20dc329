"""The side that is called: versions, details and credentials, and what becomes of a registration.

Nothing is held while we call the partner back (sheet 2.1, step 5): only what follows is done in one go. A failure
leaves everything as it was. After a success the secret that was presented may repeat the same call for a while, since
the answer with the new one may be lost; the first use of the new one ends that.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import NamedTuple

import msgspec
import structlog
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.core.keys import new_secret
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Exchange
from interroam.model.ids import Role
from interroam.model.parties import Credential, Partner, PartnerState, Purpose
from interroam.net.addresses import Addresses
from interroam.net.http import JSON, Request, Response
from interroam.protocols.ocpi.calls import Address
from interroam.protocols.ocpi.profiles import switches
from interroam.protocols.ocpi.rules.codes import code
from interroam.protocols.ocpi.rules.headers import message_ids, tokens_presented
from interroam.protocols.ocpi.rules.versions import OFFERED, OLD
from interroam.protocols.ocpi.v211 import lift_credentials
from interroam.protocols.ocpi.v211.peers import Face
from interroam.protocols.ocpi.wire import Malformed, NotJson, read
from interroam.protocols.ocpi.wire.credentials import NO_TOKEN, Credentials, is_token
from interroam.protocols.ocpi.wire.envelope import failure, success, success_with
from interroam.protocols.ocpi.wiring import Registration, Wiring, party_of, wired, wiring_of

from .ours import FACES, PATH, Ours, other
from .theirs import Scout

log = structlog.get_logger()

NEW = "2.2.1"
GRACE = timedelta(minutes=10)
_PATHS = frozenset(
    [
        *(PATH, f"{PATH}/versions"),
        *(f"{PATH}/{NEW}{tail}" for tail in ("", "/credentials")),
        *(f"{PATH}/{face}/{tail}" for face in FACES for tail in ("versions", OLD, f"{OLD}/credentials")),
    ]
)
_OLD_PATHS = tuple(f"{PATH}/{face}/{OLD}" for face in FACES)
_NEW_PATH = f"{PATH}/{NEW}"
_ECHOED = (b"x-request-id", b"x-correlation-id")


class Caller(msgspec.Struct, frozen=True):
    """Who calls, and the secret that says so."""

    partner: Partner
    credential: Credential
    token: str

    @property
    def starting(self) -> bool:
        """Whether the secret is good for registering only (OCPI-6)."""
        return self.credential.purpose is Purpose.REGISTRATION


class _Where(NamedTuple):
    """What a path names: our face, a version if any, and whether credentials are meant."""

    face: Face
    version: str
    credentials: bool

    @property
    def older(self) -> bool:
        return self.version == OLD


class Host:
    """Answers at ``/ocpi/versions``, ``/ocpi/2.2.1`` and ``/ocpi/2.2.1/credentials``, and at their like for 2.1.1."""

    def __init__(self, hub: Hub, ours: Ours, scout: Scout) -> None:
        self._hub = hub
        self._ours = ours
        self._scout = scout
        self._locks: dict[str, asyncio.Lock] = {}

    @staticmethod
    def answers(path: str) -> bool:
        """Whether a path is one of ours."""
        return path.rstrip("/") in _PATHS

    async def answer(self, request: Request) -> Response:
        """Answer one request in full, whatever goes wrong."""
        partner, minted = "", self._identify(request)
        status, data, wrong = 200, None, ""
        try:
            caller = self.caller(request)
            partner = caller.partner.id
            data = await self._data(request, caller)
            body = success(self._hub.clock.now()) if data is None else success_with(data, self._hub.clock.now())
            said = 1000
        except Refused as no:
            found = code(no.reason, request.method, "credentials")
            status, said, wrong = found.http, found.status, no.message
            body = failure(said, no.message, self._hub.clock.now())
        headers = [JSON, *((name, request.headers[name]) for name in _ECHOED if name in request.headers)]  # OCPI-29
        self._note(request, partner, f"{status}/{said}", "; ".join(filter(None, (minted, wrong))))
        return Response(status, headers, body)

    def _identify(self, request: Request) -> str:
        """Mint the ids that a message of 2.2.1 came without, and say so (OCPI-33); versions are of no version."""
        absent = [name for name in _ECHOED if not request.headers.get(name, b"").strip()]
        if not absent or not request.path.startswith(_NEW_PATH):
            return ""
        for name in absent:
            request.headers[name] = self._hub.ids.new().encode()
        return "X-Request-ID or X-Correlation-ID is missing: minted here"

    # -- who calls -------------------------------------------------------------------------------------------------

    def caller(self, request: Request) -> Caller:
        """Return who calls; Refused(UNAUTHENTICATED) when nobody we know does (OCPI-5)."""
        for token in tokens_presented(request.headers.get(b"authorization"), "auto"):
            known = self._hub.book.recognize(token)
            if known is not None and known[0].protocol == "ocpi" and token in _read_as(known[0], request):
                self._check(known[0], request.client)
                return Caller(known[0], known[1], token)
        raise Refused(
            Reason.UNAUTHENTICATED, "no partner has this credentials token", remedy="ask the operator for a new one"
        )

    @staticmethod
    def _check(partner: Partner, client: str) -> None:
        if partner.addresses and client not in Addresses(partner.addresses):  # OCPI-8
            log.warning("address_refused", partner=partner.id, client=client)
            raise Refused(Reason.FORBIDDEN, f"{client} is no address of partner {partner.id}")
        if partner.state is PartnerState.SUSPENDED:
            raise Refused(Reason.FORBIDDEN, f"partner {partner.id} is suspended", remedy="ask the operator")

    # -- what is asked ---------------------------------------------------------------------------------------------

    async def _data(self, request: Request, caller: Caller) -> bytes | None:
        where = self._where(request.path, caller.partner)
        if where.credentials:
            return await self._credentials(request, caller, where)
        if request.method != "GET":
            raise Refused(Reason.NOT_OFFERED, f"{request.method} is not offered here")
        if caller.starting and wiring_of(caller.partner).done:
            raise _dead()
        if not caller.starting:
            await self.used(caller.partner)
        if not where.version:
            return self._ours.versions(where.face, switches(caller.partner).newest)
        if where.older:
            return self._ours.old_details(where.face)
        return self._ours.details(where.version, switches(caller.partner))

    def _where(self, path: str, partner: Partner) -> _Where:
        """Read a path; a face of 2.1.1 is for its counterpart alone (OCPI-22)."""
        parts = path.removeprefix(PATH).strip("/").split("/")
        face = self._ours.face_for(partner)
        named = FACES.get(parts[0])
        if named is not None:
            del parts[0]
            hub = any(party.role is Role.HUB for party in partner.parties)
            if parts[0] == OLD:
                party_of(partner)
            if named != face and not hub:
                message = f"partner {partner.id} may not call this face"
                raise Refused(Reason.FORBIDDEN, message, remedy=f"call /ocpi/{face.lower()}/versions")
            face = named
        version = parts[0] if parts[0] in OFFERED else ""
        return _Where(face, version, parts[-1] == "credentials")

    async def _credentials(self, request: Request, caller: Caller, where: _Where) -> bytes | None:
        wiring = wiring_of(caller.partner)
        if caller.starting and wiring.done and not self._repeats(request, wiring):
            raise _dead()
        if not caller.starting:
            await self.used(caller.partner)
        match request.method:
            case "GET":
                return self._ours_for(where, caller.token)
            case "POST" if switches(caller.partner).registers and (caller.starting or not wiring.done):
                return await self._exchange(request, caller, where)
            case "PUT" if wiring.done and (switches(caller.partner).updates or where.older):
                return await self._exchange(request, caller, where)
            case "DELETE" if switches(caller.partner).registers and wiring.done:
                await self.forget(caller.partner)
                return None
        state = "registered already" if wiring.done else "not registered"
        raise Refused(
            Reason.WRONG_STATE,
            f"{request.method} is not possible: {caller.partner.id} is {state}",
            remedy="PUT changes a registration, DELETE ends it" if wiring.done else "POST starts a registration",
        )

    def _repeats(self, request: Request, wiring: Wiring) -> bool:
        until = wiring.grace_until
        return request.method == wiring.repeats and until is not None and self._hub.clock.now() < until

    # -- the exchange ----------------------------------------------------------------------------------------------

    def _ours_for(self, where: _Where, token: str) -> bytes:
        return self._ours.old_credentials(token, where.face) if where.older else self._ours.credentials(token)

    async def _exchange(self, request: Request, caller: Caller, where: _Where) -> bytes:
        """Call back, then swap secrets in one go (OCPI-164, OCPI-168)."""
        theirs = other(where.face)
        try:
            given = read_credentials(request.body, theirs if where.older else None)
        except NotJson as error:
            raise Refused(Reason.NOT_JSON, f"the body is no JSON: {error}") from error
        except Malformed as error:
            raise Refused(Reason.MALFORMED, str(error)) from error
        partner = caller.partner
        address = Address.of(partner.id, given.token, switches(partner).encoding)
        if where.older:
            address = address.older
        correlation = message_ids(request.headers).correlation or ""
        found = await self._scout.look(address, given.url, partner, theirs, correlation, only=where.version)
        async with self._locks.setdefault(partner.id, asyncio.Lock()):
            return await self._settle(request.method, caller, given, found, where)

    async def _settle(self, method: str, caller: Caller, given: Credentials, found: Wiring, where: _Where) -> bytes:
        hub, book = self._hub, self._hub.book
        known = book.recognize(caller.token)  # while we looked, an operator may have withdrawn it
        if known is None or known[0].id != caller.partner.id:
            raise _dead()
        fresh = new_secret()
        answer = self._ours_for(where, fresh)
        old = book.credentials_of(caller.partner.id)
        now = hub.clock.now()
        wiring = replace(
            found,
            state=Registration.DONE,
            token_out=book.keyring.seal(given.token),
            declared=declared(given),
            repeats=method,
            grace_until=now + GRACE,
        )
        await book.admit(Credential(book.keyring.fingerprint(fresh), caller.partner.id, Purpose.REGULAR, now))
        await book.put_partner(replace(wired(known[0], wiring), state=PartnerState.CONNECTED, since=now))
        for credential in old:
            if credential.fingerprint == caller.credential.fingerprint:
                await book.admit(replace(credential, purpose=Purpose.REGISTRATION))
            else:
                await book.dismiss(credential)
        return answer

    # -- after it --------------------------------------------------------------------------------------------------

    async def used(self, partner: Partner) -> None:
        """Note that the new secret arrived: what was presented before is dead from here on (OCPI-6)."""
        wiring = wiring_of(partner)
        if not wiring.repeats:
            return
        book = self._hub.book
        for credential in book.credentials_of(partner.id):
            if credential.purpose is Purpose.REGISTRATION:
                await book.dismiss(credential)
        await book.change_partner(
            partner.id, lambda known: wired(known, replace(wiring_of(known), repeats="", grace_until=None))
        )

    async def forget(self, partner: Partner) -> Partner:
        """End a registration: every secret is dead at once and nothing is sent any more (OCPI-169)."""
        book = self._hub.book
        for credential in book.credentials_of(partner.id):
            await book.dismiss(credential)
        current = book.partners.get(partner.id, partner)
        return await book.put_partner(replace(wired(current, Wiring()), state=PartnerState.PLANNED))

    def _note(self, request: Request, partner: str, said: str, note: str) -> None:
        ids = message_ids(request.headers)
        self._hub.store.note(
            Exchange(
                at=self._hub.clock.now(),
                partner=partner,
                inward=True,
                operation=f"{request.method} {request.path.rpartition('/')[2]}",
                code=said,
                latency_us=int((time.perf_counter() - request.began) * 1e6),
                correlation=ids.correlation or "",
                ids=(ids.request,) if ids.request else (),
                note=note,
            )
        )


def declared(given: Credentials) -> tuple[str, ...]:
    """Return the parties as the partner lists them (OCPI-25)."""
    return tuple(f"{each.country_code}*{each.party_id}/{each.role}" for each in given.roles)


def read_credentials(raw: bytes, face: Face | None) -> Credentials:
    """Read a partner's credentials; with its face those of 2.1.1."""
    given = read(Credentials, raw if face is None else lift_credentials(raw, face).data)[0]
    if not is_token(given.token):
        raise Malformed("token", NO_TOKEN)
    return given


def _read_as(partner: Partner, request: Request) -> tuple[str, ...]:
    older = request.path.startswith(_OLD_PATHS)
    return tokens_presented(request.headers.get(b"authorization"), "plain" if older else switches(partner).encoding)


def _dead() -> Refused:
    return Refused(
        Reason.UNAUTHENTICATED,
        "this token was for registering and is used up",
        remedy="use the token of the credentials that were answered",
    )
