"""A CPO's network made up for the story: towns of three countries, their sites, chargers and tariffs."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any, NamedTuple

from interroam.demo.cast import CPO_PARTIES


class Town(NamedTuple):
    """A town and where it is."""

    country: str
    name: str
    postal_code: str
    latitude: float
    longitude: float


class Plug(NamedTuple):
    """What stands at a site."""

    standard: str
    format: str
    power_type: str
    voltage_v: int
    amperage_a: int
    power_w: int
    tariff: str


TOWNS = (
    Town("FR", "Annecy", "74000", 45.8992, 6.1294),
    Town("FR", "Besançon", "25000", 47.2378, 6.0241),
    Town("FR", "Chambéry", "73000", 45.5646, 5.9178),
    Town("FR", "Chamonix", "74400", 45.9237, 6.8694),
    Town("FR", "Colmar", "68000", 48.0794, 7.3585),
    Town("FR", "Dijon", "21000", 47.3220, 5.0415),
    Town("FR", "Grenoble", "38000", 45.1885, 5.7245),
    Town("FR", "Lyon", "69003", 45.7640, 4.8357),
    Town("FR", "Mulhouse", "68100", 47.7508, 7.3359),
    Town("FR", "Strasbourg", "67000", 48.5734, 7.7521),
    Town("CH", "Basel", "4051", 47.5596, 7.5886),
    Town("CH", "Bern", "3011", 46.9480, 7.4474),
    Town("CH", "Chur", "7000", 46.8508, 9.5320),
    Town("CH", "Fribourg", "1700", 46.8065, 7.1620),
    Town("CH", "Genève", "1201", 46.2044, 6.1432),
    Town("CH", "Lausanne", "1003", 46.5197, 6.6323),
    Town("CH", "Lugano", "6900", 46.0037, 8.9511),
    Town("CH", "Luzern", "6003", 47.0502, 8.3093),
    Town("CH", "Neuchâtel", "2000", 46.9900, 6.9293),
    Town("CH", "Zürich", "8001", 47.3769, 8.5417),
    Town("DE", "Freiburg", "79098", 47.9990, 7.8421),
    Town("DE", "Friedrichshafen", "88045", 47.6500, 9.4800),
    Town("DE", "Karlsruhe", "76133", 49.0069, 8.4037),
    Town("DE", "Kempten", "87435", 47.7267, 10.3139),
    Town("DE", "Konstanz", "78462", 47.6779, 9.1732),
    Town("DE", "Lörrach", "79539", 47.6156, 7.6614),
    Town("DE", "München", "80331", 48.1351, 11.5820),
    Town("DE", "Singen", "78224", 47.7626, 8.8400),
    Town("DE", "Stuttgart", "70173", 48.7758, 9.1829),
    Town("DE", "Ulm", "89073", 48.4011, 9.9876),
)
VALENCE = Town("FR", "Valence", "26000", 44.9334, 4.8924)
SPOTS = {
    "FR": (("Gare", "Place de la Gare"), ("Parking Centre", "Rue de la République"), ("Aire Est", "Route de Bâle")),
    "CH": (("Bahnhof", "Bahnhofplatz"), ("Altstadt", "Hauptgasse"), ("Raststätte", "Industriestrasse")),
    "DE": (("Hauptbahnhof", "Bahnhofstraße"), ("Altstadt", "Marktplatz"), ("Autohof", "Bundesstraße")),
}
PLUGS = (
    Plug("IEC_62196_T2", "SOCKET", "AC_3_PHASE", 400, 32, 22_000, "AC"),
    Plug("IEC_62196_T2_COMBO", "CABLE", "DC", 920, 500, 300_000, "DC"),
    Plug("IEC_62196_T2_COMBO", "CABLE", "DC", 800, 250, 150_000, "DC"),
)
ALPHA_3 = {"FR": "FRA", "CH": "CHE", "DE": "DEU"}
ZONES = {"FR": "Europe/Paris", "CH": "Europe/Zurich", "DE": "Europe/Berlin"}
CURRENCIES = {"FR": "EUR", "CH": "CHF", "DE": "EUR"}
PRICES = {"FR": ("0.39", "0.59"), "CH": ("0.42", "0.62"), "DE": ("0.44", "0.64")}
VATS = {"FR": "20.0", "CH": "8.1", "DE": "19.0"}


class Spot(NamedTuple):
    """An EVSE of the network, and where it is found."""

    party: str
    location_id: str
    uid: str
    evse_id: str
    town: str
    tariff: str
    power_w: int


def tariffs() -> list[dict[str, Any]]:
    """Return two tariffs for each country, in the form of a node's own API."""
    made = []
    for country, party in CPO_PARTIES.items():
        for kind, price in zip(("AC", "DC"), PRICES[country], strict=True):
            energy = {"dimension": "ENERGY", "price": price, "vat": VATS[country], "step": 1}
            parking = {"dimension": "PARKING_TIME", "price": "6.00", "vat": VATS[country], "step": 60}
            made.append(
                {
                    "party": party,
                    "id": f"{country}-{kind}",
                    "currency": CURRENCIES[country],
                    "elements": [{"components": [energy, parking]}],
                }
            )
    return made


def network(seed: int = 7) -> tuple[list[dict[str, Any]], list[Spot]]:
    """Return the locations, in the form of a node's own API, and every EVSE in them."""
    chance = random.Random(seed)
    locations, spots = [], []
    for town in TOWNS:
        for number, (name, street) in enumerate(SPOTS[town.country], 1):
            locations.append(_location(town, f"{name}", street, number, chance))
            spots += [_spot(locations[-1], evse) for evse in locations[-1]["evses"]]
    return locations, spots


def small_network(party: str, seed: int = 11) -> tuple[list[dict[str, Any]], list[Spot]]:
    """Return three locations of another operator in one town, and every EVSE in them."""
    chance = random.Random(seed)
    locations = [
        _location(VALENCE, name, street, number, chance, party) for number, (name, street) in enumerate(SPOTS["FR"], 1)
    ]
    return locations, [_spot(one, evse) for one in locations for evse in one["evses"]]


def _location(
    town: Town, name: str, street: str, number: int, chance: random.Random, party: str = ""
) -> dict[str, Any]:
    party = party or CPO_PARTIES[town.country]
    location_id = f"{town.country}-{town.postal_code}-{number}"
    plug = PLUGS[(number + len(town.name)) % len(PLUGS)]
    return {
        "party": party,
        "id": location_id,
        "name": f"{town.name} {name}",
        "address": f"{street} {chance.randrange(1, 90)}",
        "city": town.name,
        "postal_code": town.postal_code,
        "country": ALPHA_3[town.country],
        "coordinates": {
            "latitude": f"{town.latitude + chance.uniform(-0.02, 0.02):.6f}",
            "longitude": f"{town.longitude + chance.uniform(-0.02, 0.02):.6f}",
        },
        "time_zone": ZONES[town.country],
        "always_open": True,
        "evses": [_evse(party, town, location_id, plug, place) for place in range(1, chance.randrange(3, 5))],
    }


def _evse(party: str, town: Town, location_id: str, plug: Plug, place: int) -> dict[str, Any]:
    tariff = f"{town.country}-{plug.tariff}"
    connector = plug._asdict() | {"id": "1", "tariff_ids": [tariff]}
    del connector["tariff"]
    return {
        "uid": f"{location_id}-{place}",
        "evse_id": f"{party}*E{town.postal_code}{location_id[-1]}*{place}",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "physical_reference": str(place),
        "connectors": [connector],
    }


def _spot(location: dict[str, Any], evse: dict[str, Any]) -> Spot:
    connector = evse["connectors"][0]
    return Spot(
        party=location["party"],
        location_id=location["id"],
        uid=evse["uid"],
        evse_id=evse["evse_id"],
        town=location["city"],
        tariff=connector["tariff_ids"][0],
        power_w=connector["power_w"],
    )


def stamp(at: datetime) -> str:
    """Write a time with its milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
