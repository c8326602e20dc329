"""Which handler answers which operation."""

from __future__ import annotations

from collections.abc import Mapping

from . import authorizations, beats, charges, sessions
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
}
"""By the operation's name on the wire; one that is not here is not offered."""
