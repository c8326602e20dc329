"""A small private authority that signs what a test needs."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from interroam.net.tls import TlsIdentity

DAY = timedelta(days=1)


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Signs certificates and writes them below a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._sign(name, self.key.public_key(), authority=True)))

    def issue(self, name: str, *, elsewhere: bool = False) -> TlsIdentity:
        """Issue a certificate for a name, good at 127.0.0.1 too, unless it is for a server ``elsewhere``."""
        key = ec.generate_private_key(ec.SECP256R1())
        identity = TlsIdentity(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        identity.certificate.write_bytes(_pem(self._sign(name, key.public_key(), authority=False, elsewhere=elsewhere)))
        identity.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return identity

    def _sign(self, name, public_key, *, authority, elsewhere=False):
        now = datetime.now(UTC)
        here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        alternatives = [x509.DNSName("elsewhere.example")] if elsewhere else here
        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(self.name))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(identity: TlsIdentity) -> bytes:
    """Read an identity's certificate as it goes over the wire."""
    certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)
