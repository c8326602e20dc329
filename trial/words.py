"""The status words of OICP and those of OCPI 2.2.1, both ways.

OCPI has no word for an EVSE the operator's system does not find: it travels as UNKNOWN, and what was said is kept in
``physical_reference`` of the EVSE (16 characters, relayed as it is) so that it comes out again.
"""

from __future__ import annotations

OCPI = {
    "Available": "AVAILABLE",
    "Occupied": "CHARGING",
    "Reserved": "RESERVED",
    "OutOfService": "OUTOFORDER",
    "Unknown": "UNKNOWN",
    "EvseNotFound": "UNKNOWN",
}
REMOVED = "REMOVED"
"""Spelled alike on both sides: the EVSE is no longer published."""
KEPT = frozenset({"EvseNotFound"})
"""Words that need a place beside the status."""
_OICP = {word: said for said, word in OCPI.items() if said not in KEPT}


def to_ocpi(said: str) -> tuple[str, str | None]:
    """Return the word of OCPI, and what must be kept beside it."""
    return (REMOVED, None) if said == REMOVED else (OCPI[said], said if said in KEPT else None)


def to_oicp(word: str, kept: str | None) -> str:
    """Return the word of OICP; a word that no operator of the week says comes out as it is, and differs."""
    if word == "UNKNOWN" and kept in KEPT:
        return kept
    return _OICP.get(word, word)
