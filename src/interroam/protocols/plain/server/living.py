"""Said of a charge while it runs, at once and without an outcome to follow: acts of its eMSP, reports of its CPO."""

from __future__ import annotations

from typing import Any

from interroam.model import questions as model
from interroam.model.ids import Role
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.call import Call


async def act(call: Call) -> wire.Done:
    """Have something done with a charge under way; for its eMSP."""
    emsp = translate.party_of(call.body.party)
    question = model.Act(emsp=emsp, **_said(call))
    return _done(await call.hub.act(call.origin(emsp, Role.EMSP), question))


async def report(call: Call) -> wire.Done:
    """Tell the eMSP of a charge how it goes; for its CPO."""
    cpo = translate.party_of(call.body.party)
    question = model.Report(cpo=cpo, **_said(call))
    return _done(await call.hub.report(call.origin(cpo, Role.CPO), question))


def _said(call: Call) -> dict[str, Any]:
    """Read what is said of a charge, whoever says it; a name and a time that are missing are made here."""
    body: wire.Act | wire.Report = call.body
    name = body.id or call.hub.ids.new()
    call.whole = True
    call.about([body.session_id, name, body.caused_by])
    return {
        "session_id": body.session_id,
        "nature": body.nature.upper(),
        "id": name,
        "at": translate.utc(body.at) if body.at is not None else call.hub.clock.now(),
        "parameter": body.parameter,
        "caused_by": body.caused_by,
    }


def _done(done: model.Done) -> wire.Done:
    return wire.Done(done.id, done.code)
