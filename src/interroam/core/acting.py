"""What is said of a charge while it runs, and waits for nothing: acts of its provider, reports of its CPO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interroam.model.charges import Outcome
from interroam.model.errors import Reason, Refused
from interroam.model.facts import Origin
from interroam.model.questions import Act, Done, Report

if TYPE_CHECKING:
    from interroam.core.hub import Hub


async def act(_hub: Hub, _origin: Origin, act: Act) -> Done:
    """Put an act to the CPO of the charge; Refused or Unavailable when it is not carried out."""
    raise Refused(Reason.NOT_OFFERED, f"nothing is done with charge {act.session_id} from here")


async def report(_hub: Hub, _origin: Origin, report: Report) -> Done:
    """Put a report to the provider of the charge; Refused or Unavailable when it does not take it."""
    raise Refused(Reason.NOT_OFFERED, f"nothing is said of charge {report.session_id} from here")


async def outcome(_hub: Hub, _command_id: str, _within: float) -> Outcome | None:
    """Wait for what became of a command."""
    return None
