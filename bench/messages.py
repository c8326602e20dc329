"""The messages of the bench: every server gets the same ones, rendered before they are needed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, NamedTuple

HUB = ("ZZ", "HUB")
CPO = ("DE", "BNA")
OTHER_CPO = ("DE", "BNB")
EMSPS = tuple(("NL", f"BE{digit}") for digit in range(10))
SINCE = datetime(2025, 1, 1, tzinfo=UTC)
"""The bench stores and sends nothing that claims to be newer than now."""

Render = Callable[[int], bytes]
Json = dict[str, Any]


def when(seconds: float = 0.0) -> str:
    """A time of the bench, as OCPI writes it."""
    return (SINCE + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def location_id(number: int) -> str:
    """The id of a location."""
    return f"LOC{number:07d}"


def evse_uid(number: int, which: int = 0) -> str:
    """The uid of an EVSE of a location."""
    return f"{number:07d}-{which}"


def _evse(cpo: tuple[str, str], number: int, which: int) -> Json:
    return {
        "uid": evse_uid(number, which),
        "evse_id": f"{cpo[0]}*{cpo[1]}*E{number:07d}*{which}",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [
            {
                "id": "1",
                "standard": "IEC_62196_T2",
                "format": "SOCKET",
                "power_type": "AC_3_PHASE",
                "max_voltage": 230,
                "max_amperage": 32,
                "tariff_ids": ["STANDARD"],
                "last_updated": when(),
            }
        ],
        "last_updated": when(),
    }


def location(cpo: tuple[str, str], number: int, evses: int = 2) -> Json:
    """A location with EVSEs of one connector each."""
    return {
        "country_code": cpo[0],
        "party_id": cpo[1],
        "id": location_id(number),
        "publish": True,
        "name": f"Market square {number}",
        "address": f"Marktplatz {number % 400}",
        "city": "Musterstadt",
        "postal_code": "12345",
        "country": "DEU",
        "coordinates": {"latitude": f"{48 + number % 5}.{number % 99999:05d}", "longitude": "11.57500"},
        "evses": [_evse(cpo, number, which) for which in range(evses)],
        "operator": {"name": "Bench Charging"},
        "time_zone": "Europe/Berlin",
        "last_updated": when(),
    }


def token(emsp: tuple[str, str], number: int = 0) -> Json:
    """A card."""
    return {
        "country_code": emsp[0],
        "party_id": emsp[1],
        "uid": f"04{emsp[1]}{number:06d}",
        "type": "RFID",
        "contract_id": f"{emsp[0]}-{emsp[1]}-C{number:08d}-X",
        "issuer": "Bench Mobility",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": when(),
    }


def _cdr_token(emsp: tuple[str, str], number: int) -> Json:
    card = token(emsp, number)
    return {name: card[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}


def _period(kwh: float) -> Json:
    return {
        "start_date_time": when(60),
        "dimensions": [{"type": "ENERGY", "volume": kwh}, {"type": "TIME", "volume": 1.5}],
        "tariff_id": "STANDARD",
    }


def session(cpo: tuple[str, str], emsp: tuple[str, str]) -> Json:
    """A running session; id, energy and time are filled in."""
    return {
        "country_code": cpo[0],
        "party_id": cpo[1],
        "id": "@id",
        "start_date_time": when(60),
        "kwh": "@kwh",
        "cdr_token": _cdr_token(emsp, 0),
        "auth_method": "AUTH_REQUEST",
        "location_id": location_id(0),
        "evse_uid": evse_uid(0),
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [_period(11.25)],
        "total_cost": {"excl_vat": 4.25, "incl_vat": 5.06},
        "status": "ACTIVE",
        "last_updated": "@when",
    }


def cdr(cpo: tuple[str, str], emsp: tuple[str, str]) -> Json:
    """A CDR with one tariff; its id is filled in."""
    place = location(cpo, 0)
    return {
        "country_code": cpo[0],
        "party_id": cpo[1],
        "id": "@id",
        "start_date_time": when(60),
        "end_date_time": when(5460),
        "cdr_token": _cdr_token(emsp, 0),
        "auth_method": "AUTH_REQUEST",
        "cdr_location": {
            **{name: place[name] for name in ("id", "name", "address", "city", "postal_code", "country")},
            "coordinates": place["coordinates"],
            "evse_uid": evse_uid(0),
            "evse_id": f"{cpo[0]}*{cpo[1]}*E0000000*0",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "tariffs": [
            {
                "country_code": cpo[0],
                "party_id": cpo[1],
                "id": "STANDARD",
                "currency": "EUR",
                "elements": [{"price_components": [{"type": "ENERGY", "price": 0.38, "vat": 19.0, "step_size": 1}]}],
                "last_updated": when(),
            }
        ],
        "charging_periods": [_period(11.25)],
        "total_cost": {"excl_vat": 4.28, "incl_vat": 5.09},
        "total_energy": 11.25,
        "total_time": 1.5,
        "last_updated": when(5460),
    }


class Door(NamedTuple):
    """Where a server takes the messages of a partner."""

    host: str
    port: int
    receiver: str
    """The path before ``/locations`` where facts are stated."""
    sender: str
    """The path before ``/locations`` where lists are read."""
    token: str
    slash: str = ""
    """What this server wants at the end of a list's address."""
    sender_party: tuple[str, str] = CPO
    receiver_party: tuple[str, str] = HUB
    raw: bool = False
    """Whether the token is sent as it stands, as in OCPI 2.1.1."""


def request(door: Door, method: str, path: str, body: bytes | None = b"", *, extra: bytes = b"") -> bytes:
    """Render a request whole: the headers a partner of a hub sends, and the body."""
    secret = door.token.encode() if door.raw else base64.b64encode(door.token.encode())
    head = [
        f"{method} {path} HTTP/1.1".encode(),
        f"host: {door.host}:{door.port}".encode(),
        b"authorization: Token " + secret,
        b"ocpi-from-country-code: " + door.sender_party[0].encode(),
        b"ocpi-from-party-id: " + door.sender_party[1].encode(),
        b"ocpi-to-country-code: " + door.receiver_party[0].encode(),
        b"ocpi-to-party-id: " + door.receiver_party[1].encode(),
        b"x-request-id: 6b6c4a1e-5b8e-4f33-9d53-0e6f0d1a7c11",
        b"x-correlation-id: 2f4a9d7e-0c1b-4a58-8a9e-3d6b5c7f9e22",
        b"accept: application/json",
    ]
    if body:
        head += [b"content-type: application/json", b"content-length: %d" % len(body)]
    return b"\r\n".join(head) + b"\r\n" + extra + b"\r\n" + (body or b"")


def encoded(shape: Json) -> bytes:
    """Write compact JSON."""
    return json.dumps(shape, separators=(",", ":")).encode()


# -- the streams of requests; each number is used once ----------------------------------------------------------------


def statuses(door: Door, evses: int, *, each: int = 2, first: int = 0) -> Iterator[bytes]:
    """PATCH one EVSE after the other; each round over all of them turns every status over, at a newer time."""
    words = ("CHARGING", "AVAILABLE")
    paths = [
        f"{door.receiver}/locations/{CPO[0]}/{CPO[1]}/{location_id(n // each)}/{evse_uid(n // each, n % each)}"
        for n in range(evses)
    ]
    now = datetime.now(UTC)
    for turn in count(first):
        at = (now + timedelta(milliseconds=turn)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        body = encoded({"status": words[turn % 2], "last_updated": at})
        mark = request(door, "PATCH", "@path", body)
        before, _, after = mark.partition(b"@path")
        for path in paths:
            yield before + path.encode() + after


def cdrs(door: Door, emsps: int = 2, *, prefix: str = "C") -> Iterator[bytes]:
    """POST one CDR after the other, for the cards of these eMSPs in turn."""
    path = f"{door.receiver}/cdrs{door.slash}"
    bodies = [encoded({**cdr(CPO, emsp), "id": "@" * 20}) for emsp in EMSPS[:emsps]]
    parts = [request(door, "POST", path, body).split(b"@" * 20) for body in bodies]
    for number in count():
        before, after = parts[number % emsps]
        yield before + b"%s%019d" % (prefix.encode(), number) + after


def sessions(door: Door, emsps: int = 2, *, running: int = 1000) -> Iterator[bytes]:
    """PUT one session after the other; each time round, every one has gone on."""
    now = datetime.now(UTC)
    for turn in count(1):
        at = (now + timedelta(milliseconds=turn)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        parts = []
        for emsp in EMSPS[:emsps]:
            body = encoded({**session(CPO, emsp), "id": "@" * 20, "kwh": turn / 8, "last_updated": at})
            path = f"{door.receiver}/sessions/{CPO[0]}/{CPO[1]}/" + "@" * 20
            parts.append(request(door, "PUT", path, body).split(b"@" * 20))
        for number in range(running):
            own = b"S%019d" % number
            yield own.join(parts[number % emsps])


def pages(doors: list[Door], limit: int, totals: list[int], seed: int = 1) -> Iterator[bytes]:
    """GET random pages, the partners in turn."""
    chance = Random(seed)
    ready = [
        [
            request(door, "GET", f"{door.sender}/locations{door.slash}?offset={offset}&limit={limit}")
            for offset in (chance.randrange(max(1, total - limit)) for _ in range(512))
        ]
        for door, total in zip(doors, totals, strict=True)
    ]
    for number in count():
        yield ready[number % len(ready)][chance.randrange(512)]


def authorizations(door: Door, emsps: int = 2, places: int = 500) -> Iterator[bytes]:
    """POST authorize for one card after the other at one place after the other."""
    ready = []
    for number in range(places):
        card = token(EMSPS[number % emsps], number % 64)
        body = encoded({"location_id": location_id(number), "evse_uids": [evse_uid(number)]})
        path = f"{door.sender}/tokens/{card['uid']}/authorize?type=RFID"
        ready.append(request(door, "POST", path, body))
    for number in count():
        yield ready[number % places]
