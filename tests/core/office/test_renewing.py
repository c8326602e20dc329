"""When a partner's secret is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from interroam.core.office.renewing import MONTH, Renewing
from interroam.model.parties import Credential, PartnerState, Purpose
from tests.clocks import StillClock
from tests.core.desk import open_office
from tests.core.objects import NOW, partner


@pytest.mark.statement("OCPI-13")
async def test_a_new_secret_is_advised_once_a_day_from_the_thirtieth_day(tmp_path):
    async with open_office(tmp_path) as (_, core):
        clock = StillClock(NOW)
        book, began, renewing = core.hub.book, clock.at, Renewing(core.hub.book, clock)
        for name, state in (("one", PartnerState.CONNECTED), ("off", PartnerState.PLANNED)):
            await book.put_partner(partner(name, "DE*MSP/EMSP", state=state))
            await book.admit(Credential(book.keyring.fingerprint(name), name, Purpose.REGULAR, began))

        async def said(after: timedelta) -> list[tuple[str, int, str]]:
            clock.at = began + after
            with capture_logs() as lines:
                await renewing.advise()
            return [(one["partner"], one["days"], one["remedy"]) for one in lines if one["event"] == "secret_due"]

        due = "interroam partner rotate one"
        assert await said(MONTH - timedelta(minutes=1)) == []
        assert await said(MONTH) == [("one", 30, due)]
        assert await said(MONTH + timedelta(hours=23)) == []
        assert await said(MONTH + timedelta(hours=24)) == [("one", 31, due)]
        (old,) = book.credentials_of("one")
        await book.dismiss(old)
        await book.admit(Credential(book.keyring.fingerprint("new"), "one", Purpose.REGULAR, clock.at))
        assert await said(MONTH * 2) == []
