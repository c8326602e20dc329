"""A small private authority: it issues the client certificates of partners, whose common name is their certificate id.

Its key is made at first use and lives, readable by the node alone, in the node's data directory. A certificate that is
renewed gets a new key; the former one holds until its own end, so that a partner changes over when it likes (EMIP-131).
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from interroam.core.office.certificates import Pair, issue

YEARS = 20
CERTIFICATE, KEY = "authority.pem", "authority.key"


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of ours, as we remember it; the key was handed over and is not kept."""

    partner: str
    name: str
    serial: str
    fingerprint: str
    since: datetime
    until: datetime


class Authority:
    """The authority of one node, below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
