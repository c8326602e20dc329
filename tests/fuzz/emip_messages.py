"""Good messages of every operation of eMIP, field by field, and who says them."""

from __future__ import annotations

from typing import Any

from interroam.protocols.emip.wire.operations import BY_NAME
from tests.fuzz.damage import Call
from tests.fuzz.emip_trees import Tree, envelope
from tests.protocols.emip.charging import CARD, EVSE, POOL

OPEN = "open-charge"
"""Stands for the id of a charge that is under way; the world knows it when it speaks."""
THIS = "this-call"
"""Stands for a transactionId that nobody has used."""
SENDERS = {
    "cpo": {"partnerId": "FR*P-C01", "operatorId": "FR*C01"},
    "emsp": {"partnerId": "FR*P-E01", "operatorId": "FR*E01"},
    "to cpo": {"partnerId": "FR*107", "operatorId": "FR*E01", "targetOperatorId": "FR*C01"},
    "to emsp": {"partnerId": "FR*107", "operatorId": "FR*C01", "targetOperatorId": "FR*E01"},
}
STATION, CONNECTOR = "FR*C01*S0042", "FR*C01*X0042*1"
WHEN, LATER = "2026-03-02T07:58:10Z", "2026-03-02T09:03:40Z"

_EVSE = {"EVSEIdType": "eMI3", "EVSEId": EVSE}
_USER = {"userIdType": "RFID-UID", "userId": CARD}
_ASK = {**_EVSE, **_USER, "requestedServiceId": 1}
_LIMITS = {"meterReport": [{"meterTypeId": 2, "meterValue": "20000", "meterUnit": "Wh"}]}
_METERS = {
    "meterReport": [
        {"meterTypeId": 1, "meterValue": "65.50", "meterUnit": "min"},
        {"meterTypeId": 2, "meterValue": "18350", "meterUnit": "Wh"},
        {"meterTypeId": 3, "meterValue": "7.25", "meterUnit": "EUR"},
        {"meterTypeId": 5, "meterValue": "60", "meterUnit": "min"},
    ]
}


def _record(nature: int) -> dict[str, Any]:
    return {
        "chargeDetailRecord": {
            "CDRNature": nature,
            "serviceSessionId": OPEN,
            "execPartnerSessionId": "C01-S-1",
            "execPartnerOperatorIdType": "eMI3",
            "execPartnerOperatorId": "FR*C01",
            "requestedServiceId": 1,
            **_EVSE,
            **_USER,
            "startTime": WHEN,
            "endTime": LATER,
            "meterReportList": _METERS,
        }
    }


def _availability(level: str, name: str) -> dict[str, Any]:
    return {
        f"{level}IdType": "eMI3",
        f"{level}Id": name,
        "statusEventDate": WHEN,
        "availabilityStatus": 2,
        "availabilityStatusUntil": "2036-03-02T07:58:10Z",
        "availabilityStatusComment": "open",
    }


def _static(level: str, name: str, parent: str, *attributes: tuple[int, str], action: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = {f"{level}IdType": "eMI3", f"{level}Id": name, "actionType": action}
    found |= {"parentIdType": "eMI3", "parentId": parent} if parent else {}
    rows = [{"attributeId": number, "attributeValue": value} for number, value in attributes]
    return {**found, "actionDateTime": WHEN, "attributeList": {"attribute": rows}}


_STARTED = {**_ASK, "authorisationValue": 1, "intermediateCDRRequested": 1, "meterLimitList": _LIMITS, "parameter": "x"}
_EVENT = {
    "sessionEventNature": 3,
    "sessionEventId": "e-1",
    "sessionEventDateTime": WHEN,
    "sessionEventParameter": "x",
    "relatedSessionActionId": "a-1",
}
_ACTION = {
    "sessionActionNature": 2,
    "sessionActionId": "a-1",
    "sessionActionDateTime": WHEN,
    "sessionActionParameter": "x",
    "relatedSessionEventId": "e-1",
}
_ENTRY = {"actionType": 1, "userIdType": "RFID-UID", "userId": CARD, "requestedServiceId": 1, "authorisationValue": 1}
_UNTIL = {"userContractIdAlias": "A1", "expiryDate": "2036-01-01T00:00:00Z"}
_LISTED = {"authenticationDataList": {"authenticationData": [_ENTRY, {**_ENTRY, "userId": "0A0B0C0D", **_UNTIL}]}}
_POWER = {"attributeId": 3044, "attributeCondition": [{"conditionOperator": ">=", "attributeValue": "3.7"}]}
_SEARCH = {
    "latitude": "45.76",
    "longitude": "4.83",
    "radius": 50,
    "searchAlgo": 1,
    "maxCount": 200,
    "language": "FR",
    "andCombinedCriteria": [_POWER],
}
_SINCE = {"lastRequestDate": "2026-01-01T00:00:00Z", "maxCount": 10}
_STATUSES = {
    "availabilityStatusEventDate": WHEN,
    "availabilityStatus": 2,
    "busyStatusEventDate": WHEN,
    "busyStatus": 2,
    "busyStatusUntil": "2036-03-02T07:58:10Z",
}
_DESCRIBED = {
    **_EVSE,
    "chargingPoolIdType": "eMI3",
    "chargingPoolId": POOL,
    "chargingPoolName": "Depot",
    "chargingPoolAddress": {"StreetNumber": "1", "StreetName": "rue du Pont", "City": "Lyon", "Country": "FRA"},
    "entrancelatitude": "45.76",
    "entrancelongitude": "4.83",
    "connectorType": [1, 2],
    "power": "22.5",
    "isOpen24_7": 1,
    "openTimesListList": [{"WeekDay": 1, "StartTime": "08:00", "EndTime": "20:00"}],
    "availabilityStatus": 2,
    "busyStatus": 1,
}
_PLACE = ((1006, "Depot"), (1041, "FRA"), (1043, "Lyon"), (1062, "45.76"), (1063, "4.83"), (1101, "1"))

TO_IOP: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "HeartBeat": [("cpo", {}), ("emsp", {})],
    "SetEVSEAvailabilityStatus": [("cpo", _availability("EVSE", EVSE))],
    "SetEVSEBusyStatus": [("cpo", {**_EVSE, "statusEventDate": WHEN, "busyStatus": 2, "busyStatusComment": "x"})],
    "SetChargingPoolAvailabilityStatus": [("cpo", _availability("ChargingPool", POOL))],
    "SetChargingStationAvailabilityStatus": [("cpo", _availability("ChargingStation", STATION))],
    "SetChargingConnectorAvailabilityStatus": [("cpo", _availability("ChargingConnector", CONNECTOR))],
    "SetEVSESyntheticStatus": [("cpo", {**_EVSE, **_STATUSES})],
    "SetChargingPoolStaticData": [
        ("cpo", _static("ChargingPool", POOL, "", *_PLACE)),
        ("cpo", _static("ChargingPool", POOL, "", (1043, "Paris"), (1006, ""), action=2)),
    ],
    "SetChargingStationStaticData": [("cpo", _static("ChargingStation", STATION, POOL, (2041, "45.7"), (2042, "4.8")))],
    "SetEVSEStaticData": [
        ("cpo", _static("EVSE", EVSE, STATION, (3044, "22"), (3046, "2"), (3041, "1"), (3042, "2036-01-01T00:00:00Z"))),
        ("cpo", _static("EVSE", EVSE, "", (3044, "50"), action=2)),
        ("cpo", _static("EVSE", "FR*C01*E0043", POOL, action=3)),
    ],
    "SetChargingConnectorStaticData": [("cpo", _static("ChargingConnector", CONNECTOR, EVSE, (4021, "2")))],
    "GetServiceAuthorisation": [("cpo", {**_ASK, "partnerServiceSessionId": "C01-S-1", "bookingId": "b-1"})],
    "SetServiceAuthorisation": [("emsp", {**_STARTED, "partnerServiceSessionId": "E01-S-1", "bookingId": "b-1"})],
    "SetAuthenticationData": [("emsp", _LISTED)],
    "GetAuthenticationData": [("cpo", {**_SINCE, "requestedServiceId": 1})],
    "SetChargeDetailRecord": [("cpo", _record(2)), ("cpo", _record(1))],
    "GetChargeDetailRecord": [
        ("emsp", {"serviceSessionId": OPEN, "CDRNature": 2}),
        ("emsp", {"salePartnerSessionId": "E01-ses-77"}),
    ],
    "GetChargeDetailRecordList": [("emsp", {**_SINCE, "endDate": "2036-01-01T00:00:00Z", "CDRNature": 1})],
    "SetSessionEventReport": [
        ("cpo", {"serviceSessionId": OPEN, "execPartnerSessionId": "C01-S-1", "sessionEvent": _EVENT})
    ],
    "SetSessionActionRequest": [
        ("emsp", {"serviceSessionId": OPEN, "salePartnerSessionId": "E01-ses-77", "sessionAction": _ACTION})
    ],
    "SearchEVSE": [("emsp", _SEARCH)],
    "GetEVSEStaticDataChanges": [("emsp", _SINCE), ("emsp", {})],
    "GetEVSEDynamicDataChanges": [("emsp", _SINCE)],
    "ActivateEVSEStaticDataChangesFlow": [("emsp", {"startDate": "2026-01-01T00:00:00Z"})],
    "DeActivateEVSEStaticDataChangesFlow": [("emsp", {})],
    "ActivateEVSEDynamicDataChangesFlow": [("emsp", {"startDate": "2026-01-01T00:00:00Z"})],
    "DeActivateEVSEDynamicDataChangesFlow": [("emsp", {})],
}
_CHANGED = {"actionType": 1, "changeDateTime": WHEN, "EVSEDescrip": _DESCRIBED}
FROM_IOP: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "HeartBeat": [("to cpo", {}), ("to emsp", {})],
    "GetServiceAuthorisation": [
        ("to emsp", {**_ASK, "serviceSessionId": OPEN, "bookingId": "b-1"}),
        ("to emsp", {**_ASK, "requestedServiceId": 0}),
    ],
    "SetServiceAuthorisation": [("to cpo", {**_STARTED, "serviceSessionId": OPEN, "bookingId": "b-1"})],
    "SetChargeDetailRecord": [("to emsp", _record(2)), ("to emsp", _record(1))],
    "SetSessionEventReport": [
        ("to emsp", {"serviceSessionId": OPEN, "salePartnerSessionId": "E01-S-1", "sessionEvent": _EVENT})
    ],
    "SetSessionActionRequest": [
        ("to cpo", {"serviceSessionId": OPEN, "execPartnerSessionId": "C01-S-1", "sessionAction": _ACTION})
    ],
    "SetEVSEStaticDataChanges": [("to emsp", {"EVSEStaticDataChangeList": {"EVSEStaticDataChange": [_CHANGED]}})],
    "SetEVSEDynamicDataChanges": [
        ("to emsp", {"EVSEDynamicDataChangeList": {"EVSEDynamicDataChange": [{**_EVSE, **_STATUSES}]}})
    ],
}


def tree(direction: str, name: str, who: str, fields: dict[str, Any]) -> Tree:
    """The whole message of one row."""
    operation = BY_NAME[f"eMIP_{direction}_{name}"]
    sender = SENDERS[who]
    header = {"transactionId": THIS, "partnerIdType": "eMI3", "partnerId": sender["partnerId"]}
    header |= {"operatorIdType": "eMI3", "operatorId": sender["operatorId"]}
    if "targetOperatorId" in sender:
        header |= {"targetOperatorIdType": "eMI3", "targetOperatorId": sender["targetOperatorId"]}
    return envelope(operation.request_element, operation.family.namespace, header | fields)


def call(name: str, tree: Tree, path: bytes = b"/emip") -> Call:
    """A message on its way."""
    headers = ((b"content-type", b"application/soap+xml; charset=utf-8"),)
    return Call(name, "POST", path, b"", headers, str(tree).encode())


def calls(direction: str, table: dict[str, list[tuple[str, dict[str, Any]]]]) -> list[tuple[Call, Tree, str]]:
    """Every row as a call, its tree, and whose it is."""
    found = []
    for name, rows in table.items():
        for number, (who, fields) in enumerate(rows):
            made = tree(direction, name, who, fields)
            found.append((call(f"{direction} {name} {number} {who}", made), made, who))
    return found


ANSWERS: dict[str, dict[str, Any]] = {
    "GetServiceAuthorisation": {
        "authorisationValue": 1,
        "partnerServiceSessionId": "E01-ses-77",
        "intermediateCDRRequested": 1,
        "userContractIdAlias": "A1",
        "meterLimitList": _LIMITS,
        "parameter": "x",
        "requestStatus": 1,
    },
    "SetServiceAuthorisation": {"partnerServiceSessionId": "C01-S-9", "requestStatus": 1},
    "SetSessionEventReport": {"requestStatus": 1, "serviceSessionId": OPEN, "sessionActionId": "e-1"},
    "SetSessionActionRequest": {"requestStatus": 1},
    "SetChargeDetailRecord": {"requestStatus": 1, "partnerServiceSessionId": "E01-ses-77"},
}
"""What a partner answers when the platform passes a question on."""


def answer(name: str) -> Tree:
    """A good answer to what a platform passes on."""
    operation = BY_NAME[f"eMIP_FromIOP_{name}"]
    return envelope(operation.response_element, operation.family.namespace, {"transactionId": THIS, **ANSWERS[name]})
