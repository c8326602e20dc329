"""A stored object as its owner wrote it: the row form with last_updated and inner objects put back (OCPI-60)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from interroam.model.charges import Cdr, Session
from interroam.model.facts import Stored
from interroam.model.places import Evse, Location
from interroam.model.tariffs import Tariff
from interroam.model.tokens import Token
from interroam.protocols.ocpi.wire.raw import join_location, set_fields, text

from .charges import write_cdr, write_session
from .places import write_evse, write_location
from .rows import is_ours
from .tariffs import ADDRESSING, write_tariff
from .tokens import write_token


def written_time(at: datetime) -> str:
    """Write a moment as OCPI does: UTC, with milliseconds where there are any."""
    shown = at if at.tzinfo is UTC else at.astimezone(UTC)
    return shown.isoformat(timespec="milliseconds" if at.microsecond else "seconds")[:-6] + "Z"


def row(stored: Stored) -> bytes:
    """Return the row form of an object: its owner's, or one rendered from the model."""
    if is_ours(stored.wire):
        return stored.wire.data
    match stored.body:
        case Location() as location:
            return write_location(location)
        case Evse() as evse:
            return write_evse(evse)
        case Token() as token:
            return write_token(token)
        case Session() as session:
            return write_session(session)
        case Cdr() as cdr:
            return write_cdr(cdr)
        case Tariff() as tariff:
            return write_tariff(tariff)
    raise TypeError(f"OCPI has no object for a {stored.key.kind}")


def whole(stored: Stored, evses: Iterable[Stored] = ()) -> bytes:
    """Return an object whole; ``evses`` are those of a location, of which the newest time counts (OCPI-90)."""
    body = stored.body
    if isinstance(body, Location):
        inner = list(evses)
        newest = max((stored.updated, *(each.updated for each in inner)))
        return join_location(row(stored), [whole(each) for each in inner], written_time(newest))
    fields = {"last_updated": text(written_time(stored.updated))}
    if isinstance(body, Tariff) and body.target is not None:
        fields |= {ADDRESSING[0]: text(body.target.country), ADDRESSING[1]: text(body.target.code)}
    return set_fields(row(stored), fields)
