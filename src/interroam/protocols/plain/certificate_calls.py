"""The calls of administration about mutual TLS."""

from __future__ import annotations

from msgspec import Struct

from interroam.model.errors import Reason
from interroam.model.parties import Partner
from interroam.protocols.plain.admin_routes import Call
from interroam.protocols.plain.openapi import Route


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


def _report(partner: Partner) -> TlsReport:
    return TlsReport(partner=partner.id, accepted=partner.certificates, shown=bool(partner.identity))


_PATH = "/partners/{id}/certificate"
_NONE = (Reason.UNKNOWN_OBJECT,)
ROUTES = tuple(
    Route(
        method=method,
        path=path,
        run=run,
        summary=(run.__doc__ or "").rstrip("."),
        name=f"admin_{run.__name__}",
        tag="admin",
        answer=TlsReport,
        body=body,
        errors=_NONE,
    )
    for method, path, run, body in (
        ("GET", _PATH, certificates, None),
        ("PUT", _PATH, accept_certificate, Pem),
        ("PUT", f"{_PATH}/ours", show_certificate, Pem),
    )
)
