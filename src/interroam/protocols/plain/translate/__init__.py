"""The shapes of this API to the model and back, in pairs. Pure.

Fields carry the same names on both sides on purpose; what is named here is what differs.
"""

from interroam.protocols.plain.translate.charges import (
    read_cdr,
    read_session,
    read_session_change,
    write_cdr,
    write_outcome,
    write_session,
)
from interroam.protocols.plain.translate.fields import (
    fields_of,
    in_utc,
    party_of,
    unknown_fields,
    utc,
)
from interroam.protocols.plain.translate.offers import (
    read_tariff,
    read_token,
    token_type,
    withdrawn_tariff,
    write_tariff,
    write_token,
)
from interroam.protocols.plain.translate.places import (
    read_evse,
    read_location,
    read_status,
    write_evse,
    write_location,
)
from interroam.protocols.plain.translate.profiles import read_active_profile, read_profile, write_active_profile
from interroam.protocols.plain.translate.questions import (
    kind_of,
    read_limits,
    read_wiring,
    write_authorize,
    write_command,
    write_key,
    write_limits,
    write_live,
    write_wiring,
)

__all__ = [
    "fields_of",
    "in_utc",
    "kind_of",
    "party_of",
    "read_active_profile",
    "read_cdr",
    "read_evse",
    "read_limits",
    "read_location",
    "read_profile",
    "read_session",
    "read_session_change",
    "read_status",
    "read_tariff",
    "read_token",
    "read_wiring",
    "token_type",
    "unknown_fields",
    "utc",
    "withdrawn_tariff",
    "write_active_profile",
    "write_authorize",
    "write_cdr",
    "write_command",
    "write_evse",
    "write_key",
    "write_limits",
    "write_live",
    "write_location",
    "write_outcome",
    "write_session",
    "write_tariff",
    "write_token",
    "write_wiring",
]
