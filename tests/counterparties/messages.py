"""What the counterparties say to each other."""

from datetime import UTC, datetime, timedelta

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


def later(minutes=0):
    return (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def path(thing):
    return thing["country_code"], thing["party_id"], thing.get("id") or thing["uid"]


def _of(party):
    return {"country_code": party.country, "party_id": party.code}


def token(emsp):
    contract = f"{emsp.country}-{emsp.code}-C00000001-X"
    rest = {"issuer": "Somebody", "valid": True, "whitelist": "NEVER", "last_updated": later()}
    return {**_of(emsp), "uid": "CARD1", "type": "RFID", "contract_id": contract, **rest}


def location(cpo):
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "last_updated": later(),
    }
    evse = {"uid": "EVSE1", "evse_id": f"{cpo.country}*{cpo.code}*E1", "status": "AVAILABLE", "last_updated": later()}
    return {
        **_of(cpo),
        "id": "LOC1",
        "publish": True,
        "address": "Am Markt 1",
        "city": "Ulm",
        "country": "DEU",
        "coordinates": {"latitude": "48.39841", "longitude": "9.99155"},
        "time_zone": "Europe/Berlin",
        "evses": [{**evse, "capabilities": ["RFID_READER"], "connectors": [connector]}],
        "last_updated": later(),
    }


def _charge(cpo, card, reference):
    names = ("country_code", "party_id", "uid", "type", "contract_id")
    period = {"start_date_time": later(2), "dimensions": [{"type": "ENERGY", "volume": 10.5}]}
    return {
        **_of(cpo),
        "start_date_time": later(2),
        "cdr_token": {name: card[name] for name in names},
        "auth_method": "AUTH_REQUEST",
        "authorization_reference": reference,
        "currency": "EUR",
        "charging_periods": [period],
        "total_cost": {"excl_vat": 4.2, "incl_vat": 5.0},
        "last_updated": later(2),
    }


def session(cpo, card, reference):
    where = {"location_id": "LOC1", "evse_uid": "EVSE1", "connector_id": "1"}
    return {**_charge(cpo, card, reference), **where, "id": "S1", "kwh": 10.5, "status": "ACTIVE"}


def cdr(cpo, card, reference):
    where = {
        "id": "LOC1",
        "address": "Am Markt 1",
        "city": "Ulm",
        "country": "DEU",
        "coordinates": {"latitude": "48.39841", "longitude": "9.99155"},
        "evse_uid": "EVSE1",
        "evse_id": f"{cpo.country}*{cpo.code}*E1",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }
    totals = {"total_energy": 10.5, "total_time": 0.5, "end_date_time": later(32)}
    return {**_charge(cpo, card, reference), **totals, "id": "C1", "session_id": "S1", "cdr_location": where}
