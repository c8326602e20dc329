"""The routing table of 2.2.1: which side of which module answers at which path."""

from __future__ import annotations

from collections.abc import Mapping

from . import charges, clientinfo, commands, places, profiles, tariffs, tokens
from .desk import Side

ROUTES: Mapping[tuple[str, str], Side] = {
    ("receiver", "locations"): places.RECEIVER,
    ("sender", "locations"): places.SENDER,
    ("receiver", "tariffs"): tariffs.RECEIVER,
    ("sender", "tariffs"): tariffs.SENDER,
    ("receiver", "tokens"): tokens.RECEIVER,
    ("sender", "tokens"): tokens.SENDER,
    ("receiver", "sessions"): charges.SESSIONS_RECEIVER,
    ("sender", "sessions"): charges.SESSIONS_SENDER,
    ("receiver", "cdrs"): charges.CDRS_RECEIVER,
    ("sender", "cdrs"): charges.CDRS_SENDER,
    ("receiver", "commands"): commands.RECEIVER,
    ("sender", "commands"): commands.SENDER,
    ("receiver", "chargingprofiles"): profiles.RECEIVER,
    ("sender", "chargingprofiles"): profiles.SENDER,
    ("receiver", "hubclientinfo"): clientinfo.RECEIVER,
    ("sender", "hubclientinfo"): clientinfo.SENDER,
}
