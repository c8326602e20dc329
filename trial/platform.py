"""A CPO platform of our own making with many parties: it registers with the hub and states one EVSE per party.

It knows OCPI 2.2.1 by heart and nothing of the house, so that what it is acknowledged is what a stranger would be.
"""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from interroam.net.client import Client
from interroam.net.doors import Door
from interroam.net.http import JSON, Request, Response
from interroam.net.listener import Listener
from trial.places import stamp

PARTIES = tuple(f"DE*{chr(ord('A') + number // 26)}{chr(ord('A') + number % 26)}X" for number in range(64))
_MODULES = ("locations", "tariffs", "sessions", "cdrs")
_LOCATION, _EVSE = "LOC1", "EVSE1"


class Platform:
    """One partner that speaks for ``PARTIES``."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._own = secrets.token_urlsafe(24)
        self._listener = Listener([Door("/", self._answer)])
        self.host = ""
        self.port = 0
        self._path = ""
        self._token = ""

    async def register(self, versions_url: str, token: str) -> None:
        """Exchange credentials with the hub and state the location of every party."""
        await self._listener.start()
        versions = await self._call("GET", versions_url, token)
        details_url = next(one["url"] for one in versions if one["version"] == "2.2.1")
        details = await self._call("GET", details_url, token)
        endpoints = {(one["identifier"], one["role"]): one["url"] for one in details["endpoints"]}
        credentials = next(url for (module, _), url in endpoints.items() if module == "credentials")
        given = await self._call("POST", credentials, token, self._credentials())
        self._token = given["token"]
        locations = urlsplit(endpoints["locations", "RECEIVER"])
        self.host, self.port, self._path = locations.hostname or "", locations.port or 80, locations.path.rstrip("/")
        for party in PARTIES:
            await self._state(party)

    async def close(self) -> None:
        """Answer no more."""
        await self._listener.close(0.1)

    def patch(self, party: str, number: int, status: str, at: str) -> bytes:
        """Write the request that changes the status of a party's EVSE, ready for the wire."""
        body = msgspec.json.encode({"status": status, "last_updated": at})
        path = f"{self._path}/{self._place(party)}/{_EVSE}"
        headers = "\r\n".join(f"{name}: {value}" for name, value in self._headers(party, number).items())
        head = f"PATCH {path} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\n{headers}\r\ncontent-length: {len(body)}"
        return f"{head}\r\n\r\n".encode() + body

    @staticmethod
    def key(party: str) -> tuple[str, str, str]:
        """The identity of a party's EVSE, as the journal spells it."""
        return party.casefold(), _LOCATION.casefold(), _EVSE.casefold()

    # -- the words of OCPI -----------------------------------------------------------------------------------------

    def _headers(self, party: str, number: int) -> dict[str, str]:
        country, code = party.split("*")
        return {
            "authorization": f"Token {base64.b64encode(self._token.encode()).decode()}",
            "content-type": "application/json",
            "x-request-id": f"{code}-{number}",
            "x-correlation-id": f"{code}-{number}",
            "ocpi-from-country-code": country,
            "ocpi-from-party-id": code,
        }

    @staticmethod
    def _place(party: str) -> str:
        return "/".join((*party.split("*"), _LOCATION))

    async def _state(self, party: str) -> None:
        country, code = party.split("*")
        moment = "2025-01-01T00:00:00Z"
        plug = {"id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE"}
        plug |= {"max_voltage": 400, "max_amperage": 32, "last_updated": moment}  # type: ignore[dict-item]
        evse = {"uid": _EVSE, "status": "UNKNOWN", "connectors": [plug], "last_updated": moment}
        place = {
            "country_code": country,
            "party_id": code,
            "id": _LOCATION,
            "publish": True,
            "address": "Werkstrasse 1",
            "city": "Bonn",
            "country": "DEU",
            "coordinates": {"latitude": "50.733000", "longitude": "7.098000"},
            "time_zone": "Europe/Berlin",
            "evses": [evse],
            "last_updated": moment,
        }
        url = f"http://{self.host}:{self.port}{self._path}/{self._place(party)}"
        await self._call("PUT", url, self._token, place, self._headers(party, 0))

    async def _call(
        self, method: str, url: str, token: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:
        sent = headers or {
            "authorization": f"Token {base64.b64encode(token.encode()).decode()}",
            "content-type": "application/json",
            "x-request-id": secrets.token_hex(8),
            "x-correlation-id": secrets.token_hex(8),
        }
        payload = b"" if body is None else msgspec.json.encode(body)
        lines = [(name.encode(), value.encode()) for name, value in sent.items()]
        answer = await self._client.request(method, url, headers=lines, body=payload, timeout=10.0)
        said = msgspec.json.decode(answer.body)
        if said.get("status_code") != 1000:
            raise RuntimeError(f"{method} {url}: {answer.status} {said}")
        return said.get("data")

    def _credentials(self) -> dict[str, Any]:
        roles = [
            {"role": "CPO", "country_code": country, "party_id": code, "business_details": {"name": f"Platform {code}"}}
            for country, code in (party.split("*") for party in PARTIES)
        ]
        return {"token": self._own, "url": f"{self._listener.url}/versions", "roles": roles}

    def _answer(self, request: Request) -> Response:
        url = self._listener.url
        endpoints = [{"identifier": module, "role": "SENDER", "url": f"{url}/2.2.1/{module}"} for module in _MODULES]
        endpoints += [
            {"identifier": module, "role": "RECEIVER", "url": f"{url}/2.2.1/{module}"}
            for module in ("tokens", "commands", "credentials")
        ]
        data: Any = []
        if request.path == "/versions":
            data = [{"version": "2.2.1", "url": f"{url}/2.2.1"}]
        elif request.path == "/2.2.1":
            data = {"version": "2.2.1", "endpoints": endpoints}
        body = {"data": data, "status_code": 1000, "timestamp": stamp(datetime.now(UTC))}
        return Response(200, [JSON], msgspec.json.encode(body))
