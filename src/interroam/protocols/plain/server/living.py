"""Said of a charge while it runs, at once and without an outcome to follow: acts of its eMSP, reports of its CPO."""

from __future__ import annotations

from interroam.model import questions as model
from interroam.model.ids import Role
from interroam.protocols.plain import translate, wire
from interroam.protocols.plain.server.call import Call


async def act(call: Call) -> wire.Done:
    """Have something done with a charge under way; for its eMSP."""
    body: wire.Act = call.body
    emsp = translate.party_of(body.party)
    question = model.Act(
        emsp=emsp,
        session_id=body.session_id,
        nature=body.nature.upper(),
        id=body.id or call.hub.ids.new(),
        at=translate.utc(body.at) if body.at is not None else call.hub.clock.now(),
        parameter=body.parameter,
        caused_by=body.caused_by,
    )
    _about(call, question)
    return _done(await call.hub.act(call.origin(emsp, Role.EMSP), question))


async def report(call: Call) -> wire.Done:
    """Tell the eMSP of a charge how it goes; for its CPO."""
    body: wire.Report = call.body
    cpo = translate.party_of(body.party)
    question = model.Report(
        cpo=cpo,
        session_id=body.session_id,
        nature=body.nature.upper(),
        id=body.id or call.hub.ids.new(),
        at=translate.utc(body.at) if body.at is not None else call.hub.clock.now(),
        parameter=body.parameter,
        caused_by=body.caused_by,
    )
    _about(call, question)
    return _done(await call.hub.report(call.origin(cpo, Role.CPO), question))


def _about(call: Call, live: model.Live) -> None:
    call.whole = True
    call.about([live.session_id, live.id, live.caused_by])


def _done(done: model.Done) -> wire.Done:
    return wire.Done(done.id, done.code)
