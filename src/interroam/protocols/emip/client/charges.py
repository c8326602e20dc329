"""What the platform tells eMSPs of charges: records, and how a charge goes that is stated in another protocol.

- A final record goes to whoever takes it, again and again until it is answered; that it is known already is an answer
  as well (EMIP-50, EMIP-104). For others it is kept (server/charges.py). What corrects it lies on the shelf for a
  person to settle: eMIP has no credits, and one final record for a charge.
- An intermediate record goes only where it was wanted (EMIP-103): as its CPO stated it, or made of a session's state;
  also when the end of the charge was told before, since only the final record closes it (EMIP-93).
- Events of an eMIP CPO were told live. Of a session stated in another protocol start and end are told as events, as is
  an outcome that contradicts what its eMSP was answered; an event that is not taken is given up.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from interroam.model.charges import INTERIM, Cdr, Command, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Act, Entry
from interroam.model.ids import Party, PartyId
from interroam.model.questions import Report
from interroam.model.tokens import Authorization
from interroam.protocols.emip.bridge.charges import (
    ANSWERED,
    final_before,
    no_credit,
    no_second,
    rendered,
    session_of,
)
from interroam.protocols.emip.calls import About, transaction_of
from interroam.protocols.emip.rules.codes import CDR_KNOWN
from interroam.protocols.emip.rules.ids import PROTOCOL
from interroam.protocols.emip.translate.charges import is_final, record_of, write_event
from interroam.protocols.emip.translate.loss_tables import CHARGE, cost
from interroam.protocols.emip.translate.losses import Direction
from interroam.protocols.emip.wire import from_iop
from interroam.protocols.emip.wire.types import ChargeDetailRecord

from .peer import Peer

log = structlog.get_logger()

COURSE = "emip-course"
"""What the eMSP of a charge was told of its course."""
_STARTED, _ENDED = "STARTED", "ENDED"
_ORDER = ("", _STARTED, _ENDED)
_COURSE = {"ACTIVE": _STARTED, "COMPLETED": _ENDED, "INVALID": _ENDED}


async def cdr(peer: Peer, entry: Entry, to: Party) -> None:
    """Hand a final record to an eMSP."""
    body = entry.body
    if not isinstance(body, Cdr):
        return
    if body.credit:
        raise no_credit(body)
    first = await final_before(peer.hub, body, to) if record_of(entry.wire) is None else None
    if first is not None:
        raise no_second(body, first)
    if not peer.serves(from_iop.SetChargeDetailRecord, to.id):
        return
    record, permission = await rendered(peer.hub, body, entry.wire, entry.hub_id)
    note = "" if record_of(entry.wire) is not None else cost(CHARGE, Direction.TO_EMIP)
    said = "; ".join(filter(None, (body.remark, note)))
    await _hand(peer, entry, to, record, permission, body.owner, note=said)
    if permission is not None:
        await peer.hub.store.remove(COURSE, permission.reference)


async def session(peer: Peer, entry: Entry, to: Party) -> None:
    """Tell an eMSP how a charge goes: by intermediate records where it wants them, else by events."""
    body = entry.body
    if body is None:
        stored = await peer.hub.store.get(entry.key)
        body = stored.body if stored is not None else None
    if not isinstance(body, Session):
        return
    origin = peer.hub.book.partners.get(entry.origin)
    stated = record_of(entry.wire)
    brings = entry.act is Act.FACT or INTERIM in entry.fields
    if origin is not None and origin.protocol == PROTOCOL and (stated is None or not brings):
        return  # what an eMIP CPO says besides its records was told live
    record, permission = await rendered(peer.hub, body, entry.wire if stated is not None else None, entry.hub_id)
    if permission is None:
        return  # of a charge that nobody was asked about the eMSP hears by its record
    if stated is None:
        await _follow(peer, entry, to, body, permission)
    wanted = permission.interim and peer.serves(from_iop.SetChargeDetailRecord, to.id)
    owed = body.status == "ACTIVE" and body.energy_kwh > 0 if stated is None else not is_final(stated)
    if wanted and owed:
        await _hand(peer, entry, to, record, permission, body.owner)


async def outcome(peer: Peer, entry: Entry, to: Party) -> None:
    """Tell an eMSP of an outcome that contradicts what it was answered: the charge has ended."""
    hub = peer.hub
    stored = await hub.store.get(entry.key)
    command = stored.body if stored is not None else None
    if not isinstance(command, Command) or command.result is None:
        return
    if await hub.store.load(ANSWERED, command.id) is None:
        return  # it was the answer
    permission = await hub.authorization(command.authorization) if command.authorization else None
    contrary = command.result != "ACCEPTED" and not await _went_on(peer, command, permission)
    if contrary and permission is not None:
        parameter = " ".join(filter(None, (command.result, command.message)))
        await _tell(peer, entry, to, permission, _ENDED, command.target.id, parameter=parameter)
    await hub.store.remove(ANSWERED, command.id)


async def _went_on(peer: Peer, command: Command, permission: Authorization | None) -> bool:
    """Whether a charge began all the same, of which its CPO said no more than that."""
    if command.result != "TIMEOUT" or permission is None:
        return False
    return await session_of(peer.hub, permission, command.target.id) is not None


# -- records -----------------------------------------------------------------------------------------------------------


async def _hand(
    peer: Peer,
    entry: Entry,
    to: Party,
    record: ChargeDetailRecord,
    permission: Authorization | None,
    cpo: PartyId,
    *,
    note: str = "",
) -> None:
    message = from_iop.SetChargeDetailRecord(
        **peer.header(cpo, to.id), transaction_id=transaction_of(entry, "CDR", to), charge_detail_record=record
    )
    ids = (entry.key.id, *filter(None, (permission.emsp_reference if permission is not None else None,)))
    try:
        await peer.send(entry, message, to, About(ids=ids, note=note))
    except Refused as no:
        if no.code == str(CDR_KNOWN):
            return  # EMIP-104: the eMSP has it
        if no.code.startswith("-"):  # its own failure, by a value that is no status of eMIP
            raise Unavailable(Reason.BAD_ANSWER, no.message, reached=True) from no
        raise


# -- events ------------------------------------------------------------------------------------------------------------


async def _follow(peer: Peer, entry: Entry, to: Party, body: Session, permission: Authorization) -> None:
    """Tell the start and the end of a charge, each once."""
    nature = _COURSE.get(body.status, "")
    told = ((await peer.hub.store.load(COURSE, permission.reference)) or b"").decode()
    if _ORDER.index(nature) <= _ORDER.index(told):
        return
    at = body.ends or body.last_updated if nature == _ENDED else body.starts
    parameter = body.status if body.status == "INVALID" else None
    await _tell(peer, entry, to, permission, nature, body.owner, at=at, parameter=parameter)
    if nature == _ENDED:  # nothing comes after it
        await peer.hub.store.remove(COURSE, permission.reference)
    else:
        await peer.hub.store.save(COURSE, permission.reference, nature.encode())


async def _tell(
    peer: Peer,
    entry: Entry,
    to: Party,
    permission: Authorization,
    nature: str,
    cpo: PartyId,
    *,
    at: datetime | None = None,
    parameter: str | None = None,
) -> None:
    if not peer.serves(from_iop.SetSessionEventReport, to.id):
        return
    said = Report(
        cpo=cpo,
        session_id=permission.reference,
        nature=nature,
        id=transaction_of(entry, "event", nature),
        at=at or entry.at,
        parameter=parameter,
    )
    message = from_iop.SetSessionEventReport(
        **peer.header(cpo, to.id),
        transaction_id=transaction_of(entry, "report", nature),
        service_session_id=permission.reference,
        sale_partner_session_id=permission.emsp_reference,
        session_event=write_event(said),
    )
    try:
        await peer.send(entry, message, to, About(ids=(said.id,)), part=nature)
    except Refused as no:
        log.info("event_refused", partner=peer.partner.id, nature=nature, message=no.message)
    except Unavailable as silence:
        if not silence.reached:
            raise
        log.info("event_lost", partner=peer.partner.id, nature=nature, message=silence.message)
