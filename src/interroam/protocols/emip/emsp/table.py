"""What a platform may ask of an eMSP, and who answers."""

from __future__ import annotations

from collections.abc import Mapping

from interroam.protocols.emip.emsp import authorizing, charges, places
from interroam.protocols.emip.server.desk import Handler

HANDLERS: Mapping[str, Handler] = {
    "eMIP_FromIOP_GetServiceAuthorisation": authorizing.get_service_authorisation,
    "eMIP_FromIOP_SetChargeDetailRecord": charges.set_charge_detail_record,
    "eMIP_FromIOP_SetSessionEventReport": charges.set_session_event_report,
    "eMIP_FromIOP_SetEVSEStaticDataChanges": places.set_static_data_changes,
    "eMIP_FromIOP_SetEVSEDynamicDataChanges": places.set_dynamic_data_changes,
}
