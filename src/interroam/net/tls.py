"""TLS for both directions: at least 1.2, callers' certificates verified whenever they show one."""

from __future__ import annotations

import ssl
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec


class TlsIdentity(msgspec.Struct, frozen=True):
    """A certificate chain and its key, both PEM files."""

    certificate: Path
    key: Path


def server_context(identity: TlsIdentity, *callers: Path | None, required: bool = False) -> ssl.SSLContext:
    """Make a listener's context; ``callers`` hold the authorities (PEM) whose certificates callers may show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(identity.certificate, identity.key)
    for file in filter(None, callers):
        context.load_verify_locations(file)
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def shown_context(pem: str, authorities: Path | None = None) -> ssl.SSLContext:
    """Make an outgoing context that shows a certificate; ``pem`` holds the chain and its key."""
    with NamedTemporaryFile("w", prefix="interroam-", suffix=".pem") as file:  # mode 600; OpenSSL reads files only
        file.write(pem)
        file.flush()
        return client_context(authorities, TlsIdentity(Path(file.name), Path(file.name)))


def client_context(authorities: Path | None = None, identity: TlsIdentity | None = None) -> ssl.SSLContext:
    """Make an outgoing context; without ``authorities`` (PEM) those of the system are trusted."""
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context
