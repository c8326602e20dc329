"""Commands have two answers: an acknowledgment now, an outcome later, exactly one, whatever restarts in between.

The command is a row before it is sent, so that the callback finds it in any process. Whoever settles the row first
wins: the target's outcome or the sweeper's TIMEOUT; what comes later is stale and is delivered to nobody (OCPI-115).
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.refs import location_ref, refs_of
from interroam.model.agreements import Agreement
from interroam.model.charges import Command, CommandState, Outcome, Session
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import Body, Change, Fact, Merge, Origin, Receipt, Stored, Telling, Wire
from interroam.model.ids import Key, Kind, Lane, Module, Party, PartyId, Role, command_key, evse_key, location_key
from interroam.model.questions import Acknowledged, StartSession, Steering, StopSession
from interroam.model.tokens import Allowed, Authorization

if TYPE_CHECKING:
    from interroam.core.hub import Hub

SELF = "-"
"""The origin of what the node states itself."""
_OVER = frozenset({"COMPLETED", "INVALID"})


class Commander:
    """Relays commands and ties them to their outcomes."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    # -- start -----------------------------------------------------------------------------------------------------

    async def start(self, origin: Origin, question: StartSession) -> Acknowledged:
        """Relay a start; the permission and the pending command are durable before it is sent."""
        hub = self._hub
        self._check_asker(origin, question.emsp, question.token.owner)
        place = await self._place(question)
        now = hub.clock.now()
        cpo = place.party if place is not None else None
        agreement = self._agreement(cpo, question.emsp, now)
        if isinstance(agreement, Refused):
            return Acknowledged(result="REJECTED", message=agreement.message)
        to, via = self._way(agreement, cpo)
        reference = hub.ids.new() if hub.is_hub or not question.reference else question.reference
        command = self._command("START_SESSION", origin, question, to, now)
        command = replace(command, authorization=reference, agreement=agreement.id)
        permission = Authorization(
            allowed=Allowed.ALLOWED,
            reference=reference,
            emsp_reference=question.reference,
            cpo=to.id if to.role is Role.CPO else None,
            emsp=question.token.owner,
            receiver=agreement.emsp,
            agreement=agreement.id,
            token=question.token,
            location_id=question.location_id,
            evse_uids=(question.evse_uid,) if question.evse_uid else (),
            connector_id=question.connector_id,
            command=command.id,
            correlation=origin.correlation,
            at=now,
        )
        await asyncio.gather(hub.record_authorization(origin, permission, now), self._open(origin, command, now))
        return await self._send(origin, command, replace(question, reference=reference, cpo=cpo), to, via)

    async def _place(self, question: StartSession) -> Key | None:
        """Find the location meant: by its owner when addressed, by hub id, else among those in agreement (sheet C3)."""
        store = self._hub.store
        place: Key | None = None
        if question.cpo is not None:
            place = location_key(question.cpo, question.location_id)
            found = await store.get(place)
        else:
            found = await self._search(question)
            place = found.key if found is not None else None
        if found is None:
            if not self._hub.is_hub:
                return place  # the hub before us knows more places than we do
            raise _no_place(question.location_id)
        if question.evse_uid is not None and place is not None:
            evse = await store.get(evse_key(place.party, place.id, question.evse_uid))
            if evse is None and self._hub.is_hub:
                raise _no_place(f"{question.location_id}/{question.evse_uid}")
        return place

    async def _search(self, question: StartSession) -> Stored | None:
        hub = self._hub
        by_id = await hub.store.by_hub_id(question.location_id)
        if by_id is not None and by_id.key.kind is Kind.LOCATION:
            return by_id
        rows = await hub.store.by_ref(location_ref(question.location_id), Kind.LOCATION)
        now = hub.clock.now()
        covered = [
            row
            for row in rows
            if hub.book.routing.covering(row.key.party, question.emsp, Module.COMMANDS, now) is not None
        ]
        if len(covered) > 1:
            raise Refused(
                Reason.AMBIGUOUS,
                f"more than one CPO has a location {question.location_id}",
                remedy="address the CPO (To headers)",
            )
        return next(iter(covered or rows), None)

    def _agreement(self, cpo: PartyId | None, emsp: PartyId, now: datetime) -> Agreement | Refused:
        routing = self._hub.book.routing
        if cpo is not None:
            return routing.covering(cpo, emsp, Module.COMMANDS, now) or routing.why_not(cpo, emsp, Module.COMMANDS, now)
        for one in routing.agreements:
            hubs = any(member.role is Role.HUB for member in one.cpos)
            if hubs and one.in_force(now) and one.covers_emsp(emsp) and one.of(Module.COMMANDS).on:
                return one
        return Refused(Reason.NO_AGREEMENT, f"no agreement of {emsp} reaches this location")

    def _way(self, agreement: Agreement, cpo: PartyId | None) -> tuple[Party, Party]:
        """Return whom the command is for, and the party whose partner carries it there."""
        if cpo is not None and self._hub.book.routing.has(Party(cpo, Role.CPO)):
            return Party(cpo, Role.CPO), Party(cpo, Role.CPO)
        hub_party = next((member for member in agreement.cpos if member.role is Role.HUB), None)
        if hub_party is None:
            raise Refused(Reason.UNKNOWN_PARTY, f"no partner speaks for {cpo}", remedy=f"register a partner for {cpo}")
        return (Party(cpo, Role.CPO) if cpo is not None else hub_party), hub_party

    # -- stop ------------------------------------------------------------------------------------------------------

    async def stop(self, origin: Origin, question: StopSession) -> Acknowledged:
        """Relay a stop to the session's CPO, under the CPO's own session id (OCPI-121)."""
        hub = self._hub
        self._check_asker(origin, question.emsp, question.emsp)
        addressed = Party(question.cpo, Role.CPO) if question.cpo is not None else None
        stored = await hub.session(question.session_id, addressed)
        if stored is None or not isinstance(stored.body, Session):
            return Acknowledged(result="UNKNOWN_SESSION", message=f"no session {question.session_id} here")
        session = stored.body
        asker = Party(question.emsp, Role.EMSP)
        if stored.receiver != asker and not (stored.receiver is not None and stored.receiver.role is Role.HUB):
            return Acknowledged(result="REJECTED", message="this session is another provider's")
        if session.status in _OVER:
            return Acknowledged(result="REJECTED", message=f"this session is {session.status}")
        cpo = Party(session.owner, Role.CPO)
        via = cpo
        if not hub.book.routing.has(cpo):
            agreement = hub.book.agreements.get(stored.agreement)
            via = next((one for one in agreement.cpos if one.role is Role.HUB), cpo) if agreement is not None else cpo
        now = hub.clock.now()
        command = replace(
            self._command("STOP_SESSION", origin, question, cpo, now),
            session_id=session.id,
            authorization=session.authorization_reference,
            agreement=stored.agreement,
        )
        await self._open(origin, command, now)
        return await self._send(origin, command, replace(question, session_id=session.id, cpo=session.owner), cpo, via)

    # -- both ------------------------------------------------------------------------------------------------------

    def _check_asker(self, origin: Origin, emsp: PartyId, token_owner: PartyId) -> None:
        if emsp != token_owner:
            raise Refused(
                Reason.FORBIDDEN,
                f"{emsp} may not use a token of {token_owner} (OCPI-119)",
                remedy="use a token of your own",
            )
        partner = self._hub.book.partners[origin.partner]
        if not partner.is_hub and not partner.speaks_for(emsp, Role.EMSP):
            raise Refused(
                Reason.FORBIDDEN,
                f"partner {origin.partner} does not speak for {emsp} as EMSP",
                remedy=f"add {emsp}/EMSP to the parties of partner {origin.partner}",
            )

    def _command(self, name: str, origin: Origin, question: Steering, to: Party, now: datetime) -> Command:
        hub = self._hub
        partner = hub.book.partners[origin.partner]
        asker = next((one for one in partner.parties if one.role is Role.HUB), Party(question.emsp, Role.EMSP))
        return Command(
            id=hub.ids.new(),
            name=name,
            state=CommandState.SENT,
            asker=asker,
            target=to,
            reply=question.reply,
            correlation=origin.correlation,
            deadline=now + timedelta(seconds=hub.deadlines.partner + hub.deadlines.command),
            asked_at=now,
        )

    async def _open(self, origin: Origin, command: Command, now: datetime) -> None:
        telling = Telling(
            Fact(command),
            origin,
            now,
            Lane.OUTCOMES,
            command.asker,
            command.agreement,
            refs=refs_of(command),
            due=command.deadline,
        )
        await self._hub.store.record(telling)

    async def _send(self, origin: Origin, command: Command, question: Steering, to: Party, via: Party) -> Acknowledged:
        hub = self._hub
        asker = Party(question.emsp, Role.EMSP)
        try:
            answer = await hub.put(replace(question, reply=command.id), to, via, origin, asker)
        except (Refused, Unavailable) as trouble:
            await self._update(origin, command, {"state"}, CommandState.SETTLED, trouble.message)
            raise
        if not isinstance(answer, Acknowledged):
            raise Unavailable(Reason.BAD_ANSWER, f"{via} did not acknowledge the command", reached=True)
        if answer.accepted:
            deadline = hub.clock.now() + timedelta(seconds=answer.within or hub.deadlines.command)
            await self._update(origin, command, {"state"}, CommandState.PENDING, None, deadline)
        else:
            await self._update(origin, command, {"state"}, CommandState.SETTLED, answer.message)
        return answer

    async def _update(
        self,
        origin: Origin,
        command: Command,
        fields: set[str],
        state: CommandState,
        message: str | None,
        deadline: datetime | None = None,
    ) -> None:
        now = self._hub.clock.now()

        def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
            if not isinstance(body, Command):
                return body, wire
            return replace(body, state=state, message=message, deadline=deadline or body.deadline), wire

        change = Change(command.key, frozenset(fields), now, merge)
        due = deadline if state is CommandState.PENDING else None
        await self._hub.store.record(Telling(change, origin, now, Lane.OUTCOMES, due=due))

    # -- outcomes --------------------------------------------------------------------------------------------------

    async def settle(self, origin: Origin, outcome: Outcome) -> Receipt:
        """Record the outcome of a command, once; a late one is stale and goes to nobody."""
        hub = self._hub
        stored = await hub.store.get(command_key(outcome.command))
        if stored is None or not isinstance(stored.body, Command):
            raise Refused(Reason.UNKNOWN_OBJECT, f"no command {outcome.command} was sent from here")
        command = stored.body
        if origin.partner != SELF:
            partner = hub.book.partners[origin.partner]
            if not partner.is_hub and not partner.speaks_for(command.target.id, command.target.role):
                raise Refused(
                    Reason.FOREIGN, f"command {outcome.command} was sent to {command.target}, not to {origin.partner}"
                )
        now = hub.clock.now()
        change = Change(command.key, frozenset({"state", "result"}), now, _settled(outcome, now))
        return await hub.store.record(Telling(change, origin, now, Lane.OUTCOMES, command.asker, command.agreement))

    async def sweep(self) -> int:
        """State TIMEOUT for commands whose deadline has passed."""
        hub = self._hub
        now = hub.clock.now()
        overdue = await hub.store.due(Kind.COMMAND, now)
        for stored in overdue:
            if isinstance(stored.body, Command):
                origin = Origin(SELF, correlation=stored.body.correlation)
                message = f"no result of {stored.body.name} until {stored.body.deadline:%H:%M:%S} UTC"
                await self.settle(origin, Outcome(command=stored.body.id, result="TIMEOUT", message=message, at=now))
        return len(overdue)


def _settled(outcome: Outcome, now: datetime) -> Merge:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Command):
            return body, wire
        settled = replace(
            body, state=CommandState.SETTLED, result=outcome.result, message=outcome.message, settled_at=now
        )
        return settled, wire

    return merge


def _no_place(what: str) -> Refused:
    return Refused(
        Reason.UNKNOWN_LOCATION, f"no location {what} is known here", remedy="use an id from the locations list"
    )
