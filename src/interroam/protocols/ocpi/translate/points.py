"""Points: degrees as text on the wire, as numbers in the model."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from interroam.model import places as model
from interroam.protocols.ocpi.wire.types import GeoLocation

NOWHERE = model.Coordinates(Decimal(0), Decimal(0))
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
