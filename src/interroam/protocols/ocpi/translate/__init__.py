"""OCPI 2.2.1 ⇄ our model, in pairs: ``read_*`` makes values of the model, ``write_*`` the bytes of the wire.

A stored object is kept in its *row form*: as its owner wrote it, without last_updated (the picture keeps that beside
it) and, for a location, without its EVSEs, which have rows of their own. ``write_location``, ``write_evse``,
``write_token``, ``write_session``, ``write_cdr`` and ``write_tariff`` render the row form of an object that came
without one.

What the model does not hold is lost where no row form is there, that is between protocols: texts, images, hours,
facilities and energy mix of a place; energy contract and profile of a token; signed data and partial costs of a CDR.
Invented for the wire where the model has nothing: time zone ``UTC``, ``#NA`` for a text that must be there.
"""

from .charges import (
    cdr_fact,
    read_cdr,
    read_session,
    session_change,
    session_fact,
    write_cdr,
    write_session,
)
from .commands import (
    read_acknowledged,
    read_outcome,
    read_start,
    read_stop,
    write_acknowledged,
    write_outcome,
    write_start,
    write_stop,
)
from .places import (
    connector_change,
    connector_fact,
    evse_change,
    evse_fact,
    find_connector_of,
    location_change,
    location_fact,
    read_connector,
    read_evse,
    read_location,
    write_connector,
    write_evse,
    write_location,
)
from .rows import ROOM, VERSION, is_ours, same
from .tariffs import ADDRESSING, read_target, read_tariff, tariff_fact, write_tariff
from .tokens import (
    read_authorization,
    read_authorize,
    read_token,
    token_change,
    token_fact,
    write_authorization,
    write_authorize,
    write_token,
)

__all__ = [
    "ADDRESSING",
    "ROOM",
    "VERSION",
    "cdr_fact",
    "connector_change",
    "connector_fact",
    "evse_change",
    "evse_fact",
    "find_connector_of",
    "is_ours",
    "location_change",
    "location_fact",
    "read_acknowledged",
    "read_authorization",
    "read_authorize",
    "read_cdr",
    "read_connector",
    "read_evse",
    "read_location",
    "read_outcome",
    "read_session",
    "read_start",
    "read_stop",
    "read_target",
    "read_tariff",
    "read_token",
    "same",
    "session_change",
    "session_fact",
    "tariff_fact",
    "token_change",
    "token_fact",
    "write_acknowledged",
    "write_authorization",
    "write_authorize",
    "write_cdr",
    "write_connector",
    "write_evse",
    "write_location",
    "write_outcome",
    "write_session",
    "write_start",
    "write_stop",
    "write_tariff",
    "write_token",
]
