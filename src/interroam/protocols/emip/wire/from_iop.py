"""What the platform asks of partners, and their answers."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from .types import (
    EMI3,
    ChargeDetailRecord,
    EvseDynamicDataChange,
    EvseStaticDataChange,
    Filled,
    FromIop,
    IdentifiedAction,
    IdentifiedEvent,
    MeterReport,
    Response,
)


class HeartBeat(FromIop, frozen=True, kw_only=True):
    """The platform looks whether a partner is alive."""


class HeartBeatResponse(Response, frozen=True, kw_only=True):
    """A partner is alive."""

    HEADER = "after"

    heart_beat_period: int | None = None
    current_time: datetime


class GetServiceAuthorisation(FromIop, frozen=True, kw_only=True):
    """The platform asks an eMSP whether a user may charge; with service 0, whether the user is its own."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    user_id_type: Filled
    user_id: Filled
    requested_service_id: Filled
    service_session_id: str | None = None
    booking_id: str | None = None


class GetServiceAuthorisationResponse(Response, frozen=True, kw_only=True):
    """Whether the user may; session id and flag may be missing with service 0 and where the answer is no."""

    authorisation_value: int
    partner_service_session_id: str | None = None
    intermediate_cdr_requested: bool | None = field(name="intermediateCDRRequested", default=None)
    user_contract_id_alias: str | None = None
    meter_limit_list: tuple[MeterReport, ...] | None = None
    parameter: str | None = None


class SetServiceAuthorisation(FromIop, frozen=True, kw_only=True):
    """The platform asks a CPO to let a user charge."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    user_id_type: Filled
    user_id: Filled
    requested_service_id: Filled
    service_session_id: Filled
    authorisation_value: int
    intermediate_cdr_requested: bool = field(name="intermediateCDRRequested")
    user_contract_id_alias: str | None = None
    meter_limit_list: tuple[MeterReport, ...] | None = None
    parameter: str | None = None
    booking_id: str | None = None


class SetServiceAuthorisationResponse(Response, frozen=True, kw_only=True):
    """Whether the CPO does it."""

    partner_service_session_id: str | None = None


class SetChargeDetailRecord(FromIop, frozen=True, kw_only=True):
    """The platform hands a CDR to an eMSP."""

    charge_detail_record: ChargeDetailRecord


class SetChargeDetailRecordResponse(Response, frozen=True, kw_only=True):
    """Whether the eMSP took the CDR."""

    HEADER = "before"

    partner_service_session_id: str | None = None


class SetSessionEventReport(FromIop, frozen=True, kw_only=True):
    """The platform tells an eMSP what happened to a session."""

    service_session_id: Filled
    sale_partner_session_id: str | None = None
    session_event: IdentifiedEvent


class SetSessionEventReportResponse(Response, frozen=True, kw_only=True):
    """What became of an event."""

    HEADER = "before"

    service_session_id: str | None = None
    session_action_id: str | None = None


class SetSessionActionRequest(FromIop, frozen=True, kw_only=True):
    """The platform asks a CPO to do something with a session."""

    service_session_id: Filled
    exec_partner_session_id: str | None = None
    session_action: IdentifiedAction


class SetEVSEStaticDataChanges(FromIop, frozen=True, kw_only=True):
    """The platform tells an eMSP how descriptions changed."""

    evse_static_data_change_list: tuple[EvseStaticDataChange, ...] = field(name="EVSEStaticDataChangeList")


class SetEVSEDynamicDataChanges(FromIop, frozen=True, kw_only=True):
    """The platform tells an eMSP how statuses changed."""

    evse_dynamic_data_change_list: tuple[EvseDynamicDataChange, ...] = field(name="EVSEDynamicDataChangeList")


# Answers that are their header alone.
SetSessionActionRequestResponse = Response
SetEVSEStaticDataChangesResponse = Response
SetEVSEDynamicDataChangesResponse = Response
