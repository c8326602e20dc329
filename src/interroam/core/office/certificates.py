"""Mutual TLS partner by partner: which certificates a partner shows, and which one we show it (OCPI-9, OCPI-10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec.structs import replace

from interroam.core.audit import Actor, Audit, Rank
from interroam.core.hub import Hub
from interroam.model.errors import Reason, Refused
from interroam.model.parties import Partner

_DAYS = 398


class Pair(msgspec.Struct, frozen=True):
    """A certificate and its private key, both PEM."""

    certificate: str
    key: str


class Certificates:
    """Binds certificates to partners."""

    def __init__(self, hub: Hub, audit: Audit) -> None:
        self._hub = hub
        self._audit = audit

    async def accept(self, actor: Actor, id: str, pem: str) -> Partner:
        """Let a partner in with these certificates only, whichever of them it shows; with none, without any."""
        actor.needs(Rank.ADMIN)
        marks = tuple(one.fingerprint(hashes.SHA256()).hex() for one in _read(pem)) if pem.strip() else ()
        partner = await self._put(replace(self._partner(id), certificates=marks))
        await self._audit.write(actor, "partner certificate", id, accepted=" ".join(marks) or "any")
        return partner

    async def show(self, actor: Actor, id: str, pem: str) -> Partner:
        """Show a partner this certificate when we call it: a chain with its key, as the partner gave them to us."""
        actor.needs(Rank.ADMIN)
        mark = ""
        if pem.strip():
            own, *_ = _read(pem)
            try:
                key = serialization.load_pem_private_key(pem.encode(), None)
            except (ValueError, TypeError) as error:
                remedy = "put the chain and its key without a password into one file"
                raise Refused(Reason.MALFORMED, f"the private key cannot be read: {error}", remedy=remedy) from None
            if key.public_key() != own.public_key():
                raise Refused(Reason.MISMATCH, "the key is not that of the first certificate")
            mark = own.fingerprint(hashes.SHA256()).hex()
        sealed = self._hub.book.keyring.seal(pem) if mark else b""
        partner = await self._put(replace(self._partner(id), identity=sealed))
        await self._audit.write(actor, "partner identity", id, shown=mark or "none")
        return partner

    async def _put(self, partner: Partner) -> Partner:
        return await self._hub.book.put_partner(partner)

    def _partner(self, id: str) -> Partner:
        found = self._hub.book.partners.get(id)
        if found is None:
            raise Refused(Reason.UNKNOWN_OBJECT, f"there is no partner {id}", remedy="interroam partner list")
        return found


def issue(name: str, authority: Pair, now: datetime) -> Pair:
    """Make a client certificate for a partner and sign it with an authority's key (OCPI-9)."""
    try:
        signer = x509.load_pem_x509_certificate(authority.certificate.encode())
        signing = serialization.load_pem_private_key(authority.key.encode(), None)
    except (ValueError, TypeError) as error:
        raise Refused(Reason.MALFORMED, f"the authority cannot be read: {error}") from None
    if not isinstance(signing, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise Refused(Reason.MALFORMED, "the authority's key is neither RSA nor EC")
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)  # type: ignore[arg-type]
        .sign(signing, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(made.public_bytes(serialization.Encoding.PEM).decode(), plain.decode())


def _read(pem: str) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        remedy = "send it as PEM: it begins with -----BEGIN CERTIFICATE-----"
        raise Refused(Reason.MALFORMED, "no certificate can be read", remedy=remedy) from None
