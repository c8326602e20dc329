"""The time zone of a place whose owner does not say it: of its country, where there is one or the longitude decides."""

from __future__ import annotations

from typing import Any

_ONE = {
    "AUT": "Vienna", "BEL": "Brussels", "BGR": "Sofia", "CHE": "Zurich", "CZE": "Prague", "DEU": "Berlin",
    "DNK": "Copenhagen", "EST": "Tallinn", "FIN": "Helsinki", "FRA": "Paris", "GBR": "London", "GRC": "Athens",
    "HRV": "Zagreb", "HUN": "Budapest", "IRL": "Dublin", "ITA": "Rome", "LIE": "Vaduz", "LTU": "Vilnius",
    "LUX": "Luxembourg", "LVA": "Riga", "MCO": "Monaco", "MLT": "Malta", "NLD": "Amsterdam", "NOR": "Oslo",
    "POL": "Warsaw", "ROU": "Bucharest", "SRB": "Belgrade", "SVK": "Bratislava", "SVN": "Ljubljana",
    "SWE": "Stockholm",
}  # fmt: skip
# West of this longitude the second zone holds, else the first.
_TWO = {
    "ESP": ("Europe/Madrid", -12.0, "Atlantic/Canary"),
    "PRT": ("Europe/Lisbon", -23.0, "Atlantic/Azores"),
}


def zone_of(country: Any, coordinates: Any) -> str | None:
    """Return the zone of a place by its country (three letters) and its longitude; None when that does not tell."""
    if country in _ONE:
        return f"Europe/{_ONE[country]}"
    if country not in _TWO or not isinstance(coordinates, dict):
        return None
    here, border, beyond = _TWO[country]
    try:
        return beyond if float(coordinates.get("longitude", "")) < border else here
    except (TypeError, ValueError):
        return None
