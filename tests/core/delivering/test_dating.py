"""Tariffs are told again when their dates come."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from interroam.core.delivering.dating import MARK, SHELF
from interroam.model.facts import Fact
from interroam.model.ids import Kind, Party
from tests.core.objects import agreement, partner
from tests.core.roundabout import Inbox, running
from tests.core.telling.test_clearing import tariff


class InForceOnly(Inbox):
    """Knows tariffs while they are in force."""

    def in_force_only(self, to: Party, kind: Kind) -> bool:
        return True


async def test_dates_are_followed_although_the_clock_once_ran_years_ahead(tmp_path):
    async with running(tmp_path) as core:
        await core.admit(partner("cpo", "FR*CPO/CPO"))
        await core.admit(partner("emsp", "DE*MSP/EMSP"))
        core.links["emsp"] = inbox = InForceOnly()
        await core.agree(agreement())
        later = core.clock.now() + timedelta(days=4000)
        await core.store.save(SHELF, MARK, later.isoformat().encode())
        starts = core.clock.now() + timedelta(seconds=20)
        await core.tell("cpo", Fact(replace(tariff("0.50"), starts=starts)))
        await core.dispatch.start()
        await core.until(lambda: any(entry.correlation.startswith("begun") for entry in inbox.taken))
