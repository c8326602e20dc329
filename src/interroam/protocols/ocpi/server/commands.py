"""Commands: acknowledged at once; their outcome comes back at our own address and goes on to the asker's."""

from __future__ import annotations

from msgspec.structs import replace

from interroam.model.questions import Acknowledged, Steering
from interroam.protocols.ocpi.callbacks import read_result
from interroam.protocols.ocpi.translate import read_start, read_stop, write_acknowledged
from interroam.protocols.ocpi.wire import commands as wire

from .answers import of_receipt
from .call import Answer, Call, given
from .desk import Desk, read_body, side
from .tokens import check_uid, note_driver

_NOBODY = Answer(http=404, status=2000, message="there is no such command")


async def take(desk: Desk, call: Call) -> Answer:
    """Relay a command and answer with its acknowledgment."""
    name = call.tail[0]
    call.operation += f" {name}"
    call.keep_answer = True
    match name:
        case "START_SESSION":
            question: Steering = _start(desk, call)
        case "STOP_SESSION":
            stop = read_body(call, wire.StopSession)
            call.ids = (stop.session_id,)
            question = read_stop(stop, call.asker, call.receiver)
        case _ if name in wire.COMMANDS:
            return given(write_acknowledged(Acknowledged(result="NOT_SUPPORTED", message=f"{name} is not offered")))
        case _:
            call.operation = "ocpi POST commands"
            return _NOBODY
    answer = await desk.hub.command(call.origin, question)
    if answer.accepted and not answer.within:
        answer = replace(answer, within=int(desk.hub.deadlines.command))
    if answer.message:
        call.notes.append(answer.message)
    return given(write_acknowledged(answer))


def _start(desk: Desk, call: Call) -> Steering:
    shape = read_body(call, wire.StartSession)
    call.ids = tuple(each for each in (shape.location_id, shape.evse_uid, shape.authorization_reference) if each)
    note_driver(desk, call, shape.token.type, shape.token.uid)
    check_uid(call, shape.token.type, shape.token.uid)
    return read_start(shape, call.asker, call.receiver)


async def settle(desk: Desk, call: Call) -> Answer:
    """Take the outcome of a command we sent, once; a later one is noted and goes to nobody (OCPI-115)."""
    name, command_id = call.tail
    call.operation += f" {name}"[:24]
    call.ids = (command_id,)
    outcome, findings = read_result(call.request.body, command_id, call.now)
    call.notes += [f"{found.field}: {found.message}" for found in findings]
    return of_receipt(call, await desk.hub.tell(call.origin, outcome))


RECEIVER = side("RECEIVER", "commands", ("POST", (1,), take))
SENDER = side("SENDER", "commands", ("POST", (2,), settle))
