"""What becomes of every field between eMIP and OCPI: the tables of the loss statement."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, lru_cache
from itertools import compress
from operator import attrgetter

from interroam.protocols.emip.wire.fields import fields_of
from interroam.protocols.emip.wire.types import Wire

from .losses import Direction, Loss, Table, approximated, invented, kept, lost, renamed

RECORD, CHARGE = "chargeDetailRecord → Session and CDR", "Session and CDR → chargeDetailRecord"
AUTHORIZATION = "Authorization"
_UP, _DOWN = Direction.TO_OCPI, Direction.TO_EMIP
_LIST = "its list of values is not published; kept for eMIP"

TABLES = (
    Table(
        "Status of an EVSE",
        _UP,
        (
            approximated(
                "availabilityStatus", "status", "one word for both halves: in service and nothing else: UNKNOWN"
            ),
            approximated("busyStatus", "status", "1 AVAILABLE, 2 CHARGING, 3 RESERVED; says nothing out of service"),
            approximated("statusEventDate", "last_updated", "the newest of both halves"),
            lost("availabilityStatusUntil", "the status becomes UNKNOWN when it is over"),
            lost("busyStatusUntil", "the status becomes UNKNOWN when it is over"),
            lost("availabilityStatusComment", "stands in the trace"),
            lost("busyStatusComment", "stands in the trace"),
            lost(
                "status of a pool, station or connector", "OCPI has statuses of EVSEs only; theirs are not overwritten"
            ),
        ),
    ),
    Table(
        "Status of an EVSE",
        _DOWN,
        (
            approximated(
                "status", "availabilityStatus, busyStatus", "BLOCKED is in service and busy; INOPERATIVE is 1"
            ),
            renamed("last_updated", "statusEventDate", "of both halves"),
            lost("status_schedule"),
        ),
    ),
    Table(
        "Pool → Location",
        _UP,
        (
            approximated("1003 chargingPoolId", "id", "without its separators, upper case"),
            approximated("1005 chargingPoolBrandName", "operator.name", "a brand may be another than the operator"),
            renamed("1006 chargingPoolName", "name"),
            approximated("1041 Country", "country", "three letters; unreadable: that of the operator"),
            renamed("1042 PostCode", "postal_code"),
            renamed("1043 City", "city", "#NA where it is missing"),
            approximated("1044 StreetNumber", "address", "in front of the street"),
            approximated("1045 StreetName", "address", "behind the number; #NA where both are missing"),
            renamed("1046 Province", "state"),
            renamed("1062 entrance latitude", "coordinates", "0, 0 where it is missing"),
            renamed("1063 entrance longitude", "coordinates", "0, 0 where it is missing"),
            lost("1065 phoneNumber", "kept for eMIP"),
            renamed("1101 isOpen24_7", "opening_times.twentyfourseven"),
            lost("1103 opening times", "their form is not published; kept for eMIP"),
            renamed("1273 owner operator name", "owner.name"),
            lost("any other attribute", "kept for eMIP"),
            invented("country_code, party_id", "the operator who states it"),
            invented("publish", "true: eMIP has no other places"),
            invented("time_zone", "UTC: eMIP names none"),
            invented("last_updated", "actionDateTime, else when it came"),
        ),
    ),
    Table(
        "Station and EVSE → EVSE",
        _UP,
        (
            approximated("3003 EVSEId", "uid, evse_id", "the uid without separators, evse_id with its usual ones"),
            lost("2003 chargingStationId", "kept for eMIP"),
            renamed("2041 station latitude", "coordinates"),
            renamed("2042 station longitude", "coordinates"),
            lost("2061 accessibility", _LIST),
            lost("2062 authorisationInformation", "kept for eMIP"),
            lost("2063 authorisationMode", _LIST),
            lost("2064 paymentMode", _LIST),
            lost("2065 paymentInformation", "kept for eMIP"),
            renamed("2066 bookable", "capabilities", "RESERVABLE"),
            approximated("3044 power", "connectors", "power, and from it current and phases"),
            approximated("3063 electric current type", "connectors", "DC where it begins so"),
            lost("3101 useabilityStatus", _LIST),
            lost("3102 useabilityStatusUntil", "kept for eMIP"),
            lost("3111 speed", "kept for eMIP"),
            lost("any other attribute", "kept for eMIP"),
            invented("capabilities", "RFID_READER, REMOTE_START_STOP_CAPABLE: a CPO of eMIP must have both"),
            invented("last_updated", "actionDateTime, else when it came"),
        ),
    ),
    Table(
        "Connector → Connector",
        _UP,
        (
            approximated("ChargingConnectorId", "id", "without its separators"),
            approximated("4021 connectorType", "standard", "a word of OCPI as it is; else Type 2, or CCS for DC"),
            approximated(
                "3044 power", "max_electric_power, max_voltage, max_amperage, power_type, format", "see below"
            ),
            lost("any other attribute", "kept for eMIP"),
            invented("max_voltage, max_amperage, power_type", "230 V, 3 phases above 7.4 kW; 400 V DC above 44 kW"),
            invented("format", "a cable for DC and above 22 kW, else a socket"),
            invented("a connector", "one of 22 kW, or of the EVSE's power, where none was stated"),
        ),
    ),
    Table(
        "Location → EVSEDescrip",
        _DOWN,
        (
            lost("country_code", "in the ids"),
            lost("party_id", "in the ids"),
            approximated("id", "chargingPoolId", "where it is no pool id, one is made of it"),
            lost("publish", "a place that is not published is left out altogether"),
            lost("publish_allowed_to", "a place that is not published is left out altogether"),
            renamed("name", "chargingPoolName"),
            approximated("address", "chargingPoolAddress.StreetName", "with the number in it"),
            renamed("city", "chargingPoolAddress.City"),
            renamed("postal_code", "chargingPoolAddress.PostCode"),
            renamed("state", "chargingPoolAddress.Province"),
            renamed("country", "chargingPoolAddress.Country", "three letters"),
            renamed("coordinates", "entrancelatitude, entrancelongitude"),
            lost("related_locations"),
            lost("parking_type"),
            kept("evses", "each is described with its location"),
            lost("directions"),
            renamed("operator", "chargingPoolBrandName", "its name; website and logo are lost"),
            lost("suboperator"),
            lost("owner", "to be searched by (1273), not described"),
            lost("facilities"),
            lost("time_zone"),
            approximated("opening_times", "isOpen24_7", "hours and exceptions are lost"),
            lost("charging_when_closed"),
            lost("images"),
            lost("energy_mix"),
            approximated("last_updated", "changeDateTime", "of the EVSE"),
            lost("gireve_id"),
        ),
    ),
    Table(
        "EVSE → EVSEDescrip",
        _DOWN,
        (
            approximated("uid", "EVSEId", "where there is no evse_id an id is made of it"),
            approximated("evse_id", "EVSEId", "with its usual separators; where it is no EVSE id, one is made of it"),
            approximated("status", "availabilityStatus, busyStatus", "see its own table"),
            lost("status_schedule"),
            approximated(
                "capabilities", "bookable, authorisationInformation, paymentInformation", "as texts, most are lost"
            ),
            approximated("connectors", "power", "the strongest; of plugs eMIP's list is not published"),
            lost("floor_level"),
            renamed("coordinates", "chargingStationlatitude, chargingStationlongitude"),
            lost("physical_reference"),
            lost("directions"),
            lost("parking_restrictions"),
            lost("images"),
            renamed("last_updated", "changeDateTime"),
            invented("useabilityStatus", "the worst of pool, station and EVSE, where more than the EVSE's is known"),
        ),
    ),
    Table(
        "Connector → EVSEDescrip",
        _DOWN,
        (
            lost("id"),
            lost("standard", "eMIP's list of connectorType is not published"),
            lost("format"),
            approximated("power_type", "power", "phases count where no power is stated"),
            approximated("max_voltage", "power", "counts where no power is stated"),
            approximated("max_amperage", "power", "counts where no power is stated"),
            approximated("max_electric_power", "power", "in kW, of the strongest"),
            lost("tariff_ids"),
            lost("terms_and_conditions"),
            lost("last_updated"),
        ),
    ),
    Table(
        "authenticationData → Token",
        _UP,
        (
            approximated("actionType", "valid", "what is deleted becomes valid: false; OCPI deletes no tokens"),
            approximated("userIdType", "type", "RFID-UID is RFID, eMA is APP_USER, all others are OTHER"),
            approximated("userId", "uid", "cards upper case with their zeros, contracts without separators"),
            approximated("userContractIdAlias", "contract_id", "where the user id is no contract itself"),
            approximated("requestedServiceId", "whitelist", "NEVER for who may not charge; kept whole for eMIP"),
            renamed("authorisationValue", "valid", "1 white, 2 black"),
            approximated("expiryDate", "whitelist", "ALLOWED_OFFLINE instead of ALLOWED, so that the hub is asked"),
            renamed("salePartnerOperatorIdType", "country_code", "with party_id"),
            renamed("salePartnerOperatorId", "party_id", "with country_code"),
            invented("contract_id", "made of the user id where nothing else names the contract"),
            invented("issuer", "the operator's id"),
            invented("whitelist", "ALLOWED: who is on a white list may charge without a question"),
            invented("last_updated", "when it came"),
        ),
    ),
    Table(
        "Token → authenticationData",
        _DOWN,
        (
            renamed("country_code", "salePartnerOperatorId"),
            renamed("party_id", "salePartnerOperatorId"),
            renamed("uid", "userId"),
            approximated(
                "type", "userIdType", "RFID by a UID is RFID-UID, APP_USER by a contract eMA, all else EMP-SPEC"
            ),
            lost("contract_id", "never told: eMIP has aliases only"),
            lost("visual_number"),
            lost("issuer"),
            lost("group_id"),
            renamed("valid", "authorisationValue", "1 white, 2 black"),
            approximated("whitelist", "actionType", "NEVER is not listed, all others are alike"),
            lost("language"),
            lost("default_profile_type"),
            lost("energy_contract"),
            lost("last_updated"),
        ),
        "Tokens that are always to be asked about (whitelist NEVER) are not listed.",
    ),
    Table(
        AUTHORIZATION,
        _UP,
        (
            renamed("EVSEId", "location_id, evse_uids"),
            approximated("userIdType", "type", "as for tokens"),
            renamed("userId", "uid"),
            lost("requestedServiceId"),
            lost("partnerServiceSessionId", "kept with the charge"),
            lost("bookingId"),
            approximated("authorisationValue", "allowed", "1 ALLOWED, everything else NOT_ALLOWED"),
            renamed("serviceSessionId", "authorization_reference"),
            lost("intermediateCDRRequested", "sessions are told as they go anyway"),
            lost("userContractIdAlias"),
            lost("meterLimitList", "OCPI has no limits; the eMSP stops the charge itself"),
            lost("parameter"),
            invented("token", "the token as known here, or made of the user id"),
        ),
    ),
    Table(
        AUTHORIZATION,
        _DOWN,
        (
            renamed("location_id", "EVSEId"),
            renamed("evse_uids", "EVSEId", "the first"),
            approximated("allowed", "authorisationValue", "ALLOWED is 1, why it is not is lost"),
            lost("token"),
            renamed("location", "EVSEId"),
            lost("authorization_reference", "the hub's own name of the charge stands in its place"),
            lost("info"),
            invented("requestedServiceId", "1: charging"),
            invented("intermediateCDRRequested", "0"),
        ),
    ),
    Table(
        RECORD,
        _UP,
        (
            approximated("CDRNature", "sessions or cdrs", "an intermediate one is a session, a final one a CDR"),
            renamed("serviceSessionId", "id, authorization_reference"),
            lost("execPartnerSessionId", "kept with the charge"),
            renamed("execPartnerOperatorId", "country_code, party_id"),
            lost("salePartnerSessionId", "kept with the charge"),
            renamed("salePartnerOperatorId", "cdr_token.country_code, cdr_token.party_id"),
            lost("requestedServiceId"),
            renamed("EVSEId", "cdr_location"),
            lost("userContractIdAlias"),
            approximated("userIdType", "cdr_token.type", "as for tokens"),
            renamed("userId", "cdr_token.uid"),
            lost("partnerProductId"),
            renamed("startTime", "start_date_time"),
            renamed("endTime", "end_date_time"),
            approximated("meterReportList", "charging_periods and totals", "time, energy, cost; other meters are lost"),
            invented("currency", "EUR where no meter of cost names one"),
            invented("total_cost", "0 where no meter of cost states it, unless the agreement has the hub price it"),
            invented("connector_id", "1 where the EVSE has none that is known"),
            invented("auth_method", "AUTH_REQUEST; WHITELIST where a list decided, COMMAND after a remote start"),
        ),
    ),
    Table(
        CHARGE,
        _DOWN,
        (
            renamed("id", "execPartnerSessionId"),
            renamed("country_code", "execPartnerOperatorId"),
            renamed("party_id", "execPartnerOperatorId"),
            renamed("session_id", "execPartnerSessionId"),
            renamed("start_date_time", "startTime"),
            renamed("end_date_time", "endTime"),
            renamed("cdr_token", "userIdType, userId, salePartnerOperatorId"),
            lost("auth_method"),
            renamed("authorization_reference", "serviceSessionId, salePartnerSessionId"),
            approximated("cdr_location", "EVSEId", "the place is lost"),
            lost("meter_id"),
            renamed("currency", "meterReportList", "the unit of meter 3"),
            lost("tariffs"),
            lost("charging_periods", "only their sums are told"),
            lost("signed_data"),
            approximated("total_cost", "meterReportList", "meter 3, without VAT"),
            lost("total_fixed_cost"),
            renamed("total_energy", "meterReportList", "meter 2, in Wh"),
            lost("total_energy_cost"),
            approximated("total_time", "meterReportList", "meter 1, in minutes"),
            lost("total_time_cost"),
            approximated("total_parking_time", "meterReportList", "meter 5 is the time without it"),
            lost("total_parking_cost"),
            lost("total_reservation_cost"),
            lost("remark", "stands in the trace"),
            lost("invoice_reference_id"),
            lost("credit", "eMIP has none: a credit lies on the shelf, to be settled by hand"),
            lost("credit_reference_id"),
            lost("home_charging_compensation"),
            lost("last_updated"),
        ),
    ),
    Table(
        "Events and actions",
        _UP,
        (
            approximated(
                "sessionEvent", "session.status", "start and end are told as the session changes, others are lost"
            ),
            approximated("sessionAction", "STOP_SESSION", "natures 0 and 1; suspending and restarting is not offered"),
        ),
    ),
    Table(
        "Events and actions",
        _DOWN,
        (
            approximated("session.status", "sessionEvent", "ACTIVE is 3, COMPLETED and INVALID are 1"),
            approximated("STOP_SESSION", "sessionAction", "nature 1"),
            approximated("START_SESSION", "SetServiceAuthorisation", "the connector is lost"),
            lost(
                "RESERVE_NOW, CANCEL_RESERVATION, UNLOCK_CONNECTOR, charging profiles", "not supported, and answered so"
            ),
        ),
    ),
    Table(
        "Tariffs",
        _DOWN,
        (lost("tariffs", "eMIP has no tariffs"),),
    ),
)


def cost(object: str, direction: Direction, message: Wire | None = None, *, known: Collection[str] = ()) -> str:
    """Say in one line what it costs to translate an object, for its trace; of a message only what it says.

    ``known`` names what need not be invented this time.
    """
    said = None if message is None else _said(message)
    return _cost(object, direction, said, frozenset(known))


def _said(message: Wire) -> frozenset[str]:
    names, values = _fields(type(message))
    return frozenset(names).difference(compress(names, map((None, ()).__contains__, values(message))))


@cache
def _fields(kind: type[Wire]) -> tuple[tuple[str, ...], Callable[[Wire], tuple[object, ...]]]:
    """Return how the fields of a message are called, and what gets them all."""
    fields = fields_of(kind)
    return tuple(field.name for field in fields), attrgetter(*(field.attribute for field in fields))


@lru_cache(maxsize=256)
def _cost(object: str, direction: Direction, said: frozenset[str] | None, known: frozenset[str]) -> str:
    (table,) = (one for one in TABLES if (one.object, one.direction) == (object, direction))
    found: dict[Loss, list[str]] = {}
    for row in table.rows:
        told = row.target not in known if row.loss is Loss.INVENTED else said is None or row.source in said
        if told:
            found.setdefault(row.loss, []).append(row.source or row.target)
    order = (Loss.LOST, Loss.APPROXIMATED, Loss.INVENTED)
    text = "; ".join(f"{loss.value} {', '.join(found[loss])}" for loss in order if loss in found)
    return f"{direction.value}: {text}"
