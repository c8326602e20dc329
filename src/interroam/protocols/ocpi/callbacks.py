"""The response_url dance: an acknowledgment now, an outcome later, in whatever process it arrives.

Towards the target the address is ours and holds the id of the command, which is a row before it is sent; so the
outcome finds its command after a restart and in any process, and the asker's own address never leaves the node
(OCPI-113).
"""

from __future__ import annotations

from datetime import datetime

from interroam.model.charges import Outcome
from interroam.protocols.ocpi.rules.urls import join
from interroam.protocols.ocpi.translate import read_outcome, read_profile_outcome
from interroam.protocols.ocpi.wire import Finding, read
from interroam.protocols.ocpi.wire.commands import CommandResult
from interroam.protocols.ocpi.wire.profiles import ChargingProfileResult

PROFILE_COMMANDS = frozenset({"SET_PROFILE", "GET_PROFILE", "CLEAR_PROFILE"})
"""Names of the commands about charging profiles: OCPI has none for them, so these are ours."""

_PATH = "/ocpi/2.2.1/sender"


def response_url(base_url: str, name: str, command_id: str, *, older: bool = False) -> str:
    """Return where the outcome of a command is to be posted: below the module it belongs to."""
    if older:
        return join(f"{base_url.rstrip('/')}/ocpi/emsp/2.1.1/commands", name, command_id)
    module = "chargingprofiles" if name in PROFILE_COMMANDS else "commands"
    return join(f"{base_url.rstrip('/')}{_PATH}/{module}", name, command_id)


def read_result(raw: bytes, command_id: str, at: datetime) -> tuple[Outcome, tuple[Finding, ...]]:
    """Read what was posted there, with what is odd about it."""
    shape, findings = read(CommandResult, raw)
    return read_outcome(shape, command_id, at), findings


def read_profile_result(raw: bytes, command_id: str, at: datetime) -> tuple[Outcome, tuple[Finding, ...]]:
    """Read what was posted there about a charging profile."""
    shape, findings = read(ChargingProfileResult, raw)
    return read_profile_outcome(shape, command_id, at), findings
