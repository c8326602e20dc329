"""The calls of administration about mutual TLS."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, structs

from interroam.core.office.authority import Cause, Issued
from interroam.core.office.issuing import Validity
from interroam.model.parties import Partner
from interroam.protocols.plain.admin_routes import MISSING, STATE, Call, route


class Pem(Struct, frozen=True, kw_only=True):
    """Certificates as PEM; nothing ends mutual TLS in this direction."""

    pem: str = ""


class TlsReport(Struct, frozen=True, kw_only=True):
    """How a partner and we show each other certificates."""

    partner: str
    accepted: tuple[str, ...]
    """SHA-256 of the certificates it may show; none: it need not show any."""
    shown: bool
    """Whether we show it one."""


async def accept_certificate(call: Call) -> TlsReport:
    """Bind a partner to the certificates it shows."""
    return _report(await call.office.certificates.accept(call.actor, call.given["id"], call.body.pem))


async def show_certificate(call: Call) -> TlsReport:
    """Show a partner a certificate of ours."""
    return _report(await call.office.certificates.show(call.actor, call.given["id"], call.body.pem))


async def certificates(call: Call) -> TlsReport:
    """Say how a partner and we show each other certificates."""
    return _report(call.office.admin.partner(call.actor, call.given["id"]))


class Handed(Struct, frozen=True, kw_only=True):
    """A certificate issued here and its key, PEM; the key is shown this once."""

    partner: str
    name: str
    """The common name."""
    serial: str
    until: datetime
    certificate: str
    key: str


class IssuedCertificate(Struct, frozen=True, kw_only=True):
    """A certificate issued here, as the node remembers it."""

    partner: str
    name: str
    """The common name."""
    serial: str
    fingerprint: str
    """Its SHA-256."""
    since: datetime
    until: datetime
    state: Validity
    """`soon`: it ends within thirty days; `over`: it has ended; `revoked`: it opens nothing any more."""
    revoked: datetime | None = None
    """From when it opens nothing any more, also when that is still to come."""
    cause: Cause = Cause.UNSPECIFIED
    """Why it was revoked."""


class IssuedCertificates(Struct, frozen=True, kw_only=True):
    """What was issued and has not ended, and the newest of each partner; the first to end first."""

    certificates: tuple[IssuedCertificate, ...]


class Revoking(Struct, frozen=True, kw_only=True):
    """Why a certificate is revoked."""

    cause: Cause = Cause.UNSPECIFIED


class RevocationList(Struct, frozen=True, kw_only=True):
    """The certificates that were revoked and have not ended, as a list signed by the node's own authority, PEM."""

    crl: str


class AuthorityShown(Struct, frozen=True, kw_only=True):
    """The certificate of the node's own authority, PEM."""

    certificate: str


async def issue_certificate(call: Call) -> Handed:
    """Issue a partner's client certificate."""
    return await _handed(call, renew=False)


async def renew_certificate(call: Call) -> Handed:
    """Renew a partner's client certificate; the former one holds until its end, or as `tls.overlap_days` says."""
    return await _handed(call, renew=True)


async def _handed(call: Call, *, renew: bool) -> Handed:
    pair, made = await call.office.issuing.issue(call.actor, call.given["id"], renew=renew)
    return Handed(
        partner=made.partner,
        name=made.name,
        serial=made.serial,
        until=made.until,
        certificate=pair.certificate,
        key=pair.key,
    )


async def issued_certificates(call: Call) -> IssuedCertificates:
    """List the certificates issued here."""
    known = call.office.issuing.all(call.actor)
    return IssuedCertificates(certificates=tuple(_shown(one, state) for one, state in known))


async def revoke_certificate(call: Call) -> IssuedCertificate:
    """Let a certificate issued here open nothing any more."""
    return _shown(await call.office.issuing.revoke(call.actor, call.given["serial"], call.body.cause), Validity.REVOKED)


async def revocations(call: Call) -> RevocationList:
    """Show the signed list of revoked certificates."""
    return RevocationList(crl=await call.office.issuing.revocations(call.actor))


async def authority(call: Call) -> AuthorityShown:
    """Show the certificate of the node's own authority."""
    return AuthorityShown(certificate=await call.office.issuing.certificate(call.actor))


def _shown(one: Issued, state: Validity) -> IssuedCertificate:
    return IssuedCertificate(**structs.asdict(one), state=state)


def _report(partner: Partner) -> TlsReport:
    return TlsReport(partner=partner.id, accepted=partner.certificates, shown=bool(partner.identity))


_PATH = "/partners/{id}/certificate"
ROUTES = (
    route("GET", _PATH, certificates, TlsReport, errors=MISSING),
    route("PUT", _PATH, accept_certificate, TlsReport, body=Pem, errors=MISSING),
    route("PUT", f"{_PATH}/ours", show_certificate, TlsReport, body=Pem, errors=MISSING),
    route("POST", f"{_PATH}/issue", issue_certificate, Handed, errors=STATE),
    route("POST", f"{_PATH}/renew", renew_certificate, Handed, errors=STATE),
    route("GET", "/certificates", issued_certificates, IssuedCertificates),
    route("POST", "/certificates/{serial}/revoke", revoke_certificate, IssuedCertificate, body=Revoking, errors=STATE),
    route("GET", "/certificates/revoked", revocations, RevocationList),
    route("GET", "/authority", authority, AuthorityShown),
)
