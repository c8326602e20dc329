"""Messages of a small world: a CPO with a place, two eMSPs with tokens."""

from __future__ import annotations

import copy
from typing import Any

NOW = "2026-03-14T12:00:00Z"

CONNECTOR = {
    "id": "1",
    "standard": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage": 230,
    "max_amperage": 32,
    "tariff_ids": ["T1"],
    "last_updated": NOW,
}


def connector(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(CONNECTOR), **fields}


def evse(uid: str = "E1", **fields: Any) -> dict[str, Any]:
    base = {
        "uid": uid,
        "evse_id": f"CH*CCC*{uid}",
        "status": "AVAILABLE",
        "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
        "connectors": [connector()],
        "last_updated": NOW,
    }
    return {**base, **fields}


def location(id: str = "L1", **fields: Any) -> dict[str, Any]:
    base = {
        "country_code": "CH",
        "party_id": "CCC",
        "id": id,
        "publish": True,
        "name": "Am Ring",
        "address": "Ring 1",
        "city": "Bern",
        "postal_code": "3000",
        "country": "CHE",
        "coordinates": {"latitude": "46.947999", "longitude": "7.448148"},
        "operator": {"name": "CCC"},
        "owner": {"name": "City"},
        "time_zone": "Europe/Zurich",
        "evses": [evse()],
        "last_updated": NOW,
    }
    return {**base, **fields}


def token(uid: str = "0102030405060A", **fields: Any) -> dict[str, Any]:
    base = {
        "country_code": "DE",
        "party_id": "EEE",
        "uid": uid,
        "type": "RFID",
        "contract_id": "DE-EEE-C00000001-1",
        "issuer": "EEE",
        "valid": True,
        "whitelist": "ALLOWED",
        "energy_contract": {"supplier_name": "Sun"},
        "last_updated": NOW,
    }
    return {**base, **fields}


def cdr_token(**fields: Any) -> dict[str, Any]:
    base = {
        "country_code": "DE",
        "party_id": "EEE",
        "uid": "0102030405060A",
        "type": "RFID",
        "contract_id": "DE-EEE-C00000001-1",
    }
    return {**base, **fields}


def session(id: str = "S1", **fields: Any) -> dict[str, Any]:
    base = {
        "country_code": "CH",
        "party_id": "CCC",
        "id": id,
        "start_date_time": NOW,
        "kwh": 0.0,
        "cdr_token": cdr_token(),
        "auth_method": "WHITELIST",
        "location_id": "L1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "CHF",
        "status": "ACTIVE",
        "last_updated": NOW,
    }
    return {**base, **fields}


def period(kwh: float, at: str = NOW) -> dict[str, Any]:
    return {"start_date_time": at, "dimensions": [{"type": "ENERGY", "volume": kwh}]}


def cdr(id: str = "C1", **fields: Any) -> dict[str, Any]:
    base = {
        "country_code": "CH",
        "party_id": "CCC",
        "id": id,
        "start_date_time": NOW,
        "end_date_time": "2026-03-14T13:00:00Z",
        "session_id": "S1",
        "cdr_token": cdr_token(),
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "L1",
            "address": "Ring 1",
            "city": "Bern",
            "country": "CHE",
            "coordinates": {"latitude": "46.947999", "longitude": "7.448148"},
            "evse_uid": "E1",
            "evse_id": "CH*CCC*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2",
            "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE",
        },
        "currency": "CHF",
        "charging_periods": [period(10.5)],
        "total_cost": {"excl_vat": 4.2},
        "total_energy": 10.5,
        "total_time": 1.0,
        "last_updated": "2026-03-14T13:00:00Z",
    }
    return {**base, **fields}


def tariff(id: str = "T1", price: float = 0.4, **fields: Any) -> dict[str, Any]:
    base = {
        "country_code": "CH",
        "party_id": "CCC",
        "id": id,
        "currency": "CHF",
        "type": "REGULAR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": price, "step_size": 1}]}],
        "last_updated": NOW,
    }
    return {**base, **fields}
