"""A small private authority: it issues the client certificates of partners, whose common name is their certificate id.

Its key is made at first use and lives, readable by the node alone, in the node's data directory. A certificate that is
renewed gets a new key; the former one holds until its own end, so that a partner changes over when it likes (EMIP-131),
unless it is revoked before: then the door refuses it, and a signed list tells others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from interroam.core.office.certificates import Pair, issue

YEARS = 20
CERTIFICATE, KEY = "authority.pem", "authority.key"


class Cause(StrEnum):
    """Why a certificate is revoked."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"  # somebody else may have its key
    CESSATION = "cessation"  # the partner is no partner any more
    SUPERSEDED = "superseded"  # there is another one
    WITHDRAWN = "withdrawn"  # the partner may not any more what it let it do


_FLAGS = {
    Cause.UNSPECIFIED: x509.ReasonFlags.unspecified,
    Cause.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    Cause.CESSATION: x509.ReasonFlags.cessation_of_operation,
    Cause.SUPERSEDED: x509.ReasonFlags.superseded,
    Cause.WITHDRAWN: x509.ReasonFlags.privilege_withdrawn,
}
_NEXT = timedelta(days=7)
_REMEMBERED = 4096


class Issued(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A certificate of ours, as we remember it; the key was handed over and is not kept."""

    partner: str
    name: str
    serial: str
    fingerprint: str
    since: datetime
    until: datetime
    revoked: datetime | None = None
    """From when it opens nothing any more; that may be still to come."""
    cause: Cause = Cause.UNSPECIFIED

    def is_revoked(self, now: datetime) -> bool:
        """Whether it opens nothing any more, though it has not ended."""
        return self.revoked is not None and self.revoked <= now


class Authority:
    """The authority of one node, below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.serial_of = lru_cache(_REMEMBERED)(self._serial_of)
        """The serial of a certificate, DER, that was issued here; None of any other."""

    @property
    def file(self) -> Path:
        """The certificate by which others recognize what was issued here."""
        return self._folder / CERTIFICATE

    def exists(self) -> bool:
        """Whether it was ever used."""
        return self.file.exists()

    def pair(self, now: datetime) -> Pair:
        """Return certificate and key, made now where there are none."""
        key = self._folder / KEY
        if not self.exists():
            self._make(now)
        return Pair(self.file.read_text(), key.read_text())

    def issue(self, partner: str, name: str, now: datetime) -> tuple[Pair, Issued]:
        """Make a client certificate with this common name for a partner."""
        pair = issue(name, self.pair(now), now)
        made = x509.load_pem_x509_certificate(pair.certificate.encode())
        known = Issued(
            partner=partner,
            name=name,
            serial=f"{made.serial_number:x}",
            fingerprint=made.fingerprint(hashes.SHA256()).hex(),
            since=made.not_valid_before_utc,
            until=made.not_valid_after_utc,
        )
        return pair, known

    def revocations(self, revoked: Iterable[Issued], now: datetime) -> str:
        """Sign the list of what is revoked, PEM, for others who look at certificates."""
        pair = self.pair(now)
        signer = x509.load_pem_x509_certificate(pair.certificate.encode())
        key = serialization.load_pem_private_key(pair.key.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is one of its own making")
        known_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(signer.subject)
            .last_update(now)
            .next_update(now + _NEXT)
            .add_extension(known_by, critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for one in revoked:
            made = made.add_revoked_certificate(_line(one, now))
        return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def _serial_of(self, certificate: bytes) -> str | None:
        try:
            shown = x509.load_der_x509_certificate(certificate)
            shown.verify_directly_issued_by(x509.load_pem_x509_certificate(self.file.read_bytes()))
        except (OSError, ValueError, TypeError, InvalidSignature):
            return None
        return f"{shown.serial_number:x}"

    def _make(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Interroam partners")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=365 * YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self._folder / KEY, secret, 0o600)
        _write(self.file, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _line(one: Issued, now: datetime) -> x509.RevokedCertificate:
    made = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16)).revocation_date(one.revoked or now)
    if one.cause is not Cause.UNSPECIFIED:
        made = made.add_extension(x509.CRLReason(_FLAGS[one.cause]), critical=False)
    return made.build()


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write a file whole, and never over another one."""
    fresh = file.with_suffix(file.suffix + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as kept:
        kept.write(content)
        kept.flush()
        os.fsync(kept.fileno())
    fresh.rename(file)
