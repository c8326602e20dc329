"""What is done to a call of 2.1.1 on its way to the function that answers its like in 2.2.1, by module and method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from interroam.core.refs import token_ref
from interroam.model.errors import Reason, Refused
from interroam.model.ids import Kind, token_key
from interroam.protocols.ocpi import v211
from interroam.protocols.ocpi.bridge import Lifting
from interroam.protocols.ocpi.translate.rows import insist
from interroam.protocols.ocpi.v211 import Down, Lifted, Lowered
from interroam.protocols.ocpi.wire import Malformed, read
from interroam.protocols.ocpi.wire.commands import CommandResponse
from interroam.protocols.ocpi.wire.raw import fields_of, items_of

from . import places
from .call import DONE, Answer, Call
from .commands import offered
from .desk import Desk, Run, missing, read_owner
from .tokens import token_type

Lift: TypeAlias = "Callable[[Lifting, Desk, Call, Run], Awaitable[Answer]]"
_NOT_HERE = frozenset({Reason.UNKNOWN_LOCATION, Reason.UNKNOWN_OBJECT})
_EVSE_DEEP = 4
"""How many segments name an EVSE: its owner's two codes, its location, itself."""
_REJECTED = b'{"result":"REJECTED"}'


def _take(call: Call, lifted: Lifted) -> None:
    """Go on with what was lifted; what that cost, and what was odd, is noted."""
    if lifted.data is not call.request.body:
        call.request = replace(call.request, body=lifted.data)
    if lifted.findings:
        call.take(lifted.findings)
    if lifted.losses and (cost := v211.brief(lifted.losses)):
        call.notes.append(cost)


def _lowered(call: Call, lowered: Lowered) -> bytes:
    if cost := v211.brief(lowered.losses):
        call.notes.append(cost)
    return lowered.data or b"{}"


# -- places ------------------------------------------------------------------------------------------------------------


async def _put_place(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    read_owner(call)
    raw, path = call.request.body, call.tail[2:]
    match path:
        case [location_id]:
            lifted = await lifting.location(raw, location_id)
        case [location_id, _]:
            lifted = await lifting.own(lambda up: v211.lift_evse(raw, up, location_id))
        case [location_id, uid, *_]:
            lifted = await lifting.own(lambda up: v211.lift_connector(raw, up, location_id, uid))
    return await _placed(lifting, desk, call, run, lifted)


async def _patch_place(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    read_owner(call)
    raw, path = call.request.body, call.tail[2:]
    match path:
        case [location_id]:
            lifted = await lifting.own(lambda up: v211.lift_location_patch(raw, up, location_id))
        case [location_id, uid]:
            lifted = await lifting.own(lambda up: v211.lift_evse_patch(raw, up, location_id, uid))
        case _:
            lifted = await lifting.own(lambda up: v211.lift_connector_patch(raw, up, *path))
    return await _placed(lifting, desk, call, run, lifted)


async def _placed(lifting: Lifting, desk: Desk, call: Call, run: Run, lifted: Lifted) -> Answer:
    _take(call, lifted)
    call.tail = [*call.tail[:2], *await lifting.tail(call.tail[2:])]
    if call.caller.switches.takes_old_places:
        return await run(desk, call)
    await _dynamic_data(desk, call)
    return DONE


async def _check_place(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    """Look a place up by its owner's ids, also those that 2.2.1 has no room for (OCPI-60)."""
    call.tail = [*call.tail[:2], *await lifting.tail(call.tail[2:])]
    return await run(desk, call)


async def _dynamic_data(desk: Desk, call: Call) -> None:
    """Take status and tariff alone; all else is acknowledged, and comes with the pull (OCPI-197, C31)."""
    path, body = list(call.tail), call.request.body
    call.notes.append("status and tariff are taken, all else comes with the pull")
    name = "uid" if len(path) == _EVSE_DEEP else "id"
    if name in fields_of(body):
        insist(name, _text(body, name), path[-1])
    match path[2:]:
        case [_]:
            for evse in items_of(fields_of(body).get("evses"), "evses"):
                await _dynamic_evse(desk, call, [*path, _text(evse, "uid")], evse)
        case [_, _]:
            await _dynamic_evse(desk, call, path, body)
        case _:
            await _part(desk, call, path, body, "tariff_ids", places.patch_connector)


async def _dynamic_evse(desk: Desk, call: Call, path: list[str], evse: bytes) -> None:
    await _part(desk, call, path, evse, "status", places.patch_evse)
    for plug in items_of(fields_of(evse).get("connectors"), "connectors"):
        await _part(desk, call, [*path, _text(plug, "id")], plug, "tariff_ids", places.patch_connector)


async def _part(desk: Desk, call: Call, path: list[str], body: bytes, name: str, run: Run) -> None:
    """Have one field of an object changed, as if it had come by PATCH; what is not known here is left."""
    fields = fields_of(body)
    if name not in fields:
        return
    some = {each: fields[each] for each in (name, "last_updated") if each in fields}
    call.tail, call.request = path, replace(call.request, body=msgspec.json.encode(some))
    try:
        await run(desk, call)
    except Refused as no:
        if no.reason not in _NOT_HERE:
            raise
        call.notes.append(no.message)


def _text(raw: bytes, name: str) -> str:
    found = msgspec.json.decode(fields_of(raw).get(name, msgspec.Raw(b"null")))
    if not isinstance(found, str):
        raise Malformed(name, "is missing")
    return found


# -- tokens ------------------------------------------------------------------------------------------------------------


async def _put_token(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _take(call, v211.lift_token(call.request.body, lifting.up))
    return await run(desk, call)


async def _patch_token(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    await _find_type(desk, call)
    _take(call, v211.lift_token_patch(call.request.body, lifting.up))
    return await run(desk, call)


async def _check_token(_lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    await _find_type(desk, call)
    return await run(desk, call)


async def _find_type(desk: Desk, call: Call) -> None:
    """Name the type that the path of 2.1.1 has no room for, where the provider stated this uid as OTHER alone."""
    owner, uid = read_owner(call), call.tail[2]
    if call.request.query or await desk.hub.store.get(token_key(owner, "RFID", uid)) is not None:
        return
    if await desk.hub.store.get(token_key(owner, "OTHER", uid)) is not None:
        call.request = replace(call.request, query=b"type=OTHER")


async def _show_token(_lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    if call.tail:
        await _find_newer_type(desk, call)
    return await run(desk, call)


async def _find_newer_type(desk: Desk, call: Call) -> None:
    """Name the type of 2.2.1 that a token has which 2.1.1 was shown as OTHER (sheet 4.2)."""
    if token_type(call) != "OTHER":
        return
    for kind in ("OTHER", "APP_USER", "AD_HOC_USER"):
        rows = await desk.hub.store.by_ref(token_ref(kind, call.tail[0]), Kind.TOKEN)
        if any(not row.withdrawn for row in rows):
            call.request = replace(call.request, query=b"type=" + kind.encode())
            return


async def _authorize(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    await _find_newer_type(desk, call)
    if desk.hub.is_hub or call.request.body.strip():  # only a hub must know where the driver stands
        _take(call, v211.lift_authorize(call.request.body, lifting.up))
    answer = await run(desk, call)
    if answer.data is None:
        return answer
    return replace(answer, data=_lowered(call, v211.lower_authorization(answer.data, Down())))


# -- charges -----------------------------------------------------------------------------------------------------------


async def _put_session(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _take(call, await lifting.session(call.request.body))
    return await run(desk, call)


async def _patch_session(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _take(call, await lifting.session_patch(call.request.body, call.tail[2]))
    return await run(desk, call)


async def _post_cdr(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _take(call, await lifting.cdr(call.request.body))
    return await run(desk, call)


# -- tariffs -----------------------------------------------------------------------------------------------------------


async def _put_tariff(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _take(call, await lifting.tariff(call.request.body, call.tail[2]))
    return await run(desk, call)


async def _patch_tariff(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _insist_tariffs_change(call)
    lifted = await lifting.tariff_patch(call.request.body, call.tail[2])
    if lifted is None:
        raise missing(Kind.TARIFF, call.tail[2])
    _take(call, lifted)
    return await run(desk, call)


async def _delete_tariff(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    del lifting
    _insist_tariffs_change(call)
    return await run(desk, call)


def _insist_tariffs_change(call: Call) -> None:
    if not call.caller.switches.pushes_old_tariffs:
        raise Refused(
            Reason.NOT_OFFERED, f"{call.request.method} of tariffs is not offered", remedy="PUT the tariff"
        )  # OCPI-162


# -- commands ----------------------------------------------------------------------------------------------------------


async def _command(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    name = call.tail[0]
    if offered(call, name):  # else there is nothing to read (OCPI-112)
        try:
            lifted, owner = await lifting.command(name, call.request.body, fill=call.caller.switches.fills_connector)
        except Malformed as error:
            return Answer(status=2001, message=str(error), data=_REJECTED)  # OCPI-117
        _take(call, lifted)
        call.receiver = owner
    answer = await run(desk, call)
    if answer.data is None:
        return answer
    # A CommandResponse of 2.1.1 has no place for words: they go into the envelope (OCPI-42).
    said = " ".join(one.text for one in read(CommandResponse, answer.data)[0].message)
    return replace(answer, message=said, data=_lowered(call, v211.lower_response(answer.data, Down())))


async def _result(lifting: Lifting, desk: Desk, call: Call, run: Run) -> Answer:
    _take(call, v211.lift_result(call.request.body, lifting.up))
    return await run(desk, call)


LIFTS: dict[tuple[str, str, str], Lift] = {
    ("locations", "RECEIVER", "GET"): _check_place,
    ("locations", "RECEIVER", "PUT"): _put_place,
    ("locations", "RECEIVER", "PATCH"): _patch_place,
    ("tokens", "RECEIVER", "GET"): _check_token,
    ("tokens", "RECEIVER", "PUT"): _put_token,
    ("tokens", "RECEIVER", "PATCH"): _patch_token,
    ("tokens", "SENDER", "GET"): _show_token,
    ("tokens", "SENDER", "POST"): _authorize,
    ("sessions", "RECEIVER", "PUT"): _put_session,
    ("sessions", "RECEIVER", "PATCH"): _patch_session,
    ("cdrs", "RECEIVER", "POST"): _post_cdr,
    ("tariffs", "RECEIVER", "PUT"): _put_tariff,
    ("tariffs", "RECEIVER", "PATCH"): _patch_tariff,
    ("tariffs", "RECEIVER", "DELETE"): _delete_tariff,
    ("commands", "RECEIVER", "POST"): _command,
    ("commands", "SENDER", "POST"): _result,
}
