"""The calls of administration about quality: what waits for approval, and what is wrong with what partners state."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from interroam.core.office.approving import Waiting
from interroam.core.telling.findings import Found
from interroam.core.telling.oddities import Oddity
from interroam.protocols.plain.admin_routes import MISSING, STATE, Call, route
from interroam.protocols.plain.wire.administration import Counted


class QueueQuery(Struct, frozen=True, kw_only=True):
    """Whose places."""

    partner: str = ""


class Queue(Struct, frozen=True):
    """What waits, the oldest first."""

    waiting: tuple[Waiting, ...]


class FindingsPage(Struct, frozen=True):
    """What is wrong with what a partner stated, by object, and what is odd in its messages, by field."""

    findings: tuple[Found, ...]
    oddities: tuple[Oddity, ...] = ()


class Decision(Struct, frozen=True, kw_only=True):
    """A place as the queue names it, such as ``location/ch*ccc/l1``."""

    object: str
    reason: str = ""


class Completion(Struct, frozen=True, kw_only=True):
    """Fields that a place has besides those its owner states; none: nothing is added any more."""

    object: str
    fields: dict[str, Any] = {}


async def quality_queue(call: Call) -> Queue:
    """List what waits for approval."""
    return Queue(tuple(await call.office.approving.waiting(call.actor, call.query.partner)))


async def quality_findings(call: Call) -> FindingsPage:
    """Show a partner's quality page."""
    approving, partner = call.office.approving, call.given["id"]
    found = await approving.findings(call.actor, partner)
    return FindingsPage(tuple(found), tuple(approving.oddities(call.actor, partner)))


async def quality_approve(call: Call) -> Counted:
    """Approve a place, a location with its EVSEs."""
    return Counted(count=await call.office.approving.approve(call.actor, call.body.object))


async def quality_reject(call: Call) -> Counted:
    """Drop what waits of a place."""
    return Counted(count=await call.office.approving.reject(call.actor, call.body.object, call.body.reason))


async def quality_complete(call: Call) -> None:
    """Add fields to a place."""
    raw = msgspec.json.encode(call.body.fields) if call.body.fields else b""
    await call.office.approving.complete(call.actor, call.body.object, raw)


async def quality_recheck(call: Call) -> Counted:
    """Approve what lives up to the rules as they are now."""
    return Counted(count=await call.office.approving.recheck(call.actor, call.given["id"]))


ROUTES = (
    route("GET", "/quality", quality_queue, Queue, query=QueueQuery),
    route("GET", "/partners/{id}/findings", quality_findings, FindingsPage, errors=MISSING),
    route("POST", "/partners/{id}/recheck", quality_recheck, Counted),
    route("POST", "/quality/approve", quality_approve, Counted, body=Decision, errors=STATE),
    route("POST", "/quality/reject", quality_reject, Counted, body=Decision, errors=STATE),
    route("POST", "/quality/complete", quality_complete, body=Completion, errors=STATE),
)
