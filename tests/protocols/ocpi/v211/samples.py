"""Objects of both versions as plain values, and the way through the bridge and back."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from interroam.model.ids import PartyId
from interroam.protocols.ocpi.v211 import Down, Names, Up

NOW = datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)
AT = "2026-05-04T10:00:00Z"
CPO = PartyId.of("ES", "AAA")
EMSP = PartyId.of("DE", "EEE")
POINT = {"latitude": "51.047599", "longitude": "3.729944"}

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def raw(value):
    return _encode(value)


def plain(bridged):
    """The object that came out; None when nothing did."""
    return None if bridged.data is None else _decode(bridged.data)


def costs(bridged):
    """What it cost, as (field, class)."""
    return {(each.field, each.loss.value) for each in bridged.losses}


def up(**known):
    return Up(owner=known.pop("owner", CPO), received=NOW, **known)


def down(**known):
    return Down(**known)


def names(**known):
    """Names by thing: ``location={("LOC1",): "hub-1"}``."""
    return Names({(thing, path): name for thing, paths in known.items() for path, name in paths.items()})


# -- 2.2.1 -------------------------------------------------------------------------------------------------------------


def connector(**fields):
    return {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "tariff_ids": ["T1"],
        "last_updated": AT,
    } | fields


def evse(**fields):
    return {
        "uid": "E1",
        "evse_id": "ES*AAA*E1",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER"],
        "connectors": [connector()],
        "last_updated": AT,
    } | fields


def location(**fields):
    return {
        "country_code": "ES",
        "party_id": "AAA",
        "id": "LOC1",
        "publish": True,
        "name": "Harbor",
        "address": "Long Street 1",
        "city": "Gent",
        "postal_code": "9000",
        "country": "BEL",
        "coordinates": POINT,
        "parking_type": "ON_STREET",
        "evses": [evse()],
        "operator": {"name": "Fine Charging", "website": "https://fine.example"},
        "owner": {"name": "The Owner"},
        "time_zone": "Europe/Brussels",
        "last_updated": AT,
    } | fields


def token(**fields):
    return {
        "country_code": "DE",
        "party_id": "EEE",
        "uid": "1A2B3C4D",
        "type": "RFID",
        "contract_id": "DE-EEE-C1",
        "issuer": "Good Driving",
        "valid": True,
        "whitelist": "ALLOWED",
        "last_updated": AT,
    } | fields


CDR_TOKEN = {name: token()[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}


def period(*dimensions, starts=AT, **fields):
    return {"start_date_time": starts, "dimensions": [{"type": kind, "volume": v} for kind, v in dimensions]} | fields


def session(**fields):
    return {
        "country_code": "ES",
        "party_id": "AAA",
        "id": "S1",
        "start_date_time": AT,
        "end_date_time": "2026-05-04T11:00:00Z",
        "kwh": 10,
        "cdr_token": CDR_TOKEN,
        "auth_method": "AUTH_REQUEST",
        "authorization_reference": "R1",
        "location_id": "LOC1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "charging_periods": [period(("ENERGY", 10))],
        "total_cost": {"excl_vat": 5},
        "status": "COMPLETED",
        "last_updated": AT,
    } | fields


def tariff(*elements, **fields):
    return {
        "country_code": "ES",
        "party_id": "AAA",
        "id": "T1",
        "currency": "EUR",
        "type": "REGULAR",
        "elements": list(elements) or [element(("ENERGY", Decimal("0.5"), 1))],
        "last_updated": AT,
    } | fields


def element(*components, **restrictions):
    made = {"price_components": [{"type": k, "price": p, "step_size": s} for k, p, s in components]}
    return made | ({"restrictions": restrictions} if restrictions else {})


def cdr(**fields):
    return {
        "country_code": "ES",
        "party_id": "AAA",
        "id": "C1",
        "start_date_time": AT,
        "end_date_time": "2026-05-04T11:00:00Z",
        "session_id": "S1",
        "cdr_token": CDR_TOKEN,
        "auth_method": "AUTH_REQUEST",
        "cdr_location": {
            "id": "LOC1",
            "address": "Long Street 1",
            "city": "Gent",
            "country": "BEL",
            "coordinates": POINT,
            "evse_uid": "E1",
            "evse_id": "ES*AAA*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "EUR",
        "charging_periods": [period(("ENERGY", 10))],
        "total_cost": {"excl_vat": 5},
        "total_energy": 10,
        "total_time": 1,
        "last_updated": AT,
    } | fields


PLACE = raw(location())

# -- 2.1.1 -------------------------------------------------------------------------------------------------------------


def without(value, *gone):
    return {name: each for name, each in value.items() if name not in gone}


def old_connector(**fields):
    new = without(connector(), "max_voltage", "max_amperage", "tariff_ids")
    return new | {"voltage": 230, "amperage": 32, "tariff_id": "T1"} | fields


def old_evse(**fields):
    return evse(connectors=[old_connector()]) | fields


def old_location(**fields):
    new = without(location(), "country_code", "party_id", "publish", "parking_type")
    return new | {"type": "ON_STREET", "evses": [old_evse()]} | fields


def old_token(**fields):
    return without(token(), "country_code", "party_id", "contract_id") | {"auth_id": "DE-EEE-C1"} | fields


def old_session(**fields):
    return {
        "id": "S1",
        "start_datetime": AT,
        "end_datetime": "2026-05-04T11:00:00Z",
        "kwh": 10,
        "auth_id": "DE-EEE-C1",
        "auth_method": "AUTH_REQUEST",
        "authorization_id": "R1",
        "location": old_location(),
        "currency": "EUR",
        "charging_periods": [period(("ENERGY", 10))],
        "total_cost": 5,
        "status": "COMPLETED",
        "last_updated": AT,
    } | fields


def old_tariff(*elements, **fields):
    return without(tariff(*elements), "country_code", "party_id", "type") | fields


def old_cdr(**fields):
    return {
        "id": "C1",
        "start_date_time": AT,
        "stop_date_time": "2026-05-04T11:00:00Z",
        "auth_id": "DE-EEE-C1",
        "auth_method": "WHITELIST",
        "location": old_location(),
        "currency": "EUR",
        "charging_periods": [period(("ENERGY", 10))],
        "total_cost": 5,
        "total_energy": 10,
        "total_time": 1,
        "last_updated": AT,
    } | fields
