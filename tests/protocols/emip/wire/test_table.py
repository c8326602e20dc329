"""The table of operations against what the sheet says of them, spelled out once more."""

import pytest

from interroam.model.ids import Role
from interroam.protocols.emip.wire.fields import fields_of
from interroam.protocols.emip.wire.operations import BY_NAME, OPERATIONS, Need

HEADER = "transactionId? partnerIdType partnerId operatorIdType operatorId"
EVSE = "EVSEIdType EVSEId"
AVAILABILITY = "statusEventDate availabilityStatus availabilityStatusUntil? availabilityStatusComment?"
SYNTHETIC = (
    f"{EVSE} availabilityStatusEventDate? availabilityStatus? availabilityStatusUntil? availabilityStatusComment? "
    "busyStatusEventDate? busyStatus? busyStatusUntil? busyStatusComment?"
)
STATIC = "actionType parentIdType? parentId? actionDateTime? attributeList?"
ASKED = f"{EVSE} userIdType userId requestedServiceId"
LIMITS = "userContractIdAlias? meterLimitList? parameter?"
SINCE = "lastRequestDate? maxCount?"

# Requests without their header; answers with theirs. A question mark: it may be absent. A star: there may be several.
PLAIN = "transactionId requestStatus"
TO_IOP = {
    "HeartBeat": ("Platform", "", "heartBeatPeriod currentTime transactionId requestStatus"),
    "SetEVSEAvailabilityStatus": ("EVCIDynamic", f"{EVSE} {AVAILABILITY}", PLAIN),
    "SetEVSEBusyStatus": (
        "EVCIDynamic",
        f"{EVSE} statusEventDate busyStatus busyStatusUntil? busyStatusComment?",
        PLAIN,
    ),
    "SetChargingPoolAvailabilityStatus": ("EVCIDynamic", f"ChargingPoolIdType ChargingPoolId {AVAILABILITY}", PLAIN),
    "SetChargingStationAvailabilityStatus": (
        "EVCIDynamic",
        f"ChargingStationIdType ChargingStationId {AVAILABILITY}",
        PLAIN,
    ),
    "SetChargingConnectorAvailabilityStatus": (
        "EVCIDynamic",
        f"ChargingConnectorIdType ChargingConnectorId {AVAILABILITY}",
        PLAIN,
    ),
    "SetEVSESyntheticStatus": ("EVCIDynamic", SYNTHETIC, PLAIN),
    "SetChargingPoolStaticData": ("EVCIStatic", f"ChargingPoolIdType ChargingPoolId {STATIC}", PLAIN),
    "SetChargingStationStaticData": ("EVCIStatic", f"ChargingStationIdType ChargingStationId {STATIC}", PLAIN),
    "SetEVSEStaticData": ("EVCIStatic", f"{EVSE} {STATIC}", PLAIN),
    "SetChargingConnectorStaticData": ("EVCIStatic", f"ChargingConnectorIdType ChargingConnectorId {STATIC}", PLAIN),
    "GetServiceAuthorisation": (
        "Authorisation",
        f"{ASKED} partnerServiceSessionId? bookingId?",
        (
            "transactionId salePartnerOperatorIdType? salePartnerOperatorId? authorisationValue serviceSessionId "
            f"intermediateCDRRequested {LIMITS} requestStatus"
        ),
    ),
    "SetServiceAuthorisation": (
        "Authorisation",
        (
            f"{ASKED} partnerServiceSessionId? authorisationValue intermediateCDRRequested {LIMITS} bookingId? "
            "salePartnerBookingId?"
        ),
        f"{PLAIN} serviceSessionId execPartnerOperatorIdType? execPartnerOperatorId?",
    ),
    "SetAuthenticationData": (
        "AuthenticationData",
        "authenticationDataList",
        f"{PLAIN} authenticationDataErrorList?",
    ),
    "GetAuthenticationData": (
        "AuthenticationData",
        "lastRequestDate? requestedServiceId? maxCount?",
        "transactionId currentTime authenticationDataList moreData? requestStatus",
    ),
    "SetChargeDetailRecord": (
        "Authorisation",
        "chargeDetailRecord",
        "transactionId salePartnerOperatorIdType? salePartnerOperatorId? serviceSessionId requestStatus",
    ),
    "GetChargeDetailRecord": (
        "Authorisation",
        "serviceSessionId? salePartnerSessionId? CDRNature?",
        "transactionId chargeDetailRecord? requestStatus",
    ),
    "GetChargeDetailRecordList": (
        "Authorisation",
        "lastRequestDate? endDate? CDRNature? maxCount?",
        "transactionId currentTime chargeDetailRecordList moreData? requestStatus",
    ),
    "SetSessionEventReport": (
        "Authorisation",
        "serviceSessionId execPartnerSessionId? sessionEvent",
        "transactionId serviceSessionId sessionEventId? sessionActionId requestStatus",
    ),
    "SetSessionActionRequest": (
        "Authorisation",
        "serviceSessionId salePartnerSessionId? sessionAction",
        "transactionId serviceSessionId sessionActionId requestStatus",
    ),
    "SearchEVSE": (
        "ChargeSpotFinder",
        "latitude longitude radius searchAlgo? maxCount? language? andCombinedCriteria*",
        f"{PLAIN} EVSEDescrip*",
    ),
    "GetEVSEStaticDataChanges": (
        "EVCIDataDownload",
        SINCE,
        "transactionId currentTime EVSEStaticDataChangeList moreData? requestStatus",
    ),
    "GetEVSEDynamicDataChanges": (
        "EVCIDataDownload",
        SINCE,
        "transactionId currentTime EVSEDynamicDataChangeList moreData? requestStatus",
    ),
    "ActivateEVSEStaticDataChangesFlow": ("EVCIDataDownload", "startDate?", PLAIN),
    "DeActivateEVSEStaticDataChangesFlow": ("EVCIDataDownload", "", PLAIN),
    "ActivateEVSEDynamicDataChangesFlow": ("EVCIDataDownload", "startDate?", PLAIN),
    "DeActivateEVSEDynamicDataChangesFlow": ("EVCIDataDownload", "", PLAIN),
}
FROM_IOP = {
    "HeartBeat": ("Platform", "", "heartBeatPeriod? currentTime transactionId requestStatus"),
    "GetServiceAuthorisation": (
        "Authorisation",
        f"{ASKED} serviceSessionId? bookingId?",
        f"transactionId authorisationValue partnerServiceSessionId? intermediateCDRRequested? {LIMITS} requestStatus",
    ),
    "SetServiceAuthorisation": (
        "Authorisation",
        f"{ASKED} serviceSessionId authorisationValue intermediateCDRRequested {LIMITS} bookingId?",
        "transactionId partnerServiceSessionId? requestStatus",
    ),
    "SetChargeDetailRecord": ("Authorisation", "chargeDetailRecord", f"{PLAIN} partnerServiceSessionId?"),
    "SetSessionEventReport": (
        "Authorisation",
        "serviceSessionId salePartnerSessionId? sessionEvent",
        f"{PLAIN} serviceSessionId? sessionActionId?",
    ),
    "SetSessionActionRequest": ("Authorisation", "serviceSessionId execPartnerSessionId? sessionAction", PLAIN),
    "SetEVSEStaticDataChanges": ("EVCIDataDownload", "EVSEStaticDataChangeList", PLAIN),
    "SetEVSEDynamicDataChanges": ("EVCIDataDownload", "EVSEDynamicDataChangeList", PLAIN),
}
SHEET = [
    *((f"eMIP_ToIOP_{name}", HEADER, *row) for name, row in TO_IOP.items()),
    *(
        (f"eMIP_FromIOP_{name}", f"{HEADER.replace('?', '')} targetOperatorIdType? targetOperatorId?", *row)
        for name, row in FROM_IOP.items()
    ),
]


def described(kind):
    def mark(field):
        if field.entry is not None or not field.repeated:
            return "?" if field.optional else ""
        return "*"

    return " ".join(f"{field.name}{mark(field)}" for field in fields_of(kind))


def test_there_are_thirty_five_operations():
    assert len(OPERATIONS) == 35
    assert {name for name, *_ in SHEET} == set(BY_NAME)


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(("name", "header", "family", "request_fields", "response_fields"), SHEET)
def test_every_message_has_its_fields_in_their_order(name, header, family, request_fields, response_fields):
    operation = BY_NAME[name]
    assert described(operation.request) == f"{header} {request_fields}".strip()
    assert described(operation.response) == response_fields
    assert operation.family.namespace == f"https://api-iop.gireve.com/schemas/{family}V1/"
    assert operation.action == f"https://api-iop.gireve.com/services/{name}V1/"


PARTS = {
    "ChargeDetailRecord": "CDRNature serviceSessionId execPartnerSessionId? execPartnerOperatorIdType? "
    "execPartnerOperatorId? salePartnerSessionId? salePartnerOperatorIdType? salePartnerOperatorId? requestedServiceId "
    "EVSEIdType EVSEId userContractIdAlias? userIdType userId partnerProductId? startTime endTime meterReportList",
    "MeterReport": "meterTypeId meterValue meterUnit",
    "SessionEvent": "sessionEventNature sessionEventId? sessionEventDateTime sessionEventParameter? "
    "relatedSessionActionId?",
    "IdentifiedEvent": "sessionEventNature sessionEventId sessionEventDateTime sessionEventParameter? "
    "relatedSessionActionId?",
    "SessionAction": "sessionActionNature sessionActionId? sessionActionDateTime sessionActionParameter? "
    "relatedSessionEventId?",
    "IdentifiedAction": "sessionActionNature sessionActionId sessionActionDateTime sessionActionParameter? "
    "relatedSessionEventId?",
    "AuthenticationData": "actionType userIdType userId userContractIdAlias? requestedServiceId* authorisationValue? "
    "expiryDate? salePartnerOperatorIdType? salePartnerOperatorId?",
    "AuthenticationDataError": "userIdType userId requestStatus comment?",
    "Attribute": "attributeId attributeValue",
    "Criteria": "attributeId attributeCondition*",
    "AttributeCondition": "conditionOperator attributeValue",
    "Address": "StreetNumber? StreetName? PostCode? City? Province? Country?",
    "OpenTimes": "WeekDay StartTime EndTime",
    "EvseDescription": "EVSEIdType EVSEId chargingStationIdType? chargingStationId? chargingPoolIdType? "
    "chargingPoolId? "
    "chargingPoolBrandName? chargingPoolName? chargingPoolAddress? entrancelatitude? entrancelongitude? "
    "chargingStationlatitude? chargingStationlongitude? phoneNumber? connectorType* power? speed? "
    "authorisationInformation? paymentInformation? authorisationMode? paymentMode? accessibility? isOpen24_7? "
    "openTimesListList* bookable? availabilityStatus? availabilityStatusUntil? busyStatus? busyStatusUntil? "
    "useabilityStatus? useabilityStatusUntil?",
    "EvseStaticDataChange": "actionType changeDateTime EVSEDescrip",
    "EvseDynamicDataChange": "EVSEIdType EVSEId availabilityStatusEventDate? availabilityStatus? "
    "availabilityStatusUntil? busyStatusEventDate? busyStatus? busyStatusUntil?",
}


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("name", PARTS)
def test_every_complex_type_has_its_fields_in_their_order(name):
    from interroam.protocols.emip.wire import types

    assert described(getattr(types, name)) == PARTS[name]


CPO, EMSP = {Role.CPO}, {Role.EMSP}
CALLERS = {
    "HeartBeat": CPO | EMSP,
    "GetServiceAuthorisation": CPO,
    "SetServiceAuthorisation": EMSP,
    "SetAuthenticationData": EMSP,
    "GetAuthenticationData": CPO,
    "SetChargeDetailRecord": CPO,
    "GetChargeDetailRecord": EMSP,
    "GetChargeDetailRecordList": EMSP,
    "SetSessionEventReport": CPO,
    "SetSessionActionRequest": EMSP,
    "SearchEVSE": EMSP,
}


def test_each_role_calls_what_is_its_own():
    for name, (family, *_) in TO_IOP.items():
        operation = BY_NAME[f"eMIP_ToIOP_{name}"]
        expected = CALLERS.get(name) or (EMSP if family == "EVCIDataDownload" else CPO)
        assert (operation.called_by, operation.served_by) == (expected, {Role.HUB})


def test_the_platform_calls_each_role_for_what_it_serves():
    served = {name: BY_NAME[f"eMIP_FromIOP_{name}"].served_by for name in FROM_IOP}
    assert served == {
        "HeartBeat": CPO | EMSP,
        "GetServiceAuthorisation": EMSP,
        "SetServiceAuthorisation": CPO,
        "SetChargeDetailRecord": EMSP,
        "SetSessionEventReport": EMSP,
        "SetSessionActionRequest": CPO,
        "SetEVSEStaticDataChanges": EMSP,
        "SetEVSEDynamicDataChanges": EMSP,
    }


def test_what_a_role_must_have_is_marked():
    must = {(operation.name, role) for operation in OPERATIONS for role in ("cpo", "emsp") if needed(operation, role)}
    assert {name.removeprefix("eMIP_") for name, role in must if role == "cpo"} == {
        "ToIOP_HeartBeat",
        "ToIOP_SetEVSEAvailabilityStatus",
        "ToIOP_SetEVSEBusyStatus",
        "ToIOP_GetServiceAuthorisation",
        "FromIOP_SetServiceAuthorisation",
        "ToIOP_SetChargeDetailRecord",
        "FromIOP_SetSessionActionRequest",
    }
    assert {name.removeprefix("eMIP_") for name, role in must if role == "emsp"} == {
        "ToIOP_HeartBeat",
        "FromIOP_GetServiceAuthorisation",
        "ToIOP_SetAuthenticationData",
        "FromIOP_SetChargeDetailRecord",
        "FromIOP_SetSessionEventReport",
    }


def needed(operation, role):
    return getattr(operation, role) is Need.MANDATORY


def test_statuses_descriptions_and_cdrs_are_kept_until_somebody_answers():
    kept = {operation.name for operation in OPERATIONS if operation.stored}
    uploads = {f"eMIP_ToIOP_{name}" for name, row in TO_IOP.items() if row[0] in {"EVCIDynamic", "EVCIStatic"}}
    assert kept == uploads | {"eMIP_ToIOP_SetChargeDetailRecord", "eMIP_FromIOP_SetChargeDetailRecord"}
