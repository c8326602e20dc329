"""Leaves a trace of who was turned away before a door was reached."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import structlog

from interroam.model.facts import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from interroam.core.ports import Clock, Store
    from interroam.net.http import Request

log = structlog.get_logger(__name__)

_MOST = 128
"""So much of an id, or of a path, is kept of somebody nobody knows."""


class Revoked(Protocol):
    """A certificate that holds no longer."""

    @property
    def partner(self) -> str:
        """Whose it was."""
        ...

    @property
    def serial(self) -> str:
        """Its number."""
        ...


class Doorkeeper:
    """Watches the doorway of a node."""

    def __init__(self, store: Store, clock: Clock, revoked: Callable[[bytes], Revoked | None]) -> None:
        self._store = store
        self._clock = clock
        self._revoked = revoked

    def barred(self, request: Request) -> bool:
        """Whether a caller shows a certificate of ours that was revoked."""
        one = self._revoked(request.certificate) if request.certificate is not None else None
        if one is None:
            return False
        log.warning("certificate_revoked", partner=one.partner, serial=one.serial, client=request.client)
        self._note(
            401,
            f"{request.method} {_shown(request.path)}",
            f"certificate {one.serial} was revoked",
            request,
            one.partner,
        )
        return True

    def turned_away(self, status: int, message: str, client: str, request: Request | None) -> None:
        """Take what the listener refused by itself: too long, too slow, or no HTTP."""
        asked = f", who asked for {request.method} {_shown(request.path)}" if request is not None else ""
        self._note(status, "refused at the door", f"{message}; {client or 'somebody'}{asked}", request)

    def _note(self, status: int, operation: str, note: str, request: Request | None, partner: str = "") -> None:
        headers = request.headers if request is not None else {}
        correlation, name = (
            headers.get(header, b"").decode("latin-1")[:_MOST] for header in (b"x-correlation-id", b"x-request-id")
        )
        self._store.note(
            Exchange(
                at=self._clock.now(),
                partner=partner,
                inward=True,
                operation=operation,
                code=str(status),
                latency_us=int((perf_counter() - request.began) * 1e6) if request is not None else 0,
                correlation=correlation,
                ids=(name,) if name else (),
                note=note,
            )
        )


def _shown(path: str) -> str:
    """Return a path as everybody may read it: what follows ``tokens`` may be the number of a card."""
    head, found, _ = path.partition("/tokens/")
    return f"{head}{found}…" if found else path[:_MOST]
