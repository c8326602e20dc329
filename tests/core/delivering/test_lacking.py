"""CDRs that lie on the shelf for want of their place."""

from __future__ import annotations

from interroam.model.errors import Reason, Refused
from interroam.model.facts import Entry, Fact
from interroam.model.ids import Kind, Party
from tests.core.objects import agreement, cdr, location, partner, session
from tests.core.roundabout import Inbox, running
from tests.waiting import eventually


class Particular(Inbox):
    """Takes no charge before it has a place."""

    async def deliver(self, entry: Entry, to: Party) -> None:
        placed = any(one.key.kind is Kind.LOCATION for one in self.taken)
        if entry.key.kind in (Kind.CDR, Kind.SESSION) and not placed:
            self.tried += 1
            raise Refused(Reason.UNKNOWN_LOCATION, "where is that?")
        await super().deliver(entry, to)


async def test_a_cdr_is_told_again_when_its_place_is_stated_also_after_a_restart(tmp_path):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        await core.admit(partner("emsp", "DE*MSP/EMSP"))
        core.links["emsp"] = inbox = Particular()
        await core.agree(agreement())
        await core.dispatch.start()
        await core.tell("cpo", Fact(session()))
        await core.tell("cpo", Fact(cdr()))
        await core.until(lambda: inbox.tried == 2)
        await core.drained()
    async with running(tmp_path) as core:
        core.links["cpo"], again = Inbox(), Particular()
        core.links["emsp"] = again
        await core.dispatch.start()
        await core.tell("cpo", Fact(location(id="L2")))
        await core.tell("cpo", Fact(location()))
        await core.until(lambda: again.taken and again.taken[-1].key.kind is Kind.CDR)

        async def alone() -> bool:
            return [one.seq for one in await core.store.shelf()] == [1]

        await eventually(alone)  # the session: a newer state of it may have been told by then
