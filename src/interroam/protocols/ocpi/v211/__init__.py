"""OCPI 2.1.1 ⇄ 2.2.1, as bytes and purely: lifted at the door, lowered at delivery, so that all else knows 2.2.1 only.

``lift_*`` takes what a 2.1.1 partner sent and an ``Up``, ``lower_*`` what it is to be sent and a ``Down``. Both return
the converted bytes with what the conversion really cost; ``statement.brief`` says that in a line. A conversion that has
to wait for something raises ``Refused``; one with nothing to send returns no bytes.
"""

from .cdrs import lift_cdr, lower_cdr
from .charges import alone, mentioned, owner_of
from .commands import (
    lift_command,
    lift_response,
    lift_result,
    lower_command,
    lower_response,
    lower_result,
)
from .context import Down, Names, Up, connector_name
from .peers import (
    MODULES,
    lift_credentials,
    lift_version_details,
    lower_credentials,
    lower_version_details,
    lower_window,
)
from .places import (
    lift_connector,
    lift_connector_patch,
    lift_evse,
    lift_evse_patch,
    lift_location,
    lift_location_patch,
    lower_connector,
    lower_connector_patch,
    lower_evse,
    lower_evse_patch,
    lower_location,
    lower_location_patch,
)
from .sessions import lift_session, lift_session_patch, lower_session, lower_session_patch, patched_session
from .statement import brief
from .table import Lifted, Loss, Lowered, Noted
from .tariffs import lift_tariff, lift_tariff_patch, lower_tariff
from .tokens import (
    lift_authorization,
    lift_authorize,
    lift_token,
    lift_token_patch,
    lower_authorization,
    lower_authorize,
    lower_token,
    lower_token_patch,
    token_type,
)

__all__ = [
    "MODULES",
    "Down",
    "Lifted",
    "Loss",
    "Lowered",
    "Names",
    "Noted",
    "Up",
    "alone",
    "brief",
    "connector_name",
    "lift_authorization",
    "lift_authorize",
    "lift_cdr",
    "lift_command",
    "lift_connector",
    "lift_connector_patch",
    "lift_credentials",
    "lift_evse",
    "lift_evse_patch",
    "lift_location",
    "lift_location_patch",
    "lift_response",
    "lift_result",
    "lift_session",
    "lift_session_patch",
    "lift_tariff",
    "lift_tariff_patch",
    "lift_token",
    "lift_token_patch",
    "lift_version_details",
    "lower_authorization",
    "lower_authorize",
    "lower_cdr",
    "lower_command",
    "lower_connector",
    "lower_connector_patch",
    "lower_credentials",
    "lower_evse",
    "lower_evse_patch",
    "lower_location",
    "lower_location_patch",
    "lower_response",
    "lower_result",
    "lower_session",
    "lower_session_patch",
    "lower_tariff",
    "lower_token",
    "lower_token_patch",
    "lower_version_details",
    "lower_window",
    "mentioned",
    "owner_of",
    "patched_session",
    "token_type",
]
