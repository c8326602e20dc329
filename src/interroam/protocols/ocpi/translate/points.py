"""Points: degrees as text on the wire, as numbers in the model."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

from interroam.model import places as model
from interroam.protocols.ocpi.wire.raw import fields_of, items_of, set_fields, text
from interroam.protocols.ocpi.wire.types import AdditionalGeoLocation, GeoLocation

NOWHERE = model.Coordinates(Decimal(0), Decimal(0))
_ROOM = {"latitude": 10, "longitude": 11}
"""The characters of a field, one less than the pattern allows for a sign and seven decimals (C28)."""
_FEWEST, _MOST = Decimal("0.00001"), Decimal("0.000001")


def read_point(point: GeoLocation | None) -> model.Coordinates | None:
    """Read a point; one that is no number is nowhere, as the finding of the reader says already."""
    if point is None:
        return None
    try:
        return model.Coordinates(_degrees(point.latitude), _degrees(point.longitude))
    except ArithmeticError:
        return NOWHERE


def _degrees(text: str) -> Decimal:
    degrees = Decimal(text)
    return degrees if degrees.is_finite() and abs(degrees) <= 360 else Decimal(0)


def write_point(point: model.Coordinates | None) -> GeoLocation:
    """Return the shape of a point; one we do not know is where the equator meets the meridian."""
    point = point or NOWHERE
    return GeoLocation(latitude=_written_degrees(point.latitude), longitude=_written_degrees(point.longitude))


def _written_degrees(degrees: Decimal) -> str:
    """Write degrees with five decimals at least and six at most, which fits every field (C28)."""
    exponent = degrees.normalize().as_tuple().exponent
    fine = isinstance(exponent, int) and exponent < -5
    return format(degrees.quantize(_MOST if fine else _FEWEST, ROUND_HALF_EVEN), "f")


def fitting(raw: bytes, point: GeoLocation | None, others: Iterable[AdditionalGeoLocation] | None = ()) -> bytes:
    """Return an object whose points fit their fields, its own and those around it; as it came where they do (C28)."""
    if point is not None and is_long(point):
        raw = set_fields(raw, {"coordinates": _cut(bytes(fields_of(raw)["coordinates"]), point)})
    if others and any(map(is_long, others)):
        inner = [one for one in items_of(fields_of(raw).get("related_locations")) if one != b"null"]
        cut = [_cut(one, each) for one, each in zip(inner, others, strict=True)]
        raw = set_fields(raw, {"related_locations": b"[" + b",".join(cut) + b"]"})
    return raw


def is_long(point: GeoLocation | AdditionalGeoLocation) -> bool:
    """Whether a point has more characters than its fields."""
    return len(point.latitude) > _ROOM["latitude"] or len(point.longitude) > _ROOM["longitude"]


def _cut(raw: bytes, point: GeoLocation | AdditionalGeoLocation) -> bytes:
    said = {"latitude": point.latitude, "longitude": point.longitude}
    return set_fields(raw, {name: text(_six(one)) for name, one in said.items() if len(one) > _ROOM[name]})


def _six(degrees: str) -> str:
    try:
        return format(Decimal(degrees).quantize(_MOST, ROUND_HALF_EVEN), "f")
    except ArithmeticError:
        return degrees
