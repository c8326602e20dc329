"""The paths of eMIP: what a message costs to read and answer, a status stated, a question relayed to OCPI."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Any

from lxml import etree

from bench.load import Failed
from bench.measure import Must, Result, Side, compared, judged, rounds
from bench.messages import CPO, EMSPS, Door, token
from bench.node import Node, data_file
from bench.running import PLACES, Plan, check, reference, stubs
from interroam.protocols.emip.wire import codec, to_iop
from interroam.protocols.emip.wire.operations import BY_NAME
from interroam.protocols.emip.wire.types import MeterReport, ToIop

OPERATOR = "*".join(CPO)
_MARK = "@" * 20


def _header() -> dict[str, Any]:
    return {"transaction_id": _MARK, "partner_id": "cpo0", "operator_id": OPERATOR}


def _evse_id(number: int, each: int = 2) -> str:
    return f"{OPERATOR}*E{number // each:07d}*{number % each}"


def _parts(door: Door, name: str, message: ToIop) -> tuple[bytes, bytes]:
    """Render a request; what comes between the two parts is its transactionId, which has a fixed length."""
    body = codec.write_request(BY_NAME[name], message)
    head = (
        f"POST /emip HTTP/1.1\r\nhost: {door.host}:{door.port}\r\n"
        f"content-type: application/soap+xml; charset=utf-8\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    before, _, after = (head.encode() + body).partition(_MARK.encode())
    return before, after


def statuses(door: Door, evses: int) -> Iterator[bytes]:
    """State one EVSE after the other as taken or free; each round over all of them is newer."""
    numbers, now = count(), datetime.now(UTC)
    for turn in count():
        parts = []
        for number in range(evses):
            message = to_iop.SetEVSEBusyStatus(
                **_header(),
                evse_id_type="eMI3",
                evse_id=_evse_id(number),
                status_event_date=now + timedelta(seconds=turn),
                busy_status=1 + (turn + 1) % 2,
            )
            parts.append(_parts(door, "eMIP_ToIOP_SetEVSEBusyStatus", message))
        for before, after in parts:
            yield b"%b%020d%b" % (before, next(numbers), after)


def authorizations(door: Door, places: int = 500) -> Iterator[bytes]:
    """Ask for one card after the other at one place after the other."""
    parts = []
    for number in range(places):
        message = to_iop.GetServiceAuthorisation(
            **_header(),
            evse_id_type="eMI3",
            evse_id=_evse_id(2 * number),
            user_id_type="RFID-UID",
            user_id=token(EMSPS[number % 2], number % 64)["uid"],
            requested_service_id="1",
        )
        parts.append(_parts(door, "eMIP_ToIOP_GetServiceAuthorisation", message))
    for number in count():
        before, after = parts[number % places]
        yield b"%b%020d%b" % (before, number, after)


async def _measured(plan: Plan, name: str, must: Must, make: Callable[[Door], Iterator[bytes]], entries: int) -> Result:
    """Load a hub whose CPO speaks eMIP; each answer stands for so many entries of the journal."""
    with ExitStack() as running:
        ports = running.enter_context(stubs())
        node = running.enter_context(Node(name, data_file(PLACES, PLACES), ports, spoken="emip"))
        bare = running.enter_context(reference())
        sides = [
            Side("ours", node.door(), make(node.door()), node.pid),
            Side("reference", bare, make(bare)),
        ]
        before = node.entries()
        found = await rounds(sides, plan.seconds, plan.times, plan.saw)
        check(node, before, found["ours"], entries)
    return compared(must, found)


async def status_emip(plan: Plan) -> Result:
    """SetEVSEBusyStatus, every one a true change; against an app that answers at once."""
    return await _measured(plan, "status_emip", Must(reference=0.25), lambda door: statuses(door, 2 * PLACES), 1)


async def authorise_emip(plan: Plan) -> Result:
    """GetServiceAuthorisation relayed to an OCPI eMSP; the permission and its session are durable before the answer."""
    return await _measured(plan, "authorise_emip", Must(reference=0.20), authorizations, 2)


async def soap_codec(plan: Plan) -> Result:
    """Read, check and answer one message in memory; against parsing its XML and nothing else."""
    operation = BY_NAME["eMIP_ToIOP_SetServiceAuthorisation"]
    asked = to_iop.SetServiceAuthorisation(
        **_header(),
        evse_id_type="eMI3",
        evse_id=_evse_id(0),
        user_id_type="RFID-UID",
        user_id="04A1B2C3D4E5F6",
        requested_service_id="1",
        partner_service_session_id="019a9d1e-0000-7000-8000-000000000000",
        authorisation_value=1,
        intermediate_cdr_requested=True,
        user_contract_id_alias="alias-93b2",
        meter_limit_list=(MeterReport(meter_type_id=2, meter_value="20000", meter_unit="Wh"),),
    )
    answer = to_iop.SetServiceAuthorisationResponse(
        transaction_id=_MARK,
        request_status=1,
        service_session_id="019a9d1e-0000-7000-8000-000000000001",
    )
    data = _spread(codec.write_request(operation, asked))

    def ours() -> None:
        if codec.read_request(data).message != asked:
            raise Failed("the message was misread")
        codec.write_response(operation, answer)

    ratios, costs = [], []
    for _ in range(max(5, int(plan.seconds * 4))):
        mine, bare = _cost(ours), _cost(lambda: etree.fromstring(data))
        ratios.append(mine / bare)
        costs.append(mine)
    result = Result(
        ours=round(1 / median(costs), 1),
        ratio=round(median(ratios), 2),
        must="",
        met=False,
        note=f"a message of {len(data):,} bytes, {median(costs) * 1e6:.0f} µs of one core",
    )
    must = Must(ratio=4, at_most=True)
    result.must = str(must)
    return judged(must, result)


def _spread(data: bytes) -> bytes:
    """Write a message as most partners do: each element on a line of its own."""
    root = etree.fromstring(data)
    etree.indent(root, " " * 6)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _cost(work: Callable[[], object], times: int = 2_000) -> float:
    """Seconds of processor time that one takes."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times
