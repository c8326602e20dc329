"""What is said of a charge while it runs, and waits for nothing: acts of its provider, reports of its CPO.

A partner that follows charges live (core/manners.py: Attentive) is asked as it is. To any other CPO a stop is a command
whose outcome is awaited. What a CPO reports moves its session in any case, as a fact in the CPO's name: so everybody
is told who is told of the session.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from interroam.core.asking.placing import hub_before, via_of
from interroam.core.manners import Attentive
from interroam.model.charges import Command, CommandState, Outcome, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Body, Change, Entry, Merge, Origin, Stored, Wire
from interroam.model.ids import Module, Party, PartyId, Role, command_key
from interroam.model.questions import Acknowledged, Act, Done, Live, Report, StopSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interroam.core.hub import Hub

_STOPS = frozenset({"STOP", "EMERGENCY_STOP"})
_MOVES = {"STARTED": "ACTIVE", "CHARGE_STARTED": "ACTIVE", "ENDED": "COMPLETED"}
_ORDER = {"PENDING": 0, "RESERVATION": 0, "ACTIVE": 1, "COMPLETED": 2, "INVALID": 2}
_TAKEN_BY_COMMAND = {
    "UNKNOWN_SESSION": Reason.UNKNOWN_SESSION,
    "NOT_SUPPORTED": Reason.NOT_OFFERED,
}


class _Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge under way, by its permission or by its session."""

    reference: str
    cpo: PartyId | None
    emsp: PartyId | None
    receiver: Party | None
    agreement: str
    cpo_session: str | None
    emsp_reference: str | None
    session: Stored | None


async def act(hub: Hub, origin: Origin, act: Act) -> Done:
    """Put an act to the CPO of the charge; Refused or Unavailable when it is not carried out."""
    charge = await _charge(hub, act.session_id, act.cpo)
    _check_party(hub, origin, act.emsp, charge.emsp, Role.EMSP)
    to = Party(charge.cpo, Role.CPO) if charge.cpo is not None else None
    via = _way(hub, to, charge)
    to = to or via
    known = replace(
        act,
        id=act.id or hub.ids.new(),
        session_id=charge.reference,
        emsp=charge.emsp or act.emsp,
        cpo=charge.cpo,
        cpo_session=charge.cpo_session,
    )
    if _takes(hub, via, known):
        return _done(await hub.put(known, to, via, origin, Party(known.emsp, Role.EMSP)), via)
    if known.nature not in _STOPS:
        raise Refused(Reason.UNKNOWN_NATURE, f"{to} can be told to stop, and nothing else (not {known.nature})")
    return await _stop(hub, origin, known, charge)


async def report(hub: Hub, origin: Origin, report: Report) -> Done:
    """Put a report to the provider of the charge; Refused or Unavailable when it does not take it."""
    charge = await _charge(hub, report.session_id, report.cpo)
    _check_party(hub, origin, report.cpo, charge.cpo, Role.CPO)
    if charge.emsp is None:
        raise Refused(Reason.UNKNOWN_PARTY, f"nobody knows whose charge {report.session_id} is")
    to = Party(charge.emsp, Role.EMSP)
    via = _way(hub, to, charge)
    known = replace(
        report,
        id=report.id or hub.ids.new(),
        session_id=charge.reference,
        emsp=charge.emsp,
        emsp_reference=charge.emsp_reference,
    )
    await _follow(hub, origin, known, charge.session)
    if not _takes(hub, via, known):
        return Done(known.id)
    return _done(await hub.put(known, to, via, origin, Party(known.cpo, Role.CPO)), via)


async def outcome(hub: Hub, command_id: str, within: float) -> Outcome | None:
    """Wait for what became of a command: the journal says when to look, the row is the truth."""
    key = command_key(command_id)
    moved = asyncio.Event()

    def listen(entries: Sequence[Entry]) -> None:
        if any(entry.key == key for entry in entries):
            moved.set()

    unsubscribe = hub.store.subscribe(listen)
    try:
        async with asyncio.timeout(within):
            while True:
                moved.clear()
                row = await hub.store.get(key)
                found = _outcome(row.body) if row is not None and isinstance(row.body, Command) else None
                if row is None or found is not None:
                    return found
                await moved.wait()
    except TimeoutError:
        return None
    finally:
        unsubscribe()


def _outcome(command: Command) -> Outcome | None:
    """Return the result of a command; one that was refused at once never gets another."""
    if command.result is None and command.state is not CommandState.SETTLED:
        return None
    at = command.settled_at or command.asked_at
    result = command.result or "REJECTED"
    return Outcome(command=command.id, result=result, message=command.message, profile=command.profile, at=at)


# -- which charge, and who is who ------------------------------------------------------------------------------------


async def _charge(hub: Hub, name: str, cpo: PartyId | None) -> _Charge:
    permission = await hub.authorization(name, cpo)
    cpo = permission.cpo if permission is not None else cpo
    addressed = Party(cpo, Role.CPO) if cpo is not None else None
    row = await hub.session(permission.reference if permission is not None else name, addressed)
    session = row.body if row is not None and isinstance(row.body, Session) else None
    if permission is None and session is not None and session.authorization_reference:
        permission = await hub.authorization(session.authorization_reference, session.owner)
    if permission is not None:
        return _Charge(
            reference=permission.reference,
            cpo=permission.cpo or (session.owner if session is not None else None),
            emsp=permission.emsp,
            receiver=permission.receiver,
            agreement=permission.agreement,
            cpo_session=permission.cpo_session or (session.id if session is not None else None),
            emsp_reference=permission.emsp_reference,
            session=row,
        )
    if row is None or session is None:
        raise Refused(Reason.UNKNOWN_SESSION, f"no charge {name} is known here")
    return _Charge(
        reference=session.authorization_reference or row.hub_id,
        cpo=session.owner,
        emsp=session.token.owner,
        receiver=row.receiver,
        agreement=row.agreement,
        cpo_session=session.id,
        emsp_reference=None,
        session=row,
    )


def _check_party(hub: Hub, origin: Origin, asker: PartyId, party: PartyId | None, role: Role) -> None:
    """Pass when the asker is a party of the charge in this role, or the hub before it (EMIP-111)."""
    partner = hub.book.partners[origin.partner]
    if partner.is_hub:
        return
    if asker != party or not partner.speaks_for(asker, role):
        raise Refused(Reason.FOREIGN, f"{asker} is not the {role.value} of this charge")


def _way(hub: Hub, to: Party | None, charge: _Charge) -> Party:
    """Return the party whose partner carries messages to this one: itself, or the hub before it."""
    routing = hub.book.routing
    if to is None:
        via = hub_before(hub, charge.agreement)
    elif to.role is Role.EMSP:
        via = to if routing.has(to) or charge.receiver is None else charge.receiver
    else:
        via = via_of(hub, to, charge.agreement)
    if via is None:
        raise Refused(Reason.UNKNOWN_PARTY, f"nobody knows the CPO of charge {charge.reference}")
    if not routing.has(via):
        raise Refused(Reason.UNKNOWN_PARTY, f"no partner speaks for {via}", remedy=f"register a partner for {via}")
    return via


def _takes(hub: Hub, via: Party, live: Live) -> bool:
    link: object = hub.links.get(hub.book.routing.partner_for(via, Module.COMMANDS).id)
    return isinstance(link, Attentive) and link.takes(live)


def _done(answer: object, via: Party) -> Done:
    if not isinstance(answer, Done):
        raise Unavailable(Reason.BAD_ANSWER, f"{via} did not answer the question", reached=True)
    return answer


# -- for those who do not follow charges live --------------------------------------------------------------------------


async def _stop(hub: Hub, origin: Origin, act: Act, charge: _Charge) -> Done:
    """Stop a charge by command, and wait for what becomes of it (EMIP-88)."""
    time = asyncio.get_running_loop().time
    ends = time() + hub.deadlines.door
    if charge.session is None or not isinstance(charge.session.body, Session):
        raise Refused(Reason.UNKNOWN_SESSION, f"charge {act.session_id} has not begun")
    stop = StopSession(emsp=act.emsp, session_id=charge.session.hub_id, cpo=charge.cpo)
    answer: Acknowledged = await hub.command(origin, stop)
    if not answer.accepted:
        reason = _TAKEN_BY_COMMAND.get(answer.result, Reason.REJECTED)
        raise Refused(reason, answer.message or f"{charge.cpo} answered {answer.result}", code=answer.code)
    became = await hub.outcome(answer.command, max(0.0, ends - time()))
    if became is None:
        raise Unavailable(Reason.TIMED_OUT, f"{charge.cpo} has not said yet whether it stopped", reached=True)
    if became.result != "ACCEPTED":
        raise Refused(Reason.REJECTED, became.message or f"{charge.cpo} answered {became.result}")
    return Done(act.id)


async def _follow(hub: Hub, origin: Origin, report: Report, row: Stored | None) -> None:
    """Let the session be where the CPO says that the charge is."""
    status = _MOVES.get(report.nature)
    if status is None or row is None:
        return
    change = Change(row.key, frozenset({"status"}), report.at, _moved(status, report.at), own_time=True)
    await hub.tell(origin, change)


def _moved(status: str, at: datetime) -> Merge:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Session) or _ORDER[status] <= _ORDER.get(body.status, 0):
            return body, wire  # a charge goes on, never back
        moved = replace(body, status=status, last_updated=max(at, body.last_updated))
        if status == "COMPLETED":
            return replace(moved, ends=max(at, body.starts)), wire
        return (replace(moved, starts=at) if body.status == "PENDING" else moved), wire

    return merge
