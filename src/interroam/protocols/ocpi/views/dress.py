"""What changes in an object for one receiver: pure.

Only a hub changes anything, and never for the owner: a session goes by the hub's id (OCPI-57), the authorization
reference is the one the receiver knows (C4), a CDR names the session as the receiver saw it (OCPI-59), places and
tariffs carry the hub's id beside their own (OCPI-56), and whom a tariff is for stays between CPO and hub (OCPI-155).
The owner's codes, and when the owner changed it last, stay as they are (OCPI-40, OCPI-41).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec

from interroam.core.rules.statuses import one_word
from interroam.core.rules.visibility import Scope
from interroam.model.facts import Body
from interroam.model.ids import Kind
from interroam.model.places import Evse
from interroam.model.tariffs import Tariff
from interroam.protocols.ocpi.translate.tariffs import ADDRESSING
from interroam.protocols.ocpi.wire import locations as places
from interroam.protocols.ocpi.wire import read, rewrite
from interroam.protocols.ocpi.wire.cdrs import Cdr
from interroam.protocols.ocpi.wire.raw import drop_fields, fields_of, items_of, set_fields, text
from interroam.protocols.ocpi.wire.sessions import Session, SessionPatch
from interroam.protocols.ocpi.wire.tariffs import Tariff as TariffShape
from interroam.protocols.ocpi.wire.tokens import Token, TokenPatch

_LOCATION, _TARIFF, _SESSION, _CDR = Kind.LOCATION, Kind.TARIFF, Kind.SESSION, Kind.CDR
_NOTHING: Mapping[str, bytes] = MappingProxyType({})
_WHOLE: dict[Kind, type[msgspec.Struct]] = {
    Kind.LOCATION: places.Location,
    Kind.EVSE: places.Evse,
    Kind.TARIFF: TariffShape,
    Kind.TOKEN: Token,
    Kind.SESSION: Session,
    Kind.CDR: Cdr,
}
_PARTIAL: dict[Kind, type[msgspec.Struct]] = {
    Kind.LOCATION: places.LocationPatch,
    Kind.EVSE: places.EvsePatch,
    Kind.TOKEN: TokenPatch,
    Kind.SESSION: SessionPatch,
}


class View(msgspec.Struct, frozen=True, gc=False):
    """One way of looking at objects; there are few, so what they show may be remembered."""

    rewrites: bool = False
    """The hub shows somebody else's object."""
    hub_reference: bool = False
    """The receiver knows authorizations by the hub's reference only."""
    known_only: bool = False
    """Fields that the specification does not know are left out."""
    removed: bool = True
    """EVSEs that are gone are shown as REMOVED; else they are left out (OCPI-85)."""
    sees: Scope | None = None
    """Which EVSEs are shown, where agreements select some; such views are not remembered."""
    addressed: bool = True
    """Whom a tariff is for is said: that is between a CPO and its hub, and the hub behind that (OCPI-155)."""

    @property
    def number(self) -> int:
        """A small number for each view."""
        return self.rewrites + 2 * self.hub_reference + 4 * self.known_only + 8 * self.removed


class Names(msgspec.Struct, frozen=True, gc=False):
    """The names under which the receiver of a view knows an object and what it refers to."""

    hub_id: str
    session_id: str | None = None
    reference: str | None = None


def dressed(kind: Kind, raw: bytes, view: View, names: Names, also: Mapping[str, bytes] = _NOTHING) -> bytes:
    """Return a whole object as a view shows it, with some more fields set in the same go."""
    fields = dict(also)
    if view.rewrites:
        if kind is _SESSION:
            fields |= {"id": text(names.hub_id), **_reference(names)}
        elif kind is _CDR:
            if names.session_id is not None:
                fields["session_id"] = text(names.session_id)
            else:  # its owner's name of a session that nobody was told of means nothing to anybody else
                raw = drop_fields(raw, ("session_id",))
            fields |= _reference(names)
        elif kind is _LOCATION or kind is _TARIFF:
            fields["gireve_id"] = text(names.hub_id)
    if not view.addressed:
        raw = _unaddressed(raw) if kind is _CDR else drop_fields(raw, ADDRESSING) if kind is _TARIFF else raw
    raw = set_fields(raw, fields) if fields else raw
    return _known(_WHOLE[kind], raw) if view.known_only and kind in _WHOLE else raw


def dressed_patch(kind: Kind, raw: bytes, view: View, names: Names) -> bytes:
    """Return some fields of an object as a view shows them."""
    if view.rewrites and kind is _SESSION:
        raw = drop_fields(raw, ("id",))
        if b'"authorization_reference"' in raw:
            raw = set_fields(raw, _reference(names))
    return _known(_PARTIAL[kind], raw) if view.known_only and kind in _PARTIAL else raw


def status_patch(evse: Evse) -> bytes:
    """Return the patch of a status that was stated in another room: one word for all its parts."""
    updated = moment(evse.last_updated).encode()
    return b'{"status":' + text(one_word(evse.status)) + b',"last_updated":"' + updated + b'"}'


def owners_fields(body: Body) -> dict[str, bytes]:
    """Return what only the owner of an object and the hub are shown: whom a tariff is for."""
    if isinstance(body, Tariff) and body.target is not None:
        return dict(zip(ADDRESSING, (text(body.target.country), text(body.target.code)), strict=True))
    return {}


def timed(row: bytes, updated: datetime) -> bytes:
    """Put the time of the last change into a row, which is kept without it."""
    return set_fields(row, time_field(updated))


def time_field(updated: datetime) -> dict[str, bytes]:
    """Return the field that says when an object changed last."""
    return {"last_updated": b'"' + moment(updated).encode() + b'"'}


def moment(at: datetime) -> str:
    """Write a time as exactly as it was given (OCPI-41)."""
    fraction = at.microsecond
    precision = "seconds" if not fraction else "microseconds" if fraction % 1000 else "milliseconds"
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    written = utc.replace(tzinfo=None).isoformat(timespec=precision)
    return (written.rstrip("0") if precision == "microseconds" else written) + "Z"  # 25 characters are all there may be


def _reference(names: Names) -> dict[str, bytes]:
    return {"authorization_reference": text(names.reference)} if names.reference is not None else {}


def _unaddressed(cdr: bytes) -> bytes:
    """Leave out whom the tariffs of a CDR are for (OCPI-155)."""
    if b'"target_operator_' not in cdr:
        return cdr
    tariffs = [drop_fields(one, ADDRESSING) for one in items_of(fields_of(cdr).get("tariffs"), "tariffs")]
    return set_fields(cdr, {"tariffs": b"[" + b",".join(tariffs) + b"]"})


def _known(kind: type[msgspec.Struct], raw: bytes) -> bytes:
    return rewrite(read(kind, raw)[0])
