"""Commands have two answers: an acknowledgment now, an outcome later, exactly one, whatever restarts in between.

The command is a row before it is sent, so that the callback finds it in any process. Whoever settles the row first
wins: the target's outcome or the sweeper's TIMEOUT; what comes later is stale and is delivered to nobody (OCPI-115).

What a command brings about may outlast its outcome: a reservation that the CPO can still give up, a charging profile
whose course it reports. Such a row *stands* until that is over. How each command finds its way is told in starting,
reserving and steering.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from interroam.core.asking import reserving
from interroam.core.refs import refs_of
from interroam.model.charges import CANCELED, RESERVE, SET_PROFILE, Command, CommandState, Outcome
from interroam.model.errors import Reason, Refused, Unavailable
from interroam.model.facts import SELF, Body, Change, Fact, Merge, Origin, Receipt, Telling, Verdict, Wire
from interroam.model.ids import Kind, Lane, Party, PartyId, Role, command_key
from interroam.model.questions import Acknowledged, Steering, asker_of

if TYPE_CHECKING:
    from interroam.core.hub import Hub

PATIENCE_S = 0.5
ACCEPTED = "ACCEPTED"
LONGEST_CHARGE = timedelta(days=30)
"""So long at most a CPO reports on a profile that was set."""
LONGEST_S = 7 * 86_400
"""A target that promises an outcome later than this is not believed: the command is over by then."""


class Commander:
    """Keeps commands as rows, sends them and ties them to their outcomes."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._unanswered: dict[str, asyncio.Event] = {}

    def check_asker(self, origin: Origin, emsp: PartyId, token_owner: PartyId, role: Role = Role.EMSP) -> None:
        """Pass when this partner asks for a provider of its own, with a token of that provider."""
        if emsp != token_owner:
            raise Refused(
                Reason.FORBIDDEN,
                f"{emsp} may not use a token of {token_owner} (OCPI-119)",
                remedy="use a token of your own",
            )
        self.hub.book.routing.check_active(Party(emsp, role))
        if not self.hub.book.routing.speaks(origin.partner, emsp, role):
            raise Refused(
                Reason.FORBIDDEN,
                f"partner {origin.partner} does not speak for {emsp} as {role}",
                remedy=f"add {emsp}/{role} to the parties of partner {origin.partner}",
            )

    # -- the row ---------------------------------------------------------------------------------------------------

    def command(self, name: str, origin: Origin, question: Steering, to: Party, now: datetime) -> Command:
        """Return the row of a command that is about to be sent."""
        hub = self.hub
        partner = hub.book.partners[origin.partner]
        asker = next((one for one in partner.parties if one.role is Role.HUB), asker_of(question))
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

    async def open(self, origin: Origin, command: Command, now: datetime) -> None:
        """Make a command durable."""
        telling = Telling(
            command.key,
            Fact(command),
            origin,
            now,
            Lane.OUTCOMES,
            command.asker,
            command.agreement,
            refs=refs_of(command),
            due=command.deadline,
        )
        await self.hub.store.record(telling)

    async def send(self, origin: Origin, command: Command, question: Steering, to: Party, via: Party) -> Acknowledged:
        """Put the command to its target; afterwards its outcome is awaited, or it is over."""
        answered = self._unanswered[command.id] = asyncio.Event()
        try:
            answer = await self._put(origin, command, question, to, via)
            if answer.accepted:
                within = min(answer.within or self.hub.deadlines.command, LONGEST_S)
                until = self.hub.clock.now() + timedelta(seconds=within)
                await self.move(origin, command, CommandState.PENDING, until=until)
            else:
                # Whoever refuses has nothing more to say (OCPI-114).
                await self.move(origin, command, CommandState.SETTLED, answer.message)
        except (Refused, Unavailable) as trouble:
            await self.move(origin, command, CommandState.SETTLED, trouble.message)
            raise
        finally:
            del self._unanswered[command.id]
            answered.set()
        if answer.accepted and answer.final:
            done = Outcome(command=command.id, result=ACCEPTED, message=answer.message, at=self.hub.clock.now())
            await self.settle(Origin(SELF, correlation=origin.correlation), done)
        return replace(answer, command=command.id, reference=command.authorization)

    async def _put(self, origin: Origin, command: Command, question: Steering, to: Party, via: Party) -> Acknowledged:
        answer = await self.hub.put(replace(question, reply=command.id), to, via, origin, asker_of(question))
        if not isinstance(answer, Acknowledged):
            raise Unavailable(Reason.BAD_ANSWER, f"{via} did not acknowledge the command", reached=True)
        return answer

    async def move(
        self,
        origin: Origin,
        command: Command,
        state: CommandState,
        message: str | None = None,
        until: datetime | None = None,
    ) -> None:
        """Let a command be in this state, without telling anybody."""
        now = self.hub.clock.now()

        def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
            if not isinstance(body, Command) or (body.state is CommandState.STANDING and state is CommandState.PENDING):
                return body, wire  # its outcome was quicker than its acknowledgment
            return replace(body, state=state, message=message or body.message, deadline=until or body.deadline), wire

        change = Change(command.key, frozenset({"state"}), now, merge)
        await self.hub.store.record(Telling(change.key, change, origin, now, Lane.OUTCOMES, due=until))

    # -- outcomes --------------------------------------------------------------------------------------------------

    async def settle(self, origin: Origin, outcome: Outcome) -> Receipt:
        """Record the outcome of a command, once; a late one is stale and goes to nobody."""
        hub = self.hub
        stored = await hub.store.get(command_key(outcome.command))
        if stored is None or not isinstance(stored.body, Command):
            raise Refused(Reason.UNKNOWN_OBJECT, f"no command {outcome.command} was sent from here")
        command = stored.body
        self._check_teller(origin, command)
        command = await self._answered(command)
        now = hub.clock.now()
        if command.state is CommandState.STANDING and outcome.result == CANCELED:
            change = Change(command.key, frozenset({"state", "canceled"}), now, _canceled(outcome, now))
            until = None
        else:
            until = _standing_until(command, outcome, now)
            change = Change(command.key, frozenset({"state", "result"}), now, _settled(outcome, now, until))
        told = Telling(command.key, change, origin, now, Lane.OUTCOMES, command.asker, command.agreement, due=until)
        receipt = await hub.store.record(told)
        if receipt.verdict is Verdict.RECORDED:
            await reserving.follow(self, origin, command, outcome)
        return receipt

    async def _answered(self, command: Command) -> Command:
        """Let the acknowledgment go first when the outcome comes on its heels: after a refusal there is none."""
        answered = self._unanswered.get(command.id)
        if answered is None:
            return command
        with contextlib.suppress(TimeoutError):  # who waits for us before it answers is not kept waiting for ever
            async with asyncio.timeout(PATIENCE_S):
                await answered.wait()
        stored = await self.hub.store.get(command.key)
        return stored.body if stored is not None and isinstance(stored.body, Command) else command

    def _check_teller(self, origin: Origin, command: Command) -> None:
        if origin.partner == SELF:
            return
        partner = self.hub.book.partners[origin.partner]
        if not partner.is_hub and not partner.speaks_for(command.target.id, command.target.role):
            raise Refused(Reason.FOREIGN, f"command {command.id} was sent to {command.target}, not to {origin.partner}")

    async def sweep(self) -> int:
        """State TIMEOUT for commands whose deadline has passed; what stood until now stands no longer."""
        hub = self.hub
        now = hub.clock.now()
        overdue = await hub.store.due(Kind.COMMAND, now)
        late = 0
        for stored in overdue:
            command = stored.body
            if not isinstance(command, Command):
                continue
            origin = Origin(SELF, correlation=command.correlation)
            if command.state is CommandState.STANDING:
                await self.move(origin, command, CommandState.SETTLED)
                continue
            message = f"no result of {command.name} until {command.deadline:%H:%M:%S} UTC"
            await self.settle(origin, Outcome(command=command.id, result="TIMEOUT", message=message, at=now))
            late += 1
        return late


def _standing_until(command: Command, outcome: Outcome, now: datetime) -> datetime | None:
    """Return until when what was accepted stands; None when nothing does."""
    if outcome.result != ACCEPTED:
        return None
    if command.name == RESERVE and command.expires is not None:
        return command.expires + reserving.GRACE
    return now + LONGEST_CHARGE if command.name == SET_PROFILE else None


def _settled(outcome: Outcome, now: datetime, until: datetime | None) -> Merge:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Command) or body.state is CommandState.STANDING:
            return body, wire  # its one result is known
        settled = replace(
            body,
            state=CommandState.SETTLED if until is None else CommandState.STANDING,
            deadline=until or body.deadline,
            result=outcome.result,
            message=outcome.message,
            profile=outcome.profile,
            settled_at=now,
        )
        return settled, wire

    return merge


def _canceled(outcome: Outcome, now: datetime) -> Merge:
    def merge(body: Body, wire: Wire | None) -> tuple[Body, Wire | None]:
        if not isinstance(body, Command):
            return body, wire
        return replace(body, state=CommandState.SETTLED, message=outcome.message, canceled_at=now), wire

    return merge
