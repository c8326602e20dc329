"""Commands: acknowledged at once; their outcome comes back at our own address and goes on to the asker's."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from interroam.model.ids import Role
from interroam.model.questions import Acknowledged, Steering
from interroam.protocols.ocpi.callbacks import read_result
from interroam.protocols.ocpi.translate import (
    read_cancel,
    read_reserve,
    read_start,
    read_stop,
    read_unlock,
    write_acknowledged,
)
from interroam.protocols.ocpi.wire import commands as wire

from .answers import of_receipt
from .call import Answer, Call, given
from .desk import Desk, read_body, side
from .tokens import note_driver, spelled

Placed = TypeVar("Placed", wire.StartSession, wire.ReserveNow)
_NOBODY = Answer(http=404, status=2000, message="there is no such command")


async def take(desk: Desk, call: Call) -> Answer:
    """Relay a command and answer with its acknowledgment."""
    name = call.tail[0]
    if name not in wire.COMMANDS:
        call.operation = "ocpi POST commands"
        return _NOBODY
    call.operation += f" {name}"
    call.keep_answer = True
    if not offered(call, name):
        return given(write_acknowledged(Acknowledged(result="NOT_SUPPORTED", message=f"{name} is not offered")))
    question = _question(desk, call, name)
    if call.viewer.role is Role.SCSP:  # may call here (sheet 2.11), and has no drivers
        message = f"no agreement lets {call.viewer} start or end charges: it sets charging profiles"
        return given(write_acknowledged(Acknowledged(result="REJECTED", message=message)))
    return given(write_acknowledged(await relayed(desk, call, question)))


async def relayed(desk: Desk, call: Call, question: Steering) -> Acknowledged:
    """Put a question that steers something, and return its acknowledgment."""
    answer = await desk.hub.command(call.origin, question)
    if answer.message:
        call.notes.append(answer.message)
    if answer.accepted and not answer.within:
        return replace(answer, within=int(desk.hub.deadlines.command))
    return answer


def offered(call: Call, name: str) -> bool:
    """Whether this partner's commands of that name are relayed."""
    own = call.caller.switches  # OCPI-112
    return own.unlocks if name == "UNLOCK_CONNECTOR" else own.reserves or name in {"START_SESSION", "STOP_SESSION"}


def _question(desk: Desk, call: Call, name: str) -> Steering:
    match name:
        case "START_SESSION":
            start = read_body(call, wire.StartSession)
            return read_start(_placed(desk, call, start), call.asker, call.receiver)
        case "RESERVE_NOW":
            reserve = read_body(call, wire.ReserveNow)
            reserve = _placed(desk, call, reserve)
            call.ids += (reserve.reservation_id,)
            return read_reserve(reserve, call.asker, call.receiver)
        case "CANCEL_RESERVATION":
            cancel = read_body(call, wire.CancelReservation)
            call.ids = (cancel.reservation_id,)
            return read_cancel(cancel, call.asker, call.receiver)
        case "UNLOCK_CONNECTOR":
            unlock = read_body(call, wire.UnlockConnector)
            call.ids = (unlock.location_id, unlock.evse_uid)
            return read_unlock(unlock, call.asker, call.receiver)
    stop = read_body(call, wire.StopSession)
    call.ids = (stop.session_id,)
    return read_stop(stop, call.asker, call.receiver)


def _placed(desk: Desk, call: Call, shape: Placed) -> Placed:
    """Note where and for whom something is to start; the card's number is judged (OCPI-94)."""
    call.ids = tuple(each for each in (shape.location_id, shape.evse_uid, shape.authorization_reference) if each)
    note_driver(desk, call, shape.token.type, shape.token.uid)
    return spelled(call, shape, shape.token.type, shape.token.uid, "token")[0]


async def settle(desk: Desk, call: Call) -> Answer:
    """Take the outcome of a command we sent, once; a later one is noted and goes to nobody (OCPI-115)."""
    name, command_id = call.tail
    call.operation += f" {name}"[:24]
    call.ids = (command_id,)
    outcome, findings = read_result(call.request.body, command_id, call.now)
    call.take(findings)
    return of_receipt(call, await desk.hub.tell(call.origin, outcome))


RECEIVER = side("RECEIVER", "commands", ("POST", (1,), take))
SENDER = side("SENDER", "commands", ("POST", (2,), settle))
