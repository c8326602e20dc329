"""An office over a core with a real store, and a room whose partners live in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from interroam.core.office.admin import Way
from interroam.core.office.office import Office
from interroam.model.errors import Reason, Refused
from interroam.model.parties import Partner, PartnerState, Purpose
from tests.core.objects import HUB_PARTY
from tests.core.roundabout import Inbox, Roundabout, running


class MemoryRoom:
    """Registers with whoever gives the token ``right``."""

    name = "ocpi"

    def link(self, partner: Partner) -> Inbox:
        if partner.profile != "spec":
            raise Refused(Reason.MALFORMED, f"no profile {partner.profile}")
        return Inbox()

    async def register(self, partner: Partner, url: str, token: str) -> Partner:
        if token != "right":
            raise Refused(Reason.PARTNER_UNUSABLE, "the partner did not take the token")
        return replace(partner, state=PartnerState.CONNECTED, wiring=url.encode())

    async def unregister(self, partner: Partner) -> Partner:
        return replace(partner, state=PartnerState.PLANNED, wiring=b"")

    async def rotate(self, partner: Partner) -> Partner:
        return replace(partner, wiring=partner.wiring + b"!")


@asynccontextmanager
async def open_office(path: Path) -> AsyncIterator[tuple[Office, Roundabout]]:
    async with running(path, HUB_PARTY) as core:
        ways = {"ocpi": Way(MemoryRoom(), "http://hub/ocpi/versions", Purpose.REGISTRATION)}
        office = Office(core.hub, core.dispatch, ways, key_file=path / "keys.json", name="Tests")
        await office.people.load()
        await core.dispatch.start()
        yield office, core
