"""Which certificate we show to which partner."""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext, SSLError

from interroam.core.parties.book import Book
from interroam.model.errors import Reason, Refused
from interroam.net.tls import shown_context


class Shown:
    """Makes the TLS context of each partner that wants to see a certificate, once."""

    def __init__(self, book: Book, authorities: Path | None) -> None:
        self._book = book
        self._authorities = authorities
        self._contexts: dict[bytes, SSLContext] = {}

    def to(self, partner: str) -> SSLContext | None:
        """Return the context that shows a partner its certificate; None when it wants none."""
        known = self._book.partners.get(partner)
        if known is None or not known.identity:
            return None
        context = self._contexts.get(known.identity)
        if context is None:
            try:
                pem = self._book.keyring.open(known.identity)
                context = self._contexts[known.identity] = shown_context(pem, self._authorities)
            except (ValueError, SSLError) as error:
                message = f"our certificate for partner {partner} cannot be used: {error}"
                remedy = f"interroam partner certificate present {partner} --pem FILE"
                raise Refused(Reason.PARTNER_UNUSABLE, message, remedy=remedy) from error
        return context
