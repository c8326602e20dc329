"""What the messages of eMIP are made of.

The structs are the table: fields stand in wire order, and attribute names become wire names. What may be None is 0..1,
a tuple that may be empty 0..*, everything else is there exactly once. A default that is neither saves writers a word
and does not make its field optional. ``str`` holds text that may be empty, ``Filled`` text that may not.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

Filled = Annotated[str, Meta(min_length=1)]
Digits = Annotated[str, Meta(pattern=r"^[+-]?(\d+(\.\d*)?|\.\d+)$")]  # kept digit for digit (EMIP-95)

EMI3 = "eMI3"


class Wire(Struct, frozen=True, kw_only=True, rename="camel"):
    """Anything on the wire."""

    SYNONYMS: ClassVar[dict[str, str]] = {}  # wire names read for another, when that one is absent


class ToIop(Wire, frozen=True, kw_only=True):
    """The header of what a partner asks of the platform."""

    transaction_id: str | None = None
    partner_id_type: str = EMI3
    partner_id: Filled
    operator_id_type: str = EMI3
    operator_id: Filled


class FromIop(ToIop, frozen=True, kw_only=True):
    """The header of what the platform asks of a partner."""

    transaction_id: Filled
    target_operator_id_type: str | None = None  # one peer's CDRs come without
    target_operator_id: str | None = None


class Response(Wire, frozen=True, kw_only=True):
    """The header of every answer, written around what the answer says, or before it, or after it."""

    HEADER: ClassVar[Literal["around", "before", "after"]] = "around"

    transaction_id: str
    request_status: int


class Changes(ToIop, frozen=True, kw_only=True):
    """A question for what changed."""

    last_request_date: datetime | None = None
    max_count: int | None = None


class Flow(ToIop, frozen=True, kw_only=True):
    """A wish to be told what changes from now on, or since then."""

    start_date: datetime | None = None


class MeterReport(Wire, frozen=True, kw_only=True):
    """What a meter shows, or where it must stop."""

    meter_type_id: int
    meter_value: Digits
    meter_unit: Filled


class ChargeDetailRecord(Wire, frozen=True, kw_only=True):
    """A charge detail record, final or intermediate."""

    cdr_nature: int = field(name="CDRNature")
    service_session_id: Filled
    exec_partner_session_id: str | None = None
    exec_partner_operator_id_type: str | None = None
    exec_partner_operator_id: str | None = None
    sale_partner_session_id: str | None = None
    sale_partner_operator_id_type: str | None = None
    sale_partner_operator_id: str | None = None
    requested_service_id: Filled
    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    user_contract_id_alias: str | None = None
    user_id_type: Filled
    user_id: Filled
    partner_product_id: str | None = None
    start_time: datetime
    end_time: datetime
    meter_report_list: tuple[MeterReport, ...]


class SessionEvent(Wire, frozen=True, kw_only=True):
    """Something happened to a session."""

    SYNONYMS: ClassVar = {"relatedSessionEventId": "relatedSessionActionId"}

    session_event_nature: int
    session_event_id: str | None = None
    session_event_date_time: datetime
    session_event_parameter: str | None = None
    related_session_action_id: str | None = None


class IdentifiedEvent(SessionEvent, frozen=True, kw_only=True):
    """An event as the platform tells it: it always has an id."""

    session_event_id: Filled


class SessionAction(Wire, frozen=True, kw_only=True):
    """Something that is to be done with a session."""

    session_action_nature: int
    session_action_id: str | None = None
    session_action_date_time: datetime
    session_action_parameter: str | None = None
    related_session_event_id: str | None = None


class IdentifiedAction(SessionAction, frozen=True, kw_only=True):
    """An action as the platform asks for it: it always has an id."""

    session_action_id: Filled


class AuthenticationData(Wire, frozen=True, kw_only=True):
    """One entry of a white list, or its removal."""

    action_type: int
    user_id_type: Filled
    user_id: Filled
    user_contract_id_alias: str | None = None
    requested_service_id: tuple[str, ...] = ()
    authorisation_value: int | None = None
    expiry_date: datetime | None = None
    sale_partner_operator_id_type: str | None = None  # who the user's eMSP is: told to CPOs
    sale_partner_operator_id: str | None = None


class AuthenticationDataError(Wire, frozen=True, kw_only=True):
    """What is to be said of one entry of an upload."""

    user_id_type: str
    user_id: str
    request_status: int
    comment: str | None = None


class Attribute(Wire, frozen=True, kw_only=True):
    """One attribute of a pool, station, EVSE or connector; an empty value clears it."""

    attribute_id: int
    attribute_value: str


class AttributeCondition(Wire, frozen=True, kw_only=True):
    """A condition that an attribute may meet."""

    condition_operator: Filled
    attribute_value: str


class Criteria(Wire, frozen=True, kw_only=True):
    """What must hold of one attribute: one of the conditions."""

    attribute_id: int
    attribute_condition: tuple[AttributeCondition, ...]


class Address(Wire, frozen=True, kw_only=True, rename="pascal"):
    """Where a pool is."""

    street_number: str | None = None
    street_name: str | None = None
    post_code: str | None = None
    city: str | None = None
    province: str | None = None
    country: str | None = None


class OpenTimes(Wire, frozen=True, kw_only=True, rename="pascal"):
    """When a pool is open on one day of the week."""

    week_day: int
    start_time: str
    end_time: str


class EvseDescription(Wire, frozen=True, kw_only=True):
    """All that is known of an EVSE, its station and its pool."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    charging_station_id_type: str | None = None
    charging_station_id: str | None = None
    charging_pool_id_type: str | None = None
    charging_pool_id: str | None = None
    charging_pool_brand_name: str | None = None
    charging_pool_name: str | None = None
    charging_pool_address: Address | None = None
    entrance_latitude: Decimal | None = field(name="entrancelatitude", default=None)
    entrance_longitude: Decimal | None = field(name="entrancelongitude", default=None)
    charging_station_latitude: Decimal | None = field(name="chargingStationlatitude", default=None)
    charging_station_longitude: Decimal | None = field(name="chargingStationlongitude", default=None)
    phone_number: str | None = None
    connector_type: tuple[int, ...] = ()
    power: Decimal | None = None  # kW
    speed: str | None = None
    authorisation_information: str | None = None
    payment_information: str | None = None
    authorisation_mode: int | None = None
    payment_mode: int | None = None
    accessibility: int | None = None
    is_open_24_7: bool | None = field(name="isOpen24_7", default=None)
    open_times_list_list: tuple[OpenTimes, ...] = ()
    bookable: bool | None = None
    availability_status: int | None = None
    availability_status_until: datetime | None = None
    busy_status: int | None = None
    busy_status_until: datetime | None = None
    useability_status: int | None = None
    useability_status_until: datetime | None = None


class EvseStaticDataChange(Wire, frozen=True, kw_only=True):
    """How the description of an EVSE changed."""

    action_type: int
    change_date_time: datetime
    evse_descrip: EvseDescription = field(name="EVSEDescrip")


class EvseDynamicDataChange(Wire, frozen=True, kw_only=True):
    """How the statuses of an EVSE stand now."""

    evse_id_type: str = field(name="EVSEIdType", default=EMI3)
    evse_id: Filled = field(name="EVSEId")
    availability_status_event_date: datetime | None = None
    availability_status: int | None = None
    availability_status_until: datetime | None = None
    busy_status_event_date: datetime | None = None
    busy_status: int | None = None
    busy_status_until: datetime | None = None
