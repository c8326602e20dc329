"""The place of a published EVSE: statuses come without one, so each gets a plausible location of its own.

The published id is kept as ``evse_id``. The uid is derived from it: readable, at most 36 characters, and its own also
where two ids differ in case or stars alone, which OCPI compares as equal (OCPI-27).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any, NamedTuple

from trial.week import Point, Row
from trial.words import to_ocpi

_READABLE = 24
_TOWNS = (
    ("Zürich", "8001", 47.3769, 8.5417),
    ("Genève", "1201", 46.2044, 6.1432),
    ("Basel", "4051", 47.5596, 7.5886),
    ("Lausanne", "1003", 46.5197, 6.6323),
    ("Bern", "3011", 46.9480, 7.4474),
    ("Winterthur", "8400", 47.4988, 8.7237),
    ("Luzern", "6003", 47.0502, 8.3093),
    ("St. Gallen", "9000", 47.4245, 9.3767),
    ("Lugano", "6900", 46.0037, 8.9511),
    ("Biel/Bienne", "2502", 47.1368, 7.2468),
    ("Thun", "3600", 46.7580, 7.6280),
    ("Fribourg", "1700", 46.8065, 7.1620),
    ("Chur", "7000", 46.8508, 9.5320),
    ("Sion", "1950", 46.2331, 7.3606),
    ("Neuchâtel", "2000", 46.9900, 6.9293),
    ("Schaffhausen", "8200", 47.6973, 8.6349),
)
_STREETS = ("Bahnhofstrasse", "Rue du Lac", "Hauptstrasse", "Via Nassa", "Seestrasse", "Avenue de la Gare")
_PLUGS = (
    ("IEC_62196_T2", "SOCKET", "AC_3_PHASE", 400, 32, 22_000),
    ("IEC_62196_T2_COMBO", "CABLE", "DC", 800, 250, 150_000),
    ("IEC_62196_T2", "CABLE", "AC_3_PHASE", 400, 16, 11_000),
    ("CHADEMO", "CABLE", "DC", 500, 125, 50_000),
)


class Place(NamedTuple):
    """Where a published EVSE is found on the way."""

    location_id: str
    uid: str


def place_of(point: Point) -> Place:
    """Return the ids a published EVSE travels under."""
    digest = _digest(point)
    readable = re.sub(r"[^A-Z0-9]", "", point.evse_id.upper())[:_READABLE]
    return Place(f"L-{digest[:16]}", f"{readable}-{digest[16:24]}")


def location(row: Row) -> dict[str, Any]:
    """Return the location of an EVSE in the form of a node's own API, the EVSE in it."""
    number = int(_digest(row.point), 16)
    town, postal_code, latitude, longitude = _TOWNS[number % len(_TOWNS)]
    east, north = (number >> 8) % 2_000 - 1_000, (number >> 20) % 2_000 - 1_000
    return {
        "name": f"{town} {1 + (number >> 36) % 40}",
        "address": f"{_STREETS[(number >> 4) % len(_STREETS)]} {1 + (number >> 42) % 120}",
        "city": town,
        "postal_code": postal_code,
        "country": "CHE",
        "coordinates": {
            "latitude": f"{latitude + north / 50_000:.6f}",
            "longitude": f"{longitude + east / 50_000:.6f}",
        },
        "time_zone": "Europe/Zurich",
        "evses": [evse(row, number)],
        "last_updated": stamp(row.at),
    }


def evse(row: Row, number: int | None = None) -> dict[str, Any]:
    """Return an EVSE in the form of a node's own API."""
    number = int(_digest(row.point), 16) if number is None else number
    standard, form, power, volts, amperes, watts = _PLUGS[(number >> 12) % len(_PLUGS)]
    word, kept = to_ocpi(row.said)
    plug = {
        "id": "1",
        "standard": standard,
        "format": form,
        "power_type": power,
        "voltage_v": volts,
        "amperage_a": amperes,
        "power_w": watts,
    }
    return {
        "uid": place_of(row.point).uid,
        "evse_id": row.point.evse_id,
        "status": word,
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [plug],
        "last_updated": stamp(row.at),
    } | ({"physical_reference": kept} if kept else {})


def stamp(at: datetime) -> str:
    """Write a time with its milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(point: Point) -> str:
    return hashlib.blake2s(f"{point.operator}\n{point.evse_id}".encode(), digest_size=16).hexdigest()
