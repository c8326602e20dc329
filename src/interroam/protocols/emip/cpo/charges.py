"""What becomes of a charge on its way to the platform: its course as events, its records.

- A session's course goes as events where the partner's switch says so; one that follows from an act names it
  (EMIP-116). An event that is not taken is noted and not tried for ever: it is news, not a fact.
- An intermediate record was written when it was due, into the journal; here it only leaves (EMIP-99).
- The final record goes once. After it nothing more is said of the charge (EMIP-100).
"""

from __future__ import annotations

import structlog
from msgspec.structs import replace

from interroam.core.hub import Hub
from interroam.model.charges import INTERIM, Cdr, Session
from interroam.model.errors import Refused
from interroam.model.facts import Entry
from interroam.model.questions import Report
from interroam.model.tokens import Authorization
from interroam.protocols.emip.bridge.charges import no_credit, no_second
from interroam.protocols.emip.bridge.evses import evse_at
from interroam.protocols.emip.cpo.course import ENDED, PARTS, STOPPED, course, steps
from interroam.protocols.emip.cpo.ledger import Charge, Ledger, reference_of, session_of
from interroam.protocols.emip.cpo.records import final_record
from interroam.protocols.emip.cpo.sending import Message, Sending, id_of
from interroam.protocols.emip.profiles import Switches
from interroam.protocols.emip.rules.codes import CDR_KNOWN, CDR_KNOWN_WARNING
from interroam.protocols.emip.translate.charges import record_of, write_event
from interroam.protocols.emip.wire import to_iop

log = structlog.get_logger()

_KNOWN = frozenset({str(CDR_KNOWN), str(CDR_KNOWN_WARNING)})


class Charges:
    """Tells one platform of the charges of this node's CPOs."""

    def __init__(self, hub: Hub, ledger: Ledger, sending: Sending, switches: Switches) -> None:
        self._hub = hub
        self._ledger = ledger
        self._sending = sending
        self._switches = switches

    # -- sessions --------------------------------------------------------------------------------------------------

    async def deliver_session(self, entry: Entry) -> None:
        """Deliver what an entry says of a session: an intermediate record, or its course."""
        stored = await self._hub.store.get(entry.key)
        session = entry.body if isinstance(entry.body, Session) else stored.body if stored is not None else None
        if not isinstance(session, Session):
            return
        charge, _ = await opened(self._hub, self._ledger, session)
        if INTERIM in entry.fields:
            await self._interim(entry, session, charge)
        elif self._switches.reports_sessions and charge.platform and not charge.final:
            await self._course(entry, session, charge)

    async def _interim(self, entry: Entry, session: Session, charge: Charge) -> None:
        record = record_of(entry.wire)
        if record is None or charge.final:
            return
        await self._record(entry, Message(to_iop.SetChargeDetailRecord, session.owner, charge_detail_record=record))

    async def _course(self, entry: Entry, session: Session, charge: Charge) -> None:
        for nature in steps(charge.told, course(session), charge.act_nature):
            cause = charge.act if charge.act_nature in PARTS.get(nature, ()) else None
            event = id_of(entry, to_iop.SetSessionEventReport, nature)
            message = Message(
                to_iop.SetSessionEventReport,
                session.owner,
                service_session_id=charge.known_as,
                exec_partner_session_id=charge.own,
                session_event=write_event(
                    Report(
                        cpo=session.owner,
                        session_id=charge.known_as,
                        nature=nature,
                        id=event,
                        at=(session.ends if nature in ENDED else None) or session.last_updated,
                        parameter=charge.stopped or None if nature in ENDED else None,
                        caused_by=cause,
                    )
                ),
            )
            try:
                await self._sending.send(entry, message)
            except Refused as no:
                log.warning("event_refused", partner=self._sending.partner, nature=nature, message=no.message)
            done = {"told": nature} | ({"act": "", "act_nature": ""} if cause else {})
            charge = await self._ledger.note(charge, **done)

    # -- records ---------------------------------------------------------------------------------------------------

    async def deliver_cdr(self, entry: Entry) -> None:
        """Deliver the record that ends a charge, unless it has had one."""
        stored = await self._hub.store.get(entry.key)
        cdr = entry.body if isinstance(entry.body, Cdr) else stored.body if stored is not None else None
        if not isinstance(cdr, Cdr):
            return
        if cdr.credit:
            raise no_credit(cdr)
        charge, permission = await opened(self._hub, self._ledger, cdr)
        if charge.final and charge.final != cdr.id:
            raise no_second(cdr, charge.final)
        evse = await evse_at(self._hub, cdr.owner, cdr.location_id, cdr.evse_uid)
        record = final_record(cdr, charge, permission, evse, cost=self._switches.tells_cost)
        ended = Message(to_iop.SetChargeDetailRecord, cdr.owner, charge_detail_record=record)
        answer = await self._record(entry, ended)
        learned = answer.service_session_id if answer is not None else ""
        await self._ledger.note(charge, final=cdr.id, platform=charge.platform or learned, told=STOPPED)

    async def _record(self, entry: Entry, message: Message) -> to_iop.SetChargeDetailRecordResponse | None:
        try:
            answer: to_iop.SetChargeDetailRecordResponse = await self._sending.send(entry, message)
        except Refused as no:
            if no.code not in _KNOWN:
                raise
            return None  # it is there already: nothing more is owed
        return answer


async def opened(hub: Hub, ledger: Ledger, body: Session | Cdr) -> tuple[Charge, Authorization | None]:
    """Return what is known of a charge, and of the permission it rests on; from now on it is followed."""
    reference, session = reference_of(body), session_of(body)
    permission = await hub.authorization(body.authorization_reference) if body.authorization_reference else None

    def change(known: Charge | None) -> Charge:
        own = (permission.cpo_session if permission is not None else None) or session
        fresh = Charge(reference=reference, own=own)
        return replace(known or fresh, session=session)

    return await ledger.update(reference, change), permission
