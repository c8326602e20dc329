"""The reference: the plainest uvicorn ASGI app that decodes and validates the same request and stores nothing."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import uvicorn

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Status = Literal[
    "AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED", "UNKNOWN"
]


class StatusPatch(msgspec.Struct):
    """A PATCH of an EVSE's status."""

    status: Status
    last_updated: datetime


class CdrToken(msgspec.Struct):
    """The token of a charge."""

    country_code: Text
    party_id: Text
    uid: Text
    type: Text
    contract_id: Text


class Dimension(msgspec.Struct):
    """An amount."""

    type: Text
    volume: float


class Period(msgspec.Struct):
    """A charging period."""

    start_date_time: datetime
    dimensions: list[Dimension]
    tariff_id: Text | None = None


class Price(msgspec.Struct):
    """A price."""

    excl_vat: float
    incl_vat: float | None = None


class Session(msgspec.Struct):
    """A session."""

    country_code: Text
    party_id: Text
    id: Text
    start_date_time: datetime
    kwh: float
    cdr_token: CdrToken
    auth_method: Literal["AUTH_REQUEST", "COMMAND", "WHITELIST"]
    location_id: Text
    evse_uid: Text
    connector_id: Text
    currency: Text
    status: Literal["ACTIVE", "COMPLETED", "INVALID", "PENDING", "RESERVATION"]
    last_updated: datetime
    charging_periods: list[Period] = []
    total_cost: Price | None = None


class GeoLocation(msgspec.Struct):
    """A point."""

    latitude: Text
    longitude: Text


class CdrLocation(msgspec.Struct):
    """The place of a charge."""

    id: Text
    address: Text
    city: Text
    country: Text
    coordinates: GeoLocation
    evse_uid: Text
    evse_id: Text
    connector_id: Text
    connector_standard: Text
    connector_format: Text
    connector_power_type: Text
    name: Text | None = None
    postal_code: Text | None = None


class Component(msgspec.Struct):
    """A price component."""

    type: Text
    price: float
    step_size: int
    vat: float | None = None


class Element(msgspec.Struct):
    """A tariff element."""

    price_components: list[Component]


class Tariff(msgspec.Struct):
    """A tariff."""

    country_code: Text
    party_id: Text
    id: Text
    currency: Text
    elements: list[Element]
    last_updated: datetime


class Cdr(msgspec.Struct):
    """A CDR."""

    country_code: Text
    party_id: Text
    id: Text
    start_date_time: datetime
    end_date_time: datetime
    cdr_token: CdrToken
    auth_method: Literal["AUTH_REQUEST", "COMMAND", "WHITELIST"]
    cdr_location: CdrLocation
    currency: Text
    charging_periods: list[Period]
    total_cost: Price
    total_energy: float
    total_time: float
    last_updated: datetime
    tariffs: list[Tariff] = []


DECODERS: dict[str, msgspec.json.Decoder[Any] | None] = {
    "PATCH": msgspec.json.Decoder(StatusPatch),
    "PUT": msgspec.json.Decoder(Session),
    "cdrs": msgspec.json.Decoder(Cdr),
    "authorize": None,  # the no-op
    "emip": None,  # the no-op too
}
OK = b'{"status_code":1000,"status_message":"Success","timestamp":"2025-01-01T00:00:00Z"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(OK))]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Read, decode, answer."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    name = scope["method"]
    if name == "POST":
        name = scope["path"].rsplit("/", 1)[-1]
    decoder = DECODERS[name]
    if decoder is not None:
        decoder.decode(body)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": OK})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="error"
    )
