"""Commands and their answers (sheet 4.6)."""

from __future__ import annotations

from typing import Any

import msgspec

from interroam.model.errors import Reason, Refused
from interroam.protocols.ocpi.wire import Malformed, read
from interroam.protocols.ocpi.wire import commands as newer

from . import shapes
from .context import Down, Up
from .doors import lifted, lowered
from .hows import timed
from .table import (
    Lifted,
    Loss,
    Lowered,
    Outcome,
    Rule,
    Table,
    Work,
    approximated,
    decode,
    dropped,
    invented,
    kept,
    lost,
    renamed,
)
from .tokens import TOKEN_DOWN, TOKEN_UP

REJECTED = b'{"result":"REJECTED"}'
"""What goes with a status 2001 (OCPI-117)."""
NOT_SUPPORTED = b'{"result":"NOT_SUPPORTED","timeout":0}'
"""The answer to a command that the CPO's version does not have."""


def _names(thing: Any, *around: str) -> Any:
    def how(value: Any, work: Work[Any]) -> Any:
        if not isinstance(value, str):
            return value
        return work.context.names(thing, (*(str(work.given.get(each)) for each in around), value))

    return how


def _places(whose: str) -> tuple[Rule, ...]:
    return (
        renamed("location_id", "location_id", whose, _names("location")),
        renamed("evse_uid", "evse_uid", whose, _names("evse", "location_id")),
    )


def _reference(value: Any, work: Work[Up]) -> Any:
    return (work.context.reference or value) if value is not None else None


def _reservation_up(value: Any, work: Work[Up]) -> Any:
    owner = work.context.owner
    return f"{owner}*{value}" if isinstance(value, int) else value


def _reservation_down(value: Any, work: Work[Down]) -> Any:
    if value is not None and work.context.reservation is None:
        raise Refused(Reason.FAILED, "this reservation has no number", remedy="give Down.reservation")
    return work.context.reservation


_OWNERS = "the owner's id"
_HUBS = "the hub's id, where it is not the owner's own"
_START_UP = (
    *kept("response_url"),
    Rule("token", "token", inner=TOKEN_UP),
    *_places(_OWNERS),
    renamed("authorization_id", "authorization_reference", "extension", _reference),
)
_START_DOWN = (
    *kept("response_url"),
    Rule("token", "token", inner=TOKEN_DOWN),
    *_places(_HUBS),
    renamed("authorization_reference", "authorization_id", "extension"),
)
_CONNECTOR = invented("the only one of the EVSE, where that is set so")
UP = {
    "START_SESSION": Table(
        "StartSession",
        "up",
        newer.StartSession,
        (*_START_UP, Rule("", "connector_id", lambda _, work: work.context.connector_id, (_CONNECTOR,))),
    ),
    "STOP_SESSION": Table(
        "StopSession",
        "up",
        newer.StopSession,
        (*kept("response_url"), renamed("session_id", "session_id", _OWNERS, _names("session"))),
    ),
    "RESERVE_NOW": Table(
        "ReserveNow",
        "up",
        newer.ReserveNow,
        (
            *_START_UP,
            *kept("expiry_date"),
            renamed("reservation_id", "reservation_id", "a text, unique per eMSP", _reservation_up),
        ),
    ),
    "UNLOCK_CONNECTOR": Table(
        "UnlockConnector",
        "up",
        newer.UnlockConnector,
        (
            *kept("response_url"),
            *_places(_OWNERS),
            renamed("connector_id", "connector_id", _OWNERS, _names("connector", "location_id", "evse_uid")),
        ),
    ),
}
DOWN = {
    "START_SESSION": Table(
        "StartSession",
        "down",
        shapes.StartSession,
        (*_START_DOWN, dropped("connector_id", "2.1.1 names the EVSE only")),
    ),
    "STOP_SESSION": Table(
        "StopSession",
        "down",
        shapes.StopSession,
        (*kept("response_url"), renamed("session_id", "session_id", _OWNERS, _names("session"))),
    ),
    "RESERVE_NOW": Table(
        "ReserveNow",
        "down",
        shapes.ReserveNow,
        (
            *_START_DOWN,
            timed("expiry_date", "expiry_date"),
            renamed("reservation_id", "reservation_id", "the hub's number, unique per CPO", _reservation_down),
        ),
    ),
    "UNLOCK_CONNECTOR": Table(
        "UnlockConnector",
        "down",
        shapes.UnlockConnector,
        (
            *kept("response_url"),
            *_places(_HUBS),
            renamed("connector_id", "connector_id", _HUBS, _names("connector", "location_id", "evse_uid")),
        ),
    ),
}
_SHAPES: dict[str, type[msgspec.Struct]] = {
    "START_SESSION": shapes.StartSession,
    "STOP_SESSION": shapes.StopSession,
    "RESERVE_NOW": shapes.ReserveNow,
    "UNLOCK_CONNECTOR": shapes.UnlockConnector,
}


def lift_command(name: str, raw: bytes, context: Up) -> Lifted:
    """Lift a command of an eMSP; a StartSession must name the EVSE (OCPI-117)."""
    if name not in UP:
        raise Refused(Reason.NOT_OFFERED, f"OCPI 2.1.1 has no command {name}")
    if name == "START_SESSION" and not decode(raw).get("evse_uid"):
        read(shapes.StartSession, raw)
        raise Malformed("evse_uid", "is missing")
    return lifted(UP[name], _SHAPES[name], raw, context)


def lower_command(name: str, raw: bytes, context: Down) -> Lowered:
    """Lower a command for a CPO; None when 2.1.1 has no such command: the answer is ``NOT_SUPPORTED``."""
    if name not in DOWN:
        return Lowered(None)
    return lowered(DOWN[name], raw, context)


# -- answers -----------------------------------------------------------------------------------------------------------


def _at_once(value: Any, _: Work[Up]) -> Any:
    return "REJECTED" if value == "TIMEOUT" else value


def _later_up(value: Any, _: Work[Up]) -> Any:
    return "FAILED" if value == "UNKNOWN_SESSION" else value


_SHARED = frozenset({"ACCEPTED", "REJECTED", "NOT_SUPPORTED", "TIMEOUT"})


def _later_down(value: Any, _: Work[Down]) -> Any:
    return value if value in _SHARED else "REJECTED"


_NO_TEXT = "2.1.1 has the result alone"
RESPONSE_UP = Table(
    "CommandResponse",
    "up",
    newer.CommandResponse,
    (
        Rule("result", "result", _at_once, (approximated("TIMEOUT is REJECTED"),)),
        Rule(
            "",
            "timeout",
            lambda _, work: work.context.timeout,
            (Outcome(Loss.INVENTED, "as it is configured", always=True),),
        ),
    ),
)
RESPONSE_DOWN = Table(
    "CommandResponse",
    "down",
    shapes.CommandResponse,
    (*kept("result"), Rule("timeout", "", None, (lost(_NO_TEXT, always=True),)), dropped("message", _NO_TEXT)),
)
RESULT_UP = Table(
    "CommandResult",
    "up",
    newer.CommandResult,
    (Rule("result", "result", _later_up, (approximated("UNKNOWN_SESSION is FAILED"),)),),
)
RESULT_DOWN = Table(
    "CommandResult",
    "down",
    shapes.CommandResponse,
    (
        Rule("result", "result", _later_down, (approximated("whatever 2.1.1 has no word for is REJECTED"),)),
        dropped("message", _NO_TEXT),
    ),
)


def lift_response(raw: bytes, context: Up) -> Lifted:
    """Lift a CPO's answer at once."""
    return lifted(RESPONSE_UP, shapes.CommandResponse, raw, context)


def lower_response(raw: bytes, context: Down) -> Lowered:
    """Lower the answer at once for an eMSP."""
    return lowered(RESPONSE_DOWN, raw, context)


def lift_result(raw: bytes, context: Up) -> Lifted:
    """Lift a charge point's answer, for which 2.1.1 uses CommandResponse again."""
    return lifted(RESULT_UP, shapes.CommandResponse, raw, context)


def lower_result(raw: bytes, context: Down) -> Lowered:
    """Lower a charge point's answer for an eMSP."""
    return lowered(RESULT_DOWN, raw, context)
