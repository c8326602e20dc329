"""What is known of the certificates issued here."""

from __future__ import annotations

from datetime import timedelta

from interroam.core.audit import LOCAL
from interroam.core.office.issuing import Validity
from tests.core.desk import open_office
from tests.core.objects import partner
from tests.core.office.test_people import StillClock


async def test_certificates_are_listed_by_their_ends_and_those_that_end_soon_are_marked(tmp_path):
    async with open_office(tmp_path) as (office, core):
        core.hub.clock = clock = StillClock()
        for name, party in (("first", "FR*CPO/CPO"), ("second", "NL*EEE/EMSP")):
            await office.admin.add_partner(LOCAL, partner(name, party))
            await office.issuing.issue(LOCAL, name)
            clock.at += timedelta(days=20)
        ends = [made.until for made, _ in await office.issuing.all(LOCAL)]
        assert ends == sorted(ends)

        async def seen(at):
            clock.at = at
            return [(made.partner, state) for made, state in await office.issuing.all(LOCAL)]

        valid, soon, over = Validity.VALID, Validity.SOON, Validity.OVER
        assert await seen(ends[0] - timedelta(days=31)) == [("first", valid), ("second", valid)]
        assert await seen(ends[0] - timedelta(days=30)) == [("first", soon), ("second", valid)]
        assert await seen(ends[0]) == [("first", over), ("second", soon)]
