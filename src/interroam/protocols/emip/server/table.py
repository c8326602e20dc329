"""Which handler answers which operation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from interroam.protocols.emip.bridge.touched import Flavor

from . import authorizations, beats, changes, charges, finding, sessions, statics, statuses, tokens
from .desk import Handler

HANDLERS: Mapping[str, Handler] = {
    "eMIP_ToIOP_HeartBeat": beats.to_platform,
    "eMIP_FromIOP_HeartBeat": beats.from_platform,
    "eMIP_ToIOP_GetServiceAuthorisation": authorizations.get_service_authorisation,
    "eMIP_ToIOP_SetServiceAuthorisation": authorizations.set_service_authorisation,
    "eMIP_ToIOP_SetChargeDetailRecord": charges.set_charge_detail_record,
    "eMIP_ToIOP_GetChargeDetailRecord": charges.get_charge_detail_record,
    "eMIP_ToIOP_GetChargeDetailRecordList": charges.get_charge_detail_record_list,
    "eMIP_ToIOP_SetSessionEventReport": sessions.set_session_event_report,
    "eMIP_ToIOP_SetSessionActionRequest": sessions.set_session_action_request,
    "eMIP_ToIOP_SetEVSEAvailabilityStatus": statuses.evse_availability,
    "eMIP_ToIOP_SetEVSEBusyStatus": statuses.evse_busy,
    "eMIP_ToIOP_SetEVSESyntheticStatus": statuses.evse_synthetic,
    "eMIP_ToIOP_SetChargingPoolAvailabilityStatus": statuses.pool_availability,
    "eMIP_ToIOP_SetChargingStationAvailabilityStatus": statuses.station_availability,
    "eMIP_ToIOP_SetChargingConnectorAvailabilityStatus": statuses.connector_availability,
    "eMIP_ToIOP_SetChargingPoolStaticData": statics.pool,
    "eMIP_ToIOP_SetChargingStationStaticData": statics.station,
    "eMIP_ToIOP_SetEVSEStaticData": statics.evse,
    "eMIP_ToIOP_SetChargingConnectorStaticData": statics.connector,
    "eMIP_ToIOP_SetAuthenticationData": tokens.upload,
    "eMIP_ToIOP_GetAuthenticationData": tokens.download,
    "eMIP_ToIOP_SearchEVSE": finding.search,
    "eMIP_ToIOP_GetEVSEStaticDataChanges": changes.static_since,
    "eMIP_ToIOP_GetEVSEDynamicDataChanges": changes.dynamic_since,
    "eMIP_ToIOP_ActivateEVSEStaticDataChangesFlow": partial(changes.activate, Flavor.STATIC),
    "eMIP_ToIOP_DeActivateEVSEStaticDataChangesFlow": partial(changes.deactivate, Flavor.STATIC),
    "eMIP_ToIOP_ActivateEVSEDynamicDataChangesFlow": partial(changes.activate, Flavor.DYNAMIC),
    "eMIP_ToIOP_DeActivateEVSEDynamicDataChangesFlow": partial(changes.deactivate, Flavor.DYNAMIC),
}
"""By the operation's name on the wire; one that is not here is not offered."""
