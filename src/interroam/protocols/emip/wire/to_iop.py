"""What partners ask of the platform, and its answers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from msgspec import field

from .types import (
    EMI3,
    Attribute,
    AuthenticationData,
    AuthenticationDataError,
    Changes,
    ChargeDetailRecord,
    Criteria,
    EvseDescription,
    EvseDynamicDataChange,
    EvseStaticDataChange,
    Filled,
    Flow,
    MeterReport,
    Response,
    SessionAction,
    SessionEvent,
    ToIop,
)


class HeartBeat(ToIop, frozen=True, kw_only=True):
    """A partner shows that it is alive."""


class HeartBeatResponse(Response, frozen=True, kw_only=True):
    """The platform says how often, and what time it is."""

    HEADER = "after"

    heart_beat_period: int  # seconds
    current_time: datetime


class SetEVSEAvailabilityStatus(ToIop, frozen=True, kw_only=True):
    """A CPO says whether an EVSE is in service."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    status_event_date: datetime
    availability_status: int
    availability_status_until: datetime | None = None
    availability_status_comment: str | None = None


class SetEVSEBusyStatus(ToIop, frozen=True, kw_only=True):
    """A CPO says whether an EVSE is free, busy or reserved."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    status_event_date: datetime
    busy_status: int
    busy_status_until: datetime | None = None
    busy_status_comment: str | None = None


class SetChargingPoolAvailabilityStatus(ToIop, frozen=True, kw_only=True):
    """A CPO says whether a pool is in service."""

    charging_pool_id_type: str = field(name="ChargingPoolIdType", default=EMI3)
    charging_pool_id: Filled = field(name="ChargingPoolId")
    status_event_date: datetime
    availability_status: int
    availability_status_until: datetime | None = None
    availability_status_comment: str | None = None


class SetChargingStationAvailabilityStatus(ToIop, frozen=True, kw_only=True):
    """A CPO says whether a station is in service."""

    charging_station_id_type: str = field(name="ChargingStationIdType", default=EMI3)
    charging_station_id: Filled = field(name="ChargingStationId")
    status_event_date: datetime
    availability_status: int
    availability_status_until: datetime | None = None
    availability_status_comment: str | None = None


class SetChargingConnectorAvailabilityStatus(ToIop, frozen=True, kw_only=True):
    """A CPO says whether a connector is in service."""

    charging_connector_id_type: str = field(name="ChargingConnectorIdType", default=EMI3)
    charging_connector_id: Filled = field(name="ChargingConnectorId")
    status_event_date: datetime
    availability_status: int
    availability_status_until: datetime | None = None
    availability_status_comment: str | None = None


class SetEVSESyntheticStatus(ToIop, frozen=True, kw_only=True):
    """A CPO says both statuses of an EVSE, or one of them, in one message."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    availability_status_event_date: datetime | None = None
    availability_status: int | None = None
    availability_status_until: datetime | None = None
    availability_status_comment: str | None = None
    busy_status_event_date: datetime | None = None
    busy_status: int | None = None
    busy_status_until: datetime | None = None
    busy_status_comment: str | None = None


class SetChargingPoolStaticData(ToIop, frozen=True, kw_only=True):
    """A CPO describes a pool, or takes it away."""

    charging_pool_id_type: str = field(name="ChargingPoolIdType", default=EMI3)
    charging_pool_id: Filled = field(name="ChargingPoolId")
    action_type: int
    parent_id_type: str | None = None
    parent_id: str | None = None
    action_date_time: datetime | None = None
    attribute_list: tuple[Attribute, ...] | None = None


class SetChargingStationStaticData(ToIop, frozen=True, kw_only=True):
    """A CPO describes a station, or takes it away."""

    charging_station_id_type: str = field(name="ChargingStationIdType", default=EMI3)
    charging_station_id: Filled = field(name="ChargingStationId")
    action_type: int
    parent_id_type: str | None = None
    parent_id: str | None = None
    action_date_time: datetime | None = None
    attribute_list: tuple[Attribute, ...] | None = None


class SetEVSEStaticData(ToIop, frozen=True, kw_only=True):
    """A CPO describes an EVSE, or takes it away."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    action_type: int
    parent_id_type: str | None = None
    parent_id: str | None = None
    action_date_time: datetime | None = None
    attribute_list: tuple[Attribute, ...] | None = None


class SetChargingConnectorStaticData(ToIop, frozen=True, kw_only=True):
    """A CPO describes a connector, or takes it away."""

    charging_connector_id_type: str = field(name="ChargingConnectorIdType", default=EMI3)
    charging_connector_id: Filled = field(name="ChargingConnectorId")
    action_type: int
    parent_id_type: str | None = None
    parent_id: str | None = None
    action_date_time: datetime | None = None
    attribute_list: tuple[Attribute, ...] | None = None


class GetServiceAuthorisation(ToIop, frozen=True, kw_only=True):
    """A CPO asks whether a user may charge."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    user_id_type: Filled
    user_id: Filled
    requested_service_id: Filled
    partner_service_session_id: str | None = None
    booking_id: str | None = None


class GetServiceAuthorisationResponse(Response, frozen=True, kw_only=True):
    """Whether the user may, on whose behalf, and how far."""

    sale_partner_operator_id_type: str | None = None
    sale_partner_operator_id: str | None = None
    authorisation_value: int
    service_session_id: str
    intermediate_cdr_requested: bool = field(name="intermediateCDRRequested")
    user_contract_id_alias: str | None = None
    meter_limit_list: tuple[MeterReport, ...] | None = None
    parameter: str | None = None


class SetServiceAuthorisation(ToIop, frozen=True, kw_only=True):
    """An eMSP lets a user charge."""

    SYNONYMS: ClassVar = {"serviceSessionId": "partnerServiceSessionId"}

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    user_id_type: Filled
    user_id: Filled
    requested_service_id: Filled
    partner_service_session_id: str | None = None
    authorisation_value: int
    intermediate_cdr_requested: bool = field(name="intermediateCDRRequested")
    user_contract_id_alias: str | None = None
    meter_limit_list: tuple[MeterReport, ...] | None = None
    parameter: str | None = None
    booking_id: str | None = None
    sale_partner_booking_id: str | None = None


class SetServiceAuthorisationResponse(Response, frozen=True, kw_only=True):
    """Whether the CPO does it, and which CPO it is."""

    HEADER = "before"

    service_session_id: str
    exec_partner_operator_id_type: str | None = None
    exec_partner_operator_id: str | None = None


class SetAuthenticationData(ToIop, frozen=True, kw_only=True):
    """An eMSP says who its users are."""

    authentication_data_list: tuple[AuthenticationData, ...]


class SetAuthenticationDataResponse(Response, frozen=True, kw_only=True):
    """What became of an upload, and what is to be said of its entries."""

    HEADER = "before"

    authentication_data_error_list: tuple[AuthenticationDataError, ...] | None = None


class GetAuthenticationData(ToIop, frozen=True, kw_only=True):
    """A CPO asks whom it may serve."""

    last_request_date: datetime | None = None
    requested_service_id: str | None = None
    max_count: int | None = None


class GetAuthenticationDataResponse(Response, frozen=True, kw_only=True):
    """The users a CPO may serve, or those that changed."""

    current_time: datetime
    authentication_data_list: tuple[AuthenticationData, ...]
    more_data: bool | None = None


class SetChargeDetailRecord(ToIop, frozen=True, kw_only=True):
    """A CPO hands in a CDR."""

    charge_detail_record: ChargeDetailRecord


class SetChargeDetailRecordResponse(Response, frozen=True, kw_only=True):
    """What became of a CDR, and whose it is."""

    sale_partner_operator_id_type: str | None = None
    sale_partner_operator_id: str | None = None
    service_session_id: str


class GetChargeDetailRecord(ToIop, frozen=True, kw_only=True):
    """An eMSP asks for the CDR of a session."""

    service_session_id: str | None = None
    sale_partner_session_id: str | None = None
    cdr_nature: int | None = field(name="CDRNature", default=None)


class GetChargeDetailRecordResponse(Response, frozen=True, kw_only=True):
    """The CDR of a session."""

    charge_detail_record: ChargeDetailRecord | None = None


class GetChargeDetailRecordList(ToIop, frozen=True, kw_only=True):
    """An eMSP asks for its CDRs."""

    last_request_date: datetime | None = None
    end_date: datetime | None = None
    cdr_nature: int | None = field(name="CDRNature", default=None)
    max_count: int | None = None


class GetChargeDetailRecordListResponse(Response, frozen=True, kw_only=True):
    """The CDRs of an eMSP since it last asked."""

    current_time: datetime
    charge_detail_record_list: tuple[ChargeDetailRecord, ...]
    more_data: bool | None = None


class SetSessionEventReport(ToIop, frozen=True, kw_only=True):
    """A CPO says what happened to a session."""

    service_session_id: Filled
    exec_partner_session_id: str | None = None
    session_event: SessionEvent


class SetSessionEventReportResponse(Response, frozen=True, kw_only=True):
    """What became of an event; both ids are the event's (one peer reads it under the other name)."""

    service_session_id: str
    session_event_id: str | None = None
    session_action_id: str


class SetSessionActionRequest(ToIop, frozen=True, kw_only=True):
    """An eMSP wants something done with a session."""

    service_session_id: Filled
    sale_partner_session_id: str | None = None
    session_action: SessionAction


class SetSessionActionRequestResponse(Response, frozen=True, kw_only=True):
    """What became of an action."""

    service_session_id: str
    session_action_id: str


class SearchEVSE(ToIop, frozen=True, kw_only=True):
    """An eMSP looks for EVSEs around a point."""

    latitude: Decimal
    longitude: Decimal
    radius: int  # km
    search_algo: int | None = None
    max_count: int | None = None
    language: str | None = None
    and_combined_criteria: tuple[Criteria, ...] = ()


class SearchEVSEResponse(Response, frozen=True, kw_only=True):
    """The EVSEs found."""

    HEADER = "before"

    evse_descrip: tuple[EvseDescription, ...] = field(name="EVSEDescrip", default=())


class GetEVSEStaticDataChanges(Changes, frozen=True, kw_only=True):
    """An eMSP asks how descriptions changed."""


class GetEVSEStaticDataChangesResponse(Response, frozen=True, kw_only=True):
    """How descriptions changed."""

    current_time: datetime
    evse_static_data_change_list: tuple[EvseStaticDataChange, ...] = field(name="EVSEStaticDataChangeList")
    more_data: bool | None = None


class GetEVSEDynamicDataChanges(Changes, frozen=True, kw_only=True):
    """An eMSP asks how statuses changed."""


class GetEVSEDynamicDataChangesResponse(Response, frozen=True, kw_only=True):
    """How statuses changed."""

    current_time: datetime
    evse_dynamic_data_change_list: tuple[EvseDynamicDataChange, ...] = field(name="EVSEDynamicDataChangeList")
    more_data: bool | None = None


class ActivateEVSEStaticDataChangesFlow(Flow, frozen=True, kw_only=True):
    """An eMSP wants to be told how descriptions change."""


class DeActivateEVSEStaticDataChangesFlow(ToIop, frozen=True, kw_only=True):
    """An eMSP has heard enough of descriptions."""


class ActivateEVSEDynamicDataChangesFlow(Flow, frozen=True, kw_only=True):
    """An eMSP wants to be told how statuses change."""


class DeActivateEVSEDynamicDataChangesFlow(ToIop, frozen=True, kw_only=True):
    """An eMSP has heard enough of statuses."""


# Answers that are their header alone.
SetEVSEAvailabilityStatusResponse = Response
SetEVSEBusyStatusResponse = Response
SetChargingPoolAvailabilityStatusResponse = Response
SetChargingStationAvailabilityStatusResponse = Response
SetChargingConnectorAvailabilityStatusResponse = Response
SetEVSESyntheticStatusResponse = Response
SetChargingPoolStaticDataResponse = Response
SetChargingStationStaticDataResponse = Response
SetEVSEStaticDataResponse = Response
SetChargingConnectorStaticDataResponse = Response
ActivateEVSEStaticDataChangesFlowResponse = Response
DeActivateEVSEStaticDataChangesFlowResponse = Response
ActivateEVSEDynamicDataChangesFlowResponse = Response
DeActivateEVSEDynamicDataChangesFlowResponse = Response
